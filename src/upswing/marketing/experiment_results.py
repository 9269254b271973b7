"""What experiments show: each variant against its reference, by each metric."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.marketing.experiment_splits import split_of
from upswing.marketing.experiment_statistics import (
    FEWEST_EVENTS_WHILE_RUNNING,
    NEXT_TO_NOTHING,
    Sums,
    false_discovery_rates,
    least_detectable,
    means_differ,
    read_while_running,
    shares_differ,
    untold,
)
from upswing.marketing.experiment_verdicts import verdict_of
from upswing.rounding import rounded

SHARES = ("conversion_rate", "click_rate")

RESULT_SCHEMA = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("variant", pa.string()),
        ("metric", pa.string()),
        ("reference_variant", pa.string()),
        ("is_held_out", pa.bool_()),
        ("is_final", pa.bool_()),
        ("passed_share", pa.float64()),
        ("customers", pa.int64()),
        ("reference_customers", pa.int64()),
        ("mean", pa.float64()),
        ("reference_mean", pa.float64()),
        ("effect", pa.float64()),
        ("relative_effect", pa.float64()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("p_value", pa.float64()),
        ("fixed_p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("is_significant", pa.bool_()),
        ("unadjusted_effect", pa.float64()),
        ("variance_reduction", pa.float64()),
        ("minimum_detectable_effect", pa.float64()),
        ("planned_share", pa.float64()),
        ("split_source", pa.string()),
        ("split_p_value", pa.float64()),
        ("is_split_wrong", pa.bool_()),
        ("verdict", pa.string()),
    ]
)


@dataclass(frozen=True)
class ReadingParameters:
    """How sure one wants to be.

    Attributes:
        effect_confidence: of the intervals, above 0.5 and below 1.
        experiment_false_discovery_rate: the share of false ones among the effects of a campaign that are reported,
            above 0 and below 0.5.
        experiment_power: with which the least detectable effect would be found, above 0.5 and below 1.
        split_alarm_rate: the chance of a false alarm of a wrong split, above 0 and below 0.1.
    """

    effect_confidence: float = 0.95
    experiment_false_discovery_rate: float = 0.05
    experiment_power: float = 0.8
    split_alarm_rate: float = 0.001

    def __post_init__(self) -> None:
        bounds = {
            "effect_confidence": (0.5, 1.0),
            "experiment_false_discovery_rate": (0.0, 0.5),
            "experiment_power": (0.5, 1.0),
            "split_alarm_rate": (0.0, 0.1),
        }
        for name, (least, most) in bounds.items():
            value = getattr(self, name)
            if not least < value < most:
                raise ValueError(f"var {name} is {value}; expected a number above {least:g} and below {most:g}")


def judge_experiments(arms: pa.Table, parameters: ReadingParameters) -> pa.Table:
    """Each variant of each campaign against its reference, of ``RESULT_SCHEMA``, by campaign, variant and metric.

    The reference is the first variant by name that is held out, else the first by name; of a metric that a held-out
    variant does not have (clicks), the first variant that has it. A campaign whose response is not over is read in a
    way that allows for looking at every build.

    Args:
        arms: rows of ``int_experiment_arms``, in any order.

    Raises:
        UserError: the planned shares of a campaign are not those of its variants, or do not add up to 1.
    """
    rows = sorted(arms.to_pylist(), key=lambda row: (row["campaign_id"], row["variant"], row["metric"]))
    results: list[dict[str, Any]] = []
    for campaign_id, of_campaign in groupby(rows, key=lambda row: str(row["campaign_id"])):
        results += _judge_campaign(campaign_id, list(of_campaign), parameters)
    results.sort(key=lambda row: (row["campaign_id"], row["variant"], row["metric"]))
    return pa.Table.from_pylist(results, schema=RESULT_SCHEMA)


def _judge_campaign(
    campaign_id: str, rows: list[dict[str, Any]], parameters: ReadingParameters
) -> list[dict[str, Any]]:
    split = split_of(campaign_id, rows, parameters.split_alarm_rate)
    results = []
    for metric in sorted({row["metric"] for row in rows}):
        of_metric = [row for row in rows if row["metric"] == metric]
        reference, *others = sorted(of_metric, key=lambda row: (not row["is_control"], row["variant"]))
        results += [_compare(row, reference, parameters) | split[row["variant"]] for row in others]
    q_values = false_discovery_rates([row["p_value"] for row in results])
    for row, q_value in zip(results, q_values, strict=True):
        found = q_value is not None and q_value <= parameters.experiment_false_discovery_rate
        row |= {"family": len(results), "q_value": q_value, "is_significant": found and not row["is_split_wrong"]}
        row["verdict"] = verdict_of(row)
    return [{name: _rounded(name, row[name]) for name in RESULT_SCHEMA.names} for row in results]


def _compare(row: dict[str, Any], reference: dict[str, Any], parameters: ReadingParameters) -> dict[str, Any]:
    """One variant against the reference by one metric."""
    sums, base = _sums(row), _sums(reference)
    is_share = row["metric"] in SHARES
    fixed = (shares_differ if is_share else means_differ)(sums, base, parameters.effect_confidence)
    passed = min(row["passed_share"], reference["passed_share"])
    difference = fixed
    if not row["is_over"]:
        difference = read_while_running(fixed, passed, parameters.effect_confidence)
        if is_share and sums.total + base.total < FEWEST_EVENTS_WHILE_RUNNING:
            difference = untold(difference)
    return {
        "campaign_id": row["campaign_id"],
        "variant": row["variant"],
        "metric": row["metric"],
        "reference_variant": reference["variant"],
        "is_held_out": reference["is_control"],
        "is_final": row["is_over"],
        "passed_share": passed,
        "customers": sums.customers,
        "reference_customers": base.customers,
        "mean": sums.mean,
        "reference_mean": base.mean,
        "effect": difference.effect,
        "relative_effect": difference.effect / base.mean if base.mean > 0 else None,
        "lower": difference.lower,
        "upper": difference.upper,
        "p_value": difference.p_value,
        "fixed_p_value": fixed.p_value,
        "unadjusted_effect": fixed.unadjusted,
        "variance_reduction": fixed.variance_reduction,
        "minimum_detectable_effect": None
        if fixed.standard_error < NEXT_TO_NOTHING
        else least_detectable(fixed.standard_error, parameters.effect_confidence, parameters.experiment_power),
    }


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(
        row["customers"],
        row["measure_sum"],
        row["measure_squares"],
        row["prior_sum"],
        row["prior_squares"],
        row["products"],
    )


def _rounded(name: str, value: Any) -> Any:
    return float(rounded(name, np.array(value))) + 0.0 if isinstance(value, float) else value
