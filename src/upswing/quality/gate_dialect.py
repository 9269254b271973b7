"""SQLAlchemy on a DuckDB connection that is open already: a second engine on its file would be refused."""

from __future__ import annotations

from typing import Any, ClassVar

import duckdb_engine
import sqlalchemy as sa
from sqlalchemy.dialects import registry

URL = "duckdb+upswing://"
TYPES: dict[str, Any] = {
    "BIGINT": sa.BigInteger,
    "BOOLEAN": sa.Boolean,
    "DATE": sa.Date,
    "DOUBLE": sa.Float,
    "INTEGER": sa.Integer,
    "TIMESTAMP": sa.DateTime,
    "VARCHAR": sa.String,
}


class LiveDialect(duckdb_engine.Dialect):
    """DuckDB's dialect over a connection that is open already: a second engine on its file would be refused."""

    session: ClassVar[Any] = None
    supports_statement_cache = False

    def connect(self, *_given: Any, **_named: Any) -> Any:
        """The live connection, or what stands for it: closing it is not ours."""
        return duckdb_engine.ConnectionWrapper(type(self).session)

    def do_begin(self, _connection: Any) -> None:
        """Nothing: each query stands for itself."""

    def do_commit(self, _connection: Any) -> None:
        """Nothing: nothing is written."""

    def do_rollback(self, _connection: Any) -> None:
        """Nothing: nothing is written."""

    def do_close(self, _connection: Any) -> None:
        """Nothing: the connection is lent."""

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_named: Any) -> Any:
        """Names and types of columns; DuckDB has not all tables of the catalog that SQLAlchemy asks."""
        found = connection.exec_driver_sql(
            "select column_name, data_type from duckdb_columns() where table_name = $1 and case when $2 = 'temp' "
            "then database_name = 'temp' else database_name = current_database() and schema_name = $2 end "
            "order by column_index",
            (table_name, schema),
        )
        return [
            {"name": name, "type": TYPES.get(data_type, sa.types.NullType)(), "nullable": True, "default": None}
            for name, data_type in found.fetchall()
        ]

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **named: Any) -> bool:
        """Whether there is such a table or view."""
        return bool(self.get_columns(connection, table_name, schema, **named))


registry.register("duckdb.upswing", __name__, "LiveDialect")
