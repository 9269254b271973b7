"""Conversion probabilities of all opportunities: read anew only where something changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.bert import Bert, Progress
from upswing.opportunities.conversion_classifier import ConversionClassifier
from upswing.opportunities.known_courses import DECIMALS, KnownCourses
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.opportunities.text_model import TextModelParameters
from upswing.reasons.codes import Reason, pointing, strongest, to_json
from upswing.reasons.words import worded
from upswing.tensors import unpack
from upswing.torch_session import torch_session
from upswing.user_errors import UserError

CONVERSION_SCHEMA = pa.schema(
    [
        pa.field("opportunity_id", pa.string()),
        pa.field("conversion_probability", pa.float64()),
        pa.field("probability_source", pa.string()),
        pa.field("is_out_of_sample", pa.bool_()),
        pa.field("probabilities_after_visits", pa.list_(pa.float64())),
        pa.field("visit_effects", pa.list_(pa.float64())),
        pa.field("top_reasons", pa.string()),
        pa.field("top_reason_codes", pa.string()),
        pa.field("text_fingerprint", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("scored_at", pa.timestamp("us")),
    ]
)

LEAST_EFFECT = 0.005
WITHOUT_VISIT = (Reason("no_visit_yet", {}),)
NOTHING = (Reason("no_visit_moves", {}),)

Row = dict[str, Any]


def conversion_scorer(
    fit: dict[str, Any] | None,
    bert: Bert,
    earlier: pa.Table | None,
    tell: Callable[[str], None] = print,
    new_progress: Callable[[], Progress] = lambda: lambda _done, _all: None,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """From batches of ``int_opportunity_texts`` to batches of :data:`CONVERSION_SCHEMA`; without a fit, no row.

    An opportunity that this model version has scored, and of which nothing changed since, keeps its row. A closed one
    that the fit knows has its course from there. The others are read by BERT. One without a visit gets the base rate.

    Args:
        fit: the newest row of ``fit_conversion_classifier``, or None.
        bert: the BERT of the var ``bert_model``.
        earlier: rows of an earlier run, or None.
        tell: told in one line how many were read.
        new_progress: gives what is told (batches read, batches in all) of the next texts.

    Raises:
        UserError: the fit was made with another BERT.
    """
    if fit is None:
        tell("conversion_classifier: there is no fit to score with; opportunities get no probability")
        return lambda _batches: iter(())
    version = fit["model_version"]
    fitted_with = json.loads(fit["parameters"])
    if fitted_with["bert_digest"] != bert.digest:
        raise UserError(
            f"the var bert_model is {bert.name}, but {version} of conversion_classifier was fitted with another BERT, "
            f"{fitted_with['bert_name']}; set the var refit to auto, or bert_model to the one that it was fitted with"
        )
    parameters = TextModelParameters.from_json(fitted_with["text"])
    arrays, _ = unpack(fit["weights"])
    courses = KnownCourses.unpacked(arrays)
    scored = {row["opportunity_id"]: row for row in _rows_of(earlier, version)}
    scored_at = datetime.now(UTC).replace(tzinfo=None)

    def known(opportunity_id: str, fingerprint: str, is_won: float, _closed_at: np.datetime64) -> Row | None:
        row = scored.get(opportunity_id)
        if row is not None and row["text_fingerprint"] == fingerprint:
            return row
        course = courses.find(opportunity_id, fingerprint)
        if course is None or np.isnan(is_won):
            return None
        return _row(opportunity_id, fingerprint, version, scored_at) | {
            "conversion_probability": course.probabilities[-1],
            "probability_source": "model",
            "is_out_of_sample": course.is_out_of_sample,
            "probabilities_after_visits": list(course.probabilities),
        }

    def learned(is_won: float, closed_at: np.datetime64) -> Row:
        return {"is_out_of_sample": bool(np.isnan(is_won)) or not courses.may_have_trained(closed_at)}

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        classifier = None
        read = everything = 0
        for batch in batches:
            if not batch.num_rows:
                continue
            texts = OpportunityTexts.from_arrow(batch)
            facts = list(zip(texts.opportunity_ids, texts.fingerprints, texts.is_won, texts.closed_at, strict=True))
            rows = [known(*of_one) for of_one in facts]
            new = np.array([row is None for row in rows])
            if new.any():
                with torch_session():
                    if classifier is None:
                        classifier = ConversionClassifier.from_bytes(fit["weights"], bert, parameters)
                    found = _score(classifier, bert, parameters, texts[new], version, scored_at, new_progress())
                for row, number in zip(found, np.flatnonzero(new), strict=True):
                    rows[number] = row | learned(*facts[number][2:])
            read, everything = read + int(new.sum()), everything + len(rows)
            yield pa.RecordBatch.from_pylist(rows, schema=CONVERSION_SCHEMA)
        tell(f"conversion_classifier: {version} read {read:,} of {everything:,} opportunities, the others stand")

    return score


def _score(
    classifier: ConversionClassifier,
    bert: Bert,
    parameters: TextModelParameters,
    texts: OpportunityTexts,
    version: str,
    scored_at: datetime,
    progress: Progress,
) -> list[Row]:
    rows = []
    visited = texts[texts.visits > 0]
    if len(visited):
        vectors = classifier.members.text.read(bert, visited, parameters, progress)
        # The last digits of a sum may depend on what else is scored.
        probabilities = np.round(classifier.probabilities(visited, vectors), DECIMALS)
        effects = np.round(classifier.visit_effects(visited, vectors), DECIMALS)
    place = iter(range(len(visited)))
    for number in range(len(texts)):
        row = _row(texts.opportunity_ids[number], texts.fingerprints[number], version, scored_at)
        if texts.visits[number]:
            of_visited = next(place)
            visits = slice(visited.offsets[of_visited], visited.offsets[of_visited + 1])
            probability = float(probabilities[visits][-1])
            reasons = visit_reasons(effects[visits], visited.visited_on[visits], probability >= classifier.base_rate)
            row |= {
                "conversion_probability": probability,
                "probability_source": "model",
                "probabilities_after_visits": probabilities[visits].tolist(),
                "visit_effects": effects[visits].tolist(),
            }
        else:
            reasons = WITHOUT_VISIT
            row |= {"conversion_probability": round(classifier.base_rate, DECIMALS)}
        row |= {"top_reasons": worded(reasons), "top_reason_codes": to_json(reasons)}
        rows.append(row)
    return rows


def visit_reasons(
    effects: NDArray[np.float64], visited_on: NDArray[np.datetime64], is_raised: bool
) -> tuple[Reason, ...]:
    """The up to three visits that moved the probability most in the direction in which it lies.

    Args:
        effects: the probability less what it would be without the visit, shape (visits,).
        visited_on: shape (visits,).
        is_raised: whether the probability reaches the share won of all.
    """
    either = np.ones((1, len(effects)))
    listed = pointing(effects[None], np.array([is_raised]), either, [0] * len(effects), LEAST_EFFECT)
    (places,) = strongest(listed)
    return (
        tuple(
            Reason("visit", {"visit": place + 1, "day": str(visited_on[place])}, float(effects[place]))
            for place in places
        )
        or NOTHING
    )


def _row(opportunity_id: str, fingerprint: str, version: str, scored_at: datetime) -> Row:
    return {
        "opportunity_id": opportunity_id,
        "conversion_probability": None,
        "probability_source": "base_rate",
        "is_out_of_sample": True,
        "probabilities_after_visits": [],
        "visit_effects": None,
        "top_reasons": None,
        "top_reason_codes": None,
        "text_fingerprint": fingerprint,
        "model_version": version,
        "scored_at": scored_at,
    }


def _rows_of(earlier: pa.Table | None, version: str) -> list[Row]:
    if earlier is None:
        return []
    return [row for row in earlier.to_pylist() if row["model_version"] == version]
