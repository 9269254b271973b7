"""Weeks on the axis of a chart, the same day in every time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures


def moment(day: date | None) -> float | None:
    """The midnight UTC with which a day begins, in milliseconds since 1970: a browser shifts no number."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000


def with_moments(data: pa.Table, *columns: str) -> pa.Table:
    """The table with its ``columns`` of days as moments (``moment``), each beside its text ``<column>_day``."""
    for column in columns:
        days = data[column].to_pylist()
        data = data.set_column(
            data.column_names.index(column), column, pa.array([moment(day) for day in days], pa.float64())
        ).append_column(f"{column}_day", pa.array([figures.day(day) for day in days], pa.string()))
    return data


def week_axis(column: str, title: str, **more: Any) -> alt.X:
    """The axis on which the moments of ``with_moments`` lie."""
    return alt.X(
        f"{column}:T",
        title=title,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%Y-%m-%d", labelOverlap=True, tickCount=8, grid=False),
        **more,
    )
