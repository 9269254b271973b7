"""What the hooks of dbt record of each run: that it started, and how it ended.

A run that was killed, or that stopped before its first model, has a start and no end.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import upswing
from upswing.privacy.keys import warehouse_folder
from upswing.quality import audit

FUNCTION = "upswing_record_run"
"""The function of SQL by which a hook reaches :func:`record` on DuckDB."""

MOMENTS = ("started", "finished")
SOURCE_FOLDER = Path(upswing.__file__).parents[2]
GIT_SECONDS = 10.0


def register(connection: Any) -> None:
    """Give a DuckDB connection, and all of the same database, the function that the hooks call."""
    known = "select count(*) from duckdb_functions() where function_name = ?"
    if connection.execute(known, [FUNCTION]).fetchone()[0]:
        return
    connection.create_function(FUNCTION, record, ["VARCHAR", "VARCHAR"], "VARCHAR", side_effects=True)


def record(moment: str, content: str) -> str:
    """Add the start or the end of a dbt run to the audit of the warehouse that the environment names.

    Args:
        moment: ``started`` or ``finished``.
        content: JSON of a macro: ``record_run_start`` or ``record_run_end``.

    Returns:
        The number of the entry, as text.
    """
    if moment not in MOMENTS:
        raise ValueError(f"a run is {' or '.join(MOMENTS)}, not {moment}")
    details = json.loads(content)
    if moment == "started":
        details["code_version"] = code_version()
    return str(audit.append(warehouse_folder(), f"run_{moment}", details).entry)


@cache
def code_version() -> str:
    """The package's version and, in a checkout, the commit: ``0.1.0+8889dce0a1b2``, ``.changed`` where files differ."""
    try:
        released = version("upswing")
    except PackageNotFoundError:
        released = "unknown"
    commit = _git("rev-parse", "--short=12", "HEAD") if (SOURCE_FOLDER / ".git").exists() else None
    if not commit:
        return released
    return f"{released}+{commit}" + (".changed" if _git("status", "--porcelain") else "")


def _git(*arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    try:
        command = [program, "--no-optional-locks", "-C", str(SOURCE_FOLDER), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
