"""The customer predictor beside its baselines, on the newest snapshot whose outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers import category_intent as categories
from upswing.customers.boosted_trees import BoostedTrees
from upswing.customers.category_intent import CategoryIntent, labels_of, matrix
from upswing.customers.customer_predictor import (
    CustomerPredictorParameters,
    customer_folds,
    train_churn,
    train_purchase,
    train_spend,
)
from upswing.customers.customer_predictor_verdicts import customer_verdict, mean_absolute_error, pr_auc, spend_metrics
from upswing.customers.customer_snapshots import FEATURES, FEATURES_WITHOUT_BROWSING, CustomerSnapshots
from upswing.customers.purchase_baselines import Scorer, baseline_probabilities, baseline_spend
from upswing.fits import Metric, NotEnoughHistory, SliceMetric
from upswing.metrics import classification_metrics
from upswing.slices import Groups, of_amounts, of_probabilities, reliability, slices
from upswing.splits import hash_folds

SPLIT = "time"
CHURN, PURCHASE, SPEND, CATEGORY = "churn", "purchase_intent", "expected_spend", "category_intent"
WITHOUT_BROWSING = "without_browsing"
RULE = "manager_rule"
NO_EARLIER = (
    "not measurable, and no best baseline is told, for there is no earlier snapshot whose window was over by then"
)

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Measured = tuple[list[Metric], str, list[SliceMetric]]
Train = Callable[[CustomerSnapshots, CustomerPredictorParameters, tuple[str, ...]], BoostedTrees]


def time_split(days: NDArray[np.datetime64], usable: Mask, window_days: int) -> tuple[Mask, Mask] | None:
    """Masks of the rows that train and that test.

    The newest day with usable rows tests. What trains had its window over by then, so that nothing of a label was
    known later than the day on which the tested customers are looked at.

    Args:
        days: day of each row.
        usable: rows whose outcome is known.
        window_days: length of the window that the outcome looks ahead.

    Returns:
        None where no such row trains.
    """
    if not usable.any():
        return None
    tested = days[usable].max()
    training = usable & (days + np.timedelta64(window_days, "D") <= tested)
    return (training, usable & (days == tested)) if training.any() else None


def measure_churn(snapshots: CustomerSnapshots, parameters: CustomerPredictorParameters, groups: Groups) -> Measured:
    """Metrics, verdict and slices of churn; the manager's rule: the longer ago the last purchase, the likelier."""
    rule = FEATURES.index("recency_days")
    split = time_split(snapshots.days, snapshots.can_churn, parameters.churn_days)
    return _measure_trees(
        CHURN, snapshots, split, train_churn, "has_churned", lambda asked: asked[:, rule], parameters, groups
    )


def measure_purchase(snapshots: CustomerSnapshots, parameters: CustomerPredictorParameters, groups: Groups) -> Measured:
    """Metrics, verdict and slices of purchase intent; the manager's rule: the more orders lately, the likelier."""
    rule = FEATURES.index("orders_recent")
    split = time_split(snapshots.days, snapshots.has_intent_window, parameters.intent_days)
    return _measure_trees(
        PURCHASE, snapshots, split, train_purchase, "has_bought", lambda asked: asked[:, rule], parameters, groups
    )


def _measure_trees(
    target: str,
    snapshots: CustomerSnapshots,
    split: tuple[Mask, Mask] | None,
    train: Train,
    outcome: str,
    rule: Scorer,
    parameters: CustomerPredictorParameters,
    groups: Groups,
) -> Measured:
    if split is None:
        return [], f"{target}: {NO_EARLIER}", []
    known, asked = (snapshots[mask] for mask in split)
    scores = {
        name: train(known, parameters, features).probabilities(asked.matrix(features))
        for name, features in (("model", FEATURES), (WITHOUT_BROWSING, FEATURES_WITHOUT_BROWSING))
    }
    folds = customer_folds(known, parameters.boosting.folds)
    labels = getattr(known, outcome)
    baselines = baseline_probabilities(known.values, labels, folds, asked.values, {RULE: rule})
    return classification_of(target, getattr(asked, outcome), scores | baselines, asked.customer_ids, groups)


def measure_spend(snapshots: CustomerSnapshots, parameters: CustomerPredictorParameters, groups: Groups) -> Measured:
    """Metrics, verdict, slices of expected spend; the rules: as much a day as in the recent, or in the active weeks."""
    split = time_split(snapshots.days, snapshots.has_intent_window, parameters.intent_days)
    if split is None:
        return [], f"{SPEND}: {NO_EARLIER}", []
    known, asked = (snapshots[mask] for mask in split)
    predictions = {
        name: train_purchase(known, parameters, features).probabilities(asked.matrix(features))
        * train_spend(known, parameters, features).predict(asked.matrix(features))
        for name, features in (("model", FEATURES), (WITHOUT_BROWSING, FEATURES_WITHOUT_BROWSING))
    }
    rules = {
        RULE: _pace("revenue_recent", parameters.intent_days / (7 * parameters.recent_weeks)),
        "active_weeks_pace": _pace("revenue_active", parameters.intent_days / (7 * parameters.active_weeks)),
    }
    predictions |= baseline_spend(known.values, known.spend, asked.values, parameters.ridge, rules)
    metrics = [
        Metric(SPLIT, SPEND, name, metric, value)
        for name, predicted in predictions.items()
        for metric, value in spend_metrics(asked.spend, predicted).items()
    ]
    rivals = {name: predicted for name, predicted in predictions.items() if name != WITHOUT_BROWSING}
    told = customer_verdict(asked.spend, rivals, asked.customer_ids, mean_absolute_error, "MAE", False)
    who = asked.customer_ids
    figures = of_amounts(asked.spend, predictions["model"], who)
    return metrics, f"{SPEND}: {told}", slices(SPLIT, SPEND, groups.of(who), who, figures, groups.least)


def measure_category(
    category_rows: pa.Table, as_of_date: date, parameters: CustomerPredictorParameters, groups: Groups
) -> Measured:
    """Metrics, verdict, slices of category intent; the rule of managers: the more days of purchase lately."""
    rows = categories.complete_rows(category_rows, as_of_date, parameters.intent_days).sort_by(
        [("snapshot_on", "ascending"), ("customer_id", "ascending"), ("category", "ascending")]
    )
    days = np.array(rows["snapshot_on"].to_pylist(), dtype="datetime64[D]")
    split = time_split(days, np.ones(len(days), dtype=np.bool_), parameters.intent_days)
    if split is None:
        return [], f"{CATEGORY}: {NO_EARLIER}", []
    known, asked = (rows.filter(pa.array(mask)) for mask in split)
    tested_on = days.max().astype(date)
    features = tuple(name for name in categories.FEATURES if name not in categories.BROWSING_FEATURES)
    try:
        model = CategoryIntent.train(known, tested_on, parameters.category)
        without = CategoryIntent.train(known, tested_on, parameters.category, features)
    except NotEnoughHistory as too_little:
        return [], f"{CATEGORY}: not measurable, and no best baseline is told: {too_little}", []
    scores = {"model": model.probabilities(asked), WITHOUT_BROWSING: without.probabilities(asked)}
    rule = categories.FEATURES.index("order_days_active")
    training, testing = (matrix(part, categories.FEATURES, model.gaps, model.overall_gap) for part in (known, asked))
    folds = hash_folds(known["customer_id"].to_pylist(), parameters.boosting.folds, "category_intent")
    rules: dict[str, Scorer] = {RULE: lambda values: values[:, rule]}
    baselines = baseline_probabilities(training, labels_of(known), folds, testing, rules)
    customers = np.array(asked["customer_id"].to_pylist(), dtype=object)
    return classification_of(CATEGORY, labels_of(asked), scores | baselines, customers, groups)


def classification_of(
    target: str, labels: FloatArray, scores: dict[str, FloatArray], customers: NDArray[Any], groups: Groups
) -> Measured:
    """Metrics of all competitors on the same rows, and the model's by group and by its own probability.

    The model's own trees without browsing are none of its rivals.
    """
    metrics = [
        Metric(SPLIT, target, name, metric, value)
        for name, probabilities in scores.items()
        for metric, value in classification_metrics(labels, probabilities).items()
    ]
    rivals = {name: probabilities for name, probabilities in scores.items() if name != WITHOUT_BROWSING}
    told = customer_verdict(labels, rivals, customers, pr_auc, "PR-AUC", True)
    figures = of_probabilities(labels, scores["model"], customers)
    sliced = slices(SPLIT, target, groups.of(customers), customers, figures, groups.least)
    return metrics, f"{target}: {told}", [*reliability(SPLIT, target, labels, scores["model"], customers), *sliced]


def _pace(column: str, windows: float) -> Scorer:
    place = FEATURES.index(column)
    return lambda asked: np.asarray(asked[:, place] * windows)
