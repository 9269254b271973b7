"""How units go with price: the elasticity of each product, its own data and its category's each given their due.

Within a product, log of the expected units = constant + elasticity · log price paid + lift · share of the stores that
have it on display or in the mailer + whether the week holds the first of a month + trend + log of the orders of the
whole chain in that week. The estimates are then shrunken towards their category's. It is an association of prices as
they were set, not the outcome of an experiment.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.rounding import rounded
from upswing.sales.market_trends_statistics import q_values
from upswing.sales.price_elasticities_panel import PRICE, PROMOTION, RIVAL, PricePanel, price_panel
from upswing.sales.price_elasticities_regression import Regressions, count_regressions, line_regressions
from upswing.sales.price_elasticities_shrinkage import shrink
from upswing.sales.price_elasticities_verdicts import price_verdicts

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NORMAL_95 = 1.959963984540054
PRODUCTS_AT_ONCE = 5_000

NUMBERS = (
    "average_price",
    "price_spread",
    "elasticity",
    "standard_error",
    "lower_95",
    "upper_95",
    "own_elasticity",
    "own_standard_error",
    "own_data_weight",
    "category_elasticity",
    "category_standard_error",
    "ols_elasticity",
    "usual_promotion_reach",
    "promotion_lift",
    "promotion_lift_lower_95",
    "promotion_lift_upper_95",
    "cross_elasticity",
    "cross_lower_95",
    "cross_upper_95",
    "cross_p_value",
    "cross_q_value",
)
ELASTICITY_SCHEMA = pa.schema(
    [("product_id", pa.string()), ("category", pa.string()), ("weeks", pa.int64()), ("rival_weeks", pa.int64())]
    + [(name, pa.float64()) for name in NUMBERS]
    + [("is_significant", pa.bool_()), ("is_cross_significant", pa.bool_()), ("verdict", pa.string())]
)


@dataclass(frozen=True)
class ElasticityParameters:
    """What an elasticity needs.

    Attributes:
        min_weeks: weeks with a sale, and for a cross-elasticity weeks with a rival's price besides; at least 8.
        false_discovery_rate: share of false ones among the effects of rivals' prices that are reported, above 0 and
            below 1.
    """

    min_weeks: int = 20
    false_discovery_rate: float = 0.05

    def __post_init__(self) -> None:
        if self.min_weeks < 8:
            raise ValueError(f"var min_elasticity_weeks is {self.min_weeks}; expected a whole number, at least 8")
        if not 0 < self.false_discovery_rate < 1:
            raise ValueError(
                f"var market_false_discovery_rate is {self.false_discovery_rate}; expected a share between 0 and 1"
            )


def price_elasticities(weeks: pa.Table, parameters: ElasticityParameters) -> pa.Table:
    """Estimate all elasticities.

    Args:
        weeks: as of :func:`price_panel`; products with fewer than min_weeks weeks are left out.

    Returns:
        A row a product, of ``ELASTICITY_SCHEMA``, sorted by product.
    """
    panel = price_panel(_with_history(weeks, parameters.min_weeks))
    if not len(panel.products):
        return ELASTICITY_SCHEMA.empty_table()
    used = panel.used
    _labels, groups = np.unique(np.asarray(panel.categories.to_pylist(), dtype=object).astype(str), return_inverse=True)
    own = estimate(panel, used, RIVAL)
    seen = used & np.isfinite(panel.columns[:, :, RIVAL])
    with_rival = estimate(panel, seen & (seen.sum(axis=1) >= parameters.min_weeks)[:, None], RIVAL + 1)
    logs = np.where(used, np.log(np.where(used, panel.counts, 1.0)), 0.0)
    lines = line_regressions(logs, np.concatenate([panel.columns[:, :, :RIVAL], panel.offset[..., None]], axis=2), used)
    found: dict[str, FloatArray] = {
        "average_price": panel.average_prices,
        "price_spread": np.nanstd(panel.columns[:, :, PRICE], axis=1),
        "own_elasticity": own.coefficients[:, PRICE],
        "own_standard_error": own.errors[:, PRICE],
        "ols_elasticity": lines.coefficients[:, PRICE],
    }
    found |= _shrunken(own.coefficients[:, PRICE], own.errors[:, PRICE], groups)
    found |= _lifts(panel, own, groups)
    found |= _crossed(with_rival)
    found["cross_q_value"] = q_values(found["cross_p_value"])
    return _table(panel, seen, {name: rounded(name, found[name]) for name in NUMBERS}, parameters)


def estimate(panel: PricePanel, used: BoolArray, columns: int) -> Regressions:
    """Regress the counts on the first so many columns, some thousand products at once."""
    parts = [slice(at, at + PRODUCTS_AT_ONCE) for at in range(0, len(used), PRODUCTS_AT_ONCE)]
    solved = [
        count_regressions(panel.counts[part], panel.columns[part, :, :columns], panel.offset[part], used[part])
        for part in parts
    ]
    return Regressions(*(np.concatenate([getattr(one, field.name) for one in solved]) for field in fields(Regressions)))


def _with_history(weeks: pa.Table, min_weeks: int) -> pa.Table:
    counts = weeks.group_by("product_id").aggregate([("week_starting", "count")])
    enough = counts.filter(pc.greater_equal(counts["week_starting_count"], min_weeks))["product_id"]
    return weeks.filter(pc.is_in(weeks["product_id"], value_set=enough.combine_chunks()))


def _shrunken(estimates: FloatArray, errors: FloatArray, groups: NDArray[np.int64]) -> dict[str, FloatArray]:
    names = ("elasticity", "standard_error", "own_data_weight", "category_elasticity", "category_standard_error")
    shrunken = shrink(estimates, errors, groups)
    if shrunken is None:
        return {name: np.full(len(groups), np.nan) for name in (*names, "lower_95", "upper_95")}
    found = (shrunken.effects, shrunken.errors, shrunken.weights, shrunken.group_effects, shrunken.group_errors)
    return dict(zip(names, found, strict=True)) | {
        "lower_95": shrunken.effects - NORMAL_95 * shrunken.errors,
        "upper_95": shrunken.effects + NORMAL_95 * shrunken.errors,
    }


def _lifts(panel: PricePanel, own: Regressions, groups: NDArray[np.int64]) -> dict[str, FloatArray]:
    """Units with the promotion that is usual for the product against none, at the same price, less 1."""
    reach = np.where(panel.used, panel.columns[:, :, PROMOTION], 0.0)
    promoted_weeks = (reach > 0).sum(axis=1)
    usual = np.where(promoted_weeks > 0, reach.sum(axis=1) / np.maximum(promoted_weeks, 1), np.nan)
    found = _shrunken(own.coefficients[:, PROMOTION], own.errors[:, PROMOTION], groups)
    known = np.isfinite(own.coefficients[:, PROMOTION])
    pairs = {"": "elasticity", "_lower_95": "lower_95", "_upper_95": "upper_95"}
    lifts = {f"promotion_lift{end}": np.where(known, np.expm1(usual * found[of]), np.nan) for end, of in pairs.items()}
    return lifts | {"usual_promotion_reach": usual}


def _crossed(crossed: Regressions) -> dict[str, FloatArray]:
    """The effect of rivals' prices by the product's own data alone, drawn to no category, doubted the more."""
    from scipy.special import stdtr, stdtrit

    effects, errors = crossed.coefficients[:, RIVAL], crossed.cautious_errors[:, RIVAL]
    freedom = np.maximum(crossed.freedom, 1.0)
    reach = stdtrit(freedom, 0.975) * errors
    return {
        "cross_elasticity": effects,
        "cross_lower_95": effects - reach,
        "cross_upper_95": effects + reach,
        "cross_p_value": 2 * stdtr(freedom, -np.abs(effects / errors)),
    }


def _table(
    panel: PricePanel, seen: BoolArray, found: dict[str, FloatArray], parameters: ElasticityParameters
) -> pa.Table:
    bounds = found["lower_95"], found["upper_95"]
    significant = (bounds[0] > 0) | (bounds[1] < 0)
    crossed = np.isfinite(found["cross_q_value"])
    columns = {
        "product_id": panel.products,
        "category": panel.categories,
        "weeks": pa.array(panel.used.sum(axis=1), pa.int64()),
        "rival_weeks": pa.array(seen.sum(axis=1), pa.int64()),
        **{name: pa.array(values, pa.float64(), from_pandas=True) for name, values in found.items()},
        "is_significant": pa.array(significant, pa.bool_(), mask=~np.isfinite(bounds[0])),
        "is_cross_significant": pa.array(
            np.nan_to_num(found["cross_q_value"], nan=1.0) <= parameters.false_discovery_rate, pa.bool_(), mask=~crossed
        ),
        "verdict": pa.array(
            price_verdicts(found["elasticity"], bounds[0], bounds[1], found["own_data_weight"]), pa.string()
        ),
    }
    return pa.table([columns[name] for name in ELASTICITY_SCHEMA.names], schema=ELASTICITY_SCHEMA)
