"""The fit of the surge locator: a backtest on historical breakout products, then one network a product now on sale."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import Fit, Metric, NotEnoughHistory, SliceMetric
from upswing.metrics import classification_metrics, hit_rate
from upswing.products.analogs import analogs_from_arrow, find_analogs
from upswing.products.launch_windows import LaunchHistory, LaunchWindows
from upswing.products.surge_baselines import analog_frequency, category_frequency, pooled_gradient_boosting
from upswing.products.surge_locator import SurgeParameters, train_locator
from upswing.products.surge_network import Progress
from upswing.slices import reliability
from upswing.splits import time_split
from upswing.torch_session import torch_session
from upswing.verdicts import verdict

TARGET = "surge_week"
SPLIT = "time"
HIT_WEEKS = 3

FloatArray = NDArray[np.float64]


def backtest(history: LaunchHistory, parameters: SurgeParameters) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Surges of historical breakout products, and what the networks and the baselines made of them as if they were new.

    For every week in which launch windows of breakout products closed, only launches whose cycle had ended by then are
    known. Weeks with fewer than ``min_backtest_history`` such launches are left out.

    Returns:
        Surges, shape (products, weeks), and for each competitor its probabilities of the same shape.
    """
    launched_in = history.windows.launched_in
    known_at = launched_in + parameters.launch_weeks - 1
    surges: list[FloatArray] = []
    found: dict[str, list[FloatArray]] = {}
    for week in np.unique(known_at[history.is_breakout == 1]):
        known, _ = time_split(launched_in, parameters.launch_weeks, parameters.cycle_weeks, int(week))
        if known.sum() < parameters.min_backtest_history:
            continue
        test = history[(known_at == week) & (history.is_breakout == 1)]
        for name, probabilities in _compete(test.windows, history[known], parameters).items():
            found.setdefault(name, []).append(probabilities)
        surges.append(test.surges)
    weeks = history.surges.shape[1]
    return (
        np.concatenate(surges) if surges else np.zeros((0, weeks)),
        {name: np.concatenate(parts) for name, parts in found.items()},
    )


def _compete(products: LaunchWindows, known: LaunchHistory, parameters: SurgeParameters) -> dict[str, FloatArray]:
    analogs = find_analogs(products, known.windows, parameters.analogs)
    locator = train_locator(products, known, analogs, parameters)
    return {
        "model": locator.probabilities(products),
        "category_frequency": category_frequency(products, known),
        "analog_frequency": analog_frequency(products, known, analogs),
        "gradient_boosting": pooled_gradient_boosting(products, known, locator.encoder),
    }


def evaluate(history: LaunchHistory, parameters: SurgeParameters) -> tuple[list[Metric], str, list[SliceMetric]]:
    """Metrics of the backtest, the verdict, and what came of the promised probabilities."""
    surges, found = backtest(history, parameters)
    if not len(surges):
        return [], "no backtest: history is too short for a launch to end its cycle before another's window closes", []
    metrics: list[Metric] = []
    for name, probabilities in found.items():
        figures = classification_metrics(surges.ravel(), probabilities.ravel())
        figures["products"] = float(len(surges))
        figures[f"hit_rate_at_{HIT_WEEKS}"] = hit_rate(surges, probabilities, HIT_WEEKS)
        metrics.extend(Metric(SPLIT, TARGET, name, metric, value) for metric, value in figures.items())
    ranked = {name: probabilities.ravel() for name, probabilities in found.items()}
    products = np.repeat(np.arange(len(surges)), surges.shape[1])
    bins = reliability(SPLIT, TARGET, surges.ravel(), ranked["model"], products)
    return metrics, f"{TARGET}, split by {SPLIT}: {verdict(surges.ravel(), ranked)}", bins


def fit_surge_locator(
    analog_rows: pa.Table,
    window_rows: pa.Table,
    history_rows: pa.Table,
    parameters: SurgeParameters,
    progress: Progress = lambda _done, _all: None,
) -> Fit:
    """Backtest, then train a network for each product that has analogs.

    Args:
        analog_rows: rows of ``score_product_analogs``.
        window_rows: rows of ``int_launch_windows``, those of the products among them.
        history_rows: rows of ``int_launch_histories``, the analogs among them.
        parameters: see there.
        progress: told networks done and networks in all.

    Raises:
        NotEnoughHistory: no product has an analog.
    """
    if not analog_rows.num_rows or not history_rows.num_rows:
        raise NotEnoughHistory("no breakout product has an analog in history")
    history = LaunchHistory.from_arrow(history_rows.sort_by("product_id"))
    windows = LaunchWindows.from_arrow(window_rows.sort_by("product_id"))
    products, analogs = analogs_from_arrow(analog_rows, windows, history.windows)
    with torch_session():
        metrics, told, bins = evaluate(history, parameters)
        locator = train_locator(products, history, analogs, parameters, progress)
    return Fit(locator.to_bytes(), metrics, told, bins)
