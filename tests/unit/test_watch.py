"""What a watch sees of the raw folder, of dbt's graph, and of what it did before."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from upswing.quality.live import Watch
from upswing.quality.watch_builds import Built, Failure
from upswing.quality.watch_files import SETTLING_SECONDS, raw_files, unfinished
from upswing.quality.watch_graph import arriving_models, raw_tables, selectors, touched_models
from upswing.quality.watch_state import STATE_FILE, WatchState, only_watch, read_state, write_state
from upswing.user_errors import UserError


def parquet(path: Path, rows: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"select range as event_id from range({rows})").write_parquet(str(path))
    return path


def test_files_belong_to_the_table_they_or_their_folder_are_named_after(tmp_path: Path) -> None:
    parquet(tmp_path / "events" / "part-1.parquet")
    parquet(tmp_path / "visits.parquet" / "a.parquet")
    (tmp_path / "products.csv").write_text("product_id\n1\n")
    (tmp_path / "customers.csv.gz").write_bytes(b"")
    passed_over = ("events/.part-2.tmp", "events/part-3.parquet.tmp", "eventss.csv", "readme.txt", "events/notes.csv")
    for name in passed_over:
        (tmp_path / name).write_text("x")
    found = raw_files(str(tmp_path), ["events", "visits", "products", "customers"])
    assert {Path(file.path).relative_to(tmp_path).as_posix(): file.table for file in found.values()} == {
        "events/part-1.parquet": "events",
        "visits.parquet/a.parquet": "visits",
        "products.csv": "products",
        "customers.csv.gz": "customers",
    }
    assert raw_files(str(tmp_path / "nowhere"), ["events"]) == {}


def test_a_name_in_capitals_is_the_same_name(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "EVENTS" / "PART-1.PARQUET")
    (tmp_path / "Products.CSV").write_text("product_id\n1\n")
    parquet(tmp_path / "VISITS.PARQUET").write_bytes(b"PAR1")
    found = raw_files(str(tmp_path), ["events", "visits", "products"])
    assert {Path(file.path).name: file.table for file in found.values()} == {
        "PART-1.PARQUET": "events",
        "Products.CSV": "products",
        "VISITS.PARQUET": "visits",
    }
    assert found[str(whole)].is_whole()
    assert str(tmp_path / "VISITS.PARQUET") in unfinished(found.values())


@pytest.mark.parametrize("kept", [0, 3, 11, 100, -1, -4])
def test_a_parquet_file_without_its_end_is_not_whole(tmp_path: Path, kept: int) -> None:
    path = parquet(tmp_path / "events.parquet", 1000)
    whole = path.read_bytes()
    assert unfinished(raw_files(str(tmp_path), ["events"]).values()) == []
    path.write_bytes(whole[:kept])
    assert unfinished(raw_files(str(tmp_path), ["events"]).values()) == [str(path)]
    path.write_bytes(whole)
    assert unfinished(raw_files(str(tmp_path), ["events"]).values()) == []


def test_a_text_file_is_whole_when_it_has_rested(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("event_id\n1\n")
    (file,) = raw_files(str(tmp_path), ["events"]).values()
    written = file.modified_ns / 1e9
    assert not file.is_whole(written + SETTLING_SECONDS / 2)
    assert file.is_whole(written + SETTLING_SECONDS)


def manifest(children: dict[str, list[str]]) -> Any:
    """A manifest of nothing but names: sources (``raw.x``, ``raw_control.x``), tests (``test.x``) and models."""
    everything = {*children, *(child for found in children.values() for child in found)}
    sources = {
        key: SimpleNamespace(source_name=key.split(".")[0], name=key.split(".")[1])
        for key in everything
        if key.startswith(("raw.", "raw_control."))
    }
    nodes = {
        key: SimpleNamespace(
            name=key.split(".")[-1],
            resource_type="test" if key.startswith("test.") else "model",
            fqn=["upswing", "marts", key],
            checksum=SimpleNamespace(checksum=key),
        )
        for key in everything - set(sources)
    }
    return SimpleNamespace(nodes=nodes, sources=sources, macros={}, child_map=children)


GRAPH = manifest(
    {
        "raw.events": ["parsed_raw__events"],
        "raw.visits": ["parsed_raw__visits"],
        "raw_control.deliveries": ["raw_deliveries"],
        "raw_control.invocation": ["check_marts", "publish"],
        "parsed_raw__events": ["base_raw__clock", "check_raw", "int_events", "test.unique"],
        "parsed_raw__visits": ["base_raw__clock", "check_raw", "int_visits"],
        "check_raw": ["int_events", "int_visits", "int_weeks"],
        "base_raw__clock": ["int_events", "int_visits", "int_weeks"],
        "int_events": ["fit_customers", "score_customers"],
        "fit_customers": ["score_customers", "model_runs"],
        "score_customers": ["customers"],
        "customers": ["check_marts"],
        "model_runs": ["check_marts"],
        "int_weeks": ["check_marts"],
        "raw_deliveries": ["check_marts"],
        "check_marts": ["publish"],
    }
)


def test_touched_is_what_lies_below_without_what_only_the_clock_a_gate_or_a_fit_leads_to() -> None:
    gates = {"raw_deliveries", "check_marts", "publish"}
    assert set(touched_models(GRAPH, ["events"])) == gates | {
        "parsed_raw__events",
        "check_raw",
        "int_events",
        "score_customers",
        "customers",
    }
    assert set(touched_models(GRAPH, ["visits"])) == gates | {"parsed_raw__visits", "check_raw", "int_visits"}
    assert set(touched_models(GRAPH, [])) == gates
    assert set(arriving_models(GRAPH)) == {"parsed_raw__events", "parsed_raw__visits", "base_raw__clock"}
    assert raw_tables(GRAPH) == ["events", "visits"]
    assert selectors(GRAPH, ["customers"]) == ["fqn:upswing.marts.customers"]


class Pretended:
    """A dbt that builds nothing, and says what it is told to say."""

    def __init__(self, warehouse: Path) -> None:
        self.manifest = GRAPH
        self.variables: dict[str, Any] = {}
        self.project = self.warehouse = self.target_folder = warehouse
        self.asked: list[set[str] | None] = []
        self.parts = {"events": 1, "visits": 1}
        self.clock = "2024-01-01"
        self.breaks = self.is_elsewhere = False

    def build(self, models: list[str] | None, _left_out: list[str] | None = None) -> Built:
        self.asked.append(None if models is None else set(models))
        is_green = not (self.breaks and (models is None or "customers" in models))
        failures = [] if is_green else [Failure("unique_customers", "Got 2 results")]
        return Built(is_green, is_green and models != arriving_models(GRAPH), False, 1, 1, 0.1, failures)

    def read_one(self, sql: str) -> list[tuple[Any, ...]]:
        if "invocation" in sql:
            return [("another" if self.is_elsewhere else str(len(self.asked)),)]
        if "clock" in sql:
            return [(self.clock,)]
        return [(table, True, parts, f"parts{parts}", "contract") for table, parts in self.parts.items()]

    def is_busy(self) -> bool:
        return False


def test_a_watch_builds_what_is_touched_and_what_failed_until_it_is_green(tmp_path: Path) -> None:
    raw, dbt, told = tmp_path / "raw", Pretended(tmp_path), list[str]()
    parquet(raw / "events" / "1.parquet")
    watch = Watch(dbt, str(raw), told.append)  # type: ignore[arg-type]
    arriving = set(arriving_models(GRAPH))

    def deliver(table: str, part: int) -> list[set[str] | None]:
        parquet(raw / table / f"{part}.parquet")
        dbt.parts[table] = part
        before = len(dbt.asked)
        watch.look(100.0)
        return dbt.asked[before:]

    first = watch.look()
    assert first is not None
    assert first.is_whole
    assert dbt.asked == [None]
    assert watch.look() is None
    assert deliver("events", 2) == [arriving, set(touched_models(GRAPH, ["events"]))]
    assert "published in" in told[-1]

    dbt.breaks = True
    assert deliver("events", 3) == [arriving, set(touched_models(GRAPH, ["events"]))]
    assert "FAILED" in told[-3]
    assert "unique_customers: Got 2 results" in told[-2]
    assert watch.look(100.0) is None, "it is tried again at once"
    both = set(touched_models(GRAPH, ["events", "visits"]))
    assert deliver("visits", 2) == [arriving, both], "what failed is left standing"
    dbt.breaks = False
    assert deliver("visits", 3) == [arriving, both]
    assert deliver("visits", 4) == [arriving, set(touched_models(GRAPH, ["visits"]))]

    dbt.clock = "2024-01-02"
    assert deliver("visits", 5) == [arriving, None]
    dbt.is_elsewhere = True
    assert deliver("visits", 6) == [None]
    dbt.is_elsewhere = False
    assert deliver("visits", 7) == [None]
    Watch(dbt, str(raw), told.append).look()  # type: ignore[arg-type]
    assert dbt.asked[-1] == arriving, "a new watch goes on where the old one ended"


def test_a_file_that_is_written_anew_is_waited_for_and_a_new_one_is_passed_over(tmp_path: Path) -> None:
    raw, dbt, told = tmp_path / "raw", Pretended(tmp_path), list[str]()
    standing = parquet(raw / "events" / "1.parquet")
    watch = Watch(dbt, str(raw), told.append)  # type: ignore[arg-type]
    watch.look()
    (raw / "events" / "2.parquet").write_bytes(standing.read_bytes()[:-3])
    assert watch.look() is None
    assert "2.parquet is not wholly written yet" in told[-1]
    parquet(raw / "events" / "3.parquet")
    done = watch.look()
    assert done is not None
    assert done.left_out == [str(raw / "events" / "2.parquet")]
    whole = standing.read_bytes()
    standing.write_bytes(whole[:-3])
    asked = len(dbt.asked)
    assert watch.look() is None
    assert len(dbt.asked) == asked
    assert "1.parquet is not wholly written yet" in told[-1]
    standing.write_bytes(whole)
    assert watch.look() is not None


def test_state_is_kept_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    state = WatchState("code", "run", "2024-01-01", {"events": "a b"}, ["model.upswing.customers"])
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert stat.S_IMODE((tmp_path / STATE_FILE).stat().st_mode) == 0o600
    (tmp_path / STATE_FILE).write_text('{"code": 1, "surprise": 2}')
    assert read_state(tmp_path) is None
    (tmp_path / STATE_FILE).write_text("{")
    assert read_state(tmp_path) is None


def test_a_warehouse_has_one_watch(tmp_path: Path) -> None:
    with only_watch(tmp_path), pytest.raises(UserError, match=f"process {os.getpid()}"), only_watch(tmp_path):
        pass
    with only_watch(tmp_path):
        pass
