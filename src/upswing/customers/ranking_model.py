"""Boosted trees that rank a customer's candidates by the chance that they are bought in the weeks after the cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import FloatArray, IntArray
from upswing.customers.ranking_features import FEATURES
from upswing.customers.recommend_parameters import RecommenderParameters

OBJECTIVE = "binary"
"""The chance of being bought; ``lambdarank``, the order within a customer's list, validated no better."""


@dataclass(frozen=True)
class RankingRows:
    """Candidates of one cut as rows to learn from, by customer.

    Attributes:
        features: shape (rows, features).
        labels: 1 where the customer bought the product in the weeks after the cut, else 0.
        customer: of each row, ascending.
    """

    features: NDArray[np.float32]
    labels: FloatArray
    customer: IntArray


@dataclass(frozen=True)
class Ranker:
    """A trained ranker.

    Attributes:
        booster: LightGBM's.
    """

    booster: Any

    @classmethod
    def train(cls, cuts: list[RankingRows], parameters: RecommenderParameters, objective: str = OBJECTIVE) -> Ranker:
        """Learn from the rows of several cuts, on one thread: the same trees for the same rows."""
        import lightgbm

        features = np.concatenate([rows.features for rows in cuts])
        labels = np.concatenate([rows.labels for rows in cuts])
        settings = {
            "objective": objective,
            "learning_rate": parameters.learning_rate,
            "num_leaves": parameters.leaves,
            "min_data_in_leaf": parameters.min_leaf_rows,
            "lambda_l2": 1.0,
            "lambdarank_truncation_level": 20,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": 7,
            "verbosity": -1,
            "max_bin": 63,
        }
        group = None
        if objective == "lambdarank":
            group = np.concatenate([np.unique(rows.customer, return_counts=True)[1] for rows in cuts])
        data = lightgbm.Dataset(features, labels, group=group, feature_name=list(FEATURES), params=settings)
        return cls(lightgbm.train(settings, data, parameters.rounds))

    def scores(self, features: NDArray[np.float32]) -> FloatArray:
        """Higher is likelier; a probability where the objective is ``binary``. Shape (rows,)."""
        if not len(features):
            return np.zeros(0)
        return np.asarray(self.booster.predict(features, num_threads=1), dtype=np.float64)

    def to_text(self) -> str:
        """LightGBM's text of the trees."""
        return str(self.booster.model_to_string())

    @classmethod
    def from_text(cls, text: str) -> Ranker:
        """What :meth:`to_text` wrote."""
        import lightgbm

        return cls(lightgbm.Booster(model_str=text))
