"""The courses of closed opportunities as a fit leaves them, so that they are not read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.tensors import pack_texts, unpack_texts

DECIMALS = 5


@dataclass(frozen=True)
class Course:
    """Probabilities after each visit of one opportunity.

    Attributes:
        probabilities: shape (visits,).
        fingerprint: of what they depend on.
        is_out_of_sample: whether the model that gave them had not seen how the opportunity ended.
    """

    probabilities: tuple[float, ...]
    fingerprint: str
    is_out_of_sample: bool


@dataclass(frozen=True)
class KnownCourses:
    """Courses by opportunity_id."""

    courses: dict[str, Course]

    @classmethod
    def of(cls, texts: OpportunityTexts, probabilities: NDArray[np.float64], is_out_of_sample: bool) -> KnownCourses:
        """Courses of opportunities from the probabilities after each visit, shape (visits of all,)."""
        split = np.split(np.round(probabilities, DECIMALS), texts.offsets[1:-1])
        named = zip(texts.opportunity_ids, split, texts.fingerprints, strict=True)
        return cls({name: Course(tuple(part.tolist()), mark, is_out_of_sample) for name, part, mark in named})

    def replaced_by(self, others: KnownCourses) -> KnownCourses:
        """These, and the others in the place of those of the same opportunities."""
        return KnownCourses(self.courses | others.courses)

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        courses = list(self.courses.values())
        return {
            "courses.ids": pack_texts(self.courses),
            "courses.fingerprints": pack_texts(course.fingerprint for course in courses),
            "courses.is_out_of_sample": np.array([course.is_out_of_sample for course in courses]),
            "courses.visits": np.array([len(course.probabilities) for course in courses], dtype=np.int64),
            "courses.probabilities": np.array([one for course in courses for one in course.probabilities]),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> KnownCourses:
        """What :meth:`packed` gave."""
        split = np.split(arrays["courses.probabilities"], np.cumsum(arrays["courses.visits"])[:-1])
        rows = zip(
            unpack_texts(arrays["courses.ids"]),
            split,
            unpack_texts(arrays["courses.fingerprints"]),
            arrays["courses.is_out_of_sample"].tolist(),
            strict=True,
        )
        return cls({name: Course(tuple(part.tolist()), mark, unseen) for name, part, mark, unseen in rows})
