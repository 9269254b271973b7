"""Whether two published files hold the same marts: keys equal, numbers close, texts equal."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from warehouse import COMPUTED_AT, OF_EACH_RUN

TOLERANCE = 1e-6
DELIVERED_AS = {"raw_deliveries": "location"}
"""The same rows may be one file or many."""

LEARNED_TOLERANCE = 1e-3


def rows(place: Path, mart: str, key: list[str]) -> pa.Table:
    """A mart in the order of its key, without the columns about the run; of a published file, or Spark's folder."""
    column = (COMPUTED_AT | DELIVERED_AS).get(mart)
    left_out = f" exclude ({column})" if column else ""
    file, table = (":memory:", f"read_parquet('{place / mart}/*.parquet')") if place.is_dir() else (str(place), mart)
    with duckdb.connect(file, read_only=file != ":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(f"select *{left_out} from {table} order by {', '.join(key)}").to_arrow_table()


def differences(one: Path, other: Path, keys: dict[str, list[str]], learned: set[str]) -> list[str]:
    """What differs between two sets of marts, in words; empty where they are the same.

    Args:
        one: a published file.
        other: another, or the folder in which Spark keeps the tables of a schema.
        keys: the key of each mart that is compared.
        learned: columns that a model computes; they may differ by :data:`LEARNED_TOLERANCE`, others by
            :data:`TOLERANCE`, relative to the greater of 1 and the value.
    """
    found = []
    for mart, key in keys.items():
        if mart in OF_EACH_RUN:
            continue
        left, right = rows(one, mart, key), rows(other, mart, key)
        if set(left.column_names) != set(right.column_names):
            found.append(f"{mart}: columns {left.column_names} and {right.column_names}")
            continue
        if left.num_rows != right.num_rows:
            found.append(f"{mart}: {left.num_rows} and {right.num_rows} rows")
            continue
        # Spark's files have a zone on each time, and other widths of numbers.
        right = right.select(left.column_names).cast(left.schema)
        for column in left.column_names:
            told = _column_difference(
                left[column], right[column], LEARNED_TOLERANCE if column in learned else TOLERANCE
            )
            if told:
                found.append(f"{mart}.{column}: {told}")
    return found


def _column_difference(left: pa.ChunkedArray, right: pa.ChunkedArray, tolerance: float) -> str | None:
    if pt.is_list(left.type):
        if pc.list_value_length(left).to_pylist() != pc.list_value_length(right).to_pylist():
            return "lists of other lengths"
        return _column_difference(pc.list_flatten(left), pc.list_flatten(right), tolerance)
    if pt.is_floating(left.type):
        ours = np.asarray(left.to_pandas(), dtype=np.float64)
        theirs = np.asarray(right.to_pandas(), dtype=np.float64)
        if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
            return "not null in the same rows"
        gap = np.nan_to_num(np.abs(ours - theirs) / np.maximum(1, np.abs(ours)))
        return f"up to {gap.max():.2g} apart, {int((gap > tolerance).sum())} rows" if (gap > tolerance).any() else None
    pairs = [(a, b) for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True) if a != b]
    return f"{len(pairs)} rows differ, the first {pairs[0]}" if pairs else None
