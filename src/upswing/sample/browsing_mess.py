"""The mess of a log of browsing: robots, double clicks, people not logged in, broken clocks, retries, wrong values.

See ``browsing`` for the whole process.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from upswing.sample.browsing_events import CART, CLICK, IMPRESSION, PURCHASE, TYPES, VIEW
from upswing.sample.browsing_sessions import DAY, HOUR, SECOND, Purpose
from upswing.sample.popularity import Popularity
from upswing.sample.raw_files import Doubles, Longs

NOT_LOGGED_IN_SHARE = 0.15
LATE_LOGIN_SHARE = 0.1
"""Of the sessions with an order: what lies before the first product in the cart has no customer."""

DOUBLE_CLICK_SHARE = 0.012
DOUBLE_CLICK_SECONDS = (0.05, 0.95)
RETRIED_SHARE = 0.003
NO_PRODUCT_SHARE = 0.003
UNKNOWN_PRODUCT_SHARE = 0.002
NO_CHANNEL_SHARE = 0.002
ODD_TYPE_SHARE = 0.006
UNKNOWN_TYPE_SHARE = 0.001
NO_SESSION_SHARE = 0.0004
BROKEN_CLOCK_SHARE = 0.0004
FEWEST_BROKEN_CLOCKS = 4
"""Of the sessions without an order; by turns a reset and an overrun clock."""

OFFLINE_SHARE = 0.05
OFFLINE_HOURS = 6.0
"""Sessions in the app whose events arrive late, together."""

BOT_SHARE = 0.0015
BOTS = {
    # Kind: share of the bots, events, seconds between two of them.
    "bot": (0.7, (120, 600), (0.08, 0.6)),
    "slow_bot": (0.15, (80, 250), (1.3, 4.5)),
    "short_bot": (0.15, (20, 45), (0.08, 0.5)),
}
FEWEST_BOTS = {"bot": 3, "slow_bot": 1, "short_bot": 1}
NAMED_BOT_SHARE = 0.4
BOT_CUSTOMERS = ("900001", "900002", "monitor-7", "test")
"""Customers who do not exist, as whom some robots are logged in."""

UNKNOWN_TYPES = ("pageview", "scroll", "add_to_wishlist")
TYPE_SPELLINGS = (
    *TYPES,
    *(kind.upper() for kind in TYPES),
    *(f" {kind.capitalize()}" for kind in TYPES),
    *UNKNOWN_TYPES,
)
"""As the types are delivered: most in order, some in odd case or with a space, a few that nobody knows."""

UNKNOWN_PRODUCTS = ("99000001", "99000002", "99000003", "undefined")
RESET_CLOCK = 37 * SECOND
"""What a device whose clock was reset takes for the start of a session: seconds after 1970 began."""

OVERRUN_CLOCK = (2**32 - 1) * SECOND
"""The end of a counter of seconds in 32 bits, in 2106."""


def delivered(
    rng: np.random.Generator,
    sessions: pd.DataFrame,
    events: pd.DataFrame,
    popularity: Popularity,
    customers: int,
    until: int,
) -> pd.DataFrame:
    """The events as they are received, in that order, with all that is missing, wrong or delivered twice.

    Args:
        sessions: as ``plan_sessions`` gives them.
        events: as ``leave_events`` gives them.
        customers: how many there are.
        until: end of the last day; what has not been received by then is not delivered.

    Returns:
        ``number`` (of the event), ``session`` (-1: none), ``customer`` (from ``customers`` on: in
        ``BOT_CUSTOMERS``; -1: none), ``moment``, ``type`` (in ``TYPE_SPELLINGS``), ``product`` (-1: none, -2 and below:
        in ``UNKNOWN_PRODUCTS``), ``campaign``, ``channel`` (0 web, 1 app, -1 none), ``step`` and ``planted``.
    """
    session = events["session"].to_numpy()
    events = events.assign(
        customer=_seen_customers(rng, sessions, events),
        campaign=sessions["campaign"].to_numpy()[session],
        channel=sessions["is_app"].to_numpy()[session].astype(np.int64),
        planted="",
    )
    clocks = _broken_clocks(rng, sessions)
    events = pd.concat(
        [events, _double_clicks(rng, events), _bots(rng, sessions, popularity, customers)], ignore_index=True
    )
    events["received"] = events["moment"] + _delays(rng, events, len(sessions))
    shown = events["moment"] + clocks.reindex(events["session"], fill_value=0).to_numpy()
    events = events.assign(moment=shown)[events["received"] < until]
    events = events.sort_values(["received", "session", "moment", "type", "product"], ignore_index=True)
    events["number"] = np.arange(len(events)) + 1
    _spoil(rng, events)
    retried = events[rng.random(len(events)) < RETRIED_SHARE]
    wait = (rng.exponential(120, len(retried)) * SECOND).astype(np.int64)
    retried = retried.assign(received=retried["received"] + wait, planted="retry")
    return pd.concat([events, retried]).sort_values(["received", "number"], kind="stable", ignore_index=True)


def _seen_customers(rng: np.random.Generator, sessions: pd.DataFrame, events: pd.DataFrame) -> Longs:
    """The customer whom the site knows of: none where nobody is logged in, or not yet."""
    is_order = (sessions["purpose"] == Purpose.ORDER).to_numpy()
    anonymous = ~is_order & (rng.random(len(sessions)) < NOT_LOGGED_IN_SHARE)
    late = is_order & (rng.random(len(sessions)) < LATE_LOGIN_SHARE)
    session = events["session"].to_numpy()
    in_cart = events["moment"].where(events["type"] == CART).groupby(session).transform("min")
    hidden = anonymous[session] | (late[session] & (events["moment"] < in_cart).to_numpy())
    return np.where(hidden, -1, sessions["customer"].to_numpy()[session])


def _double_clicks(rng: np.random.Generator, events: pd.DataFrame) -> pd.DataFrame:
    """Second events of impatient fingers, within a second, each with an id of its own."""
    drawn = events["type"].isin((CLICK, VIEW, CART, PURCHASE)) & (rng.random(len(events)) < DOUBLE_CLICK_SHARE)
    twice = events[drawn]
    after = (rng.uniform(*DOUBLE_CLICK_SECONDS, len(twice)) * SECOND).astype(np.int64)
    return twice.assign(moment=twice["moment"] + after, planted="double_click")


def _bots(rng: np.random.Generator, sessions: pd.DataFrame, popularity: Popularity, customers: int) -> pd.DataFrame:
    """The events of robots: one product after the other, in sessions numbered after the others."""
    parts, number = [], len(sessions)
    for kind, (share, (fewest, most), pauses) in BOTS.items():
        for _ in range(max(FEWEST_BOTS[kind], round(share * BOT_SHARE * len(sessions)))):
            count = int(rng.integers(fewest, most + 1))
            day = int(rng.choice(sessions["moment"].to_numpy())) // DAY * DAY
            since_start = np.cumsum(rng.uniform(*pauses, count))
            named = customers + int(rng.integers(len(BOT_CUSTOMERS))) if rng.random() < NAMED_BOT_SHARE else -1
            parts.append(
                pd.DataFrame(
                    {
                        "session": number,
                        "step": -1,
                        "moment": day + int(rng.uniform(1, 22) * HOUR) + (since_start * SECOND).astype(np.int64),
                        "type": np.where(rng.random(count) < 0.9, VIEW, IMPRESSION),
                        "product": popularity.anywhere(rng, count),
                        "customer": named,
                        "campaign": -1,
                        "channel": 0,
                        "planted": kind,
                    }
                )
            )
            number += 1
    return pd.concat(parts, ignore_index=True)


def _broken_clocks(rng: np.random.Generator, sessions: pd.DataFrame) -> pd.Series:
    """By session, what the device's clock adds: nothing but for a few sessions, none of which holds an order."""
    free = np.flatnonzero((sessions["purpose"] != Purpose.ORDER).to_numpy())
    count = min(max(FEWEST_BROKEN_CLOCKS, round(BROKEN_CLOCK_SHARE * len(free))), len(free))
    broken = rng.choice(free, count, replace=False)
    shown = np.where(np.arange(count) % 2 == 0, RESET_CLOCK, OVERRUN_CLOCK)
    return pd.Series(shown - sessions["moment"].to_numpy()[broken], broken)


def _delays(rng: np.random.Generator, events: pd.DataFrame, sessions: int) -> Longs:
    """From an event to its receipt: seconds, or hours where the app was offline."""
    session = events["session"].to_numpy()
    numbers = int(session.max()) + 1
    hours = np.where(rng.random(numbers) < OFFLINE_SHARE, rng.exponential(OFFLINE_HOURS, numbers), 0.0)
    hours = np.where(np.arange(numbers) < sessions, hours, 0.0)
    offline = np.where(events["channel"] == 1, hours[session], 0.0)
    return (offline * HOUR + rng.exponential(2.0, len(events)) * SECOND).astype(np.int64)


def _spoil(rng: np.random.Generator, events: pd.DataFrame) -> None:
    """Make some values wrong or missing, in place; purchases keep theirs, but for the spelling of their type."""
    chance: Doubles = rng.random((5, len(events)))
    kind = events["type"].to_numpy().copy()
    bought, has_product = kind == PURCHASE, (events["product"] >= 0).to_numpy()
    odd = chance[0] < ODD_TYPE_SHARE
    unknown = ~odd & ~bought & (chance[0] > 1 - UNKNOWN_TYPE_SHARE)
    events["type"] = np.where(odd, kind + len(TYPES) * rng.integers(1, 3, len(events)), kind)
    strange = 3 * len(TYPES) + rng.integers(len(UNKNOWN_TYPES), size=len(events))
    events.loc[unknown, "type"] = strange[unknown]
    lost = ~bought & has_product & (chance[1] < NO_PRODUCT_SHARE)
    made_up = ~bought & has_product & (chance[2] < UNKNOWN_PRODUCT_SHARE)
    events.loc[made_up, "product"] = -2 - rng.integers(len(UNKNOWN_PRODUCTS), size=len(events))[made_up]
    events.loc[lost, "product"] = -1
    events.loc[~bought & (chance[3] < NO_SESSION_SHARE), "session"] = -1
    events.loc[chance[4] < NO_CHANNEL_SHARE, "channel"] = -1
