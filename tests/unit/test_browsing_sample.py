import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.real_sample import digest_of, write_real_tables
from upswing.sample.browsing import BrowsingParameters, browse, write_browsing_sample
from upswing.sample.browsing_events import TYPES
from upswing.sample.browsing_mess import BOT_CUSTOMERS, BOTS, UNKNOWN_PRODUCTS, UNKNOWN_TYPES
from upswing.sample.browsing_queries import Queries
from upswing.sample.raw_files import NEEDED, mistyped

SCHEMA = {
    "event_id": pa.string(),
    "customer_id": pa.string(),
    "session_id": pa.string(),
    "occurred_at": pa.timestamp("us"),
    "event_type": pa.string(),
    "product_id": pa.string(),
    "campaign_id": pa.string(),
    "channel": pa.string(),
    "query": pa.string(),
    "is_synthetic": pa.bool_(),
}
BOT_EVENTS, BOT_EVENTS_A_MINUTE = 50, 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_real_tables(tmp_path_factory.mktemp("browsing"), 0.04)


@pytest.fixture(scope="module")
def events(folder: Path) -> pd.DataFrame:
    """The log with what was planted, its types and days put in order."""
    browsing = browse(folder)
    assert browsing.events.schema == pa.schema(SCHEMA)
    kind = [text.strip().lower() for text in browsing.events["event_type"].to_pylist()]
    events = browsing.events.to_pandas().assign(planted=browsing.planted, kind=kind)
    return events.assign(day=events["occurred_at"].dt.floor("D"))


@pytest.fixture(scope="module")
def lines(folder: Path) -> pd.DataFrame:
    lines = pd.read_parquet(folder / "order_lines.parquet").astype({"customer_id": str, "product_id": str})
    return lines.assign(day=lines["ordered_at"].dt.floor("D"))


@pytest.fixture(scope="module")
def purchases(events: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Every purchase event with the last order line of its customer, product and day."""
    bought = lines[lines["quantity"] > 0].groupby(["customer_id", "product_id", "day"])["ordered_at"].max()
    made = events[events["kind"] == "purchase"]
    return made.merge(bought.reset_index(), how="left", on=["customer_id", "product_id", "day"])


def in_time(events: pd.DataFrame) -> pd.DataFrame:
    """Without the events of broken clocks."""
    return events[events["occurred_at"].dt.year.between(2016, 2018)]


def sessions(events: pd.DataFrame) -> pd.DataFrame:
    whole = in_time(events[events["planted"] != "retry"]).groupby("session_id")
    found = whole.agg(events=("event_id", "size"), begins=("occurred_at", "min"), ends=("occurred_at", "max"))
    minutes = (found["ends"] - found["begins"]) / pd.Timedelta(minutes=1)
    return found.assign(events_a_minute=found["events"] / minutes.clip(lower=1e-6), planted=whole["planted"].max())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"browsing_share": 0.0}, "browsing_share is 0.0; expected a share above 0 and below 1"),
        ({"browsing_share": 1.0}, "browsing_share is 1.0; expected a share above 0 and below 1"),
        ({"activity": 0.0}, "activity is 0.0; expected a number above 0 and up to 10"),
        ({"seed": -1}, "seed is -1; expected 0 or above"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        BrowsingParameters(**wrong)  # type: ignore[arg-type]


def test_a_missing_real_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"order_lines\.parquet is missing"):
        write_browsing_sample(tmp_path)


def test_a_folder_without_a_purchase_is_named(tmp_path: Path, folder: Path) -> None:
    for table in NEEDED:
        rows = pq.read_table(folder / f"{table}.parquet")
        pq.write_table(rows.slice(0, 0) if table == "order_lines" else rows, tmp_path / f"{table}.parquet")
    with pytest.raises(ValueError, match=r"order_lines\.parquet holds no purchase of a known customer"):
        write_browsing_sample(tmp_path)


def test_the_same_parameters_write_the_same_bytes(folder: Path, events: pd.DataFrame) -> None:
    written = folder / "events.parquet"
    digests = [
        digest_of(lambda seed=seed: write_browsing_sample(folder, BrowsingParameters(activity=0.1, seed=seed)), written)  # type: ignore[misc]
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]
    assert not list(folder.glob(".*"))
    assert 0.05 < pq.read_metadata(written).num_rows / len(events) < 0.2


def test_every_purchase_is_a_real_one_ordered_ahead(purchases: pd.DataFrame, lines: pd.DataFrame) -> None:
    assert purchases["ordered_at"].notna().all()
    assert (purchases["occurred_at"] < purchases["ordered_at"]).all()
    assert 0.005 < len(purchases) / len(lines) < 0.1


def test_a_session_with_an_order_lies_in_the_hours_before_it(events: pd.DataFrame, purchases: pd.DataFrame) -> None:
    ordering = events.merge(purchases.groupby("session_id")["ordered_at"].max().reset_index(), on="session_id")
    before = ordering["ordered_at"] - ordering["occurred_at"]
    assert before.min() > pd.Timedelta(0)
    assert before.max() < pd.Timedelta(days=1, hours=1)
    assert set(ordering["customer_id"].dropna()) <= set(purchases["customer_id"])
    assert ordering.groupby("session_id")["customer_id"].nunique().max() == 1


def test_the_way_to_a_purchase_is_in_order(purchases: pd.DataFrame, events: pd.DataFrame) -> None:
    carts = events[events["kind"] == "add_to_cart"].groupby(["session_id", "product_id"])["occurred_at"].min()
    bought = purchases.merge(carts.rename("carted_at").reset_index(), on=["session_id", "product_id"], how="left")
    assert bought["carted_at"].isna().mean() < 0.02  # Lost products.
    assert (bought["carted_at"].dropna() < bought["occurred_at"][bought["carted_at"].notna()]).all()


def test_a_part_of_the_customers_browses_and_more_who_buys_often(events: pd.DataFrame, lines: pd.DataFrame) -> None:
    orders = lines.groupby("customer_id")["order_id"].nunique()
    found = events.groupby("customer_id")["session_id"].nunique()
    assert set(found.index) <= {*orders.index, *BOT_CUSTOMERS}
    found = found.reindex(orders.index).fillna(0)
    assert 0.38 < (found > 0).mean() < 0.5
    assert 0.1 < np.corrcoef(orders, found > 0)[0, 1] < 0.5
    browsing = found > 0
    assert 0.1 < np.corrcoef(np.log(orders[browsing]), np.log(found[browsing]))[0, 1] < 0.8


def test_many_sessions_lead_to_nothing(events: pd.DataFrame) -> None:
    kinds = events[events["kind"].isin(TYPES)].groupby(["session_id", "kind"]).size().unstack(fill_value=0)
    has_order = kinds["purchase"] > 0
    assert 0.01 < has_order.mean() < 0.4
    assert (kinds.loc[~has_order, "add_to_cart"] > 0).sum() > 500
    assert events["kind"].value_counts(normalize=True)["impression"] > 0.4


def test_campaigns_bring_whom_they_reached_after_they_did(folder: Path, events: pd.DataFrame) -> None:
    touches = pd.read_parquet(folder / "campaign_touches.parquet").astype({"campaign_id": str, "customer_id": str})
    brought = in_time(events).dropna(subset=["campaign_id", "customer_id"])
    sent = brought.merge(touches, on=["campaign_id", "customer_id"], how="left")
    assert sent["touched_at"].notna().all()
    assert (sent["touched_at"] <= sent["occurred_at"] + pd.Timedelta(hours=1)).all()
    assert 300 < brought["session_id"].nunique() < 4000
    assert (events.groupby("session_id")["campaign_id"].nunique(dropna=False) == 1).all()


def test_products_are_those_of_the_folder(folder: Path, events: pd.DataFrame, lines: pd.DataFrame) -> None:
    products = set(pd.read_parquet(folder / "products.parquet")["product_id"].astype(str)) | set(lines["product_id"])
    assert set(events["product_id"].dropna()) <= products | set(UNKNOWN_PRODUCTS)


def test_searches_have_words_and_nothing_else_has(events: pd.DataFrame) -> None:
    searches = events[events["kind"] == "search"]
    assert (searches["query"].str.len() > 0).all()
    assert searches["product_id"].isna().all()
    assert events.loc[events["kind"] != "search", "query"].isna().all()
    assert 0.01 < searches["query"].str.contains("[一-鿿]").mean() < 0.1
    assert searches["query"].nunique() > 300


def test_queries_are_in_the_words_of_customers() -> None:
    queries = Queries()
    assert queries.words("SFT DRNK 2 LITER BTL CARB INCL") == ["soft", "drink", "bottle"]
    assert queries.words("(12)") == ["groceries"]
    assert queries.chinese(["shredded", "cheese"]) == "芝士碎"
    assert queries.chinese(["enhanced"]) is None


@given(st.text(max_size=30), st.integers(0, 2**32))
def test_a_slip_of_the_hand_changes_two_letters_at_most(text: str, seed: int) -> None:
    slipped = mistyped(np.random.default_rng(seed), text)
    assert abs(len(slipped) - len(text)) <= 1
    assert sum((Counter(slipped) - Counter(text)).values()) <= 1
    assert slipped[:1] == text[:1]
    assert slipped == text or re.search(r"[^\W\d_]{3}", text)


def test_robots_of_each_kind_are_planted_and_no_one_else_is_so_quick(events: pd.DataFrame) -> None:
    found = sessions(events)
    caught = (found["events"] >= BOT_EVENTS) & (found["events_a_minute"] > BOT_EVENTS_A_MINUTE)
    assert set(found.loc[caught, "planted"]) == {"bot"}
    assert caught.sum() == (found["planted"] == "bot").sum() >= 3
    slow, short = (found[found["planted"] == kind] for kind in ("slow_bot", "short_bot"))
    assert min(len(slow), len(short)) > 0
    assert (slow["events"] >= BOT_EVENTS).all()
    assert (slow["events_a_minute"] < BOT_EVENTS_A_MINUTE).all()
    assert (short["events"] < BOT_EVENTS).all()
    assert (short["events_a_minute"] > BOT_EVENTS_A_MINUTE).all()
    robots = events[events["planted"].isin(BOTS)]
    assert set(robots["customer_id"].dropna()) <= set(BOT_CUSTOMERS)
    assert robots["customer_id"].isna().any()


def test_double_clicks_follow_within_a_second_under_an_id_of_their_own(events: pd.DataFrame) -> None:
    honest = events[(events["planted"] == "double_click") & events["product_id"].notna() & events["session_id"].notna()]
    assert 0.002 < len(honest) / len(events) < 0.01
    ordered = events[events["planted"] != "retry"].sort_values(["session_id", "kind", "product_id", "occurred_at"])
    before = ordered.groupby(["session_id", "kind", "product_id"])["occurred_at"].shift()
    pause = (ordered["occurred_at"] - before).dt.total_seconds()
    doubled = pause[ordered["planted"] == "double_click"].dropna()
    assert len(doubled) > 0.95 * len(honest)
    assert (doubled < 1).all()
    people = ordered["planted"] == ""
    assert (pause[people].dropna() <= 2).mean() < 0.001


def test_retries_repeat_an_event_as_it_was(events: pd.DataFrame) -> None:
    columns = list(SCHEMA)
    retries = events[events["planted"] == "retry"]
    assert 0.001 < len(retries) / len(events) < 0.006
    assert events[columns].drop_duplicates()["event_id"].is_unique
    assert events["event_id"].duplicated().sum() == len(retries)


def test_clocks_are_broken_in_both_ways_and_late_rows_are_there(events: pd.DataFrame) -> None:
    years = events["occurred_at"].dt.year
    assert (years == 1970).any()
    assert (years == 2106).any()
    assert in_time(events)["occurred_at"].max() < pd.Timestamp("2018-01-01")
    assert len(events) - len(in_time(events)) < 200
    moments = in_time(events[events["planted"] != "retry"])["occurred_at"]
    assert pd.Timedelta(hours=4) < (moments.cummax() - moments).max() < pd.Timedelta(days=5)


def test_values_are_wrong_or_missing_here_and_there(events: pd.DataFrame) -> None:
    assert 0.1 < events["customer_id"].isna().mean() < 0.4
    assert 0 < events["session_id"].isna().mean() < 0.002
    assert 0 < events["channel"].isna().mean() < 0.01
    assert set(events["channel"].dropna()) == {"web", "app"}
    shown = events[events["kind"].isin(("impression", "click", "view"))]
    assert 0 < shown["product_id"].isna().mean() < 0.01
    assert set(UNKNOWN_PRODUCTS) <= set(events["product_id"].dropna())
    assert set(events["kind"]) == {*TYPES, *UNKNOWN_TYPES}
    assert 0.002 < (~events["event_type"].isin((*TYPES, *UNKNOWN_TYPES))).mean() < 0.02
    assert events["is_synthetic"].all()


def test_some_log_in_only_when_they_fill_the_cart(events: pd.DataFrame, purchases: pd.DataFrame) -> None:
    ordering = events[events["session_id"].isin(purchases["session_id"])]
    assert 0.02 < ordering.groupby("session_id")["customer_id"].apply(lambda ids: ids.isna().any()).mean() < 0.2
    assert purchases["customer_id"].notna().all()


def test_one_order_is_enough(tmp_path: Path, folder: Path) -> None:
    for table in ("products", "campaign_touches"):
        (tmp_path / f"{table}.parquet").write_bytes((folder / f"{table}.parquet").read_bytes())
    lines = pq.read_table(folder / "order_lines.parquet")
    pq.write_table(lines.slice(0, 1), tmp_path / "order_lines.parquet")
    rows = write_browsing_sample(tmp_path, BrowsingParameters(browsing_share=0.99, activity=10.0))
    assert rows["events"] == pq.read_metadata(tmp_path / "events.parquet").num_rows
