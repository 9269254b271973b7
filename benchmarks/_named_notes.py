"""Notes in which it is known who is named: the phrases of the sample, and letters and notes written for this benchmark.

The names of the letters come from lists that the masks do not share; a third of the letters names a person with nothing
beside the name that says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from upswing.sample.visit_phrases import PhraseBank, pick

NAME = "[name]"
MARKED = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class NamedNote:
    """A text, the names in it, and what should be left of it.

    Attributes:
        text: as it was written.
        names: what names a person, in the order of the text; a title is not part of a name.
        masked: the text with every name replaced, and nothing else.
    """

    text: str
    names: tuple[str, ...]
    masked: str


def labelled(marked: str) -> NamedNote:
    """A note of a text whose names stand in angle brackets."""
    return NamedNote(MARKED.sub(r"\1", marked), tuple(MARKED.findall(marked)), MARKED.sub(NAME, marked))


LETTERS = tomllib.loads((Path(__file__).parent / "named_notes.toml").read_text(encoding="utf-8"))


def letters(seed: int = 7, rounds: int = 12) -> list[NamedNote]:
    """Letters and notes in English, German and Chinese, each template with several names, and some that name nobody."""
    rng = np.random.default_rng(seed)
    names, notes = LETTERS["names"], LETTERS["notes"]
    found = [labelled(text) for text in notes["nameless"]]
    for _round, language in product(range(rounds), ("english", "german")):
        for template in notes[language]:
            first, second = (f"<{pick(rng, names[language])}>" for _ in range(2))
            filled = template.format(n=first, m=second)
            found.append(labelled(filled.lower() if template.islower() else filled))
    for _round, template in product(range(rounds), notes["chinese"]):
        surname, other, given = (pick(rng, names[f"chinese_{kind}"]) for kind in ("surnames", "surnames", "given"))
        text = template.replace("{s}{g}", f"<{surname}{given}>").replace("{s}", f"<{surname}>")
        found.append(labelled(text.replace("{t}", f"<{other}>")))
    return found


def sample_notes(language: str, seed: int = 7, rounds: int = 12) -> list[NamedNote]:
    """Every phrase of the sample's visits in a language, its persons drawn from the sample's own names."""
    rng = np.random.default_rng(seed)
    bank = PhraseBank.load(language)
    phrases = [phrase for phrase in _texts(bank.tables)]
    return [labelled(_filled(rng, bank, phrase)) for _round in range(rounds) for phrase in phrases]


def _texts(tables: object) -> Iterator[str]:
    if isinstance(tables, dict):
        for name, value in tables.items():
            if name not in ("slots", "place", "typos", "style"):
                yield from _texts(value)
    elif isinstance(tables, list):
        yield from (text for text in tables if isinstance(text, str))


def _filled(rng: np.random.Generator, bank: PhraseBank, phrase: str) -> str:
    def value(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "person":
            first, last = pick(rng, bank.slot("first_names")), pick(rng, bank.slot("last_names"))
            form = pick(rng, bank.slot("person_forms"))
            if bank.language == "zh" and "{first}" not in form:
                return form.replace("{last}", f"<{last}>")
            return f"<{form.format(first=first, last=last)}>"
        if slot == "number":
            return str(int(rng.integers(3, 30)))
        if slot == "month":
            return pick(rng, bank.slot("months"))
        if slot in ("email", "phone", "reference") or slot not in bank.tables["slots"]:
            return ""
        return pick(rng, bank.slot(slot))

    return re.sub(r"\{(\w+)\}", value, phrase)
