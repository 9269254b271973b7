"""Made customers with a taste, for the tests of the recommender."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from upswing.customers.purchase_matrix import day_number
from upswing.customers.recommend_parameters import RecommenderParameters

FIRST = date(2024, 1, 1)
DAYS = 140
AS_OF = FIRST + timedelta(days=DAYS - 1)
CUT = day_number(AS_OF) - 28

PARAMETERS = RecommenderParameters(
    test_weeks=4,
    active_weeks=4,
    repeat_category_share=0.4,
    min_days=3,
    intent_days=30,
    min_customers=20,
    factors=8,
    own_candidates=8,
    als_candidates=6,
    item_candidates=6,
    content_candidates=4,
    popular_candidates=6,
    rounds=15,
    leaves=7,
    min_leaf_rows=10,
)

NO_SIMILARITIES = pa.table(
    {
        "product_id": pa.array([], type=pa.string()),
        "similar_product_id": pa.array([], type=pa.string()),
        "similarity_rank": pa.array([], type=pa.int64()),
        "similarity": pa.array([], type=pa.float64()),
    }
)

PRODUCTS = 40


def category_of(product: int) -> str:
    """Products of the last quarter are bought once at most: their category allows no repeats."""
    return "durables" if product >= 30 else f"food {product % 5}"


def make_products() -> pa.Table:
    """The products; one is in no list, and every fourth has no name."""
    numbers = range(PRODUCTS - 1)
    return pa.table(
        {
            "product_id": [f"p{number:02d}" for number in numbers],
            "product_name": [None if number % 4 == 0 else f"Product {number}" for number in numbers],
            "category": [category_of(number) for number in numbers],
        }
    )


def make_purchases(customers: int = 80, seed: int = 1) -> pa.Table:
    """Even customers buy even products, odd ones odd; each has favourites bought again and again."""
    generator = np.random.default_rng(seed)
    bought: set[tuple[int, int, int]] = set()
    for customer in range(customers):
        mine = [product for product in range(PRODUCTS) if product % 2 == customer % 2]
        for favourite in generator.choice(mine[:15], 4, replace=False):
            for day in range(int(generator.integers(0, 9)), DAYS, int(generator.integers(6, 15))):
                bought.add((customer, int(favourite), day))
        for _other in range(20):
            bought.add((customer, int(generator.choice(mine[:15])), int(generator.integers(0, DAYS))))
        for once in generator.choice(mine[15:], 3, replace=False):
            bought.add((customer, int(once), int(generator.integers(0, DAYS))))
    rows = sorted(bought)
    days = [FIRST + timedelta(days=day) for _customer, _product, day in rows]
    return pa.table(
        {
            "customer_id": [f"c{customer:03d}" for customer, _product, _day in rows],
            "product_id": [f"p{product:02d}" for _customer, product, _day in rows],
            "ordered_on": pa.array(days, type=pa.date32()),
            "week_starting": pa.array([day - timedelta(days=day.weekday()) for day in days], type=pa.date32()),
            "units": pa.array(generator.integers(1, 4, len(rows)).astype(float)),
            "revenue": pa.array(np.round(generator.uniform(1, 9, len(rows)), 2)),
        }
    )
