"""Taking customers out of the exports: the ledger, the files of their pushes, and the results to be handed back.

Exported files are the company's to edit. So a row is found by any of three marks (the id of the push, the customer's
id, the address), other rows stay as they are, letter by letter, and a file that cannot be read is reported.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from upswing.marketing.push_files import half_written, json_of, write_whole
from upswing.marketing.push_ledger import LEDGER_FILE, open_ledger
from upswing.spreadsheets import neutral

DELIMITERS = (",", ";", "\t", "|")
OF_TABLES = frozenset({".csv", ".tsv", ".txt", ".json"})
BYTE_ORDER_MARK = "\ufeff"
MARKS = frozenset({"push_id", "customer_id", "contact"})
"""Columns that tell whose a row is."""


@dataclass(frozen=True)
class Marks:
    """What rows of customers are known by.

    Attributes:
        names: pseudonyms.
        ids: the company's own ids, as far as they are known.
        contacts: e-mail addresses and telephone numbers, as far as they are known; in lower case.
        name_of: the pseudonym of a company's own id, by which customers are found of whom only that is known; None
            where the ids of all are known.
        push_ids: of pushes to them.
    """

    names: frozenset[str]
    ids: frozenset[str]
    contacts: frozenset[str]
    name_of: Callable[[str], str] | None = None
    push_ids: frozenset[str] = frozenset()

    def are_in(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is one of theirs."""
        customer_id = _text(row.get("customer_id"))
        return (
            customer_id in self.ids
            or customer_id in self.names
            or _text(row.get("push_id")) in self.push_ids
            or _text(row.get("contact")).lower() in self.contacts
            or (self.name_of is not None and customer_id != "" and self.name_of(customer_id) in self.names)
        )


@dataclass
class ForgottenPushes:
    """What was, or in a dry run would be, taken out of the exports.

    Attributes:
        pushes: pushes and hold-outs of theirs in the ledgers.
        files: exported files that named them, and in how many rows.
        half_written: files of a push that was killed; they are removed whole.
        unreadable: files that cannot be looked through, and why.
        push_ids: that files may have known their pushes by.
    """

    pushes: int = 0
    files: dict[Path, int] = field(default_factory=dict)
    half_written: list[Path] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)
    push_ids: set[str] = field(default_factory=set)


class UnreadableError(Exception):
    """A file of which nobody can say whose its rows are; the message says why."""


def forget_pushes(folders: Collection[Path], marks: Marks, is_dry_run: bool = False) -> ForgottenPushes:
    """Take customers out of folders of exports.

    What their pushes cost stays in the ledger, for the budgets. Files first, then the ledger: who is killed in between
    finds the rest by running it again. Files in a folder without a ledger are looked through as well.

    Args:
        folders: of ``upswing push``; one that does not exist is passed over.
        marks: of the customers, without the ids of their pushes.
        is_dry_run: write nothing.

    Raises:
        LedgerError: a ledger cannot be used.
    """
    done = ForgottenPushes()
    for folder in folders:
        if not (folder / LEDGER_FILE).exists():
            _forget_in_files(folder, marks, done, is_dry_run)
            continue
        with open_ledger(folder, is_dry_run) as ledger:
            done.pushes += ledger.count_of(marks.names)
            rubbish = half_written(folder, [standing for standing, _ in ledger.unfinished()])
            done.half_written += rubbish
            if not is_dry_run:
                for path in rubbish:
                    path.unlink(missing_ok=True)
            push_ids = ledger.exported_ids(marks.names)
            done.push_ids |= push_ids
            _forget_in_files(folder, replace(marks, push_ids=frozenset(push_ids)), done, is_dry_run, rubbish)
            if not is_dry_run:
                ledger.forget(marks.names)
    return done


def rows_left(content: bytes, is_json: bool, marks: Marks) -> tuple[bytes, int]:
    """A file of pushes or touches without the rows of customers; and how many rows these are.

    Args:
        content: of the file. What has no column that tells whose a row is comes back as it is.
        is_json: whether it is JSON; else text with a header and a delimiter.
        marks: of the customers.

    Raises:
        UnreadableError: it is no such file.
    """
    text = _decoded(content)
    mark, text = (text[:1], text[1:]) if text.startswith(BYTE_ORDER_MARK) else ("", text)
    left, count = _json_left(text, marks) if is_json else _csv_left(text, marks)
    return (mark + left).encode() if count else content, count


def _forget_in_files(
    folder: Path, marks: Marks, done: ForgottenPushes, is_dry_run: bool, rubbish: Collection[Path] = ()
) -> None:
    for path in files_below(folder, done.unreadable):
        if path in rubbish or not is_table(path):
            continue
        try:
            left, count = rows_left(path.read_bytes(), is_json(path), marks)
            if count and not is_dry_run:
                write_whole(path.resolve(), left)  # What a link points to must not stay as it is.
        except (UnreadableError, OSError) as wrong:
            done.unreadable[path] = str(wrong)
            continue
        if count:
            done.files[path] = count


def files_below(folder: Path, unreadable: dict[Path, str]) -> list[Path]:
    """Every file below a folder; what cannot be entered is noted as unreadable."""
    found: list[Path] = []

    def note(wrong: OSError) -> None:
        unreadable[Path(wrong.filename)] = str(wrong.strerror)

    if not folder.is_dir():
        return found
    for parent, folders, names in os.walk(folder, onerror=note):
        links = [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        unreadable.update(dict.fromkeys(links, "it is a link to a folder, which is not followed"))
        found += [Path(parent, name) for name in names if Path(parent, name).is_file()]
    return sorted(found)


def is_table(path: Path) -> bool:
    """Whether a file, by its name, holds rows."""
    return _own_name(path).suffix.lower() in OF_TABLES


def is_json(path: Path) -> bool:
    """Whether a file of rows, by its name, is JSON."""
    return _own_name(path).suffix.lower() == ".json"


def cells_naming(content: bytes, is_json: bool, ids: Collection[str]) -> int:
    """How many cells are the company's own ids of customers, in a table whose columns have other names than ours.

    None where the columns have our names: there :func:`rows_left` knows which cell is an id of a customer.

    Raises:
        UnreadableError: it is no such file.
    """
    text = _decoded(content).removeprefix(BYTE_ORDER_MARK)
    if is_json:
        rows = _json_rows(text)
        cells = [value for row in rows if MARKS.isdisjoint(map(_column, row)) for value in row.values()]
        return sum(_text(cell) in ids for cell in cells)
    if not ids or _layout(text)[0]:
        return 0
    any_id = "|".join(map(re.escape, sorted(ids)))
    return len(re.findall(rf"""(?:^|[,;\t|"'])[ ]*(?:{any_id})[ ]*(?=$|[\r,;\t|"'])""", text, re.MULTILINE))


def _own_name(path: Path) -> Path:
    return Path(path.name.removesuffix(".unfinished"))


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UnreadableError("it is not text in UTF-8") from None


def _layout(text: str) -> tuple[str, list[str]]:
    """The delimiter and the columns of a table; no delimiter where no column tells whose a row is."""
    header = next(iter(io.StringIO(text, newline="")), "")
    for delimiter in DELIMITERS:
        columns = [_column(cell) for cell in next(csv.reader([header], delimiter=delimiter), [])]
        if not MARKS.isdisjoint(columns):
            return delimiter, columns
    return "", []


def _csv_left(text: str, marks: Marks) -> tuple[str, int]:
    delimiter, columns = _layout(text)
    if not delimiter:
        return text, 0
    places = [(name, at) for at, name in enumerate(columns) if name in MARKS]
    left: list[str] = []
    count = 0
    try:
        for raw, cells in _records(text, delimiter):
            is_theirs = bool(left) and marks.are_in({name: cells[at] for name, at in places if at < len(cells)})
            count += is_theirs
            if not is_theirs:
                left.append(raw)
    except csv.Error as wrong:
        raise UnreadableError(f"it is no table: {wrong}") from None
    return "".join(left), count


def _records(text: str, delimiter: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Each record as it stands in the file, with its cells."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    for cells in csv.reader(lines(), delimiter=delimiter, strict=True):
        yield "".join(taken), cells
        taken.clear()
    if taken:
        yield "".join(taken), ()


def _json_rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as wrong:
        raise UnreadableError(f"it is no JSON: {wrong}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableError("it is no array of rows")
    return rows


def _json_left(text: str, marks: Marks) -> tuple[str, int]:
    rows = _json_rows(text)
    left = [row for row in rows if not marks.are_in({_column(name): value for name, value in row.items()})]
    return json_of(left).decode(), len(rows) - len(left)


def _column(cell: str) -> str:
    return cell.strip().lower()


def _text(cell: Any) -> str:
    """A cell as it was before an apostrophe kept a spreadsheet from computing it."""
    text = "" if cell is None else str(cell).strip()
    return text[1:] if text[:1] == "'" and neutral(text[1:]) == text else text
