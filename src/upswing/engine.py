"""The seam between the warehouse and the algorithms: tables in and out of the engine as Arrow.

An algorithm is ``Iterator[RecordBatch] -> Iterator[RecordBatch]`` and its output schema; it does not know which engine
feeds it. On DuckDB a relation is read as a stream of batches in this process; on Spark the same function runs in
``mapInArrow`` on the executors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from tqdm import tqdm

BATCH_ROWS = 50_000

Transform = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def is_spark(relation: Any) -> bool:
    """Whether a relation, or a session, is one of Spark's; else it is one of DuckDB's."""
    return type(relation).__module__.startswith("pyspark.")


def read(relation: Any) -> pa.Table:
    """All rows of an engine's relation; timestamps are UTC without a zone, whatever the engine says of them."""
    return _without_zones(relation.toArrow()) if is_spark(relation) else relation.to_arrow_table()


def count(relation: Any) -> int:
    """Rows of an engine's relation."""
    return int(relation.count()) if is_spark(relation) else int(relation.count("*").fetchone()[0])


def read_earlier(dbt: Any, session: Any) -> pa.Table | None:
    """Rows that an incremental dbt Python model holds already; None on its first run or a full refresh."""
    return read(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None


def read_standing(dbt: Any, session: Any, schema: pa.Schema) -> pa.Table | None:
    """Rows that the table of a dbt Python model holds from the build before; None where it has not these columns."""
    standing = _read_if_there(session, str(dbt.this))
    return standing.cast(schema) if standing is not None and standing.schema.names == schema.names else None


def read_date(relation: Any, column: str) -> date | None:
    """A date out of a table of one row, or None where the table is empty or the date null."""
    values = read(relation).column(column).to_pylist()
    return values[0] if values else None


def stream(relation: Any, transform: Transform, schema: pa.Schema, label: str) -> Any:
    """Rows of ``relation`` through ``transform``, batch by batch, so that memory does not grow with the table.

    Args:
        relation: an engine's relation.
        transform: the algorithm; on Spark it is sent to the executors, with all that it holds.
        schema: of the batches it yields.
        label: named beside the progress on a terminal; Spark shows its own.

    Returns:
        What a dbt Python model returns: a record batch reader, or a lazy DataFrame of Spark's.
    """
    if is_spark(relation):
        return _map_in_arrow(relation, transform, schema)
    # Counted first: on the same connection it would end a read that has begun.
    rows = count(relation)
    batches = _progress(relation.to_arrow_reader(BATCH_ROWS), rows, label)
    return pa.RecordBatchReader.from_batches(schema, transform(batches))


def progress(label: str, unit: str) -> Callable[[int, int], None]:
    """A callback (done, all) that draws a progress bar with the time left on a terminal, and nothing in a log."""
    bar = tqdm(desc=label, unit=unit, disable=not sys.stderr.isatty(), leave=False)

    def show(done: int, everything: int) -> None:
        bar.total = everything
        bar.update(done - bar.n)
        if done >= everything:
            bar.close()

    return show


def _progress(batches: Iterator[pa.RecordBatch], rows: int, label: str) -> Iterator[pa.RecordBatch]:
    with tqdm(total=rows, desc=label, unit="row", disable=not sys.stderr.isatty(), leave=False) as bar:
        for batch in batches:
            yield batch
            bar.update(batch.num_rows)


def _read_if_there(session: Any, table: str) -> pa.Table | None:
    if is_spark(session):
        return read(session.table(table)) if session.catalog.tableExists(table) else None
    try:
        return read(session.sql(f"select * from {table}"))
    except duckdb.CatalogException:
        return None


def _map_in_arrow(relation: Any, transform: Transform, schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    spark_schema = from_arrow_schema(schema, prefer_timestamp_ntz=False)
    # Spark takes no batch whose types are not exactly its own: its timestamps carry a zone.
    written = to_arrow_schema(spark_schema, timezone="UTC")

    def on_executor(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in transform(_without_zones(batch) for batch in batches):
            yield batch.cast(written)

    return relation.mapInArrow(on_executor, spark_schema)


def _without_zones(rows: Any) -> Any:
    """A table or batch whose timestamps are UTC without a zone."""
    fields = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))
