"""The words of the interface: the same in both languages, each written one used, each used one written."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import upswing.interface
from upswing.interface.words import LANGUAGES, ROOMS, Words, spoken

INTERFACE = Path(upswing.interface.__file__).parent
TOLD = sorted(path.parent.name for path in INTERFACE.glob("*/en.toml"))
"""Rooms that have words of their own: the pages, and what is written to files."""

PLACES = ["", *TOLD]
ENDINGS = ("title", "lead", "empty", "filter", "help", "described")
"""What is put behind the name of a section, a filter or a figure."""

NAMES = re.compile(r"Upswing|Croston|Theta")
"""Names, which Chinese writes as English does; so it does with short ones in capitals."""


@cache
def texts(room: str, language: str) -> dict[str, str]:
    """Every text of a room by the way to it: ``columns.amount``, ``values.status.open``."""

    def walk(words: dict[str, Any], way: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for key, found in words.items():
            if isinstance(found, dict):
                yield from walk(found, (*way, key))
            else:
                yield " > ".join((*way, key)), found

    return dict(walk(spoken(room, language), ()))


def keys(room: str) -> set[str]:
    """What ``words(key)`` may be asked for."""
    return {key for key, found in spoken(room, "en").items() if not isinstance(found, dict)}


@cache
def sources(room: str) -> tuple[str, ...]:
    """Python and templates that speak with the words of a room; what all share may be used anywhere."""
    folder = INTERFACE / room if room else INTERFACE
    kinds = ("*.py", "*.j2", "*.typ")
    found = [path for kind in kinds for path in (folder.glob(kind) if room else folder.rglob(kind))]
    return tuple(path.read_text(encoding="utf-8") for path in found)


@cache
def tokens(room: str) -> frozenset[str]:
    """Words of the code of a room and of the frame, in SQL too; with and without what follows a dot."""
    code = "\n".join((*sources(room), *(path.read_text(encoding="utf-8") for path in INTERFACE.glob("*.py"))))
    return frozenset(re.findall(r"\w+", code)) | frozenset(re.findall(r"[\w.]+", code))


@cache
def patterns(room: str) -> tuple[str, ...]:
    """Keys that are put together, as regular expressions: ``tab\\.(.+)``."""
    found = []
    for path in (*INTERFACE.glob("*.py"), *(INTERFACE / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "(.+)" for p in node.values]
                if re.fullmatch(r"\w+", "".join(parts).replace("(.+)", "").replace("\\.", "")) or "\\." in parts:
                    found.append("".join(parts))
    return tuple(found)


def is_used(room: str, key: str) -> bool:
    """Whether the code of a room knows a key, or puts it together from words that it knows."""
    known = tokens(room)
    name, _, ending = key.rpartition(".")
    if key in known or (ending in ENDINGS and is_used(room, name)):
        return True
    matches = (re.fullmatch(pattern, key) for pattern in patterns(room))
    return any(found and all(is_used(room, part) for part in found.groups()) for found in matches)


def asked_for() -> Iterator[tuple[str, str]]:
    """Room and key of every call with a plain key: ``words("key")``, ``page.table("name", …)`` and their like."""
    of_sections = {"chart": "title", "table": "title", "section": "title", "choose": "filter", "choose_any": "filter"}
    for room in TOLD:
        for path in (INTERFACE / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                    continue
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = str(node.args[0].value)
                if called == "words":
                    yield room, first
                elif called in of_sections and getattr(getattr(node.func, "value", None), "id", "") == "page":
                    yield room, f"{first}.{of_sections[called]}"


def test_every_page_has_words() -> None:
    assert set(ROOMS) <= set(TOLD)


@pytest.mark.parametrize("room", PLACES)
def test_languages_say_the_same(room: str) -> None:
    english = texts(room, "en")
    for language in LANGUAGES:
        other = texts(room, language)
        assert set(other) == set(english)
        for key, text in english.items():
            places, same = (sorted(str(p[1]) for p in string.Formatter().parse(t) if p[1]) for t in (text, other[key]))
            assert set(places) == set(same), f"{language} {room}: {key}"


@pytest.mark.parametrize("room", PLACES)
def test_no_text_is_empty(room: str) -> None:
    for language in LANGUAGES:
        assert not [key for key, text in texts(room, language).items() if not text.strip()]


@pytest.mark.parametrize("room", PLACES)
def test_chinese_is_chinese(room: str) -> None:
    left = {
        key: text
        for key, text in texts(room, "zh").items()
        if not re.search(r"[\u4e00-\u9fff]", text) and re.search(r"[a-z]{2}", NAMES.sub("", re.sub(r"{.*?}", "", text)))
    }
    assert not left


@pytest.mark.parametrize("room", PLACES)
def test_english_is_english(room: str) -> None:
    assert not [key for key, text in texts(room, "en").items() if re.search(r"[\u3000-\u9fff]", text)]


@pytest.mark.parametrize("room", PLACES)
def test_every_written_word_is_used(room: str) -> None:
    assert not sorted(key for key in keys(room) if not is_used(room, key))


@pytest.mark.parametrize("room", PLACES)
def test_every_named_column_is_one_that_is_shown(room: str) -> None:
    code = "\n".join(sources(room))
    parts = set(re.findall(r"\w+", code))
    named = {*spoken(room, "en").get("columns", {}), *spoken(room, "en").get("values", {})}
    joined = {name for name in named for i in range(1, len(name)) if {name[:i], name[i:]} <= parts}
    assert not sorted(named - parts - joined)


def test_no_room_says_again_what_all_share() -> None:
    shared = texts("", "en")
    again = [(room, key) for room in TOLD for key, text in texts(room, "en").items() if shared.get(key) == text]
    assert not again


def test_every_word_that_is_asked_for_is_written() -> None:
    asked = set(asked_for())
    assert len(asked) > 100
    missing = {(room, key) for room, key in asked if not Words("en", room).has(key)}
    assert not missing


def test_an_unknown_word_is_an_error_and_an_unknown_value_is_itself() -> None:
    words = Words("zh", "today")
    with pytest.raises(KeyError, match="no such word"):
        words("no such word")
    assert words.value("finding_kind", "no such kind") == "no such kind"
    assert words.column("no_such_column") == "no_such_column"


def test_a_room_speaks_before_what_all_share() -> None:
    words = Words("en", "today")
    assert words("title") == "Today"
    assert words("all") == spoken("", "en")["all"]
    assert words.of("products")("title") == spoken("products", "en")["title"]
    assert words.value("finding_kind", "gate") == "Gate"


def test_a_segment_is_called_by_its_kind_and_its_trait() -> None:
    assert Words("en", "customers").value("segment_name", "high value, large baskets") == "High value, large baskets"
    assert (
        Words("zh", "customers").value("segment_name", "high value, large baskets")
        == "高价值\N{FULLWIDTH COMMA}客单价高"
    )
    assert Words("zh", "marketing").value("segment_name", "our <own> name, 2nd") == "our <own> name, 2nd"
