"""How the customer predictor was chosen: by validation on snapshots that are older than the one its figures are of.

Reads the snapshots of the built warehouse. The two newest days whose windows were over by the tested day validate, each
with what was known by then to learn from, as the fit measures; no row that tests is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from upswing.customers.boosted_trees import BoostedTrees, BoostingParameters
from upswing.customers.category_intent import CategoryIntent, CategoryIntentParameters, complete_rows, labels_of
from upswing.customers.customer_predictor import (
    RISES_WITH_CHURN,
    CustomerPredictorParameters,
    customer_folds,
    train_purchase,
    train_spend,
)
from upswing.customers.customer_predictor_measures import time_split
from upswing.customers.customer_snapshots import FEATURES, CustomerSnapshots
from upswing.customers.purchase_baselines import logistic_regression
from upswing.customers.spend_given_purchase import SpendGivenPurchase
from upswing.one_thread import hold_one_thread

PARAMETERS = CustomerPredictorParameters(churn_weeks=8, intent_days=30, recent_weeks=4, active_weeks=13)
VALIDATION_DAYS = 2

FloatArray = NDArray[np.float64]
Split = tuple[CustomerSnapshots, CustomerSnapshots]
Learner = Callable[[CustomerSnapshots, CustomerSnapshots], FloatArray]


def table(name: str) -> pa.Table:
    """A table of the built warehouse."""
    warehouse = Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")) / "upswing.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.sql(f"select * from intermediate.{name}").to_arrow_table()


def validation_days(days: NDArray[np.datetime64], window_days: int) -> list[np.datetime64]:
    """The newest days whose windows were over by the tested day, which is the newest of ``days``."""
    over = np.unique(days[days + np.timedelta64(window_days, "D") <= days.max()])
    return list(over[-VALIDATION_DAYS:])


def splits(snapshots: CustomerSnapshots, usable: NDArray[np.bool_], window_days: int) -> list[Split]:
    """What trains and what validates, a pair a validation day."""
    found = []
    for day in validation_days(snapshots.days[usable], window_days):
        masks = time_split(snapshots.days, usable & (snapshots.days <= day), window_days)
        if masks is not None:
            found.append((snapshots[masks[0]], snapshots[masks[1]]))
    return found


def trees(outcome: str, sign: int, **changes: Any) -> Learner:
    """Boosted trees with changed parameters; ``sign`` 0 leaves the directions free."""
    parameters = replace(PARAMETERS.boosting, **changes)
    directions = tuple(sign * RISES_WITH_CHURN.get(name, 0) for name in FEATURES)

    def learn(known: CustomerSnapshots, asked: CustomerSnapshots) -> FloatArray:
        folds = customer_folds(known, parameters.folds)
        trained = BoostedTrees.train(known.values, getattr(known, outcome), folds, parameters, directions)
        return trained.probabilities(asked.values)

    return learn


def regression(outcome: str) -> Learner:
    """The linear baseline."""

    def learn(known: CustomerSnapshots, asked: CustomerSnapshots) -> FloatArray:
        scores = logistic_regression(known.values, getattr(known, outcome))(asked.values)
        return np.asarray(1 / (1 + np.exp(-scores)))

    return learn


def classifiers(outcome: str, sign: int) -> dict[str, Learner]:
    """What was tried for churn and purchase intent."""
    return {
        "4 leaves, directions held (default)": trees(outcome, sign),
        "4 leaves": trees(outcome, 0),
        "8 leaves, directions held": trees(outcome, sign, leaves=8),
        "16 leaves, directions held": trees(outcome, sign, leaves=16),
        "4 leaves, directions held, rate 0.1": trees(outcome, sign, learning_rate=0.1),
        "logistic regression": regression(outcome),
    }


def boosted_regression(objective: str, known: CustomerSnapshots, asked: CustomerSnapshots) -> FloatArray:
    """Boosted trees of the spend with another objective, 120 rounds."""
    import lightgbm

    settings = {"objective": objective, "learning_rate": 0.05, "num_leaves": 4, "min_data_in_leaf": 100}
    settings |= {"lambda_l2": 10.0, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(known.values, known.spend), 120)
    return np.asarray(booster.predict(asked.values))


def hurdle(known: CustomerSnapshots, asked: CustomerSnapshots) -> FloatArray:
    """The predictor's own: P(purchase) x linear spend given purchase."""
    purchase = train_purchase(known, PARAMETERS).probabilities(asked.values)
    return purchase * train_spend(known, PARAMETERS).predict(asked.values)


def hurdle_of_trees(known: CustomerSnapshots, asked: CustomerSnapshots) -> FloatArray:
    """P(purchase) x boosted spend given purchase."""
    purchase = train_purchase(known, PARAMETERS).probabilities(asked.values)
    return purchase * boosted_regression("gamma", known[known.has_bought == 1], asked)


SPENDERS: dict[str, Learner] = {
    "P(purchase) x linear spend (default)": hurdle,
    "P(purchase) x boosted spend": hurdle_of_trees,
    "boosted Tweedie": lambda known, asked: boosted_regression("tweedie", known, asked),
    "linear": lambda known, asked: SpendGivenPurchase.train(known.values, known.spend, 10.0).predict(asked.values),
}

CATEGORY_BOOSTING = {
    "8 leaves (default)": BoostingParameters(learning_rate=0.1, leaves=8),
    "4 leaves": BoostingParameters(learning_rate=0.1, leaves=4),
    "16 leaves, rate 0.05": BoostingParameters(learning_rate=0.05, leaves=16),
}


def show(name: str, figures: Sequence[tuple[float, ...]], labels: str) -> None:
    """One line: the means over the validation days."""
    means = np.mean(figures, axis=0)
    print(
        f"{name:<40}" + "".join(f"{label:>10} {mean:8.4f}" for label, mean in zip(labels.split(), means, strict=True))
    )


def of_classes(labels: FloatArray, probabilities: FloatArray) -> tuple[float, ...]:
    """ROC-AUC, PR-AUC and log loss."""
    return (
        float(roc_auc_score(labels, probabilities)),
        float(average_precision_score(labels, probabilities)),
        float(log_loss(labels, probabilities)),
    )


if __name__ == "__main__":
    snapshots = CustomerSnapshots.sorted_from_arrow(table("int_customer_snapshots"))
    hold_one_thread()
    for outcome, usable, window, sign in (
        ("has_churned", snapshots.can_churn, PARAMETERS.churn_days, 1),
        ("has_bought", snapshots.has_intent_window, PARAMETERS.intent_days, -1),
    ):
        pairs = splits(snapshots, usable, window)
        print(f"\n{outcome}: " + ", ".join(f"{asked.days[0]} ({len(asked):,} rows)" for _, asked in pairs))
        for name, learn in classifiers(outcome, sign).items():
            figures = [of_classes(getattr(asked, outcome), learn(known, asked)) for known, asked in pairs]
            show(name, figures, "ROC-AUC PR-AUC log_loss")
    print("\nexpected spend")
    for name, learn in SPENDERS.items():
        errors = []
        for known, asked in splits(snapshots, snapshots.has_intent_window, PARAMETERS.intent_days):
            gap = learn(known, asked) - asked.spend
            rank = float(spearmanr(gap + asked.spend, asked.spend).statistic)
            errors.append((float(np.abs(gap).mean()), float(np.sqrt((gap**2).mean())), rank, float(gap.mean())))
        show(name, errors, "MAE RMSE spearman bias")
    rows = complete_rows(table("int_customer_category_snapshots"), date.max, PARAMETERS.intent_days)
    days = np.array(rows["snapshot_on"].to_pylist(), dtype="datetime64[D]")
    print("\ncategory intent")
    for name, boosting in CATEGORY_BOOSTING.items():
        figures = []
        for day in validation_days(days, PARAMETERS.intent_days):
            trained = CategoryIntent.train(
                rows, day.astype(date), CategoryIntentParameters(PARAMETERS.intent_days, boosting=boosting)
            )
            asked = rows.filter(pa.array(days == day))
            figures.append(of_classes(labels_of(asked), trained.probabilities(asked)))
        show(name, figures, "ROC-AUC PR-AUC log_loss")
