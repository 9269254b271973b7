"""Synthetic browsing around the sample's real purchases: the raw table ``events``.

The sample's retailer sold in stores and kept no log of a site. This log is drawn from a stated process around the real
orders, as if some customers had looked at products on a site or in an app and had ordered part of what they bought
ahead, to collect it. Every row carries ``is_synthetic``. The orders are real, the browsing is not: any figure that
rests on browsing (its worth for foretelling a purchase above all) says something about this generator, not about the
world. Its numbers were set for plausibility; no model had been trained on it.

The process
    *Customers.* Some 45 % browse: log odds rise by 0.5 with each standard deviation of the log number of orders. A
    browsing customer's pace is log-normal, ``exp(0.4 z + N(0, 0.7))``, z being that same number of standard deviations.

    *Sessions.* Ordering ahead: a share ~ Beta(1.2, 10.8) of a browsing customer's orders (tenth, mean), the session
    ending an hour or more before the order, on its day. Research: 5 % of the orders, one or more days before. Window
    shopping: 0.3 a week times the pace; four in five lie around a day of purchase, N(0, 9 days) either way, the others
    anywhere. Campaigns: 20 % of the real mailings to browsing customers (60 % of those which the customer really
    redeemed later) bring a session in the days after, under the campaign's id; so do 20 % of the orders ahead within 35
    days of a mailing. Strangers: one session in eleven. So browsing knows of purchases to come: by research, by
    window shopping around them, and by the redemptions.

    *Steps.* In an ordering session, 35 % of the order's products (1 to 8), each listed, clicked, viewed, put into the
    cart and purchased, some steps being skipped. In research, 15 % of them (1 to 4): most are viewed, and two in five
    of those put into the cart and left there. Besides, and in all other sessions: products that the customer bought
    before (45 %; lately above all), others of their category (30 %), or popular ones (25 %); half are clicked, and a
    quarter of those viewed is put into the cart and left there. A listing shows others of the category as well; a
    quarter of the listings follow a search in the words of the product's kind, mistyped (12 %) or Chinese (7 %).

    *Mess.* People who are not logged in (15 % of the sessions without an order), or only when they fill the cart (10 %
    of those with one); double clicks; events that the app delivers hours later; retries under the same event id;
    missing and unknown products; odd and unknown event types; missing sessions and channels; devices whose clock says
    1970 or 2106; robots, some logged in as customers who do not exist: quick ones with hundreds of views, slow ones,
    and quick ones that leave early. Rows are in order of receipt; what was not received by the last day is not there.

A purchase event stands for a real order line of that customer, product and day. Most order lines have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from upswing.sample.browsing_events import SEARCH, TYPES, leave_events, look
from upswing.sample.browsing_mess import BOT_CUSTOMERS, TYPE_SPELLINGS, UNKNOWN_PRODUCTS, delivered
from upswing.sample.browsing_queries import Queries
from upswing.sample.browsing_sessions import DAY, plan_sessions, read_touches
from upswing.sample.popularity import Popularity
from upswing.sample.raw_files import (
    Products,
    chosen,
    connect,
    numbered,
    read_products,
    read_purchases,
    write_table,
)

CHANNELS = ["web", "app"]


@dataclass(frozen=True)
class BrowsingParameters:
    """What is drawn.

    Attributes:
        browsing_share: about the share of the customers who browse, strictly between 0 and 1.
        activity: their sessions are the stated ones times this, above 0; 0.1 gives about a tenth of the events.
        seed: the same seed gives the same file.
    """

    browsing_share: float = 0.45
    activity: float = 1.0
    seed: int = 20171231

    def __post_init__(self) -> None:
        if not 0 < self.browsing_share < 1:
            raise ValueError(f"browsing_share is {self.browsing_share}; expected a share above 0 and below 1")
        if not 0 < self.activity <= 10:
            raise ValueError(f"activity is {self.activity}; expected a number above 0 and up to 10")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or above")


@dataclass(frozen=True)
class Browsing:
    """The log, with what only its generator knows.

    Attributes:
        events: the raw table, in order of receipt.
        planted: of each row, what was planted: ``double_click``, ``bot``, ``slow_bot``, ``short_bot``,
            ``retry``, or "".
    """

    events: pa.Table
    planted: list[str]


def write_browsing_sample(folder: Path, parameters: BrowsingParameters | None = None) -> dict[str, int]:
    """Write ``events`` into ``folder``, around the real tables there; returns its rows.

    The same real tables and parameters write the same file.

    Raises:
        FileNotFoundError, ValueError: the real tables are not there, or hold no purchase.
    """
    return {"events": write_table(folder, "events", browse(folder, parameters).events)}


def browse(folder: Path, parameters: BrowsingParameters | None = None) -> Browsing:
    """Draw the log around the real tables in ``folder``."""
    parameters = parameters or BrowsingParameters()
    for_sessions, for_steps, for_events, for_queries, for_mess = np.random.default_rng(parameters.seed).spawn(5)
    with connect(folder) as connection:
        products = read_products(connection)
        purchases = read_purchases(connection, products)
        campaigns, touches = read_touches(connection, purchases.customer_ids)
    popularity = Popularity(products)
    sessions = plan_sessions(for_sessions, purchases, touches, parameters.browsing_share, parameters.activity)
    steps = look(for_steps, sessions, purchases, popularity)
    until = (int(purchases.moments.max()) // DAY + 1) * DAY
    events = delivered(
        for_mess,
        sessions,
        leave_events(for_events, sessions, steps, popularity),
        popularity,
        len(purchases.customer_ids),
        until,
    )
    targets = np.where(events["step"] >= 0, steps["product"].to_numpy()[events["step"]], -1)
    table = _raw(events, products, purchases.customer_ids, campaigns, _queries(for_queries, events, targets, products))
    return Browsing(table, events["planted"].to_list())


def _queries(rng: np.random.Generator, events: pd.DataFrame, targets: np.ndarray, products: Products) -> pa.Array:
    """The query of each event; a retry repeats it."""
    is_search = (events["type"] % len(TYPES) == SEARCH) & (events["type"] < 3 * len(TYPES))
    searches = events[is_search].drop_duplicates("number")
    texts = Queries().write(rng, targets[searches.index], products)
    by_number = dict(zip(searches["number"].tolist(), texts, strict=True))
    return pa.array([by_number.get(number) for number in events["number"].tolist()], pa.string())


def _raw(
    events: pd.DataFrame, products: Products, customer_ids: list[str], campaigns: list[str], queries: pa.Array
) -> pa.Table:
    product, session = events["product"].to_numpy(), events["session"].to_numpy()
    product = np.where(product < -1, len(products) - 2 - product, product)
    sessions = numbered("S-", np.arange(session.max() + 1), 7).to_pylist()
    return pa.table(
        {
            "event_id": numbered("EV-", events["number"].to_numpy(), 8),
            "customer_id": chosen([*customer_ids, *BOT_CUSTOMERS], events["customer"].to_numpy()),
            "session_id": chosen(sessions, session),
            "occurred_at": pa.array(events["moment"].to_numpy(), pa.timestamp("us")),
            "event_type": chosen(list(TYPE_SPELLINGS), events["type"].to_numpy()),
            "product_id": chosen([*products.ids, *UNKNOWN_PRODUCTS], product),
            "campaign_id": chosen(campaigns, events["campaign"].to_numpy()),
            "channel": chosen(CHANNELS, events["channel"].to_numpy()),
            "query": queries,
            "is_synthetic": pa.array(np.ones(len(events), np.bool_)),
        }
    )
