from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.opportunities import tiny_bert
from upswing.bert import Bert
from upswing.customers.product_features import (
    FEATURE_SCHEMA,
    WIDTHS,
    FeatureParameters,
    score_features,
)
from upswing.customers.product_features_blocks import (
    name_block,
    package_block,
    reading_block,
    scale_points,
    scaled,
    word_block,
)
from upswing.customers.product_features_texts import TEXT_SCHEMA, read_texts, score_texts, vector_matrix

TEXTS = ["red apple sauce", "green apple sauce", "dark bread", "white bread", "bread crumbs", "apple"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    return tiny_bert(tmp_path_factory.mktemp("bert"), TEXTS, layers=2, width=16, positions=16)


def text_rows(texts: list[str]) -> pa.Table:
    return pa.table({"product_text": pa.array(texts, type=pa.string()), "products": pa.array([1] * len(texts))})


def product(number: int, **known: Any) -> dict[str, Any]:
    """A product of which nothing is known but its text, unless said."""
    nothing: dict[str, Any] = {
        "product_id": f"p{number:02d}",
        "product_text": TEXTS[number % len(TEXTS)],
        "category": "unknown",
        "subcategory": None,
        "brand": None,
        "supplier_id": None,
        "package_quantity": None,
        "package_unit": None,
        "price_paid": None,
        "price_position": None,
        "weekly_units": 0.0,
        "customers": 0,
        "promoted_share": None,
        "repeat_share": None,
        "rating": None,
        "competitor_gap": None,
    }
    return nothing | known


def feature_rows(rows: list[dict[str, Any]]) -> pa.Table:
    texts = {"product_id", "product_text", "category", "subcategory", "brand", "supplier_id", "package_unit"}
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], type=pa.string() if name in texts else pa.float64())
            for name in product(0)
        }
    )


def cosines(features: pa.Table) -> np.ndarray[Any, Any]:
    vectors = vector_matrix(features["feature_vector"])
    return np.asarray(vectors @ vectors.T)


def varied_products() -> list[dict[str, Any]]:
    return [
        product(
            number,
            category=f"c{number % 3}",
            brand="own" if number % 2 else "other",
            supplier_id=str(number % 5),
            package_quantity=float(1 + number % 4),
            package_unit="OZ",
            price_paid=1.0 + number,
            price_position=number / 12,
            weekly_units=float(number % 7),
            customers=number,
        )
        for number in range(12)
    ]


def test_each_text_is_read_once(bert: Bert, monkeypatch: pytest.MonkeyPatch) -> None:
    first = score_texts(text_rows(TEXTS[:4]), None, bert)
    assert first["product_text"].to_pylist() == sorted(TEXTS[:4])
    read: list[str] = []

    def spied(bert: Bert, texts: list[str], progress: Any) -> Any:
        read.extend(texts)
        return read_texts(bert, texts, progress)

    monkeypatch.setattr("upswing.customers.product_features_texts.read_texts", spied)
    second = score_texts(text_rows([*TEXTS[1:4], TEXTS[4]]), first, bert)
    assert read == [TEXTS[4]]
    assert second["product_text"].to_pylist() == sorted(TEXTS[1:5])
    assert score_texts(text_rows(TEXTS[1:5]), second, bert).equals(second)
    assert read == [TEXTS[4]]


def test_texts_that_another_bert_read_are_read_again(bert: Bert, tmp_path: Path) -> None:
    other = tiny_bert(tmp_path, TEXTS, layers=1, width=8, positions=16, seed=1)
    standing = score_texts(text_rows(TEXTS), None, other)
    assert score_texts(text_rows(TEXTS), standing, bert).equals(score_texts(text_rows(TEXTS), None, bert))


def test_a_long_text_is_read_to_its_end(bert: Bert) -> None:
    long = " ".join(["bread"] * 40)
    vectors, _ = read_texts(bert, [long, f"{long} apple"])
    assert not np.allclose(vectors[0], vectors[1], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_are_no_rows(bert: Bert) -> None:
    assert score_texts(text_rows([]), None, bert).equals(TEXT_SCHEMA.empty_table())


def test_an_unknown_language_leaves_the_reading_out_and_fails_nothing(bert: Bert) -> None:
    chinese = ["苹果汁", "黑面包"]
    texts = score_texts(text_rows(chinese), None, bert)
    assert min(texts["unknown_share"].to_pylist()) > 0.05
    features = score_features(
        feature_rows([product(0, product_text=chinese[0]), product(1, product_text=chinese[1])]),
        texts,
        FeatureParameters(),
    )
    assert features["has_read_texts"].to_pylist() == [False, False]
    start = WIDTHS["text"]
    assert not vector_matrix(features["feature_vector"])[:, start : start + WIDTHS["reading"]].any()


def test_vectors_do_not_depend_on_the_order_of_rows(bert: Bert) -> None:
    rows, texts = varied_products(), score_texts(text_rows(TEXTS), None, bert)
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    straight = score_features(feature_rows(rows), texts, FeatureParameters())
    assert straight.equals(
        score_features(feature_rows(shuffled), texts.take(list(range(len(TEXTS)))[::-1]), FeatureParameters())
    )
    assert straight["has_read_texts"].to_pylist() == [True] * len(rows)
    lengths = np.linalg.norm(vector_matrix(straight["feature_vector"]), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-4)


def test_the_cosine_is_the_weighted_mean_of_the_blocks(bert: Bert) -> None:
    rows, texts = feature_rows(varied_products()), score_texts(text_rows(TEXTS), None, bert)
    names = list(WIDTHS)
    nothing = dict.fromkeys(names, 0.0)

    def alone(name: str) -> np.ndarray[Any, Any]:
        return cosines(score_features(rows, texts, FeatureParameters(**(nothing | {name: 1.0}))))

    # All products have these blocks.
    weights = {"category": 0.5, "brand": 0.2, "market": 0.3}
    mixed = cosines(score_features(rows, texts, FeatureParameters(**(nothing | weights))))
    np.testing.assert_allclose(mixed, sum(weight * alone(name) for name, weight in weights.items()), atol=1e-4)


def test_what_neither_knows_counts_for_nothing_and_what_one_lacks_against_them() -> None:
    same = {"category": "c", "product_text": None}
    rows = [
        product(0, **same, supplier_id="s"),
        product(1, **same, supplier_id="s"),
        product(2, **same),
        product(3, **same),
    ]
    weights = FeatureParameters(0, 0, 0.5, 0, 0, 0.5, 0, 0)
    found = cosines(score_features(feature_rows(rows), TEXT_SCHEMA.empty_table(), weights))
    np.testing.assert_allclose([found[0, 1], found[2, 3], found[0, 2]], [1, 1, np.sqrt(0.5)], atol=1e-4)


def test_no_products_are_no_rows() -> None:
    assert score_features(feature_rows([]), TEXT_SCHEMA.empty_table(), FeatureParameters()).equals(
        FEATURE_SCHEMA.empty_table()
    )


def test_one_product_of_which_nothing_is_known_is_a_row() -> None:
    rows = feature_rows([product(0, product_text=None)])
    found = score_features(rows, TEXT_SCHEMA.empty_table(), FeatureParameters())
    assert np.isfinite(vector_matrix(found["feature_vector"])).all()


def test_texts_that_share_words_are_alike() -> None:
    block = word_block(sorted(TEXTS), 8)
    alike = block @ block.T
    place = {text: number for number, text in enumerate(sorted(TEXTS))}
    apple, sauce, bread = place["apple"], place["red apple sauce"], place["dark bread"]
    assert alike[apple, sauce] > 0.5 > abs(alike[apple, bread])


@pytest.mark.parametrize("texts", [[], ["one"], ["no", "word", "twice"], ["", " "], ["same a", "same b"]])
def test_few_words_are_zeros_or_coordinates_but_never_an_error(texts: list[str]) -> None:
    block = word_block(texts, 4)
    assert block.shape == (len(texts), 4)
    assert np.isfinite(block).all()


def test_readings_are_reduced_with_fixed_signs() -> None:
    readings = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    block = reading_block(readings, 4)
    assert block.shape == (50, 4)
    np.testing.assert_allclose(reading_block(readings[::-1], 4)[::-1], block, atol=1e-5)
    assert reading_block(readings, 20)[:, 12:].any() == np.False_


def test_equal_names_are_one_and_others_nearly_orthogonal() -> None:
    block = name_block([*(f"n{number}" for number in range(200)), "n0", None], 32, "brand")
    alike = block @ block.T
    assert alike[0, 200] == pytest.approx(1)
    assert not block[-1].any()
    others = alike[:200, :200][~np.eye(200, dtype=bool)]
    assert others.std() == pytest.approx(1 / np.sqrt(32), rel=0.1)


@given(st.lists(st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)), max_size=30))
@settings(max_examples=40)
def test_a_scale_keeps_order_and_ends(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    found, known = scaled(array), np.isfinite(array)
    assert (np.isfinite(found) == known).all()
    assert ((found[known] >= 0) & (found[known] <= 1)).all()
    assert (np.diff(found[known][np.argsort(array[known], kind="stable")]) >= -1e-12).all()
    lengths = np.linalg.norm(scale_points(array), axis=1)
    np.testing.assert_allclose(lengths, 1 if known.any() else 0, atol=1e-9)


def test_packages_are_alike_by_unit_and_quantity() -> None:
    block = package_block(np.array([10, 10, 11, 100, 10, np.nan]), ["OZ", "OZ", "OZ", "OZ", "CT", None], 16)
    alike = block @ block.T
    assert alike[0, 1] == pytest.approx(1)
    assert 1 > alike[0, 2] > alike[0, 3]
    assert alike[0, 4] < alike[0, 2]
    assert not block[5].any()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"brand": -0.1}, "the weight of the block brand is -0.1; expected"),
        (dict.fromkeys(WIDTHS, 0.0), "the weights of all blocks are 0; expected"),
    ],
)
def test_weights_outside_their_range_are_told(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureParameters(**weights)
