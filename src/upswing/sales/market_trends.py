"""Where each category is going: growth, trend, season and momentum, each with the doubt that its weeks leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.rounding import rounded
from upswing.sales.forecast_panel import holds_month_start
from upswing.sales.market_trends_statistics import (
    group_strength,
    mean_change,
    q_values,
    season_strength,
    trend,
    two_sided,
)

FloatArray = NDArray[np.float64]

FEWEST_WEEKS = 12
"""Below it a trend is not looked for: the test could not find one."""
HALF_95 = 0.975

NUMBERS = (
    "growth_lower_95",
    "growth_upper_95",
    "growth_p_value",
    "trend_a_week",
    "trend_lower_95",
    "trend_upper_95",
    "trend_p_value",
    "trend_q_value",
    "share_trend_a_week",
    "share_trend_p_value",
    "share_trend_q_value",
    "seasonality_strength",
    "month_start_lift",
    "month_start_strength",
    "month_start_p_value",
    "momentum",
    "share_momentum",
)
TREND_SCHEMA = pa.schema(
    [("category", pa.string()), ("trend_weeks", pa.int64())]
    + [(name, pa.float64()) for name in NUMBERS]
    + [("direction", pa.string())]
)


@dataclass(frozen=True)
class TrendParameters:
    """The windows, in weeks.

    Attributes:
        recent_weeks: what is new, fewer than active_weeks.
        active_weeks: what is compared with as many weeks before.
        season_weeks: a season; the trend is that of the last one.
        false_discovery_rate: share of false ones among the trends reported, above 0 and below 1.
    """

    recent_weeks: int = 4
    active_weeks: int = 13
    season_weeks: int = 52
    false_discovery_rate: float = 0.05

    def __post_init__(self) -> None:
        if not 1 <= self.recent_weeks < self.active_weeks:
            raise ValueError(
                f"var recent_weeks is {self.recent_weeks}; expected at least 1 and fewer than active_weeks, "
                f"{self.active_weeks}"
            )
        if self.season_weeks < 1:
            raise ValueError(f"var season_weeks is {self.season_weeks}; expected at least 1")
        if not 0 < self.false_discovery_rate < 1:
            raise ValueError(
                f"var market_false_discovery_rate is {self.false_discovery_rate}; expected a share between 0 and 1"
            )


def market_trends(weeks: pa.Table, parameters: TrendParameters) -> pa.Table:
    """Measure every category.

    Args:
        weeks: series_id (the category), week_starting, net_revenue: one row a category and week, without gaps from
            its first week on to the last week of all.

    Returns:
        A row a category, of ``TREND_SCHEMA``, sorted by category; null where there are too few weeks to tell.
    """
    categories, revenue, month_starts = _panel(weeks)
    if not len(categories):
        return TREND_SCHEMA.empty_table()
    total = np.nansum(revenue, axis=0)
    shares = np.where(total > 0, np.nan_to_num(revenue) / np.where(total > 0, total, 1.0), np.nan)
    measured = [
        _measured(revenue[row][np.isfinite(revenue[row])], shares[row], month_starts, parameters)
        for row in range(len(categories))
    ]
    found = {name: np.array([one.get(name, np.nan) for one in measured]) for name in NUMBERS}
    found["trend_q_value"] = q_values(found["trend_p_value"])
    found["share_trend_q_value"] = q_values(found["share_trend_p_value"])
    rate = parameters.false_discovery_rate
    lengths = np.minimum(np.isfinite(revenue).sum(axis=1), parameters.season_weeks)
    directions = [
        _direction(found["trend_a_week"][row], found["trend_q_value"][row], rate)
        + _share_direction(found["share_trend_a_week"][row], found["share_trend_q_value"][row], rate)
        for row in range(len(categories))
    ]
    columns = {
        "category": pa.array(categories, pa.string()),
        "trend_weeks": pa.array(lengths, pa.int64()),
        "direction": pa.array(directions, pa.string()),
        **{name: pa.array(rounded(name, values), pa.float64(), from_pandas=True) for name, values in found.items()},
    }
    return pa.table([columns[name] for name in TREND_SCHEMA.names], schema=TREND_SCHEMA)


def _panel(weeks: pa.Table) -> tuple[list[str], FloatArray, NDArray[np.bool_]]:
    """Categories, their revenue (n, T; nan before the first week), and which of the T weeks hold a first of a month."""
    rows = weeks.sort_by([("series_id", "ascending"), ("week_starting", "ascending")]).combine_chunks()
    encoded = pc.dictionary_encode(rows["series_id"].combine_chunks())
    days = rows["week_starting"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    calendar, week = np.unique(days, return_inverse=True)
    revenue = np.full((len(encoded.dictionary), len(calendar)), np.nan)
    revenue[encoded.indices.to_numpy(), week] = rows["net_revenue"].to_numpy()
    starts = holds_month_start(calendar.astype("datetime64[D]")).astype(np.bool_)
    return encoded.dictionary.to_pylist(), revenue, starts


def _measured(
    revenue: FloatArray, shares: FloatArray, month_starts: NDArray[np.bool_], parameters: TrendParameters
) -> dict[str, float]:
    """All numbers of one category that can be told; those of a change are relative to its mean week."""
    season = revenue[-parameters.season_weeks :]
    share = shares[-len(season) :]
    mean, mean_share = float(season.mean()), float(np.nanmean(share)) if np.isfinite(share).any() else np.nan
    if len(season) < FEWEST_WEEKS or mean <= 0:
        return {}
    line = trend(season)
    relative = season / mean - line.slope / mean * np.arange(len(season))
    lift, strength, p_value = group_strength(relative, month_starts[-len(season) :])
    found = {
        "trend_a_week": line.slope / mean,
        "trend_lower_95": line.lower / mean,
        "trend_upper_95": line.upper / mean,
        "trend_p_value": line.p_value,
        "seasonality_strength": season_strength(revenue, parameters.season_weeks),
        "month_start_lift": lift,
        "month_start_strength": strength,
        "month_start_p_value": p_value,
    }
    found |= _growth(revenue, parameters)
    found["momentum"] = _momentum(revenue, parameters)
    if np.isfinite(share).all() and mean_share > 0:
        share_line = trend(share)
        found |= {
            "share_trend_a_week": share_line.slope / mean_share,
            "share_trend_p_value": share_line.p_value,
            "share_momentum": _momentum(share, parameters),
        }
    return found


def _growth(revenue: FloatArray, parameters: TrendParameters) -> dict[str, float]:
    """Interval and p-value of the growth of the active weeks over those before; nothing where either earned nothing."""
    from scipy.special import stdtrit

    width = parameters.active_weeks
    if len(revenue) < 2 * width:
        return {}
    newer, older = revenue[-width:], revenue[-2 * width : -width]
    if newer.mean() <= 0 or older.mean() <= 0:
        return {}
    # In logarithms: each week against the mean of its own window, so that the error is that of the ratio.
    _change, error, freedom = mean_change(newer / newer.mean(), older / older.mean())
    ratio = float(np.log(newer.mean() / older.mean()))
    if error <= 0:
        return {"growth_lower_95": np.expm1(ratio), "growth_upper_95": np.expm1(ratio)}
    reach = float(stdtrit(freedom, HALF_95)) * error
    return {
        "growth_lower_95": float(np.expm1(ratio - reach)),
        "growth_upper_95": float(np.expm1(min(ratio + reach, 30.0))),
        "growth_p_value": two_sided(ratio / error, freedom),
    }


def _momentum(values: FloatArray, parameters: TrendParameters) -> float:
    """The recent weeks' mean above that of the active weeks before, in standard errors; nan where nothing varies."""
    active = values[-parameters.active_weeks :]
    if len(active) < parameters.active_weeks:
        return np.nan
    change, error, _freedom = mean_change(active[-parameters.recent_weeks :], active[: -parameters.recent_weeks])
    return change / error if error > 0 else np.nan


def _direction(slope: float, q_value: float, rate: float) -> str:
    if not np.isfinite(q_value):
        return "too few weeks to tell"
    return (
        "no clear trend"
        if q_value > rate
        else "growing"
        if slope > 0
        else "shrinking"
        if slope < 0
        else "no clear trend"
    )


def _share_direction(slope: float, q_value: float, rate: float) -> str:
    if not np.isfinite(q_value) or q_value > rate or slope == 0:
        return ""
    return ", gaining share" if slope > 0 else ", losing share"
