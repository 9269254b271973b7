"""What the surge networks must beat, from the same history."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from upswing.categories import UNKNOWN_CATEGORY
from upswing.products.analogs import Analogs
from upswing.products.launch_features import LaunchEncoder
from upswing.products.launch_windows import LaunchHistory, LaunchWindows

FloatArray = NDArray[np.float64]

CATEGORY_PRIOR_WEIGHT = 10.0


def category_frequency(products: LaunchWindows, history: LaunchHistory) -> FloatArray:
    """Share of the category's launches that surged in each week of life, drawn to that of all launches.

    A product without a category is taken to be like all.
    """
    overall = history.surges.mean(axis=0)
    shares = {UNKNOWN_CATEGORY: overall}
    for name in np.setdiff1d(products.categories, [UNKNOWN_CATEGORY]):
        surges = history.surges[history.windows.categories == name]
        shares[name] = (surges.sum(axis=0) + CATEGORY_PRIOR_WEIGHT * overall) / (len(surges) + CATEGORY_PRIOR_WEIGHT)
    return np.stack([shares[name] for name in products.categories])


def analog_frequency(products: LaunchWindows, history: LaunchHistory, analogs: Analogs) -> FloatArray:
    """Plain share of the product's analogs that surged in each week of life."""
    hits = np.zeros((len(products), history.surges.shape[1]))
    np.add.at(hits, analogs.product, history.surges[analogs.analog])
    counts = np.bincount(analogs.product, minlength=len(products))
    return np.asarray(hits / np.maximum(counts, 1)[:, None])


def pooled_gradient_boosting(products: LaunchWindows, history: LaunchHistory, encoder: LaunchEncoder) -> FloatArray:
    """One boosted model over all historical launches and weeks: features of the launch window and the week of life."""
    weeks = history.surges.shape[1]

    def by_week(windows: LaunchWindows) -> FloatArray:
        features = np.repeat(encoder.encode(windows).flat, weeks, axis=0)
        return np.hstack([features, np.tile(np.arange(weeks, dtype=np.float64), len(windows))[:, None]])

    labels = history.surges.ravel()
    if len(np.unique(labels)) < 2:
        return np.full((len(products), weeks), labels.mean())
    fitted = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=50, random_state=0
    ).fit(by_week(history.windows), labels)
    return np.asarray(fitted.predict_proba(by_week(products))[:, 1].reshape(len(products), weeks))
