"""What an elasticity means to whoever sets the price, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PRICE_CUT = 0.1
BORROWED_BELOW = 0.1
"""Weight of a product's own data below which its elasticity is called its category's."""


def price_verdicts(elasticities: FloatArray, lower: FloatArray, upper: FloatArray, weights: FloatArray) -> list[str]:
    """A sentence for each product; nan in all four where no price of any product ever moved."""
    return [
        _verdict(*(float(value) for value in values))
        for values in zip(elasticities, lower, upper, weights, strict=True)
    ]


def _verdict(elasticity: float, lower: float, upper: float, weight: float) -> str:
    if not np.isfinite(elasticity):
        return "not known, for prices did not move"
    source = "; from its category, for its own data say little" if weight < BORROWED_BELOW else ""
    if lower <= 0 <= upper:
        return f"no effect of price can be told from chance{source}"
    if lower > 0:
        return f"more is sold at higher prices, so that price stands for something else here{source}"
    change = (1 - PRICE_CUT) ** elasticity - 1
    reaction = f"a price {PRICE_CUT:.0%} lower goes with about {change:.0%} more units"
    if upper < -1:
        return f"elastic: {reaction}, and with more revenue{source}"
    if lower > -1:
        return f"inelastic: {reaction}, and with less revenue{source}"
    return f"{reaction}; whether with more revenue cannot be told{source}"
