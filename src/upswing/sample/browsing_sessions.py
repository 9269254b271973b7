"""Who browses, when, and for what: the sessions of the sample, before anything is looked at in them.

See ``browsing`` for the whole process.
"""

from __future__ import annotations

from enum import IntEnum

import duckdb
import numpy as np
import pandas as pd

from upswing.sample.raw_files import Doubles, Flags, Longs, Purchases

SECOND = 1_000_000
"""Moments are whole microseconds since 1970."""

HOUR = 3600 * SECOND
DAY = 24 * HOUR

FREQUENCY_ON_BROWSING = 0.5
"""Log odds of browsing at all, per standard deviation of the log number of orders."""

FREQUENCY_ON_PACE = 0.4
PACE_SPREAD = 0.7
"""Log pace of browsing: per standard deviation of the log number of orders, and spread of its own."""

ORDERED_AHEAD = (1.2, 10.8)
"""Beta distribution, over customers who browse, of the share of orders that are ordered ahead."""

RESEARCHED_SHARE = 0.05
WINDOW_SESSIONS_A_WEEK = 0.3
AROUND_AN_ORDER_SHARE = 0.8
AROUND_AN_ORDER_DAYS = 9.0
CAMPAIGN_SHARE = 0.2
CAMPAIGN_SHARE_OF_CONVERTED = 0.6
CAMPAIGN_DAYS = 6.0
ORDER_OF_CAMPAIGN_SHARE = 0.2
ORDER_OF_CAMPAIGN_DAYS = 35
STRANGER_SHARE = 0.1
EARLIEST_ORDER_HOUR = 5
"""Orders of earlier hours are never ordered ahead: the session would lie on the day before."""

APP_SHARE = (1.2, 1.0)
APP_SHARE_OF_STRANGERS = 0.3


class Purpose(IntEnum):
    """What a session is for, which nobody delivers."""

    ORDER = 0
    RESEARCH = 1
    WINDOW = 2
    CAMPAIGN = 3
    STRANGER = 4
    BOT = 5


def plan_sessions(
    rng: np.random.Generator,
    purchases: Purchases,
    touches: pd.DataFrame,
    browsing_share: float,
    activity: float,
) -> pd.DataFrame:
    """Sessions in order of time.

    Args:
        touches: ``campaign`` (number), ``customer`` (number), ``moment``, ``is_converted``, in order of the first two.
        browsing_share: about the share of customers who browse.
        activity: the stated number of sessions is multiplied by this.

    Returns:
        ``customer`` and ``order`` (numbers; -1: none), ``moment`` (of the start; of the end where an order is placed),
        ``purpose``, ``campaign`` (-1: none), ``is_app``.
    """
    starts = np.flatnonzero(np.r_[True, np.diff(purchases.orders) > 0][: len(purchases)])
    orders = pd.DataFrame({"customer": purchases.customers[starts], "moment": purchases.moments[starts]})
    first, end = _midnight(int(orders["moment"].min())), _midnight(int(orders["moment"].max())) + DAY
    counts = np.bincount(orders["customer"], minlength=len(purchases.customer_ids))
    browses, pace = _habits(rng, counts, browsing_share)
    orders = orders.assign(order=np.arange(len(orders)))[browses[orders["customer"]]]
    sessions = pd.concat(
        [
            _ordered_ahead(rng, orders, len(counts), activity),
            _researched(rng, orders, activity),
            _window_shopping(rng, orders, pace * browses * activity * (end - first) / (7 * DAY), first, end),
            _from_campaigns(rng, touches[browses[touches["customer"]]], activity),
        ],
        ignore_index=True,
    ).fillna({"order": -1, "campaign": -1})
    sessions = pd.concat([sessions, _strangers(rng, sessions)], ignore_index=True)
    app_share = rng.beta(*APP_SHARE, len(counts))[sessions["customer"].clip(lower=0).astype(int)]
    is_known = sessions["customer"] >= 0
    sessions["is_app"] = rng.random(len(sessions)) < np.where(is_known, app_share, APP_SHARE_OF_STRANGERS)
    sessions["campaign"] = _campaign_of_orders(rng, sessions, touches)
    sessions = sessions[sessions["moment"].between(first, end - 1)].sort_values(["moment", "customer", "purpose"])
    numbers = ["customer", "order", "moment", "purpose", "campaign"]
    return sessions.astype(dict.fromkeys(numbers, np.int64)).reset_index(drop=True)[[*numbers, "is_app"]]


def waking_hours(rng: np.random.Generator, count: int) -> Longs:
    """Times of the day at which people browse: much in the evening, some at noon, little at night."""
    hours = np.where(rng.random(count) < 0.6, rng.normal(20, 1.8, count), rng.normal(12.5, 1.5, count))
    hours = np.where(rng.random(count) < 0.3, rng.uniform(7, 23.5, count), hours)
    return np.asarray(np.clip(hours, 0.1, 23.9) * HOUR, np.int64)


def _midnight(moment: int) -> int:
    return moment // DAY * DAY


def _habits(rng: np.random.Generator, orders: Longs, share: float) -> tuple[Flags, Doubles]:
    """Whether each customer browses, and at what pace: both more likely of who buys often, neither certain."""
    frequency = np.log(np.maximum(orders, 1))
    frequency = (frequency - frequency.mean()) / max(float(frequency.std()), 1e-9)
    odds = np.log(share / (1 - share)) + FREQUENCY_ON_BROWSING * frequency
    browses = rng.random(len(orders)) < 1 / (1 + np.exp(-odds))
    pace = np.exp(FREQUENCY_ON_PACE * frequency + rng.normal(0, PACE_SPREAD, len(orders)))
    return browses, pace


def _ordered_ahead(rng: np.random.Generator, orders: pd.DataFrame, customers: int, activity: float) -> pd.DataFrame:
    shares = np.minimum(rng.beta(*ORDERED_AHEAD, customers) * activity, 1.0)
    since_midnight = orders["moment"] % DAY
    drawn = rng.random(len(orders)) < shares[orders["customer"]]
    lead = HOUR * (1 + rng.exponential(2.5, len(orders)))
    lead = np.minimum(lead, since_midnight * rng.uniform(0.3, 0.9, len(orders)))
    ahead = orders.assign(moment=orders["moment"] - lead.astype(np.int64), purpose=int(Purpose.ORDER))
    return ahead[drawn & (since_midnight >= EARLIEST_ORDER_HOUR * HOUR)]


def _researched(rng: np.random.Generator, orders: pd.DataFrame, activity: float) -> pd.DataFrame:
    drawn = orders[rng.random(len(orders)) < RESEARCHED_SHARE * activity]
    days = 1 + rng.exponential(1.5, len(drawn)).astype(np.int64)
    moment = (drawn["moment"] // DAY - days) * DAY + waking_hours(rng, len(drawn))
    return drawn.assign(moment=moment, purpose=int(Purpose.RESEARCH))


def _window_shopping(
    rng: np.random.Generator, orders: pd.DataFrame, weeks: Doubles, first: int, end: int
) -> pd.DataFrame:
    customers = np.repeat(np.arange(len(weeks)), rng.poisson(WINDOW_SESSIONS_A_WEEK * weeks))
    begins = np.searchsorted(orders["customer"], customers)
    ends = np.searchsorted(orders["customer"], customers, side="right")
    order = begins + (rng.random(len(customers)) * (ends - begins)).astype(np.int64)
    around = orders["moment"].to_numpy()[order] + rng.normal(0, AROUND_AN_ORDER_DAYS, len(customers)) * DAY
    any_time = rng.uniform(first, end, len(customers))
    moment = np.where(rng.random(len(customers)) < AROUND_AN_ORDER_SHARE, around, any_time) // DAY * DAY
    return pd.DataFrame(
        {
            "customer": customers,
            "moment": moment.astype(np.int64) + waking_hours(rng, len(customers)),
            "purpose": int(Purpose.WINDOW),
        }
    )


def _from_campaigns(rng: np.random.Generator, touches: pd.DataFrame, activity: float) -> pd.DataFrame:
    share = np.where(touches["is_converted"], CAMPAIGN_SHARE_OF_CONVERTED, CAMPAIGN_SHARE) * activity
    drawn = touches[rng.random(len(touches)) < share]
    days = rng.exponential(CAMPAIGN_DAYS, len(drawn)).astype(np.int64)
    moment = (drawn["moment"] // DAY + days) * DAY + waking_hours(rng, len(drawn))
    drawn = drawn.assign(moment=np.maximum(moment, drawn["moment"]), purpose=int(Purpose.CAMPAIGN))
    return drawn[["customer", "moment", "purpose", "campaign"]]


def _strangers(rng: np.random.Generator, sessions: pd.DataFrame) -> pd.DataFrame:
    """Sessions of people of whom nothing is known, on the days of the others."""
    count = round(STRANGER_SHARE * len(sessions))
    moment = rng.permutation(sessions["moment"].to_numpy())[:count] // DAY * DAY
    return pd.DataFrame(
        {
            "customer": -1,
            "moment": moment + waking_hours(rng, count),
            "purpose": int(Purpose.STRANGER),
            "order": -1,
            "campaign": -1,
        }
    )


def _campaign_of_orders(rng: np.random.Generator, sessions: pd.DataFrame, touches: pd.DataFrame) -> Longs:
    """Some orders after a mailing come from its link: of the customer's last mailing, within its weeks."""
    last = pd.merge_asof(
        sessions.reset_index().sort_values("moment"),
        touches.sort_values(["moment", "campaign"])[["customer", "moment", "campaign"]].assign(
            touched=lambda table: table["moment"]
        ),
        on="moment",
        by="customer",
        suffixes=("", "_sent"),
    ).set_index("index")
    last = last.loc[sessions.index]
    recent = (last["moment"] - last["touched"]) < ORDER_OF_CAMPAIGN_DAYS * DAY
    follows = recent & (sessions["purpose"] == Purpose.ORDER) & (rng.random(len(sessions)) < ORDER_OF_CAMPAIGN_SHARE)
    return np.asarray(np.where(follows, last["campaign_sent"].fillna(-1), sessions["campaign"]), np.int64)


def read_touches(connection: duckdb.DuckDBPyConnection, customer_ids: list[str]) -> tuple[list[str], pd.DataFrame]:
    """The campaigns' ids, and who got which mailing when, as ``plan_sessions`` wants it."""
    touches = connection.execute(
        """
        select
            campaign_id,
            customer_id,
            epoch_us(min(touched_at)) as moment,
            max(converted_at) is not null as is_converted,
        from touches
        group by all
        order by campaign_id, customer_id
        """
    ).df()
    campaigns, numbers = np.unique(touches["campaign_id"], return_inverse=True)
    of_customer = {customer: number for number, customer in enumerate(customer_ids)}
    customers = touches["customer_id"].astype(str).map(of_customer)
    known = touches.assign(campaign=numbers, customer=customers)[customers.notna()]
    columns = ["campaign", "customer", "moment"]
    return [str(campaign) for campaign in campaigns], known[[*columns, "is_converted"]].astype(
        dict.fromkeys(columns, np.int64)
    ).reset_index(drop=True)
