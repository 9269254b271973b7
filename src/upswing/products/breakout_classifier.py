"""From launch window to the probability of a breakout product (source: visual sales analysis patent, claims 2-3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import PlattScaling
from upswing.products.breakout_network import (
    BreakoutNetworkParameters,
    Progress,
    Weights,
    ensemble_log_odds,
    train_ensemble,
)
from upswing.products.launch_features import LaunchEncoder
from upswing.products.launch_windows import LaunchHistory, LaunchWindows
from upswing.splits import hash_folds
from upswing.tensors import pack, unpack

TARGETS = ("whole_cycle", "after_launch_window")
"""What is predicted: that D exceeds the threshold over the whole cycle, or over the weeks after the launch window."""

MEMBER_PREFIX = "network."


@dataclass(frozen=True)
class BreakoutParameters:
    """How the breakout classifier is trained and measured.

    Attributes:
        launch_weeks, cycle_weeks: lengths of the launch window and the cycle.
        network: of the CNN.
        category_shrinkage: launches' worth of belief that a category is like all.
        calibration_folds: one product in so many calibrates the probabilities and trains nothing.
        test_share: least share of test products in the split by time.
        launch_order_share: share of the latest launches that test in the split by launch order.
        min_training_products: least historical launches to learn from.
    """

    launch_weeks: int
    cycle_weeks: int
    network: BreakoutNetworkParameters = field(default_factory=BreakoutNetworkParameters)
    category_shrinkage: float = 5.0
    calibration_folds: int = 5
    test_share: float = 0.2
    launch_order_share: float = 0.35
    min_training_products: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.launch_weeks < self.cycle_weeks:
            raise ValueError(
                f"vars launch_weeks and cycle_weeks are {self.launch_weeks} and {self.cycle_weeks}; "
                "expected at least 1 week and a cycle longer than the launch window"
            )
        if self.calibration_folds < 2:
            raise ValueError(f"calibration_folds is {self.calibration_folds}; expected at least 2")


@dataclass(frozen=True)
class BreakoutClassifier:
    """A trained classifier.

    Attributes:
        encoder: launch windows to features.
        weights: of the CNN's members.
        calibration: one scaling a target, in the order of :data:`TARGETS`.
        typical: median of each channel and week over the training rows, shape (channels, launch_weeks).
        base_rate: share of the training rows that broke out over the whole cycle.
    """

    encoder: LaunchEncoder
    weights: Weights
    calibration: tuple[PlattScaling, ...]
    typical: NDArray[np.float64]
    base_rate: float

    def probabilities(self, windows: LaunchWindows) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (products, targets)."""
        log_odds = ensemble_log_odds(self.weights, self.encoder.encode(windows))
        scaled = [scaling.probabilities(log_odds[:, target]) for target, scaling in enumerate(self.calibration)]
        return np.stack(scaled, axis=1)

    def breakout_log_odds(self, windows: LaunchWindows) -> NDArray[np.float64]:
        """Calibrated log-odds of the first target, shape (products,)."""
        return self.calibration[0].log_odds(ensemble_log_odds(self.weights, self.encoder.encode(windows))[:, 0])

    def to_bytes(self) -> bytes:
        """The classifier as safetensors."""
        arrays, facts = self.encoder.packed()
        arrays |= {"typical": self.typical, "base_rate": np.array([self.base_rate])}
        arrays["calibration"] = np.array([[scaling.slope, scaling.intercept] for scaling in self.calibration])
        members = {f"{MEMBER_PREFIX}{name}": tensor for name, tensor in self.weights.items()}
        return pack(arrays | members, facts)

    @classmethod
    def from_bytes(cls, blob: bytes) -> BreakoutClassifier:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        weights = {
            name.removeprefix(MEMBER_PREFIX): tensor
            for name, tensor in arrays.items()
            if name.startswith(MEMBER_PREFIX)
        }
        calibration = tuple(PlattScaling(float(slope), float(shift)) for slope, shift in arrays["calibration"])
        return cls(
            LaunchEncoder.unpacked(arrays, facts),
            weights,
            calibration,
            arrays["typical"],
            float(arrays["base_rate"][0]),
        )


def labels_of(history: LaunchHistory) -> NDArray[np.float64]:
    """Labels in the order of :data:`TARGETS`, shape (products, targets)."""
    return np.stack([history.is_breakout, history.is_later_breakout], axis=1)


def calibration_rows(history: LaunchHistory, parameters: BreakoutParameters) -> NDArray[np.bool_]:
    """Mask of the products that calibrate and train nothing, by hash of their id."""
    folds = hash_folds(history.windows.product_ids, parameters.calibration_folds, "calibration")
    return np.equal(folds, 0)


def train_classifier(
    history: LaunchHistory, parameters: BreakoutParameters, progress: Progress = lambda _done, _all: None
) -> BreakoutClassifier:
    """Train the CNN on the history but its calibration rows, then calibrate on those."""
    calibrating = calibration_rows(history, parameters)
    training, held = history[~calibrating], history[calibrating]
    encoder = LaunchEncoder.fit(training.windows, training.weekly_units, parameters.category_shrinkage)
    weights = train_ensemble(
        encoder.encode(training.windows),
        labels_of(training),
        training.windows.product_ids,
        parameters.network,
        progress,
    )
    log_odds = ensemble_log_odds(weights, encoder.encode(held.windows))
    calibration = tuple(
        PlattScaling.fit(log_odds[:, target], labels_of(held)[:, target]) for target in range(len(TARGETS))
    )
    typical = np.median(training.windows.series, axis=0)
    return BreakoutClassifier(encoder, weights, calibration, typical, float(history.is_breakout.mean()))
