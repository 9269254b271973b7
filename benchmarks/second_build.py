"""A second ``dbt build`` on unchanged data against the first: how long it takes, and that it trains nothing.

Both run in a fresh warehouse and with a target folder of their own, on the sample.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from _report import Figure, judged, show

from upswing.sample.complete_journey import SAMPLE_FOLDER

PROJECT = Path(__file__).parent.parent
UPSWING = Path(sys.executable).with_name("upswing")
GOAL_SHARE = 0.15


def build(warehouse: Path, raw: Path) -> float:
    """Seconds of one ``dbt build``."""
    environment = os.environ | {"UPSWING_WAREHOUSE": str(warehouse), "UPSWING_RAW": str(raw)}
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "build", "--target-path", str(warehouse / "target")]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"`{' '.join(command[1:])}` failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return time.perf_counter() - started


def fits_trained(warehouse: Path) -> int:
    """Fits that stand."""
    with duckdb.connect(str(warehouse / "marts.duckdb"), read_only=True) as connection:
        counted = connection.execute("select count(*) from model_runs").fetchone()
    return int(counted[0]) if counted is not None else 0


def main() -> list[Figure]:
    """Measure; a row for the time, a row for the fits."""
    raw = PROJECT / SAMPLE_FOLDER
    subprocess.run([str(UPSWING), "sample", "--missing-only", "--folder", str(raw)], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as temporary:
        warehouse = Path(temporary)
        first, fits_first = build(warehouse, raw), fits_trained(warehouse)
        second, fits_second = build(warehouse, raw), fits_trained(warehouse) - fits_first
    return [
        Figure(
            "second build on unchanged data",
            f"{second:.0f} s",
            f"first build {first:.0f} s",
            f"{second / first:.0%}",
            f"<= {GOAL_SHARE:.0%}",
            judged(second <= GOAL_SHARE * first),
        ),
        Figure(
            "second build: fits trained",
            str(fits_second),
            f"first build {fits_first}",
            "",
            "0, after some in the first",
            judged(fits_second == 0 and fits_first > 0),
        ),
    ]


if __name__ == "__main__":
    show(main())
