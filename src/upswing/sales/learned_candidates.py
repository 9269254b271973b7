"""Candidates that learn one model over all series, on lags, promotions, prices and the calendar."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.one_thread import hold_one_thread
from upswing.sales.forecast_panel import FloatArray, SalesPanel
from upswing.sales.learned_candidates_models import LEARNED_MODELS, LearnedModel
from upswing.sales.learned_features import learning_rows, run_forward, sample_rows

LEAST_ROWS = 200
"""Weeks of all series together below which nothing is learned."""

COST = 400
"""About how long one of the models takes, in steps of progress."""


@dataclass(frozen=True)
class LearnedModels:
    """The models as learned at one origin.

    Attributes:
        models: by candidate; one that was not wanted, that failed or that had too little to learn from is missing.
        planned_weeks: weeks ahead of which promotions are known.
        failures: candidates that failed.
    """

    models: dict[str, LearnedModel]
    planned_weeks: int
    failures: tuple[str, ...] = ()

    @classmethod
    def learn(
        cls, panel: SalesPanel, origin: int, wanted: Collection[str], told: Callable[[int], None]
    ) -> LearnedModels:
        """Learn the wanted ones of :data:`LEARNED_MODELS` on all weeks up to the origin."""
        planned_weeks = panel.planned_weeks
        if not wanted or not np.isfinite(panel.revenue[:, :origin]).any():
            return cls({}, planned_weeks)
        _hold_one_thread()
        rows, targets, ids = learning_rows(panel, origin, planned_weeks)
        if len(targets) < LEAST_ROWS:
            return cls({}, planned_weeks)
        models: dict[str, LearnedModel] = {}
        failures = []
        for name, kind in LEARNED_MODELS.items():
            if name not in wanted:
                continue
            try:
                taken = sample_rows(panel.keys, ids, kind.most_rows, _hashed)
                models[name] = kind.learn(rows[taken], targets[taken])
            except Exception as failure:  # a library may raise anything, and one candidate never stops the others
                warnings.warn(f"{name} failed: {failure!r}; it forecasts no series", stacklevel=2)
                failures.append(name)
            told(COST)
        return cls(models, planned_weeks, tuple(failures))

    def forecast(self, panel: SalesPanel, origin: int, weeks: int) -> dict[str, FloatArray]:
        """Run each model forward from the origin, shape (n, weeks); NaN where it does not serve."""
        nothing = np.full((len(panel.revenue), weeks), np.nan)
        _hold_one_thread()
        served = run_forward(panel, origin, self.planned_weeks, weeks, dict(self.models))
        return {name: served.get(name, nothing) for name in LEARNED_MODELS}

    def packed(self) -> dict[str, NDArray[Any]]:
        """The models as arrays."""
        found: dict[str, NDArray[Any]] = {"planned_weeks": np.array([self.planned_weeks])}
        for name, model in self.models.items():
            found |= {f"{name}.{part}": array for part, array in model.arrays.items()}
        return found

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], failures: tuple[str, ...]) -> LearnedModels:
        """What :meth:`packed` packed."""
        models = {}
        for name, kind in LEARNED_MODELS.items():
            own = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
            if own:
                models[name] = kind(own)
        return cls(models, int(arrays["planned_weeks"][0]), failures)


def _hold_one_thread() -> None:
    import lightgbm  # noqa: F401 (its threads are held, too)
    import sklearn.neural_network  # noqa: F401

    hold_one_thread()


def _hashed(key: str) -> int:
    return int.from_bytes(hashlib.md5(f"learned_candidates:{key}".encode()).digest()[:8], "big")
