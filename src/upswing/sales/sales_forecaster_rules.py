"""How the sales forecaster serves: weights, reconciliation and intervals that were learned on past windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_accuracy import ErrorScales, whole_rows
from upswing.sales.forecast_candidates import FALLBACK
from upswing.sales.forecast_groups import series_groups, sparse_series
from upswing.sales.forecast_intervals import Intervals, series_spreads
from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray, SalesPanel
from upswing.sales.forecast_reconciliation import CENTS, LEAST_VARIANCE, reconciled
from upswing.sales.forecast_selection_blends import blend, serving
from upswing.tensors import pack_texts, unpack_texts

RECENT_WEEKS = 13
"""Weeks whose revenue splits a category over its stores where their forecasts say nothing."""


@dataclass(frozen=True)
class Served:
    """Forecasts of all series.

    Attributes:
        base: before reconciliation, shape (n, weeks); NaN where the series had not begun.
        forecast: after it.
        bounds: lower 80, upper 80, lower 95, upper 95, shape (n, weeks, 4); NaN where nothing is known.
        weights: of each candidate, shape (n, C).
        is_median: whether a blend is the weighted median, shape (n,).
        notes: of each series, what is out of the ordinary, or None.
    """

    base: FloatArray
    forecast: FloatArray
    bounds: FloatArray
    weights: FloatArray
    is_median: BoolArray
    notes: list[str | None]


@dataclass(frozen=True)
class ForecastRules:
    """What was chosen and calibrated on windows.

    Attributes:
        candidates: names, C of them.
        keys: level and id of the n series.
        weights: of each candidate for each series, shape (n, C); 0 throughout where it has no window.
        group_weights: for series that are not known, shape (groups, C).
        is_median: whether a series' blend is the weighted median and not the mean, shape (n,).
        group_is_median: for series that are not known, shape (groups,).
        strategies: how each group's weights came about, in words.
        error_ratios: root mean squared error over the scale of the series, shape (n,); NaN where not known.
        group_ratios: of the series of a group, shape (groups,).
        intervals: calibrated.
        season: that errors are scaled by.
    """

    candidates: tuple[str, ...]
    keys: tuple[str, ...]
    weights: FloatArray
    group_weights: FloatArray
    is_median: BoolArray
    group_is_median: BoolArray
    strategies: tuple[str, ...]
    error_ratios: FloatArray
    group_ratios: FloatArray
    intervals: Intervals
    season: int

    def serve(
        self, panel: SalesPanel, origin: int, forecasts: Mapping[str, FloatArray], failed: Mapping[str, set[str]]
    ) -> Served:
        """Forecast the weeks after the first ``origin`` ones.

        Args:
            panel: may hold other series than those that were learned from.
            origin: weeks known.
            forecasts: of the candidates at that origin, shape (n, weeks); NaN where one does not serve a series.
            failed: of a candidate, the keys of the series that it failed on when it was learned.
        """
        weights, is_median, has_own, is_known = self._weights_for(panel, origin)
        stack = np.stack([forecasts[name] for name in self.candidates])
        base = blend(weights, stack, is_median)
        falls_back = ~whole_rows(base)
        base = np.where(falls_back[:, None], forecasts[FALLBACK], base)
        used = weights * serving(stack)
        used[falls_back] = np.array(self.candidates) == FALLBACK
        forecast = self.reconciled(panel, origin, base)
        floors = np.where((np.nan_to_num(panel.revenue[:, :origin]) < 0).any(axis=1), -np.inf, 0.0)
        spreads = series_spreads(panel.revenue, origin)
        bounds = self.intervals.bounds(forecast, spreads, self._groups(panel, origin), floors)
        is_naive = used[:, self.candidates.index(FALLBACK)] >= used.sum(axis=1)
        notes = []
        for row, key in enumerate(panel.keys):
            missing = self._failed(key, weights[row], failed)
            is_fallen = bool(falls_back[row] or (missing and is_naive[row]))
            notes.append(_note(bool(has_own[row]), bool(is_known[row]), is_fallen, missing))
        return Served(np.round(base, CENTS), forecast, np.round(bounds, CENTS), used, is_median, notes)

    def wanted(self) -> dict[str, BoolArray]:
        """Of each candidate, the series that it is needed for, shape (n,): its own, and those like a new one."""
        is_young: BoolArray = np.asarray(~self.weights.any(axis=1))
        by_group: BoolArray = np.asarray((self.group_weights > 0).any(axis=0))
        found = {
            name: (self.weights[:, place] > 0) | (is_young & by_group[place])
            for place, name in enumerate(self.candidates)
        }
        found[FALLBACK] = np.ones(len(self.keys), dtype=np.bool_)
        return {name: needed for name, needed in found.items() if needed.any() or by_group[self.candidates.index(name)]}

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Everything as named arrays; names begin with ``rules.``."""
        return {
            "rules.candidates": pack_texts(self.candidates),
            "rules.keys": pack_texts(self.keys),
            "rules.weights": self.weights,
            "rules.group_weights": self.group_weights,
            "rules.is_median": self.is_median,
            "rules.group_is_median": self.group_is_median,
            "rules.strategies": pack_texts(self.strategies),
            "rules.error_ratios": self.error_ratios,
            "rules.group_ratios": self.group_ratios,
            "rules.quantiles": self.intervals.quantiles,
            "rules.season": np.array([self.season]),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> ForecastRules:
        """What :meth:`to_tensors` gave; other names are left alone."""
        return cls(
            tuple(unpack_texts(tensors["rules.candidates"])),
            tuple(unpack_texts(tensors["rules.keys"])),
            tensors["rules.weights"],
            tensors["rules.group_weights"],
            tensors["rules.is_median"],
            tensors["rules.group_is_median"],
            tuple(unpack_texts(tensors["rules.strategies"])),
            tensors["rules.error_ratios"],
            tensors["rules.group_ratios"],
            Intervals(tensors["rules.quantiles"]),
            int(tensors["rules.season"][0]),
        )

    def _groups(self, panel: SalesPanel, origin: int) -> IntArray:
        return series_groups(panel.levels, sparse_series(panel.revenue, origin))

    def _rows(self, panel: SalesPanel) -> IntArray:
        """Row of each series of the panel in what was learned, -1 where it is new."""
        position = {key: row for row, key in enumerate(self.keys)}
        return np.array([position.get(key, -1) for key in panel.keys], dtype=np.int64)

    def _weights_for(self, panel: SalesPanel, origin: int) -> tuple[FloatArray, BoolArray, BoolArray, BoolArray]:
        rows = self._rows(panel)
        own = self.weights[rows]
        is_known = rows >= 0
        has_own = is_known & np.asarray(own.any(axis=1))
        groups = self._groups(panel, origin)
        weights = np.where(has_own[:, None], own, self.group_weights[groups])
        return weights, np.where(has_own, self.is_median[rows], self.group_is_median[groups]), has_own, is_known

    def reconciled(self, panel: SalesPanel, origin: int, base: FloatArray) -> FloatArray:
        """Forecasts made at an origin, so that they add up, shape (n, weeks)."""
        rows = self._rows(panel)
        own = np.where(rows >= 0, self.error_ratios[rows], np.nan)
        ratios = np.where(np.isfinite(own), own, self.group_ratios[self._groups(panel, origin)])
        scales = ErrorScales.of(panel.revenue, origin, self.season).absolute
        deviations = np.nan_to_num(ratios, nan=1.0) * np.nan_to_num(scales)
        known = panel.revenue[:, max(origin - RECENT_WEEKS, 0) : origin]
        recent = np.nan_to_num(known).mean(axis=1) if known.shape[1] else np.zeros(len(known))
        return reconciled(base, deviations**2 + LEAST_VARIANCE, recent, panel.series)

    def _failed(self, key: str, weights: FloatArray, failed: Mapping[str, set[str]]) -> list[str]:
        return [
            name
            for place, name in enumerate(self.candidates)
            if weights[place] > 0 and key in failed.get(name, frozenset())
        ]


def model_name(candidates: tuple[str, ...], weights: FloatArray, is_median: bool) -> str:
    """Who serves a series: the candidate, or all of a blend, in the order of the candidates whatever their weights."""
    names = [name for name, weight in zip(candidates, weights, strict=True) if weight > 0]
    if len(names) == 1:
        return names[0]
    return f"median of {len(names)} candidates" if is_median else f"blend of {', '.join(names)}"


def _note(has_own: bool, is_known: bool, falls_back: bool, failed: list[str]) -> str | None:
    if falls_back:
        why = f"{' and '.join(failed)} failed on it" if failed else "nothing else serves it"
        return f"seasonal naive, for {why}"
    if failed:
        return f"without {' and '.join(failed)}, which failed on it"
    if not is_known:
        return "new since the fit: served like its level"
    return None if has_own else "too young for a window: served like its level"
