"""The course of the calendar that all series of a category share: the start of a month, and the year where it is known.

Statistical candidates look at revenue without it, and it is put back into their forecasts. Learned candidates see the
start of a month for themselves, and look at revenue without the course of the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_panel import FloatArray, IntArray, SalesPanel
from upswing.tensors import pack_texts, unpack_texts

NEIGHBOURS = (-2, -1, 1, 2)
WEEKS_OF_YEAR = 53
LEAST_SEASONS = 2
"""Years that a yearly course needs: in one alone it cannot be told from a trend."""

OWN_YEARS = 1.0
"""A category's own yearly course counts as much as the company's when it has been seen for so many years."""

LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0
COMPANY = ""


@dataclass(frozen=True)
class SalesCalendar:
    """Factors by which weeks differ.

    Attributes:
        month_start: of a week that holds the first of a month, to those around it: the median of those seen.
        groups: categories with a yearly course; the first is :data:`COMPANY`, for all that have none.
        yearly: shape (groups, WEEKS_OF_YEAR); ones where fewer than two years were seen.
    """

    month_start: float
    groups: tuple[str, ...]
    yearly: FloatArray

    @classmethod
    def learn(cls, panel: SalesPanel, origin: int, season_length: int) -> SalesCalendar:
        """Learn from the weeks up to the origin; the season is 1 where a year is not to be learned."""
        is_total = panel.levels == "total"
        revenue = panel.revenue[:, :origin]
        company = np.nan_to_num(revenue[is_total].sum(axis=0))
        starts = panel.holds_month_start()[:origin]
        month_start = _month_start(company, starts)
        if season_length == 1 or origin < LEAST_SEASONS * season_length:
            return cls(month_start, (COMPANY,), np.ones((1, WEEKS_OF_YEAR)))
        course = 1.0 + (month_start - 1.0) * starts
        weeks = week_of_year(panel.weeks[:origin])
        years = origin / season_length
        companys = _yearly(company / course, weeks, season_length)
        rows = np.flatnonzero(panel.levels == "category")
        own = [_yearly(np.nan_to_num(revenue[row]) / course, weeks, season_length) for row in rows]
        weight = years / (years + OWN_YEARS)
        yearly = np.array([companys, *(weight * index + (1.0 - weight) * companys for index in own)])
        ids = panel.series["series_id"].to_pylist()
        return cls(month_start, (COMPANY, *(ids[row] for row in rows)), yearly)

    def year(self, panel: SalesPanel) -> FloatArray:
        """Factor of the week of the year alone, shape (n, T + horizon), above 0."""
        position = {group: row for row, group in enumerate(self.groups)}
        groups = np.array([position.get(category, 0) for category in panel.series["category"].to_pylist()], dtype=int)
        return np.asarray(self.yearly[groups.reshape(-1, 1), week_of_year(panel.all_weeks)], dtype=np.float64)

    def course(self, panel: SalesPanel) -> FloatArray:
        """Factor of each series and week, past and ahead, shape (n, T + horizon), above 0."""
        return np.asarray(self.year(panel) * (1.0 + (self.month_start - 1.0) * panel.holds_month_start()))

    def packed(self) -> dict[str, NDArray[Any]]:
        """The factors as arrays."""
        return {
            "month_start": np.array([self.month_start]),
            "groups": pack_texts(self.groups),
            "yearly": self.yearly,
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> SalesCalendar:
        """What :meth:`packed` packed."""
        return cls(float(arrays["month_start"][0]), tuple(unpack_texts(arrays["groups"])), arrays["yearly"])


def week_of_year(mondays: NDArray[np.datetime64]) -> IntArray:
    """Number of a week in its year, 0 to 52, by its Thursday."""
    thursdays = np.asarray(mondays, dtype="datetime64[D]").astype(np.int64) + 3
    years = np.asarray(thursdays.astype("datetime64[D]"), dtype="datetime64[Y]")
    return np.asarray((thursdays - years.astype("datetime64[D]").astype(np.int64)) // 7, dtype=np.int64)


def _month_start(revenue: FloatArray, starts: FloatArray) -> float:
    """Median of such weeks' revenue to the mean of the two weeks either side that hold no first of a month."""
    ratios = []
    for week in np.flatnonzero(starts):
        around = [week + step for step in NEIGHBOURS if 0 <= week + step < len(revenue) and not starts[week + step]]
        usual = float(np.mean(revenue[around])) if around else 0.0
        if usual > 0:
            ratios.append(float(revenue[week]) / usual)
    return float(np.clip(np.median(ratios), LEAST_FACTOR, MOST_FACTOR)) if ratios else 1.0


def _yearly(revenue: FloatArray, weeks: IntArray, season_length: int) -> FloatArray:
    """Mean of each week of the year to the year around it, over three weeks, shape (WEEKS_OF_YEAR,)."""
    window = np.ones(season_length)
    usual = np.convolve(revenue, window, "same") / np.convolve(np.ones(len(revenue)), window, "same")
    ratios = np.divide(revenue, usual, out=np.ones(len(revenue)), where=usual > 0)
    sums = np.bincount(weeks, ratios, WEEKS_OF_YEAR)
    numbers = np.bincount(weeks, minlength=WEEKS_OF_YEAR)
    around = [np.roll(values, step) for step in (-1, 0, 1) for values in (sums, numbers)]
    total, number = sum(around[0::2]), sum(around[1::2])
    index = np.divide(total, number, out=np.ones(WEEKS_OF_YEAR), where=number > 0)
    return np.asarray(np.clip(index, LEAST_FACTOR, MOST_FACTOR), dtype=np.float64)
