"""Gradient boosting of few, shallow trees, with as many rounds as held-out customers reward, calibrated on them.

Each fold's trees (LightGBM) are scored on the customers it left out; the rounds with the least log loss there are
taken, the scores of that many rounds calibrate the probabilities, and the trees that are kept learn from all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import PlattScaling

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST_OF_A_CLASS = 10
"""Rows of the rarer class below which nothing but its share is learned."""

PATIENCE = 50
"""Rounds without a lower loss on a fold's customers after which no more are tried on it."""


@dataclass(frozen=True)
class BoostingParameters:
    """How the trees are grown.

    Attributes:
        most_rounds: trees at most; how many there are is found on held-out customers.
        learning_rate: what one tree counts, above 0.
        leaves: of a tree, at least 2.
        min_rows_per_leaf: least training rows in a leaf.
        l2: penalty on the leaves' values.
        feature_share: share of the features that a tree may look at, above 0 and at most 1.
        folds: of customers, at least 2.
    """

    most_rounds: int = 400
    learning_rate: float = 0.05
    leaves: int = 4
    min_rows_per_leaf: int = 100
    l2: float = 10.0
    feature_share: float = 0.6
    folds: int = 5

    def __post_init__(self) -> None:
        if self.folds < 2 or self.leaves < 2 or self.most_rounds < 1:
            raise ValueError(
                f"folds, leaves and most_rounds are {self.folds}, {self.leaves} and {self.most_rounds}; "
                "expected at least 2, 2 and 1"
            )
        if not 0 < self.feature_share <= 1 or self.learning_rate <= 0:
            raise ValueError(
                f"feature_share and learning_rate are {self.feature_share} and {self.learning_rate}; "
                "expected a share above 0 up to 1, and a rate above 0"
            )


@dataclass(frozen=True)
class BoostedTrees:
    """Trained trees of one yes-or-no target.

    Attributes:
        trees: LightGBM's text of the model; empty where there was too little of one class to learn from: then every
            probability is the share of the training rows.
        calibration: scores to probabilities.
    """

    trees: str
    calibration: PlattScaling

    @classmethod
    def train(
        cls,
        features: FloatArray,
        labels: FloatArray,
        folds: IntArray,
        parameters: BoostingParameters,
        directions: tuple[int, ...] | None = None,
    ) -> BoostedTrees:
        """Train; the same bytes for the same rows in the same order.

        Args:
            features: shape (rows, features); NaN where not known.
            labels: 0/1, shape (rows,).
            folds: fold of each row, 0 to ``parameters.folds - 1``; all rows of a customer are in one.
            parameters: see there.
            directions: of each feature, 1 where the probability may only rise with it, -1 only fall, 0 either.
        """
        if not _learnable(labels, folds, parameters.folds):
            return cls("", PlattScaling.fit(np.zeros(len(labels)), labels))
        settings = _settings(parameters, directions)
        held_out = [_train_fold(settings, features, labels, held, parameters.most_rounds) for held in _masks(folds)]
        shortest = min(len(loss) for _, loss, _ in held_out)
        losses = np.average(
            [loss[:shortest] for _, loss, _ in held_out], axis=0, weights=[held.sum() for *_, held in held_out]
        )
        rounds = int(np.argmin(losses)) + 1
        scores = np.zeros(len(labels))
        for booster, _, held in held_out:
            scores[held] = booster.predict(features[held], raw_score=True, num_iteration=rounds, num_threads=1)
        trees = _train(settings, features, labels, rounds).model_to_string()
        return cls(trees, PlattScaling.fit(scores, labels))

    @property
    def is_base_rate(self) -> bool:
        """Whether nothing but the share of the training rows was learned."""
        return not self.trees

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Calibrated probabilities, shape (rows,); a row's does not depend on the others."""
        if self.is_base_rate or not len(features):
            return self.calibration.probabilities(np.zeros(len(features)))
        scores = self._booster().predict(features, raw_score=True, num_threads=1)
        return self.calibration.probabilities(np.asarray(scores, dtype=np.float64))

    def contributions(self, features: FloatArray) -> FloatArray:
        """What each feature adds to the calibrated log-odds, shape (rows, features): exact TreeSHAP (Lundberg 2018)."""
        if self.is_base_rate or not len(features):
            return np.zeros(features.shape)
        found = np.asarray(self._booster().predict(features, pred_contrib=True, num_threads=1), dtype=np.float64)
        return np.asarray(self.calibration.slope * found[:, :-1])

    def packed(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The trees as arrays for :func:`upswing.tensors.pack`."""
        return {
            f"{prefix}.trees": np.frombuffer(self.trees.encode(), dtype=np.uint8),
            f"{prefix}.calibration": np.array([self.calibration.slope, self.calibration.intercept]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], prefix: str) -> BoostedTrees:
        """What :meth:`packed` packed."""
        slope, intercept = arrays[f"{prefix}.calibration"]
        trees = arrays[f"{prefix}.trees"].tobytes().decode()
        return cls(trees, PlattScaling(float(slope), float(intercept)))

    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.trees)


def _learnable(labels: FloatArray, folds: IntArray, number_of_folds: int) -> bool:
    """Whether there is enough of both classes, in the rows that each fold learns from too."""
    rarer = min(float(labels.sum()), float(len(labels) - labels.sum()))
    if rarer < LEAST_OF_A_CLASS or len(np.unique(folds)) < 2:
        return False
    return all(len(np.unique(labels[folds != fold])) == 2 for fold in range(number_of_folds))


def _masks(folds: IntArray) -> Iterator[NDArray[np.bool_]]:
    for fold in np.unique(folds):
        yield folds == fold


def _settings(parameters: BoostingParameters, directions: tuple[int, ...] | None) -> dict[str, Any]:
    constraints = {} if directions is None else {"monotone_constraints": list(directions)}
    return {
        "objective": "binary",
        "learning_rate": parameters.learning_rate,
        "num_leaves": parameters.leaves,
        "min_data_in_leaf": parameters.min_rows_per_leaf,
        "lambda_l2": parameters.l2,
        "feature_fraction": parameters.feature_share,
        "seed": 7,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    } | constraints


def _train_fold(
    settings: dict[str, Any], features: FloatArray, labels: FloatArray, held: NDArray[np.bool_], rounds: int
) -> tuple[Any, list[float], NDArray[np.bool_]]:
    """Trees that did not see the held rows, their log loss on them after each round, and the mask of these."""
    import lightgbm

    told: dict[str, dict[str, list[float]]] = {}
    known = lightgbm.Dataset(features[~held], labels[~held])
    booster = lightgbm.train(
        settings,
        known,
        rounds,
        valid_sets=[lightgbm.Dataset(features[held], labels[held], reference=known)],
        callbacks=[lightgbm.record_evaluation(told), lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, told["valid_0"]["binary_logloss"], held


def _train(settings: dict[str, Any], features: FloatArray, labels: FloatArray, rounds: int) -> Any:
    import lightgbm

    return lightgbm.train(settings, lightgbm.Dataset(features, labels), rounds)
