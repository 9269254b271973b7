"""The models that all series share: linear regression, SVR, random forest, gradient boosting and a small neural net.

Each is stored as arrays or as LightGBM's text, and predicts from them alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_panel import FloatArray
from upswing.sales.learned_features import Prepared

SEED = 7

TREES: dict[str, Any] = {
    "min_data_in_leaf": 200,
    "max_bin": 63,
    "bagging_freq": 1,
    "seed": SEED,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}

GRADIENT_BOOSTING: dict[str, Any] = TREES | {
    # Means, not medians, for products add up to their category; its variance grows with the mean, as that of sales.
    "objective": "tweedie",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
}
RANDOM_FOREST: dict[str, Any] = TREES | {
    "objective": "regression",
    "boosting": "rf",
    "num_leaves": 63,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.3,
}
SVR_MARGIN = 0.1
"""Errors below this share of the level cost nothing."""


@dataclass(frozen=True)
class LearnedModel(ABC):
    """A model of ratios as arrays.

    Attributes:
        arrays: what it is made of.
    """

    arrays: dict[str, NDArray[Any]]
    most_rows: ClassVar[int] = 500_000
    """Rows at most that it learns from, a sample by hash."""

    @classmethod
    @abstractmethod
    def learn(cls, rows: Prepared, targets: FloatArray) -> LearnedModel:
        """Learn ``targets``, shape (rows,)."""

    @abstractmethod
    def ratios(self, rows: Prepared) -> FloatArray:
        """Revenue in proportion to the level, shape (rows,)."""


class LinearRegression(LearnedModel):
    """Least squares with a small ridge."""

    @classmethod
    def learn(cls, rows: Prepared, targets: FloatArray) -> LearnedModel:
        from sklearn.linear_model import Ridge

        centre, scale = _scaling(rows.for_weights())
        model = Ridge(alpha=1.0).fit((rows.for_weights() - centre) / scale, targets, rows.certainty())
        return cls({"centre": centre, "scale": scale, "weights": model.coef_, "bias": np.array([model.intercept_])})

    def ratios(self, rows: Prepared) -> FloatArray:
        scaled = (rows.for_weights() - self.arrays["centre"]) / self.arrays["scale"]
        return np.asarray(scaled @ self.arrays["weights"] + self.arrays["bias"])


class SupportVectors(LearnedModel):
    """Support vector regression with a radial kernel, on a sample, for its cost is quadratic."""

    most_rows = 3000

    @classmethod
    def learn(cls, rows: Prepared, targets: FloatArray) -> LearnedModel:
        from sklearn.svm import SVR

        centre, scale = _scaling(rows.for_weights())
        width = 1.0 / (2.0 * len(centre))
        model = SVR(kernel="rbf", C=1.0, epsilon=SVR_MARGIN, gamma=width)
        model.fit((rows.for_weights() - centre) / scale, targets)
        return cls(
            {
                "centre": centre,
                "scale": scale,
                "vectors": model.support_vectors_,
                "weights": model.dual_coef_[0],
                "bias": model.intercept_,
                "width": np.array([width]),
            }
        )

    def ratios(self, rows: Prepared) -> FloatArray:
        scaled = (rows.for_weights() - self.arrays["centre"]) / self.arrays["scale"]
        vectors, width = self.arrays["vectors"], float(self.arrays["width"][0])
        kernel = 2.0 * width * (scaled @ vectors.T)
        kernel -= width * (scaled**2).sum(axis=1)[:, None]
        kernel -= width * (vectors**2).sum(axis=1)[None, :]
        np.exp(kernel, out=kernel)
        return np.asarray(kernel @ self.arrays["weights"] + self.arrays["bias"])


class NeuralNet(LearnedModel):
    """Two small hidden layers."""

    most_rows = 40_000

    @classmethod
    def learn(cls, rows: Prepared, targets: FloatArray) -> LearnedModel:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor

        centre, scale = _scaling(rows.for_weights())
        model = MLPRegressor(
            hidden_layer_sizes=(32, 16),
            alpha=0.01,
            batch_size=min(512, len(targets)),
            learning_rate_init=0.003,
            max_iter=10,
            random_state=SEED,
        )
        with warnings.catch_warnings():
            # So many passes are all that is wanted.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit((rows.for_weights() - centre) / scale, targets, rows.certainty() / rows.certainty().mean())
        layers = {f"weights_{layer}": weights for layer, weights in enumerate(model.coefs_)}
        layers |= {f"bias_{layer}": bias for layer, bias in enumerate(model.intercepts_)}
        return cls({"centre": centre, "scale": scale} | layers)

    def ratios(self, rows: Prepared) -> FloatArray:
        values = (rows.for_weights() - self.arrays["centre"]) / self.arrays["scale"]
        last = sum(name.startswith("weights_") for name in self.arrays) - 1
        for layer in range(last + 1):
            values = values @ self.arrays[f"weights_{layer}"] + self.arrays[f"bias_{layer}"]
            values = np.maximum(values, 0.0) if layer < last else values
        return np.asarray(values[:, 0])


class Trees(LearnedModel):
    """Trees of LightGBM."""

    settings: ClassVar[dict[str, Any]] = {}
    rounds: ClassVar[int] = 100

    @classmethod
    def learn(cls, rows: Prepared, targets: FloatArray) -> LearnedModel:
        import lightgbm

        data = lightgbm.Dataset(rows.for_trees(), np.maximum(targets, 0.0))
        text = lightgbm.train(cls.settings, data, cls.rounds).model_to_string()
        return cls({"trees": np.frombuffer(text.encode(), dtype=np.uint8)})

    def ratios(self, rows: Prepared) -> FloatArray:
        import lightgbm

        trees = lightgbm.Booster(model_str=self.arrays["trees"].tobytes().decode())
        return np.asarray(trees.predict(rows.for_trees(), num_threads=1), dtype=np.float64)


class RandomForest(Trees):
    """Trees on random rows and features, averaged."""

    settings = RANDOM_FOREST
    rounds = 40


class GradientBoosting(Trees):
    """Trees that each learn what those before left."""

    settings = GRADIENT_BOOSTING
    rounds = 100


LEARNED_MODELS: dict[str, type[LearnedModel]] = {
    "linear_regression": LinearRegression,
    "svr": SupportVectors,
    "random_forest": RandomForest,
    "gradient_boosting": GradientBoosting,
    "neural_net": NeuralNet,
}


def _scaling(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of each feature; a spread of 1 where it does not vary."""
    spread = features.std(axis=0)
    return features.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
