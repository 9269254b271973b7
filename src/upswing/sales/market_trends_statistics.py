"""What a series of weeks shows: trend, season, and the weeks in which a month begins.

Successive weeks are alike, so that they say less than as many independent ones would; each test here allows for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NORMAL_95 = 1.959963984540054
LARGEST_CORRELATION = 0.9


@dataclass(frozen=True)
class Trend:
    """A straight line through weeks, and whether there is one.

    Attributes:
        slope, lower, upper: change a week, the median of all pairs' slopes, and its 95 % interval.
        p_value: of Mann and Kendall's test.
    """

    slope: float
    lower: float
    upper: float
    p_value: float


def trend(values: FloatArray) -> Trend:
    """Theil and Sen's slope with Mann and Kendall's test, its variance corrected for autocorrelation.

    Sen (JASA 1968) for slope and interval; the correction is that of Yue and Wang (Water Resources Management 2004),
    from what the line leaves.

    Args:
        values: of successive weeks, at least 3.
    """
    from scipy.special import ndtr

    count = len(values)
    earlier, later = np.triu_indices(count, 1)
    differences = values[later] - values[earlier]
    slopes = np.sort(differences / (later - earlier))
    slope = float(np.median(slopes))
    _values, ties = np.unique(values, return_counts=True)
    squares = (count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    residuals = values - slope * np.arange(count)
    deviation = np.sqrt(max(squares, 1e-12) * inflation(residuals - residuals.mean()))
    statistic = float(np.sign(differences).sum())
    reach = NORMAL_95 * deviation
    low = int(np.clip(round((len(slopes) - reach) / 2), 0, len(slopes) - 1))
    high = int(np.clip(round((len(slopes) + reach) / 2), 0, len(slopes) - 1))
    z = (statistic - np.sign(statistic)) / deviation
    return Trend(slope, float(slopes[low]), float(slopes[high]), float(2 * ndtr(-abs(z))) if squares > 0 else 1.0)


def mean_change(newer: FloatArray, older: FloatArray) -> tuple[float, float, float]:
    """Means of successive weeks, newer against older: the difference, its standard error, the degrees of freedom.

    The variance of each mean is :func:`inflation` times that of independent weeks.
    """
    residuals = np.concatenate([older - older.mean(), newer - newer.mean()])
    variances = [((part - part.mean()) ** 2).sum() / max(len(part) - 1, 1) / len(part) for part in (newer, older)]
    error = float(np.sqrt(sum(variances) * inflation(residuals)))
    return float(newer.mean() - older.mean()), error, len(residuals) - 2.0


def inflation(residuals: FloatArray) -> float:
    """How many times the variance of a mean of such successive values is that of independent ones; at least 1.

    (1 + r) / (1 − r), as of Bayley and Hammersley (1946), r the correlation of successive values with Kendall's
    correction (Biometrika 1954), for few values understate it.
    """
    total = float((residuals**2).sum())
    if total <= 0:
        return 1.0
    found = float((residuals[1:] * residuals[:-1]).sum()) / total
    correlation = float(np.clip(found + (1 + 4 * found) / len(residuals), 0.0, LARGEST_CORRELATION))
    return (1 + correlation) / (1 - correlation)


def two_sided(statistic: float, freedom: float) -> float:
    """The p-value of Student's statistic."""
    from scipy.special import stdtr

    return float(2 * stdtr(max(freedom, 1.0), -abs(statistic)))


def group_strength(values: FloatArray, chosen: BoolArray) -> tuple[float, float, float]:
    """How far the chosen weeks stand out of a detrended series.

    Returns:
        Their mean above the others'; the share of variance that this explains, adjusted for what chance explains, at
        least 0; the p-value. All nan where all weeks or none are chosen, or nothing varies.
    """
    count = len(values)
    if count < 4 or chosen.all() or not chosen.any() or np.ptp(values) <= 0:
        return (np.nan,) * 3
    correlation = float(np.corrcoef(values, chosen)[0, 1])
    explained = min(correlation**2, 1 - 1e-12)
    p_value = two_sided(correlation * np.sqrt((count - 2) / (1 - explained)), count - 2)
    strength = max(0.0, 1 - (1 - explained) * (count - 1) / (count - 2))
    return float(values[chosen].mean() - values[~chosen].mean()), strength, p_value


def season_strength(values: FloatArray, period: int) -> float:
    """Strength of the season between 0 and 1, of a robust STL: 1 − Var(rest) / Var(season + rest).

    It is nan below two seasons. Wang, Smith and Hyndman (Data Mining and Knowledge Discovery 2006).
    """
    if len(values) < 2 * period or period < 2 or np.ptp(values) <= 0:
        return np.nan
    from statsmodels.tsa.seasonal import STL

    found = STL(values, period=period, robust=True).fit()
    whole = float(np.var(found.seasonal + found.resid))
    return max(0.0, 1 - float(np.var(found.resid)) / whole) if whole > 0 else np.nan


def q_values(p_values: FloatArray) -> FloatArray:
    """Benjamini and Hochberg's: the share of false ones among all with a p-value no larger; nan stays nan."""
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    raised = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    found = np.full(len(p_values), np.nan)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found
