"""Exporting pushes: each once, within the caps and the budgets of all that was exported before."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from upswing.marketing.push_files import (
    CONTACTS,
    addressed,
    half_written,
    pushes_content,
    results_content,
    unfinished,
    write_file,
)
from upswing.marketing.push_ledger import Ledger, LedgerPush, open_ledger
from upswing.privacy.vault import Identity

Identify = Callable[[Iterable[str]], Mapping[str, Identity]]
"""Who stands behind pseudonyms; those who are not known are left out."""

Record = Callable[[Mapping[str, Any]], object]
"""Keeps in the audit what is about to be exported; raises an error where it cannot."""

MONEY_ROUNDING = 1e-6
FIRST_MESSAGES = 3


@dataclass
class Exported:
    """What an export did, or, where it was a dry run, would do.

    Attributes:
        files: that were written, or would be.
        pushes: how many pushes are in them.
        held_out: how many customers were held out beside them.
        cost: what the pushes are expected to cost.
        left_out: how many were not exported, by reason: `exported before`, `unknown`, `repeated`, `customer's cap`,
            `channel's cap`, `budget`.
        unreachable: how many of the pushes go by a channel that needs an address which is not known.
        overdue: how many of the pushes should have gone before today.
        first: customer (by pseudonym), day and message of the first few pushes.
        touches: how many rows campaign_touches.csv has; only those whose day has come.
        completed: files of an earlier run that had died before it named them.
    """

    files: list[Path] = field(default_factory=list)
    pushes: int = 0
    held_out: int = 0
    cost: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    unreachable: int = 0
    first: list[tuple[str, date, str]] = field(default_factory=list)
    touches: int = 0
    completed: list[Path] = field(default_factory=list)


def export_pushes(
    pushes: pa.Table,
    folder: Path,
    today: date,
    identify: Identify,
    record: Record,
    file_format: str = "csv",
    is_dry_run: bool = False,
) -> Exported:
    """Write the pushes that were never exported, a file a day: ``<folder>/<channel>/<day>-<export>.<format>``.

    Beside them ``campaign_touches.csv`` and ``campaigns.csv`` hold all that was ever exported from the folder and has
    been sent by today, hold-outs too, in the columns of the raw tables of these names. In files customers have the
    company's own ids and, where the channel needs it, an address; the ledger knows their pseudonyms alone.

    First the audit knows of the files, by their SHA-256, then they are written under unfinished names, then the ledger
    knows of them, and only then they get their own names. Where the audit cannot be written nothing is exported.

    Args:
        pushes: rows of the mart marketing_pushes of one channel.
        folder: of all exports, with the ledger.
        today: the day of the export.
        identify: who stands behind pseudonyms; called once.
        record: called before anything is written; not in a dry run.
        file_format: ``csv`` or ``json``. In CSV text that a spreadsheet would take for a formula begins with an
            apostrophe.
        is_dry_run: write nothing.

    Raises:
        LedgerError: where the ledger cannot be used.
        OSError: where the folder cannot be written.
    """
    with open_ledger(folder, is_dry_run) as ledger:
        exported = Exported()
        left_behind = [] if is_dry_run else ledger.unfinished()
        exported.completed = [path for _, path in left_behind]
        touched = [] if is_dry_run else [name for _, name, _, _ in ledger.touches(today)]
        known = identify([*pushes["customer_id"].unique().to_pylist(), *touched])
        chosen = _chosen(pushes, ledger, known, exported)
        sent = [row for row in chosen if not row["is_control"]]
        exported.pushes, exported.held_out = len(sent), len(chosen) - len(sent)
        exported.cost = sum(row["cost"] for row in sent)
        exported.overdue = sum(row["send_on"] < today for row in sent)
        by_day = sorted(sent, key=lambda row: (row["send_on"], row["push_id"]))
        exported.first = [(row["customer_id"], row["send_on"], row["message"]) for row in by_day[:FIRST_MESSAGES]]
        export_id = ledger.next_export()
        days: dict[Path, list[dict[str, Any]]] = defaultdict(list)
        for row in by_day:
            whole = addressed(row, known[row["customer_id"]])
            exported.unreachable += row["channel"] in CONTACTS and not whole["contact"]
            days[folder / row["channel"] / f"{row['send_on']}-{export_id:04d}.{file_format}"].append(whole)
        exported.files = list(days)
        if is_dry_run:
            return exported
        contents = {path: pushes_content(rows, file_format) for path, rows in days.items()}
        if chosen:
            ledger.add(
                export_id, [_kept(row, export_id) for row in chosen], [(unfinished(path), path) for path in days]
            )
        by_name, exported.touches = results_content(ledger, today, known)
        results = {folder / name: content for name, content in by_name.items()}
        hashes = {path: _sha256(standing.read_bytes()) for standing, path in left_behind}
        hashes |= {path: _sha256(content) for path, content in (contents | results).items()}
        record(
            {
                "format": file_format,
                "pushes": exported.pushes,
                "held_out": exported.held_out,
                "folder": str(folder),
                "files": {str(path.relative_to(folder)): digest for path, digest in sorted(hashes.items())},
                "completed": len(left_behind),
            }
        )
        for path in half_written(folder, [standing for standing, _ in left_behind]):
            path.unlink(missing_ok=True)
        for path, content in (contents | results).items():
            write_file(unfinished(path), content)
        ledger.commit()
        ledger.finish()
        # Not in the ledger: the next run writes them from it in any case.
        for path in results:
            unfinished(path).replace(path)
    return exported


def keeps_cap(days: Iterable[date], day: date, cap: int, cap_days: int) -> bool:
    """Whether no ``cap_days`` days in a row hold more than ``cap`` of the days and ``day`` together."""
    near = [day, *(other for other in days if abs((other - day).days) < cap_days)]
    ends = [end for end in near if end >= day]
    return all(sum(0 <= (end - other).days < cap_days for other in near) <= cap for end in ends)


def has_rested(last: date | None, day: date, repeat_after_days: int | None) -> bool:
    """Whether an action that a customer got on the day ``last`` may come again on ``day``."""
    return last is None or repeat_after_days is None or (day - last).days >= repeat_after_days


def _chosen(
    pushes: pa.Table, ledger: Ledger, identities: Mapping[str, Identity], exported: Exported
) -> list[dict[str, Any]]:
    """The pushes, and those held out, that may go out now; the others are counted."""
    order = [("priority_rank", "ascending"), ("expected_gain", "descending"), ("customer_id", "ascending")]
    rows = pushes.sort_by(order).to_pylist()
    if not rows:
        return []
    known = ledger.known(row["push_id"] for row in rows)
    reach = timedelta(days=max(row["cap_days"] for row in rows))
    first, last = min(row["send_on"] for row in rows) - reach, max(row["send_on"] for row in rows) + reach
    days_of: dict[str, list[date]] = defaultdict(list)
    channel_days_of: dict[tuple[str, str], list[date]] = defaultdict(list)
    for customer_id, channel, day in ledger.sent_between(first, last):
        days_of[customer_id].append(day)
        channel_days_of[customer_id, channel].append(day)
    last_sent = ledger.last_sent()
    spent = ledger.spent()
    broke: set[tuple[str, str]] = set()
    chosen = []
    for row in rows:
        customer, way, day = row["customer_id"], (row["customer_id"], row["channel"]), row["send_on"]
        money = (row["action_id"], row["push_week"].isoformat())
        cost = spent.get(money, 0.0) + row["cost"]
        if row["push_id"] in known:
            exported.left_out["exported before"] += 1
        elif customer not in identities:
            exported.left_out["unknown"] += 1
        elif not has_rested(last_sent.get((row["action_id"], customer)), day, row["repeat_after_days"]):
            exported.left_out["repeated"] += 1
        elif not keeps_cap(days_of[customer], day, row["customer_cap"], row["cap_days"]):
            exported.left_out["customer's cap"] += 1
        elif not keeps_cap(channel_days_of[way], day, row["channel_cap"], row["cap_days"]):
            exported.left_out["channel's cap"] += 1
        elif money in broke or (row["weekly_budget"] is not None and cost > row["weekly_budget"] + MONEY_ROUNDING):
            broke.add(money)
            exported.left_out["budget"] += 1
        else:
            spent[money] = cost
            days_of[customer].append(day)
            channel_days_of[way].append(day)
            chosen.append(row)
    return chosen


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _kept(row: dict[str, Any], export_id: int) -> LedgerPush:
    return LedgerPush(
        row["push_id"],
        export_id,
        row["campaign_id"],
        row["action_name"],
        row["campaign_type"],
        row["action_id"],
        row["push_week"].isoformat(),
        row["customer_id"],
        row["channel"],
        row["send_on"].isoformat(),
        row["offer_ends_on"].isoformat(),
        row["is_control"],
        row["cost"],
    )
