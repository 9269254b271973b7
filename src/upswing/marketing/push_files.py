"""The files of an export: each written whole under an unfinished name, for its owner's eyes only."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from upswing.marketing.push_ledger import ONLY_FOR_THE_OWNER, Ledger

FORMATS = ("csv", "json")

FILE_COLUMNS = (
    "push_id",
    "campaign_id",
    "customer_id",
    "send_on",
    "channel",
    "product_id",
    "product_name",
    "discount_depth",
    "offer_price",
    "offer_ends_on",
    "message",
)
TOUCH_COLUMNS = ("campaign_id", "customer_id", "variant", "touched_at", "clicked_at", "converted_at", "revenue")
CAMPAIGN_COLUMNS = ("campaign_id", "campaign_name", "campaign_type", "channel", "starts_on", "ends_on", "budget")
"""Columns of the raw tables."""

SENT_AT = "12:00:00"
"""Noon in UTC is the same day in the time zones of nearly all businesses."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a cell for a formula by; the last four are the full-width ones."""

PRIVATE_FOLDER = 0o700


def write_pushes(path: Path, rows: Sequence[dict[str, Any]], file_format: str) -> None:
    """Write pushes as CSV with a header, or as a JSON array with a line a push; in CSV no text is a formula."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if file_format == "csv":
        _write_file(path, _csv_of(FILE_COLUMNS, ([neutral(row[column]) for column in FILE_COLUMNS] for row in rows)))
    else:
        _write_file(path, _json_of(rows))


def write_results(folder: Path, ledger: Ledger, today: date) -> int:
    """Write campaign_touches.csv and campaigns.csv, of all that the ledger says was sent by today; how many touches.

    Ids are as they came, whatever a spreadsheet takes them for: the next build looks customers up by them.
    """
    touches = [
        (campaign_id, customer_id, "control" if held else "treatment", f"{day} {SENT_AT}", None, None, None)
        for campaign_id, customer_id, held, day in ledger.touches(today)
    ]
    campaigns = [(*campaign, None) for campaign in ledger.campaigns(today)]
    _write_whole(folder / "campaign_touches.csv", _csv_of(TOUCH_COLUMNS, touches))
    _write_whole(folder / "campaigns.csv", _csv_of(CAMPAIGN_COLUMNS, campaigns))
    return len(touches)


def neutral(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such text begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def unfinished(path: Path) -> Path:
    """The name that a file has until it is whole."""
    return path.with_name(f".{path.name}.unfinished")


def remove_unfinished(folder: Path) -> None:
    """Remove the files of runs that died before they were committed."""
    for pattern in (".*.unfinished", "*/.*.unfinished"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Callable[[TextIO], None]:
    def write(file: TextIO) -> None:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)

    return write


def _json_of(rows: Sequence[dict[str, Any]]) -> Callable[[TextIO], None]:
    def write(file: TextIO) -> None:
        kept = ({column: row[column] for column in FILE_COLUMNS} for row in rows)
        lines = (json.dumps(row, ensure_ascii=False, default=str) for row in kept)
        file.write("[\n" + ",\n".join(lines) + "\n]\n")

    return write


def _write_whole(path: Path, write: Callable[[TextIO], None]) -> None:
    _write_file(unfinished(path), write)
    unfinished(path).replace(path)


def _write_file(path: Path, write: Callable[[TextIO], None]) -> None:
    """Write a file down to the disk."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, ONLY_FOR_THE_OWNER)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        write(file)
        file.flush()
        os.fsync(descriptor)
