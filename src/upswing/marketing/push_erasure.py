"""Taking customers out of the exports: the ledger, the files of their pushes, and the results to be handed back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

from upswing.marketing.push_files import Identify, exported_files, exported_ids, leave_out, write_results
from upswing.marketing.push_ledger import LEDGER_FILE, open_ledger


def forget_pushes(
    folder: Path, customers: Collection[str], identify: Identify, today: date, is_dry_run: bool = False
) -> tuple[int, list[Path]]:
    """Take customers out of a folder of exports; the pushes and hold-outs it was, and the files that named them.

    What their pushes cost stays in the ledger, for the budgets. Files first, then the ledger: who is killed in between
    finds the rest by running it again.

    Args:
        folder: of ``upswing push``.
        customers: pseudonyms.
        identify: who stands behind the pseudonyms of the others; no more those who are forgotten.
        today: up to when results are written.
        is_dry_run: write nothing.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    if not (folder / LEDGER_FILE).exists():
        return 0, []
    with open_ledger(folder, is_dry_run) as ledger:
        ids = {push_id for push_id, _ in ledger.pushes_of(customers)}
        files = [path for path in exported_files(folder) if not ids.isdisjoint(exported_ids(path))]
        if ids and not is_dry_run:
            for path in files:
                leave_out(path, ids)
            ledger.forget(customers)
            write_results(folder, ledger, today, identify)
    return len(ids), files
