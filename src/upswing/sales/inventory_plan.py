"""When and how much to order: the quantiles of the demand until a delivery comes.

Demand over some days is negative binomial with the mean and variance of the forecast; where the variance is no larger
than the mean, Poisson. Stock that is reviewed every R days and delivered L days after an order must last for L + R:
what is not ordered now comes a review later. Source of the policy: Silver, Pyke and Thomas, Inventory and Production
Management in Supply Chains (4th edition), chapter 6 (periodic review, cycle service level).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

DEMAND_COLUMNS = (
    "on_hand",
    "delivery_units",
    "delivery_variance",
    "protection_units",
    "protection_variance",
)

PLAN_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("store_id", pa.string()),
        pa.field("safety_stock", pa.float64()),
        pa.field("reorder_point", pa.float64()),
        pa.field("order_up_to_level", pa.float64()),
        pa.field("stockout_probability", pa.float64()),
    ]
)

CLEARLY_ABOVE = 1e-9
"""A sum of forecasts that lies above a whole number by no more than this is that number."""


@dataclass(frozen=True)
class InventoryPlanParameters:
    """How safe the stock is to be.

    Attributes:
        service_level: the share of order cycles without a stock-out, above 0 and below 1.
    """

    service_level: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.service_level < 1:
            raise ValueError(
                f"var service_level is {self.service_level}; expected a share above 0 and below 1, such as 0.95"
            )


def plan_stock(demand: pa.Table, parameters: InventoryPlanParameters) -> pa.Table:
    """The plan of each shelf, of ``PLAN_SCHEMA``, in order of product and store.

    Args:
        demand: a row a shelf: product_id, store_id, on_hand, and of the demand until the next delivery
            (``delivery_units``, ``delivery_variance``) and until the one after the next review (``protection_units``,
            ``protection_variance``) mean and variance, in units.
        parameters: how safe.

    Returns:
        ``reorder_point``: units that last until the delivery after the next review with probability service_level;
        ``safety_stock``: how far it lies above the mean demand, not below 0;
        ``order_up_to_level``: the reorder point and the mean demand of a review's days, whole units;
        ``stockout_probability``: that more is asked for than is on hand before the next delivery.
    """
    demand = demand.sort_by([("product_id", "ascending"), ("store_id", "ascending")])
    on_hand, mean, variance, protected, protected_variance = (
        np.asarray(demand[name].to_numpy(zero_copy_only=False), np.float64) for name in DEMAND_COLUMNS
    )
    reorder_point = demand_quantile(protected, protected_variance, parameters.service_level)
    cycle = np.ceil(np.maximum(protected - mean, 0) - CLEARLY_ABOVE)
    columns = {
        "safety_stock": np.maximum(reorder_point - protected, 0),
        "reorder_point": reorder_point,
        "order_up_to_level": reorder_point + cycle,
        "stockout_probability": demand_above(mean, variance, on_hand),
    }
    return pa.table(
        [
            demand["product_id"].cast(pa.string()),
            demand["store_id"].cast(pa.string()),
            *(pa.array(np.round(values, 6), pa.float64()) for values in columns.values()),
        ],
        schema=PLAN_SCHEMA,
    )


def demand_quantile(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """The least whole number of units that demand does not exceed with probability ``share``; 0 without demand."""
    clumped, size, chance = _negative_binomial(mean, variance)
    quantile = stats.poisson.ppf(share, np.maximum(mean, 0))
    quantile[clumped] = stats.nbinom.ppf(share, size, chance)
    return np.asarray(np.maximum(quantile, 0), np.float64)


def demand_above(mean: FloatArray, variance: FloatArray, units: FloatArray) -> FloatArray:
    """Probability of a demand above ``units``, in [0, 1]; 0 without demand."""
    clumped, size, chance = _negative_binomial(mean, variance)
    above = stats.poisson.sf(units, np.maximum(mean, 0))
    above[clumped] = stats.nbinom.sf(units[clumped], size, chance)
    return np.asarray(np.clip(above, 0, 1), np.float64)


def _negative_binomial(mean: FloatArray, variance: FloatArray) -> tuple[NDArray[np.bool_], FloatArray, FloatArray]:
    """Which demands vary more than a Poisson one, and their size and chance as ``scipy.stats.nbinom`` has them."""
    clumped = (mean > 0) & (variance > mean * (1 + 1e-6))
    size = mean[clumped] ** 2 / (variance[clumped] - mean[clumped])
    return clumped, size, mean[clumped] / variance[clumped]
