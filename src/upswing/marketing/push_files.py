"""The files of an export: each written whole under an unfinished name, for its owner's eyes only."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from upswing.marketing.push_ledger import ONLY_FOR_THE_OWNER, Ledger
from upswing.privacy.vault import Identity
from upswing.spreadsheets import neutral

Identify = Callable[[Iterable[str]], Mapping[str, Identity]]
"""Who stands behind pseudonyms; those who are not known are left out."""

FORMATS = ("csv", "json")

FILE_COLUMNS = (
    "push_id",
    "campaign_id",
    "customer_id",
    "send_on",
    "channel",
    "contact",
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

CONTACTS = {"email": "email", "sms": "phone", "phone": "phone", "call": "phone", "whatsapp": "phone"}
"""What of an identity a channel needs; of the other channels the customer's id says where it goes."""

PHONE = re.compile(r"\+[0-9][0-9 ()./-]*")
"""Begins like a formula, but can compute nothing."""

SENT_AT = "12:00:00"
"""Noon in UTC is the same day in the time zones of nearly all businesses."""

PRIVATE_FOLDER = 0o700


def write_pushes(path: Path, rows: Sequence[dict[str, Any]], file_format: str) -> None:
    """Write pushes as CSV with a header, or as a JSON array with a line a push; in CSV no text is a formula."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if file_format == "csv":
        _write_file(path, _csv_of(FILE_COLUMNS, ([_cell(row, column) for column in FILE_COLUMNS] for row in rows)))
    else:
        _write_file(path, _json_of(rows))


def write_results(folder: Path, ledger: Ledger, today: date, identify: Identify) -> int:
    """Write campaign_touches.csv and campaigns.csv, of all that the ledger says was sent by today; how many touches.

    Ids are the company's own, as they came, whatever a spreadsheet takes them for: the next build looks customers up by
    them. Whom no raw table names any more, and who was erased, is left out.
    """
    sent = list(ledger.touches(today))
    known = identify(customer_id for _, customer_id, _, _ in sent)
    touches = [
        (campaign_id, known[name].customer_id, "control" if held else "treatment", f"{day} {SENT_AT}", None, None, None)
        for campaign_id, name, held, day in sent
        if name in known
    ]
    campaigns = [(*campaign, None) for campaign in ledger.campaigns(today)]
    _write_whole(folder / "campaign_touches.csv", _csv_of(TOUCH_COLUMNS, touches))
    _write_whole(folder / "campaigns.csv", _csv_of(CAMPAIGN_COLUMNS, campaigns))
    return len(touches)


def exported_files(folder: Path) -> list[Path]:
    """The finished files of pushes below a folder of exports."""
    return sorted(path for ending in FORMATS for path in folder.glob(f"*/[!.]*.{ending}"))


def exported_ids(path: Path) -> set[str]:
    """Ids of the pushes in a file."""
    return {row["push_id"] for row in _rows_of(path) if row.get("push_id")}


def leave_out(path: Path, push_ids: Collection[str]) -> None:
    """Write a file of pushes anew without some of them; the others stay as they are, letter by letter."""
    left = (row for row in _rows_of(path) if row.get("push_id") not in push_ids)
    rows = [{column: row.get(column) for column in FILE_COLUMNS} for row in left]
    if path.suffix == ".csv":
        _write_whole(path, _csv_of(FILE_COLUMNS, (list(row.values()) for row in rows)))
    else:
        _write_whole(path, _json_of(rows))


def addressed(row: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """A push with the company's own id of its customer, and what the channel reaches them by."""
    contact = CONTACTS.get(row["channel"])
    return {**row, "customer_id": identity.customer_id, "contact": getattr(identity, contact) if contact else None}


def unfinished(path: Path) -> Path:
    """The name that a file has until it is whole."""
    return path.with_name(f".{path.name}.unfinished")


def remove_unfinished(folder: Path) -> None:
    """Remove the files of runs that died before they were committed."""
    for pattern in (".*.unfinished", "*/.*.unfinished"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """A cell of the CSV: no formula, and a telephone number as it is."""
    cell = row[column]
    return cell if column == "contact" and PHONE.fullmatch(str(cell)) else neutral(cell)


def _rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file)) if path.suffix == ".csv" else json.load(file)
    return rows


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
