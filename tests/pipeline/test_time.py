"""as_of_date is the only clock: nothing after it reaches a feature, a label or a mart."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import FITS, OF_EACH_RUN, Warehouse, mart_names

AS_OF = "2017-11-15"
UNTESTED = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
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


def build_untested(warehouse: Warehouse) -> None:
    """All that a build makes, at the date; the data tests judge the build that all tests share."""
    done = warehouse.dbt("build", *UNTESTED, variables={"as_of_date": AS_OF})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def told_the_date(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Warehouse:
    """All raw data, the clock set back."""
    warehouse = Warehouse(tmp_path_factory.mktemp("told_the_date"), small_raw)
    build_untested(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def knows_no_more(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Warehouse:
    """A delivery of that day: what was observed later was never in it."""
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
    warehouse = Warehouse(tmp_path_factory.mktemp("knows_no_more"), raw)
    build_untested(warehouse)
    return warehouse


def test_a_clock_set_back_gives_what_was_known_that_day(told_the_date: Warehouse, knows_no_more: Warehouse) -> None:
    """Two builds in two warehouses: that their marts are equal also proves that training is deterministic."""
    for name in mart_names(told_the_date.manifest()):
        if name in {"raw_deliveries", "quarantine_reasons", *OF_EACH_RUN}:
            continue
        of_the_run = {
            "model_health": "checked_at",
            "model_runs": "fitted_at",
            "opportunity_priorities": "scored_at",
        }.get(name)
        columns = f"* exclude ({of_the_run})" if of_the_run else "*"
        rows = told_the_date.query(f"select {columns} from marts.{name} order by all")
        assert rows == knows_no_more.query(f"select {columns} from marts.{name} order by all"), name
        assert rows, name


def test_the_same_data_give_the_same_bytes(told_the_date: Warehouse, knows_no_more: Warehouse) -> None:
    for fit in FITS:
        weights = told_the_date.query(f"select weights from models.{fit}")
        assert weights == knows_no_more.query(f"select weights from models.{fit}")


def test_nothing_after_the_clock_is_in_a_mart(told_the_date: Warehouse) -> None:
    assert told_the_date.query("select max(week_starting) <= date '2017-11-13' from marts.product_weeks") == [(True,)]
    assert told_the_date.query(
        "select max(launched_on) <= date '2017-11-15' and max(as_of_date) = date '2017-11-15' "
        "from marts.breakout_products"
    ) == [(True,)]
    assert told_the_date.query("select max(visited_at) < date '2017-11-16' from marts.conversion_history") == [(True,)]
    (later,) = told_the_date.query(
        "select sum(quarantined_rows) from marts.quarantine_reasons "
        "where rejection_reason like '%lies after as_of_date'"
    )
    assert later[0] > 0
