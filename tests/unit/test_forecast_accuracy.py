"""Errors of forecasts against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from upswing.sales.forecast_accuracy import (
    ErrorScales,
    covered_shares,
    horizon_bands,
    level_accuracy,
    series_accuracy,
)

REVENUE = np.array([[1.0, 3.0, 1.0, 5.0, 100.0], [2.0, 2.0, 2.0, 2.0, 2.0], [np.nan, np.nan, 4.0, 7.0, 7.0]])


def test_scales_are_mean_steps_known_at_the_origin() -> None:
    scales = ErrorScales.of(REVENUE, origin=4, season=1)
    np.testing.assert_allclose(scales.absolute, [8 / 3, np.nan, 3.0])
    np.testing.assert_allclose(scales.squared, [8.0, np.nan, 9.0])


def test_a_series_younger_than_a_season_is_scaled_by_one_week() -> None:
    scales = ErrorScales.of(REVENUE, origin=4, season=2)
    np.testing.assert_allclose(scales.absolute, [1.0, np.nan, 3.0])


def test_measures_by_hand() -> None:
    found = series_accuracy(
        np.array([[2.0, 4.0]]), np.array([[4.0, 3.0]]), ErrorScales(np.array([3.0]), np.array([10.0]))
    )
    assert found["mase"][0] == pytest.approx(1.5 / 3)
    assert found["rmsse"][0] == pytest.approx((2.5 / 10) ** 0.5)
    assert found["wape"][0] == pytest.approx(0.5)
    assert found["bias"][0] == pytest.approx(1 / 6)


def test_no_revenue_has_no_share_of_it() -> None:
    found = series_accuracy(np.zeros((1, 2)), np.ones((1, 2)), ErrorScales(np.array([1.0]), np.array([1.0])))
    assert np.isnan(found["wape"][0])
    assert found["mase"][0] == 1.0


def test_a_level_is_measured_on_the_series_that_are_served() -> None:
    actual, scales = np.array([[2.0], [4.0], [6.0]]), ErrorScales(np.ones(3), np.ones(3))
    found = level_accuracy(actual, np.array([[1.0], [np.nan], [9.0]]), scales)
    assert found["mase"] == pytest.approx(2.0)
    assert found["wape"] == pytest.approx(4 / 8)
    assert found["rows"] == 2


def test_coverage_counts_weeks_within_the_bounds() -> None:
    bounds = np.array([[[1.0, 2.0, 0.0, 3.0]] * 4, [[np.nan] * 4] * 4])
    found = covered_shares(np.array([[1.0, 2.5, 3.5, 2.0], [1.0, 1.0, 1.0, 1.0]]), bounds)
    np.testing.assert_allclose(found["coverage_80"], [0.5, np.nan])
    np.testing.assert_allclose(found["coverage_95"], [0.75, np.nan])


@pytest.mark.parametrize(
    ("horizon", "names"), [(13, ["1-4", "5-13", "1-13"]), (5, ["1-4", "5-5", "1-5"]), (4, ["1-4"]), (1, ["1-1"])]
)
def test_bands_cover_the_horizon(horizon: int, names: list[str]) -> None:
    bands = horizon_bands(horizon)
    assert list(bands) == names
    parts = list(bands.values())[:-1] or list(bands.values())
    assert [week for band in parts for week in range(horizon)[band]] == list(range(horizon))
