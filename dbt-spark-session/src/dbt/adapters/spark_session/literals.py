"""Python values as Spark SQL literals."""

import datetime
from decimal import Decimal
from typing import Any


def sql_literal(value: Any) -> str:
    """A literal of Spark SQL that stands for a Python value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    text = value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
