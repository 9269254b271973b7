"""Who answers because of the offer: the learner that is served, held to what held-out customers confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import sigmoid
from upswing.customers.customer_predictor import known_medians
from upswing.customers.spend_given_purchase import SpendGivenPurchase
from upswing.marketing.uplift_candidates import AVERAGE, MEAN, UNPACKED, part_of, train_learners
from upswing.marketing.uplift_curves import Slope, effect_scores, slope_of
from upswing.marketing.uplift_learners import ArmModels, Learner
from upswing.marketing.uplift_rows import UPLIFT_FEATURES, CampaignRates, UpliftParameters, UpliftRows
from upswing.marketing.uplift_trees import UpliftTrees
from upswing.splits import hash_folds
from upswing.tensors import pack, pack_texts, unpack, unpack_texts

FloatArray = NDArray[np.float64]

REVENUE_RIDGE = 10.0

MEAN_AHEAD = 1.0
"""By how many standard errors a single learner must be ahead of the mean of all to be served in its place."""


@dataclass(frozen=True)
class Choice:
    """What rows that a learner did not see say of the learners.

    Attributes:
        learner: name of the one whose differences are confirmed best, the mean of all where none is clearly ahead;
            :data:`AVERAGE` where none's are confirmed.
        slope: what its differences count, 0 to 1.
        centre: mean of what it said.
        slopes: of each learner.
        uses_spend_model: whether the linear model of a conversion's revenue was nearer than its mean.
    """

    learner: str
    slope: float
    centre: float
    slopes: dict[str, Slope]
    uses_spend_model: bool


@dataclass(frozen=True)
class UpliftPredictor:
    """All that is served.

    Attributes:
        learner_name: see :class:`Choice`.
        learner: None where every customer has the average effect.
        slope, centre: see :class:`Choice`.
        average: the average effect in the experiments.
        answering: trees of the probability of a conversion, both arms together.
        begin: log-odds that they add to, of the average campaign.
        spend: revenue of a conversion.
        typical: median of each feature, which reasons compare with.
        features: their names.
    """

    learner_name: str
    learner: Learner | None
    slope: float
    centre: float
    average: float
    answering: UpliftTrees
    begin: float
    spend: SpendGivenPurchase
    typical: FloatArray
    features: tuple[str, ...] = UPLIFT_FEATURES

    def effects(self, values: FloatArray) -> FloatArray:
        """Change of the probability of a conversion by an offer, -1 to 1, shape (rows,)."""
        if self.learner is None:
            return np.full(len(values), self.average)
        said = self.average + self.slope * (self.learner.effects(values) - self.centre)
        return np.asarray(np.clip(said, -1.0, 1.0), dtype=np.float64)

    def base_probabilities(self, values: FloatArray, effects: FloatArray) -> FloatArray:
        """Probability of a conversion without an offer, shape (rows,), such that with the effect it is one too.

        It is learned from both arms together, whose mean lies half the effect above it: the control group alone would
        be few rows.
        """
        both = sigmoid(self.begin + self.answering.values(values))
        return np.clip(both - effects / 2, np.maximum(0.0, -effects), np.minimum(1.0, 1.0 - effects))

    def conversion_revenue(self, values: FloatArray) -> FloatArray:
        """What a conversion of each customer brings, 0 or more, shape (rows,)."""
        return self.spend.predict(values)

    def to_bytes(self) -> bytes:
        """The predictor as safetensors."""
        learner = {} if self.learner is None else self.learner.packed()
        arrays = {f"learner.{name}": array for name, array in learner.items()}
        arrays |= self.answering.packed("answering") | self.spend.packed("spend")
        arrays["numbers"] = np.array([self.slope, self.centre, self.average, self.begin])
        arrays["typical"] = self.typical
        arrays["features"] = pack_texts(self.features)
        return pack(arrays, {"learner": self.learner_name})

    @classmethod
    def from_bytes(cls, blob: bytes) -> UpliftPredictor:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        name = facts["learner"]
        slope, centre, average, begin = arrays["numbers"].tolist()
        return cls(
            name,
            UNPACKED[name](part_of(arrays, "learner")) if name in UNPACKED else None,
            slope,
            centre,
            average,
            UpliftTrees.unpacked(arrays, "answering"),
            begin,
            SpendGivenPurchase.unpacked(arrays, "spend"),
            arrays["typical"],
            tuple(unpack_texts(arrays["features"])),
        )


def choose(rows: UpliftRows, parameters: UpliftParameters) -> Choice:
    """Judge each learner on the customers of each fold, whom the learners of the other folds did not see."""
    folds = hash_folds(rows.customers.tolist(), parameters.folds, "uplift_folds")
    effects = np.zeros(len(rows))
    said: dict[str, FloatArray] = {}
    errors = np.zeros(2)
    for fold in np.unique(folds):
        known, asked = rows[folds != fold], rows[folds == fold]
        arms = ArmModels.train(known, parameters)
        effects[folds == fold] = effect_scores(asked, arms)
        for name, learner in train_learners(known, arms, parameters).items():
            said.setdefault(name, np.zeros(len(rows)))[folds == fold] = learner.effects(asked.values)
        errors += [_spend_error(train_spend(known, uses), asked) for uses in (False, True)]
    slopes = {name: slope_of(effects, found, rows) for name, found in said.items()}
    best = max(slopes, key=lambda name: (slopes[name].t + MEAN_AHEAD * (name == MEAN), name))
    confirmed = slopes[best].trusted
    name = best if confirmed > 0 else AVERAGE
    return Choice(name, confirmed, float(said[best].mean()), slopes, bool(errors[1] < errors[0]))


def train_predictor(
    rows: UpliftRows, choice: Choice, learners: dict[str, Learner], parameters: UpliftParameters
) -> UpliftPredictor:
    """The predictor as chosen, on the rows that the learners were trained on."""
    rates = CampaignRates.train(rows)
    answering = UpliftTrees.of_probability(
        rows.values, rows.converted, rows.balance, rates.both(rows.campaigns), parameters
    )
    return UpliftPredictor(
        choice.learner,
        learners.get(choice.learner),
        choice.slope,
        choice.centre,
        rates.average_effect,
        answering,
        float(rates.average.mean()),
        train_spend(rows, choice.uses_spend_model),
        known_medians(rows.values),
    )


def train_spend(rows: UpliftRows, uses_model: bool) -> SpendGivenPurchase:
    """Revenue of a conversion, from those of both arms: the linear model, or their mean alone."""
    answered = rows[rows.converted == 1]
    if uses_model:
        return SpendGivenPurchase.train(answered.values, answered.revenue, REVENUE_RIDGE)
    number = answered.values.shape[1]
    mean = float(answered.revenue.mean()) if len(answered) else 0.0
    return SpendGivenPurchase(np.zeros(number), np.ones(number), np.zeros(number), mean)


def _spend_error(spend: SpendGivenPurchase, asked: UpliftRows) -> float:
    answered = asked[asked.converted == 1]
    return float(((spend.predict(answered.values) - answered.revenue) ** 2).sum())


def customer_mask(customers: NDArray[Any], share: float) -> NDArray[np.bool_]:
    """The rows of that share of the customers, by hash, of whom nothing is learned."""
    return hash_folds(customers.tolist(), 1000, "uplift_test") < round(1000 * share)
