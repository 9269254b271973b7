from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from upswing.sales.forecast_panel import FloatArray, SalesPanel
from upswing.sales.statistical_candidates import StatisticalCandidates, moving_average, seasonal_naive
from upswing.sales.statistical_candidates_calendar import SalesCalendar, week_of_year
from upswing.sales.statistical_candidates_models import OWN_MODELS

WEEKS_AHEAD = 6


def walk(weeks: int, slope: float = 0.0, seed: int = 3) -> FloatArray:
    return 100.0 + slope * np.arange(weeks) + np.random.default_rng(seed).normal(0.0, 5.0, weeks)


def library(name: str, slope: float) -> Any:
    from statsforecast import models

    if name == "ets":
        return models.AutoETS(1, model="AAN" if slope else "ANN", damped=bool(slope))
    return models.Theta(1) if name == "theta" else models.AutoARIMA(season_length=1)


@pytest.mark.parametrize("name", list(OWN_MODELS))
@pytest.mark.parametrize("slope", [0.0, 4.0])
def test_newer_weeks_run_through_stored_numbers_as_in_statsforecast(name: str, slope: float) -> None:
    series = walk(60, slope)
    fitted = library(name, slope).fit(series[:40])
    model = OWN_MODELS[name]
    numbers = model.learn(series[:40])
    assert len(numbers) == model.numbers
    assert np.isfinite(numbers[0])
    # statsforecast 2.1.1 counts the damping of the first week ahead twice: phi + phi + phi^2, not phi + phi^2 + phi^3.
    same = slice(1) if name == "ets" and slope else slice(None)
    for known, expected in (
        (series[:40], fitted.predict(WEEKS_AHEAD)["mean"]),
        (series, fitted.forward(series, WEEKS_AHEAD)["mean"]),
    ):
        found = model.forecast(numbers, known, WEEKS_AHEAD)
        np.testing.assert_allclose(found[same], expected[same], rtol=1e-6)


def test_damped_trend_follows_its_formula() -> None:
    phi, level, slope = 0.9, 100.0, 10.0
    numbers = np.array([1.0, 0.0, 0.0, phi, level, slope])
    found = OWN_MODELS["ets"].forecast(numbers, np.array([level]), 3)
    after_one_week = level + phi * slope
    steps = phi * slope * np.array([phi, phi + phi**2, phi + phi**2 + phi**3])
    np.testing.assert_allclose(found, after_one_week + steps)


def test_arima_keeps_its_drift() -> None:
    numbers = OWN_MODELS["arima"].learn(np.cumsum(walk(40, seed=5)))
    assert numbers[4] == 1
    assert np.isfinite(numbers[-1])


def test_intermittent_demand_is_that_of_statsforecast_and_ignores_returns() -> None:
    from statsforecast.models import TSB, CrostonSBA

    series = np.where(np.arange(30) % 4 == 1, 12.0, 0.0)
    with_return = series.copy()
    with_return[10] = -3.0
    found = forecasts(np.vstack([series, with_return]))
    for name, model in (("croston", CrostonSBA()), ("tsb", TSB(0.1, 0.1))):
        np.testing.assert_allclose(found[name][0], model.forecast(series, WEEKS_AHEAD)["mean"])
        np.testing.assert_array_equal(found[name][0], found[name][1])


def test_weeks_without_any_sale_forecast_none() -> None:
    found = forecasts(np.zeros((1, 30)))
    for name, values in found.items():
        np.testing.assert_allclose(values, 0.0, atol=1e-9, err_msg=name)


def test_one_failed_series_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from upswing.sales import statistical_candidates as module

    model = OWN_MODELS["theta"]

    def learn(series: FloatArray) -> FloatArray:
        if series[0] == -1.0:
            raise RuntimeError("no model able to be fitted")
        return model.learn(series)

    broken = type(model)(model.numbers, learn, model.forecast, model.cost)
    monkeypatch.setattr(module, "OWN_MODELS", {**OWN_MODELS, "theta": broken})
    revenue = np.vstack([walk(30), walk(30), walk(30)])
    revenue[1, 0] = -1.0
    learned = learn_all(revenue)
    assert learned.failures == {"theta": [1]}
    found = learned.forecast(revenue, np.arange(3), WEEKS_AHEAD)["theta"]
    np.testing.assert_array_equal(np.isfinite(found).all(axis=1), [True, False, True])


def test_a_young_series_has_no_model_of_its_own() -> None:
    revenue = np.vstack([walk(30), walk(30)])
    revenue[1, :25] = np.nan
    found = forecasts(revenue)
    for name in OWN_MODELS:
        np.testing.assert_array_equal(np.isfinite(found[name]).all(axis=1), [True, False], err_msg=name)
    assert np.isfinite(found["exponential_smoothing"]).all()


def test_seasonal_naive_repeats_the_season_or_else_the_last_week() -> None:
    revenue = np.vstack([np.arange(8.0), np.arange(8.0)])
    revenue[1, :5] = np.nan
    np.testing.assert_array_equal(seasonal_naive(revenue, 4, 6), [[4, 5, 6, 7, 4, 5], [7] * 6])
    np.testing.assert_array_equal(seasonal_naive(revenue, 1, 3), [[7] * 3] * 2)
    np.testing.assert_array_equal(seasonal_naive(revenue, 52, 3), [[7] * 3] * 2)


def test_moving_average_takes_what_there_is() -> None:
    revenue = np.array([[1.0, 2.0, 3.0, 4.0], [np.nan, np.nan, np.nan, 8.0], [np.nan] * 4])
    np.testing.assert_array_equal(moving_average(revenue, 2, 1)[:, 0], [3.5, 8.0, np.nan])


def test_calendar_finds_the_start_of_a_month_and_leaves_one_year_alone() -> None:
    panel = calendar_panel(years=1, yearly=0.4)
    calendar = SalesCalendar.learn(panel, 52, 52)
    assert calendar.month_start == pytest.approx(1.2, abs=0.1)
    assert np.all(calendar.yearly == 1.0)


def test_calendar_learns_the_year_from_two_on() -> None:
    panel = calendar_panel(years=3, yearly=0.4)
    calendar = SalesCalendar.learn(panel, 156, 52)
    course = calendar.course(panel)[0]
    true = np.sin(2 * np.pi * week_of_year(panel.all_weeks) / 52)
    assert np.corrcoef(course, true)[0, 1] > 0.9
    assert np.std(np.log(panel.revenue[0] / course[:156])) < 0.5 * np.std(np.log(panel.revenue[0]))
    assert np.all(SalesCalendar.learn(panel, 156, 1).yearly == 1.0)


def calendar_panel(years: int, yearly: float) -> SalesPanel:
    weeks = np.datetime64("2020-01-06") + 7 * np.arange(52 * years) * np.timedelta64(1, "D")
    series = pa.table({"series_level": ["category", "total"], "series_id": ["c", "total"], "category": ["c", None]})
    unknown = np.full((2, len(weeks)), np.nan)
    ahead = np.full((2, len(weeks) + 13), np.nan)
    panel = SalesPanel(series, weeks, np.ones((2, len(weeks))), unknown, unknown, ahead)
    course = 1.0 + yearly * np.sin(2 * np.pi * week_of_year(weeks) / 52)
    course *= 1.0 + 0.2 * panel.holds_month_start()[: len(weeks)]
    return SalesPanel(series, weeks, 100.0 * np.vstack([course, course]), unknown, unknown, ahead)


def learn_all(revenue: FloatArray) -> StatisticalCandidates:
    every = np.ones(len(revenue), dtype=np.bool_)
    wanted = {name: every for name in ("exponential_smoothing", *OWN_MODELS)}
    return StatisticalCandidates.learn(revenue, wanted, lambda _steps: None)


def forecasts(revenue: FloatArray) -> dict[str, FloatArray]:
    return learn_all(revenue).forecast(revenue, np.arange(len(revenue)), WEEKS_AHEAD)
