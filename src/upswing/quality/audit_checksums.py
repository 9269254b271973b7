"""Checksums of tables: the same for the same rows in any order, another when any value of any row is another.

The sum of the hashes of all rows, by DuckDB, beside a hash of the columns' names and types. DuckDB promises its hash
for one version alone, so that checksums are compared only where :func:`engine_version` is the same.
"""

from __future__ import annotations

import hashlib
from typing import Any


def engine_version(connection: Any) -> str:
    """The engine whose hash a checksum rests on: ``duckdb v1.5.5``."""
    (version,) = connection.execute("select version()").fetchone()
    return f"duckdb {version}"


def checksum(connection: Any, database: str, schema: str, table: str) -> tuple[int, str]:
    """Rows and checksum of a table: 8 hex digits of its columns, a dash, 24 of its rows.

    Args:
        connection: to DuckDB, with the database attached.
        database: the name it is attached by.
        schema: of the table.
        table: its name.
    """
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [database, schema, table],
    ).fetchall()
    named = ", ".join(quoted(name) for name, _ in columns)
    # Sums wrap nowhere: a hugeint holds the hashes of 10^18 rows. Text keeps all of its digits.
    (rows, total) = connection.execute(
        f"select count(*), cast(coalesce(sum(hash({named})), 0) as varchar) "
        f"from {quoted(database)}.{quoted(schema)}.{quoted(table)}"
    ).fetchone()
    return int(rows), f"{hashlib.md5(repr(columns).encode()).hexdigest()[:8]}-{int(total):024x}"


def checksums(connection: Any, database: str) -> dict[str, tuple[int, str]]:
    """Rows and checksum of each table of a database, by ``schema.table``; views have none."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [database]
    ).fetchall()
    return {f"{schema}.{table}": checksum(connection, database, schema, table) for schema, table in tables}


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
