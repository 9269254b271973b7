"""Forecasts that add up, against the closed form and against the library's own top-down method."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hierarchicalforecast.methods import MinTraceSparse
from numpy.typing import NDArray

from unit.sales_series import SERIES_SCHEMA, all_series, leaves, tables
from upswing.sales.forecast_panel import sales_panel
from upswing.sales.forecast_reconciliation import reconciled

SERIES = sales_panel(*tables(all_series(leaves(6))), 3).series
LEVELS = np.array(SERIES["series_level"].to_pylist())
CATEGORIES = np.array(SERIES["category"].to_pylist(), dtype=object)
NUMBER, WEEKS = SERIES.num_rows, 3


def base(seed: int = 1) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    return 50.0 * np.exp(generator.standard_normal((NUMBER, WEEKS)))


def adds_up(forecast: NDArray[np.float64]) -> bool:
    total = forecast[LEVELS == "total"][0]
    sums = [forecast[LEVELS == "category"].sum(axis=0)]
    for category in ("bread", "milk"):
        rows = category == CATEGORIES
        whole = forecast[rows & (LEVELS == "category")][0]
        for parts in (("product", "other_products"), ("store_category", "other_stores")):
            if not np.allclose(forecast[rows & np.isin(LEVELS, parts)].sum(axis=0), whole, atol=1e-6):
                return False
    return bool(np.allclose(sums[0], total, atol=1e-6))


def test_everything_adds_up_and_nothing_is_negative() -> None:
    given = base() - 30.0
    forecast = reconciled(given, np.ones(NUMBER), np.ones(NUMBER), SERIES)
    assert adds_up(forecast)
    assert (forecast >= 0).all()


@pytest.mark.parametrize("failing", [(True,), (True, False)], ids=["bounded solver", "both solvers"])
def test_a_solver_that_fails_stops_nothing(monkeypatch: pytest.MonkeyPatch, failing: tuple[bool, ...]) -> None:
    fit = MinTraceSparse.fit

    def failing_at_times(self: MinTraceSparse, *args: object, **given: object) -> object:
        if self.nonnegative in failing:
            raise RuntimeError("no convergence")
        return fit(self, *args, **given)

    monkeypatch.setattr(MinTraceSparse, "fit", failing_at_times)
    given = base()
    forecast = reconciled(given, np.ones(NUMBER), np.ones(NUMBER), SERIES)
    assert adds_up(forecast)
    assert (forecast >= 0).all()
    bottom = np.isin(LEVELS, ["product", "other_products"])
    assert np.allclose(forecast[bottom], given[bottom], atol=1e-4) == (len(failing) == 2)


@pytest.mark.parametrize("scale", [1e-9, 1e12])
def test_scales_that_lie_far_apart_stop_nothing(scale: float) -> None:
    given, variances = base(), np.ones(NUMBER)
    given[LEVELS == "product"] *= scale
    variances[LEVELS == "product"] *= scale**2
    forecast = reconciled(given, variances, np.ones(NUMBER), SERIES)
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()


def test_it_is_the_weighted_projection() -> None:
    generator = np.random.default_rng(4)
    variances = np.exp(generator.standard_normal(NUMBER))
    upper = np.flatnonzero(np.isin(LEVELS, ["total", "category", "product", "other_products"]))
    bottom = np.flatnonzero(np.isin(LEVELS, ["product", "other_products"]))
    summing = np.array(
        [
            [
                float(
                    LEVELS[row] == "total"
                    or (LEVELS[row] == "category" and CATEGORIES[row] == CATEGORIES[leaf])
                    or row == leaf
                )
                for leaf in bottom
            ]
            for row in upper
        ]
    )
    given = summing @ np.full((len(bottom), WEEKS), 100.0) + generator.standard_normal((len(upper), WEEKS))
    whole = base()
    whole[upper] = given
    inverse = np.diag(1.0 / variances[upper])
    expected = summing @ np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ given)
    np.testing.assert_allclose(reconciled(whole, variances, np.ones(NUMBER), SERIES)[upper], expected, atol=2e-3)


def test_forecasts_that_add_up_stay() -> None:
    revenue = sales_panel(*tables(all_series(leaves(6))), 3).revenue[:, :3]
    np.testing.assert_allclose(reconciled(revenue, np.ones(NUMBER), np.ones(NUMBER), SERIES), revenue, atol=2e-2)


def test_an_exact_forecast_is_believed_more() -> None:
    given = base()
    variances = np.ones(NUMBER)
    total = np.flatnonzero(LEVELS == "total")
    variances[total] = 1e-6
    forecast = reconciled(given, variances, np.ones(NUMBER), SERIES)
    np.testing.assert_allclose(forecast[total], given[total], rtol=1e-3)


def test_stores_are_split_as_the_library_does_top_down() -> None:
    from hierarchicalforecast.methods import TopDown

    given = base()
    forecast = reconciled(given, np.ones(NUMBER), np.ones(NUMBER), SERIES)
    rows = CATEGORIES == "bread"
    stores = np.flatnonzero(rows & np.isin(LEVELS, ["store_category", "other_stores"]))
    whole = forecast[rows & (LEVELS == "category")]
    found = TopDown("forecast_proportions")(
        S=np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]),
        y_hat=np.vstack([whole, given[stores]]),
        tags={"category": np.array([0]), "store": np.array([1, 2])},
    )["mean"]
    np.testing.assert_allclose(forecast[stores], found[1:], atol=1e-3)


def test_stores_without_a_forecast_are_split_by_what_they_sold_lately() -> None:
    given, recent = base(), np.ones(NUMBER)
    stores = np.isin(LEVELS, ["store_category", "other_stores"]) & (CATEGORIES == "milk")
    given[stores, 1] = 0.0
    recent[np.flatnonzero(stores)] = [3.0, 1.0]
    forecast = reconciled(given, np.ones(NUMBER), recent, SERIES)
    shares = forecast[stores, 1] / forecast[stores, 1].sum()
    np.testing.assert_allclose(shares, [0.75, 0.25], atol=1e-4)
    assert adds_up(forecast)


def test_a_series_that_is_not_served_stays_out() -> None:
    given = base()
    missing = np.flatnonzero(LEVELS == "product")[0]
    given[missing] = np.nan
    forecast = reconciled(given, np.ones(NUMBER), np.ones(NUMBER), SERIES)
    assert np.isnan(forecast[missing]).all()
    assert adds_up(np.nan_to_num(forecast))


@pytest.mark.parametrize("rows", [0, 1])
def test_no_series_and_one_alone(rows: int) -> None:
    series = SERIES.slice(0, rows) if rows else SERIES_SCHEMA.empty_table()
    forecast = reconciled(np.full((rows, WEEKS), 3.0), np.ones(rows), np.ones(rows), pa.table(series))
    np.testing.assert_allclose(forecast, np.full((rows, WEEKS), 3.0))
