"""What a company hands over: any part of the contract, and any mess."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from warehouse import OF_GATES, PSEUDONYM_KEY, SQL_LAYERS, Warehouse, flat, mart_names

from upswing.privacy.pseudonyms import pseudonym


def write_csv(folder: Path, table: str, text: str) -> None:
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")


def test_opportunities_and_visits_alone_build(own: Warehouse) -> None:
    write_csv(own.raw, "opportunities", "opportunity_id,opened_at,status\no1,2024-01-02,open\n")
    write_csv(own.raw, "visits", "visit_id,opportunity_id,visited_at,visit_note\nv1,o1,2024-01-03,They liked it\n")
    done = own.build()
    assert "notice: raw table order_lines is absent" in done.stdout
    assert "notice: raw table visits is absent" not in done.stdout
    assert "notice: raw table opportunities has no amount: expected_value stays empty" in done.stdout
    assert "notice: raw table opt_outs is absent: nobody counts as opted out" in done.stdout
    assert own.query("select count(*) from raw.deliveries where contract like '%expected_value%'") == [(0,)]
    assert "not trained" in done.stdout
    assert "there is no fit to score with" in done.stdout
    filled = {"raw_deliveries": 13, "sales_rep_scorecard": 1, "visit_audits": 1, "pipeline_runs": 1}
    for name in set(mart_names(own.manifest())) - {"publish_log", *OF_GATES}:
        assert own.query_published(f"select count(*) from {name}") == [(filled.get(name, 0),)], name
    assert own.query_published("select finding, conversion_probability from visit_audits") == [("sound", None)]
    present = own.query_published("select table_name from raw_deliveries where is_present order by 1")
    assert present == [("opportunities",), ("visits",)]


SECRET = "mallory.secret@example.com"
CUSTOMER = f"900,Mallory Secret,{SECRET},2024-01-03\n"


def deliver_link_to_a_key(raw: Path) -> None:
    (raw.parent / "key.hex").write_text(SECRET + "\n")
    (raw / "visits.csv").symlink_to("../key.hex")


def deliver_link_to_a_folder(raw: Path) -> None:
    (raw.parent / "other").mkdir()
    duckdb.sql(f'select 1 as "{SECRET}"').write_parquet(str(raw.parent / "other" / "part.parquet"))
    (raw / "visits").symlink_to("../other")


def deliver_no_header(raw: Path) -> None:
    write_csv(raw, "customers", CUSTOMER * 2)


def deliver_no_names(raw: Path) -> None:
    names = f'1 as "{SECRET}", 2 as "{SECRET}_1", 3 as "{SECRET.upper()}"'
    duckdb.sql(f"select {names}").write_parquet(str(raw / "visits.parquet"))


def deliver_fields(raw: Path) -> None:
    duckdb.sql(f"select {{'{SECRET}': 1}} as visit_id").write_parquet(str(raw / "visits.parquet"))


def deliver_a_name_beside_others(raw: Path) -> None:
    write_csv(raw, "customers", f"customer_id,Name,{SECRET}\n900,Ann,1\n17,Bo,2,3\n")


@pytest.mark.parametrize(
    ("deliver", "words"),
    [
        (deliver_link_to_a_key, ["visits.csv leads out of the raw folder, to ", "key.hex", "copy the file there"]),
        (deliver_link_to_a_folder, ["visits/part.parquet leads out of the raw folder, to "]),
        (deliver_no_header, ["customers.csv lacks", "column 1 (***, 3 characters)", "header row seems to be missing"]),
        (deliver_no_names, ["visits.parquet lacks columns", "(m***, 26 characters)"]),
        (deliver_fields, ["visit_id was delivered as STRUCT, and the raw contract"]),
        (deliver_a_name_beside_others, []),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_stands_where_names_should_is_printed_and_logged_nowhere(
    own: Warehouse, deliver: Callable[[Path], None], words: list[str]
) -> None:
    deliver(own.raw)
    done = own.dbt("run", "--select", "+stg_raw__customers")
    assert (done.returncode != 0) == bool(words), done.stdout[-3000:]
    for expected in words:
        assert expected in flat(done.stdout), done.stdout[-3000:]
    written = [path for name in ("logs", "target") for path in (own.folder / name).rglob("*") if path.is_file()]
    assert "dbt.log" in {path.name for path in written}
    for name, content in {
        "stdout": done.stdout,
        **{str(path): path.read_text(errors="replace") for path in written},
    }.items():
        assert "mallory" not in content.lower(), name


DATA_TESTS = ("--exclude-resource-type", "unit_test")

ORDER_LINES = """Order_ID,product_id,ordered_at,quantity,net_amount,customer_id,loyalty_tier
1,milk,2024-01-01 10:00:00,2,4.00,900.0,gold
1,milk,2024-01-01 10:00:00,3,6.00,900.0,gold
2,milk,2024-01-09 10:00:00,-1,-2.00,,
,milk,2024-01-09 10:00:00,1,2.00,,
3,milk,2024-01-09 10:00:00,many,2.00,,
4,milk,2099-01-01 10:00:00,1,2.00,,
5,bread,not a day,1,nan,,
7,bread,2098-01-01 10:00:00,1,free,,
6,bread,2024-01-16 23:59:59,1,3.50,17,
"""


def test_a_messy_delivery_is_kept_or_quarantined_with_a_reason(own: Warehouse) -> None:
    write_csv(own.raw, "order_lines", ORDER_LINES)
    done = own.dbt(
        "build",
        "--select",
        "+file:products.sql",
        "+product_weeks",
        "+raw_deliveries",
        "+quarantine_reasons",
        *DATA_TESTS,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "order_lines has no customer_id" not in done.stdout
    assert "order_lines has no store_id" in done.stdout
    (counts,) = own.query(
        "select rows_delivered, rows_staged, rows_quarantined, as_of_date::varchar from marts.raw_deliveries "
        "where table_name = 'order_lines'"
    )
    assert counts == (9, 3, 6, "2024-01-16")
    # What lies after as_of_date is no fault, but the one of them that has another.
    assert "test warned: raw_deliveries, quarantine_reasons: Of no raw table more than" in flat(done.stdout)
    assert "table_name = order_lines, faulty_rows = 5, rows_delivered = 9" in flat(done.stdout)
    reasons = dict(own.query("select raw_row_number, rejection_reason from quarantine.order_lines"))
    assert sorted(reasons.values()) == [
        "a later row has the same key",
        "net_amount is not a number; ordered_at lies after as_of_date",
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


def test_lines_that_are_no_rows_and_a_blank_erasure_hide_nobody(own: Warehouse) -> None:
    """What was refused is noted in a temporary table, which no other connection of the build can read."""
    erased = pseudonym(PSEUDONYM_KEY, "18")
    own.folder.mkdir(parents=True)
    (own.folder / "erasures.csv").write_text(f'pseudonym,erased_at\n{erased},2024-01-01T00:00:00+00:00\n,\n"",\n')
    write_csv(own.raw, "customers", "customer_id,full_name\n900,Ann\nno,row,of,it\n17,Bo\n18,Cy\n")
    lines = "order_id,product_id,ordered_at,quantity,net_amount,customer_id\n"
    for number, customer in enumerate(("900", "17", "18", ""), 1):
        lines += f"{number},milk,2024-01-0{number},1,2,{customer}\n"
    write_csv(own.raw, "order_lines", lines + "no,row\n")
    write_csv(own.raw, "opportunities", "opportunity_id,opened_at,status\no1,2024-01-02,open\nno,row\n")
    write_csv(own.raw, "visits", "visit_id,opportunity_id,visited_at,visit_note\nv1,o1,2024-01-03,Yes\n")
    staged = ("+stg_raw__order_lines", "+stg_raw__customers", "+stg_raw__visits", "+raw_deliveries")
    done = own.dbt("build", "--select", "+seal_identities", *staged, *DATA_TESTS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert own.query("select identities from quality.seal_identities") == [(2,)]
    known = own.query("select order_id, customer_id from staging.stg_raw__order_lines order by 1")
    assert known == [
        ("1", pseudonym(PSEUDONYM_KEY, "900")),
        ("2", pseudonym(PSEUDONYM_KEY, "17")),
        ("3", None),
        ("4", None),
    ]
    assert own.query("select count(*) from staging.stg_raw__customers") == [(2,)]
    assert own.query("select visit_id from staging.stg_raw__visits") == [("v1",)]
    counted = "select rows_delivered, rows_quarantined from marts.raw_deliveries where rows_quarantined > 0 order by 1"
    assert own.query(counted) == [(2, 1), (3, 1), (5, 1)]

    # A table that was absent before is appended to nothing.
    write_csv(own.raw, "feedback", "feedback_id,submitted_at,rating\nf1,2024-01-02,4\nno,row\n")
    again = own.dbt("build", "--select", "+stg_raw__feedback", *DATA_TESTS)
    assert again.returncode == 0, again.stdout[-4000:]
    assert own.query("select rejection_reason from quarantine.feedback") != []


def test_a_selection_brings_no_test_of_what_stands_beside_it(own: Warehouse) -> None:
    """In an empty warehouse a test of a table that is not selected could only fail; a build of all runs every test."""
    keys = ("--output", "json", "--output-keys", "unique_id", "depends_on")

    def listed(*arguments: str) -> dict[str, set[str]]:
        lines = own.dbt("ls", "--quiet", *keys, *arguments).stdout.splitlines()
        nodes = [json.loads(line) for line in lines if line.startswith("{")]
        return {node["unique_id"]: set(node.get("depends_on", {}).get("nodes", [])) for node in nodes}

    selected = listed("--select", "+sales_anomalies")
    tests = {name: read for name, read in selected.items() if name.startswith("test.")}
    assert len(tests) > 50
    for name, read in tests.items():
        assert read <= set(selected), name
    of_tests = ("--resource-type", "test")
    assert set(listed(*of_tests)) == set(listed(*of_tests, "--indirect-selection", "eager"))


def test_a_run_knows_which_tests_of_what_it_builds_are_left_out(own: Warehouse) -> None:
    write_csv(own.raw, "visits", "visit_id,opportunity_id,visited_at,visit_note\nv1,o1,2024-01-03,Yes\n")

    def left_out(*arguments: str) -> tuple[int, str]:
        own.dbt("build", *arguments)
        ((count, names),) = own.query("select tests_left_out, first_left_out from raw.invocation")
        return count, names

    clock = ("--select", "+base_raw__clock")
    unique = "unique_base_raw__clock_as_of_date"
    assert left_out(*clock) == (0, "")
    count, names = left_out(*clock, "--exclude-resource-type", "test")
    assert count == 5
    assert names.split(", ")[1:] == [
        "not_null_base_raw__clock_as_of_date",
        "order_lines_are_delivered_within_late_days",
    ]
    assert left_out(*clock, "--exclude", unique) == (1, unique)
    assert left_out(*clock, "--indirect-selection", "empty") == (count, names)


def test_the_first_row_that_breaks_a_test_is_shown_without_what_is_personal(own: Warehouse) -> None:
    visit = "visit_id,opportunity_id,visited_at,visit_note,latitude\nv1,o1,2024-01-03,Yes,48.137\n"
    write_csv(own.raw, "visits", visit)
    assert own.dbt("run", "--select", "+stg_raw__visits").returncode == 0
    with duckdb.connect(str(own.folder / "upswing.duckdb")) as connection:
        connection.execute("use staging")
        connection.execute("create table kept as from stg_raw__visits")
        connection.execute("drop view stg_raw__visits")
        connection.execute("create view stg_raw__visits as select * replace (null as visit_id) from staging.kept")
    done = own.dbt("test", "--select", "stg_raw__visits", *DATA_TESTS)
    assert "test failed: stg_raw__visits: visit_id is never null" in done.stdout
    assert "1 row breaks it; the first: opportunity_id = o1" in done.stdout
    assert "latitude = (personal)" in done.stdout
    assert "48.137" not in done.stdout


def test_the_largest_numbers_of_the_contract_add_up(own: Warehouse) -> None:
    """Each row is what the contract lets through; a product's week, a customer's orders and a campaign are more."""
    lines = (
        "select i as order_id, i % 2 as product_id, i % 3 as customer_id, 1e12 as net_amount, "
        "timestamp '2024-01-01' + interval (i % 60) day as ordered_at, "
        "case when i % 5 = 0 then 1e-4 else 1e9 end as quantity from range(3000) as numbers(i)"
    )
    duckdb.sql(lines).write_parquet(str(own.raw / "order_lines.parquet"))
    last = "2024-02-20"
    write_csv(own.raw, "products", "product_id,category,unit_cost\n0,food,1e12\n1,food,0\n")
    write_csv(
        own.raw, "inventory", f"product_id,counted_on,on_hand,lead_time_days\n0,{last},1e9,36500\n1,{last},-1e9,0\n"
    )
    write_csv(
        own.raw, "competitor_prices", f"competitor,product_id,observed_on,price\nx,0,{last},1e12\ny,0,{last},0.0001\n"
    )
    write_csv(own.raw, "campaigns", "campaign_id,starts_on,ends_on,budget\nc,2024-01-01,2024-02-28,1e12\n")
    touches = "campaign_id,customer_id,variant,touched_at,converted_at,revenue\n"
    for customer in range(3):
        touches += f"c,{customer},v,2024-01-15,2024-02-01,{'1e12' if customer else '-1e12'}\n"
    write_csv(own.raw, "campaign_touches", touches)
    write_csv(
        own.raw, "opportunities", f"opportunity_id,opened_at,status,amount\no,{last},open,1e12\np,{last},open,1e15\n"
    )
    write_csv(own.raw, "visits", f"visit_id,opportunity_id,visited_at,visit_note\nv,o,{last},Yes\n")
    done = own.dbt("build", *SQL_LAYERS)
    assert done.returncode == 0, done.stdout[-4000:]
    (sold,) = own.query("select sum(net_revenue), max(net_revenue) > 1e14 from marts.product_weeks")
    assert sold == (3000 * 1e12, True)
    assert own.query("select rejection_reason from quarantine.opportunities") == [("amount is above 1000000000000",)]


def test_a_delivery_without_a_time_that_can_be_read_is_stale(own: Warehouse) -> None:
    write_csv(own.raw, "order_lines", "order_id,product_id,ordered_at,quantity,net_amount\n1,milk,June,1,2\n")
    write_csv(own.raw, "visits", "visit_id,opportunity_id,visited_at,visit_note\nv1,o1,2024-01-03T23:30:00-02:00,Yes\n")
    done = own.dbt("source", "freshness")
    assert done.returncode != 0
    assert "ERROR STALE freshness of raw.order_lines" in done.stdout
    assert "no row of order_lines has a time in ordered_at that can be read" in flat(done.stdout)
    assert "PASS freshness of raw.visits" in done.stdout
    assert "PASS freshness of raw.events" in done.stdout


def test_a_part_of_a_name_in_capitals_is_delivered(own: Warehouse) -> None:
    lines = "select 1 as order_id, 7 as product_id, '2024-01-01' as ordered_at, 2 as quantity, 4.5 as net_amount"
    (own.raw / "Order_Lines").mkdir()
    duckdb.sql(lines).write_parquet(str(own.raw / "Order_Lines" / "PART-1.PARQUET"))
    (own.raw / "Products.CSV").write_text("product_id\n7\n")
    done = own.dbt("run", "--select", "+stg_raw__order_lines", "+stg_raw__products")
    assert done.returncode == 0, done.stdout[-4000:]
    assert own.query("select product_id from staging.stg_raw__order_lines") == [("7",)]
    assert own.query("select product_id from staging.stg_raw__products") == [("7",)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["<table>.parquet", "order_lines", "make build RAW="]),
        ({"sales.csv": "a\n1\n"}, ["sales.csv", "order_lines"]),
        (
            {"order_lines.csv": "order_id,product,ordered_at,quantity,net_amount\n1,milk,2024-01-01,1,2\n"},
            ["order_lines.csv", "product_id", "product (like product_id)"],
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
    assert "test failed: sales_rep_scorecard: one row per" in flat(done.stdout) or "is unique" in flat(done.stdout)
    assert "1 row breaks it; the first: " in flat(done.stdout)
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
