"""The files of a raw folder as a watch sees them: which table each belongs to, and whether it is wholly written."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from upswing.raw_files import leads_out_to

SETTLING_SECONDS = 2.0
"""How long a text file must stay as it is before it counts as written: nothing in it says where it ends."""

_PARQUET_MARK = b"PAR1"
_LEAST_PARQUET_BYTES = 12


@dataclass(frozen=True)
class RawFile:
    """A file that delivers a raw table, as it was when it was looked at.

    Attributes:
        path: where it is.
        table: the raw table that it, or its folder, is named after.
        size: in bytes.
        modified_ns: when it was last written, in nanoseconds since 1970.
        leads_out: a link leads out of the raw folder; a build then stops and says so.
    """

    path: str
    table: str
    size: int
    modified_ns: int
    leads_out: bool = False

    def is_whole(self, now: float | None = None) -> bool:
        """Whether it is wholly written: a Parquet file by its footer, a text file by :data:`SETTLING_SECONDS` of rest.

        Args:
            now: seconds since 1970; None is the clock.
        """
        if self.leads_out:
            return True
        if self.path.lower().endswith(".parquet"):
            return _has_footer(self.path)
        rested = (time.time() if now is None else now) - self.modified_ns / 1e9
        return rested >= SETTLING_SECONDS


def raw_files(folder: str, tables: Iterable[str]) -> dict[str, RawFile]:
    """Files that deliver the tables, by path: ``<table>.parquet``, ``.csv``, ``.csv.gz``, or ``<table>/*.parquet``.

    Capitals or not. What is called otherwise is none of them: a writer that writes aside and renames is never seen
    half done.
    """
    known = set(tables)
    return {file.path: file for file in _found(folder, known)}


def unfinished(files: Iterable[RawFile]) -> list[str]:
    """Paths of the files that are not wholly written yet, sorted."""
    now = time.time()
    return sorted(file.path for file in files if not file.is_whole(now))


def _found(folder: str, tables: set[str]) -> Iterator[RawFile]:
    for entry in _entries(folder):
        # Unlike the entry's own method, this takes a link that leads in a circle for no folder.
        if Path(entry.path).is_dir():
            table = entry.name.lower().removesuffix(".parquet")
            if table in tables:
                for part in _entries(entry.path):
                    if part.name.lower().endswith(".parquet"):
                        yield from _seen(folder, part, table)
            continue
        for suffix in (".parquet", ".csv", ".csv.gz"):
            name = entry.name.lower()
            if name.endswith(suffix) and name.removesuffix(suffix) in tables:
                yield from _seen(folder, entry, name.removesuffix(suffix))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, PermissionError):
        return []


def _seen(folder: str, entry: os.DirEntry[str], table: str) -> Iterator[RawFile]:
    leads_out = leads_out_to(entry.path, folder) is not None
    try:
        # Of what lies elsewhere nothing is looked at, not even when it was written.
        found = entry.stat(follow_symlinks=not leads_out)
    except OSError:
        return
    # A pipe would be waited for until something writes to it.
    if leads_out or stat.S_ISREG(found.st_mode):
        yield RawFile(entry.path, table, found.st_size, found.st_mtime_ns, leads_out)


def _has_footer(path: str) -> bool:
    """Whether a Parquet file ends as one does: with the length of a footer that it can hold, and its mark."""
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size < _LEAST_PARQUET_BYTES:
                return False
            file.seek(size - 8)
            tail = file.read(8)
            file.seek(0)
            begins = file.read(4)
    except OSError:
        return False
    footer = int.from_bytes(tail[:4], "little")
    return begins == tail[4:] == _PARQUET_MARK and 0 < footer <= size - _LEAST_PARQUET_BYTES
