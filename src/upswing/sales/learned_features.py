"""What the learned candidates see of a series' past, its promotions and the calendar (mlforecast).

Lags and rolling means come from mlforecast, which also runs the forecasts forward week by week. Each row is taken in
proportion to the series' own recent level as it was known in that week, so that one model serves the whole company and
a fruit stall, and nothing of the later course slips into a row.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray, SalesPanel
from upswing.sales.learned_features_promotions import known_promotions

if TYPE_CHECKING:
    import pandas as pd

LAGS = (1, 2, 3, 4, 5, 8, 13)
ROLLING_WEEKS = (4, 8, 13, 26)
SPREAD_WEEKS = 13
LEAST_VARIANCE = 0.1
LEAST_WEEKS = 4
"""Weeks before a week without which it is not learned from, and without which a series is not served."""

TOLD_LEVELS = ("product", "other_products", "store_category")
"""Levels that a model can tell from the rest; of the others there are too few series each."""

MOST_RATIO = 10.0
"""A week's revenue counts at most so many times the series' level."""

MOST_LAG_RATIO = 5.0
"""The same of a week before, where a model multiplies it with a weight."""

LEAST_SHARE = 0.2
"""The level is the mean of the last 13 weeks; where that is below this share of the mean of all weeks, the latter."""


@dataclass(frozen=True)
class Prepared:
    """Rows of features in proportion.

    Attributes:
        ratios: lags and rolling means to the level, shape (rows, ratios); NaN where the series is too young.
        others: calendar, promotions and size, shape (rows, others), no NaN.
        level: what to multiply a forecast ratio with, shape (rows,), above 0.
        spread: standard deviation of recent weeks to the level, shape (rows,); 1 where unknown.
    """

    ratios: FloatArray
    others: FloatArray
    level: FloatArray
    spread: FloatArray

    def __getitem__(self, rows: IntArray) -> Prepared:
        """Some of the rows."""
        return Prepared(self.ratios[rows], self.others[rows], self.level[rows], self.spread[rows])

    def certainty(self) -> FloatArray:
        """What a row counts: the less, the more the weeks of its series differ; shape (rows,)."""
        return np.asarray(1.0 / (self.spread**2 + LEAST_VARIANCE))

    def for_trees(self) -> FloatArray:
        """All features, NaN where unknown, shape (rows, features)."""
        return np.concatenate([self.ratios, self.others], axis=1)

    def for_weights(self) -> FloatArray:
        """The same for models with weights: unknown ratios are 1, large ones are cut, and size is left out.

        Of size few series have much, and a weight on it carries too far.
        """
        ratios = np.clip(np.where(np.isfinite(self.ratios), self.ratios, 1.0), -1.0, MOST_LAG_RATIO)
        return np.concatenate([ratios, self.others[:, :-1]], axis=1)


class Predictor(Protocol):
    """A trained model of ratios."""

    def ratios(self, rows: Prepared) -> FloatArray:
        """Revenue in proportion to the level, shape (rows,)."""
        ...


def training_frame(panel: SalesPanel, origin: int, planned_weeks: int) -> pd.DataFrame:
    """Rows of all series up to the origin as mlforecast wants them: unique_id, ds (number of the week), y, features."""
    return _frame(panel, origin, planned_weeks, np.isfinite(panel.revenue[:, :origin]), 0)


def coming_frame(panel: SalesPanel, origin: int, planned_weeks: int, weeks: int) -> pd.DataFrame:
    """What is known in advance of the weeks after the origin, of all series with a week before it."""
    has_begun = np.isfinite(panel.revenue[:, :origin]).any(axis=1).reshape(-1, 1)
    return _frame(panel, origin, planned_weeks, np.repeat(has_begun, weeks, axis=1), origin)


def prepared(features: pd.DataFrame) -> Prepared:
    """Features of mlforecast in proportion to the level."""
    ratio_columns = [name for name in features.columns if name.startswith(("lag", "rolling", "expanding"))]
    recent = features[_rolling_name("mean", 1)].to_numpy(np.float64)
    always = features["expanding_mean_lag1"].to_numpy(np.float64)
    level = np.maximum(np.where(recent > LEAST_SHARE * always, recent, always), 0.01)
    others = features.drop(columns=[*ratio_columns, "unique_id", "ds", "y"], errors="ignore").to_numpy(np.float64)
    ratios = features[ratio_columns].to_numpy(np.float64) / level[:, None]
    spread = features[_rolling_name("std", 2)].to_numpy(np.float64) / level
    others = np.column_stack([others, np.log1p(level)])
    return Prepared(ratios, others, level, np.where(np.isfinite(spread), spread, 1.0))


def learning_rows(panel: SalesPanel, origin: int, planned_weeks: int) -> tuple[Prepared, FloatArray, pd.DataFrame]:
    """Features, target ratio and id and week of each week that is learned from, sorted by series and week."""
    found: pd.DataFrame = _mlforecast().preprocess(
        training_frame(panel, origin, planned_weeks), static_features=[], dropna=False
    )
    found = found.dropna(subset=[f"lag{LEAST_WEEKS}"])
    rows = prepared(found)
    return rows, np.clip(found["y"].to_numpy() / rows.level, -1.0, MOST_RATIO), found[["unique_id", "ds"]]


def run_forward(
    panel: SalesPanel, origin: int, planned_weeks: int, weeks: int, models: dict[str, Predictor]
) -> dict[str, FloatArray]:
    """Forecast of each model, week by week, each from the forecast weeks before it; shape (n, weeks).

    NaN where a series has fewer than :data:`LEAST_WEEKS` weeks.
    """
    found = {name: np.full((len(panel.revenue), weeks), np.nan) for name in models}
    known = training_frame(panel, origin, planned_weeks)
    if not len(known) or not models:
        return found
    forecaster = _mlforecast()
    forecaster.preprocess(known, static_features=[], dropna=False)
    forecaster.models_ = {name: _AsRegressor(model) for name, model in models.items()}
    with warnings.catch_warnings():
        # A young series has no long lags; the models know what to do with that.
        warnings.filterwarnings("ignore", message="Found null values")
        told = forecaster.predict(weeks, X_df=coming_frame(panel, origin, planned_weeks, weeks))
    rows, columns = told["unique_id"].to_numpy(), told["ds"].to_numpy() - origin
    is_served = np.isfinite(panel.revenue[:, :origin]).sum(axis=1) >= LEAST_WEEKS
    for name, values in found.items():
        values[rows, columns] = told[name].to_numpy()
        values[~is_served] = np.nan
    return found


class _AsRegressor:
    """A trained model as mlforecast calls one."""

    def __init__(self, model: Predictor) -> None:
        self.model = model

    def predict(self, features: pd.DataFrame) -> FloatArray:
        rows = prepared(features)
        ratios = np.clip(self.model.ratios(rows), -1.0, MOST_RATIO)
        return np.asarray(ratios * rows.level, dtype=np.float64)


def _mlforecast() -> Any:
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExpandingMean, RollingMean, RollingStd

    rolling = [RollingMean(weeks, min_samples=1) for weeks in ROLLING_WEEKS]
    transforms: dict[int, Any] = {1: [*rolling, ExpandingMean(), RollingStd(SPREAD_WEEKS, min_samples=2)]}
    return MLForecast(models={}, freq=1, lags=list(LAGS), lag_transforms=transforms)


def _rolling_name(kind: str, least_weeks: int) -> str:
    return f"rolling_{kind}_lag1_window_size{SPREAD_WEEKS}_min_samples{least_weeks}"


def _frame(panel: SalesPanel, origin: int, planned_weeks: int, mask: BoolArray, first: int) -> pd.DataFrame:
    """One row for each cell of the mask, whose first column is week ``first``."""
    import pandas as pd

    series, columns = np.nonzero(mask)
    weeks = columns + first
    frame: dict[str, NDArray[Any]] = {"unique_id": series, "ds": weeks}
    if first < origin:
        frame["y"] = panel.revenue[series, weeks]
    frame["month_start"] = panel.holds_month_start()[weeks]
    frame |= {name: values[series, weeks] for name, values in known_promotions(panel, origin, planned_weeks).items()}
    frame |= {f"is_{level}": (panel.levels == level)[series].astype(np.float64) for level in TOLD_LEVELS}
    return pd.DataFrame(frame)


def sample_rows(keys: Sequence[str], rows: pd.DataFrame, most: int, hashed: Callable[[str], int]) -> NDArray[np.int64]:
    """At most so many rows, the same whatever else is there, by hash of series and week; in their order."""
    of_series = np.array([hashed(key) for key in keys], dtype=np.uint64)[rows["unique_id"].to_numpy()]
    mixed = (of_series ^ (rows["ds"].to_numpy().astype(np.uint64) + np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    order = np.argsort(mixed ^ (mixed >> np.uint64(32)), kind="stable")
    return np.sort(order[:most])
