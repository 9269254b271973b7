"""What is looked at in a session, and the events it leaves: listings, clicks, views, searches, carts, purchases.

A session is made of steps, each around one product (the target). See ``browsing`` for the whole process.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from upswing.sample.browsing_sessions import SECOND, Purpose
from upswing.sample.popularity import Popularity
from upswing.sample.raw_files import Flags, Longs, Purchases

TYPES = ("impression", "click", "view", "search", "add_to_cart", "purchase")
IMPRESSION, CLICK, VIEW, SEARCH, CART, PURCHASE = range(len(TYPES))

ORDERED_SHARE = 0.35
MOST_ORDERED = 8
"""Of an order's lines so many are ordered ahead, at least one; the others are bought in the store."""

RESEARCHED_SHARE = 0.15
MOST_RESEARCHED = 4
EXTRA_STEPS = 0.8
LAST_STEP_CHANCE = {Purpose.WINDOW: 0.42, Purpose.CAMPAIGN: 0.4, Purpose.STRANGER: 0.5}

BOUGHT_BEFORE_SHARE = 0.45
LIKE_BOUGHT_SHARE = 0.3
"""Targets are products bought before, others of their category, or else what is popular."""

SEARCHED_SHARE = 0.25
DIRECT_SHARE = 0.1
DIRECT_SHARE_OF_ORDERED = 0.25
"""Reached without a listing: from favourites, or a link."""

OTHERS_SHOWN = 1.3
CLICKED_SHARE = 0.5
CLICKED_SHARE_OF_RESEARCHED = 0.8
VIEWED_SHARE = 0.96
VIEWED_SHARE_OF_ORDERED = 0.9
"""The other ordered products go from the listing right into the cart."""

CARTED_SHARE = 0.25
CARTED_SHARE_OF_RESEARCHED = 0.4
OTHER_CLICKED_SHARE = 0.05


def look(
    rng: np.random.Generator, sessions: pd.DataFrame, purchases: Purchases, popularity: Popularity
) -> pd.DataFrame:
    """The steps of the sessions: ``session`` (row of ``sessions``), ``product``, ``is_ordered``, ``is_planned``."""
    purpose = sessions["purpose"].to_numpy()
    ordered = _from_order(rng, sessions, purchases, purpose == Purpose.ORDER, ORDERED_SHARE, MOST_ORDERED)
    planned = _from_order(rng, sessions, purchases, purpose == Purpose.RESEARCH, RESEARCHED_SHARE, MOST_RESEARCHED)
    extra = np.where(np.isin(purpose, (Purpose.ORDER, Purpose.RESEARCH)), rng.poisson(EXTRA_STEPS, len(purpose)), 0)
    for kind, chance in LAST_STEP_CHANCE.items():
        extra = np.where(purpose == kind, rng.geometric(chance, len(purpose)), extra)
    wandering = np.repeat(np.arange(len(sessions)), extra)
    target = _wanted(rng, sessions, wandering, purchases, popularity)
    steps = pd.concat(
        [
            ordered.assign(is_ordered=True, is_planned=False),
            planned.assign(is_ordered=False, is_planned=True),
            pd.DataFrame({"session": wandering, "product": target, "is_ordered": False, "is_planned": False}),
        ],
        ignore_index=True,
    )
    return steps.iloc[np.lexsort((rng.random(len(steps)), steps["session"]))].reset_index(drop=True)


def leave_events(
    rng: np.random.Generator, sessions: pd.DataFrame, steps: pd.DataFrame, popularity: Popularity
) -> pd.DataFrame:
    """The events of the steps, in order of session and time.

    Returns:
        ``session``, ``step`` (rows of the tables given), ``moment``, ``type`` (in ``TYPES``), ``product`` (-1: none).
    """
    count, target = len(steps), steps["product"].to_numpy()
    is_ordered, is_planned = steps["is_ordered"].to_numpy(), steps["is_planned"].to_numpy()

    def chance(share: float, of_ordered: float, of_planned: float) -> Flags:
        return rng.random(count) < np.where(is_ordered, of_ordered, np.where(is_planned, of_planned, share))

    direct = chance(DIRECT_SHARE, DIRECT_SHARE_OF_ORDERED, DIRECT_SHARE)
    clicked = ~direct & chance(CLICKED_SHARE, 1.0, CLICKED_SHARE_OF_RESEARCHED)
    viewed = (direct | clicked) & chance(VIEWED_SHARE, VIEWED_SHARE_OF_ORDERED, VIEWED_SHARE)
    carted = is_ordered | (viewed & chance(CARTED_SHARE, 1.0, CARTED_SHARE_OF_RESEARCHED))
    searched = ~direct & (rng.random(count) < SEARCHED_SHARE)
    beside = np.repeat(np.arange(count), np.where(direct, 0, rng.poisson(OTHERS_SHOWN, count)))
    others = popularity.in_category_of(rng, target[beside])
    beside, others = _once(beside, others, target)
    opened = rng.random(len(beside)) < OTHER_CLICKED_SHARE

    everything = np.arange(count)
    parts = [
        (everything[searched], SEARCH, 0, np.full(int(searched.sum()), -1)),
        (everything[~direct], IMPRESSION, 1, target[~direct]),
        (beside, IMPRESSION, 1, others),
        (everything[clicked], CLICK, 2, target[clicked]),
        (everything[viewed], VIEW, 3, target[viewed]),
        (everything[carted], CART, 4, target[carted]),
        (beside[opened], CLICK, 5, others[opened]),
        (beside[opened], VIEW, 6, others[opened]),
        (everything[is_ordered], PURCHASE, 9, target[is_ordered]),
    ]
    events = pd.concat(
        [
            pd.DataFrame({"step": step, "type": kind, "rank": rank, "product": product})
            for step, kind, rank, product in parts
        ],
        ignore_index=True,
    )
    # Two others that were opened: the click of each before its view.
    by = np.where(events["rank"] >= 5, events["product"], rng.integers(1 << 30, size=len(events)))
    session = steps["session"].to_numpy()[events["step"]]
    is_checkout = events["type"].to_numpy() == PURCHASE
    order = np.lexsort(
        (
            events["rank"],
            by,
            np.minimum(events["rank"], 5),
            np.where(is_checkout, 0, events["step"]),
            is_checkout,
            session,
        )
    )
    events = events.assign(session=session).iloc[order].reset_index(drop=True)
    return _timed(rng, sessions, events)


def _from_order(
    rng: np.random.Generator, sessions: pd.DataFrame, purchases: Purchases, chosen: Flags, share: float, most: int
) -> pd.DataFrame:
    """A share of the products of the session's order, at least one."""
    rows = np.flatnonzero(chosen)
    orders = sessions["order"].to_numpy()[rows]
    begins = np.searchsorted(purchases.orders, orders)
    sizes = np.searchsorted(purchases.orders, orders, side="right") - begins
    wanted = np.clip(rng.binomial(sizes, share), 1, most)
    which = np.repeat(np.arange(len(rows)), sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(which)) - first
    shuffled = np.lexsort((rng.random(len(which)), which))
    kept = np.sort(shuffled[place < wanted[which]])
    return pd.DataFrame(
        {"session": rows[which[kept]], "product": purchases.products[begins[which[kept]] + place[kept]]}
    )


def _wanted(
    rng: np.random.Generator,
    sessions: pd.DataFrame,
    wandering: Longs,
    purchases: Purchases,
    popularity: Popularity,
) -> Longs:
    """Targets that no order names: from what the customer bought before the session, lately above all, or popular."""
    customer = sessions["customer"].to_numpy()[wandering]
    begins = np.searchsorted(purchases.customers, customer)
    history = pd.DataFrame(
        {"customer": purchases.customers, "moment": purchases.moments, "upto": np.arange(len(purchases)) + 1}
    )
    asked = pd.DataFrame(
        {"customer": customer, "moment": sessions["moment"].to_numpy()[wandering], "row": np.arange(len(wandering))}
    )
    found = pd.merge_asof(
        asked.sort_values(["moment", "row"]),
        history.sort_values(["moment", "upto"]),
        on="moment",
        by="customer",
        allow_exact_matches=False,
    ).sort_values("row")
    known = (found["upto"].fillna(0).to_numpy() - begins).clip(min=0).astype(np.int64)
    line = begins + (known * np.sqrt(rng.random(len(customer)))).astype(np.int64)
    before = purchases.products[np.minimum(line, len(purchases) - 1)]
    kind = np.where(known > 0, rng.random(len(customer)), 1.0)
    target = np.where(kind < BOUGHT_BEFORE_SHARE, before, popularity.anywhere(rng, len(customer)))
    alike = (kind >= BOUGHT_BEFORE_SHARE) & (kind < BOUGHT_BEFORE_SHARE + LIKE_BOUGHT_SHARE)
    return np.where(alike, popularity.in_category_of(rng, before), target)


def _once(beside: Longs, others: Longs, target: Longs) -> tuple[Longs, Longs]:
    """Without products that the same listing shows already."""
    span = int(max(target.max(initial=0), others.max(initial=0))) + 1
    pairs = np.unique(beside * span + others)
    beside, others = pairs // span, pairs % span
    new = target[beside] != others
    return beside[new], others[new]


def _timed(rng: np.random.Generator, sessions: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Give the events their moments: pauses as people make them, the order at the end of its session."""
    kind, step, session = (events[column].to_numpy() for column in ("type", "step", "session"))
    count = len(events)
    waits = rng.exponential(1.0, count)
    least = np.array([2.5, 2.5, 6.0, 6.0, 6.0, 20.0])[kind]
    usual = np.array([4.0, 10.0, 12.0, 8.0, 20.0, 40.0])[kind]
    pause = least + usual * waits
    follows = np.r_[False, session[1:] == session[:-1]][:count]
    same_step = follows & np.r_[False, step[1:] == step[:-1]][:count]
    after = np.r_[-1, kind[:-1]][:count]
    at_once = (kind == after) & ((same_step & (kind == IMPRESSION)) | (follows & (kind == PURCHASE)))
    pause = np.where(at_once, 0.02 + 0.08 * np.minimum(waits, 3), pause)
    pause = np.where(same_step & (kind == VIEW) & (after == CLICK), 0.3 + 0.4 * waits, pause)
    pause = np.where(follows, pause, 0.0)
    upto = np.cumsum((1000 * pause).astype(np.int64)) * (SECOND // 1000)
    starts = np.flatnonzero(~follows)
    since_start = upto - np.repeat(upto[starts], np.diff(np.r_[starts, count]))
    anchor = sessions["moment"].to_numpy()[session]
    lasted = np.repeat(since_start[np.r_[starts[1:], count] - 1], np.diff(np.r_[starts, count]))
    is_order = sessions["purpose"].to_numpy()[session] == Purpose.ORDER
    moment = anchor + since_start - np.where(is_order, lasted, 0)
    return events.assign(moment=moment)[["session", "step", "moment", "type", "product"]]
