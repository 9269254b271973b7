"""The courses of closed opportunities as a fit leaves them, so that they are not read again.

A fit names no opportunity. A course is found by a hash of the opportunity's id and of all its texts together: who has
both finds it, and who has the fit alone, or an id without the texts, finds nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.opportunities.opportunity_texts import OpportunityTexts

DECIMALS = 5
NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Course:
    """Probabilities after each visit of one opportunity.

    Attributes:
        probabilities: shape (visits,).
        is_out_of_sample: whether the model that gave them had not seen how the opportunity ended.
    """

    probabilities: tuple[float, ...]
    is_out_of_sample: bool


@dataclass(frozen=True)
class KnownCourses:
    """Courses by :func:`course_key`.

    Attributes:
        courses: see there.
        trained_until: when the last opportunity of the training closed; NaT without any.
    """

    courses: dict[int, Course]
    trained_until: np.datetime64 = NEVER

    @classmethod
    def of(cls, texts: OpportunityTexts, probabilities: NDArray[np.float64], is_out_of_sample: bool) -> KnownCourses:
        """Courses of opportunities from the probabilities after each visit, shape (visits of all,)."""
        split = np.split(np.round(probabilities, DECIMALS), texts.offsets[1:-1])
        named = zip(texts.opportunity_ids, texts.fingerprints, split, strict=True)
        courses = {course_key(name, mark): Course(tuple(part.tolist()), is_out_of_sample) for name, mark, part in named}
        closed = texts.closed_at[~np.isnat(texts.closed_at)]
        return cls(courses, closed.max() if len(closed) else NEVER)

    def find(self, opportunity_id: str, fingerprint: str) -> Course | None:
        """The course of an opportunity of which nothing changed since; None where there is none."""
        return self.courses.get(course_key(opportunity_id, fingerprint))

    def may_have_trained(self, closed_at: np.datetime64) -> bool:
        """Whether an opportunity that closed then may have trained the model: it closed by the end of the training."""
        return bool(closed_at <= self.trained_until)

    def replaced_by(self, others: KnownCourses) -> KnownCourses:
        """These, and the others in the place of those of the same opportunities."""
        return KnownCourses(self.courses | others.courses, np.fmax(self.trained_until, others.trained_until))

    def packed(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name; in the order of the keys, which is no order of the opportunities."""
        courses = sorted(self.courses.items())
        return {
            "courses.keys": np.array([key for key, _course in courses], dtype=np.uint64),
            "courses.is_out_of_sample": np.array([course.is_out_of_sample for _key, course in courses]),
            "courses.visits": np.array([len(course.probabilities) for _key, course in courses], dtype=np.int64),
            "courses.probabilities": np.array([one for _key, course in courses for one in course.probabilities]),
            "courses.trained_until": np.array([self.trained_until]).astype("datetime64[us]").view(np.int64),
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]]) -> KnownCourses:
        """What :meth:`packed` gave; none of a fit that an older version made, which named opportunities."""
        if "courses.keys" not in arrays:
            return cls({})
        split = np.split(arrays["courses.probabilities"], np.cumsum(arrays["courses.visits"])[:-1])
        rows = zip(arrays["courses.keys"].tolist(), split, arrays["courses.is_out_of_sample"].tolist(), strict=True)
        until = arrays["courses.trained_until"].view("datetime64[us]")[0]
        return cls({key: Course(tuple(part.tolist()), unseen) for key, part, unseen in rows}, until)


def course_key(opportunity_id: str, fingerprint: str) -> int:
    """What a course is found by."""
    digest = hashlib.blake2b(f"{fingerprint}|{opportunity_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
