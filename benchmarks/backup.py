"""What a backup and a restore of a warehouse cost: seconds and megabytes, plain and encrypted. On Linux.

    python benchmarks/backup.py warehouse

The warehouse is read, and an entry of its audit is written for each backup; it is restored to a temporary folder.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path

from pyrage import x25519

from upswing.privacy.keys import BACKUP_SECRET
from upswing.quality import audit
from upswing.quality.audit_chain import chained
from upswing.quality.audit_heads import HEADS_VARIABLE, SYSLOG_VARIABLE
from upswing.quality.audit_publish import published_marts
from upswing.quality.backup import back_up
from upswing.quality.backup_restore import check, restore

MEGABYTE = 1_000_000
ENTRIES = 100_000


class Clock:
    """Seconds since it was made, on the wall and of all cores, and the most memory that the process held since.

    The seconds of the cores say what a busy machine hides.
    """

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of before
        self._wall, self._cores = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        seconds = f"{time.perf_counter() - self._wall:.1f} | {time.process_time() - self._cores:.1f}"
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return f"{seconds} | {int(peak) * 1024 / MEGABYTE:,.0f}"


def main() -> None:
    """Print the table of docs/backup.md."""
    warehouse = Path(sys.argv[1])
    os.environ |= {"UPSWING_WAREHOUSE": str(warehouse), BACKUP_SECRET.variable: str(x25519.Identity.generate())}
    clock = Clock()
    published_marts(warehouse)
    print(f"checksums of the published marts, seconds | of CPU | MB at most: {clock}")
    print("| | seconds | of CPU | MB of memory at most | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=warehouse.parent) as place:
        folder = Path(place)
        os.environ.setdefault("UPSWING_KEYS", str(warehouse / "keys"))
        for encrypt in (False, True):
            kind = "encrypted" if encrypt else "plain"
            clock = Clock()
            done = back_up(warehouse, folder / "backups", folder / "pushes", encrypt=encrypt, keep=2)
            read = sum(size for size, _ in done.manifest.files.values())
            told = f"{done.bytes / MEGABYTE:,.0f} MB of {read / MEGABYTE:,.0f}"
            print(f"| `upswing backup`, {kind}: write and read again | {clock} | {told} |")
            clock = Clock()
            check(done.archive)
            print(f"| `upswing restore --check`, {kind} | {clock} | |")
            clock = Clock()
            with _heads_in(folder):
                restored = restore(done.archive, folder / kind, folder / "pushes")
            told = f"{restored.tables} tables, {restored.rows:,} rows compared"
            print(f"| `upswing restore`, {kind} | {clock} | {told} |")
        with _heads_in(folder):
            started = time.perf_counter()
            for number in range(100):
                audit.append(folder / "audit", "backup", {"number": number})
            print(f"an entry of the audit: {(time.perf_counter() - started) * 10:.1f} ms")
            print(f"verifying {ENTRIES:,} entries: {_verified(folder / 'long'):.1f} s")


@contextmanager
def _heads_in(folder: Path) -> Iterator[None]:
    """Keep the heads of audits that are made here alone out of the user's configuration and the system log."""
    before = dict(os.environ)
    os.environ |= {HEADS_VARIABLE: str(folder / "heads.log"), SYSLOG_VARIABLE: "off"}
    yield
    os.environ.clear()
    os.environ |= before


def _verified(warehouse: Path) -> float:
    """Seconds to verify an audit of so many entries, each as long as that of a publication of 40 marts."""
    details = {"marts": {f"mart_{number}": [number, "d81ff2bf-00001ce6c4017776d7d823df"] for number in range(40)}}
    last = audit.append(warehouse, "publish", details)
    signer = audit.standing_signer()
    assert signer is not None
    chain = []
    for _ in range(ENTRIES - 1):
        last = chained(last, "publish", "bench", audit.canonical(details), signer)
        chain.append(astuple(last))
    with closing(sqlite3.connect(audit.audit_file(warehouse))) as connection, connection:
        connection.executemany(f"insert into entries ({audit.COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", chain)
    started = time.perf_counter()
    assert audit.verify(warehouse) == []
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
