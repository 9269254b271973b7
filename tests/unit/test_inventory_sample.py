import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from unit.real_sample import digest_of, write_real_tables
from upswing.sample.inventory import count_stock, write_inventory_sample
from upswing.sample.inventory_process import SILENCE_DAYS, Shelves, simulate
from upswing.sample.inventory_shelves import FEWEST_LINES, InventoryParameters

SCHEMA = {
    "product_id": pa.string(),
    "store_id": pa.string(),
    "counted_on": pa.date32(),
    "on_hand": pa.float64(),
    "lead_time_days": pa.float64(),
    "is_synthetic": pa.bool_(),
}
KEY = ["product_id", "store_id", "counted_on"]
SMALL = InventoryParameters(weekly=200, monthly=250, ended=40, stores=2, per_store=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_real_tables(tmp_path_factory.mktemp("inventory"), 0.1)


@pytest.fixture(scope="module")
def delivered(folder: Path) -> pd.DataFrame:
    table = count_stock(folder, SMALL)
    assert table.schema == pa.schema(SCHEMA)
    rows = table.to_pandas()
    return rows.assign(counted_on=pd.to_datetime(rows["counted_on"]), row=np.arange(len(rows)))


@pytest.fixture(scope="module")
def lines(folder: Path) -> pd.DataFrame:
    lines = pd.read_parquet(folder / "order_lines.parquet").astype({"product_id": str, "store_id": str})
    return lines[lines["quantity"] > 0]


@pytest.fixture(scope="module")
def counts(delivered: pd.DataFrame) -> pd.DataFrame:
    """The rows that stand, of days that were."""
    known = delivered[delivered["counted_on"] <= "2017-12-31"]
    return known.drop_duplicates(KEY, keep="last")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weekly": 0}, "weekly is 0; expected at least 1"),
        ({"per_store": -1}, "per_store is -1; expected 0 or above"),
        ({"seed": -1}, "seed is -1; expected 0 or above"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        InventoryParameters(**wrong)


def test_the_same_parameters_write_the_same_bytes(folder: Path) -> None:
    written = folder / "inventory.parquet"
    few = {"weekly": 20, "monthly": 5, "ended": 5, "stores": 1, "per_store": 5}
    digests = [
        digest_of(
            lambda seed=seed: write_inventory_sample(folder, InventoryParameters(**few, seed=seed)),  # type: ignore[misc]
            written,
        )
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_best_sellers_are_counted_weekly_and_others_every_fourth_week(
    counts: pd.DataFrame, lines: pd.DataFrame
) -> None:
    sold = lines.groupby("product_id").size()
    company = counts[counts["store_id"].isna() & counts["product_id"].isin(sold.index)]
    per_product = company.groupby("product_id").size()
    weekly, monthly = per_product[per_product > 30], per_product[(per_product > 3) & (per_product <= 14)]
    assert 185 <= len(weekly) <= 200
    assert len(monthly) > 100
    assert sold[weekly.index].min() >= FEWEST_LINES
    on = company.groupby("product_id")["counted_on"]
    assert (on.agg(lambda day: day.dt.weekday.nunique()) == 1).all()


def test_what_has_ended_is_still_counted(counts: pd.DataFrame, lines: pd.DataFrame) -> None:
    last_sold = lines.groupby("product_id")["ordered_at"].max()
    newest = counts[counts["store_id"].isna()].sort_values("counted_on").groupby("product_id").tail(1)
    newest = newest[newest["product_id"].isin(last_sold[last_sold < "2017-09-27"].index)]
    assert 10 <= len(newest) <= 45
    assert (newest["on_hand"] > 0).mean() > 0.8


def test_stores_count_on_their_own_weekday_less_than_the_company_has(counts: pd.DataFrame) -> None:
    inside = counts[counts["store_id"].notna()]
    assert inside["store_id"].nunique() == 2
    assert (inside.groupby("store_id")["counted_on"].agg(lambda day: day.dt.weekday.nunique()) == 1).all()
    of_company = counts[counts["store_id"].isna()].groupby("product_id")["on_hand"].median()
    in_stores = inside.groupby(["product_id", "store_id"])["on_hand"].median().groupby("product_id").sum()
    both = in_stores.index.intersection(of_company.index)
    assert len(both) > 20
    assert (in_stores[both] < of_company[both]).mean() > 0.95


def test_shelves_are_empty_now_and_then_and_hold_some_weeks(counts: pd.DataFrame, lines: pd.DataFrame) -> None:
    company = counts[counts["store_id"].isna()]
    assert 0.01 < (company["on_hand"] == 0).mean() < 0.12
    a_day = lines.groupby("product_id")["quantity"].sum() / 365
    cover = (company.groupby("product_id")["on_hand"].median() / a_day).dropna()
    assert 7 < cover.median() < 60
    assert (cover > 60).mean() > 0.03


def test_the_mess_of_life_is_there(delivered: pd.DataFrame, counts: pd.DataFrame, lines: pd.DataFrame) -> None:
    on_hand = delivered["on_hand"]
    assert 0 < (on_hand < 0).mean() < 0.01
    assert 0 < on_hand.isna().mean() < 0.003
    usual = counts.groupby(["product_id", "store_id"], dropna=False)["on_hand"].transform("median")
    assert 0 < (counts["on_hand"] >= 10 * usual.clip(lower=3)).mean() < 0.01
    assert 0.002 < delivered.duplicated(KEY).mean() < 0.02
    assert 0 < (~delivered["product_id"].isin(lines["product_id"])).mean() < 0.004
    assert 0 < (delivered["counted_on"] > "2017-12-31").sum() < 20
    in_order = delivered.loc[delivered["counted_on"] <= "2017-12-31", "counted_on"]
    assert 0 < ((in_order.cummax() - in_order).dt.days > 30).mean() < 0.02
    company = delivered[delivered["store_id"].isna()]
    assert 0 < company["lead_time_days"].isna().mean() < 0.12
    assert set(company["lead_time_days"].dropna()) <= {-1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0}
    gone = counts[counts["store_id"].isna()].groupby("product_id")["counted_on"].max() < "2017-11-20"
    assert 0 < gone.mean() < 0.1
    assert delivered["is_synthetic"].all()


def test_stock_follows_what_was_sold_and_delivered() -> None:
    demand = np.zeros((2, 120), np.int64)
    demand[0] = 1
    demand[1, :40:3] = 2
    shelves = Shelves(demand, np.array([3, 3]), np.array([0, 2]))
    stock = simulate(np.random.default_rng(1), shelves)
    change = np.diff(stock, axis=1)
    assert (stock >= 0).all()
    assert change[0].min() == -1
    rises = np.flatnonzero(change[0] > 0) + 1
    assert len(rises) >= 5
    assert (change[1, 100:] == 0).all()


def test_a_failed_supply_leaves_an_empty_shelf_until_the_next_sale() -> None:
    demand = np.ones((60, 120), np.int64)
    demand[:, 50 : 50 + SILENCE_DAYS + 5] = 0
    stock = simulate(np.random.default_rng(1), Shelves(demand, np.full(60, 3), np.zeros(60, np.int64)))
    empty = (stock[:, 55:70] == 0).all(axis=1)
    assert 0.2 < empty.mean() < 0.7
    assert (stock[~empty, 55:70] > 0).any(axis=1).all()


def test_no_best_seller_is_no_row(tmp_path: Path) -> None:
    write_real_tables(tmp_path, 0.0005)
    table = count_stock(tmp_path, InventoryParameters(ended=0))
    assert table.schema == pa.schema(SCHEMA)
    assert table.num_rows < 500
