"""The list of erased customers, ``erasures.csv`` beside the warehouse: what the raw tables must never deliver again."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from upswing.privacy.keys import private_folder
from upswing.user_errors import UserError

ERASURES_FILE = "erasures.csv"
COLUMNS = ("pseudonym", "erased_at")


def erasures_file(warehouse: Path) -> Path:
    """Where the list of a warehouse is."""
    return warehouse / ERASURES_FILE


def read(warehouse: Path) -> dict[str, str]:
    """When each customer was erased (UTC, ISO 8601), by pseudonym; none where there is no list.

    Raises:
        UserError: the file is no such list.
    """
    file = erasures_file(warehouse)
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise UserError(
                f"{file} has the columns {', '.join(rows.fieldnames or ()) or 'of an empty file'}; expected "
                f"{', '.join(COLUMNS)}. Bring it back from a backup: without it erased customers come back."
            )
        return {row["pseudonym"].strip(): row["erased_at"] for row in rows if (row["pseudonym"] or "").strip()}


def newest(warehouse: Path) -> datetime | None:
    """When somebody was last erased (UTC, without a zone), to the second; None where nobody was.

    Raises:
        UserError: a time on the list is none.
    """
    found = []
    for name, when in read(warehouse).items():
        try:
            erased_at = datetime.fromisoformat(when)
        except (TypeError, ValueError):
            raise UserError(
                f"{erasures_file(warehouse)}: erased_at of {name} is {when!r}; expected a time like "
                "2026-12-01T09:30:00+00:00. Correct it, or bring the file back from a backup."
            ) from None
        found.append(erased_at.astimezone(UTC).replace(tzinfo=None) if erased_at.tzinfo else erased_at)
    return max(found, default=None)


def add(warehouse: Path, pseudonyms: Iterable[str]) -> list[str]:
    """Put customers on the list; those who were not on it."""
    listed = read(warehouse)
    new = [pseudonym for pseudonym in dict.fromkeys(pseudonyms) if pseudonym not in listed]
    if new:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write(warehouse, listed | dict.fromkeys(new, now))
    return new


def carry_over(warehouse: Path, renamed: Mapping[str, str]) -> int:
    """Give those on the list their new pseudonyms; how many had an old one."""
    listed = read(warehouse)
    old = [pseudonym for pseudonym in listed if pseudonym in renamed]
    if old:
        write(warehouse, {renamed.get(pseudonym, pseudonym): when for pseudonym, when in listed.items()})
    return len(old)


def in_audit(pseudonym: str) -> str:
    """How the audit, which nothing is ever taken out of, names a customer: it can be held against the list, no more."""
    return hashlib.sha256(f"erasure|{pseudonym}".encode()).hexdigest()[:16]


def write(warehouse: Path, listed: Mapping[str, str]) -> None:
    """Write the list whole or not at all, for its owner's eyes alone."""
    private_folder(warehouse)
    file = erasures_file(warehouse)
    unfinished = file.with_name(f".{file.name}.unfinished")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(listed.items())
        lines.flush()
        os.fsync(descriptor)
    unfinished.replace(file)
