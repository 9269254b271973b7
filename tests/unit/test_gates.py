"""The gates: what they find, what they let through, and what they do not judge again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pyarrow as pa
import pytest
import yaml

from upswing.quality import gates
from upswing.quality.expectations import PERSONAL, Reference, between, holds, marts, staging, statistic
from upswing.quality.expectations import raw as raw_suites
from upswing.quality.gate_results import RESULT_SCHEMA, as_json, as_junit, as_text, failures
from upswing.quality.gate_tables import GateSettings

MODELS = Path(__file__).parents[2] / "models"
CONTRACT = {
    "name": "order_lines",
    "columns": [
        {"name": "order_id", "data_type": "string", "required": True},
        {"name": "customer_id", "data_type": "string"},
        {"name": "quantity", "data_type": "double", "required": True},
        {"name": "ordered_at", "data_type": "timestamp", "required": True, "observed": True},
    ],
}
LINES = """
    select
        'o' || i as order_id,
        case when i % 3 = 0 then 'somebody' || i end as customer_id,
        case when i % 100 < {broken} then null else 1.0 + i % 7 end as quantity,
        timestamp '2024-01-01' + to_days(cast(i % 300 as int)) as ordered_at,
        i as raw_row_number,
        case when i % 100 < {broken} then 'quantity is not a number' end as contract_rejection
    from range({rows}) as numbers(i)
"""
SETTINGS = GateSettings()


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory with one raw table, as a build leaves it."""
    with duckdb.connect() as connection:
        for schema in ("raw", "staging", "marts", "quality"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            f"create table raw.deliveries as select 'order_lines' as table_name, '{json.dumps(CONTRACT)}' as contract"
        )
        connection.execute(
            "create table raw.mart_lineage as select 'raw' as layer, 'order_lines' as table_name, "
            "'shop@example.com' as owner, 'products, sales_forecasts' as protected_marts"
        )
        deliver(connection, rows=3000)
        yield connection


def deliver(connection: duckdb.DuckDBPyConnection, rows: int, broken: int = 0) -> None:
    connection.execute(
        f"create or replace table staging.parsed_raw__order_lines as {LINES.format(rows=rows, broken=broken)}"
    )


def run(connection: duckdb.DuckDBPyConnection, run_id: str, settings: GateSettings = SETTINGS) -> list[dict[str, Any]]:
    """What the raw gate finds anew; kept as the build keeps it."""
    stands = bool(connection.execute("select 1 from duckdb_tables() where table_name = 'check_raw'").fetchall())
    found, _ = gates.results_now(connection, "raw", ["order_lines"], settings, run_id, "quality.check_raw", stands)
    rows = pa.Table.from_pylist(found, schema=RESULT_SCHEMA)
    connection.execute(
        "insert into quality.check_raw select * from rows" if stands else "create table quality.check_raw as from rows"
    )
    assert rows.num_rows == len(found)
    return found


def publish(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create or replace table quality.publish as select (now() at time zone 'UTC') as published_at")


def of(results: list[dict[str, Any]], expectation_id: str) -> dict[str, Any]:
    (found,) = [result for result in results if result["expectation_id"] == expectation_id]
    return found


def test_a_sound_delivery_passes_and_is_not_judged_again(session: duckdb.DuckDBPyConnection) -> None:
    first = run(session, "first")
    assert failures(first) == []
    assert of(first, "rows")["observed"] == "3,000"
    assert of(first, "ordered_at.measure.newest")["observed"] == "2024-10-26"
    assert run(session, "second") == []
    deliver(session, rows=3001)
    assert len(run(session, "third")) == len(first)


def test_a_column_that_cannot_be_read_warns_first_and_then_stops(session: duckdb.DuckDBPyConnection) -> None:
    deliver(session, rows=3000, broken=10)
    (warned,) = failures(run(session, "warned"))
    assert (warned["column_name"], warned["severity"], warned["observed"]) == ("quantity", "warn", "10.00%")
    assert warned["unexpected_rows"] == 300
    deliver(session, rows=3000, broken=60)
    (stopped,) = failures(run(session, "stopped"), "error")
    assert len(json.loads(stopped["sample_rows"])) == 5
    words = gates.refusal("raw", [stopped])
    for part in (
        "order_lines.quantity",
        "60.00%",
        "at most 5.00%",
        "shop@example.com",
        "products, sales_forecasts",
        "gates: warn",
    ):
        assert part in words


def test_what_stopped_a_build_is_judged_again_until_it_is_let_through(session: duckdb.DuckDBPyConnection) -> None:
    run(session, "first")
    publish(session)
    session.execute("truncate table staging.parsed_raw__order_lines")
    (lost,) = failures(run(session, "lost"))
    assert (lost["expectation_id"], lost["severity"], lost["observed"]) == ("rows", "error", "0")
    assert failures(run(session, "still lost"), "error")
    run(session, "let through", GateSettings(gates="warn"))
    publish(session)
    (small,) = run(session, "accepted")
    assert small["success"] is None
    assert small["expectation"].startswith("not judged")


def test_figures_are_compared_with_the_last_published_run_and_no_other(session: duckdb.DuckDBPyConnection) -> None:
    run(session, "published")
    publish(session)
    deliver(session, rows=8000)
    (grown,) = failures(run(session, "not published"))
    assert (grown["severity"], grown["expected"]) == ("warn", "1,500 to 6,000")
    deliver(session, rows=8001)
    assert [failure["expectation_id"] for failure in failures(run(session, "compared with 3,000 yet"))] == ["rows"]
    publish(session)
    deliver(session, rows=8002)
    assert failures(run(session, "compared with 8,001")) == []


def test_small_tables_are_not_judged(session: duckdb.DuckDBPyConnection) -> None:
    deliver(session, rows=8, broken=90)
    (result,) = run(session, "small")
    assert result["success"] is None


def test_nulls_that_come_up_and_an_older_delivery_are_told(session: duckdb.DuckDBPyConnection) -> None:
    run(session, "first")
    publish(session)
    session.execute(
        "update staging.parsed_raw__order_lines set customer_id = null, ordered_at = ordered_at - interval 90 day"
    )
    failed = {failure["expectation_id"]: failure for failure in failures(run(session, "second"))}
    assert set(failed) == {"customer_id.measure.nulls", "ordered_at.measure.newest"}
    assert {failure["severity"] for failure in failed.values()} == {"warn"}
    assert "customer_id" not in json.loads(failed["customer_id.measure.nulls"]["sample_rows"])[0]


def test_reports_for_people_and_machines(session: duckdb.DuckDBPyConnection) -> None:
    deliver(session, rows=3000, broken=60)
    results = run(session, "broken")
    assert json.loads(as_json(results))["failed"] == {"error": 1, "warn": 0}
    (suite,) = ElementTree.fromstring(as_junit(results)).findall("testsuite")
    assert (suite.get("name"), suite.get("failures"), suite.get("tests")) == ("raw.order_lines", "1", str(len(results)))
    (failure,) = suite.findall("testcase/failure")
    assert "marts not to be trusted: products" in (failure.text or "")
    assert "1 failed at the level error" in as_text(results)


def test_bounds_are_of_two_levels() -> None:
    expected = holds("positive", "x is positive", "x > 0", 0.9, 0.5)
    assert [expected.severity_of(share) for share in (0.2, 0.6)] == ["warn", "error"]
    assert between("x", 0, 1, 0.9, 0.5).severity_of(0.4) == "error"
    assert between("x", 0, 1, 0.9).severity_of(0.4) == "warn"
    assert statistic("median", "x", 0, None, error_minimum=0).severity_of(-1) == "error"


@pytest.mark.parametrize("suites", [staging, marts])
def test_no_size_or_spread_stops_a_build(suites: Any) -> None:
    """A shop of few products, competitors or customers is a shop."""
    sizes = ("rows", "distinct", "stdev", "median")
    found = [expected for suite in suites.SUITES.values() for expected in suite.expectations if expected.kind in sizes]
    assert len(found) > 5
    assert {expected.severity for expected in found} == {"warn"}


def declared_columns(folder: str) -> dict[str, set[str]]:
    declared = {}
    for file in (MODELS / folder).rglob("*.yml"):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
            declared[model["name"]] = {column["name"] for column in model["columns"]}
    return declared


@pytest.mark.parametrize(("suites", "folder", "prefix"), [(staging, "staging/raw", "stg_raw__"), (marts, "marts", "")])
def test_suites_speak_of_tables_and_columns_that_are_there(suites: Any, folder: str, prefix: str) -> None:
    declared = declared_columns(folder)
    for table, suite in suites.SUITES.items():
        columns = declared[f"{prefix}{table}"]
        named = {expected.column for expected in suite.expectations if expected.column}
        assert {*named, *suite.drift, *suite.keys} <= columns, table
        assert not PERSONAL & set(suite.drift), table
        ids = [expected.expectation_id for expected in suite.expectations]
        assert len(ids) == len(set(ids)), table


def test_the_raw_suite_is_made_from_the_contract() -> None:
    expectations = raw_suites.suite(CONTRACT, Reference()).expectations
    assert [expected.expectation_id for expected in expectations] == [
        "order_id.measure.broken",
        "customer_id.measure.nulls",
        "quantity.measure.broken",
        "ordered_at.measure.broken",
        "ordered_at.measure.newest",
        "ordered_at.measure.future",
    ]


def test_when_something_was_published_is_known_without_the_table(session: duckdb.DuckDBPyConnection) -> None:
    run(session, "first")
    publish(session)
    deliver(session, rows=3001)
    at = of(run(session, "second"), "rows")["reference_at"]
    assert isinstance(at, datetime)
    session.execute("truncate table quality.publish")
    deliver(session, rows=3002)
    assert of(run(session, "third"), "rows")["reference_at"] == at
