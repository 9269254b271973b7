"""How the touches of a synthetic campaign and what comes of them are drawn around the real purchases before it.

See :mod:`upswing.sample.experiments` for the process in words.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from upswing.sample.browsing_sessions import DAY, SECOND
from upswing.sample.experiment_campaigns import TrialCampaign
from upswing.sample.raw_files import Doubles

HISTORY_DAYS = 182
LOYALTY_DAYS = 91
LAPSE_DAYS = 28.0

BASE_CONVERSION = 0.03
LOYAL_CONVERSION = 0.34
PUT_OFF = 0.1
PUT_OFF_PROMOTION = 0.15
PUT_OFF_LOYALTY = 0.5
FEWEST, MOST = 0.003, 0.9

USUAL_ANSWER_DAYS = 6.0
CLICK_DAYS = 1.5
CLICK_SPREAD = 0.5
REVENUE_SHARE = 0.35
REVENUE_SPREAD = 0.4
USUAL_ORDER_REVENUE = 10.0
OPENS_AT, CLOSES_AT = 8 * 3600, 22 * 3600

_HISTORY = """
    with orders as (
        select
            customer_id,
            order_id,
            min(ordered_at) as ordered_at,
            sum(cast(net_amount as decimal(18, 4))) as revenue,
            sum(cast(discount_amount + coupon_amount as decimal(18, 4))) as discount,
        from read_parquet('{folder}/order_lines.parquet')
        where
            quantity > 0
            and customer_id is not null
            and ordered_at < timestamp '{day}'
            and ordered_at >= timestamp '{day}' - interval '{history_days} days'
        group by customer_id, order_id
    )
    select
        customer_id,
        count(*) as orders,
        count(*) filter (where ordered_at >= timestamp '{day}' - interval '{loyalty_days} days') as late_orders,
        date_diff('day', max(ordered_at), timestamp '{day}') as days_since_order,
        cast(sum(revenue) as double) as revenue,
        cast(sum(discount) as double) as discount,
    from orders
    group by customer_id
    order by customer_id
"""


def read_customers(connection: duckdb.DuckDBPyConnection, folder: str, campaign: TrialCampaign) -> pd.DataFrame:
    """Whom a campaign touches, in order of id, with what their real purchases before it say of them.

    Returns:
        ``customer_id``; ``lapsed``, ``promotion`` and ``loyalty`` in [0, 1]; ``order_revenue``, the mean of an order.
    """
    rows = connection.execute(
        _HISTORY.format(
            folder=folder.replace("'", "''"),
            day=campaign.starts_on,
            history_days=HISTORY_DAYS,
            loyalty_days=LOYALTY_DAYS,
        )
    ).df()
    paid = rows["revenue"].to_numpy(np.float64)
    saved = rows["discount"].to_numpy(np.float64)
    mean_order = paid / np.maximum(rows["orders"].to_numpy(np.float64), 1.0)
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"].astype(np.int64),
            "lapsed": 1.0 - np.exp(-rows["days_since_order"].to_numpy(np.float64) / LAPSE_DAYS),
            "promotion": _standing(saved / np.maximum(paid + saved, 0.01)),
            "loyalty": _standing(rows["late_orders"].to_numpy(np.float64)),
            "order_revenue": np.where(mean_order > 0, mean_order, USUAL_ORDER_REVENUE),
        }
    )


def effect_of(campaign: TrialCampaign, customers: pd.DataFrame) -> Doubles:
    """Rise of each customer's conversion probability by the whole offer of a campaign; below 0 for who is put off."""
    loyalty, promotion = customers["loyalty"].to_numpy(), customers["promotion"].to_numpy()
    moved = campaign.lapsed_effect * customers["lapsed"].to_numpy() + campaign.promotion_effect * promotion**2
    put_off = (promotion < PUT_OFF_PROMOTION) & (loyalty > PUT_OFF_LOYALTY)
    return np.asarray(moved * (1.0 - loyalty**2) - PUT_OFF * put_off)


def draw(rng: np.random.Generator, campaign: TrialCampaign, customers: pd.DataFrame) -> pd.DataFrame:
    """One row per customer of a campaign, as it came to be, with its truth.

    Returns:
        ``customer_id``, ``arm`` (number), ``base_probability`` and ``treated_probability`` of a conversion without an
        offer and under the customer's arm, ``strength_effect`` (of the whole offer), ``touched``, ``clicked`` and
        ``converted`` (microseconds since 1970, -1: not), ``revenue`` (0 without a conversion).
    """
    count = len(customers)
    shares = np.array([arm.share for arm in campaign.arms])
    arm = np.minimum(np.searchsorted(np.cumsum(shares), rng.random(count), side="right"), len(shares) - 1)
    strength = np.array([arm.strength for arm in campaign.arms])[arm]
    base = np.clip(BASE_CONVERSION + LOYAL_CONVERSION * customers["loyalty"].to_numpy() ** 1.5, FEWEST, MOST)
    effect = effect_of(campaign, customers)
    probability = np.clip(base + strength * effect, FEWEST, MOST)

    start = int(np.datetime64(campaign.starts_on, "D").astype(np.int64))
    last = int(np.datetime64(campaign.ends_on, "D").astype(np.int64))
    day = start + rng.integers(campaign.enrolment_days, size=count)
    touched = day * DAY + (9 * 3600 + rng.integers(600, size=count)) * SECOND
    converts = rng.random(count) < probability
    answer_day = day + np.minimum(rng.exponential(USUAL_ANSWER_DAYS, count).astype(np.int64), last - day)
    second = rng.integers(OPENS_AT, CLOSES_AT, size=count)
    converted = np.maximum(answer_day * DAY + second * SECOND, touched + 60 * SECOND)

    click_rate = np.array([arm.click_rate for arm in campaign.arms])[arm]
    readiness = np.exp(rng.normal(0, CLICK_SPREAD, count) - CLICK_SPREAD**2 / 2)
    clicks = rng.random(count) < click_rate * readiness
    click_after = (rng.exponential(CLICK_DAYS, count) * 86_400).astype(np.int64) * SECOND
    clicked = touched + 30 * SECOND + np.minimum(click_after, (last + 1) * DAY - touched - 31 * SECOND)
    clicked = np.where(converts, np.minimum(clicked, converted - 20 * SECOND), clicked)

    spread = np.exp(rng.normal(0, REVENUE_SPREAD, count) - REVENUE_SPREAD**2 / 2)
    revenue = np.round(np.maximum(REVENUE_SHARE * customers["order_revenue"].to_numpy() * spread, 0.5), 2)
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_numpy(),
            "arm": arm,
            "base_probability": base,
            "treated_probability": probability,
            "effect": np.clip(base + effect, FEWEST, MOST) - base,
            "expected_revenue": REVENUE_SHARE * customers["order_revenue"].to_numpy(),
            "touched": touched,
            "clicked": np.where(clicks, clicked, -1),
            "converted": np.where(converts, converted, -1),
            "revenue": np.where(converts, revenue, 0.0),
        }
    )


def _standing(values: Doubles) -> Doubles:
    """The share of the customers below each, ties at their middle, in [0, 1]."""
    ranks = pd.Series(values).rank(method="average").to_numpy()
    return np.asarray((ranks - 0.5) / max(len(values), 1))
