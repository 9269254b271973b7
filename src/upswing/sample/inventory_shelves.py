"""What of the sample is counted, and what was really sold of it: the ground of its synthetic stock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from upswing.sample.raw_files import Longs

FEWEST_LINES = 40
FEWEST_STORE_LINES = 10
ENDED_DAYS = 95
ENDED_UNITS = 20
LEAD_DAYS = (2, 3, 5, 7, 10, 14, 21)
LEAD_SHARES = (0.1, 0.2, 0.2, 0.25, 0.1, 0.1, 0.05)
NO_LEAD_SHARE = 1 / 30
NO_STORE = -1


@dataclass(frozen=True)
class InventoryParameters:
    """What is drawn.

    Attributes:
        weekly: products counted once a week.
        monthly: products counted every fourth week.
        ended: of these which no longer sell.
        stores: stores that count for themselves.
        per_store: products counted in each.
        seed: the same seed gives the same file.
    """

    weekly: int = 2000
    monthly: int = 2500
    ended: int = 500
    stores: int = 4
    per_store: int = 250
    seed: int = 20171231

    def __post_init__(self) -> None:
        if self.weekly < 1:
            raise ValueError(f"weekly is {self.weekly}; expected at least 1")
        for name in ("monthly", "ended", "stores", "per_store", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or above")


def read_shelves(
    connection: duckdb.DuckDBPyConnection, folder: Path, parameters: InventoryParameters
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Products to count with their supplier, those to count at stores, and units sold by product, store and day."""
    folder_sql = str(folder).replace("'", "''")
    connection.execute(
        f"""
        create temporary table sold as
        with orders as (select order_id, min(store_id) as store_id from '{folder_sql}/order_lines.parquet' group by all)
        select
            product_id,
            store_id,
            epoch_us(ordered_at) // 86400000000 as day,
            sum(quantity) as units,
            count(*) as lines,
        from bought
        left join orders using (order_id)
        group by all
        """
    )
    products = connection.execute(
        f"""
        with by_product as (
            select
                product_id,
                sum(lines) as lines,
                max(day) < any_value(newest_day) - {ENDED_DAYS} and sum(units) >= {ENDED_UNITS} as is_ended,
            from sold
            cross join (select max(day) as newest_day from sold)
            group by all
        ),
        ranked as (
            select
                *,
                row_number() over (order by lines desc, product_id) as place,
                row_number() over (partition by is_ended order by lines desc, product_id) as place_among_ended,
            from by_product
        )
        select ranked.product_id, coalesce(supplier_id, 0) as supplier_id, place <= $weekly as is_weekly
        from ranked
        left join (
            select product_id, min(supplier_id) as supplier_id from '{folder_sql}/products.parquet' group by all
        ) using (product_id)
        where (place <= $weekly + $monthly and lines >= {FEWEST_LINES}) or (is_ended and place_among_ended <= $ended)
        order by ranked.product_id
        """,
        {"weekly": parameters.weekly, "monthly": parameters.monthly, "ended": parameters.ended},
    ).df()
    stores = connection.execute(
        f"""
        with biggest as (
            select store_id from sold where store_id is not null
            group by all order by sum(lines) desc, store_id limit $stores
        )
        select store_id, product_id from sold semi join biggest using (store_id)
        group by store_id, product_id
        having sum(lines) >= {FEWEST_STORE_LINES}
        qualify row_number() over (partition by store_id order by sum(lines) desc, product_id) <= $per_store
        order by store_id, product_id
        """,
        {"stores": parameters.stores, "per_store": parameters.per_store},
    ).df()
    sold = connection.execute("select product_id, store_id, day, units from sold order by all").df()
    return products, stores, sold


def demand_of(sold: pd.DataFrame, shelves: pd.DataFrame, first: int, days: int) -> Longs:
    """Units sold from each shelf on each day; a shelf without a store is of the whole company."""
    shelf = shelves[["product_id", "store_id"]].assign(shelf=np.arange(len(shelves)))
    keys = ["product_id"] if (shelf["store_id"] == NO_STORE).all() else ["product_id", "store_id"]
    lines = sold.merge(shelf[[*keys, "shelf"]], on=keys)
    demand = np.zeros((len(shelves), days), np.int64)
    np.add.at(demand, (lines["shelf"].to_numpy(), lines["day"].to_numpy() - first), lines["units"].to_numpy(np.int64))
    return demand


def supplier_leads(rng: np.random.Generator, suppliers: Longs) -> pd.DataFrame:
    """``days`` from order to delivery of each product's supplier, and whether they are ``told``."""
    _, number = np.unique(suppliers, return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    days = rng.choice(LEAD_DAYS, count, p=LEAD_SHARES)
    told = rng.random(count) >= NO_LEAD_SHARE
    return pd.DataFrame({"days": days[number], "told": told[number]})
