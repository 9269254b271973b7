"""Looking for what names customers still: in tables and files of the warehouse, exports, reports and dbt's files."""

from __future__ import annotations

import html
import mmap
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upswing.marketing.push_erasure import UnreadableError, cells_naming, files_below, is_json, is_table
from upswing.marketing.push_ledger import LEDGER_FILE
from upswing.privacy.erasures import ERASURES_FILE
from upswing.privacy.erasures_warehouse import rows_naming

NOT_LOOKED_THROUGH = frozenset({ERASURES_FILE, "vault.sqlite"})
"""The list of the erased, which is of pseudonyms, and what is encrypted."""

NO_EXPORTS = frozenset({LEDGER_FILE, f"{LEDGER_FILE}-journal", ".DS_Store"})
"""Files in a folder of exports that need not be text."""

SHORTEST_TRACE = 8
"""Shorter texts stand anywhere by chance."""

WRITTEN_TOGETHER_SECONDS = 300.0
"""A report's HTML and PDF are written one after the other, from the same rows."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Attributes:
        texts: pseudonyms, e-mail addresses, telephone numbers.
        ids: the company's own ids.
        push_ids: of exported pushes.
    """

    texts: tuple[str, ...]
    ids: frozenset[str] = frozenset()
    push_ids: frozenset[str] = frozenset()


@dataclass
class Traces:
    """What was found outside the warehouse.

    Attributes:
        found: how many of the texts, or cells, by file.
        unreadable: files that cannot be looked through, and why.
    """

    found: Counter[Path] = field(default_factory=Counter)
    unreadable: dict[Path, str] = field(default_factory=dict)


def traces_in_warehouse(warehouse: Path, databases: Iterable[Path], texts: Sequence[str]) -> Counter[str]:
    """Rows of tables, and files of the warehouse, that hold one of some texts."""
    found: Counter[str] = Counter()
    for file in databases:
        found += Counter({f"{file.name}: {place}": rows for place, rows in rows_naming(file, texts).items()})
    for path in sorted(warehouse.rglob("*")):
        if path.is_file() and path.name not in NOT_LOOKED_THROUGH:
            found[str(path.relative_to(warehouse))] += _texts_in(path, texts)
    return +found


def traces_in_exports(folder: Path, wanted: Wanted, passed_over: Collection[Path] = ()) -> Traces:
    """Files below a folder of exports that hold one of some texts, or, in a cell, a company's own id.

    Args:
        folder: of ``upswing push``.
        wanted: what is looked for.
        passed_over: files that are not looked through.
    """
    traces = Traces()
    for path in files_below(folder, traces.unreadable):
        if path in passed_over:
            continue
        try:
            traces.found[path] = _texts_in(path, [*wanted.texts, *wanted.push_ids])
            if path.name in NO_EXPORTS:
                continue
            content = path.read_bytes()
            if is_table(path):
                traces.found[path] += cells_naming(content, is_json(path), wanted.ids)
            elif not _is_text(content):
                traces.unreadable[path] = "it is no text file"
        except (UnreadableError, OSError) as wrong:
            traces.unreadable[path] = str(wrong)
    traces.found = +traces.found
    return traces


def traces_in_files(folder: Path, wanted: Wanted) -> Traces:
    """Files below a folder (reports, logs, dbt's target) that hold one of some texts, or a long id as a word.

    A PDF's text is compressed: it is judged by the HTML that was written with it. One without cannot be read.
    """
    traces = Traces()
    files = files_below(folder, traces.unreadable)
    for path in files:
        try:
            if path.suffix.lower() == ".pdf":
                twin = path.with_suffix(".html")
                if not (twin.is_file() and _are_of_one_run(twin, path)):
                    traces.unreadable[path] = "the text of a PDF is compressed, and no HTML was written with it"
                    continue
                traces.found[path] = _texts_in(twin, wanted.texts) + _words_in(twin, wanted.ids)
            else:
                traces.found[path] = _texts_in(path, wanted.texts) + _words_in(path, wanted.ids)
        except OSError as wrong:
            traces.unreadable[path] = str(wrong)
    traces.found = +traces.found
    return traces


def _are_of_one_run(first: Path, second: Path) -> bool:
    return abs(first.stat().st_mtime - second.stat().st_mtime) <= WRITTEN_TOGETHER_SECONDS


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _texts_in(path: Path, texts: Iterable[str]) -> int:
    """How many of some texts a file holds, as they are or as HTML writes them."""
    if not path.stat().st_size:
        return 0
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        forms = ({text.encode(), text.lower().encode(), html.escape(text).encode()} for text in texts)
        return sum(any(content.find(form) >= 0 for form in written) for written in forms)


def _words_in(path: Path, words: Iterable[str]) -> int:
    """How many of some words, long enough not to stand anywhere by chance, a file holds."""
    long = [re.escape(word.encode()) for word in words if len(word) >= SHORTEST_TRACE]
    if not long or not path.stat().st_size:
        return 0
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(re.search(rb"(?<![\w-])" + word + rb"(?![\w-])", content) is not None for word in long)
