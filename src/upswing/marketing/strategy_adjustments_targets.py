"""What the business wants of each action: the targets of the seed ``marketing_targets``, and which hold on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from upswing.user_errors import UserError

METRICS = ("ctr", "cr", "apu", "rpr")
RATES = ("ctr", "cr", "rpr")
SEED = "seeds/marketing_targets.csv"
NEARLY = 1e-6
"""Weights add up to 1 but for what is lost in writing them down."""


@dataclass(frozen=True)
class TargetSet:
    """All targets that an action has from a day on; they replace those before.

    Attributes:
        valid_from: the first day on which they hold.
        targets: of each metric: ctr, cr and rpr from above 0 to 1, apu in money.
        weights: of each metric; they add up to 1.
    """

    valid_from: date
    targets: dict[str, float]
    weights: dict[str, float]


def read_targets(seed: pa.Table) -> dict[str, list[TargetSet]]:
    """The target sets of each action, the oldest first.

    Args:
        seed: action_id, metric, target, weight, valid_from.

    Raises:
        UserError: names the row, and what was expected.
    """
    sets: dict[tuple[str, date], dict[str, tuple[float, float]]] = {}
    for row in seed.to_pylist():
        _check_row(row)
        of_set = sets.setdefault((row["action_id"], row["valid_from"]), {})
        if row["metric"] in of_set:
            raise _bad_row(row, "stands twice; expected a metric once for an action and valid_from")
        of_set[row["metric"]] = (float(row["target"]), float(row["weight"]))
    actions: dict[str, list[TargetSet]] = {}
    for (action_id, valid_from), metrics in sorted(sets.items()):
        total = sum(weight for _target, weight in metrics.values())
        if abs(total - 1) > NEARLY:
            raise UserError(
                f"{SEED}: the weights of {action_id} from {valid_from} add up to {total:g}; expected 1; mend them "
                "and run dbt build"
            )
        actions.setdefault(action_id, []).append(
            TargetSet(
                valid_from,
                {metric: metrics[metric][0] for metric in METRICS if metric in metrics},
                {metric: metrics[metric][1] for metric in METRICS if metric in metrics},
            )
        )
    return actions


def in_force(sets: list[TargetSet], day: date) -> TargetSet | None:
    """The newest set that holds on a day, or None before the first."""
    return next((found for found in reversed(sets) if found.valid_from <= day), None)


def _check_row(row: dict[str, Any]) -> None:
    if not row["action_id"] or not isinstance(row["valid_from"], date):
        raise _bad_row(row, "lacks its action_id or valid_from; expected both")
    if row["metric"] not in METRICS:
        raise _bad_row(row, f"has an unknown metric; expected one of {', '.join(METRICS)}")
    target, weight = row["target"], row["weight"]
    if target is None or not 0 < target < float("inf") or (row["metric"] in RATES and target > 1):
        raise _bad_row(row, "has a target out of range; expected above 0, and of ctr, cr and rpr at most 1")
    if weight is None or not 0 <= weight <= 1:
        raise _bad_row(row, "has a weight out of range; expected from 0 to 1")


def _bad_row(row: dict[str, Any], fault: str) -> UserError:
    written = ",".join(
        str(row[column] if row[column] is not None else "")
        for column in ("action_id", "metric", "target", "weight", "valid_from")
    )
    return UserError(f"{SEED}: the row '{written}' {fault}; mend it and run dbt build")
