"""Replays the held-out weeks: what the inventory plan serves, against usual rules with as much money in stock.

The sales forecaster is fitted on what was known ``forecast_weeks`` before the end and run forward a week at a time,
without being fitted again. Each Monday every product that is counted and has a series is reviewed; where stock and what
is under way are no more than the reorder point, it is ordered up to the level, and delivered after the lead time of its
supplier (that of the synthetic counts). The sales are the real ones; what is not there when it is asked for is lost.
Every rule begins with its own order-up-to level. The peers are scaled until as much money lies in stock, on average
over the days. Which products have a series of their own was decided by the whole year, for all rules alike.

Peers: the recent rate times fixed weeks; the recent rate over lead time and review, and fixed days of safety; the
textbook's: that rate, and a multiple of the recent weeks' standard deviation times the root of those weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _inventory_replay import REVIEW_DAYS, Replay, held_out_rates, held_out_weeks
from _report import Figure, judged, show

from upswing.sales.forecast_panel import FloatArray
from upswing.sales.inventory_plan import demand_above, demand_quantile

SERVICE_LEVEL = 0.95
NEAR = 0.01
POOLED_WEIGHT = 0.25
"""As in ``score_inventory_demand``."""

TEXTBOOK_FACTOR = 1.645
"""The standard deviations that textbooks give for a service level of 95 %."""

BISECTIONS = 30


@dataclass(frozen=True)
class Rule:
    """When to order and up to how much, (reviews, products).

    Attributes:
        reorder_point, order_up_to: units.
        promised: probability that the reorder point lasts, which whole units put above the service level; None where
            the rule promises nothing.
    """

    reorder_point: FloatArray
    order_up_to: FloatArray
    promised: FloatArray | None = None


@dataclass(frozen=True)
class Outcome:
    """What a rule did.

    Attributes:
        fill_rate: share of the money asked for that was served.
        lost_weeks: share of the product weeks in which a unit was asked for and was not there.
        money: in stock at the end of a day, on average.
    """

    fill_rate: float
    lost_weeks: float
    money: float


def spans(replay: Replay) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Mean and variance of the demand until delivery, and until that of the next review, each (reviews, products)."""
    day = np.arange(replay.mean.shape[2])
    found = []
    for days in (replay.lead_days, replay.lead_days + REVIEW_DAYS):
        inside = day < days[:, None]
        found.append(((replay.mean * inside).sum(axis=2), (replay.variance * inside).sum(axis=2)))
    return found[0], found[1]


def planned(replay: Replay) -> Rule:
    """The plan, as the mart makes it."""
    (until_delivery, _), (protected, variance) = spans(replay)
    point = demand_quantile(protected, variance, SERVICE_LEVEL)
    return Rule(point, point + np.ceil(protected - until_delivery - 1e-9), 1 - demand_above(protected, variance, point))


def rated(replay: Replay, is_clumped: bool = True) -> Rule:
    """The plan of products without a forecast, from the recent rate; or as if their demand were Poisson."""
    units = np.maximum(replay.before.sum(axis=2), 0)
    mean = units / (REVIEW_DAYS * replay.before.shape[2]) * (replay.lead_days + REVIEW_DAYS)
    own = replay.before.var(axis=2, ddof=1) / np.maximum(weekly_rate(replay), 1e-9)
    own = np.where(units > 0, np.maximum(own, 1), np.nan)
    clumping = (1 - POOLED_WEIGHT) * own + POOLED_WEIGHT * np.nanmean(own, axis=1, keepdims=True)
    variance = np.nan_to_num(clumping if is_clumped else 1.0) * (mean + mean**2 / np.maximum(units, 1e-9))
    point = demand_quantile(mean, variance, SERVICE_LEVEL)
    return Rule(point, point + np.ceil(weekly_rate(replay) - 1e-9), 1 - demand_above(mean, variance, point))


def weekly_rate(replay: Replay) -> FloatArray:
    """Units a week lately, (reviews, products)."""
    return np.asarray(np.maximum(replay.before.mean(axis=2), 0))


def fixed_weeks(replay: Replay, scale: float) -> Rule:
    """So many weeks of the recent rate."""
    point = scale * weekly_rate(replay)
    return Rule(point, np.ceil(point + weekly_rate(replay)))


def fixed_safety_days(replay: Replay, scale: float) -> Rule:
    """The recent rate over lead time and review, and so many days more."""
    point = weekly_rate(replay) / 7 * (replay.lead_days + REVIEW_DAYS + scale)
    return Rule(point, np.ceil(point + weekly_rate(replay)))


def textbook(replay: Replay, scale: float) -> Rule:
    """The recent rate over lead time and review, and so many standard deviations."""
    weeks = (replay.lead_days + REVIEW_DAYS) / 7
    point = weekly_rate(replay) * weeks + scale * replay.before.std(axis=2, ddof=1) * np.sqrt(weeks)
    return Rule(point, np.ceil(point + weekly_rate(replay)))


PEERS: dict[str, tuple[Callable[[Replay, float], Rule], float]] = {
    "fixed weeks of cover": (fixed_weeks, 30.0),
    "lead time + fixed days": (fixed_safety_days, 200.0),
    "textbook safety stock": (textbook, 10.0),
}
"""Peers, and the most that each is scaled by."""


def replayed(replay: Replay, rule: Rule) -> Outcome:
    """Run a rule through the weeks."""
    products, days = replay.demand.shape
    stock = rule.order_up_to[0].copy()
    arriving = np.zeros((products, days + int(replay.lead_days.max()) + 1))
    under_way, served, money = np.zeros(products), np.zeros((products, days)), 0.0
    rows = np.arange(products)
    for day in range(days):
        stock, under_way = stock + arriving[:, day], under_way - arriving[:, day]
        if day % REVIEW_DAYS == 0:
            review = day // REVIEW_DAYS
            short = stock + under_way <= rule.reorder_point[review]
            ordered = np.where(short, np.maximum(rule.order_up_to[review] - stock - under_way, 0), 0)
            now = replay.lead_days == 0
            stock += np.where(now, ordered, 0)
            arriving[rows, day + replay.lead_days] += np.where(now, 0, ordered)
            under_way += np.where(now, 0, ordered)
        served[:, day] = np.minimum(stock, replay.demand[:, day])
        stock = stock - served[:, day]
        money += float((stock * replay.price).sum()) / days
    asked = replay.demand.sum(axis=1)
    lost = (replay.demand - served).reshape(products, -1, REVIEW_DAYS).sum(axis=2) > 1e-9
    return Outcome(
        float((served.sum(axis=1) * replay.price).sum() / (asked * replay.price).sum()),
        float(lost.mean()),
        money,
    )


def with_as_much_money(replay: Replay, rule_of: Callable[[Replay, float], Rule], most: float, money: float) -> Outcome:
    """The peer at the scale at which as much money lies in stock."""
    low, high = 0.0, most
    for _step in range(BISECTIONS):
        middle = (low + high) / 2
        if replayed(replay, rule_of(replay, middle)).money < money:
            low = middle
        else:
            high = middle
    return replayed(replay, rule_of(replay, high))


def lasting(replay: Replay, rule: Rule) -> tuple[float, float]:
    """Share of the reviews whose span is over by the end in which the reorder point lasted, and what it promised."""
    days = replay.demand.shape[1]
    until = np.concatenate([np.zeros((len(replay.demand), 1)), np.cumsum(replay.demand, axis=1)], axis=1)
    starts = REVIEW_DAYS * np.arange(len(rule.reorder_point))[:, None]
    ends = starts + replay.lead_days + REVIEW_DAYS
    rows = np.arange(len(replay.demand))
    came = until[rows, np.minimum(ends, days)] - until[rows, starts]
    over = ends <= days
    promised = float(rule.promised[over].mean()) if rule.promised is not None else SERVICE_LEVEL
    return float((came <= rule.reorder_point)[over].mean()), promised


def kept_promise(what: str, replay: Replay, rule: Rule, peer_name: str, peer: Rule) -> Figure:
    """How near a rule comes to what it promised."""
    share, promised = lasting(replay, rule)
    theirs, _ = lasting(replay, peer)
    return Figure(
        f"reorder point of {SERVICE_LEVEL:.0%} lasts, {len(replay.demand):,} products {what}",
        f"{share:.1%} (in whole units {promised:.1%})",
        f"{peer_name} {theirs:.1%}",
        f"{100 * (share - promised):+.1f} points",
        f"at most {100 * NEAR:.0f} point off",
        judged(abs(share - promised) <= NEAR),
    )


def main() -> list[Figure]:
    """Measure."""
    replay, without = held_out_weeks(), held_out_rates()
    rule = planned(replay)
    ours = replayed(replay, rule)
    figures = [
        kept_promise("forecast", replay, rule, "textbook", textbook(replay, TEXTBOOK_FACTOR)),
        kept_promise("not forecast", without, rated(without), "Poisson", rated(without, is_clumped=False)),
    ]
    for name, (rule_of, most) in PEERS.items():
        theirs = with_as_much_money(replay, rule_of, most, ours.money)
        for figure, mine, other in (
            ("product weeks with a loss", ours.lost_weeks, theirs.lost_weeks),
            ("money asked for that was lost", 1 - ours.fill_rate, 1 - theirs.fill_rate),
        ):
            figures.append(
                Figure(
                    f"{figure}, {ours.money:,.0f} in stock",
                    f"{mine:.2%}",
                    f"{name} {other:.2%}",
                    f"{other / mine:.2f}x",
                    "fewer than the peer",
                    judged(mine < other),
                )
            )
    return figures


if __name__ == "__main__":
    show(main())
