"""What a company hands over: any part of the contract, and any mess."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from warehouse import OF_GATES, PSEUDONYM_KEY, Warehouse, flat, mart_names

from upswing.privacy.pseudonyms import pseudonym


def write_csv(folder: Path, table: str, text: str) -> None:
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")


def test_opportunities_and_visits_alone_build(own: Warehouse) -> None:
    write_csv(own.raw, "opportunities", "opportunity_id,opened_at,status\no1,2024-01-02,open\n")
    write_csv(own.raw, "visits", "visit_id,opportunity_id,visited_at,visit_note\nv1,o1,2024-01-03,They liked it\n")
    done = own.build()
    assert "notice: raw table order_lines is absent" in done.stdout
    assert "notice: raw table visits" not in done.stdout
    assert "not trained" in done.stdout
    assert "there is no fit to score with" in done.stdout
    filled = {"raw_deliveries": 13, "sales_rep_scorecard": 1, "visit_audits": 1, "pipeline_runs": 1}
    for name in set(mart_names(own.manifest())) - {"publish_log", *OF_GATES}:
        assert own.query_published(f"select count(*) from {name}") == [(filled.get(name, 0),)], name
    assert own.query_published("select finding, conversion_probability from visit_audits") == [("sound", None)]
    present = own.query_published("select table_name from raw_deliveries where is_present order by 1")
    assert present == [("opportunities",), ("visits",)]


ALONE = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
"""Tests of what is selected, without those that also read a model that is not."""

ORDER_LINES = """Order_ID,product_id,ordered_at,quantity,net_amount,customer_id,loyalty_tier
1,milk,2024-01-01 10:00:00,2,4.00,900.0,gold
1,milk,2024-01-01 10:00:00,3,6.00,900.0,gold
2,milk,2024-01-09 10:00:00,-1,-2.00,,
,milk,2024-01-09 10:00:00,1,2.00,,
3,milk,2024-01-09 10:00:00,many,2.00,,
4,milk,2099-01-01 10:00:00,1,2.00,,
5,bread,not a day,1,nan,,
6,bread,2024-01-16 23:59:59,1,3.50,17,
"""


def test_a_messy_delivery_is_kept_or_quarantined_with_a_reason(own: Warehouse) -> None:
    write_csv(own.raw, "order_lines", ORDER_LINES)
    done = own.dbt("build", "--select", "+file:products.sql", "+product_weeks", "+raw_deliveries", *ALONE)
    assert done.returncode == 0, done.stdout[-4000:]
    (counts,) = own.query(
        "select rows_delivered, rows_staged, rows_quarantined, as_of_date::varchar from marts.raw_deliveries "
        "where table_name = 'order_lines'"
    )
    assert counts == (8, 3, 5, "2024-01-16")
    reasons = dict(own.query("select raw_row_number, rejection_reason from quarantine.order_lines"))
    assert sorted(reasons.values()) == [
        "a later row has the same key",
        "order_id is missing",
        "ordered_at is not a date and time; net_amount is not a finite number",
        "ordered_at lies after as_of_date",
        "quantity is not a number",
    ]
    weeks = own.query("select product_id, week_starting::varchar, units from marts.product_weeks order by all")
    assert weeks == [
        ("bread", "2024-01-15", 1.0),
        ("milk", "2024-01-01", 3.0),
        ("milk", "2024-01-08", -1.0),
    ]
    customers = {customer for (customer,) in own.query("select customer_id from staging.stg_raw__order_lines")}
    assert customers == {pseudonym(PSEUDONYM_KEY, "17"), pseudonym(PSEUDONYM_KEY, "900"), None}
    assert own.query("select distinct is_listed, category from marts.products") == [(False, "unknown")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["<table>.parquet", "order_lines", "make build RAW="]),
        ({"sales.csv": "a\n1\n"}, ["sales.csv", "order_lines"]),
        (
            {"order_lines.csv": "order_id,product,ordered_at,quantity,net_amount\n1,milk,2024-01-01,1,2\n"},
            ["order_lines.csv", "product_id", "product"],
        ),
    ],
    ids=["empty folder", "foreign files", "renamed column"],
)
def test_a_delivery_that_cannot_be_read_stops_with_an_error_that_mends_it(
    own: Warehouse, files: dict[str, str], expected: list[str]
) -> None:
    for name, text in files.items():
        (own.raw / name).write_text(text)
    done = own.dbt("build")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    for words in expected:
        assert words in flat(done.stdout), done.stdout[-3000:]
    assert not (own.folder / "marts.duckdb").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"refit": "sometimes"}, "auto, always or never"),
        ({"launch_weeks": 26}, "more than launch_weeks"),
        ({"min_analogs": "many"}, "min_analogs is many"),
        ({"as_of_date": "june"}, "YYYY-MM-DD"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_var_out_of_range_is_named(
    built: Warehouse, tmp_path: Path, variables: dict[str, object], expected: str
) -> None:
    done = Warehouse(tmp_path, built.raw).dbt("run", "--select", "+base_raw__clock", variables=variables, parsed=True)
    assert done.returncode != 0
    assert expected in flat(done.stdout)
    assert "Traceback" not in done.stdout


def test_a_failing_test_publishes_nothing(tmp_path: Path, built: Warehouse) -> None:
    """A mart with two rows of one key: the test of its key stands between it and the publication."""
    warehouse = built.copied(tmp_path / "warehouse")
    with duckdb.connect(str(warehouse.folder / "upswing.duckdb")) as connection:
        connection.execute("insert into marts.sales_rep_scorecard from marts.sales_rep_scorecard limit 1")
    last_good = (warehouse.folder / "marts.duckdb").read_bytes()
    (key,) = [
        node["name"]
        for node in built.manifest()["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("attached_node") == "model.upswing.sales_rep_scorecard"
        and node["test_metadata"]["name"] in ("unique", "unique_combination")
    ]
    done = warehouse.dbt("build", "--select", key, "check_marts", "publish")
    assert done.returncode == 1
    assert f"FAIL 1 {key}" in flat(done.stdout)
    assert "SKIP" in done.stdout
    assert (warehouse.folder / "marts.duckdb").read_bytes() == last_good
    assert [path.name for path in warehouse.folder.glob(".*unfinished*")] == []


def test_types_of_a_delivery_do_not_matter(own: Warehouse) -> None:
    """The same rows as text and as typed columns give the same staging."""
    lines = (
        "select 1 as order_id, 7 as product_id, timestamp '2024-01-01 10:00:00' as ordered_at, "
        "2 as quantity, 4.5 as net_amount"
    )
    duckdb.sql(lines).write_parquet(str(own.raw / "order_lines.parquet"))
    staging = "run", "--select", "+stg_raw__order_lines"
    assert own.dbt(*staging).returncode == 0
    typed = own.query("select * from staging.stg_raw__order_lines")
    (own.raw / "order_lines.parquet").unlink()
    write_csv(
        own.raw, "order_lines", "order_id,product_id,ordered_at,quantity,net_amount\n1,7,2024-01-01T10:00:00,2,4.5\n"
    )
    assert own.dbt(*staging).returncode == 0
    assert own.query("select * from staging.stg_raw__order_lines") == typed != []
