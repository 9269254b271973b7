"""The fit of the breakout classifier: measured against its baselines, then trained on all history."""

from __future__ import annotations

import pyarrow as pa

from upswing.fits import Fit, Metric, NotEnoughHistory
from upswing.metrics import classification_metrics
from upswing.products.breakout_baselines import baseline_probabilities
from upswing.products.breakout_classifier import TARGETS, BreakoutParameters, labels_of, train_classifier
from upswing.products.breakout_network import Progress
from upswing.products.launch_windows import LaunchHistory
from upswing.splits import decision_week, launch_order_split, time_split
from upswing.torch_session import torch_session
from upswing.verdicts import verdict

SPLIT_BY_TIME = "time"
SPLIT_BY_LAUNCH_ORDER = "launch_order"


def evaluate(history: LaunchHistory, parameters: BreakoutParameters) -> tuple[list[Metric], list[str]]:
    """Metrics of the CNN and its baselines on products that trained nothing, and a verdict a target.

    Two splits. ``time``: trained on cycles that had ended when the test products' launch windows closed, so that
    nothing of the later label was known; where history is too short for it, it is left out. ``launch_order``: trained
    on the earlier launches, tested on the latest, with more products of both and cycles that overlap: kinder. Verdicts
    are on the first that there is.
    """
    launched_in = history.windows.launched_in
    splits = {}
    decided_in = decision_week(launched_in, parameters.launch_weeks, parameters.cycle_weeks, parameters.test_share)
    if decided_in is not None:
        splits[SPLIT_BY_TIME] = time_split(launched_in, parameters.launch_weeks, parameters.cycle_weeks, decided_in)
    splits[SPLIT_BY_LAUNCH_ORDER] = launch_order_split(launched_in, parameters.launch_order_share)
    metrics: list[Metric] = []
    verdicts: list[str] = []
    for split, (training, testing) in splits.items():
        train, test = history[training], history[testing]
        if len(train) < parameters.min_training_products // 2 or not len(test):
            continue
        model = train_classifier(train, parameters).probabilities(test.windows)
        competitors = {"model": model} | baseline_probabilities(train, test.windows, parameters)
        for number, target in enumerate(TARGETS):
            labels = labels_of(test)[:, number]
            scores = {name: probabilities[:, number] for name, probabilities in competitors.items()}
            metrics.extend(
                Metric(split, target, name, metric, value)
                for name, probabilities in scores.items()
                for metric, value in classification_metrics(labels, probabilities).items()
            )
            if len(verdicts) < len(TARGETS):
                verdicts.append(f"{target}, split by {split}: {verdict(labels, scores)}")
    return metrics, verdicts


def fit_breakout_classifier(
    rows: pa.Table, parameters: BreakoutParameters, progress: Progress = lambda _done, _all: None
) -> Fit:
    """Measure, then train on all of ``rows`` (as ``int_launch_histories`` holds them).

    Raises:
        NotEnoughHistory: fewer than ``min_training_products`` launches, or none or all of them broke out.
    """
    history = LaunchHistory.from_arrow(rows.sort_by("product_id")) if rows.num_rows else None
    if history is None or len(history) < parameters.min_training_products:
        raise NotEnoughHistory(
            f"{rows.num_rows} historical launches with a full cycle, at least {parameters.min_training_products} needed"
        )
    if history.is_breakout.min() == history.is_breakout.max():
        raise NotEnoughHistory("of the historical launches none or all broke out; set the var breakout_threshold")
    with torch_session():
        metrics, verdicts = evaluate(history, parameters)
        classifier = train_classifier(history, parameters, progress)
    return Fit(classifier.to_bytes(), metrics, "; ".join(verdicts))
