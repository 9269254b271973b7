import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import upswing.customers.recommend_batches as recommend_batches
from unit.shoppers import AS_OF, NO_SIMILARITIES, PARAMETERS, category_of, make_products, make_purchases
from unit.test_recommend_fit import NO_SNAPSHOTS, data_of, shuffled
from upswing.customers.recommend_feedback import FEEDBACK_SCHEMA
from upswing.customers.recommend_fit import fit_recommender
from upswing.customers.recommend_scores import SCORE_SCHEMA, Shop, score_recommendations

LENGTH = 6
OUT_OF_STOCK = "p00"
BOUGHT_ONCE = "c900"
NEVER_BOUGHT = "c901"
OF_NO_SEGMENT = "c902"

SEGMENTS = pa.table(
    {
        "customer_id": [f"c{number:03d}" for number in range(80)] + [BOUGHT_ONCE, NEVER_BOUGHT],
        "segment_number": pa.array([1 + number % 2 for number in range(80)] + [2, 1], type=pa.int64()),
    }
)


def make_shop() -> Shop:
    purchases = make_purchases()
    once = purchases.slice(0, 1).set_column(0, "customer_id", pa.array([BOUGHT_ONCE]))
    once = once.set_column(1, "product_id", pa.array(["p31"])).set_column(2, "ordered_on", pa.array([AS_OF]))
    purchases = pa.concat_tables([purchases, once.select(purchases.column_names).cast(purchases.schema)])
    sold = sorted(set(purchases["product_id"].to_pylist()) - {OUT_OF_STOCK})
    categories = sorted({category_of(number) for number in range(39)} | {"unknown"})
    customers = sorted(set(purchases["customer_id"].to_pylist()) | {NEVER_BOUGHT, OF_NO_SEGMENT})
    return Shop(
        purchases,
        make_products(),
        pa.table({"product_id": sold}),
        pa.table({"category": categories, "allows_repeats": [name != "durables" for name in categories]}),
        pa.table({"customer_id": customers}),
        NO_SIMILARITIES,
        SEGMENTS,
        NO_SNAPSHOTS,
        FEEDBACK_SCHEMA.empty_table(),
    )


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop()


@pytest.fixture(scope="module")
def fit(shop: Shop) -> dict[str, Any]:
    weights = fit_recommender(data_of(shop.purchases), AS_OF, PARAMETERS).weights
    return {"weights": weights, "model_version": "00001-x"}


def scored(fit: dict[str, Any] | None, shop: Shop) -> pa.Table:
    return score_recommendations(fit, shop, AS_OF, PARAMETERS, LENGTH).read_all()


@pytest.fixture(scope="module")
def scores(fit: dict[str, Any], shop: Shop) -> pa.Table:
    return scored(fit, shop)


def lines_of(scores: pa.Table, customer: str) -> list[dict[str, Any]]:
    return [row for row in scores.to_pylist() if row["customer_id"] == customer]


def bought(shop: Shop) -> set[tuple[str, str]]:
    columns = (shop.purchases[name].to_pylist() for name in ("customer_id", "product_id"))
    return set(zip(*columns, strict=True))


def test_every_customer_has_a_list_ranked_without_gaps(scores: pa.Table, shop: Shop) -> None:
    ranks: dict[str, list[int]] = {}
    for row in scores.to_pylist():
        ranks.setdefault(row["customer_id"], []).append(row["recommendation_rank"])
    assert sorted(ranks) == shop.customers["customer_id"].to_pylist()
    assert all(of_one == list(range(1, len(of_one) + 1)) for of_one in ranks.values())
    assert max(map(len, ranks.values())) == LENGTH


@pytest.mark.parametrize("fitted", [True, False])
def test_nothing_is_recommended_that_may_not_be(scores: pa.Table, shop: Shop, fitted: bool) -> None:
    rows = (scores if fitted else scored(None, shop)).to_pylist()
    assert OUT_OF_STOCK not in {row["product_id"] for row in rows}
    pairs = [(row["customer_id"], row["product_id"]) for row in rows]
    assert len(set(pairs)) == len(pairs)
    assert [row["is_repeat"] for row in rows] == [pair in bought(shop) for pair in pairs]
    assert not [row for row in rows if row["is_repeat"] and category_of(int(row["product_id"][1:])) == "durables"]
    assert any(row["is_repeat"] for row in rows)
    assert {row["score"] for row in rows} <= {round(row["score"], 6) for row in rows}


def test_new_customers_are_given_favourites_of_their_segment_then_best_sellers(scores: pa.Table) -> None:
    rows = lines_of(scores, NEVER_BOUGHT)
    # Segment 1 is that of the even customers, who buy even products.
    favourites = [row for row in rows if row["source"] == "segment favourites"]
    assert len(favourites) == LENGTH
    assert all(int(row["product_id"][1:]) % 2 == 0 for row in favourites)
    assert all(row["model_version"] is None for row in rows)
    assert re.fullmatch(r"bought by \d+% of your segment lately", rows[0]["reason"])
    assert {row["source"] for row in lines_of(scores, OF_NO_SEGMENT)} == {"best sellers"}
    assert {row["model_version"] for row in lines_of(scores, "c000")} == {"00001-x"}
    assert not [row for row in lines_of(scores, BOUGHT_ONCE) if row["product_id"] == "p31"]


def test_best_sellers_fill_what_the_segment_leaves(shop: Shop) -> None:
    alone = pa.table({"customer_id": [BOUGHT_ONCE, NEVER_BOUGHT], "segment_number": pa.array([7, 7], type=pa.int64())})
    of_one = replace(PARAMETERS, min_described=1)
    served = score_recommendations(None, replace(shop, segments=alone), AS_OF, of_one, LENGTH).read_all()
    rows = lines_of(served, NEVER_BOUGHT)
    assert [row["source"] for row in rows] == ["segment favourites"] + ["best sellers"] * (LENGTH - 1)
    assert rows[0]["product_id"] == "p31"


def test_of_few_customers_no_share_is_stated(shop: Shop) -> None:
    """A segment in which one customer bought lately has no favourites, and a shop of few customers says how many."""
    alone = pa.table({"customer_id": [BOUGHT_ONCE, NEVER_BOUGHT], "segment_number": pa.array([7, 7], type=pa.int64())})
    rows = lines_of(scored(None, replace(shop, segments=alone)), NEVER_BOUGHT)
    assert {row["source"] for row in rows} == {"best sellers"}
    assert all(row["reason"].endswith("% of all customers lately") for row in rows)
    few = replace(PARAMETERS, min_described=100_000)
    rows = lines_of(score_recommendations(None, shop, AS_OF, few, LENGTH).read_all(), NEVER_BOUGHT)
    assert all(re.fullmatch(r"bought by \d+ of \d+ customers lately", row["reason"]) for row in rows)


def test_a_small_segment_is_drawn_to_what_all_buy(shop: Shop) -> None:
    """Of two members each bought other products: half of them bought each, so that all customers decide the order."""
    pair = pa.table(
        {"customer_id": [BOUGHT_ONCE, "c000", NEVER_BOUGHT], "segment_number": pa.array([7] * 3, type=pa.int64())}
    )
    of_two = replace(PARAMETERS, min_described=2, most_per_category=39)
    served = score_recommendations(None, replace(shop, segments=pair), AS_OF, of_two, 39).read_all()
    of_all = {row["product_id"]: row["score"] for row in lines_of(served, OF_NO_SEGMENT)}
    favourites = [row for row in lines_of(served, NEVER_BOUGHT) if row["source"] == "segment favourites"]
    assert len(favourites) > 2
    assert {row["reason"] for row in favourites} == {"bought by 50% of your segment lately"}
    drawn = [(1 + 2 * of_all[row["product_id"]]) / (2 + 2) for row in favourites]
    assert [row["score"] for row in favourites] == pytest.approx(drawn, abs=2e-6)
    assert drawn == sorted(drawn, reverse=True)


def test_without_a_fit_all_are_given_favourites(shop: Shop) -> None:
    rows = scored(None, shop)
    assert set(rows["source"].to_pylist()) <= {"segment favourites", "best sellers"}
    assert len(set(rows["customer_id"].to_pylist())) == shop.customers.num_rows


def test_reasons_are_words_about_the_customer(scores: pa.Table) -> None:
    told = {row["source"]: row["reason"] for row in scores.to_pylist()}
    repeats = [row["reason"] for row in scores.to_pylist() if row["source"] == "own history"]
    assert all(reason.startswith("bought ") and reason.endswith((" ago", "today")) for reason in repeats)
    assert told["customers who buy alike"].endswith("buy this too")
    # Every fourth product has no name.
    assert "who buy product p" in " ".join(scores["reason"].to_pylist())
    assert "who buy Product " in " ".join(scores["reason"].to_pylist())


def test_batches_and_the_order_of_rows_change_nothing(
    fit: dict[str, Any], shop: Shop, scores: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommend_batches, "BATCH_CELLS", 300)
    tables = {name: shuffled(getattr(shop, name)) for name in Shop.__dataclass_fields__}
    again = scored(fit, Shop(**tables))
    assert again.combine_chunks().equals(scores.combine_chunks())


def test_nothing_to_recommend_is_an_empty_table(fit: dict[str, Any], shop: Shop) -> None:
    for empty in (
        replace(shop, purchases=shop.purchases.slice(0, 0)),
        replace(shop, recommendable=shop.recommendable.slice(0, 0)),
    ):
        assert scored(fit, empty).equals(SCORE_SCHEMA.empty_table())
    assert score_recommendations(fit, shop, None, PARAMETERS, LENGTH).read_all().num_rows == 0


def test_repeats_leave_room_for_what_was_never_bought(scores: pa.Table) -> None:
    # Three quarters of six are four and a half: four.
    counts: dict[str, list[bool]] = {}
    for row in scores.to_pylist():
        if row["model_version"] is not None:
            counts.setdefault(row["customer_id"], []).append(row["is_repeat"])
    assert max(sum(repeats) for repeats in counts.values()) == 4
    assert all(len(repeats) == LENGTH for repeats in counts.values())


def test_no_category_fills_a_list(fit: dict[str, Any], shop: Shop) -> None:
    rows = score_recommendations(fit, shop, AS_OF, replace(PARAMETERS, most_per_category=2), LENGTH).read_all()
    counts: dict[tuple[str, str], int] = {}
    for row in rows.to_pylist():
        key = (row["customer_id"], category_of(int(row["product_id"][1:])))
        counts[key] = counts.get(key, 0) + 1
    assert max(counts.values()) == 2
    assert np.mean(list(counts.values())) > 1


@pytest.mark.parametrize("name", ["unknown", "music"])
def test_without_categories_lists_are_as_long_as_with_them(fit: dict[str, Any], shop: Shop, name: str) -> None:
    products = shop.products.set_column(
        shop.products.column_names.index("category"), "category", pa.array([name] * shop.products.num_rows)
    )
    parameters = replace(PARAMETERS, most_per_category=2)
    rows = score_recommendations(fit, replace(shop, products=products), AS_OF, parameters, LENGTH).read_all()
    with_one = rows.group_by("customer_id").aggregate([("product_id", "count")])["product_id_count"]
    assert min(with_one.to_pylist()) > 2


def factors_of(**factors: float) -> pa.Table:
    columns = {"product_id": list(factors), "factor": list(factors.values())}
    return pa.table(columns, schema=FEEDBACK_SCHEMA)


@pytest.mark.parametrize("fitted", [True, False])
def test_what_is_said_of_a_product_moves_it_in_every_list(fit: dict[str, Any], shop: Shop, fitted: bool) -> None:
    used = fit if fitted else None
    before = scored(used, shop)
    first = next(row["product_id"] for row in lines_of(before, "c000") if row["recommendation_rank"] == 1)
    disliked = lines_of(scored(used, replace(shop, feedback=factors_of(**{first: 0.01}))), "c000")
    assert first not in [row["product_id"] for row in disliked]
    last = lines_of(before, "c000")[-1]
    liked = lines_of(scored(used, replace(shop, feedback=factors_of(**{last["product_id"]: 1.9}))), "c000")
    (moved,) = [row for row in liked if row["product_id"] == last["product_id"]]
    assert moved["recommendation_rank"] < last["recommendation_rank"]
    assert moved["score"] == pytest.approx(min(1.9 * last["score"], 1.0), abs=2e-6)
    # Favourites tell how many bought them, whatever was said of them.
    assert moved["reason"] == last["reason"]
    scores = [row["score"] for row in liked if row["source"] == liked[0]["source"]]
    assert fitted or scores == sorted(scores, reverse=True)


def test_feedback_on_products_that_nobody_bought_and_factors_of_one_change_nothing(
    fit: dict[str, Any], shop: Shop, scores: pa.Table
) -> None:
    said = factors_of(never_sold=0.5, p01=1.0)
    assert scored(fit, replace(shop, feedback=said)).equals(scores)


def test_no_score_exceeds_one(shop: Shop) -> None:
    everything = {product: 50.0 for product in shop.recommendable["product_id"].to_pylist()}
    rows = scored(None, replace(shop, feedback=factors_of(**everything)))
    assert set(rows["score"].to_pylist()) == {1.0}
    ranks = {row["source"]: row["recommendation_rank"] for row in lines_of(rows, NEVER_BOUGHT)}
    assert ranks["segment favourites"] == LENGTH
