"""``upswing watch``: what arrives is built, tested and published; what breaks is told of, and the watch goes on."""

from __future__ import annotations

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warehouse import OF_EACH_RUN, PSEUDONYM_KEY, Warehouse, different_rows, mart_names
from warehouse_variables import ALWAYS, PROJECT

from upswing.privacy.pseudonyms import pseudonyms
from upswing.quality.watch_builds import WarmDbt

PATIENCE = 240.0
"""Seconds that a line of the watch is waited for."""
ABOUT_RUNS = OF_EACH_RUN | {"model_health"}
"""Marts about the builds themselves."""


OBSERVED = (
    "order_lines",
    "events",
    "campaign_touches",
    "feedback",
    "competitor_prices",
    "inventory",
    "opportunities",
    "visits",
)
"""Raw tables whose days set the clock."""
CHAIN = {"base_raw__clock", "base_raw__events", "quarantine_events", "stg_raw__events", "int_events"} | {
    f"parsed_raw__{table}" for table in OBSERVED
}
"""Models that events go through."""


class Watching:
    """A watch in a process of its own, and the lines it prints."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        settings = {
            "DBT_TARGET_PATH": str(warehouse.folder / "target"),
            "DBT_LOG_PATH": str(warehouse.folder / "logs"),
            "PYTHONUNBUFFERED": "1",
        }
        command = "from upswing.commands.watch import watch; watch()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, "--every", "0.5", "--vars", json.dumps(ALWAYS)],
            cwd=PROJECT,
            env=warehouse.environment() | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.told: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def line(self, wanted: str) -> str:
        """The next line that holds these words."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            self.told.append(line)
            if wanted in line:
                return line
        raise AssertionError(f"no line with {wanted!r} in:\n" + "\n".join(self.told))

    def wait_for(self, file: Path) -> None:
        """Wait until a file is there."""
        until = time.monotonic() + PATIENCE
        while not file.exists():
            assert time.monotonic() < until, f"no {file} after:\n" + "\n".join(self.told)
            time.sleep(0.1)

    def published(self) -> tuple[int, int]:
        """Which file is published."""
        found = (self.warehouse.folder / "marts.duckdb").stat()
        return found.st_ino, found.st_mtime_ns


@pytest.fixture
def live(built: Warehouse, tmp_path: Path) -> Iterator[Watching]:
    """A watch of copies of the shared build and of its raw folder."""
    shutil.copytree(built.raw, tmp_path / "raw")
    watching = Watching(built.copied(tmp_path / "warehouse", tmp_path / "raw"))
    try:
        yield watching
    finally:
        watching.process.kill()
        watching.process.wait()


def deliver(raw: Path, table: pa.Table) -> None:
    """Write aside, then rename."""
    pq.write_table(table, raw / ".opt_outs.tmp")
    (raw / ".opt_outs.tmp").rename(raw / "opt_outs.parquet")


@pytest.mark.slow
def test_what_arrives_is_published_what_breaks_is_told_and_nothing_drifts(live: Watching, built: Warehouse) -> None:
    raw, first = live.warehouse.raw, live.published()
    live.line("watching")
    live.wait_for(live.warehouse.folder / "watch.json")
    assert built.query_published("select count(*) from marketing_pushes")[0][0] > 0

    # Fewer than the gates judge, who would stop where such a table is gone again.
    buyers = duckdb.sql(
        f"select distinct customer_id::varchar as buyer from '{raw}/order_lines.parquet' "
        "where customer_id is not null order by buyer limit 900"
    ).fetchall()
    customers = pa.array([buyer for (buyer,) in buyers])
    pseudonymous = set(pseudonyms(PSEUDONYM_KEY, customers).to_pylist())
    opted_out = pa.table({"customer_id": customers, "opted_out_at": pa.array(["2017-06-01 10:00:00"] * len(customers))})
    deliver(raw, opted_out)
    line = live.line("opt_outs: ")
    assert "published in" in line, "\n".join(live.told)
    assert int(line.split(" models built")[0].split()[-1]) < 60, "more was built than what the table touches"
    second = live.published()
    assert second != first
    pushed_to = "select distinct customer_id from marketing_pushes where not is_control"
    assert pseudonymous & {customer for (customer,) in built.query_published(pushed_to)}
    assert not pseudonymous & {customer for (customer,) in live.warehouse.query_published(pushed_to)}

    deliver(raw, opted_out.rename_columns(["buyer", "opted_out_at"]))
    live.line("FAILED")
    assert "customer_id" in live.line("dbt: "), "\n".join(live.told)
    assert live.published() == second, "a round that failed published"

    half = (raw / "opt_outs.parquet").read_bytes()
    (raw / "opt_outs.parquet").write_bytes(half[: len(half) // 2])
    live.line("is not wholly written yet")
    assert live.published() == second

    (raw / "opt_outs.parquet").unlink()
    assert "published in" in live.line("opt_outs: ")
    marts = set(mart_names(built.manifest())) - ABOUT_RUNS
    published = (live.warehouse.folder / "marts.duckdb", built.folder / "marts.duckdb")
    assert different_rows(*published, {mart: mart for mart in marts}) == {}

    live.process.send_signal(signal.SIGINT)
    live.line("stopped")
    assert live.process.wait(PATIENCE) == 0


def events(seed: int) -> list[list[dict[str, Any]]]:
    """Events by delivery: sessions that go on in a later one, bots, double clicks, corrections, broken ones."""
    draw = np.random.default_rng(seed)
    begins = datetime(2024, 3, 1, 23, 50)
    parts: list[list[dict[str, Any]]] = [[] for _part in range(4)]
    for session in range(120):
        part = int(draw.integers(0, 4))
        at = begins + timedelta(days=part, minutes=int(draw.integers(0, 600)))
        is_bot = session % 10 == 0
        for number in range(80 if is_bot else int(draw.integers(1, 12))):
            at += timedelta(seconds=0.2 if is_bot else int(draw.choice([1, 2, 3, 40, 4000])))
            event = {
                "event_id": f"e{session}-{number}",
                "session_id": f"s{session}",
                "customer_id": f"c{session % 17}" if session % 3 else None,
                "event_type": str(draw.choice(["view", "search", "click"])),
                "product_id": f"p{draw.integers(0, 2)}",
                "occurred_at": "never" if draw.random() < 0.02 else at.isoformat(sep=" "),
            }
            arrival = min(part + int(draw.random() < 0.2) + int(draw.random() < 0.1), 3)
            parts[arrival].append(event)
            if draw.random() < 0.1 and arrival < 3:
                parts[int(draw.integers(arrival + 1, 4))].append(event | {"session_id": f"s{(session + 1) % 120}"})
    # A day that the clock does not know before the last delivery.
    parts[0].append(parts[0][0] | {"event_id": "later", "occurred_at": "2024-03-05 01:00:00"})
    return parts


def test_sessions_kept_up_equal_those_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "raw"
    (raw / "events").mkdir(parents=True)
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("UPSWING_RAW", str(raw))
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", PSEUDONYM_KEY.hex())
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    table = "intermediate.int_events"

    def run(folder: str, as_of_date: str) -> tuple[list[tuple[Any, ...]], str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path / folder))
        dbt = WarmDbt(PROJECT, tmp_path / folder, {"as_of_date": as_of_date})
        dbt.manifest = manifest
        chain = [key for key, node in manifest.nodes.items() if node.name in CHAIN and node.resource_type == "model"]
        done = dbt.build(chain)
        assert done.is_green, done.failures
        (comment,) = dbt.read_one("select comment from duckdb_tables() where table_name = 'int_events'")
        return dbt.read_one(f"select * from {table} order by all"), json.loads(comment[0])["generation"]

    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    parsing = WarmDbt(PROJECT, tmp_path, {"as_of_date": "2024-03-02"})
    parsing.read_project()
    manifest = parsing.manifest
    generations = set()
    parts = events(3)
    for number, rows in enumerate(parts):
        names = list(rows[0])
        columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
        pq.write_table(pa.table(columns), raw / "events" / f"{number}.parquet")
        kept_up, generation = run("kept_up", f"2024-03-0{number + 2}")
        generations.add(generation)
        at_once, _generation = run(f"at_once_{number}", f"2024-03-0{number + 2}")
        assert kept_up == at_once, f"delivery {number}"
    assert len(generations) == 1, "it was made anew, though parts were only added"
    marks = {row[8:10] for row in kept_up}
    assert {(True, False), (False, True), (False, False)} <= marks, marks
    assert any(row[0] == "later" for row in kept_up)
