"""The products most like each product, by the cosine of their vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.product_features_texts import vector_matrix
from upswing.one_thread import hold_one_thread

MAX_EXACT_VECTORS = 300_000
"""Up to so many distinct vectors each is compared with all; beyond, with those of the nearest clusters (IVF)."""

PROBED_SHARE = 0.02
QUERIES = 4096
EXTRA_VECTORS = 12
"""Vectors looked for beyond those wanted, so that ties after rounding are broken by product and not by the search."""

Progress = Callable[[int, int], None]

SIMILARITY_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("similar_product_id", pa.string()),
        pa.field("similarity_rank", pa.int64()),
        pa.field("similarity", pa.float64()),
    ]
)


@dataclass(frozen=True)
class SimilarityParameters:
    """How many similar products are listed.

    Attributes:
        similar_products: at most, for each product.
    """

    similar_products: int = 20

    def __post_init__(self) -> None:
        if self.similar_products < 1:
            raise ValueError(f"var similar_products is {self.similar_products}; expected at least 1")


def score_similarities(
    feature_rows: pa.Table, parameters: SimilarityParameters, progress: Progress = lambda _done, _all: None
) -> pa.Table:
    """Rows of :data:`SIMILARITY_SCHEMA`: each product with those most like it, by product and rank.

    Products with one and the same vector are looked up once: hundreds of products that were never sold differ in
    nothing. A product is never its own neighbour; equal cosines (4 decimals) are in order of product id.

    Args:
        feature_rows: rows of ``score_product_features``.
        parameters: see there.
        progress: told (queries done, queries in all).
    """
    if feature_rows.num_rows < 2:
        return SIMILARITY_SCHEMA.empty_table()
    rows = feature_rows.sort_by("product_id")
    vectors, group = np.unique(vector_matrix(rows["feature_vector"]), axis=0, return_inverse=True)
    wanted = parameters.similar_products
    # One more than wanted, for a product finds itself.
    hold_one_thread()
    nearest, cosines = _nearest_members(vectors, group.ravel(), wanted + 1, progress)
    own = nearest[group] == np.arange(len(group))[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :wanted]
    neighbours = np.take_along_axis(nearest[group], order, axis=1)
    similarities = np.take_along_axis(cosines[group], order, axis=1)
    listed = (neighbours >= 0) & (neighbours != np.arange(len(group))[:, None])
    product, place = np.nonzero(listed)
    ids = rows["product_id"].combine_chunks()
    columns = [
        ids.take(pa.array(product)),
        ids.take(pa.array(neighbours[listed])),
        pa.array(place + 1, type=pa.int64()),
        pa.array(similarities[listed].astype(np.float64)),
    ]
    return pa.Table.from_arrays(columns, schema=SIMILARITY_SCHEMA)


def _nearest_members(
    vectors: NDArray[np.float32], group: NDArray[np.int64], wanted: int, progress: Progress
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of each distinct vector the ``wanted`` nearest products (−1: there are no more) and their rounded cosines."""
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=len(vectors))
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = np.minimum(sizes, wanted)
    index = _index(vectors)
    searched = min(wanted + EXTRA_VECTORS, len(vectors))
    nearest = np.full((len(vectors), wanted), -1, dtype=np.int64)
    cosines = np.zeros((len(vectors), wanted))
    for start in range(0, len(vectors), QUERIES):
        found_cosines, found = index.search(vectors[start : start + QUERIES], searched)
        query, column = np.nonzero(found >= 0)
        near = found[query, column]
        repeats = taken[near]
        within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        members = by_group[np.repeat(firsts[near], repeats) + within]
        of_query = np.repeat(query, repeats)
        rounded = np.round(np.clip(np.repeat(found_cosines[query, column], repeats).astype(np.float64), -1, 1), 4)
        order = np.lexsort((members, -rounded, of_query))
        of_query, members, rounded = of_query[order], members[order], rounded[order]
        rank = np.arange(len(of_query)) - np.searchsorted(of_query, of_query)
        kept = rank < wanted
        nearest[start + of_query[kept], rank[kept]] = members[kept]
        cosines[start + of_query[kept], rank[kept]] = rounded[kept]
        progress(min(start + QUERIES, len(vectors)), len(vectors))
    return nearest, cosines


def _index(vectors: NDArray[np.float32]) -> Any:
    import faiss

    width = vectors.shape[1]
    index: Any
    if len(vectors) <= MAX_EXACT_VECTORS:
        index = faiss.IndexFlatIP(width)
    else:
        lists = int(4 * np.sqrt(len(vectors)))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
        index.nprobe = max(1, int(PROBED_SHARE * lists))
        index.train(vectors)
    index.add(vectors)
    return index
