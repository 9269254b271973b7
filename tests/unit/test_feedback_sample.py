import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from unit.real_sample import digest_of, write_real_tables
from upswing.sample.feedback import (
    OFF_SCALE,
    UNKNOWN_PRODUCT,
    FeedbackParameters,
    answer,
    write_feedback_sample,
)
from upswing.sample.feedback_texts import CONTENT, FeedbackWriter, kind_of
from upswing.sample.visit_phrases import LANGUAGES

SCHEMA = {
    "feedback_id": pa.string(),
    "customer_id": pa.string(),
    "product_id": pa.string(),
    "campaign_id": pa.string(),
    "rating": pa.float64(),
    "feedback_text": pa.string(),
    "submitted_at": pa.timestamp("us"),
    "is_synthetic": pa.bool_(),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_real_tables(tmp_path_factory.mktemp("feedback"), 0.04)


@pytest.fixture(scope="module")
def feedback(folder: Path) -> pd.DataFrame:
    """Eight times the usual number of answers, so that what is rare is there in a small part of the sample too."""
    table = answer(folder, FeedbackParameters(answered_share=0.064))
    assert table.schema == pa.schema(SCHEMA)
    return table.to_pandas()


@pytest.fixture(scope="module")
def in_time(feedback: pd.DataFrame) -> pd.DataFrame:
    return feedback[feedback["submitted_at"].dt.year < 2100]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"answered_share": 0.0}, "answered_share is 0.0; expected a share above 0 and up to 0.2"),
        ({"answered_share": 0.21}, "answered_share is 0.21; expected a share above 0 and up to 0.2"),
        ({"seed": -1}, "seed is -1; expected 0 or above"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        FeedbackParameters(**wrong)  # type: ignore[arg-type]


def test_the_same_parameters_write_the_same_bytes(folder: Path) -> None:
    written = folder / "feedback.parquet"
    digests = [
        digest_of(lambda seed=seed: write_feedback_sample(folder, FeedbackParameters(seed=seed)), written)  # type: ignore[misc]
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_what_is_rated_was_bought_one_to_21_days_before(folder: Path, in_time: pd.DataFrame) -> None:
    lines = pd.read_parquet(folder / "order_lines.parquet").astype({"customer_id": str, "product_id": str})
    lines = lines[lines["quantity"] > 0].assign(day=lines["ordered_at"].dt.floor("D"))
    rated = in_time.dropna(subset=["customer_id", "product_id"])
    rated = rated[rated["product_id"] != UNKNOWN_PRODUCT]
    bought = rated.merge(lines[["customer_id", "product_id", "day"]], on=["customer_id", "product_id"])
    days = (bought["submitted_at"].dt.floor("D") - bought["day"]).dt.days
    assert set(bought.loc[days.between(1, 21), "feedback_id"]) == set(rated["feedback_id"])


def test_campaigns_are_judged_by_whom_they_reached(folder: Path, in_time: pd.DataFrame) -> None:
    touches = pd.read_parquet(folder / "campaign_touches.parquet").astype({"campaign_id": str, "customer_id": str})
    judged = in_time.dropna(subset=["campaign_id"])
    assert judged["product_id"].isna().all()
    sent = judged.dropna(subset=["customer_id"]).merge(touches, on=["campaign_id", "customer_id"], how="left")
    days = (sent["submitted_at"].dt.floor("D") - sent["touched_at"].dt.floor("D")).dt.days
    assert days.between(1, 21).all()
    assert len(judged) > 150


def test_nothing_is_later_than_the_last_day_but_a_wrong_century(feedback: pd.DataFrame, in_time: pd.DataFrame) -> None:
    assert in_time["submitted_at"].min() >= pd.Timestamp("2017-01-01")
    assert in_time["submitted_at"].max() < pd.Timestamp("2018-01-01")
    late = feedback["submitted_at"].dt.year >= 2100
    assert 0 < late.mean() < 0.003
    assert 0 < feedback["submitted_at"].isna().mean() < 0.003


def test_ratings_are_as_stated(feedback: pd.DataFrame) -> None:
    stars = feedback["rating"][feedback["rating"].between(1, 5)].value_counts(normalize=True).sort_index()
    assert stars.tolist() == pytest.approx([0.09, 0.06, 0.12, 0.28, 0.45], abs=0.05)
    assert feedback["rating"].isna().mean() == pytest.approx(0.06, abs=0.02)
    off = feedback["rating"].dropna()[~feedback["rating"].dropna().between(1, 5)]
    assert set(off) == set(OFF_SCALE)
    assert 0.001 < len(off) / len(feedback) < 0.01


def test_customers_and_products_differ_in_their_ratings(feedback: pd.DataFrame) -> None:
    rated = feedback[feedback["rating"].between(1, 5)].dropna(subset=["customer_id", "product_id"])
    for column in ("customer_id", "product_id"):
        of_one = rated.groupby(column)["rating"]
        others = (of_one.transform("sum") - rated["rating"]) / (of_one.transform("size") - 1)
        known = of_one.transform("size") > 3
        assert 0.05 < np.corrcoef(rated["rating"][known], others[known])[0, 1] < 0.6, column


def test_half_have_a_text_and_a_few_say_the_contrary(feedback: pd.DataFrame) -> None:
    texts = feedback["feedback_text"]
    assert texts.notna().mean() == pytest.approx(0.5, abs=0.05)
    said = texts.dropna()
    assert 0.02 < said.str.contains("[一-鿿]").mean() < 0.12
    assert not said.str.contains(r"[{}]").any()
    assert (said.str.strip() != "").all()
    assert said.nunique() > 0.4 * len(said)
    harsh = texts.str.contains("waste of money|would not buy|avoid|very disappointed", case=False, na=False)
    assert 0 < (feedback["rating"][harsh] >= 4).mean() < 0.4
    assert (feedback["rating"][harsh] <= 2).mean() > 0.5


def test_the_mess_of_life_is_there(feedback: pd.DataFrame) -> None:
    assert feedback["customer_id"].isna().mean() == pytest.approx(0.04, abs=0.02)
    nothing = feedback["product_id"].isna() & feedback["campaign_id"].isna()
    assert nothing.mean() == pytest.approx(0.03, abs=0.015)
    assert (feedback["product_id"] == UNKNOWN_PRODUCT).any()
    assert feedback["feedback_id"].duplicated().mean() == pytest.approx(0.005, abs=0.004)
    assert feedback["is_synthetic"].all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_product_has_phrases(language: str) -> None:
    writer = FeedbackWriter(np.random.default_rng(1))
    for category in ("YOGURT", "APPLES", "SOFT DRINKS", "SOAP - LIQUID & BAR", "MAGAZINE", None):
        for level in range(len(CONTENT)):
            said = {writer.write(level, language, "SFT DRNK 2 LITER BTL", category) for _ in range(30)}
            assert len(said) > 5
            assert all(text and "{" not in text for text in said)


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("APPLES", "fresh"),
        ("POPCORN", "food"),
        ("BAG SNACKS", "food"),
        ("SOFT DRINKS", "drink"),
        ("FD WRAPS/BAGS/TRSH BG", "household"),
        ("MAGAZINE", "any"),
        ("SOUP", "food"),
    ],
)
def test_categories_are_told_apart(category: str, kind: str) -> None:
    assert kind_of(category) == kind
