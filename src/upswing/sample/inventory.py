"""Synthetic counts of stock around the sample's real sales: the raw table ``inventory``.

The sample's retailer published no stock, so it is drawn from a stated process around its real sales. Every row carries
``is_synthetic``: a figure that rests on this stock says something about this generator, not about the retailer. Nothing
was lost by an empty shelf here, for the sales are the real ones; a real stock-out hides demand, this one cannot.

The process
    *What is counted.* The 2,000 products with the most real order lines (40 at least) once a week, the next 2,500 every
    fourth week, each on a weekday of its own, of the whole company (no store). 500 products of 20 units sold and more
    of which nothing was sold in the last 95 days, every fourth week. In the four stores with the most lines, the 250
    products with the most lines there (10 at least), once a week on the store's weekday. The company's stock is that of
    these stores and of all the rest together. 2 % of the products are no longer counted from some day of the last four
    months on.

    *Stock.* Each is reviewed once a week and ordered up to what the last eight weeks would sell in lead time and
    review, plus twice the root of it, times a habit of the planner (log-normal, spread 0.35; 6 % hoard fivefold), in
    whole packs of 1 to 12. Deliveries come in the morning after the lead time of the supplier (2 to 21 days); one in
    ten is 1 to 5 days late. What was really sold was there; stock never falls below 0.

    *Failed supply.* In 4 of 10 silences of more than three weeks of a product that usually sells every fourth day or
    more often, the supplier could not deliver and the shelf was empty.

    *Mess.* Gaps (3 %); counts below 0 (booked out before booked in); counts tenfold (a digit too many); missing counts;
    counts entered again (the later row is the correction); rows entered weeks late; days in a wrong century; product
    ids that we never had; lead times missing (one supplier in thirty) or below 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from upswing.sample.inventory_process import REVIEW_DAYS, Shelves, simulate
from upswing.sample.inventory_shelves import (
    NO_STORE,
    InventoryParameters,
    demand_of,
    read_shelves,
    supplier_leads,
)
from upswing.sample.raw_files import Doubles, Flags, Longs, connect, write_table

COUNTED_EVERY_WEEKS = 4
STORE_LEAD_DAYS = 2
NO_LONGER_COUNTED_SHARE = 0.02
NO_LONGER_DAYS = 120

GAP_SHARE = 0.03
NEGATIVE_SHARE = 0.003
TENFOLD_SHARE = 0.0015
NO_COUNT_SHARE = 0.0005
REPEATED_SHARE = 0.008
LATE_SHARE = 0.005
LATE_ROWS = 15_000
WRONG_CENTURY_SHARE = 0.0001
UNKNOWN_PRODUCT_SHARE = 0.001
NEGATIVE_LEAD_SHARE = 0.0002
CENTURY_DAYS = 36_524


def write_inventory_sample(folder: Path, parameters: InventoryParameters | None = None) -> dict[str, int]:
    """Write ``inventory`` into ``folder``, around the real tables there; returns its rows.

    The same real tables and parameters write the same file.

    Raises:
        FileNotFoundError, ValueError: the real tables are not there, or hold no purchase.
    """
    return {"inventory": write_table(folder, "inventory", count_stock(folder, parameters))}


def count_stock(folder: Path, parameters: InventoryParameters | None = None) -> pa.Table:
    """Draw the raw table around the real tables in ``folder``."""
    parameters = parameters or InventoryParameters()
    for_counts, for_mess = np.random.default_rng(parameters.seed).spawn(2)
    rows = delivered_counts(for_mess, true_counts(for_counts, folder, parameters))
    days = rows["day"].to_numpy(np.int32)
    return pa.table(
        {
            "product_id": pa.array(rows["product_id"].astype(str).to_list(), pa.string()),
            "store_id": pa.array([None if s == NO_STORE else str(s) for s in rows["store_id"].tolist()], pa.string()),
            "counted_on": pa.array(days, pa.int32()).cast(pa.date32()),
            "on_hand": pa.array(rows["on_hand"].to_numpy(np.float64), pa.float64(), from_pandas=True),
            "lead_time_days": pa.array(rows["lead_days"].to_numpy(np.float64), pa.float64(), from_pandas=True),
            "is_synthetic": pa.array(np.ones(len(rows), np.bool_)),
        }
    )


def true_counts(rng: np.random.Generator, folder: Path, parameters: InventoryParameters) -> pd.DataFrame:
    """The counts as they should be: ``product_id``, ``store_id``, ``day``, ``on_hand``, ``lead_days``."""
    with connect(folder) as connection:
        products, stores, sold = read_shelves(connection, folder, parameters)
    first, last = int(sold["day"].min()), int(sold["day"].max())
    days = last - first + 1
    lead = supplier_leads(rng, products["supplier_id"].to_numpy(np.int64))
    at_stores = stores.merge(products[["product_id"]].reset_index(names="product"), on="product_id")
    everywhere = demand_of(sold, products.assign(store_id=NO_STORE), first, days)
    inside = demand_of(sold, at_stores, first, days)
    rest = everywhere.copy()
    np.subtract.at(rest, at_stores["product"].to_numpy(np.int64), inside)
    stock = simulate(
        rng,
        Shelves(
            np.vstack([rest, inside]),
            np.r_[lead["days"], np.full(len(at_stores), STORE_LEAD_DAYS)].astype(np.int64),
            rng.integers(REVIEW_DAYS, size=len(products) + len(at_stores)),
        ),
    )
    company, in_stores = stock[: len(products)].copy(), stock[len(products) :]
    np.add.at(company, at_stores["product"].to_numpy(np.int64), in_stores)

    counts = pd.concat(
        [
            _company_counts(rng, products, company, np.where(lead["told"], lead["days"], np.nan)),
            _store_counts(rng, at_stores, in_stores),
        ],
        ignore_index=True,
    )
    counts["day"] += first
    return counts.sort_values(["day", "store_id", "product_id"], ignore_index=True)


def _company_counts(rng: np.random.Generator, products: pd.DataFrame, stock: Longs, leads: Doubles) -> pd.DataFrame:
    """Counts of the whole company, each product on its weekday."""
    count, days = stock.shape
    stops = rng.random(count) < NO_LONGER_COUNTED_SHARE
    ends = np.where(stops, days - rng.integers(NO_LONGER_DAYS, size=count), days)
    every = np.where(products["is_weekly"], 1, COUNTED_EVERY_WEEKS) * REVIEW_DAYS
    begins = rng.integers(0, every)
    day = np.arange(days)
    seen = (day >= begins[:, None]) & ((day - begins[:, None]) % every[:, None] == 0) & (day < ends[:, None])
    return _seen(rng, seen, products.assign(store_id=NO_STORE, lead_days=leads), stock)


def _store_counts(rng: np.random.Generator, shelves: pd.DataFrame, stock: Longs) -> pd.DataFrame:
    """Counts in the stores, each store on its weekday."""
    stores, number = np.unique(shelves["store_id"], return_inverse=True)
    weekday = rng.integers(REVIEW_DAYS, size=len(stores))[number]
    seen = np.arange(stock.shape[1]) % REVIEW_DAYS == weekday[:, None]
    return _seen(rng, seen, shelves.assign(lead_days=float(STORE_LEAD_DAYS)), stock)


def _seen(rng: np.random.Generator, seen: Flags, shelves: pd.DataFrame, stock: Longs) -> pd.DataFrame:
    """One row per shelf and day of a count that was not left out."""
    shelf, day = np.nonzero(seen & (rng.random(seen.shape) >= GAP_SHARE))
    rows = shelves[["product_id", "store_id", "lead_days"]].iloc[shelf]
    return rows.assign(day=day, on_hand=stock[shelf, day].astype(np.float64))


def delivered_counts(rng: np.random.Generator, counts: pd.DataFrame) -> pd.DataFrame:
    """The rows as delivered: values wrong or missing, rows entered late or again."""
    rows = counts.copy()
    count = len(rows)
    right = rows["on_hand"].to_numpy(np.float64)
    chance = rng.random(count)
    kinds = [
        (NEGATIVE_SHARE, -rng.integers(1, 7, count).astype(np.float64)),
        (TENFOLD_SHARE, 10 * right),
        (NO_COUNT_SHARE, np.full(count, np.nan)),
    ]
    wrong = right.copy()
    for share, value in kinds:
        wrong = np.where((chance >= 0) & (chance < share), value, wrong)
        chance = chance - share
    rows["on_hand"] = wrong
    twice = rows[rng.random(count) < REPEATED_SHARE]
    rows.loc[twice.index, "on_hand"] = np.maximum(right[twice.index] + rng.choice([-3, -1, 1, 2, 10], len(twice)), 0.0)
    rows.loc[rng.random(count) < NEGATIVE_LEAD_SHARE, "lead_days"] = -1.0
    rows.loc[rng.random(count) < WRONG_CENTURY_SHARE, "day"] += CENTURY_DAYS
    unknown = rng.random(count) < UNKNOWN_PRODUCT_SHARE
    rows["product_id"] = rows["product_id"].astype(str)
    rows.loc[unknown, "product_id"] = "9900" + rows.loc[unknown, "product_id"]
    late = np.where(rng.random(count) < LATE_SHARE, rng.integers(1, LATE_ROWS, count), 0)
    twice = twice.assign(product_id=twice["product_id"].astype(str))
    entered = np.r_[
        np.arange(count) + late, twice.index.to_numpy() + late[twice.index] + rng.integers(1, 400, len(twice)) + 0.5
    ]
    return pd.concat([rows, twice], ignore_index=True).iloc[np.argsort(entered, kind="stable")]
