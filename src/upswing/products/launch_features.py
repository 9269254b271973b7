"""Launch windows as the inputs of the breakout classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.categories import UNKNOWN_CATEGORY
from upswing.products.launch_windows import LaunchWindows

ENCODER_ARRAYS = ("series_mean", "series_spread", "context_mean", "context_spread")


@dataclass(frozen=True)
class LaunchFeatures:
    """Model inputs, each about zero mean and unit spread on the training rows.

    Attributes:
        series: log(1 + weekly value) of each channel, and of the units above the usual level as one channel more, shape
            (products, channels + 1, launch_weeks).
        context: what does not change from week to week, shape (products, 4): log units of the window, log units usual
            in the category, the log ratio of the two, and log of the positive increment within the window.
    """

    series: NDArray[np.float64]
    context: NDArray[np.float64]

    def __getitem__(self, rows: NDArray[np.int64]) -> LaunchFeatures:
        return LaunchFeatures(self.series[rows], self.context[rows])

    @property
    def flat(self) -> NDArray[np.float64]:
        """All inputs side by side, for models that take a row of numbers."""
        return np.hstack([self.series.reshape(len(self.series), -1), self.context])


@dataclass(frozen=True)
class LaunchEncoder:
    """Turns launch windows into features; learned from training rows alone.

    Attributes:
        category_units: usual weekly natural units per category of the training rows over their cycles, shrunk to the
            mean of all by ``shrinkage`` launches.
        overall_units: the mean over all training rows, for categories they lack and products without a category.
        series_mean, series_spread: per channel, shape (channels + 1,).
        context_mean, context_spread: shape (4,).
    """

    category_units: dict[str, float]
    overall_units: float
    series_mean: NDArray[np.float64]
    series_spread: NDArray[np.float64]
    context_mean: NDArray[np.float64]
    context_spread: NDArray[np.float64]

    @classmethod
    def fit(cls, windows: LaunchWindows, weekly: NDArray[np.float64], shrinkage: float) -> LaunchEncoder:
        """Learn category levels and scales from ``windows`` and their mean weekly natural units over the cycle."""
        overall = float(weekly.mean())
        names, inverse = np.unique(windows.categories, return_inverse=True)
        counts = np.bincount(inverse)
        shrunk = (np.bincount(inverse, weights=weekly) + shrinkage * overall) / (counts + shrinkage)
        levels = {
            str(name): float(level) for name, level in zip(names, shrunk, strict=True) if name != UNKNOWN_CATEGORY
        }
        unscaled = cls(levels, overall, np.zeros(1), np.ones(1), np.zeros(1), np.ones(1))
        series, context = unscaled._logs(windows)
        return cls(
            levels,
            overall,
            series.mean(axis=(0, 2)),
            np.maximum(series.std(axis=(0, 2)), 1e-6),
            context.mean(axis=0),
            np.maximum(context.std(axis=0), 1e-6),
        )

    def encode(self, windows: LaunchWindows) -> LaunchFeatures:
        """Features of ``windows``."""
        series, context = self._logs(windows)
        return LaunchFeatures(
            (series - self.series_mean[:, None]) / self.series_spread[:, None],
            (context - self.context_mean) / self.context_spread,
        )

    def usual_units(self, windows: LaunchWindows) -> NDArray[np.float64]:
        """Weekly natural units usual for each product: E where the business gave one, else its category's level."""
        learned = np.array([self.category_units.get(str(name), self.overall_units) for name in windows.categories])
        return np.where(np.isnan(windows.expected_units), learned, windows.expected_units)

    def packed(self) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
        """Arrays and facts to store, see :mod:`upswing.tensors`."""
        arrays = {f"encoder.{name}": getattr(self, name) for name in ENCODER_ARRAYS}
        return arrays, {"category_units": self.category_units, "overall_units": self.overall_units}

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[np.float64]], facts: dict[str, Any]) -> LaunchEncoder:
        """What :meth:`packed` gave, other arrays and facts beside it."""
        scales = (arrays[f"encoder.{name}"] for name in ENCODER_ARRAYS)
        return cls(facts["category_units"], facts["overall_units"], *scales)

    def _logs(self, windows: LaunchWindows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Series and context before they are scaled."""
        usual = self.usual_units(windows)
        excess = np.maximum(windows.units - usual[:, None], 0)
        series = np.log1p(np.maximum(np.concatenate([windows.series, excess[:, None]], axis=1), 0))
        increment = (excess**2).sum(axis=1) / np.maximum((excess > 0).sum(axis=1), 1)
        total = np.log1p(windows.units.sum(axis=1))
        level = np.log(np.maximum(usual, 1e-3))
        return series, np.stack([total, level, total - level, np.log1p(increment)], axis=1)
