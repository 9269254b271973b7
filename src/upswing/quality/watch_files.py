"""The files of a raw folder as a watch sees them: which table each belongs to, and whether it is wholly written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """

    path: str
    table: str
    size: int
    modified_ns: int

    def is_whole(self, now: float | None = None) -> bool:
        """Whether it is wholly written: a Parquet file by its footer, a text file by :data:`SETTLING_SECONDS` of rest.

        Args:
            now: seconds since 1970; None is the clock.
        """
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
        if entry.is_dir():
            table = entry.name.lower().removesuffix(".parquet")
            if table in tables:
                for part in _entries(entry.path):
                    if part.name.lower().endswith(".parquet") and part.is_file():
                        yield from _seen(part, table)
            continue
        for suffix in (".parquet", ".csv", ".csv.gz"):
            name = entry.name.lower()
            if name.endswith(suffix) and name.removesuffix(suffix) in tables:
                yield from _seen(entry, name.removesuffix(suffix))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


def _seen(entry: os.DirEntry[str], table: str) -> Iterator[RawFile]:
    try:
        found = entry.stat()
    except FileNotFoundError:
        return
    yield RawFile(entry.path, table, found.st_size, found.st_mtime_ns)


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
