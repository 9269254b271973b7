"""Where a delivered file leads, and what its first and last bytes say: whether it is whole, how its text is written."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from pathlib import Path

LONGEST_HEADER = 1_000_000
"""Bytes of a first line; one that is longer has no end."""

LONGEST_LINE = 16_000_000
"""Bytes; DuckDB passes over a line of more than 32 MB and says nothing."""

PARQUET_MARK = b"PAR1"
GZIP_MARK = b"\x1f\x8b"


DELIVER_AGAIN = "Its transfer broke off, or has not ended: deliver it again, or take it out of the folder"


def file_problem(path: str, folder: str = "") -> str | None:
    """Why a delivered file is not read, and what to do; None where its ends are sound, or it is not on this machine.

    Args:
        path: of the file; its name tells what kind it is.
        folder: that it must not lead out of; empty for any place.
    """
    file = Path(path.removeprefix("file://"))
    if folder and (place := leads_out_to(path, folder)):
        return (
            f"leads out of the raw folder, to {place}. Only what lies in the raw folder is read: copy the file there, "
            "or name the folder that holds it (make build RAW=folder, or UPSWING_RAW)"
        )
    try:
        return _end_problem(file)
    except OSError as wrong:
        return f"cannot be read: {wrong.strerror}. Give this user the right to read it, or take it out of the folder"


def leads_out_to(path: str, folder: str) -> str | None:
    """Where a file in a folder is in truth; None where that is within the folder, or on another machine.

    Args:
        path: of a file, as it is found in the folder: it, or a folder above it, may be a link.
        folder: may be a link itself.
    """
    local = folder.removeprefix("file://").removeprefix("file:")
    if "://" in local:
        return None
    place = os.path.realpath(path.removeprefix("file://"))
    return None if Path(place).is_relative_to(os.path.realpath(local)) else place


def _end_problem(file: Path) -> str | None:
    if not file.exists():
        return f"is a link that leads nowhere. {DELIVER_AGAIN}" if file.is_symlink() else None
    if not file.is_file():
        return "is no file, but a folder or a device. Deliver a file, or take it out of the folder"
    size = file.stat().st_size
    if size == 0:
        return f"is empty (0 bytes). {DELIVER_AGAIN}"
    kind = file.name.lower()
    with file.open("rb") as opened:
        start = opened.read(len(PARQUET_MARK))
        opened.seek(max(0, size - len(PARQUET_MARK)))
        end = opened.read()
    if kind.endswith(".parquet"):
        if start != PARQUET_MARK:
            return f"is no Parquet file. {DELIVER_AGAIN}"
        if end != PARQUET_MARK or size < 12:
            return f"was cut off: it does not end as a Parquet file does. {DELIVER_AGAIN}"
    if kind.endswith(".gz") and not start.startswith(GZIP_MARK):
        return f"is no gzip file. {DELIVER_AGAIN}"
    return None


def csv_start(path: str) -> str | None:
    """The first line of a CSV file and how its text is written, as JSON; None where it is not on this machine.

    Args:
        path: of the file; ``.gz`` is unpacked as far as its first line.

    Returns:
        ``encoding``: as DuckDB calls it; null where it is none that can be read. ``line``: the first line, without
        a byte order mark; empty where it is longer than :data:`LONGEST_HEADER`.
    """
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as opened:
        start = opened.read(LONGEST_HEADER)
    if path.lower().endswith(".gz"):
        # As far as it goes: that it was cut off is noticed where all of it is read.
        start = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(start, LONGEST_HEADER)
    encoding, text = _decoded(start)
    line = "" if text is None else text.replace("\r", "\n").split("\n", 1)[0]
    is_endless = len(start) == LONGEST_HEADER and len(line) >= LONGEST_HEADER // 2 - 1
    return json.dumps({"encoding": encoding, "line": "" if is_endless else line})


def csv_problem(path: str) -> str | None:
    """Why a CSV file cannot be read whole, in words; None where it can, or is not on this machine.

    All of it is read once. DuckDB reads gzip that was cut off as if it were whole, and loses lines that are too long.

    Args:
        path: of the file; ``.gz`` is unpacked, a piece at a time.
    """
    if not Path(path).is_file():
        return None
    since_line = 0
    try:
        with gzip.open(path) if path.lower().endswith(".gz") else Path(path).open("rb") as opened:
            while piece := opened.read(LONGEST_LINE // 4):
                last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
                since_line = since_line + len(piece) if last < 0 else len(piece) - last
                if since_line > LONGEST_LINE:
                    return f"holds a line of more than {LONGEST_LINE // 1_000_000} MB, which no row of a table has"
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return "was cut off or damaged: it cannot be unpacked to its end"
    return None


def _decoded(start: bytes) -> tuple[str | None, str | None]:
    """How bytes are encoded, and what they say; the last of them may be half a character."""
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xfe\xff")):
        return None, None
    if start.startswith(b"\xff\xfe"):
        return "utf-16", start[2:].decode("utf-16-le", "ignore")
    first_line = start.replace(b"\r", b"\n").split(b"\n", 1)[0]
    if b"\0" in first_line:
        return None, None
    try:
        return "utf-8", first_line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, None
