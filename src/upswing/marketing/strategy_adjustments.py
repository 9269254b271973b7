"""How strong an action's offer is to be: the adjustment factor of the strategy patent (claim 7), week by week.

AdjustmentFactor = w1 (CTR target - actual) + w2 (CR target - actual) + w3 (APU target - actual) + w4 (RPR target -
actual), w1 + w2 + w3 + w4 = 1. The spend (APU) is money and drowns the three rates, so the factor that drives has each
gap over its target. It is a pure fold over the measured weeks: the same weeks give the same history on any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from upswing.marketing.strategy_adjustments_targets import METRICS, TargetSet, in_force, read_targets

ADJUSTMENT_SCHEMA = pa.schema(
    [
        ("action_id", pa.string()),
        ("measured_week", pa.date32()),
        ("decided_on", pa.date32()),
        ("campaigns", pa.int64()),
        ("customers", pa.int64()),
        ("conversions", pa.int64()),
    ]
    + [(f"{metric}_{part}", pa.float64()) for metric in METRICS for part in ("actual", "target", "weight", "gap")]
    + [
        ("measured_metrics", pa.string()),
        ("is_partial", pa.bool_()),
        ("raw_adjustment_factor", pa.float64()),
        ("adjustment_factor", pa.float64()),
        ("strength_before", pa.float64()),
        ("strength_after", pa.float64()),
        ("is_changed", pa.bool_()),
        ("decision", pa.string()),
    ]
)


@dataclass(frozen=True)
class AdjustmentParameters:
    """How fast, how far and from when on an offer is changed.

    Attributes:
        step: share of the factor that one change makes of the strength, above 0 and at most 1.
        max_adjustment: the most that one change does, above 0 and at most 1.
        dead_band: up to this factor, either way, nothing is changed; at least 0.
        min_strength: lower bound of the strength, from 0 to 1.
        max_strength: upper bound, at least 1.
        min_customers: customers that a week's measure needs, and showings that its click-through rate needs.
        min_conversions: customers who converted that a week's spend and repurchase rate need.
    """

    step: float = 0.25
    max_adjustment: float = 0.1
    dead_band: float = 0.05
    min_strength: float = 0.5
    max_strength: float = 1.5
    min_customers: int = 100
    min_conversions: int = 10

    def __post_init__(self) -> None:
        for name, value, is_right, expected in (
            ("adjustment_step", self.step, 0 < self.step <= 1, "above 0, at most 1"),
            ("max_adjustment", self.max_adjustment, 0 < self.max_adjustment <= 1, "above 0, at most 1"),
            ("adjustment_dead_band", self.dead_band, self.dead_band >= 0, "at least 0"),
            ("min_strategy_strength", self.min_strength, 0 <= self.min_strength <= 1, "from 0 to 1"),
            ("max_strategy_strength", self.max_strength, 1 <= self.max_strength < float("inf"), "at least 1"),
            ("min_measured_customers", self.min_customers, self.min_customers >= 1, "at least 1"),
            ("min_measured_conversions", self.min_conversions, self.min_conversions >= 1, "at least 1"),
        ):
            if not is_right:
                raise ValueError(f"var {name} is {value}; expected {expected}")


def adjust_strategies(weeks: pa.Table, targets: pa.Table, parameters: AdjustmentParameters) -> pa.Table:
    """What each measured week says of each action, of ``ADJUSTMENT_SCHEMA``, in order of action and decision.

    Args:
        weeks: a row an action and week of touches: action_id, measured_week, first_touched_on, response_ends_on,
            is_over, campaigns, customers, impressions, clicks, conversions, revenue (money), repurchases_known,
            repurchases; the treated alone.
        targets: the seed: action_id, metric, target, weight, valid_from.
        parameters: the rule.

    Returns:
        A row for each week whose response is over and that enough customers were touched in, of an action that had
        targets on the day of the decision, the last of the response. ``strength_after`` is 1 as in the seed.

    Raises:
        UserError: a target that cannot be; names the row.
    """
    wanted = read_targets(targets)
    actions: dict[str, list[dict[str, Any]]] = {}
    for week in weeks.to_pylist():
        actions.setdefault(week["action_id"], []).append(week)
    rows = [
        row
        for action_id, of_action in sorted(actions.items())
        for row in follow_action(of_action, wanted.get(action_id, []), parameters)
    ]
    return pa.Table.from_pylist(rows, schema=ADJUSTMENT_SCHEMA)


def follow_action(
    weeks: list[dict[str, Any]], sets: list[TargetSet], parameters: AdjustmentParameters
) -> list[dict[str, Any]]:
    """The fold over the weeks of one action, in the order in which they are decided; weeks as ``adjust_strategies``."""
    rows: list[dict[str, Any]] = []
    strength, changed_on = 1.0, date.min
    for week in sorted(weeks, key=lambda week: (week["response_ends_on"], week["measured_week"])):
        wanted = in_force(sets, week["response_ends_on"])
        if wanted is None or not week["is_over"] or week["customers"] < parameters.min_customers:
            continue
        row = measure(week, wanted, parameters)
        row["strength_before"] = strength
        is_of_this_strength = week["first_touched_on"] > changed_on
        strength, row["decision"] = decide(strength, row["adjustment_factor"], is_of_this_strength, parameters)
        row |= {"strength_after": strength, "is_changed": strength != row["strength_before"]}
        if row["is_changed"]:
            changed_on = week["response_ends_on"]
        rows.append(row)
    return rows


def measure(week: dict[str, Any], wanted: TargetSet, parameters: AdjustmentParameters) -> dict[str, Any]:
    """Actuals, gaps and both factors of a week; what is not measured leaves its weight to the others."""
    row: dict[str, Any] = {name: week[name] for name in ("action_id", "measured_week", "campaigns", "customers")}
    row |= {"decided_on": week["response_ends_on"], "conversions": week["conversions"]}
    actuals = {
        "ctr": _share(week["clicks"], week["impressions"], parameters.min_customers),
        "cr": _share(week["conversions"], week["customers"], parameters.min_customers),
        "apu": _share(week["revenue"], week["conversions"], parameters.min_conversions),
        "rpr": _share(week["repurchases"], week["repurchases_known"], parameters.min_conversions),
    }
    weighed = [metric for metric, weight in wanted.weights.items() if weight > 0]
    measured = [metric for metric in weighed if actuals[metric] is not None]
    total = sum(wanted.weights[metric] for metric in measured)
    raw = driving = 0.0
    for metric in METRICS:
        actual, target = actuals[metric], wanted.targets.get(metric)
        weight = wanted.weights[metric] / total if metric in measured else 0.0
        gap = (target - actual) / target if actual is not None and target is not None else None
        if actual is not None and target is not None and gap is not None:
            raw += weight * (target - actual)
            driving += weight * gap
        row |= {
            f"{metric}_actual": _rounded(actual),
            f"{metric}_target": target,
            f"{metric}_weight": _rounded(weight),
            f"{metric}_gap": _rounded(gap),
        }
    return row | {
        "measured_metrics": ", ".join(measured),
        "is_partial": len(measured) < len(weighed),
        "raw_adjustment_factor": _rounded(raw) if measured else None,
        "adjustment_factor": _rounded(driving) if measured else None,
    }


def decide(
    strength: float, factor: float | None, is_of_this_strength: bool, parameters: AdjustmentParameters
) -> tuple[float, str]:
    """The strength after a week, and what was decided.

    Args:
        strength: before.
        factor: positive where results lie below target; None where nothing was measured.
        is_of_this_strength: whether the week was sent after the last change. One sent before says nothing of it: to
            act on it again would change twice for one gap, and with weeks between offer and result the loop would
            swing.
        parameters: the rule.
    """
    if factor is None:
        return strength, "nothing measured"
    if abs(factor) <= parameters.dead_band:
        return strength, "within the band"
    if not is_of_this_strength:
        return strength, "sent before the last change"
    change = min(max(parameters.step * factor, -parameters.max_adjustment), parameters.max_adjustment)
    after = round(min(max(strength + change, parameters.min_strength), parameters.max_strength), 6)
    if after == strength:
        return strength, "at its bound"
    return after, "stronger" if after > strength else "weaker"


def _share(above: float, below: float, fewest: int) -> float | None:
    return above / below if below >= fewest else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0
