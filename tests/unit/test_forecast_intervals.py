"""Intervals hold what they say on errors like those they were calibrated on, and keep their order."""

from __future__ import annotations

import numpy as np
import pytest

from upswing.sales.forecast_accuracy import covered_shares, nan_mean
from upswing.sales.forecast_groups import GROUPS
from upswing.sales.forecast_intervals import LEAST_ERRORS, Intervals, conformal_quantiles, series_spreads

NUMBER, WEEKS = 300, 13
GROUP = np.zeros(NUMBER, dtype=np.int64)


def test_coverage_on_new_errors_is_as_said() -> None:
    generator = np.random.default_rng(2)
    spreads = generator.uniform(1.0, 50.0, NUMBER)
    growing = 1.0 + (np.arange(WEEKS) >= 4)
    errors = generator.gamma(1.0, size=(3, NUMBER, WEEKS)) * spreads[:, None] * growing
    found = Intervals.calibrated(errors, np.stack([spreads] * 3), GROUP)
    forecast = np.full((NUMBER, WEEKS), 1000.0)
    bounds = found.bounds(forecast, spreads, GROUP, np.zeros(NUMBER))
    actual = forecast + generator.gamma(1.0, size=(NUMBER, WEEKS)) * spreads[:, None] * growing
    shares = covered_shares(actual, bounds)
    # Errors are never negative here: the lower bound lies below the forecast and holds the tenth that falls near it.
    assert nan_mean(shares["coverage_80"]) == pytest.approx(0.9, abs=0.02)
    assert nan_mean(shares["coverage_95"]) == pytest.approx(0.975, abs=0.01)
    width = bounds[:, :, 1] - bounds[:, :, 0]
    assert width[:, 4:].mean() > 1.5 * width[:, :4].mean()


def test_bounds_keep_their_order_and_do_not_fall_below_zero() -> None:
    quantiles = np.broadcast_to(np.array([0.5, 2.0, 0.7, 1.0]), (len(GROUPS), WEEKS, 4))
    bounds = Intervals(quantiles).bounds(np.ones((2, WEEKS)), np.ones(2), GROUP[:2], np.array([0.0, -np.inf]))
    lower_80, upper_80, lower_95, upper_95 = np.moveaxis(bounds, 2, 0)
    assert (lower_95 <= lower_80).all()
    assert (lower_80 <= 1.0).all()
    assert (upper_80 >= 1.0).all()
    assert (upper_95 >= upper_80).all()
    low = np.broadcast_to(np.array([-3.0, 2.0, -5.0, 4.0]), (len(GROUPS), WEEKS, 4))
    bounds = Intervals(low).bounds(np.ones((2, WEEKS)), np.ones(2), GROUP[:2], np.array([0.0, -np.inf]))
    assert (bounds[0] >= 0).all()
    assert (bounds[1, :, 2] == -4.0).all()


def test_quantiles_reach_one_rank_further() -> None:
    np.testing.assert_allclose(conformal_quantiles(np.arange(1.0, 100.0)), [10, 90, 2, 98])
    np.testing.assert_allclose(conformal_quantiles(np.array([3.0, 1.0, 2.0])), [1, 3, 1, 3])
    assert np.isnan(conformal_quantiles(np.array([]))).all()


def test_a_group_with_few_errors_is_calibrated_with_its_relatives() -> None:
    groups = np.zeros(41, dtype=np.int64)
    groups[1:] = GROUPS.index("category, steady")
    errors = np.ones((1, 41, WEEKS))
    errors[0, 0] = 7.0
    found = Intervals.calibrated(errors, np.ones((1, 41)), groups)
    assert LEAST_ERRORS > 4
    assert found.quantiles[0, 0, 0] == 1.0
    assert found.quantiles[0, 0, 3] == 7.0


def test_a_spread_needs_two_weeks_and_movement() -> None:
    revenue = np.array([[1.0, 3.0, 1.0], [2.0, 2.0, 2.0], [np.nan, np.nan, 5.0], [np.nan, 4.0, 8.0]])
    np.testing.assert_allclose(
        series_spreads(revenue, origin=3), [0.5 * 2 + 0.5 * 2 / 3, np.nan, np.nan, 0.5 * 4 + 0.5 * 2]
    )
    assert np.isnan(series_spreads(revenue, origin=1)).all()
