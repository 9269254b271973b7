"""The function of SQL by which views of the raw tables on DuckDB make pseudonyms; the key stays in Python.

DuckDB writes what its memory held before into the unused ends of compressed text blocks (duckdb/duckdb#23382). A key
that took part in a query of SQL could so come into the file of the warehouse.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyarrow as pa

from upswing.privacy.pseudonyms import pseudonym

FUNCTION = "upswing_pseudonym"
IDS_REMEMBERED = 1 << 18


def register_pseudonym(connection: Any, key: bytes) -> None:
    """Give a DuckDB connection, and all of the same database, the function.

    Args:
        connection: to DuckDB, read-only too.
        key: of the pseudonyms.
    """
    known = "select count(*) from duckdb_functions() where function_name = ?"
    if connection.execute(known, [FUNCTION]).fetchone()[0]:
        return

    @lru_cache(maxsize=IDS_REMEMBERED)
    def of_one(text: str) -> str:
        return pseudonym(key, text)

    def of_all(texts: Any) -> pa.Array:
        distinct = (texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).dictionary_encode()
        made = pa.array([of_one(text) for text in distinct.dictionary.to_pylist()], pa.string())
        return made.take(distinct.indices)

    connection.create_function(FUNCTION, of_all, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")
