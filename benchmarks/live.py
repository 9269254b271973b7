"""100,000 browsing events a minute into ``upswing watch``: from when a part is written to its publication.

A process of its own writes a part every few seconds, aside and then renamed; this one watches the folder. The events
are the sample's own, drawn anew with ids and sessions of their own and dated on the sample's last day; one in a hundred
is delivered twice, one in two hundred has a time that is none. Afterwards all but the fits is dropped from a copy of
the warehouse, a full build of the same raw folder is made in it, and its marts are compared with what the batches left,
row for row.

    python benchmarks/live.py [--warehouse FOLDER] [--minutes 5] [--rate 100000]

``--warehouse`` is a warehouse that was built from the sample; it is copied. Without it, one is built: minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
from _report import Figure, judged, show

from upswing.quality.live import Watch
from upswing.quality.watch_builds import WarmDbt
from upswing.quality.watch_rounds import Round
from upswing.sample.complete_journey import SAMPLE_FOLDER

PROJECT = Path(__file__).parent.parent
PART_SECONDS = 6.0
GOAL_SECONDS = 60
ABOUT_RUNS = ("pipeline_runs", "publish_log", "quality_results", "quality_summary", "model_health")
"""Marts that tell of the builds themselves, of which there were others."""
CLOCKS = ("published_at", "checked_at")


def write_parts(folder: Path, minutes: float, rate: int) -> None:
    """Write parts of events at an even pace; what is late is not made up for by more haste.

    Args:
        folder: of the parts of the raw table events.
        minutes: for how long.
        rate: events a minute.
    """
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"create table pool as from read_parquet('{folder}/part-00000.parquet')")
    (last_day,) = connection.execute(
        "select max(occurred_at::date) from pool where occurred_at < timestamp '2017-12-31 23:59:59'"
    ).fetchone() or (None,)
    connection.execute(
        f"delete from pool where not occurred_at between date '{last_day}' - 90 and date '{last_day}' + 1"
    )
    rows = round(rate * PART_SECONDS / 60)
    started = time.time()
    for number in range(1, round(minutes * 60 / PART_SECONDS) + 1):
        time.sleep(max(0.0, started + number * PART_SECONDS - time.time()))
        aside = folder / f".part-{number:05}.tmp"
        connection.execute(
            f"""copy (
                select * replace (
                    'L{number}-' || case when i % 100 = 0 then i - 1 else i end as event_id,
                    'LS{number}-' || (i // 9) as session_id,
                    case when i % 200 = 1 then null else timestamp '{last_day} 00:00:00'
                        + interval (({number} * 97 + i * 7) % 86000) second end as occurred_at
                )
                from (
                    select *, row_number() over () as i
                    from (from pool order by hash(event_id || '{number}') limit {rows})
                )
            ) to '{aside}' (format parquet)"""
        )
        aside.rename(folder / f"part-{number:05}.parquet")


def watched(raw: Path, warehouse: Path, minutes: float, rate: int) -> Iterator[tuple[Round, dict[str, float], float]]:
    """Rounds of a watch while parts arrive, each with the seconds that the parts in it waited for their publication."""
    dbt = WarmDbt(PROJECT, warehouse, {})
    dbt.read_project()
    watch = Watch(dbt, str(raw), lambda line: print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True))
    watch.look()
    settled = {"part-00000.parquet"}
    writer = subprocess.Popen([sys.executable, __file__, "--write", str(raw / "events"), str(minutes), str(rate)])
    while True:
        began = time.process_time()
        done = watch.look(1.0)
        if done is not None and done.built.is_published:
            published_at, rows = time.time(), published_rows(warehouse)
            upto = 0
            waited: dict[str, float] = {}
            for part in sorted((raw / "events").glob("part-*.parquet")):
                (count,) = duckdb.sql(f"select count(*) from '{part}'").fetchone() or (0,)
                upto += count
                if upto <= rows and part.name not in settled:
                    settled.add(part.name)
                    waited[part.name] = published_at - part.stat().st_mtime
            yield done, waited, time.process_time() - began
        if writer.poll() is not None and done is None:
            return
        if done is None:
            threading.Event().wait(0.5)


def published_rows(warehouse: Path) -> int:
    """Rows of the raw table events that the published marts know of."""
    with duckdb.connect(str(warehouse / "marts.duckdb"), read_only=True) as connection:
        found = connection.execute("select rows_delivered from raw_deliveries where table_name = 'events'").fetchone()
    return int(found[0]) if found else 0


def drop_all_but_fits(warehouse: Path) -> None:
    """Leave what was learned, so that two builds serve the same models, and nothing that was computed from it."""
    with duckdb.connect(str(warehouse / "upswing.duckdb")) as connection:
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            if not table.startswith("fit_"):
                connection.execute(f'drop table "{schema}"."{table}" cascade')


def drifted(raw: Path, warehouse: Path, folder: Path) -> tuple[dict[str, int], int]:
    """Marts that differ from those of a full build, with how many rows do; and how many marts were compared."""
    whole = folder / "whole"
    shutil.copytree(warehouse, whole)
    drop_all_but_fits(whole)
    environment = os.environ | {"UPSWING_WAREHOUSE": str(whole), "UPSWING_RAW": str(raw)}
    environment |= {"DBT_TARGET_PATH": str(whole / "target"), "DBT_LOG_PATH": str(whole / "logs")}
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "build", "--full-refresh"]
    command += ["--exclude-resource-type", "unit_test", "--vars", "{refit: never}"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
    different: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse / 'marts.duckdb'}' as batches (read_only)")
        connection.execute(f"attach '{whole / 'marts.duckdb'}' as full_build (read_only)")
        marts = [
            str(name)
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'full_build' order by 1"
            ).fetchall()
            if name not in ABOUT_RUNS
        ]
        for mart in marts:
            rows = "select columns(name -> name not in ('" + "', '".join(CLOCKS) + "')) from"
            (count,) = connection.execute(
                f"select (select count(*) from ({rows} batches.{mart} except all {rows} full_build.{mart}))"
                f" + (select count(*) from ({rows} full_build.{mart} except all {rows} batches.{mart}))"
            ).fetchone() or (0,)
            if count:
                different[mart] = int(count)
    return different, len(marts)


def main(built: Path | None, minutes: float, rate: int) -> list[Figure]:
    """Measure; a row for the wait, one for the drift."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        raw, warehouse = folder / "raw", folder / "warehouse"
        shutil.copytree(PROJECT / SAMPLE_FOLDER, raw)
        (raw / "events").mkdir()
        (raw / "events.parquet").rename(raw / "events" / "part-00000.parquet")
        if built is not None:
            shutil.copytree(built, warehouse, ignore=shutil.ignore_patterns("logs", "target", "watch.*"))
            drop_all_but_fits(warehouse)
        warehouse.mkdir(exist_ok=True)
        os.environ |= {"UPSWING_WAREHOUSE": str(warehouse), "UPSWING_RAW": str(raw)}
        os.environ |= {"DBT_TARGET_PATH": str(warehouse / "target"), "DBT_LOG_PATH": str(warehouse / "logs")}
        os.chdir(PROJECT)
        waits: list[float] = []
        rounds: list[Round] = []
        cpus: list[float] = []
        for done, waited, cpu in watched(raw, warehouse, minutes, rate):
            if waited:
                rounds.append(done)
                cpus.append(cpu)
                waits += waited.values()
                worst = max(waited.values())
                slow = ", ".join(f"{name} {seconds:.1f}" for name, seconds in done.built.slowest[:6])
                print(f"  {len(waited)} parts, waited at most {worst:.0f} s; slowest: {slow}", flush=True)
        WarmDbt.let_go()
        different, marts = drifted(raw, warehouse, folder)
    events = round(rate * minutes)
    per_round = statistics.median(done.seconds for done in rounds)
    return [
        Figure(
            f"{events:,} events in {minutes:g} minutes: from a part written to published, longest",
            f"{max(waits):.0f} s",
            f"median part {statistics.median(waits):.0f} s",
            f"{len(rounds)} rounds, median {per_round:.0f} s ({statistics.median(cpus):.0f} s of CPU)",
            f"< {GOAL_SECONDS} s",
            judged(max(waits) < GOAL_SECONDS),
        ),
        Figure(
            "marts that differ from a full build",
            ", ".join(f"{mart} {rows}" for mart, rows in different.items()) or "0",
            f"{marts} marts compared",
            "",
            "0",
            judged(not different),
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write_parts(Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
        parser.add_argument("--warehouse", type=Path)
        parser.add_argument("--minutes", type=float, default=5)
        parser.add_argument("--rate", type=int, default=100_000)
        given = parser.parse_args()
        show(main(given.warehouse, given.minutes, given.rate))
