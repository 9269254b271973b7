"""What customers say of a product moves it up or down in the lists.

Source: personalization article, feedback: recommendations are adjusted by what customers answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import FloatArray, positions, texts

FEEDBACK_SCHEMA = pa.schema([pa.field("product_id", pa.string()), pa.field("factor", pa.float64())])


def feedback_factors(feedback: pa.Table, product_ids: NDArray[Any]) -> FloatArray:
    """By how much the score of each product is multiplied: 1 where nobody answered on it.

    Args:
        feedback: rows of :data:`FEEDBACK_SCHEMA`, one a product; may be empty.
        product_ids: sorted.

    Returns:
        Shape (products,), each 0 or more.
    """
    place = positions(product_ids, texts(feedback["product_id"]))
    factors = np.ones(len(product_ids))
    factors[place[place >= 0]] = np.asarray(feedback["factor"].to_numpy(), dtype=np.float64)[place >= 0]
    return np.maximum(factors, 0.0)


def with_feedback(scores: FloatArray, factors: FloatArray) -> FloatArray:
    """Scores, which are shares or probabilities, times the factors of their products; at most 1."""
    return np.asarray(np.minimum(scores * factors, 1.0), dtype=np.float64)
