"""The weeks of all products side by side, as the regressions of price take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.sales.forecast_panel import holds_month_start

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PRICE, PROMOTION, MONTH_START, TREND, RIVAL = range(5)
DAYS_A_WEEK = 7
WEEKS_A_YEAR = 52.0


@dataclass(frozen=True)
class PricePanel:
    """Weeks with a sale of n products, side by side from the left; T is the most weeks that one has.

    Attributes:
        products, categories: shape (n,), sorted by product.
        used: which of the T places hold a week, shape (n, T).
        counts: units in usual orders of the product; log_prices: against its median; shape (n, T).
        columns: price, promotion reach, month start, trend, rivals' price; shape (n, T, 5), nan where no rival was
            seen.
        offset: log of the chain's orders against its mean, shape (n, T).
        average_prices: revenue by units, shape (n,).
    """

    products: pa.Array
    categories: pa.Array
    used: BoolArray
    counts: FloatArray
    columns: FloatArray
    offset: FloatArray
    average_prices: FloatArray


def price_panel(weeks: pa.Table) -> PricePanel:
    """Lay ``int_price_weeks`` out by product.

    Args:
        weeks: product_id, category, week_starting, units (above 0), orders, price_paid (above 0), promotion_reach,
            chain_orders, rival_log_price (null where no rival was seen).
    """
    rows = weeks.sort_by([("product_id", "ascending"), ("week_starting", "ascending")]).combine_chunks()
    encoded = pc.dictionary_encode(rows["product_id"].combine_chunks())
    product = encoded.indices.to_numpy().astype(np.int64)
    count = np.bincount(product, minlength=len(encoded.dictionary))
    start = np.cumsum(count) - count
    place = np.arange(len(product)) - start[product]
    shape = (len(count), int(count.max()) if len(count) else 0)

    def spread(values: FloatArray) -> FloatArray:
        laid_out = np.full(shape, np.nan)
        laid_out[product, place] = values
        return laid_out

    def column(name: str) -> FloatArray:
        return np.asarray(rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)

    units, orders, prices = column("units"), np.maximum(column("orders"), 1.0), column("price_paid")
    units_of = np.bincount(product, units, len(count))
    usual_order = units_of / np.maximum(np.bincount(product, orders, len(count)), 1.0)
    log_prices = spread(np.log(prices))
    days = rows["week_starting"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    level = np.log(np.maximum(column("chain_orders"), 1.0))
    columns = [
        log_prices - np.nanmedian(log_prices, axis=1, keepdims=True) if len(count) else log_prices,
        spread(column("promotion_reach")),
        spread(holds_month_start(days.astype("datetime64[D]"))),
        spread((days - (days.min() if len(days) else 0)) / (DAYS_A_WEEK * WEEKS_A_YEAR)),
        spread(column("rival_log_price")),
    ]
    return PricePanel(
        encoded.dictionary,
        rows["category"].combine_chunks().take(pa.array(start)),
        np.isfinite(log_prices),
        spread(units / usual_order[product]),
        np.stack(columns, axis=2),
        spread(level - level.mean()) if len(level) else spread(level),
        np.bincount(product, units * prices, len(count)) / np.maximum(units_of, 1e-12),
    )
