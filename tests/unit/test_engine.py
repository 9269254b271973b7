from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa

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
