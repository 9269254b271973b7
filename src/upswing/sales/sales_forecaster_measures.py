"""How the sales forecaster did on its test window, by series and by level, beside every candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.fits import Metric
from upswing.sales.forecast_accuracy import (
    COVERAGES,
    MEASURES,
    ErrorScales,
    covered_shares,
    horizon_bands,
    level_accuracy,
    nan_mean,
    series_accuracy,
    whole_rows,
)
from upswing.sales.forecast_panel import LEVELS, BoolArray, FloatArray, SalesPanel
from upswing.sales.sales_forecaster_rules import Served
from upswing.tensors import pack_texts, unpack_texts

SERVED, UNRECONCILED = "served", "unreconciled"

COMPARABLE_SHARE = 0.8
"""Of the series that were served, those that a competitor must serve to be measured beside the others."""


@dataclass(frozen=True)
class TestWindow:
    """What was forecast for the last weeks of the history from what was known before them.

    Attributes:
        actual: revenue, shape (n, weeks).
        scales: known at the origin.
        forecasts: of what was served, before and after reconciliation, and of each candidate, shape (n, weeks).
        bounds: around what was served, shape (n, weeks, 4).
        others: further forecasts that are measured by level alone.
        weights: of each candidate in what was served, shape (n, C).
    """

    __test__ = False

    actual: FloatArray
    scales: ErrorScales
    forecasts: dict[str, FloatArray]
    bounds: FloatArray
    others: dict[str, FloatArray]
    weights: FloatArray

    @classmethod
    def of(
        cls,
        panel: SalesPanel,
        origin: int,
        season: int,
        served: Served,
        candidates: Mapping[str, FloatArray],
        others: Mapping[str, FloatArray],
    ) -> TestWindow:
        """The window after an origin."""
        weeks = served.forecast.shape[1]
        forecasts = {SERVED: served.forecast, UNRECONCILED: served.base, **candidates}
        scales = ErrorScales.of(panel.revenue, origin, season)
        return cls(
            panel.revenue[:, origin : origin + weeks], scales, forecasts, served.bounds, dict(others), served.weights
        )

    def to_tensors(self, keys: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """Measures of each series as named arrays; names begin with ``test.``."""
        bands = horizon_bands(self.actual.shape[1])
        measures = [
            list(series_accuracy(self.actual[:, band], forecast[:, band], self.scales).values())
            for forecast in self.forecasts.values()
            for band in bands.values()
        ]
        shape = (len(self.forecasts), len(bands), len(MEASURES), len(keys))
        coverage = [
            list(covered_shares(self.actual[:, band], self.bounds[:, band]).values()) for band in bands.values()
        ]
        return {
            "test.keys": pack_texts(keys),
            "test.competitors": pack_texts(self.forecasts),
            "test.bands": pack_texts(bands),
            "test.weeks": np.array([band.stop - band.start for band in bands.values()]),
            "test.is_member": self.weights.T > 0,
            "test.measures": np.array(measures, dtype=np.float32).reshape(shape),
            "test.coverages": np.array(coverage, dtype=np.float32).reshape(len(bands), len(COVERAGES), len(keys)),
        }

    def metrics(self, levels: NDArray[np.str_]) -> list[Metric]:
        """Figures of each level and competitor over all weeks, and the coverage of what was served.

        All of a level are measured on the same series: those that every competitor serves, but for competitors that
        serve fewer than :data:`COMPARABLE_SHARE` of them; these are left out.
        """
        split = f"last {self.actual.shape[1]} weeks"
        found = []
        for level in (level for level in LEVELS if (levels == level).any()):
            rows = levels == level
            shared, compared = self._compared(rows)
            for name, forecast in compared.items():
                competitor = "model" if name == SERVED else name
                figures = level_accuracy(self.actual[shared], forecast[shared], self.scales.take(shared))
                found += [Metric(split, level, competitor, measure, value) for measure, value in figures.items()]
            found += [
                Metric(split, level, "model", name, nan_mean(shares[rows]))
                for name, shares in covered_shares(self.actual, self.bounds).items()
            ]
        return found

    def _compared(self, rows: BoolArray) -> tuple[BoolArray, dict[str, FloatArray]]:
        """Those of some series that are measured, shape (n,), and the forecasts of those who are."""
        everyone = {**self.forecasts, **self.others}
        serves = {name: rows & whole_rows(forecast) for name, forecast in everyone.items()}
        least = COMPARABLE_SHARE * serves[SERVED].sum()
        compared = {name: forecast for name, forecast in everyone.items() if serves[name].sum() >= max(least, 1)}
        shared = np.logical_and.reduce([rows, *(serves[name] for name in compared)])
        return shared, compared

    def mase(self, name: str, rows: BoolArray) -> FloatArray:
        """MASE of a competitor on some series over all weeks, shape (rows,)."""
        figures = series_accuracy(self.actual[rows], self.forecasts[name][rows], self.scales.take(rows))
        return figures["mase"]


def measured_series(records: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """What :meth:`TestWindow.to_tensors` gave, its texts unpacked; empty where nothing was measured."""
    if "test.keys" not in records:
        return {}
    texts = {name: unpack_texts(records[f"test.{name}"]) for name in ("keys", "competitors", "bands")}
    arrays = {name: records[f"test.{name}"] for name in ("weeks", "is_member", "measures", "coverages")}
    return texts | arrays
