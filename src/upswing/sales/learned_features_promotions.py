"""What the learned candidates see of promotions and prices."""

from __future__ import annotations

import numpy as np

from upswing.sales.forecast_panel import FloatArray, IntArray, SalesPanel

PROMOTION_WEEKS = 13
PRICE_WEEKS = 4


def known_promotions(panel: SalesPanel, origin: int, planned_weeks: int) -> dict[str, FloatArray]:
    """Promotions and prices of the weeks before, and, where plans are delivered, the promotion of the week itself.

    From the origin on the weeks before are those before the origin. Later than the last planned week nothing is known
    of the week itself, and the series' recent mean stands in.

    Returns:
        Of each feature shape (n, T + horizon), no NaN.
    """
    past = panel.promotion_reach[:, : len(panel.weeks)]
    before = np.minimum(np.arange(panel.promotion_reach.shape[1]), origin)
    mean_reach = _mean_before(past, before, PROMOTION_WEEKS, 0.0)
    found = {
        "mean_reach": mean_reach,
        "mean_promoted_share": _mean_before(panel.promoted_share, before, PROMOTION_WEEKS, 0.0),
        "mean_price_ratio": _mean_before(panel.price_ratio, before, PRICE_WEEKS, 1.0),
    }
    if planned_weeks:
        known_until = min(origin + planned_weeks, len(panel.weeks) + panel.planned_weeks)
        is_unknown = np.arange(panel.promotion_reach.shape[1]) >= max(origin, known_until)
        found["reach"] = np.where(is_unknown, mean_reach, np.nan_to_num(panel.promotion_reach, nan=0.0))
    return found


def _mean_before(values: FloatArray, before: IntArray, weeks: int, default: float) -> FloatArray:
    """Mean of the known values of so many weeks before each week of ``before``; the default where none is known."""
    is_known = np.isfinite(values)
    sums, numbers = (
        np.concatenate([np.zeros((len(values), 1)), np.cumsum(part, axis=1)], axis=1)
        for part in (np.where(is_known, values, 0.0), is_known.astype(np.float64))
    )
    begin = np.maximum(before - weeks, 0)
    number = numbers[:, before] - numbers[:, begin]
    return np.where(number > 0, (sums[:, before] - sums[:, begin]) / np.maximum(number, 1), default)
