"""All forecast series side by side: one row a series, one column a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

LEVELS = ("total", "category", "product", "other_products", "store_category", "other_stores")

SEPARATOR = "\x1f"
"""Between level and id in a key; the ids of no two series of a level are the same."""

ONE_DAY = np.timedelta64(1, "D")
DAYS_OF_A_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class SalesPanel:
    """Weekly series of one business, n series and T whole weeks.

    Attributes:
        series: rows of ``int_forecast_series``, sorted by series_level and series_id; n rows.
        weeks: Mondays, ascending, without a gap, shape (T,).
        revenue: net revenue, shape (n, T); NaN before a series' first week, and nowhere after it.
        promoted_share: share of the units that were sold on promotion, shape (n, T); NaN where unknown.
        price_ratio: price paid to its own recent median, shape (n, T); NaN where unknown.
        promotion_reach: share of the stores that have it on promotion, past and plan, shape (n, T + horizon); NaN where
            nothing is known.
    """

    series: pa.Table
    weeks: NDArray[np.datetime64]
    revenue: FloatArray
    promoted_share: FloatArray
    price_ratio: FloatArray
    promotion_reach: FloatArray

    @property
    def horizon(self) -> int:
        """Weeks after the last one for which a plan may be known."""
        return int(self.promotion_reach.shape[1] - len(self.weeks))

    @property
    def planned_weeks(self) -> int:
        """Weeks ahead for which plans of promotions are delivered, 0 where there are none.

        As many are looked at from an earlier origin, so that a forecast is judged with what it will know.
        """
        is_planned = np.isfinite(self.promotion_reach[:, len(self.weeks) :]).any(axis=0)
        return int(np.max(np.flatnonzero(is_planned), initial=-1) + 1)

    @property
    def all_weeks(self) -> NDArray[np.datetime64]:
        """Mondays of the past and of the weeks ahead, shape (T + horizon,); none where there is no past."""
        if not len(self.weeks):
            return self.weeks
        ahead = self.weeks[-1] + DAYS_OF_A_WEEK * np.arange(1, self.horizon + 1)
        return np.concatenate([self.weeks, ahead])

    @property
    def keys(self) -> list[str]:
        """Level and id of each series as one text."""
        return series_keys(self.series)

    @property
    def levels(self) -> NDArray[np.str_]:
        """Level of each series, shape (n,)."""
        return np.array(self.series["series_level"].to_pylist(), dtype=np.str_)

    def holds_month_start(self) -> FloatArray:
        """1 where the week holds the first of a month, else 0, of past and coming weeks, shape (T + horizon,)."""
        return holds_month_start(self.all_weeks)

    def select(self, rows: BoolArray | IntArray) -> SalesPanel:
        """The panel of some of the series, in the order given; their order must remain the sorted one."""
        taken = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return SalesPanel(
            self.series.take(pa.array(taken)),
            self.weeks,
            self.revenue[taken],
            self.promoted_share[taken],
            self.price_ratio[taken],
            self.promotion_reach[taken],
        )


def series_keys(series: pa.Table) -> list[str]:
    """Level and id of each row as one text."""
    levels, ids = series["series_level"].to_pylist(), series["series_id"].to_pylist()
    return [f"{level}{SEPARATOR}{identifier}" for level, identifier in zip(levels, ids, strict=True)]


def holds_month_start(mondays: NDArray[np.datetime64]) -> FloatArray:
    """1 where the week that begins on a Monday holds the first of a month, else 0."""
    first_days, last_days = (days.astype("datetime64[M]") for days in (mondays - ONE_DAY, mondays + 6 * ONE_DAY))
    return np.asarray(first_days != last_days, dtype=np.float64)


def sales_panel(series: pa.Table, weeks: pa.Table, planned: pa.Table, horizon: int) -> SalesPanel:
    """Lay the long tables out; the order of their rows does not matter.

    Args:
        series: columns of ``int_forecast_series``; may be empty.
        weeks: columns of ``int_forecast_weeks``: at most one row a series and week, without a gap from a series' first
            week to the last week of all.
        planned: columns of ``int_planned_promotions``, weeks after the last whole one; may be empty.
        horizon: weeks ahead, 1 or more.

    Raises:
        ValueError: a week of a series that ``series`` does not hold, a day that is no Monday of the panel, or a week
            twice.
    """
    if horizon < 1:
        raise ValueError(f"var forecast_weeks is {horizon}; expected 1 or more weeks")
    series = series.sort_by([("series_level", "ascending"), ("series_id", "ascending")])
    mondays = _mondays(weeks)
    position = {key: row for row, key in enumerate(series_keys(series))}
    shape = (series.num_rows, len(mondays))
    rows, columns = _cells(weeks, position, mondays, len(mondays))
    if len(rows) and len(np.unique(rows * len(mondays) + columns)) < len(rows):
        raise ValueError("int_forecast_weeks holds a week of a series twice; expected one row a series and week")
    laid = {
        name: _laid(shape, rows, columns, weeks[name])
        for name in ("net_revenue", "promoted_share", "price_ratio", "promotion_reach")
    }
    reach = np.concatenate([laid["promotion_reach"], np.full((series.num_rows, horizon), np.nan)], axis=1)
    if planned.num_rows and len(mondays):
        ahead = planned.filter(_is_ahead(planned, mondays[-1], horizon))
        plan_rows, plan_columns = _cells(ahead, position, mondays, len(mondays) + horizon)
        reach[plan_rows, plan_columns] = _floats(ahead["promotion_reach"])
    revenue = _without_gaps(laid["net_revenue"])
    return SalesPanel(series, mondays, revenue, laid["promoted_share"], laid["price_ratio"], reach)


def _mondays(weeks: pa.Table) -> NDArray[np.datetime64]:
    """All Mondays from the first to the last of the table."""
    if not weeks.num_rows:
        return np.array([], dtype="datetime64[D]")
    days: dict[str, Any] = pc.min_max(weeks["week_starting"]).as_py()
    return np.arange(np.datetime64(days["min"], "D"), np.datetime64(days["max"], "D") + 1, DAYS_OF_A_WEEK)


def _cells(
    table: pa.Table, position: Mapping[str, int], mondays: NDArray[np.datetime64], width: int
) -> tuple[IntArray, IntArray]:
    """Row and column of each row of a long table."""
    if not table.num_rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    keys = series_keys(table)
    unknown = next((key for key in keys if key not in position), None)
    if unknown is not None:
        name = unknown.replace(SEPARATOR, " ")
        raise ValueError(f"series {name} has weeks but is not in int_forecast_series; expected every series there")
    rows = np.array([position[key] for key in keys], dtype=np.int64)
    days = (table["week_starting"].to_numpy().astype("datetime64[D]") - mondays[0]).astype(np.int64)
    if np.any(days % 7) or np.any(days // 7 >= width):
        raise ValueError("week_starting is not the Monday of a week of the panel; expected Mondays")
    return rows, days // 7


def _is_ahead(planned: pa.Table, last: np.datetime64, horizon: int) -> pa.Array:
    days = planned["week_starting"].to_numpy().astype("datetime64[D]")
    return pa.array((days > last) & (days <= last + DAYS_OF_A_WEEK * horizon))


def _laid(shape: tuple[int, int], rows: IntArray, columns: IntArray, values: Any) -> FloatArray:
    laid = np.full(shape, np.nan)
    laid[rows, columns] = _floats(values)
    return laid


def _floats(values: Any) -> FloatArray:
    return np.asarray(values.cast(pa.float64()).fill_null(np.nan).to_numpy(), dtype=np.float64)


def _without_gaps(revenue: FloatArray) -> FloatArray:
    """A week that is missing after a series' first one is a week without revenue."""
    has_begun = np.logical_or.accumulate(np.isfinite(revenue), axis=1)
    return np.where(has_begun & ~np.isfinite(revenue), 0.0, revenue)
