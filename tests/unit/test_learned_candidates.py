from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from upswing.one_thread import hold_one_thread
from upswing.sales.forecast_panel import FloatArray, SalesPanel
from upswing.sales.learned_candidates import LearnedModels
from upswing.sales.learned_candidates_models import LEARNED_MODELS, SVR_MARGIN
from upswing.sales.learned_features import LAGS, learning_rows, sample_rows

HORIZON = 4
PLAIN = ("linear_regression", "gradient_boosting")


def panel_of(revenue: FloatArray, reach: FloatArray | None = None) -> SalesPanel:
    count, weeks = revenue.shape
    ids = [f"{number:03d}" for number in range(count)]
    series = pa.table({"series_level": ["product"] * count, "series_id": ids, "category": ["c"] * count})
    mondays = np.datetime64("2023-01-02") + 7 * np.arange(weeks) * np.timedelta64(1, "D")
    unknown = np.full(revenue.shape, np.nan)
    return SalesPanel(
        series,
        mondays,
        revenue,
        unknown,
        unknown,
        np.full((count, weeks + HORIZON), np.nan) if reach is None else reach,
    )


def noisy(count: int = 40, weeks: int = 40, seed: int = 1) -> FloatArray:
    random = np.random.default_rng(seed)
    return np.exp(random.normal(3.0, 1.0, (count, 1))) * random.gamma(4.0, 0.25, (count, weeks))


def learn(panel: SalesPanel, origin: int, names: tuple[str, ...] = tuple(LEARNED_MODELS)) -> LearnedModels:
    return LearnedModels.learn(panel, origin, names, lambda _steps: None)


def test_features_are_the_weeks_before_in_proportion_to_their_own_mean() -> None:
    revenue = noisy(3, 30)
    rows, targets, ids = learning_rows(panel_of(revenue), 30, 0)
    for row in (0, 20, len(targets) - 1):
        series, week = ids.iloc[row]
        before = revenue[series, :week]
        level = before[-13:].mean()
        assert rows.level[row] == pytest.approx(level)
        assert targets[row] == pytest.approx(revenue[series, week] / level)
        expected = [before[-lag] / level if lag <= week else np.nan for lag in LAGS]
        np.testing.assert_allclose(rows.ratios[row, : len(LAGS)], expected)
        assert rows.spread[row] == pytest.approx(before[-13:].std(ddof=1) / level)


def test_every_model_serves_every_series_and_is_stored_whole() -> None:
    panel = panel_of(noisy())
    models = learn(panel, 40)
    assert not models.failures
    found = models.forecast(panel, 40, HORIZON)
    again = LearnedModels.unpacked(models.packed(), ()).forecast(panel, 40, HORIZON)
    for name in LEARNED_MODELS:
        assert np.isfinite(found[name]).all(), name
        np.testing.assert_array_equal(found[name], again[name], err_msg=name)


def test_stored_arrays_predict_as_scikit_learn() -> None:
    from sklearn.svm import SVR

    hold_one_thread()
    rows, targets, _ = learning_rows(panel_of(noisy()), 40, 0)
    ours = LEARNED_MODELS["svr"].learn(rows, targets)
    features = (rows.for_weights() - ours.arrays["centre"]) / ours.arrays["scale"]
    theirs = SVR(epsilon=SVR_MARGIN, gamma=float(ours.arrays["width"][0])).fit(features, targets)
    np.testing.assert_allclose(ours.ratios(rows), theirs.predict(features), atol=1e-4)


def test_learned_on_one_origin_serves_a_later_one_and_new_series() -> None:
    revenue = noisy(41)
    models = learn(panel_of(revenue[:40]), 30, PLAIN)
    found = models.forecast(panel_of(revenue), 40, HORIZON)
    for name in PLAIN:
        assert found[name].shape == (41, HORIZON)
        assert np.isfinite(found[name]).all()
    assert np.isnan(found["svr"]).all()


def test_a_planned_promotion_lifts_its_own_week() -> None:
    random = np.random.default_rng(4)
    reach = (random.random((40, 44)) < 0.2).astype(np.float64)
    revenue = noisy() * (1.0 + 2.0 * reach[:, :40])
    panel = panel_of(revenue, reach)
    assert panel.planned_weeks == HORIZON
    found = learn(panel, 40, PLAIN).forecast(panel, 40, HORIZON)
    for name in PLAIN:
        ratio = found[name] / revenue.mean(axis=1, keepdims=True)
        assert ratio[reach[:, 40:] == 1].mean() > 1.5 * ratio[reach[:, 40:] == 0].mean(), name


def test_without_plans_promotions_of_later_weeks_are_not_looked_at() -> None:
    random = np.random.default_rng(4)
    reach = np.full((40, 44), np.nan)
    reach[:, :40] = random.random((40, 40))
    other = reach.copy()
    other[:, 30:40] = random.random((40, 10))
    revenue = noisy()
    found = [
        learn(panel_of(revenue, known), 30, PLAIN).forecast(panel_of(revenue, known), 30, 4) for known in (reach, other)
    ]
    for name in PLAIN:
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_plans_reach_as_far_from_an_earlier_origin_as_from_the_last() -> None:
    random = np.random.default_rng(4)
    reach = random.random((40, 44))
    reach[:, 42:] = np.nan
    other = reach.copy()
    other[:, 32:40] = random.random((40, 8))
    revenue = noisy()
    assert panel_of(revenue, reach).planned_weeks == 2
    found = [
        learn(panel_of(revenue, known), 30, PLAIN).forecast(panel_of(revenue, known), 30, 4) for known in (reach, other)
    ]
    np.testing.assert_array_equal(found[0]["gradient_boosting"], found[1]["gradient_boosting"])


def test_one_failed_model_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_rows: object, _targets: object) -> None:
        raise RuntimeError("did not converge")

    monkeypatch.setattr(LEARNED_MODELS["svr"], "learn", fail)
    panel = panel_of(noisy())
    with pytest.warns(UserWarning, match="svr failed: RuntimeError"):
        models = learn(panel, 40, ("svr", "linear_regression"))
    assert models.failures == ("svr",)
    assert set(models.models) == {"linear_regression"}


def test_too_little_history_learns_nothing() -> None:
    panel = panel_of(noisy(3, 6))
    found = learn(panel, 6).forecast(panel, 6, HORIZON)
    assert all(np.isnan(values).all() for values in found.values())


def test_sample_of_rows_does_not_depend_on_other_series() -> None:
    _, _, ids = learning_rows(panel_of(noisy(20, 20)), 20, 0)
    keys = [f"{number:03d}" for number in range(20)]
    hashed = {key: 7919 * number + 13 for number, key in enumerate(keys)}
    taken = sample_rows(keys, ids, 50, lambda key: hashed[key])
    part = ids[ids["unique_id"] != 0].reset_index(drop=True)
    taken_of_part = sample_rows(keys, part, 50, lambda key: hashed[key])
    both = {tuple(row) for row in ids.iloc[taken].to_numpy() if row[0] != 0}
    assert len(taken) == 50
    assert both <= {tuple(row) for row in part.iloc[taken_of_part].to_numpy()}
