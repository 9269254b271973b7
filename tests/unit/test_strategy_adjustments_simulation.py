from datetime import date

import numpy as np
import pytest

from upswing.marketing.strategy_adjustments import AdjustmentParameters
from upswing.marketing.strategy_adjustments_simulation import (
    Rule,
    SimulatedAction,
    as_shipped,
    by_the_raw_formula,
    left_alone,
    reversals,
    simulate_strengths,
    true_factor,
    without_waiting,
)
from upswing.marketing.strategy_adjustments_targets import TargetSet

WANTED = TargetSet(
    date(2016, 1, 1),
    {"ctr": 0.3, "cr": 0.08, "apu": 90.0, "rpr": 0.5},
    {"ctr": 0.2, "cr": 0.4, "apu": 0.2, "rpr": 0.2},
)
CALM = SimulatedAction()
LIVELY = SimulatedAction(elasticities={"ctr": 2.4, "cr": 4.8, "apu": -0.1, "rpr": 1.2})
RULE = AdjustmentParameters()
SEEDS = range(5)


def years(action: SimulatedAction, rule: Rule) -> list[list[float]]:
    return [simulate_strengths(action, WANTED, rule, RULE, seed) for seed in SEEDS]


def gap_left(action: SimulatedAction, rule: Rule) -> float:
    """The mean gap in the second half of a year."""
    return float(np.mean([abs(true_factor(action, WANTED, one)) for year in years(action, rule) for one in year[26:]]))


@pytest.mark.parametrize("action", [CALM, LIVELY])
def test_the_loop_comes_to_its_targets_and_stays(action: SimulatedAction) -> None:
    ends = [abs(true_factor(action, WANTED, one)) for year in years(action, as_shipped) for one in year[-8:]]
    assert np.mean(ends) <= RULE.dead_band
    assert gap_left(action, as_shipped) < 0.5 * gap_left(action, left_alone)


@pytest.mark.parametrize("action", [CALM, LIVELY])
def test_the_loop_does_not_swing(action: SimulatedAction) -> None:
    for year in years(action, as_shipped):
        assert np.std(year[26:]) < 0.05
        assert reversals(year) <= 5


def test_acting_on_every_week_swings_where_customers_respond_strongly() -> None:
    assert gap_left(LIVELY, without_waiting) > 10 * gap_left(LIVELY, as_shipped)
    assert min(np.std(year[26:]) for year in years(LIVELY, without_waiting)) > 0.15


def test_waiting_costs_time_where_customers_hardly_respond() -> None:
    assert gap_left(CALM, without_waiting) < gap_left(CALM, as_shipped)


def test_the_raw_formula_follows_the_money_to_the_bound() -> None:
    for year in years(CALM, by_the_raw_formula):
        assert year[-1] > 1.4
    assert gap_left(CALM, by_the_raw_formula) > 1.5 * gap_left(CALM, as_shipped)


def test_reversals_count_the_turns() -> None:
    assert reversals([1.0, 1.1, 1.1, 1.2, 1.1, 1.1, 1.2]) == 2


def test_a_year_is_the_same_each_time() -> None:
    assert years(CALM, as_shipped) == years(CALM, as_shipped)
