"""Made touches of experiments with effects that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.marketing.uplift_rows import UPLIFT_FEATURES, UpliftParameters

QUICK = UpliftParameters(50, 0.95, rounds=30, min_rows_per_leaf=20, folds=3, l2=5.0, ridge=20.0, learning_rate=0.1)


@dataclass(frozen=True)
class Campaign:
    """How a made campaign is drawn.

    Attributes:
        share: of customers with an offer.
        base: probability of a conversion of who is away 0 days.
        effect: on who is not lapsed.
        effect_on_lapsed: on who is more than 30 days away.
        shift: added to each customer's stores_active, which nothing depends on.
    """

    share: float = 0.5
    base: float = 0.8
    effect: float = 0.0
    effect_on_lapsed: float = 0.4
    shift: float = 0.0


def touch_rows(campaigns: list[Campaign], customers: int = 1500, seed: int = 3) -> tuple[pa.Table, NDArray[np.float64]]:
    """As ``int_uplift_touches`` holds them, by campaign and customer, and the effect on each row."""
    rng = np.random.default_rng(seed)
    tables, effects = [], []
    for number, campaign in enumerate(campaigns):
        values = {name: rng.uniform(0, 1, customers) for name in UPLIFT_FEATURES}
        away = rng.integers(1, 61, customers).astype(np.float64)
        values |= {"recency_days": away, "stores_active": values["stores_active"] + campaign.shift}
        values["average_basket"] = rng.uniform(10, 30, customers)
        values["promoted_share"] = np.where(rng.random(customers) < 0.2, np.nan, values["promoted_share"])
        base = campaign.base * (1 - away / 70)
        effect = np.where(away > 30, campaign.effect_on_lapsed, campaign.effect)
        treated = rng.random(customers) < campaign.share
        converted = rng.random(customers) < np.where(treated, base + effect, base)
        tables.append(
            pa.table(
                {
                    "campaign_id": [f"p{number}"] * customers,
                    "customer_id": [f"c{customer:04d}" for customer in range(customers)],
                    "is_treated": treated,
                    "treated_share": [float(treated.mean())] * customers,
                    "is_converted": converted,
                    "response_revenue": np.where(converted, values["average_basket"], 0.0),
                    "touched_on": [date(2024, 6, 1)] * customers,
                }
                | {name: pa.array(column, from_pandas=True) for name, column in values.items()}
            )
        )
        effects.append(effect)
    return pa.concat_tables(tables), np.concatenate(effects)
