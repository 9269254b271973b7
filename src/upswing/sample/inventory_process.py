"""How the sample's synthetic stock comes about: orders at fixed reviews, deliveries, and the real sales that take it.

See :mod:`upswing.sample.inventory` for the process in words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upswing.sample.raw_files import Flags, Longs

REVIEW_DAYS = 7
RATE_DAYS = 56
SAFETY_FACTOR = 2.0
BIAS_SPREAD = 0.35
HOARDER_SHARE = 0.06
HOARDER_FACTOR = 5.0
PACKS = (1, 2, 3, 6, 12)
LATE_DELIVERY_SHARE = 0.1
DELAY_DAYS = 5
SILENCE_DAYS = 21
USUAL_SALE_EVERY = 4.0
FAILED_SUPPLY_SHARE = 0.4


@dataclass(frozen=True)
class Shelves:
    """What is kept in stock somewhere, one row a shelf.

    Attributes:
        demand: (shelves, days) units really sold, 0 or above.
        lead_days: (shelves,) days from order to delivery, at least 1.
        review_day: (shelves,) the day of the first review, 0 to 6.
    """

    demand: Longs
    lead_days: Longs
    review_day: Longs


def simulate(rng: np.random.Generator, shelves: Shelves) -> Longs:
    """Units on each shelf at the end of each day, (shelves, days).

    What was really sold was there: where the process has run out, a sale is served and leaves nothing.
    """
    demand = shelves.demand
    count, days = demand.shape
    rows = np.arange(count)
    bias = np.exp(rng.normal(0, BIAS_SPREAD, count))
    bias *= np.where(rng.random(count) < HOARDER_SHARE, HOARDER_FACTOR, 1.0)
    sold = np.concatenate([np.zeros((count, 1), np.int64), np.cumsum(demand, axis=1)], axis=1)
    first_days = min(RATE_DAYS, days)
    pack = np.array(PACKS)[rng.integers(len(PACKS), size=count)]
    pack = np.clip(pack, 1, np.maximum(2 * REVIEW_DAYS * sold[:, first_days] // max(first_days, 1), 1))
    failed = _failed_supply(rng, demand)

    stock = np.ceil(
        _target(sold[:, first_days] / max(first_days, 1), shelves.lead_days, bias) * rng.uniform(0.4, 1, count)
    )
    stock = stock.astype(np.int64)
    horizon = days + int(shelves.lead_days.max(initial=0)) + DELAY_DAYS + 1
    arriving = np.zeros((count, horizon), np.int64)
    under_way = np.zeros(count, np.int64)
    at_close = np.zeros((count, days), np.int64)
    for day in range(days):
        held_up = failed[:, day]
        arriving[held_up, day + 1] += arriving[held_up, day]
        arriving[held_up, day] = 0
        under_way -= arriving[:, day]
        stock = np.where(held_up, 0, stock + arriving[:, day])
        stock = np.maximum(stock - demand[:, day], 0)
        at_close[:, day] = stock
        until = max(day + 1, first_days)
        rate = (sold[:, until] - sold[:, until - first_days]) / first_days
        short = np.ceil(_target(rate, shelves.lead_days, bias)).astype(np.int64) - stock - under_way
        ordered = np.where((day % REVIEW_DAYS == shelves.review_day) & (short > 0), -(-short // pack) * pack, 0)
        delay = np.where(rng.random(count) < LATE_DELIVERY_SHARE, rng.integers(1, DELAY_DAYS + 1, count), 0)
        arriving[rows, day + shelves.lead_days + delay] += ordered
        under_way += ordered
    return at_close


def _target(rate: np.ndarray, lead_days: Longs, bias: np.ndarray) -> np.ndarray:
    """Units to order up to: the sales of lead time and review, and the planner's idea of safety."""
    needed = rate * (lead_days + REVIEW_DAYS)
    return np.asarray(bias * (needed + SAFETY_FACTOR * np.sqrt(needed)))


def _failed_supply(rng: np.random.Generator, demand: Longs) -> Flags:
    """Days on which nothing could be had: some of the long silences of what usually sells."""
    count, days = demand.shape
    failed = np.zeros((count, days), np.bool_)
    often = np.flatnonzero((demand > 0).mean(axis=1) >= 1 / USUAL_SALE_EVERY)
    for shelf in often.tolist():
        sale_days = np.flatnonzero(demand[shelf] > 0)
        for before in np.flatnonzero(np.diff(sale_days) > SILENCE_DAYS).tolist():
            if rng.random() < FAILED_SUPPLY_SHARE:
                failed[shelf, sale_days[before] + 1 : sale_days[before + 1]] = True
    return failed
