"""The synthetic tables drawn around the real purchases: each as its contract, the same for a seed, and marked."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from unit.contracts import raw_tables
from upswing.sample.browsing import BrowsingParameters, browse, write_browsing_sample
from upswing.sample.browsing_mess import BOTS
from upswing.sample.browsing_queries import Queries
from upswing.sample.browsing_sessions import read_touches
from upswing.sample.competitor_prices import LEVELS, CompetitorPriceParameters, write_competitor_price_sample
from upswing.sample.experiments import ExperimentParameters, has_experiments, write_experiment_sample
from upswing.sample.feedback import FeedbackParameters, write_feedback_sample
from upswing.sample.feedback_texts import CONTENT, FeedbackWriter, kind_of
from upswing.sample.inventory import write_inventory_sample
from upswing.sample.inventory_process import Shelves, simulate
from upswing.sample.inventory_shelves import InventoryParameters
from upswing.sample.raw_files import NEEDED, connect
from upswing.sample.visit_phrases import LANGUAGES

Write = Callable[[Path, int], object]

WRITERS: dict[str, Write] = {
    "campaign_touches": lambda folder, seed: write_experiment_sample(folder, ExperimentParameters(seed)),
    "events": lambda folder, seed: write_browsing_sample(folder, BrowsingParameters(activity=0.1, seed=seed)),
    "feedback": lambda folder, seed: write_feedback_sample(folder, FeedbackParameters(seed=seed)),
    "competitor_prices": lambda folder, seed: write_competitor_price_sample(
        folder, CompetitorPriceParameters(seed=seed)
    ),
    "inventory": lambda folder, seed: write_inventory_sample(folder, InventoryParameters(weekly=50, seed=seed)),
}


def read(folder: Path, table: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{table}.parquet")


@pytest.mark.parametrize("table", [*WRITERS, "campaigns", "opportunities", "visits"])
def test_a_table_has_the_columns_of_its_contract_and_is_marked(sample_folder: Path, table: str) -> None:
    found = read(sample_folder, table)
    assert set(found.columns) - {"is_synthetic"} <= set(raw_tables()[table])
    is_real = found["campaign_id"].isin(range(1, 28)) if table.startswith("campaign") else pd.Series(False, found.index)
    assert (found["is_synthetic"] == ~is_real).all()
    assert found["is_synthetic"].any()


@pytest.mark.parametrize("table", WRITERS)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(sample_folder: Path, tmp_path: Path, table: str) -> None:
    folder = shutil.copytree(sample_folder, tmp_path / "sample")
    written = []
    for seed in (1, 1, 2):
        WRITERS[table](folder, seed)
        written.append((folder / f"{table}.parquet").read_bytes())
    assert written[0] == written[1] != written[2]
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        (BrowsingParameters, {"browsing_share": 0.0}),
        (BrowsingParameters, {"browsing_share": 1.0}),
        (BrowsingParameters, {"activity": 0.0}),
        (BrowsingParameters, {"seed": -1}),
        (CompetitorPriceParameters, {"products": 0}),
        (CompetitorPriceParameters, {"seed": -1}),
        (ExperimentParameters, {"seed": -1}),
        (FeedbackParameters, {"answered_share": 0.0}),
        (FeedbackParameters, {"answered_share": 0.21}),
        (FeedbackParameters, {"seed": -1}),
        (InventoryParameters, {"weekly": 0}),
        (InventoryParameters, {"per_store": -1}),
        (InventoryParameters, {"seed": -1}),
    ],
)
def test_bad_parameters_are_named(parameters: Callable[..., Any], wrong: dict[str, float]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=re.escape(f"{name} is {value}; expected")):
        parameters(**wrong)


def test_a_folder_without_a_purchase_is_named(sample_folder: Path, tmp_path: Path) -> None:
    for table in NEEDED:
        rows = pq.read_table(sample_folder / f"{table}.parquet")
        pq.write_table(rows.slice(0, 0) if table == "order_lines" else rows, tmp_path / f"{table}.parquet")
    with pytest.raises(ValueError, match=r"order_lines\.parquet holds no purchase"):
        write_browsing_sample(tmp_path)


def test_one_order_is_enough(sample_folder: Path, tmp_path: Path) -> None:
    """Few products, none of them a best seller, leave prices and stock without a row, or nearly so."""
    for table in ("products", "campaign_touches"):
        shutil.copy(sample_folder / f"{table}.parquet", tmp_path)
    pq.write_table(pq.read_table(sample_folder / "order_lines.parquet").slice(0, 1), tmp_path / "order_lines.parquet")
    rows = write_browsing_sample(tmp_path, BrowsingParameters(browsing_share=0.99, activity=10.0))
    assert rows["events"] == pq.read_metadata(tmp_path / "events.parquet").num_rows
    assert write_competitor_price_sample(tmp_path) == {"competitor_prices": 0}
    assert write_inventory_sample(tmp_path, InventoryParameters(ended=0))["inventory"] < 50


def test_every_purchase_browsed_is_a_real_one_ordered_ahead(sample_folder: Path) -> None:
    lines = read(sample_folder, "order_lines").astype({"customer_id": str, "product_id": str})
    lines = lines[lines["quantity"] > 0].assign(day=lines["ordered_at"].dt.floor("D"))
    last = lines.groupby(["customer_id", "product_id", "day"])["ordered_at"].max().reset_index()
    events = read(sample_folder, "events")
    made = events[events["event_type"].str.strip().str.lower() == "purchase"]
    made = made.assign(day=made["occurred_at"].dt.floor("D")).merge(last, how="left")
    assert len(made) > 100
    assert (made["occurred_at"] < made["ordered_at"]).all()


def test_robots_of_each_kind_are_planted(sample_folder: Path) -> None:
    """The model of events finds them by their pace: 50 events and more than 60 a minute."""
    browsing = browse(sample_folder)
    events = browsing.events.to_pandas().assign(planted=browsing.planted)
    events = events[(events["planted"] != "retry") & events["occurred_at"].dt.year.between(2016, 2018)]
    found = events.groupby("session_id").agg(
        events=("event_id", "size"), first=("occurred_at", "min"), last=("occurred_at", "max"), kind=("planted", "max")
    )
    pace = found["events"] / ((found["last"] - found["first"]) / pd.Timedelta(minutes=1)).clip(lower=1e-6)
    assert set(found.loc[(found["events"] >= 50) & (pace > 60), "kind"]) == {"bot"}
    assert set(BOTS) <= set(browsing.planted)


def test_the_mess_that_staging_sets_aside_is_there(sample_folder: Path) -> None:
    """Broken clocks, unknown products, prices of 0 and below, missing ratings, repeated rows."""
    events, prices, feedback, stock = (
        read(sample_folder, table) for table in ("events", "competitor_prices", "feedback", "inventory")
    )
    assert {1970, 2106} <= set(events["occurred_at"].dt.year)
    assert events["event_id"].duplicated().any()
    assert (prices["price"] <= 0).any()
    assert prices["price"].isna().any()
    assert set(prices["competitor"]) == set(LEVELS)
    assert feedback["rating"].isna().any()
    assert (stock["on_hand"] < 0).any()
    assert stock.duplicated(["product_id", "store_id", "counted_on"]).any()


def test_experiments_keep_the_real_rows_and_say_what_is_true(sample_folder: Path) -> None:
    """Conversions follow the probabilities in the folder of truth; the other generators read the real rows alone."""
    assert has_experiments(sample_folder)
    with connect(sample_folder) as connection:
        campaigns, touches = read_touches(connection, [str(customer) for customer in range(1, 2501)])
    assert (len(campaigns), len(touches)) == (27, 6_589)
    key = ["campaign_id", "customer_id", "variant"]
    rows = read(sample_folder, "campaign_touches").dropna(subset="variant")
    rows = rows[rows["is_synthetic"]].assign(variant=lambda row: row["variant"].str.lower())
    rows = rows.drop_duplicates(key, keep="last")
    rows = rows[~rows.duplicated(["campaign_id", "customer_id"], keep=False)]
    both = rows[~rows["campaign_id"].isin([900006, 900007])].merge(read(sample_folder / "truth", "campaign_touches"))
    both["came"] = both["converted_at"].notna()
    for _, arm in both.groupby(["campaign_id", "variant"]):
        spread = np.sqrt((arm["probability"] * (1 - arm["probability"])).sum())
        assert abs(arm["came"].sum() - arm["probability"].sum()) < 3.5 * spread


def test_experiments_are_added_to_files_of_before_there_were_any(sample_folder: Path, tmp_path: Path) -> None:
    old = {
        "campaigns": ["campaign_id", "campaign_name", "campaign_type", "channel", "starts_on", "ends_on"],
        "campaign_touches": ["campaign_id", "customer_id", "variant", "touched_at", "converted_at"],
    }
    shutil.copytree(sample_folder, tmp_path, dirs_exist_ok=True)
    for name, columns in old.items():
        table = pq.read_table(tmp_path / f"{name}.parquet")
        pq.write_table(table.filter(~table["is_synthetic"].to_numpy()).select(columns), tmp_path / f"{name}.parquet")
    assert not has_experiments(tmp_path)
    write_experiment_sample(tmp_path)
    for name in old:
        assert pq.read_table(tmp_path / f"{name}.parquet") == pq.read_table(sample_folder / f"{name}.parquet")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_product_has_phrases_without_a_slot_left(language: str) -> None:
    writer = FeedbackWriter(np.random.default_rng(1))
    for category in ("YOGURT", "APPLES", "SOFT DRINKS", "SOAP - LIQUID & BAR", "MAGAZINE", None):
        for level in range(len(CONTENT)):
            said = {writer.write(level, language, "SFT DRNK 2 LITER BTL", category) for _ in range(30)}
            assert len(said) > 5
            assert all(text and "{" not in text for text in said)


def test_products_are_named_in_the_words_of_customers() -> None:
    queries = Queries()
    assert queries.words("SFT DRNK 2 LITER BTL CARB INCL") == ["soft", "drink", "bottle"]
    assert queries.words("(12)") == ["groceries"]
    assert queries.chinese(["shredded", "cheese"]) == "芝士碎"
    assert queries.chinese(["enhanced"]) is None
    kinds = {
        "APPLES": "fresh",
        "POPCORN": "food",
        "SOFT DRINKS": "drink",
        "FD WRAPS/BAGS": "household",
        "MAGAZINE": "any",
    }
    assert {category: kind_of(category) for category in kinds} == kinds


def test_stock_follows_what_was_sold_and_delivered() -> None:
    demand = np.zeros((2, 120), np.int64)
    demand[0] = 1
    demand[1, :40:3] = 2
    stock = simulate(np.random.default_rng(1), Shelves(demand, np.array([3, 3]), np.array([0, 2])))
    change = np.diff(stock, axis=1)
    assert (stock >= 0).all()
    assert change[0].min() == -1
    assert (change[0] > 0).sum() >= 5
    assert (change[1, 100:] == 0).all()
