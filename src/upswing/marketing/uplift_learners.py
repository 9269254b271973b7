"""Who answers because of the offer: three ways to learn it from both arms of experiments.

Sources: T- and X-learner, Künzel et al. 2019 (PNAS 116); the linear one is the R-learner of Nie and Wager 2021 with
linear parts: outcome and offer less what is expected of them in the campaign, so that neither campaigns nor their
shares of offers are taken for an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import sigmoid
from upswing.marketing.uplift_rows import CampaignRates, UpliftParameters, UpliftRows
from upswing.marketing.uplift_trees import UpliftTrees

FloatArray = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

CAMPAIGN_RIDGE = 100.0
"""Penalty on the squared effects of campaigns: as much as some hundred rows with an offer weigh."""


class Learner(Protocol):
    """What tells an effect."""

    def effects(self, values: FloatArray) -> FloatArray:
        """Change of the probability of a conversion by an offer, of each row of features, shape (rows,)."""

    def packed(self) -> Arrays:
        """The learner as arrays for :func:`upswing.tensors.pack`."""


@dataclass(frozen=True)
class ArmModels:
    """The probability of a conversion in each arm; the T-learner's effect is the difference of the two.

    Attributes:
        trees: of the control group, and of those with an offer.
        rates: of the campaigns that they were trained on.
    """

    trees: tuple[UpliftTrees, UpliftTrees]
    rates: CampaignRates

    @classmethod
    def train(cls, rows: UpliftRows, parameters: UpliftParameters) -> ArmModels:
        """Train each arm on its own rows."""
        rates = CampaignRates.train(rows)
        found = []
        for arm in (0, 1):
            known = rows[rows.treated == arm]
            offsets = rates.of(known.campaigns, arm)
            found.append(UpliftTrees.of_probability(known.values, known.converted, known.balance, offsets, parameters))
        return cls((found[0], found[1]), rates)

    def probabilities(self, values: FloatArray, arm: int, campaigns: NDArray[Any] | None = None) -> FloatArray:
        """Probability of a conversion in an arm, of each row, in its campaign or, without one, in the average one."""
        begin = self.rates.average[arm] if campaigns is None else self.rates.of(campaigns, arm)
        return sigmoid(begin + self.trees[arm].values(values))

    def effects(self, values: FloatArray) -> FloatArray:
        """See :class:`Learner`."""
        return self.probabilities(values, 1) - self.probabilities(values, 0)

    def packed(self) -> Arrays:
        """See :class:`Learner`."""
        return self.trees[0].packed("control") | self.trees[1].packed("offer") | {"average": self.rates.average}

    @classmethod
    def unpacked(cls, arrays: Arrays) -> ArmModels:
        """What :meth:`packed` packed: it tells of the average campaign alone."""
        rates = CampaignRates(np.array([], dtype=np.str_), np.zeros((2, 0)), np.zeros(0), arrays["average"], 0.0)
        return cls((UpliftTrees.unpacked(arrays, "control"), UpliftTrees.unpacked(arrays, "offer")), rates)


@dataclass(frozen=True)
class XLearner:
    """Trees of the effect itself: in each arm, what came less what the other arm's model expects of such a customer.

    Attributes:
        control, offer: trees of the effect, learned in the control group and among those with an offer.
        share: of the rows with an offer: the larger it is, the better those without one can be told, so that the effect
            learned in the control group counts for this share.
    """

    control: UpliftTrees
    offer: UpliftTrees
    share: float

    @classmethod
    def train(cls, rows: UpliftRows, arms: ArmModels, parameters: UpliftParameters) -> XLearner:
        """Train on both arms.

        Args:
            rows: of both arms.
            arms: trained on the same rows.
            parameters: see there.
        """
        found = []
        for arm in (0, 1):
            known = rows[rows.treated == arm]
            expected = arms.probabilities(known.values, 1 - arm, known.campaigns)
            effects = known.converted - expected if arm else expected - known.converted
            effects = effects - arms.rates.effect_apart(known.campaigns)
            found.append(UpliftTrees.of_value(known.values, effects, known.balance, parameters))
        return cls(found[0], found[1], float(rows.treated.mean()))

    def effects(self, values: FloatArray) -> FloatArray:
        """See :class:`Learner`."""
        return self.share * self.control.values(values) + (1 - self.share) * self.offer.values(values)

    def packed(self) -> Arrays:
        """See :class:`Learner`."""
        return self.control.packed("control") | self.offer.packed("offer") | {"share": np.array([self.share])}

    @classmethod
    def unpacked(cls, arrays: Arrays) -> XLearner:
        """What :meth:`packed` packed."""
        control, offer = (UpliftTrees.unpacked(arrays, name) for name in ("control", "offer"))
        return cls(control, offer, float(arrays["share"][0]))


@dataclass(frozen=True)
class LinearInteraction:
    """An effect that is linear in the standardised logarithms of the features.

    Attributes:
        centres, spreads: of the logarithms, shape (features,); what is not known counts as the centre.
        weights: shape (features,).
        average: effect on a customer typical in all.
    """

    centres: FloatArray
    spreads: FloatArray
    weights: FloatArray
    average: float

    @classmethod
    def train(cls, rows: UpliftRows, parameters: UpliftParameters) -> LinearInteraction:
        """Ridge regression with an effect of its own for each campaign; that of the average one carries no penalty."""
        logs = _logarithms(rows.values)
        known = ~np.isnan(logs)
        counts = np.maximum(known.sum(axis=0), 1)
        centres = np.where(known, logs, 0.0).sum(axis=0) / counts
        spreads = np.sqrt(np.where(known, (logs - centres) ** 2, 0.0).sum(axis=0) / counts)
        spreads = np.where(spreads > 1e-9 * (1 + np.abs(centres)), spreads, 1.0)
        standard = _standardised(rows.values, centres, spreads)
        offered = (rows.treated - rows.shares)[:, None]
        expected = sigmoid(CampaignRates.train(rows).both(rows.campaigns))
        own = (rows.campaigns[:, None] == np.unique(rows.campaigns)).astype(np.float64)
        # Less its mean in the campaign: what only tells campaigns apart cannot take their effects.
        apart = standard - own @ (own.T @ standard / own.sum(axis=0)[:, None])
        design = np.column_stack([standard, offered * apart, offered, offered * (own - own.mean(axis=0))])
        number = standard.shape[1]
        penalty = np.full(design.shape[1], parameters.ridge)
        penalty[2 * number] = 0.0
        penalty[2 * number + 1 :] = CAMPAIGN_RIDGE
        found = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ (rows.converted - expected))
        return cls(centres, spreads, found[number : 2 * number], float(found[2 * number]))

    def effects(self, values: FloatArray) -> FloatArray:
        """See :class:`Learner`."""
        # Row by row: the last digit of a product of matrices depends on how many rows there are.
        standard = _standardised(values, self.centres, self.spreads)
        return np.asarray(self.average + (standard * self.weights).sum(axis=1), dtype=np.float64)

    def packed(self) -> Arrays:
        """See :class:`Learner`."""
        parts = {name: getattr(self, name) for name in ("centres", "spreads", "weights")}
        return parts | {"average": np.array([self.average])}

    @classmethod
    def unpacked(cls, arrays: Arrays) -> LinearInteraction:
        """What :meth:`packed` packed."""
        return cls(arrays["centres"], arrays["spreads"], arrays["weights"], float(arrays["average"][0]))


def _logarithms(values: FloatArray) -> FloatArray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)


def _standardised(values: FloatArray, centres: FloatArray, spreads: FloatArray) -> FloatArray:
    logs = _logarithms(values)
    return np.where(np.isnan(logs), 0.0, (logs - centres) / spreads)
