"""The sales forecaster: candidates, and who of them serves which series (source: big-data sales article)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from numpy.typing import NDArray

from upswing.sales.forecast_candidates import CandidateParameters, LearnedCandidates, season_length
from upswing.sales.forecast_panel import SalesPanel
from upswing.sales.sales_forecaster_rules import ForecastRules, Served
from upswing.tensors import pack, unpack

FEWEST_WEEKS = 8
"""A window with fewer weeks before it is left out: nothing can be learned there."""


@dataclass(frozen=True)
class SalesForecasterParameters:
    """How the sales forecaster is chosen and measured.

    Attributes:
        forecast_weeks: weeks ahead.
        forecast_windows: windows that candidates are compared on.
        forecast_window_step_weeks: weeks from one window to the next.
        season_weeks: length of the season that seasonal naive looks back and errors are scaled by, where the history
            holds it.
        arima_series: so many series get AutoARIMA.
    """

    forecast_weeks: int = 13
    forecast_windows: int = 3
    forecast_window_step_weeks: int = 4
    season_weeks: int = 52
    arima_series: int = 25

    def __post_init__(self) -> None:
        for name in ("forecast_weeks", "forecast_windows", "forecast_window_step_weeks", "season_weeks"):
            if getattr(self, name) < 1:
                raise ValueError(f"var {name} is {getattr(self, name)}; expected at least 1")
        if self.arima_series < 0:
            raise ValueError(f"var arima_series is {self.arima_series}; expected 0 or more series")

    def origins(self, last: int) -> tuple[int, ...]:
        """Origins of the windows that end within the first ``last`` weeks, ascending.

        Windows with fewer than :data:`FEWEST_WEEKS` before them are left out, so that there may be none.
        """
        newest = last - self.forecast_weeks
        found = (newest - step * self.forecast_window_step_weeks for step in range(self.forecast_windows))
        return tuple(sorted(origin for origin in found if origin >= FEWEST_WEEKS))

    def season(self, weeks: int) -> int:
        """Season for a history of so many weeks: the same on all windows, in the test and in serving.

        The shortest history must hold a season and a horizon more, so that errors can be scaled by it.
        """
        origins = self.origins(weeks - self.forecast_weeks) or self.origins(weeks) or (weeks,)
        return season_length(self.season_weeks, origins[0] - self.forecast_weeks)

    def candidates(self, weeks: int) -> CandidateParameters:
        """How the candidates are learned, for a history of so many weeks."""
        return CandidateParameters(
            forecast_weeks=self.forecast_weeks, season_length=self.season(weeks), arima_series=self.arima_series
        )


@dataclass(frozen=True)
class SalesForecaster:
    """A fitted sales forecaster.

    Attributes:
        rules: who serves.
        learned: the candidates that do.
        last_week: Monday of the last week that it was fitted on.
        records: further arrays that the fit keeps: what it forecast, and how the test went.
    """

    rules: ForecastRules
    learned: LearnedCandidates
    last_week: date
    records: dict[str, NDArray[Any]]

    def serve(self, panel: SalesPanel) -> Served:
        """Forecast the weeks after the panel's last one, without learning anything."""
        origin = len(panel.weeks)
        return self.rules.serve(panel, origin, self.learned.forecast(panel, origin), failed_series(self.learned))

    def to_bytes(self) -> bytes:
        """The forecaster as safetensors."""
        arrays = self.rules.to_tensors() | self.learned.to_tensors() | self.records
        return pack(arrays, {"last_week": self.last_week.isoformat()})

    @classmethod
    def from_bytes(cls, blob: bytes) -> SalesForecaster:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        return cls(
            ForecastRules.from_tensors(arrays),
            LearnedCandidates.from_tensors(arrays),
            date.fromisoformat(facts["last_week"]),
            records_of(arrays),
        )


def records_of(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays that are neither of the rules nor of the candidates."""
    return {name: array for name, array in arrays.items() if name.startswith(("test.", "fit."))}


def failed_series(learned: LearnedCandidates) -> dict[str, set[str]]:
    """Of each candidate, the keys of the series that it failed on when it was learned."""
    return {name: {learned.keys[row] for row in rows} for name, rows in learned.failures.items()}
