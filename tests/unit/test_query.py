"""The published marts asked by SQL: what may run, and how rows are printed."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from upswing.cli import main
from upswing.commands import query

ROWS = """
    create table fruits as select * from (values
        ('pear', 1.10::decimal(10, 2), date '2024-01-02', true, [1, 2], 0.5::double),
        ('a "sour", apple', null, null, null, null, 'nan'::double)
    ) rows (fruit, price, picked_on, is_ripe, sizes, sweetness);
    comment on table fruits is 'One row per fruit: what grows. More of it.';
    comment on column fruits.fruit is 'The name.';
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one published mart."""
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute(ROWS)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    return tmp_path


def asked(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, ["query", *arguments], input=given)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from fruits",
        "from fruits;",
        "with ripe as (from fruits where is_ripe) select fruit from ripe",
        "values (1)",
        "describe fruits",
        "summarize (select fruit, price from fruits)",
        "show tables",
        "explain from fruits",
        "pivot fruits on fruit using max(price)",
        "from (select fruit, price from fruits) pivot (max(price) for fruit in ('pear'))",
        "/* a comment */ from fruits",
        "select strftime(now(), '%Y')",
    ],
)
def test_what_only_reads_runs(warehouse: Path, sql: str) -> None:
    assert warehouse.exists()
    done = asked(sql)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "sql",
    [
        "copy fruits to '{file}'",
        "copy (from fruits) to '{file}' (format parquet)",
        "explain analyze copy fruits to '{file}'",
        "from query('copy fruits to ''{file}''')",
        "export database '{file}'",
        "attach '{file}' as other",
        "select 1; copy fruits to '{file}'",
        "create table more as from fruits",
        "insert into fruits from fruits",
        "drop table fruits",
        "set enable_external_access = true",
        "install httpfs",
        "load httpfs",
        "from read_csv('{there}')",
        "from '{there}'",
        "select * from read_text('{there}')",
        "from glob('{there}*')",
        "from warehouse",
    ],
)
def test_nothing_is_written_and_no_other_file_is_read(warehouse: Path, sql: str) -> None:
    there, file = warehouse / "secret.csv", warehouse / "leak"
    there.write_text("secret\nword\n")
    before = (warehouse / "marts.duckdb").read_bytes()
    done = asked("--csv", sql.format(file=file, there=there))
    assert done.exit_code == 1
    assert "word" not in done.output
    assert not file.exists()
    assert (warehouse / "marts.duckdb").read_bytes() == before
    assert {path.name for path in warehouse.iterdir()} == {"secret.csv", "marts.duckdb"}


def test_csv_is_whole_and_alone_on_standard_output(warehouse: Path) -> None:
    assert warehouse.exists()
    done = asked("--csv", "from fruits")
    assert list(csv.reader(StringIO(done.stdout))) == [
        ["fruit", "price", "picked_on", "is_ripe", "sizes", "sweetness"],
        ["pear", "1.10", "2024-01-02", "true", "[1, 2]", "0.5"],
        ['a "sour", apple', "", "", "", "", "nan"],
    ]


def test_json_is_an_array_of_what_json_can_hold(warehouse: Path) -> None:
    assert warehouse.exists()
    done = asked("--json", "select fruit, price, picked_on, is_ripe, sizes, sweetness, 'é' as fruit from fruits")
    names = ["fruit", "price", "picked_on", "is_ripe", "sizes", "sweetness", "fruit_1"]
    pear, apple = json.loads(done.stdout)
    assert pear == dict(zip(names, ["pear", 1.1, "2024-01-02", True, [1, 2], 0.5, "é"], strict=True))
    assert apple == dict(zip(names, ['a "sour", apple', None, None, None, None, None, "é"], strict=True))
    assert json.loads(asked("--json", "from fruits where false").stdout) == []
    summed = "select sum(n) as n, timestamp '2024-01-02 03:04:05' as t from range(9) t(n)"
    assert json.loads(asked("--json", summed).stdout) == [{"n": 36, "t": "2024-01-02 03:04:05"}]


def test_many_rows_are_printed_whole(warehouse: Path) -> None:
    assert warehouse.exists()
    many = query.FETCHED_ROWS + 1
    assert len(json.loads(asked("--json", f"from range({many})").stdout)) == many
    assert len(asked("--csv", f"from range({many})").stdout.splitlines()) == many + 1


def test_a_table_shows_nulls_and_decimals_and_cuts_nothing_off_outside_a_terminal(warehouse: Path) -> None:
    assert warehouse.exists()
    long = "word " * 100
    shown = asked(f"select *, '{long}' as told from fruits").stdout
    assert "NULL" in shown
    assert " 1.10 " in shown
    assert long in shown


def test_a_terminal_too_narrow_for_the_columns_gets_a_line_for_each_value(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warehouse.exists()
    monkeypatch.setattr(query, "_width", lambda: 40)
    assert asked("from fruits limit 1").stdout.splitlines() == [
        "row 1",
        "  fruit      pear",
        "  price      1.10",
        "  picked_on  2024-01-02",
        "  is_ripe    true",
        "  sizes      [1, 2]",
        "  sweetness  0.5",
    ]
    assert "pear" in asked("select fruit from fruits").stdout.splitlines()[4]
    assert asked("select *, i from fruits, range(60) t(i)").stdout.endswith("--csv and --json print all\n")


def test_sql_comes_from_standard_input(warehouse: Path) -> None:
    assert warehouse.exists()
    for arguments in (("--csv",), ("--csv", "-")):
        assert asked(*arguments, given="select fruit\nfrom fruits limit 1;\n").stdout == "fruit\npear\n"


def test_the_marts_are_listed_with_their_rows_and_columns(warehouse: Path) -> None:
    assert warehouse.exists()
    for listed in (asked(), CliRunner().invoke(main, ["tables"])):
        assert listed.exit_code == 0, listed.output
        assert listed.stdout.split() == ["fruits", "2", "rows", "One", "row", "per", "fruit:", "what", "grows"]
        assert "upswing tables MART" in listed.stderr
    columns = CliRunner().invoke(main, ["tables", "fruits"]).stdout.splitlines()
    assert columns[0] == "fruits: 2 rows. One row per fruit: what grows. More of it."
    assert columns[1].split() == ["fruit", "varchar", "The", "name."]
    assert len(columns) == 7


def test_a_query_larger_than_its_memory_leaves_no_file(warehouse: Path) -> None:
    done = asked("--csv", "select max(x) from (select hash(i)::varchar as x from range(100000) t(i) order by 1)")
    assert done.exit_code == 0, done.output
    assert [path.name for path in warehouse.iterdir()] == ["marts.duckdb"]
