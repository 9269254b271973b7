"""A simulated year of an action: does the adjustment settle, and what would other rules have done?

What an offer brings grows with its strength, each metric at its own rate; a week's results are known weeks later, and
with noise. The world is made up: it shows how a rule behaves, and nothing of any market.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from upswing.marketing.strategy_adjustments import AdjustmentParameters, decide, follow_action, measure
from upswing.marketing.strategy_adjustments_targets import METRICS, TargetSet

FIRST_WEEK = date(2024, 1, 1)

Rule = Callable[[list[dict[str, Any]], TargetSet, AdjustmentParameters], float]
"""The strength after the weeks whose response is over."""


@dataclass(frozen=True)
class SimulatedAction:
    """What an action brings.

    Attributes:
        at_one: each metric at strength 1; money for apu, else rates.
        elasticities: by how many percent a metric rises where the strength rises by one.
        customers: touched each week, each shown once.
        response_days: until a week's results are known.
        weeks: simulated.
    """

    at_one: dict[str, float] = field(default_factory=lambda: {"ctr": 0.25, "cr": 0.06, "apu": 85.0, "rpr": 0.5})
    elasticities: dict[str, float] = field(default_factory=lambda: {"ctr": 0.6, "cr": 1.2, "apu": -0.1, "rpr": 0.3})
    customers: int = 3000
    response_days: int = 28
    weeks: int = 52

    def truth(self, strength: float) -> dict[str, float]:
        """Each metric at a strength, without noise."""
        return {metric: self.at_one[metric] * strength ** self.elasticities[metric] for metric in METRICS}


def as_shipped(weeks: list[dict[str, Any]], wanted: TargetSet, parameters: AdjustmentParameters) -> float:
    """Driven by the factor without units; a week that was sent before the last change does not change it again."""
    rows = follow_action(weeks, [wanted], parameters)
    return float(rows[-1]["strength_after"]) if rows else 1.0


def without_waiting(weeks: list[dict[str, Any]], wanted: TargetSet, parameters: AdjustmentParameters) -> float:
    """Driven by the same factor, by every week as it comes in."""
    return _every_week(weeks, wanted, parameters, "adjustment_factor")


def by_the_raw_formula(weeks: list[dict[str, Any]], wanted: TargetSet, parameters: AdjustmentParameters) -> float:
    """Driven by claim 7 as written, in which the spend is money, by every week as it comes in."""
    return _every_week(weeks, wanted, parameters, "raw_adjustment_factor")


def left_alone(_weeks: list[dict[str, Any]], _wanted: TargetSet, _parameters: AdjustmentParameters) -> float:
    """The strength of the seed."""
    return 1.0


def simulate_strengths(
    action: SimulatedAction, wanted: TargetSet, rule: Rule, parameters: AdjustmentParameters, seed: int
) -> list[float]:
    """The strength that each week is sent with, the first 1; the same noise for every rule of a seed."""
    known: list[dict[str, Any]] = []
    strengths: list[float] = []
    for number in range(action.weeks):
        monday = FIRST_WEEK + timedelta(weeks=number)
        over = [week for week in known if week["response_ends_on"] < monday]
        strength = rule(over, wanted, parameters)
        strengths.append(strength)
        known.append(_results(action, strength, monday, np.random.default_rng((seed, number))))
    return strengths


def true_factor(action: SimulatedAction, wanted: TargetSet, strength: float) -> float:
    """The factor without units at a strength, if there were no noise."""
    truth = action.truth(strength)
    return sum(wanted.weights[m] * (wanted.targets[m] - truth[m]) / wanted.targets[m] for m in METRICS)


def reversals(strengths: list[float]) -> int:
    """How often a change goes the other way than the change before it."""
    ways = [np.sign(after - before) for before, after in itertools.pairwise(strengths) if after != before]
    return sum(bool(one != other) for one, other in itertools.pairwise(ways))


def _every_week(weeks: list[dict[str, Any]], wanted: TargetSet, parameters: AdjustmentParameters, factor: str) -> float:
    strength = 1.0
    for week in weeks:
        strength, _decision = decide(strength, measure(week, wanted, parameters)[factor], True, parameters)
    return strength


def _results(action: SimulatedAction, strength: float, monday: date, chance: np.random.Generator) -> dict[str, Any]:
    truth = action.truth(strength)
    conversions = int(chance.binomial(action.customers, min(truth["cr"], 1)))
    # Baskets vary as much as they are large: the exponential spread of the sample's conversions.
    revenue = float(chance.gamma(1.0, truth["apu"], conversions).sum())
    return {
        "action_id": "simulated",
        "measured_week": monday,
        "first_touched_on": monday,
        "response_ends_on": monday + timedelta(days=action.response_days),
        "is_over": True,
        "campaigns": 1,
        "customers": action.customers,
        "impressions": action.customers,
        "clicks": int(chance.binomial(action.customers, min(truth["ctr"], 1))),
        "conversions": conversions,
        "revenue": revenue,
        "repurchases_known": conversions,
        "repurchases": int(chance.binomial(conversions, min(truth["rpr"], 1))),
    }
