"""The latent course of sales opportunities: who visits whom when, and how each stands after each visit.

Nothing here is written or delivered; see ``sales_visits`` for the whole process.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from upswing.sample.visit_records import FACTORS, Account, City, Diary, Opportunity, Rep, Visit

WEIGHTS = np.array([0.8, 0.8, 0.5, 0.6, 0.6, 0.7])
INTERCEPT = -0.75
SKILL_SPREAD = 0.4
OPTIMISM_SPREAD = 0.35
LARGE_AMOUNT_PENALTY = 0.15
"""Taken from the log odds per unit of log amount above the median."""

MEDIAN_AMOUNT = 24_000
AMOUNT_SPREAD = 0.9
ACCOUNT_SHARE = 0.08
"""Share of a factor's starting variance that is the account's own and common to all six factors."""

PERSISTENCE = 0.95
DRIFT = 0.35

DEAD_SHARE = 0.04
DEAD_LEVEL = -0.95
DEAD_DRIFT = 0.12
DEAD_VISITS = (8, 18)
DEAD_OPENING_SHARE = 0.55
"""Dead pursuits begin in this first part of the history, so that their many visits fit into it."""

CLOSING_HAZARD = 0.10
CLOSING_HAZARD_OF_CLEAR_CASES = 0.10
CLEAR_LOG_ODDS = 3.0
MOST_VISITS = 20
UNVISITED_SHARE = 0.05
COLLEAGUE_SHARE = 0.04
COURTESY_SHARE = 0.02

OPPORTUNITIES_PER_REP = 50
ACCOUNTS_PER_REP = 6.7
FEWEST_REPS = 6
REPS_PER_FABRICATOR = 12
TERRITORY_DEGREES = 0.25


def log_odds(state: NDArray[np.float64], rep: Rep, amount: float) -> float:
    """Log odds of winning an opportunity that is decided in this state."""
    size = LARGE_AMOUNT_PENALTY * float(np.log(amount / MEDIAN_AMOUNT))
    return INTERCEPT + float(WEIGHTS @ state) + rep.skill - size


def probability(log_odds_of_winning: float) -> float:
    return 1 / (1 + float(np.exp(-log_odds_of_winning)))


def hire(rng: np.random.Generator, opportunities: int, cities: list[City]) -> list[Account]:
    """The accounts with their reps; the field force grows with the number of opportunities."""
    count = max(FEWEST_REPS, opportunities // OPPORTUNITIES_PER_REP)
    fabricators = set(rng.choice(count, max(1, round(count / REPS_PER_FABRICATOR)), replace=False).tolist())
    reps = [
        Rep(
            f"REP-{number + 1:02d}",
            number % len(cities),
            float(rng.normal(0, SKILL_SPREAD)),
            float(rng.normal(0, OPTIMISM_SPREAD)),
            number in fabricators,
        )
        for number in range(count)
    ]
    accounts = []
    for number in range(round(ACCOUNTS_PER_REP * count)):
        rep = reps[number % count]
        _, latitude, longitude = cities[rep.city]
        north, east = rng.normal(0, TERRITORY_DEGREES, 2)
        accounts.append(
            Account(f"ACC-{number + 1:04d}", rep, latitude + north, longitude + east, float(rng.standard_normal()))
        )
    return accounts


def days(rng: np.random.Generator, median: float, spread: float) -> float:
    """A log-normal span of days."""
    return float(median * np.exp(rng.normal(0, spread)))


def pursue_all(
    rng: np.random.Generator, count: int, begins_on: date, ends_on: date, cities: list[City], utc_offset_hours: int
) -> list[Opportunity]:
    """Every opportunity in order of opening, with the visits that begin and end by the last day of ``ends_on``."""
    accounts = hire(rng, count, cities)
    reps = sorted({account.rep for account in accounts}, key=lambda rep: rep.rep_id)
    diary = Diary(rng, utc_offset_hours)
    begin, end = datetime.combine(begins_on, time(8)), datetime.combine(ends_on, time(17))
    dead = rng.random(count) < DEAD_SHARE
    span = np.where(dead, DEAD_OPENING_SHARE, 1.0) * (end - begin).total_seconds()
    opened = rng.random(count) * span
    opportunities = []
    for number, position in enumerate(np.argsort(opened, kind="stable")):
        account = accounts[int(rng.integers(len(accounts)))]
        opportunity = Opportunity(
            f"OP-{number + 1:06d}",
            account,
            account.rep,
            begin + timedelta(seconds=int(opened[position])),
            round(float(MEDIAN_AMOUNT * np.exp(rng.normal(0, AMOUNT_SPREAD))), 2),
            bool(dead[position]),
        )
        colleagues = [rep for rep in reps if rep.city == account.rep.city and rep is not account.rep]
        _pursue(rng, opportunity, colleagues, diary, ends_on)
        opportunities.append(opportunity)
    return opportunities


def _pursue(
    rng: np.random.Generator, opportunity: Opportunity, colleagues: list[Rep], diary: Diary, ends_on: date
) -> None:
    """Play one opportunity to its end, beyond ``ends_on`` if need be; only visits up to then enter the diary."""
    knowable_until = datetime.combine(ends_on, time.max)
    common = opportunity.account.effect * ACCOUNT_SHARE**0.5
    state = common + rng.normal(0, (1 - ACCOUNT_SHARE) ** 0.5, len(FACTORS))
    planned = 0 if rng.random() < UNVISITED_SHARE else MOST_VISITS
    if opportunity.is_dead:
        state = rng.normal(DEAD_LEVEL, 0.25, len(FACTORS))
        planned = int(rng.integers(DEAD_VISITS[0], DEAD_VISITS[1] + 1))
    odds = known_odds = log_odds(state, opportunity.owner, opportunity.amount)
    moment = opportunity.opened_at + timedelta(days=days(rng, 6, 0.6))
    last = opportunity.opened_at
    for number in range(planned):
        if number and opportunity.is_dead:
            state = DEAD_LEVEL + PERSISTENCE * (state - DEAD_LEVEL) + rng.normal(0, DEAD_DRIFT, len(FACTORS))
        elif number:
            state = PERSISTENCE * state + rng.normal(0, DRIFT, len(FACTORS))
        odds = log_odds(state, opportunity.owner, opportunity.amount)
        last = moment
        if moment <= knowable_until:
            visit = _visit(rng, opportunity, colleagues, diary, moment.date(), state)
            last = visit.ended_at
            if last <= knowable_until:
                opportunity.visits.append(visit)
                known_odds = odds
        clarity = min(abs(odds) / CLEAR_LOG_ODDS, 1.0)
        if not opportunity.is_dead and rng.random() < CLOSING_HAZARD + CLOSING_HAZARD_OF_CLEAR_CASES * clarity:
            break
        moment = last + timedelta(days=1 + days(rng, 12 if opportunity.is_dead else 23, 0.5))
    lag = days(rng, 12, 0.8) if planned else days(rng, 60, 0.8)
    opportunity.closes_at = (last + timedelta(hours=1, days=lag)).replace(microsecond=0)
    opportunity.is_won = bool(rng.random() < probability(odds))
    opportunity.win_probability = probability(known_odds)
    if rng.random() < COURTESY_SHARE:
        day = (opportunity.closes_at + timedelta(days=days(rng, 25, 0.5))).date()
        if day < ends_on:
            visit = _visit(rng, opportunity, [], diary, day, state)
            visit.is_courtesy = True
            if visit.ended_at <= knowable_until:
                opportunity.visits.append(visit)


def _visit(
    rng: np.random.Generator,
    opportunity: Opportunity,
    colleagues: list[Rep],
    diary: Diary,
    day: date,
    state: NDArray[np.float64],
) -> Visit:
    by_colleague = bool(colleagues) and rng.random() < COLLEAGUE_SHARE
    rep = colleagues[int(rng.integers(len(colleagues)))] if by_colleague else opportunity.owner
    minutes = int(np.clip(5 * round(50 * np.exp(rng.normal(0, 0.45)) / 5), 15, 120))
    north, east = rng.normal(0, 0.002, 2)
    return Visit(
        opportunity,
        rep,
        diary.book(rep, day, minutes),
        minutes,
        round(opportunity.account.latitude + float(north), 5),
        round(opportunity.account.longitude + float(east), 5),
        state,
        probability(log_odds(state, opportunity.owner, opportunity.amount)),
    )
