"""All benchmarks, one after the other, and one table at the end."""

from __future__ import annotations

import sys

import adjustment_loop
import attainable_auc
import basket_rules
import dashboard
import experiments
import feedback
import forecast_features
import forecast_series
import inventory_counts
import inventory_policy
import masks
import nearest_centre
import price_elasticities
import pushes
import recommendations
import rescoring
import sales_anomalies
import second_build
import streamed_scoring
import surge_networks
import uplift
import visit_texts
from _report import Figure, show

BENCHMARKS = (
    surge_networks,
    nearest_centre,
    visit_texts,
    rescoring,
    attainable_auc,
    streamed_scoring,
    basket_rules,
    recommendations,
    forecast_series,
    forecast_features,
    sales_anomalies,
    price_elasticities,
    inventory_policy,
    inventory_counts,
    adjustment_loop,
    experiments,
    uplift,
    feedback,
    pushes,
    masks,
    dashboard,
    second_build,
)


def main() -> list[Figure]:
    """Figures of all benchmarks."""
    rows: list[Figure] = []
    for benchmark in BENCHMARKS:
        print(f"running {benchmark.__name__} ...", file=sys.stderr, flush=True)
        rows.extend(benchmark.main())
    return rows


if __name__ == "__main__":
    show(main())
