"""The learners of uplift that compete, by name: three ways to learn it, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from upswing.marketing.uplift_learners import ArmModels, Arrays, Learner, LinearInteraction, XLearner
from upswing.marketing.uplift_rows import UpliftParameters, UpliftRows

FloatArray = NDArray[np.float64]

T_LEARNER, X_LEARNER, LINEAR, MEAN = "t_learner", "x_learner", "linear_interaction", "mean_of_learners"
AVERAGE = "average_effect"
"""No learner: every customer has the average effect."""

SINGLE: dict[str, Callable[[Arrays], Learner]] = {
    T_LEARNER: ArmModels.unpacked,
    X_LEARNER: XLearner.unpacked,
    LINEAR: LinearInteraction.unpacked,
}


@dataclass(frozen=True)
class MeanOfLearners:
    """The mean of what the three say: what one takes for an effect by chance, the others rarely do.

    Attributes:
        learners: by name.
    """

    learners: dict[str, Learner]

    def effects(self, values: FloatArray) -> FloatArray:
        """See :class:`Learner`."""
        return np.asarray(np.mean([learner.effects(values) for learner in self.learners.values()], axis=0))

    def packed(self) -> Arrays:
        """See :class:`Learner`."""
        return {
            f"{name}.{part}": array
            for name, learner in self.learners.items()
            for part, array in learner.packed().items()
        }

    @classmethod
    def unpacked(cls, arrays: Arrays) -> MeanOfLearners:
        """What :meth:`packed` packed."""
        return cls({name: read(part_of(arrays, name)) for name, read in SINGLE.items()})


UNPACKED: dict[str, Callable[[Arrays], Learner]] = SINGLE | {MEAN: MeanOfLearners.unpacked}


def train_learners(rows: UpliftRows, arms: ArmModels, parameters: UpliftParameters) -> dict[str, Learner]:
    """All learners by name, trained on the rows that the models of the arms were trained on."""
    single: dict[str, Learner] = {
        T_LEARNER: arms,
        X_LEARNER: XLearner.train(rows, arms, parameters),
        LINEAR: LinearInteraction.train(rows, parameters),
    }
    return single | {MEAN: MeanOfLearners(single)}


def part_of(arrays: Arrays, name: str) -> Arrays:
    """The arrays whose name begins with ``name`` and a dot, by the rest of it."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
