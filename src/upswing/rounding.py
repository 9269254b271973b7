"""How figures of marts are rounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PLACES = 6
"""Decimals of a figure that a mart keeps."""

CHANCE_DIGITS = 4
"""Digits that a probability of chance keeps however small it is: 0.00000001 is not 0."""


def rounded(name: str, values: FloatArray) -> FloatArray:
    """A column of a mart to :data:`PLACES` decimals; p- and q-values that are small to :data:`CHANCE_DIGITS` digits.

    Args:
        name: of the column; it ends in ``p_value`` or ``q_value`` where it is one.
        values: may hold NaN.
    """
    values = np.asarray(values, np.float64)
    if not name.endswith(("p_value", "q_value")):
        return np.asarray(np.round(values, PLACES))
    with np.errstate(divide="ignore"):
        places = CHANCE_DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** np.clip(places, PLACES, 300)
    return np.asarray(np.round(values * scale) / scale)
