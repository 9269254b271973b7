from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from unit.launches import CYCLE_WEEKS, LATER_WEEKS, LAUNCH_WEEKS, history_table, make_history, windows_table
from upswing.categories import UNKNOWN_CATEGORY
from upswing.fits import NotEnoughHistory
from upswing.products.analogs import AnalogParameters, Analogs, analogs_to_arrow, find_analogs
from upswing.products.launch_windows import LaunchHistory
from upswing.products.surge_baselines import analog_frequency, category_frequency
from upswing.products.surge_evaluation import backtest, fit_surge_locator
from upswing.products.surge_locator import SurgeLocator, SurgeParameters, analog_weights, train_locator
from upswing.products.surge_network import NETWORK_ARRAYS, SurgeNetworkParameters
from upswing.products.surge_scores import SURGE_SCHEMA, score_surges
from upswing.torch_session import torch_session

PARAMETERS = SurgeParameters(
    LAUNCH_WEEKS, CYCLE_WEEKS, analogs=AnalogParameters(min_analogs=12), network=SurgeNetworkParameters(steps=8)
)
NEW = make_history(6, seed=9).windows


@pytest.fixture(scope="module")
def analogs(history: LaunchHistory) -> Analogs:
    return find_analogs(NEW, history.windows, PARAMETERS.analogs)


@pytest.fixture(scope="module")
def locator(history: LaunchHistory, analogs: Analogs) -> SurgeLocator:
    with torch_session():
        return train_locator(NEW, history, analogs, PARAMETERS)


def test_probabilities_are_one_a_product_and_later_week(locator: SurgeLocator) -> None:
    found = locator.probabilities(NEW)
    assert found.shape == (6, LATER_WEEKS)
    assert ((found > 0) & (found < 1)).all()


def test_networks_of_products_come_in_the_order_asked(locator: SurgeLocator) -> None:
    order = np.array([4, 0, 2])
    some = locator.of_products(NEW.product_ids[order])
    np.testing.assert_array_equal(some.centres, locator.centres[order])
    np.testing.assert_allclose(some.probabilities(NEW[order]), locator.probabilities(NEW)[order], rtol=1e-6)


def test_bytes_round_trip(locator: SurgeLocator) -> None:
    found = SurgeLocator.from_bytes(locator.to_bytes())
    assert found.to_bytes() == locator.to_bytes()
    assert found.product_ids.tolist() == locator.product_ids.tolist()
    for name in NETWORK_ARRAYS:
        np.testing.assert_array_equal(found.networks.arrays[name], locator.networks.arrays[name])
    np.testing.assert_array_equal(found.probabilities(NEW), locator.probabilities(NEW))


def test_nearer_analogs_weigh_more() -> None:
    distance = np.array([0.0, 1.0, 2.0, 0.0, 0.0])
    product, zeros = np.array([0, 0, 0, 1, 1]), np.zeros(5, dtype=np.int64)
    weights = analog_weights(Analogs(product, zeros, distance, zeros, zeros == 0))
    np.testing.assert_allclose(weights, [1, np.exp(-0.5), np.exp(-2), 1, 1])


def test_analog_frequency_is_the_plain_share() -> None:
    history = make_history(4)
    history = replace(history, surges=np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]))
    zeros = np.zeros(3, dtype=np.int64)
    chosen = Analogs(np.array([0, 0, 1]), np.array([0, 1, 2]), np.zeros(3), zeros, zeros == 0)
    np.testing.assert_array_equal(analog_frequency(NEW[:2], history, chosen), [[1, 0.5], [0, 1]])


def test_category_frequency_of_an_unknown_category_is_that_of_all(history: LaunchHistory) -> None:
    strangers = replace(NEW, categories=np.full(6, "never seen"))
    expected = np.tile(history.surges.mean(axis=0), (6, 1))
    np.testing.assert_allclose(category_frequency(strangers, history), expected)


def test_products_without_a_category_have_the_frequency_of_all(history: LaunchHistory) -> None:
    was = history.windows.categories
    without = replace(history.windows, categories=np.where(was == was[0], UNKNOWN_CATEGORY, was))
    found = category_frequency(replace(NEW, categories=np.full(6, UNKNOWN_CATEGORY)), replace(history, windows=without))
    np.testing.assert_allclose(found, np.tile(history.surges.mean(axis=0), (6, 1)))


def early_breakouts(history: LaunchHistory, last_week: int) -> LaunchHistory:
    """The same launches with breakouts among those launched in the two weeks up to ``last_week`` alone."""
    launched = history.windows.launched_in
    return replace(history, is_breakout=((launched > last_week - 2) & (launched <= last_week)).astype(np.float64))


def test_backtest_knows_only_cycles_that_had_ended() -> None:
    history = early_breakouts(make_history(400, seed=4), 2440)
    last_known = 2440 + LAUNCH_WEEKS - 1
    ends = history.windows.launched_in + CYCLE_WEEKS - 1
    with torch_session():
        truth, found = backtest(history, PARAMETERS)
        future = replace(history, surges=np.where((ends > last_known)[:, None], 1 - history.surges, history.surges))
        turned, found_with_other_future = backtest(future, PARAMETERS)
        past = replace(history, surges=np.where((ends <= last_known)[:, None], 1 - history.surges, history.surges))
        _, found_with_other_past = backtest(past, PARAMETERS)
    assert len(truth) == (history.is_breakout == 1).sum()
    np.testing.assert_array_equal(turned, 1 - truth)
    for name in ("model", "category_frequency", "analog_frequency", "gradient_boosting"):
        np.testing.assert_array_equal(found_with_other_future[name], found[name], err_msg=name)
        assert (found_with_other_past[name] != found[name]).any(), name


def test_backtest_leaves_out_weeks_that_know_too_little() -> None:
    history = early_breakouts(make_history(60, seed=4), 2402)
    truth, found = backtest(history, PARAMETERS)
    assert truth.shape == (0, LATER_WEEKS)
    assert found == {}


def inputs(history: LaunchHistory, analogs: Analogs) -> tuple[pa.Table, pa.Table, pa.Table]:
    return analogs_to_arrow(analogs, NEW, history.windows), windows_table(NEW), history_table(history)


def test_fit_measures_every_competitor_on_the_same_rows(history: LaunchHistory, analogs: Analogs) -> None:
    early = early_breakouts(history, 2450)
    fit = fit_surge_locator(*inputs(early, analogs), PARAMETERS)
    rows = {metric.competitor: metric.value for metric in fit.metrics if metric.metric == "rows"}
    assert rows.keys() == {"model", "category_frequency", "analog_frequency", "gradient_boosting"}
    assert set(rows.values()) == {(early.is_breakout == 1).sum() * LATER_WEEKS}
    assert "hit_rate_at_3" in {metric.metric for metric in fit.metrics}
    assert fit.verdict.startswith("surge_week, split by time: the model ")
    analog_rows, window_rows, history_rows = (
        table.take(list(reversed(range(len(table))))) for table in inputs(early, analogs)
    )
    assert fit == fit_surge_locator(analog_rows, window_rows, history_rows, PARAMETERS)


def test_fit_without_a_backtest_says_so(history: LaunchHistory, analogs: Analogs) -> None:
    none = replace(history, is_breakout=np.zeros(len(history)))
    fit = fit_surge_locator(*inputs(none, analogs), PARAMETERS)
    assert fit.metrics == []
    assert fit.verdict.startswith("no backtest")
    assert SurgeLocator.from_bytes(fit.weights).product_ids.tolist() == NEW.product_ids.tolist()


def test_no_analogs_are_not_learned_from(history: LaunchHistory, analogs: Analogs) -> None:
    analog_rows, window_rows, history_rows = inputs(history, analogs)
    with pytest.raises(NotEnoughHistory, match="no breakout product has an analog in history"):
        fit_surge_locator(analog_rows.slice(0, 0), window_rows, history_rows, PARAMETERS)


def test_scores_are_the_networks_or_the_analogs_and_say_which(
    history: LaunchHistory, analogs: Analogs, locator: SurgeLocator
) -> None:
    known = locator.of_products(NEW.product_ids[:4])
    fit = {"weights": known.to_bytes(), "model_version": "00002-x"}
    scores = score_surges(fit, *inputs(history, analogs), PARAMETERS)
    assert scores.schema == SURGE_SCHEMA
    assert scores.num_rows == 6 * LATER_WEEKS
    assert scores["week_of_life"].to_pylist() == [*range(LAUNCH_WEEKS + 1, CYCLE_WEEKS + 1)] * 6
    sources = np.array(scores["probability_source"].to_pylist()).reshape(6, LATER_WEEKS)[:, 0]
    assert sources.tolist() == ["network"] * 4 + ["analogs"] * 2
    found = scores["surge_probability"].to_numpy().reshape(6, LATER_WEEKS)
    np.testing.assert_allclose(found[:4], locator.probabilities(NEW)[:4], rtol=1e-6)
    assert ((found > 0) & (found < 1)).all()


def test_nothing_is_scored_without_a_fit_or_analogs(
    history: LaunchHistory, analogs: Analogs, locator: SurgeLocator
) -> None:
    analog_rows, window_rows, history_rows = inputs(history, analogs)
    assert score_surges(None, analog_rows, window_rows, history_rows, PARAMETERS).num_rows == 0
    fit = {"weights": locator.to_bytes(), "model_version": "1"}
    assert score_surges(fit, analog_rows.slice(0, 0), window_rows, history_rows, PARAMETERS).schema == SURGE_SCHEMA
