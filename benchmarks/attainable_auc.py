"""The conversion classifier on the sample, against the best that its process allows.

The sample's generator knows the chance of each opportunity given its whole latent state; nobody who reads notes can
rank better. What a model attains is the share of the way from 0.5 to that.
"""

from __future__ import annotations

import duckdb
import numpy as np
from _opportunities import opportunities, table
from _report import Figure, show
from sklearn.metrics import roc_auc_score

from upswing.opportunities.conversion_evaluation import SPLIT, TARGET, closed_later, closed_with_visits
from upswing.sample.complete_journey import SAMPLE_FOLDER

TEST_SHARE = 0.25


def main() -> list[Figure]:
    """One row a competitor, on the opportunities that test in the warehouse's newest fit."""
    closed = closed_with_visits(opportunities())
    test = closed[closed_later(closed, TEST_SHARE)]
    truth = dict(
        duckdb.sql(
            f"select opportunity_id, win_probability from '{SAMPLE_FOLDER}/truth/opportunities.parquet'"
        ).fetchall()
    )
    best = float(roc_auc_score(test.is_won, np.array([truth[name] for name in test.opportunity_ids])))
    measured = table(
        "select competitor, value from marts.model_metrics inner join marts.model_runs using (model_version) "
        "where is_newest and model_runs.model_name = 'conversion_classifier' and metric = 'roc_auc' "
        f"and split = '{SPLIT}' and target = '{TARGET}' order by value desc"
    )
    return [
        Figure(
            f"ROC-AUC on {len(test)} later opportunities: {row['competitor']}",
            f"{row['value']:.3f}",
            f"attainable {best:.3f}",
            f"{(row['value'] - 0.5) / (best - 0.5):.0%}",
            "reported",
            "",
        )
        for row in measured.to_pylist()
    ]


if __name__ == "__main__":
    show(main())
