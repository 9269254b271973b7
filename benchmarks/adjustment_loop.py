"""Does the adjustment of an action settle, what would other rules have done, and are shrunken rates the better ones?

Simulated years of weekly mailings whose results are known four weeks later (see
``upswing.marketing.strategy_adjustments_simulation``): the same worlds and the same noise for each rule. What is told
is the gap that is left in the second half of the year, without noise: 0 is on target. In a calm world customers hardly
respond to a stronger offer, in a lively one strongly; nobody knows beforehand which theirs is.

The rates: each campaign's real conversion rate of the sample in one half of its customers foretells that of the other
half, as measured and drawn towards the campaigns of its type.
"""

from __future__ import annotations

import zlib
from datetime import date

import numpy as np
import pyarrow.parquet as pq
from _report import Figure, judged, show
from numpy.typing import NDArray

from upswing.marketing.campaign_rates import shrunken_rates
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
from upswing.sample.complete_journey import SAMPLE_FOLDER

YEARS = 100
SPLITS = 50
LATER = 26
"""Weeks: the second half of a year, in which a rule ought to have settled."""

WANTED = TargetSet(
    date(2016, 1, 1),
    {"ctr": 0.3, "cr": 0.08, "apu": 90.0, "rpr": 0.5},
    {"ctr": 0.2, "cr": 0.4, "apu": 0.2, "rpr": 0.2},
)
CALM = SimulatedAction()
LIVELY = SimulatedAction(elasticities={"ctr": 2.4, "cr": 4.8, "apu": -0.1, "rpr": 1.2})


def simulated(action: SimulatedAction, rule: Rule) -> tuple[float, float]:
    """The mean gap that is left in the second half of a year, and how often a year's changes turn."""
    years = [simulate_strengths(action, WANTED, rule, AdjustmentParameters(), seed) for seed in range(YEARS)]
    gaps = [abs(true_factor(action, WANTED, strength)) for year in years for strength in year[-LATER:]]
    return float(np.mean(gaps)), float(np.mean([reversals(year) for year in years]))


def compared(world: str, action: SimulatedAction) -> list[Figure]:
    """A row a rule that we might have shipped instead."""
    ours, turns = simulated(action, as_shipped)
    rows = []
    for name, rule in (
        ("the raw formula", by_the_raw_formula),
        ("every week acts", without_waiting),
        ("nothing is changed", left_alone),
    ):
        peer, peer_turns = simulated(action, rule)
        rows.append(
            Figure(
                f"gap left in {YEARS} {world} years (turns)",
                f"{ours:.1%} ({turns:.1f})",
                f"{name}: {peer:.1%} ({peer_turns:.1f})",
                f"{peer / ours:.1f}x",
                ">= 1x",
                judged(ours <= peer),
            )
        )
    return rows


def halves(customers: list[str], split: int) -> NDArray[np.bool_]:
    """Which customers are of the first half of a split, by hash."""
    return np.array([zlib.crc32(f"{split}:{customer}".encode()) % 2 == 0 for customer in customers])


def foretold() -> Figure:
    """Squared error of the other half's rate, foretold by the rate of one half and by the shrunken one."""
    campaigns = pq.read_table(SAMPLE_FOLDER / "campaigns.parquet").to_pylist()
    types = {
        str(row["campaign_id"]): str(row["campaign_type"]) for row in campaigns if not row.get("is_synthetic", False)
    }
    touches = [
        row
        for row in pq.read_table(SAMPLE_FOLDER / "campaign_touches.parquet").to_pylist()
        if str(row["campaign_id"]) in types
    ]
    number = {campaign: index for index, campaign in enumerate(sorted(types))}
    kinds = sorted(set(types.values()))
    groups = np.array([kinds.index(types[campaign]) for campaign in number], np.int64)
    campaign = np.array([number[str(row["campaign_id"])] for row in touches])
    converted = np.array([row["converted_at"] is not None for row in touches], np.float64)
    customers = [str(row["customer_id"]) for row in touches]
    errors = np.zeros(2)
    for split in range(SPLITS):
        first = halves(customers, split)
        hits, trials, other_hits, other_trials = (
            np.asarray(np.bincount(campaign[chosen], weights=values[chosen], minlength=len(number)), np.float64)
            for chosen in (first, ~first)
            for values in (converted, np.ones(len(touches)))
        )
        known = (trials > 0) & (other_trials > 0)
        other = other_hits[known] / other_trials[known]
        shrunken = shrunken_rates(hits, trials, groups)[known]
        errors += [np.mean((shrunken - other) ** 2), np.mean((hits[known] / trials[known] - other) ** 2)]
    ours, peer = np.sqrt(errors / SPLITS)
    return Figure(
        f"error of {len(number)} real campaigns' rates in the other half of their customers",
        f"shrunken {100 * ours:.2f} points",
        f"as measured {100 * peer:.2f} points",
        f"{peer / ours:.2f}x",
        ">= 1x",
        judged(bool(ours <= peer)),
    )


def main() -> list[Figure]:
    """Measure."""
    return [*compared("calm", CALM), *compared("lively", LIVELY), foretold()]


if __name__ == "__main__":
    show(main())
