"""Made snapshots of customers, of whom the lapsed churn and the frequent buy."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from upswing.customers.boosted_trees import BoostingParameters
from upswing.customers.customer_predictor import CustomerPredictorParameters
from upswing.customers.customer_snapshots import BROWSING_FEATURES, FEATURES

AS_OF = date(2024, 12, 29)
QUICK_BOOSTING = BoostingParameters(most_rounds=60, learning_rate=0.1, min_rows_per_leaf=20, folds=3)
QUICK = CustomerPredictorParameters(
    8, 30, 4, 13, boosting=QUICK_BOOSTING, category_boosting=QUICK_BOOSTING, min_customers=20
)
CATEGORIES = ("bread", "milk", "wine")


def snapshot_rows(customers: int = 120, snapshots: int = 7, seed: int = 3) -> pa.Table:
    """As ``int_customer_snapshots`` holds them, without browsing."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(snapshots):
        day = AS_OF - timedelta(weeks=4 * number)
        for customer in range(customers):
            gap = 1 + (customer * 7) % 40
            recency = int(draw.integers(0, 3 * gap + 1))
            active = max(0, round(91 / gap * draw.uniform(0.7, 1.3))) if recency < 91 else 0
            rate = 1 / (gap + recency)
            orders = {days: int(draw.poisson(days * rate)) for days in (30, 56)}
            known = {days: day + timedelta(days=days) <= AS_OF for days in (30, 56)}
            rows.append(
                dict.fromkeys(BROWSING_FEATURES, 0)
                | {
                    "customer_id": f"c{customer:03d}",
                    "snapshot_on": day,
                    "is_current": number == 0,
                    "tenure_days": 300 - 28 * number,
                    "recency_days": recency,
                    "orders": 4 * active + 1,
                    "orders_recent": round(active / 3) if recency < 28 else 0,
                    "orders_active": active,
                    "revenue": 100.0 * active + 20,
                    "revenue_recent": 8.0 * active if recency < 28 else 0.0,
                    "revenue_active": 25.0 * active,
                    "average_basket": 25.0,
                    "products_per_order": 3.5,
                    "mean_days_between_orders": float(gap) if customer % 9 else None,
                    "lateness": recency / gap if customer % 9 else None,
                    "order_days_active": active,
                    "order_trend": round(float(draw.normal()), 3),
                    "promoted_share": 0.62 if active else None,
                    "online_share": 0.0 if active else None,
                    "weekend_share": 0.3 if active else None,
                    "stores_active": 1 if active else 0,
                    "days_since_session": None,
                    "touches_active": 2,
                    "conversions_active": 1,
                    "orders_in_churn_window": orders[56] if known[56] else None,
                    "orders_in_intent_window": orders[30] if known[30] else None,
                    "revenue_in_intent_window": 25.0 * orders[30] if known[30] else None,
                }
            )
    return pa.Table.from_pylist(rows, schema=snapshot_schema())


def snapshot_schema() -> pa.Schema:
    doubles = {
        "revenue",
        "revenue_recent",
        "revenue_active",
        "average_basket",
        "products_per_order",
        "mean_days_between_orders",
        "lateness",
        "order_trend",
        "promoted_share",
        "online_share",
        "weekend_share",
    }
    return pa.schema(
        [("customer_id", pa.string()), ("snapshot_on", pa.date32()), ("is_current", pa.bool_())]
        + [(name, pa.float64() if name in doubles else pa.int64()) for name in FEATURES]
        + [
            ("orders_in_churn_window", pa.int64()),
            ("orders_in_intent_window", pa.int64()),
            ("revenue_in_intent_window", pa.float64()),
        ]
    )


def category_rows(customers: int = 120, snapshots: int = 5, seed: int = 4) -> pa.Table:
    """As ``int_customer_category_snapshots`` holds them."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(snapshots):
        day = AS_OF - timedelta(weeks=4 * number)
        for customer in range(customers):
            for rank, category in enumerate(CATEGORIES, start=1):
                gap = 4.0 * rank + customer % 11
                recency = int(draw.integers(0, 4 * rank + 20))
                bought = int(draw.poisson(30 / (gap + recency)))
                rows.append(
                    {
                        "customer_id": f"c{customer:03d}",
                        "snapshot_on": day,
                        "is_current": number == 0,
                        "category": category,
                        "category_rank": rank,
                        "order_days": round(300 / gap),
                        "order_days_recent": round(28 / gap) if recency < 28 else 0,
                        "order_days_active": round(91 / gap),
                        "revenue_active": 5.0 * round(91 / gap),
                        "recency_days": recency,
                        "mean_days_between": gap if customer % 5 else None,
                        "lateness": recency / gap if customer % 5 else None,
                        "affinity": 1.0 + rank / 10,
                        "views_recent": 0,
                        "order_days_in_intent_window": bought if number >= 2 else None,
                    }
                )
    return pa.Table.from_pylist(rows, schema=category_schema())


def category_schema() -> pa.Schema:
    whole = ("category_rank", "order_days", "order_days_recent", "order_days_active", "recency_days", "views_recent")
    parts = ("revenue_active", "mean_days_between", "lateness", "affinity")
    return pa.schema(
        [("customer_id", pa.string()), ("snapshot_on", pa.date32()), ("is_current", pa.bool_())]
        + [("category", pa.string())]
        + [(name, pa.int64()) for name in whole]
        + [(name, pa.float64()) for name in parts]
        + [("order_days_in_intent_window", pa.int64())]
    )


def shuffled(rows: pa.Table, seed: int = 8) -> pa.Table:
    """The same rows in another order."""
    return rows.take(pa.array(np.random.default_rng(seed).permutation(rows.num_rows)))
