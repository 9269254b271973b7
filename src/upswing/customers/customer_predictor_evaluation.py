"""The fit of the customer predictor: measured against its baselines on a later snapshot, then trained on all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa

from upswing.customers.category_intent import CategoryIntent
from upswing.customers.customer_predictor import (
    CustomerPredictor,
    CustomerPredictorParameters,
    Typical,
    train_churn,
    train_purchase,
    train_spend,
)
from upswing.customers.customer_predictor_measures import (
    CATEGORY,
    CHURN,
    PURCHASE,
    Measured,
    measure_category,
    measure_churn,
    measure_purchase,
    measure_spend,
)
from upswing.customers.customer_snapshots import CustomerSnapshots, day_of
from upswing.fits import Fit, Metric, NotEnoughHistory, SliceMetric
from upswing.one_thread import hold_one_thread
from upswing.slices import NO_GROUPS, Groups
from upswing.splits import lowest_hashes

Progress = Callable[[int, int], None]


def fit_customer_predictor(
    snapshot_rows: pa.Table,
    category_rows: pa.Table,
    as_of_date: date,
    parameters: CustomerPredictorParameters,
    progress: Progress = lambda _done, _all: None,
    groups: Groups = NO_GROUPS,
) -> Fit:
    """Measure, then train on all complete snapshots.

    Args:
        snapshot_rows: as ``int_customer_snapshots`` holds them.
        category_rows: as ``int_customer_category_snapshots`` holds them.
        as_of_date: the build's clock.
        parameters: see there.
        progress: told (stages done, stages in all).
        groups: of customers, by which errors are compared; nothing is learned from them.

    Raises:
        NotEnoughHistory: fewer than ``min_customers`` customers were followed for ``intent_days``.
    """
    everyone = CustomerSnapshots.sorted_from_arrow(snapshot_rows)
    followed = np.unique(everyone.customer_ids[everyone.has_intent_window].astype(str))
    if len(followed) < parameters.min_customers:
        raise NotEnoughHistory(
            f"{len(followed)} customers with a snapshot {parameters.intent_days} days or more before {as_of_date}, "
            f"at least {parameters.min_customers} needed"
        )
    kept = followed[lowest_hashes(followed, parameters.most_customers, "customer_predictor")]
    snapshots = everyone[np.isin(everyone.customer_ids.astype(str), kept)]
    metrics: list[Metric] = []
    verdicts: list[str] = []
    slices: list[SliceMetric] = []
    measures: list[Callable[[], Measured]] = [
        lambda: measure_churn(snapshots, parameters, groups),
        lambda: measure_purchase(snapshots, parameters, groups),
        lambda: measure_spend(snapshots, parameters, groups),
        lambda: measure_category(category_rows, as_of_date, parameters, groups),
    ]
    stages = len(measures) + 1
    hold_one_thread()
    for number, measure in enumerate(measures):
        measured, verdict, sliced = measure()
        metrics.extend(measured)
        slices.extend(sliced)
        verdicts.append(verdict)
        progress(number + 1, stages)
    predictor = train_predictor(snapshots, category_rows, as_of_date, parameters)
    progress(stages, stages)
    return Fit(predictor.to_bytes(), metrics, "; ".join([*verdicts, *untrained(predictor)]), slices)


def train_predictor(
    snapshots: CustomerSnapshots, category_rows: pa.Table, known_until: date, parameters: CustomerPredictorParameters
) -> CustomerPredictor:
    """All models, trained on all that was known by a day."""
    known_on = day_of(known_until)
    churning = snapshots[snapshots.can_churn & snapshots.ended_by(known_on, parameters.churn_days)]
    buying = snapshots[snapshots.has_intent_window & snapshots.ended_by(known_on, parameters.intent_days)]
    try:
        category = CategoryIntent.train(category_rows, known_until, parameters.category)
    except NotEnoughHistory:
        category = None
    return CustomerPredictor(
        train_churn(churning, parameters),
        train_purchase(buying, parameters),
        train_spend(buying, parameters),
        category,
        Typical.of(churning, churning.has_churned),
        Typical.of(buying, buying.has_bought),
    )


def untrained(predictor: CustomerPredictor) -> list[str]:
    """What was learned no more of than its base rate, in words."""
    told = [
        f"{target}: too few of one kind to learn from, every probability is the base rate"
        for target, trees in ((CHURN, predictor.churn), (PURCHASE, predictor.purchase))
        if trees.is_base_rate
    ]
    if predictor.category is None:
        return [*told, f"{CATEGORY}: too few customers to learn from, not scored"]
    if predictor.category.trees.is_base_rate:
        return [*told, f"{CATEGORY}: too few of one kind to learn from, every probability is the base rate"]
    return told
