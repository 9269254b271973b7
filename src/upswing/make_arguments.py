"""What was given to ``make``, checked before anything is installed or built.

``make`` runs this module with the Python of the system, so it needs the standard library alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from upswing.nearest import did_you_mean, near_path

CHOICES = {
    "ENGINE": ("duckdb", "spark"),
    "PART": ("build", "pages", "metrics", "databases", "spark", "dev"),
    "TO": ("postgres",),
    "LANGUAGE": ("en", "zh"),
}
VARIABLES = (*CHOICES, "FILE", "PLAIN", "PORT", "PYTHON", "RAW", "SUPERSET", "VENV")
READ_RAW = {"build", "bench", "docs", "refresh"}
WRITE_WAREHOUSE = {"build", "bench", "refresh"}


def problems(goals: Sequence[str], settings: Mapping[str, str], given: Sequence[str] = ()) -> list[str]:
    """What is wrong with a call of ``make``, a line for each mistake.

    Args:
        goals: that were asked for.
        settings: the values of the Makefile's variables, by name.
        given: names of the variables on the command line.
    """
    found = []
    for name in given:
        if name not in VARIABLES and (near := did_you_mean(name, VARIABLES)):
            found.append(f"make knows no variable {name}{near}")
    for name, choices in CHOICES.items():
        value = settings.get(name, choices[0])
        if value not in choices:
            found.append(f"{name} is {value!r}; expected {', '.join(choices)}{did_you_mean(value, choices)}")
    port = settings.get("PORT", "8501")
    if not (port.isdecimal() and 0 < int(port) < 65_536):
        found.append(f"PORT is {port!r}; expected a number from 1 to 65535: make dashboard PORT=8502")
    raw = settings.get("RAW", "").strip()
    if raw and "://" not in raw and READ_RAW.intersection(goals):
        found += _raw_problem(Path(raw))
    if "restore" in goals:
        found += _backup_problem(settings.get("FILE", ""))
    if settings.get("ENGINE", "duckdb") == "duckdb" and WRITE_WAREHOUSE.intersection(goals):
        found += _lock_problem(Path(settings.get("UPSWING_WAREHOUSE", "warehouse")) / "upswing.duckdb")
    return found


def wrong_goal(goal: str, makefile: str) -> str:
    """That a Makefile has no such goal, with the nearest it has."""
    goals = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    return f"there is no `make {goal}` (`make help` lists the commands){did_you_mean(goal, goals)}"


def _raw_problem(folder: Path) -> list[str]:
    named = "; name the folder of the raw tables: make build RAW=folder, or UPSWING_RAW"
    if not folder.exists():
        return [f"there is no raw folder {folder}{near_path(folder) or named}"]
    if not folder.is_dir():
        return [f"RAW is {folder}, a file{named}"]
    return [] if any(folder.iterdir()) else [f"the raw folder {folder} is empty{named}"]


def _backup_problem(file: str) -> list[str]:
    written = [
        str(found) for found in Path("backups").glob("upswing-*.tar.zst*") if found.suffix not in (".json", ".sha256")
    ]
    newest = max(written, default="")
    if not file:
        return [f"FILE is missing: make restore FILE={newest or 'backups/… (`make backup` writes one)'}"]
    if Path(file).is_file():
        return []
    return [f"there is no backup {file}" + (near_path(Path(file)) or (f"; the newest is {newest}" if newest else ""))]


def _lock_problem(file: Path) -> list[str]:
    """Whether another process has the warehouse open: DuckDB then holds a lock on the file."""
    if not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
        return []
    with file.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return [
                f"{file} is in use by another process, such as a build, `upswing watch` or a database tool; wait until "
                "it has ended, or stop it, and run this again"
            ]
    return []


def main() -> None:
    """Say what is wrong with a call of ``make``, and exit with 2 where something is.

    The goals are the arguments, and the variables come from the environment. After ``--unknown`` come a goal that the
    Makefile has no rule for, and the Makefile.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["--unknown"]:
        found = [wrong_goal(arguments[1], Path(arguments[2]).read_text(encoding="utf-8"))]
    else:
        given = re.findall(r"(?:^| )(\w+)=", os.environ.get("MAKE_GIVEN", ""))
        found = problems(arguments, os.environ, given)
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(2 if found else 0)


if __name__ == "__main__":
    main()
