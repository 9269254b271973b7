"""The gates inside dbt build: what they leave, and what they stop."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from click.testing import CliRunner
from warehouse import Warehouse, flat

from upswing.commands.check import check


def test_a_build_leaves_what_the_gates_found(built: Warehouse) -> None:
    layers = built.query_published(
        "select layer, sum(checked_expectations) > 0, sum(failed_errors) from quality_summary group by 1"
    )
    assert sorted(layers) == [("marts", True, 0), ("raw", True, 0), ("staging", True, 0)]
    (lineage,) = built.query_published(
        "select protected_marts from quality_summary where layer = 'raw' and table_name = 'visits'"
    )
    assert "opportunity_priorities" in lineage[0]
    assert "sales_forecasts" not in lineage[0]
    assert built.query_published("select count(*) from quality_results where not is_newest") == [(0,)]


def test_the_command_judges_a_warehouse_as_it_stands(built: Warehouse, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ["--layer", "marts", "--format", "json", "--output", str(report), "--data-docs", str(tmp_path / "docs")]
    done = CliRunner(env={"UPSWING_WAREHOUSE": str(built.folder)}).invoke(check, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(report.read_text())["failed"]["error"] == 0
    assert (tmp_path / "docs" / "index.html").exists()


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner(env={"UPSWING_WAREHOUSE": str(tmp_path)}).invoke(check)
    assert done.exit_code == 1
    assert "there is no warehouse at" in done.output
    assert "make build" in done.output


def test_an_error_at_the_raw_gate_stops_staging_and_keeps_what_was_found(own: Warehouse) -> None:
    lines = (
        "select i as order_id, 1 as product_id, timestamp '2024-01-01' as ordered_at, 1.0 as net_amount, "
        "case when i % 10 < 7 then 'n/a' else '1' end as quantity from range(2000) as numbers(i)"
    )
    duckdb.sql(lines).write_parquet(str(own.raw / "order_lines.parquet"))
    wanted = ["build", "--select", "+stg_raw__order_lines", "--exclude-resource-type", "unit_test"]
    done = own.dbt(*wanted)
    assert done.returncode == 1
    for words in ("the raw gate lets nothing through", "order_lines.quantity", "found 70.00%", "owner: products"):
        assert words in flat(done.stdout), done.stdout[-3000:]
    assert "Traceback (most recent call last)" not in done.stdout
    assert "SKIP relation staging.base_raw__clock" in done.stdout
    assert own.query("select column_name from quality.check_raw where not success") == [("quantity",)]
    through = own.dbt(*wanted, variables={"gates": "warn"})
    assert through.returncode == 0, through.stdout[-3000:]
    assert own.query("select count(*) from staging.stg_raw__order_lines") == [(600,)]
