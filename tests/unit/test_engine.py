from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from upswing import engine

SCHEMA = pa.schema([pa.field("twice", pa.int64())])


class FakeRelation:
    """As much of a DuckDB relation as the engine asks for."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.batches_read = 0

    def count(self, _column: str) -> Any:
        return self

    def fetchone(self) -> tuple[int]:
        return (self.table.num_rows,)

    def to_arrow_table(self) -> pa.Table:
        return self.table

    def to_arrow_reader(self, batch_rows: int) -> Iterator[pa.RecordBatch]:
        for batch in self.table.to_batches(max_chunksize=min(batch_rows, 10)):
            self.batches_read += 1
            yield batch


def doubled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.record_batch([pa.array([2 * value for value in batch.column(0).to_pylist()])], schema=SCHEMA)


def test_stream_reads_a_batch_only_when_one_is_asked_for() -> None:
    relation = FakeRelation(pa.table({"n": list(range(35))}))
    reader = engine.stream(relation, doubled, SCHEMA, "label")
    assert relation.batches_read == 0
    reader.read_next_batch()
    assert relation.batches_read == 1
    assert reader.read_all()["twice"].to_pylist() == [2 * number for number in range(10, 35)]


def test_stream_reads_every_row_of_a_table() -> None:
    with duckdb.connect() as session:
        relation = session.sql("select range as n from range(120000)")
        table = engine.stream(relation, doubled, SCHEMA, "label").read_all()
    assert table["twice"].to_pylist() == list(range(0, 240000, 2))


def test_stream_of_nothing_has_its_schema() -> None:
    relation = FakeRelation(pa.table({"n": pa.array([], type=pa.int64())}))
    table = engine.stream(relation, lambda _batches: iter(()), SCHEMA, "label").read_all()
    assert table.schema == SCHEMA
    assert table.num_rows == 0


def test_read_date() -> None:
    day = date(2017, 5, 1)
    assert engine.read_date(FakeRelation(pa.table({"day": [day]})), "day") == day
    assert engine.read_date(FakeRelation(pa.table({"day": pa.array([], type=pa.date32())})), "day") is None
    assert engine.read_date(FakeRelation(pa.table({"day": pa.array([None], type=pa.date32())})), "day") is None


def test_earlier_rows_are_read_only_in_an_incremental_run() -> None:
    class Dbt:
        this = '"w"."models"."fit"'
        is_incremental = False

    class Session:
        def sql(self, query: str) -> FakeRelation:
            assert query == 'select * from "w"."models"."fit"'
            return FakeRelation(pa.table({"n": [1]}))

    dbt = Dbt()
    assert engine.read_earlier(dbt, Session()) is None
    dbt.is_incremental = True
    earlier = engine.read_earlier(dbt, Session())
    assert earlier is not None
    assert earlier.num_rows == 1


class TableInDuckDB:
    """As much of a dbt model as names its table."""

    def __init__(self, name: str) -> None:
        self.this = f'"memory"."main"."{name}"'


def test_standing_rows_are_those_of_a_table_with_the_same_columns() -> None:
    with duckdb.connect() as session:
        session.sql("create table scores as select 1 :: integer as n, 'a' as name union all select 2, 'b' order by n")
        schema = pa.schema([pa.field("n", pa.int64()), pa.field("name", pa.string())])
        standing = engine.read_standing(TableInDuckDB("scores"), session, schema)
        assert standing is not None
        assert standing.schema == schema
        assert standing.to_pylist() == [{"n": 1, "name": "a"}, {"n": 2, "name": "b"}]


@pytest.mark.parametrize("names", [["n"], ["n", "name", "more"], ["n", "title"]])
def test_rows_of_other_columns_do_not_stand(names: list[str]) -> None:
    with duckdb.connect() as session:
        session.sql("create table scores as select 1 as n, 'a' as name")
        schema = pa.schema([pa.field(name, pa.string()) for name in names])
        assert engine.read_standing(TableInDuckDB("scores"), session, schema) is None


def test_before_the_first_build_nothing_stands() -> None:
    with duckdb.connect() as session:
        assert engine.read_standing(TableInDuckDB("scores"), session, SCHEMA) is None
        absent = TableInDuckDB("scores")
        absent.this = '"memory"."no_schema"."scores"'
        assert engine.read_standing(absent, session, SCHEMA) is None
