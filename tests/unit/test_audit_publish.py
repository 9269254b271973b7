"""What is published is recorded, and what is recorded is looked for again."""

from pathlib import Path

import duckdb
import pytest

from upswing.quality import audit
from upswing.quality.audit_checksums import checksum
from upswing.quality.audit_marts import PUBLISH_LOG_SCHEMA, RUNS_SCHEMA, publish_log
from upswing.quality.audit_publish import changed_marts, published_anchors, record_publication


def total(rows: str) -> tuple[int, str]:
    with duckdb.connect() as connection:
        connection.execute(f"create table t as {rows}")
        return checksum(connection, "memory", "main", "t")


def test_a_checksum_is_of_the_rows_in_any_order() -> None:
    rows = "select i as a, i || 'x' as b, [i] as c from range(100) t(i)"
    assert total(rows) == total(f"{rows} order by a desc")
    assert total(rows)[0] == 100


@pytest.mark.parametrize(
    "other",
    [
        "select i as a, i + 1 as b from range(100) t(i) where i <> 7",
        "select i as a, case when i = 7 then 9 else i + 1 end as b from range(100) t(i)",
        "select i as a, nullif(i, 7) + 1 as b from range(100) t(i)",
        "select i + 1 as a, i as b from range(100) t(i)",
        "select i as a, i + 1 as c from range(100) t(i)",
        "select cast(i as int) as a, i + 1 as b from range(100) t(i)",
        "select i as a, i + 1 as b from range(100) t(i) union all select 7, 8",
        "select i as a, i + 1 as b from range(100) t(i) where i not in (7, 8) "
        "union all select 7, 9 union all select 8, 8",
    ],
    ids=["row gone", "value", "null", "columns swapped", "name", "type", "row twice", "values swapped"],
)
def test_a_checksum_sees_what_changed(other: str) -> None:
    assert total("select i as a, i + 1 as b from range(100) t(i)") != total(other)


def test_an_empty_table_has_a_checksum() -> None:
    assert total("select 1 as a where false")[0] == 0


def publication(warehouse: Path, invocation: str, rows: int) -> audit.Entry:
    """Publish a mart of so many rows, and the two marts of the audit, as publish does."""
    (warehouse / "marts.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(warehouse / "marts.duckdb")) as connection:
        connection.execute(f"create table products as select i as product_id from range({rows}) t(i)")
        connection.register("log", publish_log(str(warehouse)))
        connection.execute("create table publish_log as from log")
        connection.register("runs", RUNS_SCHEMA.empty_table())
        connection.execute("create table pipeline_runs as from runs")
        return record_publication(
            connection, "marts", ["products", "publish_log", "pipeline_runs"], invocation, warehouse
        )


def test_a_publication_is_in_the_audit_and_in_what_it_published(tmp_path: Path) -> None:
    publication(tmp_path, "first", 10)
    publication(tmp_path, "second", 10)
    third = publication(tmp_path, "third", 11)
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as connection:
        told = connection.execute(
            "select invocation_id, mart, published_rows, is_changed from publish_log "
            "where mart = 'products' order by all"
        ).fetchall()
        assert connection.execute("select * from publish_log limit 0").to_arrow_table().schema == PUBLISH_LOG_SCHEMA
    assert told == [("first", "products", 10, None), ("second", "products", 10, False), ("third", "products", 11, True)]
    assert third.content()["marts"]["products"][0] == 11
    assert "publish_log" not in third.content()["marts"]
    assert audit.verify(tmp_path, published_anchors(tmp_path)) == []
    assert changed_marts(tmp_path) == []


def test_marts_that_were_changed_after_publishing_are_named(tmp_path: Path) -> None:
    entry = publication(tmp_path, "first", 10)
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute("update products set product_id = 99 where product_id = 3")
    (changed,) = changed_marts(tmp_path)
    assert changed.entry == entry.entry
    assert "products" in changed.what


def test_the_published_file_knows_of_a_cut_end(tmp_path: Path) -> None:
    publication(tmp_path, "first", 10)
    audit.audit_file(tmp_path).unlink()
    audit.append(tmp_path, "backup", {})
    assert "rewritten" in audit.verify(tmp_path, published_anchors(tmp_path))[0].what
