"""The files of the warehouse opened, and what their errors mean: one line, with the command that helps."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import duckdb

from upswing.user_errors import UserError

LOCKED = re.compile(r'Could not set lock on file "([^"]+)": Conflicting lock is held in (.+?) \(PID (\d+)\)')
DAMAGED = re.compile(r"not a valid DuckDB database file|Corrupt database|Could not read enough bytes|Serialization")
NAMED = re.compile(r'file "([^"]+)"')


def open_database(file: Path, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """A connection that opens a DuckDB file.

    Raises:
        UserError: another process holds the file, or it is damaged.
    """
    try:
        return duckdb.connect(str(file), read_only=read_only)
    except duckdb.Error as error:
        raise UserError(explained_error(error, file) or _first_line(error)) from None


def explained_error(error: BaseException, file: Path | None = None) -> str | None:
    """What an error of a file means, in one line; None where the error is a fault of ours, which keeps its traceback.

    Args:
        error: of DuckDB, SQLite or the operating system.
        file: that was read; without it, the one that the error names.
    """
    if isinstance(error, duckdb.Error):
        return _of_duckdb(error, file)
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return "another command writes to the same file; wait until it has ended, and run this again"
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        named = file or "a file of the warehouse (audit.sqlite, vault.sqlite)"
        return f"{named} is damaged; put a backup back: upswing restore backups/FILE"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return None


def _of_duckdb(error: duckdb.Error, file: Path | None) -> str | None:
    text = str(error)
    if locked := LOCKED.search(text):
        name, program, process = locked.groups()
        return (
            f"{name} is in use by another process ({Path(program).name}, PID {process}), such as a build or "
            "`upswing watch`; wait until it has ended, and run this again"
        )
    if DAMAGED.search(text):
        named = NAMED.search(text)
        damaged = file or (Path(named[1]) if named else Path("a file of the warehouse"))
        if damaged.name == "marts.duckdb":
            helps = "publish the marts again: make build, or dbt build"
        else:
            helps = "put a backup back: upswing restore backups/FILE"
        return f"{damaged} is damaged, or is no DuckDB file; {helps}"
    return _first_line(error) if isinstance(error, duckdb.IOException) else None


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0].removeprefix("IO Error: ")
