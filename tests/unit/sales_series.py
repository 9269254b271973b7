"""Small forecast series for tests: two categories with products, others and stores; the tables that hold them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FIRST_MONDAY = date(2024, 1, 1)

SERIES_SCHEMA = pa.schema(
    [
        ("series_level", pa.string()),
        ("series_id", pa.string()),
        ("category", pa.string()),
        ("product_id", pa.string()),
        ("store_id", pa.string()),
        ("first_week", pa.date32()),
        ("weeks_sold", pa.int64()),
        ("active_revenue", pa.float64()),
    ]
)
WEEKS_SCHEMA = pa.schema(
    [
        ("series_level", pa.string()),
        ("series_id", pa.string()),
        ("week_starting", pa.date32()),
        ("net_revenue", pa.float64()),
        ("units", pa.float64()),
        ("promoted_share", pa.float64()),
        ("price_ratio", pa.float64()),
        ("promotion_reach", pa.float64()),
    ]
)
PLANNED_SCHEMA = pa.schema(
    [
        ("series_level", pa.string()),
        ("series_id", pa.string()),
        ("week_starting", pa.date32()),
        ("promotion_reach", pa.float64()),
    ]
)

Key = tuple[str, str, str | None, str | None, str | None]
"""Level, id, category, product and store of a series."""


def monday(week: int) -> date:
    return FIRST_MONDAY + timedelta(weeks=week)


def leaves(weeks: int, products: int = 4, seed: int = 3) -> dict[Key, NDArray[np.float64]]:
    """Revenue of the bottom series: products and others of two categories; the last product of each is sparse."""
    generator = np.random.default_rng(seed)
    found: dict[Key, NDArray[np.float64]] = {}
    for category in ("bread", "milk"):
        for number in range(products):
            level = 20.0 * (number + 1)
            revenue = level * np.exp(0.3 * generator.standard_normal(weeks))
            if number == products - 1:
                revenue = np.where(generator.random(weeks) < 0.4, revenue, 0.0)
                revenue[0] = level
            name = f"{category}{number}"
            found["product", name, category, name, None] = np.round(revenue, 2)
        others = 15.0 + 5.0 * generator.random(weeks)
        found["other_products", f"other products of {category}", category, None, None] = np.round(others, 2)
    return found


def all_series(bottom: dict[Key, NDArray[np.float64]]) -> dict[Key, NDArray[np.float64]]:
    """The bottom series, categories, total, and two thirds of each category as a store."""
    found = dict(bottom)
    for category in sorted({str(key[2]) for key in bottom}):
        whole = np.sum([revenue for key, revenue in bottom.items() if key[2] == category], axis=0)
        store = np.round(whole * 2.0 / 3.0, 2)
        found["category", category, category, None, None] = whole
        found["store_category", f"s · {category}", category, None, "s"] = store
        found["other_stores", f"other stores of {category}", category, None, None] = whole - store
    found["total", "total", None, None, None] = np.sum(list(bottom.values()), axis=0)
    return found


def tables(series: dict[Key, NDArray[np.float64]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The three tables that the forecaster reads; a unit costs 2."""
    described, weekly = [], []
    for (level, name, category, product, store), revenue in series.items():
        sold = np.flatnonzero(revenue)
        first = int(sold[0]) if len(sold) else 0
        described.append((level, name, category, product, store, monday(first), len(sold), float(revenue[-13:].sum())))
        weekly += [
            (level, name, monday(week), float(revenue[week]), float(revenue[week]) / 2, 0.0, None, None)
            for week in range(first, len(revenue))
        ]
    return (
        pa.Table.from_pylist([dict(zip(SERIES_SCHEMA.names, row, strict=True)) for row in described], SERIES_SCHEMA),
        pa.Table.from_pylist([dict(zip(WEEKS_SCHEMA.names, row, strict=True)) for row in weekly], WEEKS_SCHEMA),
        PLANNED_SCHEMA.empty_table(),
    )
