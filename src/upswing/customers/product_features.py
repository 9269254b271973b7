"""Products as vectors: basic, functional and market attributes in weighted blocks.

Source: dynamic marketing strategy patent, step S3 (product features: basic, functional, market). Each block has length
1 and is multiplied by the root of its weight, so that the cosine of two products is the weighted mean of the cosines
of their blocks. A block that one of the two lacks counts as not alike; one that both lack counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.bert import MAX_UNKNOWN_SHARE
from upswing.categories import UNKNOWN_CATEGORY
from upswing.customers.product_features_blocks import (
    FloatArray,
    market_block,
    name_block,
    package_block,
    reading_block,
    unit_rows,
    word_block,
)
from upswing.customers.product_features_texts import vector_lists, vector_matrix
from upswing.one_thread import hold_one_thread

WIDTHS = {
    "text": 32,
    "reading": 32,
    "category": 24,
    "subcategory": 32,
    "brand": 8,
    "supplier": 16,
    "package": 16,
    "market": 24,
}
"""Coordinates of each block, in the order in which they stand in the vector."""

NAMES = {"category": "category", "subcategory": "subcategory", "brand": "brand", "supplier": "supplier_id"}

FEATURE_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("feature_vector", pa.list_(pa.float32())),
        pa.field("has_read_texts", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class FeatureParameters:
    """What each block weighs in the likeness of two products; 0 leaves it out.

    Attributes:
        text: words of name, description and subcategory.
        reading: what BERT reads in them.
        category: the same category.
        subcategory: the same subcategory.
        brand: the same brand.
        supplier: the same supplier.
        package: the same unit and a near quantity.
        market: price and its place in the category, velocity, customers, promotion and repeat share, rating,
            competitor gap.
    """

    text: float = 0.2
    reading: float = 0.2
    category: float = 0.15
    subcategory: float = 0.15
    brand: float = 0.05
    supplier: float = 0.05
    package: float = 0.05
    market: float = 0.15

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            if not weight >= 0:
                raise ValueError(f"the weight of the block {field.name} is {weight}; expected 0 or more")
        if not any(getattr(self, field.name) for field in fields(self)):
            raise ValueError("the weights of all blocks are 0; expected at least one above 0")


def score_features(feature_rows: pa.Table, text_rows: pa.Table, parameters: FeatureParameters) -> pa.Table:
    """Rows of :data:`FEATURE_SCHEMA`, one a product in order of its id.

    Args:
        feature_rows: rows of ``int_product_features``.
        text_rows: rows of ``score_product_texts``. Where more than :data:`upswing.bert.MAX_UNKNOWN_SHARE` of their
            tokens are unknown to the BERT, what it read is left out of all products.
        parameters: weights of the blocks.
    """
    if not feature_rows.num_rows:
        return FEATURE_SCHEMA.empty_table()
    rows = feature_rows.sort_by("product_id")
    is_readable = bool(text_rows.num_rows) and pc.mean(text_rows["unknown_share"]).as_py() <= MAX_UNKNOWN_SHARE
    hold_one_thread()
    vectors = _vectors(rows, text_rows, parameters, is_readable)
    columns = [pc.cast(rows["product_id"], pa.string()), vector_lists(vectors), pa.array([is_readable] * rows.num_rows)]
    return pa.Table.from_arrays(columns, schema=FEATURE_SCHEMA)


def _vectors(rows: pa.Table, text_rows: pa.Table, parameters: FeatureParameters, is_readable: bool) -> NDArray[Any]:
    blocks = {
        **_text_blocks(rows, text_rows, is_readable),
        **{block: name_block(_names(rows, column), WIDTHS[block], block) for block, column in NAMES.items()},
        "package": package_block(_numbers(rows, "package_quantity"), _names(rows, "package_unit"), WIDTHS["package"]),
        "market": market_block(_market_columns(rows)),
    }
    vectors = np.zeros((rows.num_rows, sum(WIDTHS.values())), dtype=np.float32)
    start = 0
    for block, width in WIDTHS.items():
        vectors[:, start : start + width] = np.sqrt(getattr(parameters, block)) * blocks.pop(block)
        start += width
    return np.round(unit_rows(vectors), 6).astype(np.float32)


def _text_blocks(rows: pa.Table, text_rows: pa.Table, is_readable: bool) -> dict[str, FloatArray]:
    """Both blocks are made of distinct texts, and each product has those of its text; without a text, zeros."""
    texts = text_rows.sort_by("product_text")
    words = word_block(texts["product_text"].to_pylist(), WIDTHS["text"])
    readings = vector_matrix(texts["embedding"]) if is_readable else np.zeros((texts.num_rows, 0), dtype=np.float32)
    read = reading_block(readings, WIDTHS["reading"])
    found = pc.index_in(rows["product_text"], value_set=texts["product_text"].combine_chunks())
    place = np.asarray(pc.fill_null(found, texts.num_rows).to_numpy(), dtype=np.int64)
    return {"text": _with_nothing(words)[place], "reading": _with_nothing(read)[place]}


def _market_columns(rows: pa.Table) -> list[FloatArray]:
    return [
        np.log1p(np.maximum(_numbers(rows, "price_paid"), 0)),
        _numbers(rows, "price_position"),
        np.log1p(_numbers(rows, "weekly_units")),
        np.log1p(_numbers(rows, "customers")),
        _numbers(rows, "promoted_share"),
        _numbers(rows, "repeat_share"),
        _numbers(rows, "rating"),
        _numbers(rows, "competitor_gap"),
    ]


def _names(rows: pa.Table, column: str) -> list[str | None]:
    return [None if name == UNKNOWN_CATEGORY else name for name in rows[column].to_pylist()]


def _numbers(rows: pa.Table, column: str) -> FloatArray:
    return np.asarray(pc.cast(rows[column], pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _with_nothing(block: FloatArray) -> FloatArray:
    """With a last row of zeros, for products without a text."""
    return np.concatenate([block, np.zeros((1, block.shape[1]))])
