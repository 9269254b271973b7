"""Which candidates there are, how they are learned, and for which series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from upswing.sales.forecast_panel import BoolArray, SalesPanel

STATISTICAL = (
    "seasonal_naive",
    "moving_average",
    "exponential_smoothing",
    "ets",
    "theta",
    "arima",
    "croston",
    "tsb",
)
LEARNED = ("linear_regression", "svr", "random_forest", "gradient_boosting", "neural_net")
CANDIDATES: tuple[str, ...] = STATISTICAL + LEARNED
FALLBACK = "seasonal_naive"
"""Serves every series that has at least one week, and cannot fail."""

ARIMA_LEVELS = ("total", "category")


@dataclass(frozen=True)
class CandidateParameters:
    """How candidates are learned.

    Attributes:
        forecast_weeks: weeks ahead.
        season_length: weeks that seasonal naive looks back; see :func:`season_length`.
        arima_series: so many series get AutoARIMA.
        moving_average_weeks: weeks that the moving average looks back.
    """

    forecast_weeks: int = 13
    season_length: int = 1
    arima_series: int = 25
    moving_average_weeks: int = 13

    def __post_init__(self) -> None:
        for name in ("forecast_weeks", "season_length", "moving_average_weeks"):
            if getattr(self, name) < 1:
                raise ValueError(f"var {name} is {getattr(self, name)}; expected at least 1")
        if self.arima_series < 0:
            raise ValueError(f"var arima_series is {self.arima_series}; expected 0 or more series")


def season_length(season_weeks: int, shortest_history: int) -> int:
    """The season where the shortest training history holds it once, else 1: then seasonal naive is the last week.

    Args:
        season_weeks: var season_weeks.
        shortest_history: weeks before the earliest origin of all windows that are compared.
    """
    return season_weeks if shortest_history >= season_weeks else 1


def arima_rows(panel: SalesPanel, origin: int, most: int) -> BoolArray:
    """The best-selling series of the upper levels, by revenue up to the origin; ties by their order. Shape (n,)."""
    revenue = np.nan_to_num(panel.revenue[:, :origin]).sum(axis=1)
    revenue[~np.isin(panel.levels, ARIMA_LEVELS)] = -np.inf
    taken = np.argsort(-revenue, kind="stable")[:most]
    mask = np.zeros(len(revenue), dtype=np.bool_)
    mask[taken] = np.isfinite(revenue[taken])
    return mask


def wanted_masks(
    panel: SalesPanel, origin: int, parameters: CandidateParameters, wanted: Mapping[str, BoolArray] | None
) -> dict[str, BoolArray]:
    """Series that each candidate is learned for; AutoARIMA only for the :func:`arima_rows` among them."""
    every, none = np.ones(len(panel.revenue), dtype=np.bool_), np.zeros(len(panel.revenue), dtype=np.bool_)
    masks = {name: every if wanted is None else wanted.get(name, none) for name in CANDIDATES}
    return masks | {"arima": masks["arima"] & arima_rows(panel, origin, parameters.arima_series)}


class Progress:
    """Counts steps, and tells every hundredth part of them."""

    def __init__(self, everything: int, told: Callable[[int, int], None] | None) -> None:
        self.everything, self.told, self.done, self.last = max(everything, 1), told, 0, 0

    def add(self, steps: int) -> None:
        """So many more steps are done."""
        self.done = min(self.done + steps, self.everything)
        if self.told is not None and 100 * (self.done - self.last) >= self.everything:
            self.last = self.done
            self.told(self.done, self.everything)

    def end(self) -> None:
        """All is done, though steps may have been skipped."""
        if self.told is not None and self.last < self.everything:
            self.told(self.everything, self.everything)
