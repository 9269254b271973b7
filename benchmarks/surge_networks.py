"""2,000 surge networks trained together against a loop of scikit-learn networks, one a product.

Both learn from the same 40 analogs a product and are asked about the same products, whose surges they never saw (see
:mod:`_synthetic`). Ours is timed whole: validation, calibration and final training; the least of three runs, the loop
runs once.
"""

from __future__ import annotations

import warnings

import numpy as np
from _report import Figure, judged, least_seconds, show
from _synthetic import launches
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score
from sklearn.neural_network import MLPClassifier

from upswing.products.analogs import AnalogParameters, Analogs, find_analogs
from upswing.products.launch_features import LaunchEncoder
from upswing.products.surge_locator import analog_batch
from upswing.products.surge_network import AnalogBatch, SurgeNetworkParameters, train_networks
from upswing.torch_session import torch_session

PRODUCTS, HISTORY, ANALOGS = 2_000, 3_000, 40
GOAL = 50


def training_rows() -> tuple[AnalogBatch, NDArray[np.float64]]:
    """Analogs of the products, and the surges the products had afterwards."""
    history, _ = launches(HISTORY, 1, "h")
    products, _ = launches(PRODUCTS, 2, "p")
    found = find_analogs(products.windows, history.windows, AnalogParameters(min_analogs=ANALOGS))
    kept = found.rank <= ANALOGS
    nearest = Analogs(*(array[kept] for array in vars(found).values()))
    encoder = LaunchEncoder.fit(history.windows, history.weekly_units, 5.0)
    return analog_batch(products.windows, history, nearest, encoder), products.surges


def together(batch: AnalogBatch) -> NDArray[np.float64]:
    """Surge probabilities of the networks trained as one computation; each product stands at zero."""
    with torch_session():
        networks, calibration = train_networks(batch, SurgeNetworkParameters())
    at_zero = np.zeros((len(batch), batch.inputs.shape[2]), dtype=np.float32)
    return calibration.probabilities(networks.log_odds(at_zero).astype(np.float64))


def one_by_one(batch: AnalogBatch) -> NDArray[np.float64]:
    """Surge probabilities of one scikit-learn network a product, with a hidden layer of the same size."""
    at_zero = np.zeros((1, batch.inputs.shape[2]), dtype=np.float32)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for inputs, surges in zip(batch.inputs, batch.surges.astype(np.int64), strict=True):
            network = MLPClassifier(
                hidden_layer_sizes=(SurgeNetworkParameters().hidden,), max_iter=200, random_state=7
            ).fit(inputs, surges)
            found.append(network.predict_proba(at_zero)[0])
    return np.stack(found)


def main() -> list[Figure]:
    """Measure; a row for the time, a row for the quality."""
    batch, truth = training_rows()
    our_seconds, ours = least_seconds(lambda: together(batch))
    their_seconds, theirs = least_seconds(lambda: one_by_one(batch), times=1)
    our_quality, their_quality = (
        float(average_precision_score(truth.ravel(), each.ravel())) for each in (ours, theirs)
    )
    return [
        Figure(
            f"surge networks: train {PRODUCTS:,}, {ANALOGS} analogs each",
            f"{our_seconds:.2f} s",
            f"loop of MLPClassifier {their_seconds:.1f} s",
            f"{their_seconds / our_seconds:.0f}x",
            f">= {GOAL}x",
            judged(their_seconds >= GOAL * our_seconds),
        ),
        Figure(
            "surge networks: PR-AUC on what came after",
            f"{our_quality:.3f}",
            f"loop of MLPClassifier {their_quality:.3f}",
            f"{our_quality - their_quality:+.3f}",
            "no worse",
            judged(our_quality >= their_quality),
        ),
    ]


if __name__ == "__main__":
    show(main())
