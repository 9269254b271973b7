"""Upswing: the algorithms behind the warehouse, and the few modules that bind them to an engine."""

import os

# DuckDB writes what its memory held before into the unused ends of blocks of its files (duckdb/duckdb#23382), names and
# ids out of raw rows among it, unless its allocator clears memory. It reads this once, when it is imported.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true")
