from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from upswing.sales.forecast_candidates import (
    CANDIDATES,
    FALLBACK,
    CandidateParameters,
    LearnedCandidates,
    learn_candidates,
    season_length,
)
from upswing.sales.forecast_panel import FloatArray, SalesPanel
from upswing.sales.statistical_candidates_calendar import week_of_year
from upswing.tensors import pack, unpack

HORIZON = 4
WEEKS = 44
ORIGIN = 36
PARAMETERS = CandidateParameters(forecast_weeks=HORIZON, arima_series=2)


def panel_of(revenue: FloatArray, levels: list[str] | None = None, names: list[str] | None = None) -> SalesPanel:
    count, weeks = revenue.shape
    names = names or [f"{number:03d}" for number in range(count)]
    levels = levels or ["product"] * count
    series = pa.table({"series_level": levels, "series_id": names, "category": pa.array([None] * count, pa.string())})
    mondays = np.datetime64("2023-01-02") + 7 * np.arange(weeks) * np.timedelta64(1, "D")
    unknown = np.full(revenue.shape, np.nan)
    return SalesPanel(series, mondays, revenue, unknown, unknown, np.full((count, weeks + HORIZON), np.nan))


def business(weeks: int = WEEKS) -> SalesPanel:
    random = np.random.default_rng(2)
    products = np.exp(random.normal(3.0, 1.0, (20, 1))) * random.gamma(3.0, 0.3, (20, weeks))
    products[::4] *= random.random((5, weeks)) < 0.4
    categories = np.vstack([products[:10].sum(axis=0), products[10:15].sum(axis=0), products[15:].sum(axis=0)])
    revenue = np.vstack([categories, products, products.sum(axis=0)])
    return panel_of(revenue, ["category"] * 3 + ["product"] * 20 + ["total"])


@pytest.fixture(scope="module")
def learned() -> LearnedCandidates:
    return learn_candidates(business(), ORIGIN, PARAMETERS)


def test_every_candidate_serves_and_arima_only_the_best_selling_of_the_upper_levels(learned: LearnedCandidates) -> None:
    found = learned.forecast(business(), ORIGIN)
    assert tuple(found) == CANDIDATES
    assert not learned.failures
    for name, values in found.items():
        assert values.shape == (24, HORIZON)
        if name == "arima":
            np.testing.assert_array_equal(np.flatnonzero(np.isfinite(values).all(axis=1)), [0, 23])
        else:
            assert np.isfinite(values).all(), name
        assert np.nanmin(values) >= 0, name


def test_nothing_after_the_origin_is_looked_at(learned: LearnedCandidates) -> None:
    panel = business()
    later = panel.revenue.copy()
    later[:, ORIGIN:] = 1e6
    other = dataclasses.replace(panel, revenue=later)
    again = learn_candidates(other, ORIGIN, PARAMETERS)
    assert bytes_of(again) == bytes_of(learned)
    for name, values in again.forecast(other, ORIGIN).items():
        np.testing.assert_array_equal(values, learned.forecast(panel, ORIGIN)[name], err_msg=name)


def test_what_is_stored_forecasts_the_same(learned: LearnedCandidates) -> None:
    arrays, _ = unpack(bytes_of(learned))
    arrays["scores"] = np.zeros(3)
    restored = LearnedCandidates.from_tensors(arrays)
    assert restored.parameters == PARAMETERS
    for name, values in restored.forecast(business(), WEEKS).items():
        np.testing.assert_array_equal(values, learned.forecast(business(), WEEKS)[name], err_msg=name)


def test_series_are_found_by_their_id(learned: LearnedCandidates) -> None:
    panel = business()
    rows = np.array([1, 5, 9, 23])
    found = learned.forecast(panel.select(rows), WEEKS)
    for name, values in learned.forecast(panel, WEEKS).items():
        np.testing.assert_allclose(found[name], values[rows], rtol=1e-6, err_msg=name)


def test_a_series_that_is_new_since_has_no_model_of_its_own() -> None:
    panel = business()
    old = learn_candidates(panel.select(np.arange(23)), ORIGIN, PARAMETERS)
    found = old.forecast(panel, WEEKS)
    own = {name for name in CANDIDATES if not np.isfinite(found[name][23]).any()}
    assert own == {"ets", "theta", "arima"}


def test_only_what_is_wanted_is_learned() -> None:
    panel = business()
    some = np.arange(24) % 2 == 0
    learned = learn_candidates(panel, ORIGIN, PARAMETERS, {"ets": some, "linear_regression": some})
    found = learned.forecast(panel, ORIGIN)
    served = {name for name in CANDIDATES if np.isfinite(found[name]).any()}
    assert served == {"seasonal_naive", "moving_average", "croston", "tsb", "ets", "linear_regression"}
    np.testing.assert_array_equal(np.isfinite(found["ets"]).all(axis=1), some)
    assert np.isfinite(found["linear_regression"]).all()


def test_where_years_are_known_learned_candidates_follow_them_too() -> None:
    random = np.random.default_rng(3)
    weeks = 160
    mondays = np.datetime64("2023-01-02") + 7 * np.arange(weeks + HORIZON) * np.timedelta64(1, "D")
    year = np.where(week_of_year(mondays) >= 47, 2.0, 1.0)
    level = np.exp(random.normal(4.0, 0.5, (8, 1)))
    revenue = level * year[:weeks] * random.normal(1.0, 0.05, (8, weeks))
    panel = panel_of(np.vstack([revenue, revenue.sum(axis=0)]), ["product"] * 8 + ["total"])
    origin = 150
    actual = level * year[origin : origin + HORIZON]
    wanted = {"linear_regression": np.ones(9, dtype=np.bool_)}
    errors = {}
    for season in (1, 52):
        parameters = dataclasses.replace(PARAMETERS, season_length=season)
        found = learn_candidates(panel, origin, parameters, wanted).forecast(panel, origin)["linear_regression"][:8]
        errors[season] = np.abs(found / actual - 1.0).mean()
    assert errors[52] < 0.6 * errors[1]


def test_failures_name_every_series_of_a_failed_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from upswing.sales.learned_candidates_models import LEARNED_MODELS

    def fail(_rows: object, _targets: object) -> None:
        raise RuntimeError("did not converge")

    monkeypatch.setattr(LEARNED_MODELS["neural_net"], "learn", fail)
    some = np.arange(24) < 3
    with pytest.warns(UserWarning, match="neural_net failed"):
        learned = learn_candidates(business(), ORIGIN, PARAMETERS, {"neural_net": some})
    assert learned.failures == {"neural_net": [0, 1, 2]}
    restored = LearnedCandidates.from_tensors(learned.to_tensors())
    assert restored.failures == learned.failures
    assert np.isnan(restored.forecast(business(), ORIGIN)["neural_net"]).all()


@pytest.mark.parametrize("revenue", [np.full((1, 3), 7.0), np.zeros((2, 30)), np.full((1, 1), 5.0)])
def test_short_and_empty_series_fall_back(revenue: FloatArray) -> None:
    panel = panel_of(revenue)
    learned = learn_candidates(panel, revenue.shape[1], PARAMETERS)
    found = learned.forecast(panel, revenue.shape[1])
    np.testing.assert_array_equal(found[FALLBACK], np.repeat(revenue[:, -1:], HORIZON, axis=1))
    assert all(np.isnan(values).all() or np.isfinite(values).all() for values in found.values())
    assert not learned.failures


def test_a_series_that_has_not_begun_is_not_served() -> None:
    revenue = np.vstack([np.full(30, np.nan), np.full(30, 4.0)])
    revenue[0, -2:] = 9.0
    panel = panel_of(revenue)
    found = learn_candidates(panel, 20, PARAMETERS).forecast(panel, 20)
    for name, values in found.items():
        assert np.isnan(values[0]).all(), name


def test_no_series_is_no_forecast() -> None:
    panel = panel_of(np.zeros((0, 30)))
    learned = learn_candidates(panel, 30, PARAMETERS)
    restored = LearnedCandidates.from_tensors(unpack(bytes_of(learned))[0])
    assert all(values.shape == (0, HORIZON) for values in restored.forecast(panel, 30).values())
    assert np.isfinite(restored.forecast(business(), WEEKS)[FALLBACK]).all()


def test_forecasts_go_below_zero_only_where_sales_did() -> None:
    falling = np.linspace(60.0, 1.0, 30)
    revenue = np.vstack([falling, falling])
    revenue[1, 10] = -5.0
    revenue[1, 11:] -= 40.0
    panel = panel_of(revenue)
    found = learn_candidates(panel, 30, PARAMETERS).forecast(panel, 30)
    assert all(np.all((values[0] >= 0) | np.isnan(values[0])) for values in found.values())
    assert found["seasonal_naive"][1].max() < 0


def test_progress_reaches_the_end_and_never_turns_back() -> None:
    told: list[tuple[int, int]] = []
    learn_candidates(business(), ORIGIN, PARAMETERS, told=lambda done, everything: told.append((done, everything)))
    done = [step for step, _ in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]
    assert len({everything for _, everything in told}) == 1


def test_the_season_is_one_week_where_no_window_holds_a_whole_one() -> None:
    assert season_length(52, 51) == 1
    assert season_length(52, 52) == 52


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"forecast_weeks": 0}, "var forecast_weeks is 0"), ({"arima_series": -1}, "var arima_series is -1")],
)
def test_parameters_are_checked(changed: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CandidateParameters(**changed)


def test_an_origin_outside_the_panel_is_refused() -> None:
    with pytest.raises(ValueError, match="origin is 45; expected 1 to 44 weeks"):
        learn_candidates(business(), 45, PARAMETERS)


def bytes_of(learned: LearnedCandidates) -> bytes:
    return pack(learned.to_tensors(), {})
