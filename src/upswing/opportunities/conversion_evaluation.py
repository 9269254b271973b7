"""The fit of the conversion classifier: measured on what closed later, then trained on all that closed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.bert import Bert, Progress
from upswing.calibration import sigmoid
from upswing.fits import Fit, Metric, NotEnoughHistory, SliceMetric
from upswing.metrics import classification_metrics
from upswing.opportunities.conversion_baselines import train_baselines
from upswing.opportunities.conversion_classifier import (
    BERT,
    ConversionClassifier,
    ConversionParameters,
    calibration_folds,
    train_classifier,
    visits_of,
)
from upswing.opportunities.encoded_visits import EncodedVisits, encode_visits
from upswing.opportunities.known_courses import KnownCourses
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.slices import LEAST, UNKNOWN, of_probabilities, reliability, slices
from upswing.splits import lowest_hashes
from upswing.torch_session import torch_session
from upswing.verdicts import verdict

FloatArray = NDArray[np.float64]

SPLIT = "closed_later"
TARGET = "won"
PART = "bert_alone"
"""Reported beside the baselines, though it is a part of the model."""
AFTER_VISITS = (1, 2, 3, 5)
LEAST_OF_EACH_END = 10
"""Won, and lost: every fold of a cross-validation needs some of both."""


def closed_with_visits(texts: OpportunityTexts) -> OpportunityTexts:
    """What can be learned from: an end, the day of it, and a visit before it."""
    return texts[~np.isnan(texts.is_won) & ~np.isnat(texts.closed_at) & (texts.visits > 0)]


def closed_later(texts: OpportunityTexts, test_share: float) -> NDArray[np.bool_]:
    """Mask of the opportunities that closed last: they test what was trained on those that had closed before."""
    moments = np.sort(texts.closed_at)
    boundary = moments[int(len(moments) * (1 - test_share))]
    return np.asarray(texts.closed_at >= boundary)


def evaluate(
    train: OpportunityTexts,
    test: OpportunityTexts,
    classifier: ConversionClassifier,
    encoded: EncodedVisits,
    parameters: ConversionParameters,
) -> tuple[list[Metric], str, FloatArray, list[SliceMetric]]:
    """Metrics of the classifier and its baselines on later opportunities, all of them knowing the first visits alone.

    Args:
        train: what the classifier was trained on; the baselines are trained on it here.
        test: opportunities that closed later.
        classifier: trained.
        encoded: visits of ``test``.
        parameters: see there.

    Returns:
        The metrics; a verdict; the probability after each visit of ``test``; what came of those after the last visit.
    """
    vectors = classifier.members.text.vectors(encoded)
    courses = {
        "model": classifier.probabilities(test, vectors),
        PART: sigmoid(classifier.members.log_odds(test, vectors)[BERT]),
    }
    baselines = train_baselines(train, calibration_folds(train, parameters))
    metrics: list[Metric] = []
    told = ""
    sliced: list[SliceMetric] = []
    targets = {TARGET: int(test.visits.max())} | {f"{TARGET}_after_{k}_visits": k for k in AFTER_VISITS}
    for target, count in targets.items():
        asked = test.visits >= (count if target != TARGET else 1)
        known = test[asked].first_visits(count)
        if not len(known):
            continue
        last = test.offsets[:-1][asked] + known.visits - 1
        scores = {name: course[last] for name, course in courses.items()}
        scores |= {name: baseline(known) for name, baseline in baselines.items()}
        metrics.extend(
            Metric(SPLIT, target, name, metric, value)
            for name, probabilities in scores.items()
            for metric, value in classification_metrics(known.is_won, probabilities).items()
        )
        if target == TARGET:
            told = verdict(known.is_won, {name: score for name, score in scores.items() if name != PART})
            ids, found = known.opportunity_ids, scores["model"]
            columns = {"amount_third": amount_thirds(known.amount)}
            sliced += reliability(SPLIT, target, known.is_won, found, ids)
            sliced += slices(SPLIT, target, columns, ids, of_probabilities(known.is_won, found, ids), LEAST)
    return metrics, told, courses["model"], sliced


def amount_thirds(amounts: FloatArray) -> NDArray[np.object_]:
    """Which third of the deals by amount each is in, in words, shape (opportunities,)."""
    known = amounts[~np.isnan(amounts)]
    bounds = np.quantile(known, [1 / 3, 2 / 3]) if len(known) else np.zeros(2)
    names = np.array(["1 smallest", "2 middle", "3 largest"], dtype=object)
    return np.where(np.isnan(amounts), UNKNOWN, names[np.searchsorted(bounds, amounts, side="right").clip(max=2)])


def fit_conversion_classifier(
    rows: pa.Table,
    bert: Bert,
    parameters: ConversionParameters,
    progress: Progress = lambda _done, _all: None,
) -> Fit:
    """Measure, then train on all closed opportunities of ``rows`` (as ``int_opportunity_texts`` holds them).

    With the weights are kept the courses of the closed opportunities: the probabilities after each of their visits, by
    the measured classifier where it had not seen the end, else by the final one.

    Args:
        rows: opportunities with their visits.
        bert: pretrained.
        parameters: see there.
        progress: told (steps done, steps in all).

    Raises:
        NotEnoughHistory: fewer than ``min_training_opportunities`` closed opportunities with a visit and a day of
            closing, or all of them ended alike.
        UnfitBertError: the BERT does not know the language of the notes.
    """
    texts = OpportunityTexts.from_arrow(rows.sort_by("opportunity_id"))
    closed = closed_with_visits(texts)
    if len(closed) < parameters.min_training_opportunities:
        undated = int((~np.isnan(texts.is_won) & np.isnat(texts.closed_at)).sum())
        raise NotEnoughHistory(
            f"{len(closed)} closed opportunities with a visit, at least {parameters.min_training_opportunities} needed"
            + (f"; {undated} more are closed without closed_at" if undated else "")
        )
    everything = len(closed)
    closed = closed[lowest_hashes(closed.opportunity_ids, parameters.max_training_opportunities, "training")]
    testing = closed_later(closed, parameters.test_share)
    train, test = closed[~testing], closed[testing]
    won = int(train.is_won.sum())
    if min(won, len(train) - won) < LEAST_OF_EACH_END:
        raise NotEnoughHistory(
            f"of {len(train)} closed opportunities to learn from {won} were won; at least {LEAST_OF_EACH_END} won and "
            "as many lost are needed"
        )

    def stage(number: int) -> Progress:
        return lambda done, everything: progress(number * 1000 + 1000 * done // everything, 3000)

    with torch_session():
        frozen, tuned = parameters.text.layers_of(bert)
        encoded = encode_visits(bert, closed, parameters.text.window_tokens, frozen, bool(tuned), progress=stage(0))
        measured = train_classifier(bert, train, visits_of(encoded, closed, ~testing), parameters, stage(1))
        metrics, told, later_course, sliced = evaluate(
            train, test, measured, visits_of(encoded, closed, testing), parameters
        )
        final = train_classifier(bert, closed, encoded, parameters, stage(2))
        courses = KnownCourses.of(closed, final.probabilities(closed, final.members.text.vectors(encoded)), False)
    courses = courses.replaced_by(KnownCourses.of(test, later_course, True))
    sampled = f"; {len(closed):,} of {everything:,} closed opportunities, by hash" if len(closed) < everything else ""
    return Fit(final.to_bytes(courses.packed()), metrics, f"{told}; {final.stack.told}{sampled}", sliced)
