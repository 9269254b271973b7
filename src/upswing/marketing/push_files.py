"""The files of an export: what they hold, and each written whole under an unfinished name, for its owner alone."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from upswing.marketing.push_ledger import LEDGER_FILE, ONLY_FOR_THE_OWNER, Ledger
from upswing.privacy.vault import Identity
from upswing.spreadsheets import neutral

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

TOUCHES_FILE = "campaign_touches.csv"
CAMPAIGNS_FILE = "campaigns.csv"

CONTACTS = {"email": "email", "sms": "phone", "phone": "phone", "call": "phone", "whatsapp": "phone"}
"""What of an identity a channel needs; of the other channels the customer's id says where it goes."""

PHONE = re.compile(r"\+[0-9][0-9 ()./-]*")
"""Begins like a formula, but can compute nothing."""

SENT_AT = "12:00:00"
"""Noon in UTC is the same day in the time zones of nearly all businesses."""

PRIVATE_FOLDER = 0o700


def pushes_content(rows: Sequence[dict[str, Any]], file_format: str) -> bytes:
    """Pushes as CSV with a header, or as a JSON array with a line a push; in CSV no text is a formula."""
    if file_format == "csv":
        return _csv_of(FILE_COLUMNS, ([_cell(row, column) for column in FILE_COLUMNS] for row in rows))
    return json_of([{column: row[column] for column in FILE_COLUMNS} for row in rows])


def results_content(ledger: Ledger, today: date, known: Mapping[str, Identity]) -> tuple[dict[str, bytes], int]:
    """What campaign_touches.csv and campaigns.csv hold of all that was sent by today; and how many touches it is.

    Ids are the company's own, as they came, whatever a spreadsheet takes them for: the next build looks customers up by
    them. Whom no raw table names any more, and who was erased, is left out.

    Args:
        ledger: open; what was added to it counts.
        today: the last day.
        known: who stands behind the pseudonyms of :meth:`Ledger.touches`.
    """
    touches = [
        (campaign_id, known[name].customer_id, "control" if held else "treatment", f"{day} {SENT_AT}", None, None, None)
        for campaign_id, name, held, day in ledger.touches(today)
        if name in known
    ]
    campaigns = ((*campaign, None) for campaign in ledger.campaigns(today))
    contents = {TOUCHES_FILE: _csv_of(TOUCH_COLUMNS, touches), CAMPAIGNS_FILE: _csv_of(CAMPAIGN_COLUMNS, campaigns)}
    return contents, len(touches)


def addressed(row: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """A push with the company's own id of its customer, and what the channel reaches them by."""
    contact = CONTACTS.get(row["channel"])
    return {**row, "customer_id": identity.customer_id, "contact": getattr(identity, contact) if contact else None}


def unfinished(path: Path) -> Path:
    """The name that a file has until it is whole."""
    return path.with_name(f".{path.name}.unfinished")


def half_written(folder: Path, committed: Collection[Path]) -> list[Path]:
    """Files that runs left that died before they were committed; not those of a folder inside with its own ledger."""
    found = [path for pattern in (".*.unfinished", "*/.*.unfinished") for path in folder.glob(pattern)]
    return sorted(
        path
        for path in found
        if path not in committed and (path.parent == folder or not (path.parent / LEDGER_FILE).exists())
    )


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """A cell of the CSV: no formula, and a telephone number as it is."""
    cell = row[column]
    return cell if column == "contact" and PHONE.fullmatch(str(cell)) else neutral(cell)


def json_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A JSON array with a line a row."""
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def write_file(path: Path, content: bytes) -> None:
    """Write a file down to the disk, for its owner's eyes alone."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, ONLY_FOR_THE_OWNER)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in the place of one, whole or not at all."""
    write_file(unfinished(path), content)
    unfinished(path).replace(path)


def _csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue().encode()
