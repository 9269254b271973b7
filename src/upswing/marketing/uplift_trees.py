"""Few, shallow boosted trees (LightGBM) for a part of an uplift learner, from weighted rows that begin at an offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.marketing.uplift_rows import UpliftParameters

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class UpliftTrees:
    """Trained trees.

    Attributes:
        trees: LightGBM's text of the model; empty where there was nothing to tell apart: then every value is 0.
    """

    trees: str

    @classmethod
    def of_probability(
        cls,
        features: FloatArray,
        labels: FloatArray,
        weights: FloatArray,
        offsets: FloatArray,
        parameters: UpliftParameters,
    ) -> UpliftTrees:
        """Trees that add to the log-odds that each row begins with.

        Args:
            features: shape (rows, features), NaN where not known.
            labels: 0/1, shape (rows,).
            weights: above 0, shape (rows,).
            offsets: log-odds before any tree, shape (rows,).
            parameters: see there.
        """
        if len(np.unique(labels)) < 2:
            return cls("")
        return cls._grown("binary", features, labels, weights, offsets, parameters)

    @classmethod
    def of_value(
        cls, features: FloatArray, values: FloatArray, weights: FloatArray, parameters: UpliftParameters
    ) -> UpliftTrees:
        """Trees of a number, by least squares; shapes as of :meth:`of_probability`."""
        if len(np.unique(values)) < 2:
            return cls("")
        return cls._grown("regression", features, values, weights, None, parameters)

    @classmethod
    def _grown(
        cls,
        objective: str,
        features: FloatArray,
        labels: FloatArray,
        weights: FloatArray,
        offsets: FloatArray | None,
        parameters: UpliftParameters,
    ) -> UpliftTrees:
        import lightgbm

        settings = {
            "objective": objective,
            "learning_rate": parameters.learning_rate,
            "num_leaves": parameters.leaves,
            "min_data_in_leaf": parameters.min_rows_per_leaf,
            "lambda_l2": parameters.l2,
            "feature_fraction": 0.6,
            "seed": 7,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
        rows = lightgbm.Dataset(features, labels, weight=weights, init_score=offsets)
        return cls(lightgbm.train(settings, rows, parameters.rounds).model_to_string())

    def values(self, features: FloatArray) -> FloatArray:
        """What the trees add, shape (rows,); a row's does not depend on the others."""
        if not self.trees or not len(features):
            return np.zeros(len(features))
        import lightgbm

        booster = lightgbm.Booster(model_str=self.trees)
        return np.asarray(booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64)

    def packed(self, name: str) -> dict[str, NDArray[Any]]:
        """The trees as an array for :func:`upswing.tensors.pack`."""
        return {name: np.frombuffer(self.trees.encode(), dtype=np.uint8)}

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], name: str) -> UpliftTrees:
        """What :meth:`packed` packed."""
        return cls(arrays[name].tobytes().decode())
