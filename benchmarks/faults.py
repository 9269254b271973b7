"""Builds that are killed, a reader that never rests, and a million identical visits.

Each build is killed (SIGKILL, with all its children) at a moment drawn from a seed, somewhere in the length of a whole
one; the build after it must heal, and its marts must equal those of builds that nobody disturbed. A reader polls the
published file all the while, in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from _report import Figure, judged, show

from upswing.sample.complete_journey import SAMPLE_FOLDER

PROJECT = Path(__file__).parent.parent
SEED = 8
OF_THE_RUN = ("fitted_at", "scored_at", "checked_at", "published_at", "started_at", "finished_at", "invocation_id")
"""Columns that say when something was computed."""
OF_THE_RUNS = ("pipeline_runs", "publish_log", "quality_results", "quality_summary", "model_health")
"""Marts that tell of each run there was: after a killed one they tell of it."""
DELIVERED = ("customers", "opportunities", "order_lines", "products", "visits")
"""Raw tables of the builds that are killed; the others are absent, so that a build takes a minute, not five."""
FEW = '{"max_forecast_products": 60, "max_forecast_store_categories": 20, "arima_series": 2}'


class Builds:
    """Builds in a warehouse of its own."""

    def __init__(self, folder: Path, raw: Path) -> None:
        self.folder, self.raw = folder, raw
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``dbt build`` in a process group of its own."""
        command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "build", "--exclude-resource-type", "unit_test"]
        command += ["--vars", FEW, "--target-path", str(self.folder / "target")]
        command += ["--log-path", str(self.folder / "logs"), *arguments]
        # One key for all warehouses, so that their pseudonyms are the same.
        environment = os.environ | {
            "UPSWING_WAREHOUSE": str(self.folder),
            "UPSWING_RAW": str(self.raw),
            "UPSWING_KEYS": str(self.folder.parent / "keys"),
        }
        with (self.folder / "build.txt").open("wb") as said:
            return subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=said, stderr=said, start_new_session=True
            )

    def finish(self, *arguments: str) -> float:
        """Seconds of a build that must succeed."""
        started = time.perf_counter()
        running = self.start(*arguments)
        if running.wait():
            raise SystemExit(f"dbt build failed:\n{(self.folder / 'build.txt').read_text()[-4000:]}")
        return time.perf_counter() - started

    def kill(self, after: float) -> bool:
        """Kill a build with all its children; whether it still ran."""
        running = self.start()
        try:
            running.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            return True
        return False

    def marts(self) -> dict[str, tuple[int, str]]:
        """Rows and a checksum of each published mart that does not tell of the runs."""
        found = {}
        with duckdb.connect(str(self.folder / "marts.duckdb"), read_only=True) as connection:
            tables = connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
            for (table,) in tables:
                if table not in OF_THE_RUNS:
                    left_out = ", ".join(
                        name
                        for (name, *_rest) in connection.execute(f"describe {table}").fetchall()
                        if name in OF_THE_RUN
                    )
                    columns = f"* exclude ({left_out})" if left_out else "*"
                    rows, total = _one(
                        connection, f"select count(*), sum(hash(row_)) from (select {columns} from {table}) as row_"
                    )
                    found[table] = (rows, str(total))
        return found


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return connection.execute(sql).fetchone()


def poll(marts: str, stop: Any, seen: Any) -> None:
    """Read the published file until told to stop: tables, rows, clocks; anything that is not whole is told."""
    reads, versions, broken = 0, set(), []
    while not stop.is_set():
        try:
            with duckdb.connect(marts, read_only=True) as connection:
                tables = sorted(
                    name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()
                )
                rows = tuple(_one(connection, f"select count(*) from {table}")[0] for table in tables)
                clocks = {
                    _one(connection, f"select max(as_of_date)::varchar from {table}")[0]
                    for table in ("raw_deliveries", "products", "opportunity_priorities")
                    if table in tables
                    and "as_of_date" in {name for (name, *_) in connection.execute(f"describe {table}").fetchall()}
                } - {None}
            versions.add((tuple(tables), rows, tuple(sorted(clocks)), Path(marts).stat().st_ino))
            if len(clocks) > 1 or not tables:
                broken.append(f"clocks {clocks}, {len(tables)} tables")
        except Exception as error:
            # Before a first publish, and between two kills, there is no file.
            if Path(marts).exists():
                broken.append(str(error)[:200])
        reads += 1
        time.sleep(0.01)
    seen.put((reads, len(versions), len({len(version[0]) for version in versions}), broken[:3], len(broken)))


@contextmanager
def reader(marts: Path) -> Iterator[list[Any]]:
    """A reader in a process of its own for as long as the block lasts; what it saw is in the list after it."""
    context = mp.get_context("spawn")
    stop, seen = context.Event(), context.Queue()
    found: list[Any] = []
    process = context.Process(target=poll, args=(str(marts), stop, seen))
    process.start()
    try:
        yield found
    finally:
        stop.set()
        found.append(seen.get(timeout=60))
        process.join()


def small_raw(folder: Path, share: int) -> Path:
    """One in ``share`` products of the sample, with all that belongs to them; opportunities and visits likewise."""
    source = PROJECT / SAMPLE_FOLDER
    folder.mkdir(parents=True)
    for file in (source / f"{table}.parquet" for table in DELIVERED):
        names = pq.read_schema(file).names
        key = next((name for name in ("product_id", "opportunity_id") if name in names), None)
        where = f"where {key} is null or hash({key}::varchar) % {share} = 0" if key else ""
        duckdb.sql(f"copy (from '{file}' {where}) to '{folder / file.name}' (format parquet)")
    return folder


def identical_visits(folder: Path, count: int) -> tuple[float, tuple[int, int]]:
    """Seconds to stage one visit that was delivered many times, and the rows staged and set aside."""
    raw = folder / "raw_identical"
    raw.mkdir()
    visit = {
        "visit_id": ["same"], "opportunity_id": ["o"], "visited_at": ["2024-01-03 10:00:00"],
        "visit_note": ["They liked it, and Mr. Smith asked for an offer."],
    }  # fmt: skip
    table = pa.table(visit).take(pa.array([0] * count))
    pq.write_table(table, raw / "visits.parquet")
    builds = Builds(folder / "identical", raw)
    seconds = builds.finish("--select", "+stg_raw__visits", "+raw_deliveries")
    with duckdb.connect(str(builds.folder / "upswing.duckdb"), read_only=True) as connection:
        counted = _one(
            connection, "select rows_staged, rows_quarantined from marts.raw_deliveries where table_name = 'visits'"
        )
    return seconds, counted


def main() -> list[Figure]:
    """Measure what the arguments ask for; by default all of it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--builds", type=int, default=10)
    arguments.add_argument("--visits", type=int, default=1_000_000)
    arguments.add_argument("--share", type=int, default=20, help="one in so many products of the sample")
    asked = arguments.parse_args()
    draw = random.Random(SEED)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if asked.visits:
            seconds, (staged, aside) = identical_visits(folder, asked.visits)
            rows.append(
                Figure(
                    f"{asked.visits:,} identical visits",
                    f"{seconds:.0f} s, {staged} staged, {aside:,} set aside",
                    "-", "", "1 staged, all others set aside",
                    judged((staged, aside) == (1, asked.visits - 1)),
                )
            )  # fmt: skip
        if asked.kills or asked.builds:
            raw = small_raw(folder / "raw", asked.share)
            undisturbed = Builds(folder / "undisturbed", raw)
            first, second = undisturbed.finish(), undisturbed.finish()
            expected = undisturbed.marts()
        if asked.kills:
            rows.append(_killed(folder, raw, draw, asked.kills, first, second, expected))
        if asked.builds:
            rows.append(_read_through(undisturbed, raw, asked.builds))
    return rows


def _killed(
    folder: Path, raw: Path, draw: random.Random, kills: int, first: float, second: float, expected: dict[str, Any]
) -> Figure:
    """Kills of first builds and of later ones, in turn; after each the next build heals."""
    healed, ran, broken, seconds = 0, 0, [], []
    standing = folder / "undisturbed"
    with reader(folder / "killed" / "marts.duckdb") as seen:
        for number in range(kills):
            builds = Builds(folder / "killed", raw)
            is_later = number % 2 == 1
            if is_later:
                # A later build with something to do: all that is kept is there, and a table is delivered again.
                for name in ("upswing.duckdb", "marts.duckdb", "vault.sqlite", "audit.sqlite"):
                    if (standing / name).exists():
                        shutil.copy(standing / name, builds.folder / f"{name}.copied")
                        (builds.folder / f"{name}.copied").replace(builds.folder / name)
                (raw / "visits.parquet").touch()
            last_good = (builds.folder / "marts.duckdb").read_bytes() if is_later else None
            moment = draw.uniform(0.05, 0.95) * (second if is_later else first)
            was_running = builds.kill(moment)
            ran += was_running
            published = builds.folder / "marts.duckdb"
            if is_later and was_running and published.read_bytes() != last_good and builds.marts() != expected:
                broken.append(f"kill {number}: what was published is neither the old version nor the new one")
            seconds.append(builds.finish())
            found = builds.marts()
            if found == expected:
                healed += 1
            else:
                differing = [mart for mart in expected if found.get(mart) != expected[mart]]
                broken.append(f"kill {number} at {moment:.1f} s: {', '.join(differing)} differ")
            print(f"kill {number} at {moment:.1f} s, healed in {seconds[-1]:.0f} s", file=sys.stderr, flush=True)
            shutil.rmtree(builds.folder)
    for line in broken:
        print(line, file=sys.stderr)
    return Figure(
        f"kill -9 at {kills} moments, {ran} in mid-build",
        f"{healed} healed, {max(seconds):.0f} s at most",
        f"undisturbed first build {first:.0f} s, second {second:.0f} s",
        "", "each heals, marts equal",
        judged(healed == kills and not broken and not seen[0][4]),
    )  # fmt: skip


def _read_through(builds: Builds, raw: Path, count: int) -> Figure:
    """A reader through builds that each publish another version."""
    visits = pq.read_table(raw / "visits.parquet")
    taken = []
    with reader(builds.folder / "marts.duckdb") as seen:
        for number in range(count):
            pq.write_table(visits.slice(0, visits.num_rows - number), raw / "visits.parquet")
            taken.append(builds.finish())
    pq.write_table(visits, raw / "visits.parquet")
    reads, versions, sets_of_marts, broken, broken_reads = seen[0]
    for line in broken:
        print(line, file=sys.stderr)
    return Figure(
        f"reader through {count} builds",
        f"{reads:,} reads, {versions} versions, {broken_reads} that were not whole",
        f"builds of {min(taken):.0f} to {max(taken):.0f} s", "", "whole versions only",
        judged(not broken_reads and sets_of_marts == 1 and versions >= count),
    )  # fmt: skip


if __name__ == "__main__":
    show(main())
