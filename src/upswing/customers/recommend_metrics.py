"""How good lists of recommendations are, customer by customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from upswing.customers.purchase_matrix import FloatArray, IntArray
from upswing.verdicts import compared

LENGTH = 10
RESAMPLES = 500


@dataclass(frozen=True)
class Measured:
    """Figures of one competitor, of each customer who bought anything relevant.

    Attributes:
        recall: share of what the customer bought that was named.
        ndcg: discounted gain over that of the best list possible (Järvelin and Kekäläinen, Cumulated gain-based
            evaluation of IR techniques, 2002), 0 to 1.
        hit: 1 where anything named was bought, else 0.
        named: places of the products that were named, once for each customer they were named to.
    """

    recall: FloatArray
    ndcg: FloatArray
    hit: FloatArray
    named: IntArray


def measured(
    customers: int, row: IntArray, product: IntArray, rank: IntArray, relevant: IntArray, products: int
) -> Measured:
    """Of the lists of some customers, of whom those without anything relevant are left out.

    Args:
        customers: how many there are.
        row, product, rank: of each recommendation the customer (from 0), the product's place, and the rank from 0.
        relevant: customer times ``products`` plus product of what was bought, each once.
        products: how many there are.
    """
    within = rank < LENGTH
    row, product, rank = row[within], product[within], rank[within]
    is_hit = np.isin(row * products + product, relevant)
    bought = np.bincount(relevant // products, minlength=customers)
    hits = np.bincount(row[is_hit], minlength=customers)
    gains = 1 / np.log2(np.arange(LENGTH) + 2)
    gain = np.bincount(row[is_hit], gains[rank[is_hit]], minlength=customers)
    asked = bought > 0
    ideal = np.cumsum(gains)[np.minimum(bought[asked], LENGTH) - 1]
    return Measured(
        hits[asked] / bought[asked], gain[asked] / ideal, (hits[asked] > 0).astype(np.float64), product[asked[row]]
    )


def pooled(parts: list[Measured]) -> Measured:
    """Figures of several batches as one."""

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    return Measured(*(column(name) for name in Measured.__dataclass_fields__))


def figures(found: Measured, active_customers: IntArray, customers: int, offered: int) -> dict[str, float]:
    """Means over the customers, coverage and novelty, by name of the metric.

    Args:
        found: of one competitor.
        active_customers: customers of each product in the weeks before the cut.
        customers: all who bought anything in these weeks.
        offered: products that could be recommended.
    """
    if not len(found.recall):
        return {}
    shares = np.maximum(active_customers[found.named], 1) / max(customers, 1)
    return {
        f"recall_at_{LENGTH}": float(found.recall.mean()),
        f"ndcg_at_{LENGTH}": float(found.ndcg.mean()),
        f"hit_rate_at_{LENGTH}": float(found.hit.mean()),
        "coverage": len(np.unique(found.named)) / max(offered, 1),
        "novelty": float(-np.log2(shares).mean()) if len(shares) else float("nan"),
        "rows": float(len(found.recall)),
    }


def verdict_of(target: str, found: dict[str, Measured]) -> str:
    """One sentence: NDCG of ``model`` against its best baseline, and whether the difference is more than chance.

    The interval is the middle 95 % of the mean differences over bootstrap resamples of the customers, drawn with a
    fixed seed.
    """
    customers = len(found["model"].ndcg)
    if not customers:
        return f"{target}: not measurable, for no test customer bought anything of the kind"
    means = {name: float(competitor.ndcg.mean()) for name, competitor in found.items()}
    rival = max((name for name in sorted(found) if name != "model"), key=lambda name: means[name])
    differences = found["model"].ndcg - found[rival].ndcg
    generator = np.random.default_rng(7)
    resampled = [differences[generator.integers(0, customers, customers)].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, [0.025, 0.975])
    verb = compared(low, high)
    return (
        f"{target}: the model {verb} its best baseline {rival}: NDCG@{LENGTH} {means['model']:.3f} against "
        f"{means[rival]:.3f}, difference {low:+.3f} to {high:+.3f} on {customers:,} customers"
    )
