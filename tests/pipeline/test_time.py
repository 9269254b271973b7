"""as_of_date is the only clock: nothing after it reaches a feature, a label or a mart."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from warehouse import COMPUTED_AT, FITS, OF_EACH_RUN, SQL_LAYERS, Warehouse, different_rows, mart_names

AS_OF = "2017-11-15"
EVERYTHING = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
"""Data tests judge the shared build."""

OBSERVED_ON = {
    "order_lines": "ordered_at",
    "events": "occurred_at",
    "feedback": "submitted_at",
    "competitor_prices": "observed_on",
    "inventory": "counted_on",
    "visits": "visited_at",
}
NOT_CLOSED_YET = f"""
    * replace (
        case when cast(closed_at as date) > date '{AS_OF}' then 'open' else status end as status,
        case when cast(closed_at as date) <= date '{AS_OF}' then closed_at end as closed_at
    )
"""
ABOUT_DELIVERIES = {"raw_deliveries", "quarantine_reasons"}
"""Marts that count the delivered rows, those after the clock too."""


def built_as_of(folder: Path, raw: Path, *nodes: str) -> Warehouse:
    """A warehouse built with the clock set."""
    warehouse = Warehouse(folder, raw)
    done = warehouse.dbt("build", *nodes, variables={"as_of_date": AS_OF})
    assert done.returncode == 0, done.stdout[-6000:]
    return warehouse


@pytest.fixture(scope="module")
def raw_of_that_day(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Path:
    """A delivery of that day: it never had what was observed later."""
    raw = tmp_path_factory.mktemp("raw_of_that_day")
    shutil.copytree(small_raw / "truth", raw / "truth")
    for file in small_raw.glob("*.parquet"):
        rows = duckdb.sql(f"select * from '{file}'")
        if file.stem == "opportunities":
            rows = rows.filter(f"cast(opened_at as date) <= date '{AS_OF}'").project(NOT_CLOSED_YET)
        if file.stem == "campaign_touches":
            rows = rows.filter(f"touched_at <= date '{AS_OF}'")
        if file.stem in OBSERVED_ON:
            rows = rows.filter(f"cast({OBSERVED_ON[file.stem]} as date) <= date '{AS_OF}'")
        rows.write_parquet(str(raw / file.name))
    return raw


def tables(warehouse: Warehouse, *schemas: str) -> list[str]:
    """Tables of some schemas, without those about runs and deliveries."""
    named = warehouse.query(f"select schema_name, table_name from duckdb_tables() where schema_name in {schemas}")
    return sorted(f"{schema}.{table}" for schema, table in named if table not in OF_EACH_RUN | ABOUT_DELIVERIES)


def different(one: Warehouse, other: Warehouse, names: list[str]) -> dict[str, int]:
    """Rows that one of two warehouses has alone, by table."""
    files = (one.folder / "upswing.duckdb", other.folder / "upswing.duckdb")
    return different_rows(*files, {name: name for name in names}, COMPUTED_AT)


def test_what_models_learn_from_is_what_was_known_that_day(
    tmp_path: Path, small_raw: Path, raw_of_that_day: Path
) -> None:
    """All that SQL makes of the raw tables: features, labels, and the marts that no model is behind."""
    clock_set_back = built_as_of(tmp_path / "clock_set_back", small_raw, *SQL_LAYERS)
    delivered_then = built_as_of(tmp_path / "delivered_then", raw_of_that_day, *SQL_LAYERS)
    names = tables(clock_set_back, "intermediate", "marts", "models")
    assert {"intermediate.int_launch_histories", "intermediate.int_customer_snapshots", "marts.products"} <= set(names)
    assert different(clock_set_back, delivered_then, names) == {}
    (later,) = clock_set_back.query(
        "select sum(quarantined_rows) from marts.quarantine_reasons "
        "where rejection_reason like '%lies after as_of_date'"
    )
    assert later[0] > 0


@pytest.fixture(scope="module")
def build_all(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Warehouse]:
    """Build everything of a raw folder, the learned models too."""
    return lambda raw: built_as_of(tmp_path_factory.mktemp("whole"), raw, *EVERYTHING)


@pytest.fixture(scope="module")
def clock_set_back(build_all: Callable[[Path], Warehouse], small_raw: Path) -> Warehouse:
    """All raw data, the clock set back."""
    return build_all(small_raw)


@pytest.fixture(scope="module")
def delivered_then(build_all: Callable[[Path], Warehouse], raw_of_that_day: Path) -> Warehouse:
    """The delivery of that day."""
    return build_all(raw_of_that_day)


@pytest.mark.slow
def test_a_clock_set_back_gives_the_marts_of_that_day(clock_set_back: Warehouse, delivered_then: Warehouse) -> None:
    """Two builds in two warehouses: that their marts are equal also proves that training is deterministic."""
    names = tables(clock_set_back, "marts")
    assert len(names) == len(set(mart_names(clock_set_back.manifest())) - OF_EACH_RUN - ABOUT_DELIVERIES)
    assert different(clock_set_back, delivered_then, names) == {}
    for name in names:
        assert clock_set_back.query(f"select 1 from {name} limit 1"), f"{name} compares nothing"


@pytest.mark.slow
def test_the_same_data_give_the_same_bytes(clock_set_back: Warehouse, delivered_then: Warehouse) -> None:
    for fit in FITS:
        weights = f"select weights from models.{fit}"
        assert clock_set_back.query(weights) == delivered_then.query(weights), fit


@pytest.mark.slow
def test_nothing_after_the_clock_is_in_a_mart(clock_set_back: Warehouse) -> None:
    days = {
        "product_weeks": "max(week_starting) <= date '2017-11-13'",
        "breakout_products": "max(launched_on) <= date '2017-11-15' and max(as_of_date) = date '2017-11-15'",
        "conversion_history": "max(visited_at) < date '2017-11-16'",
    }
    for mart, is_before in days.items():
        assert clock_set_back.query(f"select {is_before} from marts.{mart}") == [(True,)], mart
