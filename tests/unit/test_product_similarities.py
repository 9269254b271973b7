import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from upswing.customers import product_similarities
from upswing.customers.product_features_texts import vector_lists
from upswing.customers.product_similarities import SIMILARITY_SCHEMA, SimilarityParameters, score_similarities


def feature_rows(vectors: NDArray[np.float32]) -> pa.Table:
    ids = pa.array([f"p{number:04d}" for number in range(len(vectors))])
    return pa.table({"product_id": ids, "feature_vector": vector_lists(vectors)})


def drawn(count: int, seed: int, kinds: int | None = None) -> NDArray[np.float32]:
    """Vectors of length 1; of ``kinds`` different ones where given."""
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(kinds or count, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[draw.integers(0, kinds, count)] if kinds else vectors


def brute_force(vectors: NDArray[np.float32], wanted: int) -> list[tuple[str, str, int, float]]:
    exact = np.round(np.clip(vectors.astype(np.float64) @ vectors.T.astype(np.float64), -1, 1), 4)
    rows = []
    for number, row in enumerate(exact):
        order = [other for other in np.lexsort((np.arange(len(row)), -row)) if other != number][:wanted]
        rows += [(f"p{number:04d}", f"p{other:04d}", rank + 1, row[other]) for rank, other in enumerate(order)]
    return rows


@given(st.integers(2, 60), st.integers(0, 5), st.integers(1, 25), st.sampled_from([None, 3]))
@settings(max_examples=40)
def test_similar_products_equal_brute_force(count: int, seed: int, wanted: int, kinds: int | None) -> None:
    vectors = drawn(count, seed, kinds)
    found = score_similarities(feature_rows(vectors), SimilarityParameters(wanted))
    expected = brute_force(vectors, wanted)
    assert [(row["product_id"], row["similarity_rank"]) for row in found.to_pylist()] == [
        (product, rank) for product, _, rank, _ in expected
    ]
    np.testing.assert_allclose(found["similarity"].to_numpy(), [row[3] for row in expected], atol=1.1e-4)
    if kinds:  # no two different cosines lie near a rounding border often enough to matter here
        assert found["similar_product_id"].to_pylist() == [row[1] for row in expected]


def test_order_of_rows_does_not_matter() -> None:
    rows = feature_rows(drawn(300, 1, 40))
    shuffled = rows.take(np.random.default_rng(2).permutation(300))
    straight = score_similarities(rows, SimilarityParameters())
    assert straight.equals(score_similarities(shuffled, SimilarityParameters()))
    assert straight.schema == SIMILARITY_SCHEMA


def test_several_rounds_of_queries_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = feature_rows(drawn(100, 3))
    at_once = score_similarities(rows, SimilarityParameters(5))
    monkeypatch.setattr(product_similarities, "QUERIES", 7)
    told: list[tuple[int, int]] = []
    again = score_similarities(rows, SimilarityParameters(5), lambda done, everything: told.append((done, everything)))
    assert again.equals(at_once)
    assert told[-1] == (100, 100)


def test_beyond_the_limit_clusters_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = drawn(3000, 4)
    exact = score_similarities(feature_rows(vectors), SimilarityParameters(5))
    monkeypatch.setattr(product_similarities, "MAX_EXACT_VECTORS", 1000)
    monkeypatch.setattr(product_similarities, "PROBED_SHARE", 0.2)
    near = score_similarities(feature_rows(vectors), SimilarityParameters(5))
    assert near.num_rows == exact.num_rows
    columns = ("product_id", "similar_product_id")
    pairs = [set(zip(*(found[name].to_pylist() for name in columns), strict=True)) for found in (exact, near)]
    assert len(pairs[0] & pairs[1]) > 0.95 * exact.num_rows


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_like_a_product_alone(count: int) -> None:
    assert score_similarities(feature_rows(drawn(count, 0)), SimilarityParameters()).num_rows == 0


def test_none_wanted_is_told() -> None:
    with pytest.raises(ValueError, match="var similar_products is 0; expected at least 1"):
        SimilarityParameters(0)
