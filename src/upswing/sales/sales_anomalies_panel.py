"""The weekly series that are looked through, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.sales.sales_anomalies_noise import BoolArray, FloatArray

LEVELS = ("category", "product")
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class AnomalyPanel:
    """n series over T weeks, sorted by level and id.

    Attributes:
        levels: level of each series, shape (n,).
        ids: id of each series, shape (n,).
        weeks: Mondays, ascending, without a gap, shape (T,).
        revenue: net revenue, shape (n, T); 0 before a series' first week.
        units: units sold, alike.
        told: from a series' first week on, shape (n, T).
    """

    levels: NDArray[np.str_]
    ids: NDArray[np.str_]
    weeks: NDArray[np.datetime64]
    revenue: FloatArray
    units: FloatArray
    told: BoolArray

    def of_series(self, rows: BoolArray) -> AnomalyPanel:
        """The panel of some of the series."""
        return AnomalyPanel(
            self.levels[rows], self.ids[rows], self.weeks, self.revenue[rows], self.units[rows], self.told[rows]
        )


def anomaly_panel(weeks: pa.Table, min_weeks: int) -> AnomalyPanel:
    """Lay out the categories and products of ``int_forecast_weeks`` that have weeks enough, in any order of rows.

    Args:
        weeks: series_level, series_id, week_starting, net_revenue and units; one row a series and week from its first
            to the last week of all. A revenue that is null counts as 0.
        min_weeks: series with fewer weeks are left out.

    Raises:
        ValueError: a week of a series stands twice.
    """
    chosen = weeks.filter(pc.is_in(weeks["series_level"].cast(pa.string()), pa.array(LEVELS)))
    if not chosen.num_rows:
        nothing = np.zeros((0, 0))
        names = np.array([], dtype=np.str_)
        return AnomalyPanel(names, names, np.array([], "datetime64[D]"), nothing, nothing, nothing > 0)
    levels_of_rows, ids_of_rows = (np.array(chosen[name].to_pylist()) for name in ("series_level", "series_id"))
    days = chosen["week_starting"].cast(pa.date32()).to_numpy().astype("datetime64[D]")
    mondays = np.arange(days.min(), days.max() + WEEK, WEEK)
    keys, rows = np.unique(np.char.add(np.char.add(levels_of_rows, "\x1f"), ids_of_rows), return_inverse=True)
    columns = ((days - mondays[0]) // WEEK).astype(np.int64)
    if len(np.unique(rows * len(mondays) + columns)) < len(rows):
        raise ValueError("int_forecast_weeks holds a week of a series twice; expected one row a series and week")
    first = np.full(len(keys), len(mondays))
    np.minimum.at(first, rows, columns)
    laid = {name: np.zeros((len(keys), len(mondays))) for name in ("net_revenue", "units")}
    for name, values in laid.items():
        values[rows, columns] = pc.fill_null(chosen[name].cast(pa.float64()), 0).to_numpy()
    levels, _, ids = np.char.partition(keys, "\x1f").T
    told = np.arange(len(mondays)) >= first[:, None]
    panel = AnomalyPanel(levels, ids, mondays, laid["net_revenue"], laid["units"], told)
    return panel.of_series(told.sum(axis=1) >= min_weeks)
