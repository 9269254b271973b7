"""Publishing on DuckDB: whole versions, and no mart written again that stands as it is."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from upswing import publish
from upswing.publish import CHECKED_SCHEMA, publish_marts

RUN = "run 1"


@pytest.fixture
def build(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(tmp_path / "build.duckdb"))
    connection.execute("create schema marts")
    connection.execute("create table marts.large as select i, i / 7 as share from range(1000) as rows (i)")
    connection.execute("create table marts.small as select 1 as id, 'a' as name")
    connection.execute("comment on table marts.small is 'One row.'")
    connection.execute("comment on column marts.small.name is 'What it is called.'")
    return connection


def published(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    *marts: str,
    command: str = "build",
    left_out: int = 0,
    built: str | None = None,
    tell: Callable[[str], None] = lambda _words: None,
) -> pa.Table:
    checked = pa.Table.from_pylist(
        [{"mart": mart, "rows": 0, "invocation_id": RUN} for mart in marts], schema=CHECKED_SCHEMA
    )
    first = ", ".join(["unique_a_id", "unique_b_id", "unique_c_id"][:left_out])
    invocation = pa.table(
        {
            "invocation_id": [RUN],
            "command": [command],
            "tests_left_out": [left_out],
            "first_left_out": [first],
            "marts_built": pa.array([built], pa.string()),
        }
    )
    relation = connection.from_arrow
    return publish_marts(connection, relation(checked), relation(invocation), str(file), tell=tell)


def rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_marts_and_their_descriptions_are_published_for_the_owner_alone(
    build: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tmp_path / "marts.duckdb"
    assert published(build, file, "large", "small").column("mart").to_pylist() == ["large", "small"]
    assert rows(file, "select comment from duckdb_tables() order by table_name") == [(None,), ("One row.",)]
    assert rows(file, "select comment from duckdb_columns() where table_name = 'small' and column_name = 'name'") == [
        ("What it is called.",)
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_only_what_changed_is_written_again(
    build: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "marts.duckdb"
    published(build, file, "large", "small")
    build.execute("update marts.small set name = 'b'")
    described: list[str] = []
    describe = publish._describe

    def noted(connection: Any, table: str, *words: Any) -> None:
        described.append(table)
        describe(connection, table, *words)

    monkeypatch.setattr(publish, "_describe", noted)
    published(build, file, "large", "small")
    assert described == ['publication.main."small"']
    assert rows(file, "select name from small") == [("b",)]
    assert rows(file, "select count(*), max(i) from large") == [(1000, 999)]


@pytest.mark.parametrize(
    "change",
    [
        "comment on table marts.large is 'Many rows.'",
        "comment on column marts.large.i is 'A number.'",
        "alter table marts.large alter i type integer",
        "update marts.large set i = -1 where i = 500",
        "delete from marts.large where i = 500",
    ],
)
def test_a_change_of_rows_types_or_words_is_published(
    build: duckdb.DuckDBPyConnection, tmp_path: Path, change: str
) -> None:
    file = tmp_path / "marts.duckdb"
    published(build, file, "large", "small")
    build.execute(change)
    published(build, file, "large", "small")
    seen = "select data_type, comment from duckdb_columns() where table_name = 'large' order by column_index"
    assert rows(file, seen) == build.execute(seen).fetchall()
    assert (
        rows(file, "select comment from duckdb_tables() where table_name = 'large'")
        == build.execute("select comment from duckdb_tables() where table_name = 'large'").fetchall()
    )
    assert (
        rows(file, "select * from large order by all")
        == build.execute("select * from marts.large order by all").fetchall()
    )


def test_a_mart_that_is_gone_is_published_no_more(build: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "marts.duckdb"
    published(build, file, "large", "small")
    published(build, file, "large")
    assert rows(file, "select table_name from duckdb_tables()") == [("large",)]


@pytest.mark.parametrize("damage", ["none of it is one", "its end is missing", "its middle is"])
def test_a_published_file_that_is_damaged_is_replaced(
    build: duckdb.DuckDBPyConnection, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "marts.duckdb"
    published(build, file, "large", "small")
    whole = file.read_bytes()
    half = len(whole) // 2
    damaged = {
        "none of it is one": b"no database" * 1000,
        "its end is missing": whole[:half],
        "its middle is": whole[: 3 * 4096] + bytes(len(whole) - 3 * 4096),
    }
    file.write_bytes(damaged[damage])
    published(build, file, "large", "small")
    assert rows(file, "select count(*) from large") == [(1000,)]


def test_a_reader_keeps_the_version_it_opened(build: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "marts.duckdb"
    published(build, file, "large", "small")
    before = file.open("rb")
    content = before.read()
    build.execute("update marts.small set name = 'b'")
    published(build, file, "large", "small")
    before.seek(0)
    assert before.read() == content
    before.close()


def test_a_command_that_tests_nothing_publishes_nothing(build: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert published(build, tmp_path / "marts.duckdb", "small", command="run").num_rows == 0
    assert not (tmp_path / "marts.duckdb").exists()


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (1, "1 test of what it builds is not part of this run (unique_a_id); run `dbt build`"),
        (
            5,
            "5 tests of what it builds are not part of this run (unique_a_id, unique_b_id, unique_c_id and 2 more);",
        ),
    ],
)
def test_a_build_without_some_of_its_tests_publishes_nothing(
    build: duckdb.DuckDBPyConnection, tmp_path: Path, left_out: int, words: str
) -> None:
    told: list[str] = []
    assert published(build, tmp_path / "marts.duckdb", "small", left_out=left_out, tell=told.append).num_rows == 0
    assert told[0].startswith(f"published nothing: {words}")
    assert not (tmp_path / "marts.duckdb").exists()


@pytest.mark.parametrize(
    ("built", "is_published"),
    [(None, True), ("large,small", True), ("small", True), ("large", False), ("", False)],
)
def test_a_mart_that_an_earlier_run_changed_is_not_published_untested(
    build: duckdb.DuckDBPyConnection, tmp_path: Path, built: str | None, is_published: bool
) -> None:
    file, lines = tmp_path / "marts.duckdb", list[str]()
    published(build, file, "large", "small")
    build.execute("update marts.small set name = 'untested'")
    done = published(build, file, "large", "small", built=built, tell=lines.append)
    assert done.num_rows == (2 if is_published else 0)
    assert rows(file, "select name from small") == [("untested" if is_published else "a",)]
    assert ("small changed in an earlier run" in " ".join(lines)) == (not is_published)


def test_nothing_is_published_for_the_first_time_in_parts(build: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "marts.duckdb"
    assert published(build, file, "large", "small", built="large").num_rows == 0
    assert not file.exists()
    assert published(build, file, "large", "small", built="large,small").num_rows == 2
    build.execute("insert into marts.large values (1000, 1)")
    assert published(build, file, "large", "small", built="large").num_rows == 2
