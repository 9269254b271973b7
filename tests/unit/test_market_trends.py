from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import theilslopes

from upswing.sales.forecast_panel import holds_month_start
from upswing.sales.market_trends import TREND_SCHEMA, TrendParameters, market_trends
from upswing.sales.market_trends_statistics import group_strength, mean_change, q_values, season_strength, trend

FloatArray = NDArray[np.float64]
FIRST_WEEK = date(2017, 1, 2)


def weeks_of(**revenues: FloatArray) -> pa.Table:
    longest = max((len(values) for values in revenues.values()), default=0)
    rows = [
        {
            "series_id": category,
            "week_starting": FIRST_WEEK + timedelta(weeks=longest - len(values) + week),
            "net_revenue": float(value),
        }
        for category, values in revenues.items()
        for week, value in enumerate(values)
    ]
    schema = pa.schema([("series_id", pa.string()), ("week_starting", pa.date32()), ("net_revenue", pa.float64())])
    return pa.Table.from_pylist(rows, schema=schema)


def measured(**revenues: FloatArray) -> dict[str, dict[str, Any]]:
    return {row["category"]: row for row in market_trends(weeks_of(**revenues), TrendParameters()).to_pylist()}


def noise(seed: int, weeks: int = 52, correlation: float = 0.0) -> FloatArray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 5, weeks)
    for week in range(1, weeks):
        values[week] = correlation * values[week - 1] + values[week]
    return values


def test_what_grows_grows_and_what_shrinks_loses_share() -> None:
    line = np.arange(52.0)
    found = measured(up=100 + 2 * line + noise(1), down=300 - 2 * line + noise(2), flat=200 + noise(3))
    assert found["up"]["direction"] == "growing, gaining share"
    assert found["down"]["direction"] == "shrinking, losing share"
    assert found["flat"]["direction"] == "no clear trend"
    assert found["up"]["trend_a_week"] == pytest.approx(2 / 151, abs=0.002)
    assert found["up"]["trend_lower_95"] <= found["up"]["trend_a_week"] <= found["up"]["trend_upper_95"]
    assert found["up"]["growth_p_value"] < 0.01


def test_the_slope_is_that_of_scipy_where_weeks_are_independent() -> None:
    values = 0.3 * np.arange(40.0) + noise(4, 40)
    found, expected = trend(values), theilslopes(values)
    assert found.slope == pytest.approx(expected.slope)
    assert found.lower == pytest.approx(expected.low_slope, abs=0.03)
    assert found.upper == pytest.approx(expected.high_slope, abs=0.03)


def test_a_trend_is_seldom_found_where_weeks_are_alike_but_go_nowhere() -> None:
    false_ones = np.mean([trend(noise(seed, correlation=0.5)).p_value < 0.05 for seed in range(300)])
    assert false_ones < 0.15
    assert np.mean([trend(noise(seed)).p_value < 0.05 for seed in range(300)]) < 0.08


def test_a_constant_has_no_trend() -> None:
    found = trend(np.full(30, 7.0))
    assert (found.slope, found.p_value) == (0.0, 1.0)


def test_a_mean_that_changed_is_told_from_one_that_did_not() -> None:
    change, error, freedom = mean_change(noise(5, 13) + 20, noise(6, 13))
    assert change / error > 4
    assert freedom == 24
    quiet = [mean_change(noise(seed, 13), noise(seed + 500, 13)) for seed in range(200)]
    assert np.mean([abs(change / error) > 2.06 for change, error, _freedom in quiet]) < 0.08


def test_the_first_of_a_month_is_seen_where_it_counts() -> None:
    days = np.array([(FIRST_WEEK + timedelta(weeks=week) - date(1970, 1, 1)).days for week in range(52)])
    starts = holds_month_start(days.astype("datetime64[D]"))
    assert starts.sum() == 11
    found = measured(paid=100 + 30 * starts + noise(7), even=100 + noise(8))
    assert found["paid"]["month_start_strength"] > 0.7
    assert found["paid"]["month_start_lift"] == pytest.approx(0.28, abs=0.05)
    assert found["even"]["month_start_strength"] < 0.1


@pytest.mark.parametrize(("monday", "expected"), [("2017-05-01", True), ("2017-04-24", False), ("2017-02-27", True)])
def test_a_week_holds_the_first_of_a_month(monday: str, expected: bool) -> None:
    day = np.array([np.datetime64(monday)])
    assert holds_month_start(day)[0] == expected


def test_a_season_needs_two_seasons() -> None:
    season = 50 * np.sin(np.arange(104) * 2 * np.pi / 52)
    assert np.isnan(season_strength(season[:103], 52))
    assert season_strength(100 + season + noise(9, 104), 52) > 0.8
    assert season_strength(100 + noise(9, 104), 52) < season_strength(100 + season + noise(9, 104), 52)


def test_momentum_is_counted_in_standard_errors() -> None:
    values = 100 + noise(10)
    values[-4:] += 25
    found = measured(risen=values, even=100 + noise(11))
    assert found["risen"]["momentum"] > 3
    assert found["risen"]["share_momentum"] > 3
    assert abs(found["even"]["momentum"]) < 3


@pytest.mark.parametrize(
    "revenue",
    [np.ones(3), np.zeros(52), np.full(52, -1.0), np.r_[np.zeros(51), 1.0]],
    ids=["short", "0", "returns", "new"],
)
def test_what_cannot_be_told_is_null(revenue: FloatArray) -> None:
    found = measured(other=100 + noise(12), odd=revenue)["odd"]
    assert found["growth_p_value"] is None
    assert found["direction"] in {"too few weeks to tell", "no clear trend"}


def test_a_category_without_variation_is_no_error() -> None:
    found = measured(still=np.full(52, 10.0))["still"]
    assert found["trend_a_week"] == 0
    assert found["momentum"] is None
    assert found["month_start_strength"] is None


def test_no_weeks_give_no_rows() -> None:
    found = market_trends(weeks_of(), TrendParameters())
    assert found.schema.equals(TREND_SCHEMA)
    assert found.num_rows == 0


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = weeks_of(a=100 + noise(13), b=50 + noise(14), c=noise(15, 20) + 40)
    turned = rows.take(np.random.default_rng(0).permutation(rows.num_rows))
    assert market_trends(turned, TrendParameters()).equals(market_trends(rows, TrendParameters()))


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    found = q_values(np.array([0.01, np.nan, 0.04, 0.03, 0.5]))
    assert found == pytest.approx([0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5], nan_ok=True)
    assert len(q_values(np.array([]))) == 0


def test_nothing_varies_where_all_weeks_are_chosen() -> None:
    assert np.isnan(group_strength(np.arange(10.0), np.ones(10, bool))).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recent_weeks": 13}, "var recent_weeks is 13; expected"),
        ({"season_weeks": 0}, "var season_weeks is 0; expected"),
        ({"false_discovery_rate": 2.0}, "var market_false_discovery_rate is 2.0; expected"),
    ],
)
def test_parameters_out_of_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrendParameters(**values)
