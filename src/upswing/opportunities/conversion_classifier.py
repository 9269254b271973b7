"""From the visit records of an opportunity to the probability that it is won.

Source: conversion-probability patent, claims 1-4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.bert import Bert, Progress
from upswing.calibration import sigmoid
from upswing.opportunities.encoded_visits import EncodedVisits, VisitVectors
from upswing.opportunities.opportunity_texts import OpportunityTexts, runs
from upswing.opportunities.plain_features import PlainModel, plain_features
from upswing.opportunities.score_stack import CHOICE_FOLDS, ScoreStack
from upswing.opportunities.text_model import TextModel, TextModelParameters, train_text_model
from upswing.opportunities.word_model import WordModel
from upswing.shared_terms import LEAST_SUBJECTS, check_least_subjects
from upswing.splits import hash_folds
from upswing.tensors import pack, unpack

FloatArray = NDArray[np.float64]

BERT, WORDS, PLAIN = "bert", "words", "plain features"
MEMBERS = (BERT, WORDS, PLAIN)
CANDIDATES = ((BERT,), (BERT, PLAIN), (BERT, WORDS), (BERT, WORDS, PLAIN))


@dataclass(frozen=True)
class ConversionParameters:
    """How the conversion classifier is trained and measured.

    Attributes:
        bert_name, bert_digest: of the pretrained BERT.
        text: how much of it is used and trained.
        calibration_folds: the probabilities are calibrated, and what is stacked is chosen, on what the models say of
            each fold when they are trained on the others.
        test_share: share of the closed opportunities, the latest to close, that test.
        min_training_opportunities: least closed opportunities with a visit to learn from.
        max_training_opportunities: most of them; of more, those with the lowest hash of their id.
        least_customers: a word is learned from where it stands in the records of so many customers (var
            ``k_anonymity``).
    """

    bert_name: str
    bert_digest: str
    text: TextModelParameters = field(default_factory=TextModelParameters)
    calibration_folds: int = 5
    test_share: float = 0.25
    min_training_opportunities: int = 200
    max_training_opportunities: int = 20_000
    least_customers: int = LEAST_SUBJECTS

    def __post_init__(self) -> None:
        if self.calibration_folds < 2:
            raise ValueError(f"calibration_folds is {self.calibration_folds}; expected at least 2")
        if not 0 < self.test_share < 1:
            raise ValueError(f"test_share is {self.test_share}; expected a share between 0 and 1")
        check_least_subjects("least_customers", self.least_customers)


@dataclass(frozen=True)
class Members:
    """The trained models, before they are stacked.

    Attributes:
        text: reads the records with BERT.
        words: counts their words.
        plain: a logistic regression on plain features.
        base_rate: share won of the training opportunities.
    """

    text: TextModel
    words: WordModel
    plain: PlainModel
    base_rate: float

    def log_odds(self, texts: OpportunityTexts, vectors: VisitVectors) -> dict[str, FloatArray]:
        """Of each member after each visit, shape (visits,) each."""
        return {
            BERT: self.text.classification.log_odds(vectors, texts.visits),
            WORDS: self.words.log_odds(texts),
            PLAIN: self.plain.log_odds(plain_features(texts, self.base_rate)),
        }


@dataclass(frozen=True)
class ConversionClassifier:
    """A trained classifier.

    Attributes:
        members: trained.
        stack: of those of them that won on validation.
    """

    members: Members
    stack: ScoreStack

    @property
    def base_rate(self) -> float:
        """What an opportunity without a visit gets: the share won of the training opportunities."""
        return self.members.base_rate

    def probabilities(self, texts: OpportunityTexts, vectors: VisitVectors) -> FloatArray:
        """Calibrated, after each visit; shape (visits,)."""
        return sigmoid(self.stack.log_odds(self.members.log_odds(texts, vectors)))

    def visit_effects(self, texts: OpportunityTexts, vectors: VisitVectors) -> FloatArray:
        """By how much each visit's record raised or lowered the probability after the last visit; shape (visits,).

        Leave one out: the probability less what it would be had the visit not been recorded; what is known beside the
        records stays as it is. Without its only visit an opportunity would have the base rate.
        """
        last = texts.offsets[1:][texts.opportunity_of_visit] - 1
        known = {name: log_odds[last] for name, log_odds in self.members.log_odds(texts, vectors).items()}
        without = known | {
            BERT: self.members.text.classification.log_odds_without(vectors, texts.visits),
            WORDS: self.members.words.log_odds_without(texts),
        }
        is_only_visit = (texts.visits == 1)[texts.opportunity_of_visit]
        otherwise = np.where(is_only_visit, self.base_rate, sigmoid(self.stack.log_odds(without)))
        return np.asarray(sigmoid(self.stack.log_odds(known)) - otherwise)

    def to_bytes(self, more: dict[str, NDArray[Any]] | None = None) -> bytes:
        """What training changed, as safetensors: the layers of BERT that stayed as they were are not in it.

        Args:
            more: arrays to keep beside it.
        """
        facts = {
            "members": list(self.stack.members),
            "coefficients": list(self.stack.coefficients),
            "intercept": self.stack.intercept,
            "losses": self.stack.losses,
            "base_rate": self.base_rate,
        }
        members = self.members
        arrays = members.text.packed() | members.words.packed() | members.plain.packed()
        return pack(arrays | (more or {}), facts)

    @classmethod
    def from_bytes(cls, blob: bytes, bert: Bert, parameters: TextModelParameters) -> ConversionClassifier:
        """What :meth:`to_bytes` wrote, on the BERT that it was trained on."""
        arrays, facts = unpack(blob)
        stack = ScoreStack(tuple(facts["members"]), tuple(facts["coefficients"]), facts["intercept"], facts["losses"])
        text = TextModel.unpacked(arrays, bert, parameters)
        words, plain = WordModel.unpacked(arrays), PlainModel.unpacked(arrays)
        return cls(Members(text, words, plain, facts["base_rate"]), stack)


def train_classifier(
    bert: Bert,
    texts: OpportunityTexts,
    encoded: EncodedVisits,
    parameters: ConversionParameters,
    progress: Progress = lambda _done, _all: None,
) -> ConversionClassifier:
    """Train the members on all opportunities; stack and calibrate what they say of opportunities they did not train on.

    For the latter each member is trained once more a fold, on the other folds.

    Args:
        bert: pretrained.
        texts: closed opportunities with at least one visit.
        encoded: their visits after the layers that stay as they are.
        parameters: see there.
        progress: told (trainings done, trainings in all).
    """
    folds = calibration_folds(texts, parameters)
    of_visit = folds[texts.opportunity_of_visit]
    unseen = {name: np.zeros(len(texts.notes)) for name in MEMBERS}
    for fold in range(parameters.calibration_folds):
        held = folds == fold
        if held.any():
            members = _train_members(bert, texts, encoded, ~held, parameters)
            vectors = members.text.vectors(visits_of(encoded, texts, held))
            for name, log_odds in members.log_odds(texts[held], vectors).items():
                unseen[name][of_visit == fold] = log_odds
        progress(fold + 1, parameters.calibration_folds + 1)
    members = _train_members(bert, texts, encoded, np.ones(len(texts), dtype=bool), parameters)
    halves = hash_folds(texts.opportunity_ids, CHOICE_FOLDS, "stack")[texts.opportunity_of_visit]
    stack = ScoreStack.choose(CANDIDATES, unseen, *ends_and_weights(texts), halves)
    progress(parameters.calibration_folds + 1, parameters.calibration_folds + 1)
    return ConversionClassifier(members, stack)


def calibration_folds(texts: OpportunityTexts, parameters: ConversionParameters) -> NDArray[np.int64]:
    """Fold of each opportunity."""
    return hash_folds(texts.opportunity_ids, parameters.calibration_folds, "calibration")


def _train_members(
    bert: Bert,
    texts: OpportunityTexts,
    encoded: EncodedVisits,
    mask: NDArray[np.bool_],
    parameters: ConversionParameters,
) -> Members:
    training = texts[mask]
    base_rate = float(training.is_won.mean())
    text = train_text_model(bert, training, visits_of(encoded, texts, mask), parameters.text)
    plain = PlainModel.fit(plain_features(training, base_rate), *ends_and_weights(training))
    return Members(text, WordModel.fit(training, parameters.least_customers), plain, base_rate)


def visits_of(encoded: EncodedVisits, texts: OpportunityTexts, mask: NDArray[np.bool_]) -> EncodedVisits:
    """The encoded visits of some of the opportunities."""
    return encoded.of_visits(runs(texts.offsets[:-1][mask], texts.visits[mask]))


def ends_and_weights(texts: OpportunityTexts) -> tuple[FloatArray, FloatArray]:
    """The end of the opportunity of each visit, and a weight by which all opportunities count alike."""
    of_visit = texts.opportunity_of_visit
    return texts.is_won[of_visit], 1 / texts.visits[of_visit]
