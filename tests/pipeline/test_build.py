"""The main job on real data: what it publishes, and what a second run does."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from warehouse import FITS, OF_EACH_RUN, PRINTED, SQL_LAYERS, Warehouse, different_rows, flat, mart_names

from upswing.cli import main
from upswing.commands.published import QUESTIONS


def fits(warehouse: Warehouse) -> list[tuple[object, ...]]:
    columns = "model_name, model_version, md5(weights), md5(metrics)"
    selects = [f"select {columns} from models.{fit}" for fit in FITS]
    return warehouse.query(" union all ".join(selects) + " order by all")


def built_from(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """What the tables that are kept up were built from, and in which run they were last made anew."""
    noted = warehouse.query(
        "select schema_name, table_name, comment from duckdb_tables() where comment like '{%' order by all"
    )
    assert len(noted) == 19, noted
    return noted


def test_the_marts_alone_are_published_whole_and_described(built: Warehouse) -> None:
    published = built.query_published("select table_name from duckdb_tables() order by table_name")
    names = mart_names(built.manifest())
    assert [name for (name,) in published] == names
    for name in names:
        columns = built.query_published(
            f"select column_name, comment from duckdb_columns() where table_name = '{name}'"
        )
        assert all(comment for _, comment in columns), name
    # What publishes, and the publication itself, are written into the file that is published.
    whole = {f"marts.{name}": name for name in names if name not in ("pipeline_runs", "publish_log")}
    assert different_rows(built.folder / "upswing.duckdb", built.folder / "marts.duckdb", whole) == {}


def test_the_sample_fills_every_mart(built: Warehouse) -> None:
    for name in mart_names(built.manifest()):
        assert built.query_published(f"select count(*) from {name}")[0][0] > 0, name


def test_the_mess_of_browsing_feedback_and_prices_is_set_aside_with_its_reasons(built: Warehouse) -> None:
    found = built.query_published(
        "select distinct table_name || ': ' || rejection_reason from quarantine_reasons "
        "where table_name in ('events', 'feedback', 'competitor_prices')"
    )
    told = {reason for (reason,) in found}
    assert {
        "events: occurred_at lies before 1971",
        "events: session_id is missing",
        "events: a later row has the same key",
        "feedback: rating is above 5",
        "competitor_prices: price is below 0",
    } <= told, told


def test_sales_are_conserved_from_the_delivery_to_the_mart(built: Warehouse) -> None:
    delivered = built.query(f"select sum(quantity), round(sum(net_amount), 2) from '{built.raw}/order_lines.parquet'")
    assert built.query_published("select sum(units), round(sum(net_revenue), 2) from product_weeks") == delivered
    assert built.query_published("select sum(units), round(sum(net_revenue), 2) from products") == delivered


def test_nothing_in_a_product_life_is_missing(built: Warehouse) -> None:
    gaps = built.query_published(
        "select product_id from product_weeks group by product_id "
        "having count(*) <> date_diff('week', min(week_starting), max(week_starting)) + 1"
    )
    assert gaps == []


def test_models_are_measured_beside_their_baselines_on_the_same_rows(built: Warehouse) -> None:
    competitors = built.query_published(
        "select model_name, target, count(distinct competitor), count(distinct value) filter (where metric = 'rows') "
        "from model_metrics where split <> 'served' group by model_name, split, target order by all"
    )
    won = [f"won_after_{visits}_visits" for visits in (1, 2, 3, 5)]
    assert {(name, target): count for name, target, count, _ in competitors} == {
        ("breakout_classifier", "whole_cycle"): 4,
        ("breakout_classifier", "after_launch_window"): 4,
        ("surge_locator", "surge_week"): 4,
        ("customer_predictor", "churn"): 5,
        ("customer_predictor", "purchase_intent"): 5,
        ("customer_predictor", "category_intent"): 5,
        ("customer_predictor", "expected_spend"): 6,
        ("customer_segments", "segments"): 3,
        ("recommender", "purchases"): 6,
        ("recommender", "repeat_purchases"): 6,
        ("recommender", "new_purchases"): 5,
        ("sales_forecaster", "total"): 21,
        ("sales_forecaster", "category"): 20,
        ("sales_forecaster", "product"): 20,
        ("sales_forecaster", "other_products"): 20,
        ("sales_forecaster", "store_category"): 20,
        ("sales_forecaster", "other_stores"): 20,
        ("sentiment_classifier", "stars"): 4,
        ("uplift_predictor", "uplift"): 9,
        ("uplift_predictor", "conversion"): 2,
        ("uplift_predictor", "response_revenue"): 3,
        ("conversion_classifier", "fake_visits"): 1,
        ("conversion_classifier", "fruitless_visits"): 1,
    } | {("conversion_classifier", target): 5 for target in ("won", *won)}
    assert all(rows == 1 for _, _, _, rows in competitors)
    verdicts = built.query_published("select verdict from model_runs")
    assert all("best baseline" in verdict or "best of them" in verdict for (verdict,) in verdicts)


def test_every_breakout_product_has_analogs_a_calendar_and_reasons(built: Warehouse) -> None:
    (without,) = built.query_published(
        "select count(*) filter (where top_reasons is null), "
        "count(*) filter (where product_id not in (select product_id from product_analogs)), "
        "count(*) filter (where product_id not in (select product_id from surge_calendar)) "
        "from breakout_products where is_breakout"
    )
    assert without == (0, 0, 0)
    weeks = built.query_published("select distinct count(*) from surge_calendar group by product_id")
    assert weeks == [(18,)]


def test_promotion_windows_cover_the_upcoming_surges_and_nothing_else(built: Warehouse) -> None:
    surges = built.query_published("select count(*) from surge_calendar where is_surge and is_upcoming")
    assert built.query_published("select coalesce(sum(weeks), 0) from promotion_windows") == surges
    assert surges[0][0] > 0
    early = built.query_published("select * from promotion_windows where starts_on <= date '2017-12-31'")
    assert early == []


GATE_AND_PUBLISH = ("build", "--select", "check_marts", "publish")


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory, built: Warehouse) -> Warehouse:
    """A copy of the built warehouse, built again."""
    warehouse = built.copied(tmp_path_factory.mktemp("rebuilt") / "warehouse")
    done = warehouse.build()
    assert done.stdout.count("no fit due") == len(FITS), done.stdout[-3000:]
    assert built_from(warehouse) == built_from(built), "a table that is kept up was made anew"
    return warehouse


def test_a_second_build_on_unchanged_data_trains_nothing_and_changes_nothing(
    built: Warehouse, rebuilt: Warehouse
) -> None:
    assert fits(rebuilt) == fits(built)
    same = {name: name for name in set(mart_names(built.manifest())) - OF_EACH_RUN}
    assert different_rows(rebuilt.folder / "marts.duckdb", built.folder / "marts.duckdb", same) == {}


def test_a_reader_keeps_the_version_it_opened(rebuilt: Warehouse) -> None:
    """What publishing does to an open reader: nothing."""
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(rebuilt.folder / "marts.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    before = reader.stdout.readline()
    done = rebuilt.dbt(*GATE_AND_PUBLISH)
    assert done.returncode == 0, done.stdout
    assert "published nothing" not in done.stdout
    after, _ = reader.communicate("again\n")
    assert after == before != ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("run", "--select", "check_marts", "publish"), "dbt run tests nothing"),
        (("build", "--select", "publish"), "not checked in this run"),
        (
            ("build", "--select", "check_marts", "publish", "--exclude-resource-type", "test"),
            "4 tests of what it builds",
        ),
        ((*GATE_AND_PUBLISH, "--indirect-selection", "empty"), "4 tests of what it builds"),
        (
            ("build", "--select", "check_marts", "publish", "--exclude", "unique_publish_mart"),
            "1 test of what it builds",
        ),
    ],
    ids=["without tests", "past the gate", "tests excluded", "empty indirect selection", "one test excluded"],
)
def test_what_was_not_tested_is_not_published(rebuilt: Warehouse, command: tuple[str, ...], why: str) -> None:
    last_good = (rebuilt.folder / "marts.duckdb").read_bytes()
    done = rebuilt.dbt(*command)
    assert done.returncode == 0, done.stdout
    assert f"published nothing: {why}" in flat(done.stdout).replace("the marts were ", "")
    assert (rebuilt.folder / "marts.duckdb").read_bytes() == last_good


READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
count = "select count(*), max(week_starting) from product_weeks"
print(connection.execute(count).fetchone(), flush=True)
sys.stdin.readline()
print(connection.execute(count).fetchone(), flush=True)
"""


def test_freshness_is_judged_at_as_of_date_and_not_by_the_wall_clock(rebuilt: Warehouse) -> None:
    done = rebuilt.dbt("source", "freshness")
    assert done.returncode == 0, done.stdout
    assert "PASS freshness of raw.order_lines" in done.stdout
    late = rebuilt.dbt("source", "freshness", variables={"as_of_date": "2018-06-30"})
    assert late.returncode != 0
    assert "ERROR STALE freshness of raw.order_lines" in late.stdout


def test_a_build_prints_its_own_lines_and_no_warning_of_a_library(built: Warehouse) -> None:
    """A line is dbt's and begins with a time, or ours: what a model learned, or the first row that breaks a test."""
    printed = (built.folder / PRINTED).read_text()
    learned = "|".join(fit.removeprefix("fit_") for fit in FITS)
    ours = rf"\d\d:\d\d:\d\d  |({learned}): |  [\d,]+ rows? breaks? it"
    others = [line for line in printed.splitlines() if not re.match(ours, line)]
    assert others == []


def test_a_warning_of_a_library_is_in_the_log_of_the_build(built: Warehouse) -> None:
    assert "Python warning: " in (built.folder / "logs" / "dbt.log").read_text()


def test_the_command_shows_what_is_published(built: Warehouse) -> None:
    def upswing(*arguments: str) -> Result:
        return CliRunner(env={"UPSWING_WAREHOUSE": str(built.folder)}).invoke(main, arguments)

    published = upswing("published")
    assert published.exit_code == 0, published.output
    for name in mart_names(built.manifest()):
        assert name in published.output
    lines = [line for line in published.output.splitlines() if " query " in line]
    assert len(lines) == len(QUESTIONS)
    for line in lines:
        shown = upswing("query", line.split('"')[1])
        assert shown.exit_code == 0, shown.output
        assert "reason" in shown.output or "upper_80" in line


def test_the_installed_command_names_what_it_cannot_find(built: Warehouse) -> None:
    command = [str(Path(sys.executable).with_name("upswing")), "query", "select * from breakouts"]
    environment = {"UPSWING_WAREHOUSE": str(built.folder), "PATH": ""}
    wrong = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "breakouts" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_a_build_larger_than_its_memory_spills_and_goes_on(tmp_path: Path, small_raw: Path) -> None:
    """Once it has spilled, later connections must not set the spill folder again: DuckDB refuses that."""
    # Memory that is cleared takes longer, and then two models more often want the last megabytes at once.
    settings = {"UPSWING_MEMORY": "150MB", "DUCKDB_JE_MALLOC_CONF": "zero:false"}
    warehouse = Warehouse(tmp_path, small_raw, settings=settings)
    running = warehouse.start("--quiet", "build", *SQL_LAYERS)
    has_spilled = False
    while running.poll() is None:
        has_spilled = has_spilled or (tmp_path / "spill").exists()
        time.sleep(0.02)
    printed, _ = running.communicate()
    assert running.returncode == 0, printed[-3000:]
    assert has_spilled, "the limit was too generous to test anything"
