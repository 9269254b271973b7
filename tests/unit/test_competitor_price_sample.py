import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from unit.real_sample import digest_of, write_real_tables
from upswing.sample.competitor_prices import (
    FEWEST_LINES,
    LEVELS,
    WATCHED_WEEKDAY,
    CompetitorPriceParameters,
    watch,
    write_competitor_price_sample,
)

SCHEMA = {
    "observed_on": pa.date32(),
    "competitor": pa.string(),
    "product_id": pa.string(),
    "price": pa.float64(),
    "is_promoted": pa.bool_(),
    "is_synthetic": pa.bool_(),
}
KEY = ["observed_on", "competitor", "product_id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_real_tables(tmp_path_factory.mktemp("competitors"), 0.1)


@pytest.fixture(scope="module")
def watched(folder: Path) -> pd.DataFrame:
    table = watch(folder)
    assert table.schema == pa.schema(SCHEMA)
    watched = table.to_pandas()
    return watched.assign(observed_on=pd.to_datetime(watched["observed_on"]))


@pytest.fixture(scope="module")
def ours(folder: Path) -> pd.DataFrame:
    lines = pd.read_parquet(folder / "order_lines.parquet").astype({"product_id": str})
    sold = lines[lines["quantity"] > 0].groupby("product_id")
    return sold.agg(lines=("quantity", "size"), net=("net_amount", "sum"), units=("quantity", "sum"))


@pytest.fixture(scope="module")
def seen(watched: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """The rows that stand, with the price over ours."""
    last = watched.drop_duplicates(KEY, keep="last").merge(ours, on="product_id")
    return last.assign(ratio=last["price"] * last["units"] / last["net"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"products": 0}, "products is 0; expected at least 1"), ({"seed": -1}, "seed is -1; expected 0 or above")],
)
def test_bad_parameters_are_named(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CompetitorPriceParameters(**wrong)


def test_the_same_parameters_write_the_same_bytes(folder: Path) -> None:
    written = folder / "competitor_prices.parquet"
    digests = [
        digest_of(
            lambda seed=seed: write_competitor_price_sample(folder, CompetitorPriceParameters(seed=seed)),  # type: ignore[misc]
            written,
        )
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_the_best_sellers_are_watched(watched: pd.DataFrame, ours: pd.DataFrame, folder: Path) -> None:
    known = watched[watched["product_id"].isin(ours.index)]
    assert ours.loc[known["product_id"].unique(), "lines"].min() >= FEWEST_LINES
    assert 0.9 < known["product_id"].nunique() / (ours["lines"] >= FEWEST_LINES).sum() <= 1
    assert 0 < 1 - len(known) / len(watched) < 0.004
    few = set(watch(folder, CompetitorPriceParameters(products=10)).to_pandas()["product_id"]) & set(ours.index)
    assert few <= set(ours["lines"].nlargest(14).index)
    assert len(few) <= 10


def test_each_competitor_has_its_weekday_level_and_share(seen: pd.DataFrame) -> None:
    assert set(seen["competitor"]) == set(LEVELS)
    for competitor, of_one in seen.groupby("competitor"):
        weekday = of_one["observed_on"].dt.weekday.value_counts(normalize=True)
        assert weekday.idxmax() == WATCHED_WEEKDAY[competitor]
        assert 0.8 < weekday.max() < 0.9
        shelf = of_one.loc[of_one["is_promoted"] == False, "ratio"]  # noqa: E712
        assert shelf.median() == pytest.approx(LEVELS[competitor], abs=0.05)
        assert of_one["product_id"].nunique() / seen["product_id"].nunique() == pytest.approx(0.8, abs=0.1)
        days = of_one.groupby("product_id")["observed_on"]
        assert (days.max() - days.min()).dt.days.median() > 300


def test_prices_move_slowly_and_promotions_cut_them(seen: pd.DataFrame) -> None:
    shelf = seen[seen["price"].between(0.01, 100)].sort_values(KEY)
    moved = shelf.groupby(["competitor", "product_id"])["price"].pct_change()
    assert (moved == 0).mean() > 0.6
    promoted = shelf["is_promoted"] == True  # noqa: E712
    assert 0.03 < promoted.mean() < 0.09
    assert shelf["ratio"][promoted].median() < 0.88 * shelf["ratio"][~promoted].median()
    assert 0.02 < seen["is_promoted"].isna().mean() < 0.08


def test_prices_are_written_as_each_competitor_writes_them(seen: pd.DataFrame) -> None:
    cents = (100 * seen["price"]).round()
    usual = seen["price"].between(0.02, 90)
    assert (cents % 10 == 9)[usual & (seen["competitor"] == "Pennyfield")].mean() > 0.97
    assert (cents % 100 == 99)[usual & (seen["competitor"] == "Goldcrest") & (seen["price"] > 4)].mean() > 0.97
    assert (100 * seen["price"].dropna() - cents.dropna()).abs().max() < 1e-6


def test_the_mess_of_life_is_there(watched: pd.DataFrame, seen: pd.DataFrame) -> None:
    price = watched["price"]
    assert 0 < (price == 0).mean() < 0.004
    assert 0 < (price < 0).mean() < 0.002
    assert 0 < price.isna().mean() < 0.003
    assert 0 < (seen["ratio"] > 20).mean() < 0.006
    assert 0.002 < watched.duplicated(KEY).mean() < 0.015
    corrected = watched[watched.duplicated(KEY, keep=False)].groupby(KEY)["price"].nunique()
    assert (corrected > 1).mean() > 0.9
    late = watched["observed_on"] > "2017-12-31"
    assert 0 < late.sum() < 15
    assert watched["observed_on"].min() >= pd.Timestamp("2017-01-01")
    assert watched["is_synthetic"].all()


def test_products_are_dropped_and_taken_on(seen: pd.DataFrame) -> None:
    days = seen[seen["observed_on"] <= "2017-12-31"].groupby(["competitor", "product_id"])["observed_on"]
    assert 0.01 < (days.max() < "2017-11-15").mean() < 0.12
    assert 0.01 < (days.min() > "2017-02-15").mean() < 0.1
    weeks = seen.groupby("competitor")["observed_on"].apply(
        lambda day: day[day < "2018"].dt.isocalendar().week.nunique()
    )
    assert (weeks <= 51).all()


def test_no_best_seller_is_no_row(tmp_path: Path) -> None:
    write_real_tables(tmp_path, 0.0005)
    assert watch(tmp_path).num_rows == 0
