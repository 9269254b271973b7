"""The fit of the sentiment classifier: measured on texts unlike those it learned from, then trained on all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import Fit, Metric, NotEnoughHistory
from upswing.marketing.feedback_sentiment import (
    CLASSES,
    FloatArray,
    SentimentClassifier,
    SentimentLayer,
    SentimentParameters,
    beside,
)
from upswing.marketing.feedback_sentiment_split import alike_groups
from upswing.marketing.feedback_sentiment_texts import LabelledTexts
from upswing.marketing.feedback_terms import Terms
from upswing.metrics import calibration_error
from upswing.one_thread import hold_one_thread
from upswing.slices import reliability
from upswing.splits import hash_folds
from upswing.verdicts import compared

SPLIT = "unlike texts"
TARGET = "stars"
RESAMPLES = 500


def fit_sentiment_classifier(texts: pa.Table, readings: pa.Table, parameters: SentimentParameters) -> Fit:
    """Measure on texts unlike all that trained, then train on all with the median of the penalties chosen.

    Each fold of texts tests once, the next one chooses the penalty, the others train: a text tests what has neither
    learned from it nor been chosen by it. Baselines: what BERT reads without the words, the words without BERT
    (TF-IDF of words and pairs), each with the same layer and a penalty chosen in the same way, and the shares
    of the classes.

    Args:
        texts: rows of ``int_feedback_texts``.
        readings: rows of ``score_feedback_texts``.
        parameters: see there.

    Raises:
        NotEnoughHistory: too few texts with stars, of one class, or put too much alike.
    """
    import scipy.sparse  # noqa: F401 (loaded before threads are held)
    import sklearn.linear_model  # noqa: F401

    hold_one_thread()
    known = LabelledTexts.of(texts, readings, parameters)
    _check(known.counts, parameters, "texts with stars")
    groups = alike_groups(known.texts, parameters.alike_share)
    folds = hash_folds([known.texts[leader] for leader in groups.tolist()], parameters.folds, "sentiment")
    found, penalties = _held_out(known, folds, parameters)
    metrics = [
        Metric(SPLIT, TARGET, competitor, metric, value)
        for competitor, probabilities in found.items()
        for metric, value in figures(known.counts, probabilities).items()
    ]
    terms = Terms.of(known.texts, known.writers, parameters.least_customers)
    both = beside(known.readings, terms.weights(known.texts))
    served = SentimentClassifier(terms, SentimentLayer.fit(both, known.counts, float(np.median(penalties))))
    row, label = _answers(known.counts)
    place = CLASSES.index("good")
    good = (label == place).astype(np.float64)
    bins = reliability(SPLIT, "good", good, found["model"][row, place], groups[row])
    return Fit(served.to_bytes(), metrics, verdict(known.counts, found, groups), bins)


def _held_out(
    known: LabelledTexts, folds: NDArray[np.int64], parameters: SentimentParameters
) -> tuple[dict[str, FloatArray], list[float]]:
    """P(class) of every text by each competitor that saw no text of its fold, and the penalty chosen for each fold."""
    found = {name: np.zeros_like(known.counts) for name in (*WAYS, "majority")}
    penalties = []
    for fold in range(parameters.folds):
        test, validation = folds == fold, folds == (fold + 1) % parameters.folds
        for mask, what in ((~test & ~validation, "texts to train on"), (validation, "texts to validate")):
            if not known.counts[mask].sum(axis=0).all():
                raise NotEnoughHistory(f"{int(mask.sum())} {what}, of which each of {', '.join(CLASSES)} is needed")
        train, validated = known.where(~test & ~validation), known.where(validation)
        learned, tested = known.where(~test), known.where(test)
        for name, features in WAYS.items():
            penalty = _best_penalty(train, validated, parameters, features)
            found[name][test] = _predicted(learned, tested, penalty, parameters, features)
            penalties += [penalty] if name == "model" else []
        found["majority"][test] = learned.counts.sum(axis=0) / learned.counts.sum()
    return found, penalties


def figures(counts: FloatArray, probabilities: FloatArray) -> dict[str, float]:
    """Accuracy, macro F1, log loss, Brier score and calibration error of P(good), and rows: answers.

    Args:
        counts, probabilities: shape (texts, classes).
    """
    row, label = _answers(counts)
    named = np.argmax(probabilities, axis=1)[row]
    scores = []
    for place in range(len(CLASSES)):
        both = float(((named == place) & (label == place)).sum())
        either = float((named == place).sum() + (label == place).sum())
        scores.append(2 * both / either if either else 0.0)
    good = (label == CLASSES.index("good")).astype(np.float64)
    p_good = probabilities[row, CLASSES.index("good")]
    return {
        "accuracy": float((named == label).mean()),
        "macro_f1": float(np.mean(scores)),
        "log_loss": float(-np.log(np.maximum(probabilities[row, label], 1e-12)).mean()),
        "brier": float(((p_good - good) ** 2).mean()),
        "calibration_error": calibration_error(good, p_good),
        "rows": float(len(row)),
    }


def verdict(counts: FloatArray, found: dict[str, FloatArray], groups: NDArray[np.int64]) -> str:
    """One sentence: accuracy of the model against its best baseline, and whether the difference is more than chance.

    Groups of texts put alike are drawn with replacement, for their texts are right or wrong together.
    """
    right = {name: counts[np.arange(len(counts)), np.argmax(shares, axis=1)] for name, shares in found.items()}
    accuracy = {name: float(hits.sum() / counts.sum()) for name, hits in right.items()}
    rival = max((name for name in accuracy if name != "model"), key=lambda name: accuracy[name])
    _names, group = np.unique(groups, return_inverse=True)
    gains = np.bincount(group, right["model"] - right[rival])
    answers = np.bincount(group, counts.sum(axis=1))
    drawn = np.random.default_rng(7).integers(0, len(gains), (RESAMPLES, len(gains)))
    low, high = np.quantile(gains[drawn].sum(axis=1) / answers[drawn].sum(axis=1), [0.025, 0.975])
    verb = compared(low, high)
    return (
        f"the model {verb} its best baseline {rival}: accuracy {accuracy['model']:.3f} against {accuracy[rival]:.3f}, "
        f"difference {low:+.3f} to {high:+.3f} on {int(counts.sum()):,} answers of {len(gains):,} wordings"
    )


def _check(counts: FloatArray, parameters: SentimentParameters, what: str) -> None:
    of_class = (counts > 0).sum(axis=0) if len(counts) else np.zeros(len(CLASSES), dtype=np.int64)
    if len(counts) < parameters.min_texts or of_class.min() < parameters.min_class_texts:
        told = ", ".join(f"{int(texts)} {name}" for texts, name in zip(of_class, CLASSES, strict=True))
        raise NotEnoughHistory(
            f"{len(counts)} {what} ({told}), at least {parameters.min_texts} and {parameters.min_class_texts} of each "
            "needed"
        )


def _answers(counts: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Text and class of each answer."""
    row, label = np.nonzero(counts)
    times = counts[row, label].astype(np.int64)
    return np.repeat(row, times), np.repeat(label, times)


def _both(train: Terms, texts: LabelledTexts) -> Any:
    return beside(texts.readings, _words(train, texts))


def _read(_train: Terms, texts: LabelledTexts) -> Any:
    return texts.readings


def _words(train: Terms, texts: LabelledTexts) -> Any:
    return train.weights(texts.texts)


WAYS = {"model": _both, "encoder_alone": _read, "tfidf_logistic": _words}
"""Features of texts, given the terms of those that trained, by competitor."""


def _predicted(
    train: LabelledTexts, asked: LabelledTexts, penalty: float, parameters: SentimentParameters, features: Any
) -> FloatArray:
    terms = Terms.of(train.texts, train.writers, parameters.least_customers)
    layer = SentimentLayer.fit(features(terms, train), train.counts, penalty)
    return layer.probabilities(features(terms, asked))


def _best_penalty(
    train: LabelledTexts, validation: LabelledTexts, parameters: SentimentParameters, features: Any
) -> float:
    """The one with the least log loss on the validation texts; ties to the stronger penalty."""
    terms = Terms.of(train.texts, train.writers, parameters.least_customers)
    learned, asked = features(terms, train), features(terms, validation)
    losses = {}
    for penalty in sorted(parameters.penalties):
        probabilities = SentimentLayer.fit(learned, train.counts, penalty).probabilities(asked)
        losses[penalty] = round(figures(validation.counts, probabilities)["log_loss"], 6)
    return min(losses, key=lambda penalty: losses[penalty])
