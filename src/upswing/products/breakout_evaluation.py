"""The fit of the breakout classifier: measured against its baselines, then trained on all history."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import Fit, Metric, NotEnoughHistory, SliceMetric
from upswing.metrics import classification_metrics
from upswing.products.breakout_baselines import baseline_probabilities
from upswing.products.breakout_classifier import TARGETS, BreakoutParameters, labels_of, train_classifier
from upswing.products.breakout_network import Progress
from upswing.products.launch_windows import LaunchHistory
from upswing.slices import LEAST, of_probabilities, reliability, slices
from upswing.splits import decision_week, launch_order_split, time_split
from upswing.torch_session import torch_session
from upswing.verdicts import verdict

SPLIT_BY_TIME = "time"
SPLIT_BY_LAUNCH_ORDER = "launch_order"

Split = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def splits_of(history: LaunchHistory, parameters: BreakoutParameters) -> dict[str, Split]:
    """Masks of the launches that train and that test, by name of the split.

    ``time``: trained on cycles that had ended when the test products' launch windows closed, so that nothing of the
    later label was known; where history is too short for it, it is left out. ``launch_order``: trained on the earlier
    launches, tested on the latest, with more products of both and cycles that overlap: kinder.
    """
    launched_in = history.windows.launched_in
    splits = {}
    decided_in = decision_week(launched_in, parameters.launch_weeks, parameters.cycle_weeks, parameters.test_share)
    if decided_in is not None:
        splits[SPLIT_BY_TIME] = time_split(launched_in, parameters.launch_weeks, parameters.cycle_weeks, decided_in)
    splits[SPLIT_BY_LAUNCH_ORDER] = launch_order_split(launched_in, parameters.launch_order_share)
    return {
        name: (training, testing)
        for name, (training, testing) in splits.items()
        if training.sum() >= parameters.min_training_products // 2 and testing.any()
    }


def evaluate(
    history: LaunchHistory,
    splits: dict[str, Split],
    parameters: BreakoutParameters,
    progress_of: Callable[[int], Progress] = lambda _stage: lambda _done, _all: None,
) -> tuple[list[Metric], list[str], list[SliceMetric]]:
    """Metrics of the CNN and its baselines on products that trained nothing; a verdict and slices a target on the first
    split.

    Args:
        history: historical launches.
        splits: as of :func:`splits_of`.
        parameters: see there.
        progress_of: the progress of training on the split of that number.
    """
    metrics: list[Metric] = []
    verdicts: list[str] = []
    sliced: list[SliceMetric] = []
    for number_of_split, (split, (training, testing)) in enumerate(splits.items()):
        train, test = history[training], history[testing]
        model = train_classifier(train, parameters, progress_of(number_of_split)).probabilities(test.windows)
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
                of_model, ids = scores["model"], test.windows.product_ids
                columns = {"category": test.windows.categories.astype(object)}
                sliced += reliability(split, target, labels, of_model, ids)
                sliced += slices(split, target, columns, ids, of_probabilities(labels, of_model, ids), LEAST)
    return metrics, verdicts, sliced


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
    splits = splits_of(history, parameters)

    def progress_of(stage: int) -> Progress:
        return lambda done, everything: progress(stage * everything + done, (len(splits) + 1) * everything)

    with torch_session():
        metrics, verdicts, sliced = evaluate(history, splits, parameters, progress_of)
        classifier = train_classifier(history, parameters, progress_of(len(splits)))
    return Fit(classifier.to_bytes(), metrics, "; ".join(verdicts), sliced)
