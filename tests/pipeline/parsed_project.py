"""The project as dbt reads it, read once when this module is imported; :mod:`warm_dbt` forks from there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from filelock import FileLock
from warehouse_variables import ALWAYS, PARSED, PROJECT


def parse() -> Any:
    """dbt's manifest of the project with the vars of the tests."""
    PARSED.mkdir(parents=True, exist_ok=True)
    os.environ["UPSWING_WAREHOUSE"] = str(PARSED)
    command = ["--quiet", "parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT / "profiles")]
    command += ["--target", "duckdb", "--target-path", str(PARSED), "--log-path", str(PARSED)]
    with FileLock(PARSED / "lock"):
        _forget_older_than_macros(PARSED / "partial_parse.msgpack")
        done = dbtRunner().invoke([*command, "--vars", json.dumps(ALWAYS)])
    if not done.success:
        raise RuntimeError(f"the project cannot be parsed: {done.exception}")
    return done.result


def _forget_older_than_macros(kept: Path) -> None:
    """Remove what an earlier parse kept: where a macro changed since, dbt loses the descriptions of singular tests."""
    if kept.exists():
        kept_at = kept.stat().st_mtime
        if any(file.stat().st_mtime > kept_at for file in (PROJECT / "macros").rglob("*.sql")):
            kept.unlink()


MANIFEST = parse()


def manifest_with(exchanged: Mapping[str, str]) -> Any:
    """The manifest of a process for one command, in which the configuration of models has other values.

    Args:
        exchanged: how values begin that depend on the command, and what they begin with instead.
    """
    for node in MANIFEST.nodes.values():
        for name, value in node.config.meta.items():
            for before, after in exchanged.items():
                if isinstance(value, str) and value.startswith(before):
                    node.config.meta[name] = after + value.removeprefix(before)
    return MANIFEST
