"""Small customer snapshots drawn with a seed: four groups that differ in what they buy, as rows of Arrow."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.customers.segment_features import FEATURES, SEGMENT_COLUMNS
from upswing.customers.segment_parameters import SegmentParameters

NOW = date(2024, 6, 30)
EARLIER = date(2024, 5, 5)

QUICK = SegmentParameters(min_segments=4, max_segments=5, half_samples=1, restarts=2)

# Recency, orders, basket and days between orders of a typical customer.
GROUPS = ((2, 40, 60, 3), (5, 20, 20, 6), (20, 6, 60, 16), (90, 1, 25, 40))

NAMES = pa.table(
    {
        "segment_kind": ["dormant", "best", "rest"],
        "priority": [1, 2, 3],
        "feature": ["recency_days", "revenue_active", None],
        "comparison": ["above", "above", None],
        "quantile": pa.array([0.7, 0.7, None], type=pa.float64()),
        "value": pa.nulls(3, pa.float64()),
    }
)

TRAITS = pa.table(
    {
        "feature": ["average_basket", "online_share"],
        "below": ["small baskets", "in stores"],
        "above": ["large baskets", "online"],
    }
)


def customer(customer_id: str, snapshot_on: date = NOW, **columns: Any) -> dict[str, Any]:
    """One row; what is not given is missing, and nothing was bought."""
    nothing = {feature.name: None for feature in FEATURES} | {"orders": 0, "orders_active": 0, "revenue_active": 0.0}
    counts = {"stores_active": 0, "sessions_active": 0, "order_trend": 0.0}
    return {"customer_id": customer_id, "snapshot_on": snapshot_on} | nothing | counts | columns


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with the types of ``int_customer_snapshots``."""
    whole = {"recency_days", "orders_active", "tenure_days", "stores_active", "sessions_active", "orders"}
    types = {"customer_id": pa.string(), "snapshot_on": pa.date32()}
    schema = pa.schema(
        [
            pa.field(name, types.get(name, pa.int64() if name in whole else pa.float64()))
            for name in dict.fromkeys(SEGMENT_COLUMNS)
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def drawn(customers: int, snapshot_on: date = NOW, seed: int = 1, shift: float = 0.0) -> list[dict[str, Any]]:
    """``customers`` of four groups in turn; ``shift`` moves the orders of all a little."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        recency, orders, basket, rhythm = GROUPS[number % 4]
        noise = np.exp(0.15 * draw.normal(size=4))
        bought = round(orders * noise[1] + shift)
        rows.append(
            customer(
                f"c{number:04d}",
                snapshot_on,
                orders=bought + 5,
                recency_days=round(recency * noise[0]),
                orders_active=bought,
                revenue_active=float(bought * basket * noise[2]),
                average_basket=float(basket * noise[2]),
                mean_days_between_orders=float(rhythm * noise[3]),
                tenure_days=300,
                promoted_share=float(draw.random()),
                weekend_share=float(draw.random()),
                stores_active=int(draw.integers(1, 4)),
            )
        )
    return rows


def two_days(customers: int = 240) -> pa.Table:
    """The snapshots of both days."""
    return table(drawn(customers) + drawn(customers, EARLIER, seed=2))
