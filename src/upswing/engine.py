"""The seam between the warehouse and the algorithms: tables in and out of the engine as Arrow.

An algorithm is ``Iterator[RecordBatch] -> Iterator[RecordBatch]`` and its output schema; it does not know which engine
feeds it.
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


def read(relation: Any) -> pa.Table:
    """All rows of an engine's relation."""
    return relation.to_arrow_table()


def read_earlier(dbt: Any, session: Any) -> pa.Table | None:
    """Rows that an incremental dbt Python model holds already; None on its first run or a full refresh."""
    return read(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None


def read_standing(dbt: Any, session: Any, schema: pa.Schema) -> pa.Table | None:
    """Rows that the table of a dbt Python model holds from the build before; None where it has not these columns."""
    try:
        standing = read(session.sql(f"select * from {dbt.this}"))
    except duckdb.CatalogException:
        return None
    return standing.cast(schema) if standing.schema.names == schema.names else None


def read_date(relation: Any, column: str) -> date | None:
    """A date out of a table of one row, or None where the table is empty or the date null."""
    values = read(relation).column(column).to_pylist()
    return values[0] if values else None


def stream(relation: Any, transform: Transform, schema: pa.Schema, label: str) -> pa.RecordBatchReader:
    """Rows of ``relation`` through ``transform``, batch by batch, so that memory does not grow with the table.

    Args:
        relation: an engine's relation.
        transform: the algorithm.
        schema: of the batches it yields.
        label: named beside the progress on a terminal.
    """
    counted = relation.count("*").fetchone()
    batches = _progress(relation.to_arrow_reader(BATCH_ROWS), int(counted[0]), label)
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
