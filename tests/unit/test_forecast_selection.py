"""Champions and blends: who serves whom, and what a strategy may know."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from upswing.sales.forecast_groups import GROUPS, group_pools, series_groups, sparse_series
from upswing.sales.forecast_selection import (
    STRATEGIES,
    Strategy,
    candidate_scores,
    forward_errors,
    select_candidates,
)
from upswing.sales.forecast_selection_blends import blend, score_weights
from upswing.sales.forecast_selection_windows import Windows

NUMBER, WEEKS = 60, 4
PRODUCT = GROUPS.index("product, steady")
MEANS = np.zeros(2, dtype=np.bool_)
GROUP = np.full(NUMBER, PRODUCT, dtype=np.int64)


def windows(wrong: dict[str, NDArray[np.float64]], origins: tuple[int, ...] = (10, 14, 18)) -> Windows:
    """Revenue is 10; a candidate is wrong by so much of each series, in all windows."""
    revenue = np.full((NUMBER, origins[-1] + WEEKS), 10.0)
    forecasts = {
        origin: {name: np.repeat(10.0 + off[:, None], WEEKS, axis=1) for name, off in wrong.items()}
        for origin in origins
    }
    return Windows.of(forecasts, revenue, {origin: np.ones(NUMBER) for origin in origins})


def test_each_series_gets_its_own_champion_where_they_differ_for_good() -> None:
    first = np.arange(NUMBER) % 2 == 0
    given = windows({"a": np.where(first, 1.0, -9.0), "b": np.where(first, 9.0, 1.0)})
    chosen = select_candidates(given, GROUP)
    np.testing.assert_allclose(chosen.blend(given.forecasts[0]), 11.0)


def test_errors_that_cancel_are_blended() -> None:
    given = windows({"high": np.full(NUMBER, 3.0), "low": np.full(NUMBER, -3.0), "far": np.full(NUMBER, 8.0)})
    chosen = select_candidates(given, GROUP)
    assert chosen.strategies[PRODUCT].members == 6
    assert (chosen.weights[:, :2] > 0.2).all()


def test_chance_is_not_believed() -> None:
    """Each series errs anew in every window; candidate b is the better one of all. Its own luck must not decide."""
    generator = np.random.default_rng(5)
    revenue = np.full((NUMBER, 22), 10.0)
    forecasts = {
        origin: {
            name: 10.0 + level * generator.exponential(size=(NUMBER, WEEKS)) for name, level in (("a", 4.0), ("b", 3.0))
        }
        for origin in (10, 14, 18)
    }
    chosen = select_candidates(Windows.of(forecasts, revenue, dict.fromkeys(forecasts, np.ones(NUMBER))), GROUP)
    assert chosen.weights[:, 1].mean() > 0.55
    assert chosen.weights.std(axis=0).max() < 0.15


def test_a_strategy_is_judged_by_what_was_known_at_the_origin() -> None:
    """Candidate a is right in the newest window alone: whoever had seen it would take a."""
    wrong = {10: (5.0, 1.0), 12: (5.0, 1.0), 14: (0.0, 1.0)}
    forecasts = {
        origin: {name: np.full((NUMBER, WEEKS), 10.0 + off) for name, off in zip("ab", offs, strict=True)}
        for origin, offs in wrong.items()
    }
    given = Windows.of(forecasts, np.full((NUMBER, 18), 10.0), dict.fromkeys(wrong, np.ones(NUMBER)))
    np.testing.assert_allclose(forward_errors(given, GROUP, [Strategy(math.inf, 1)])[0], 1.0)


def test_one_window_alone_leaves_it_to_the_median() -> None:
    chosen = select_candidates(windows({"a": np.ones(NUMBER), "b": np.full(NUMBER, 2.0)}, origins=(10,)), GROUP)
    assert chosen.strategies[PRODUCT] == STRATEGIES[0]
    assert chosen.group_is_median.all()
    np.testing.assert_allclose(chosen.weights, [[0.8, 0.2]] * NUMBER)


def test_the_median_does_not_follow_a_forecast_that_is_far_off() -> None:
    forecasts = np.array([[[1.0, 5.0]], [[2.0, 5.0]], [[900.0, 4.0]]])
    weights = np.array([[0.3, 0.3, 0.4]])
    np.testing.assert_allclose(blend(weights, forecasts, np.array([True])), [[2.0, 5.0]])
    assert blend(weights, forecasts, np.array([False]))[0, 0] > 300


def test_a_candidate_that_does_not_serve_a_series_has_no_weight_there() -> None:
    off = np.ones(NUMBER)
    off[:5] = np.nan
    chosen = select_candidates(windows({"a": off, "b": np.full(NUMBER, 2.0)}), GROUP)
    assert (chosen.weights[:5, 0] == 0).all()
    np.testing.assert_allclose(chosen.weights.sum(axis=1), 1.0)


def test_a_series_without_any_window_is_served_like_its_group() -> None:
    errors = np.array([[1.0, 2.0]] * (NUMBER - 1) + [[np.nan, np.nan]])
    scores, of_groups = candidate_scores(errors, np.full(NUMBER, 8), GROUP, prior=6.0)
    np.testing.assert_allclose(scores[-1], of_groups[PRODUCT])


def test_weights_add_up_and_ties_go_to_the_first() -> None:
    weights = score_weights(np.array([[1.0, 1.0, 2.0], [math.inf, 3.0, 3.0], [math.inf] * 3]), members=1)
    np.testing.assert_allclose(weights, [[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(score_weights(np.array([[1.0, 2.0, 9.0]]), members=2), [[0.8, 0.2, 0.0]])


def test_a_member_that_fails_leaves_its_weight_to_the_others() -> None:
    forecasts = np.array([[[2.0, 2.0], [2.0, np.nan]], [[4.0, 4.0], [6.0, 6.0]]])
    blended = blend(np.array([[0.5, 0.5], [0.5, 0.5]]), forecasts, MEANS)
    np.testing.assert_allclose(blended, [[3.0, 3.0], [6.0, 6.0]])
    assert np.isnan(blend(np.array([[1.0, 0.0], [1.0, 0.0]]), forecasts, MEANS)[1]).all()


@pytest.mark.parametrize(("sold_of_132", "is_sparse"), [(100, True), (101, False)])
def test_a_series_is_sparse_from_1_32_weeks_between_sales(sold_of_132: int, is_sparse: bool) -> None:
    revenue = np.zeros((1, 140))
    revenue[0, :sold_of_132] = 1.0
    assert sparse_series(revenue, origin=132)[0] == is_sparse


def test_a_small_group_joins_its_class_then_its_family_then_all() -> None:
    groups = series_groups(np.array(["total", "category", "product"]), np.array([False, True, True]))
    assert [GROUPS[group] for group in groups] == ["total, steady", "category, sparse", "product, sparse"]
    counts = np.zeros(len(GROUPS), dtype=np.int64)
    counts[[GROUPS.index("category, steady"), GROUPS.index("product, sparse")]] = 20
    pools = group_pools(counts, least=20)
    names = {GROUPS[group]: {GROUPS[member] for member in pool} for group, pool in enumerate(pools)}
    assert names["category, steady"] == {"category, steady"}
    assert names["total, steady"] == {"total, steady", "category, steady"}
    assert names["product, steady"] == {
        f"{level}, {kind}" for level in ("product", "other_products") for kind in ("steady", "sparse")
    }
    assert names["store_category, steady"] == set(GROUPS)
