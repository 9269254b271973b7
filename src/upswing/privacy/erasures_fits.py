"""What forgetting a customer means for the fits that learned from the customer's rows.

Weights are sums over many customers, out of which nobody can be taken. So the fits are made again: the newest one goes
on serving until the next build, which trains without the customer; all older weights go at once.
"""

from __future__ import annotations

from typing import Any

CUSTOMER_FITS = (
    "fit_conversion_classifier",
    "fit_customer_predictor",
    "fit_customer_segments",
    "fit_recommender",
    "fit_sentiment_classifier",
    "fit_uplift_predictor",
)
"""Fits that learn from rows of customers or of their deals; the others learn from sums of sales, which stay."""


def fits_of_customers(connection: Any) -> list[str]:
    """The fits of the open file that serve and learned from rows of customers: table and version.

    Args:
        connection: to a DuckDB file.
    """
    return [f"{table} {newest}" for table, _relation, newest in _fits(connection)]


def drop_older_weights(connection: Any) -> int:
    """Take the weights of all fits but the newest of each model, and the hashes of all their training rows.

    Args:
        connection: to a DuckDB file, not read-only.

    Returns:
        How many fits lost their weights.
    """
    dropped = 0
    for _table, relation, newest in _fits(connection):
        (older,) = connection.execute(
            f"update {relation} set weights = null where model_version <> $1 and weights is not null", [newest]
        ).fetchone() or (0,)
        connection.execute(f"update {relation} set row_sketch = ''::blob where row_sketch is not null")
        dropped += older
    return dropped


def _fits(connection: Any) -> list[tuple[str, str, str]]:
    """Table, the table quoted, and newest version with weights, of each fit that learned from customers."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() "
        f"and table_name in {CUSTOMER_FITS} order by all"
    ).fetchall()
    found = []
    for schema, table in tables:
        relation = f'"{schema}"."{table}"'
        (newest,) = connection.execute(
            f"select max(model_version) from {relation} where weights is not null"
        ).fetchone() or (None,)
        if newest is not None:
            found.append((table, relation, str(newest)))
    return found
