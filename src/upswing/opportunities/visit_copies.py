"""Notes that nearly copy an earlier note."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COPY_SCHEMA = pa.schema(
    [
        pa.field("visit_id", pa.string()),
        pa.field("copied_visit_id", pa.string()),
        pa.field("similarity", pa.float64()),
    ]
)

SHINGLE_WORDS = 3
BINARY_ERROR = 1e-9
"""0.55 times 100 is a little more than 55."""
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+")
"""A Chinese character counts as a word."""


@dataclass(frozen=True)
class CopyParameters:
    """When a note is a near-copy of another (seed ``visit_audit_thresholds``).

    Attributes:
        near_copy_similarity: least Jaccard similarity of the two sets of runs of three words, in (0, 1].
        near_copy_min_words: a shorter note copies nobody: there is one way to say that nobody was there.
    """

    near_copy_similarity: float
    near_copy_min_words: int

    def __post_init__(self) -> None:
        if not 0 < self.near_copy_similarity <= 1:
            raise ValueError(
                f"near_copy_similarity in the seed visit_audit_thresholds is {self.near_copy_similarity}; "
                "expected a share above 0 and up to 1"
            )
        if self.near_copy_min_words < SHINGLE_WORDS:
            raise ValueError(
                f"near_copy_min_words in the seed visit_audit_thresholds is {self.near_copy_min_words}; "
                f"expected at least {SHINGLE_WORDS}"
            )


def find_copies(visits: pa.Table, parameters: CopyParameters) -> pa.Table:
    """Rows of :data:`COPY_SCHEMA`: each visit whose note nearly copies that of an earlier one, with the nearest such.

    Every pair above the threshold is found, without comparing all with all: two sets as similar as that must share one
    of their rarest runs of words (prefix filter; Chaudhuri, Ganti, Kaushik 2006).

    Args:
        visits: visit_id, visited_at, note_text; of notes written at one time the lower id is the earlier.
        parameters: thresholds.
    """
    ordered = visits.sort_by([("visited_at", "ascending"), ("visit_id", "ascending")])
    ids = ordered.column("visit_id").to_pylist()
    shingles = [_shingles(text, parameters.near_copy_min_words) for text in ordered.column("note_text").to_pylist()]
    found = []
    for later, earlier, similarity in _nearest_earlier(_by_rarity(shingles), parameters.near_copy_similarity):
        found.append({"visit_id": ids[later], "copied_visit_id": ids[earlier], "similarity": round(similarity, 4)})
    found.sort(key=lambda row: row["visit_id"])
    return pa.Table.from_pylist(found, schema=COPY_SCHEMA)


def _shingles(text: str, least_words: int) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    if len(words) < least_words:
        return set()
    return {tuple(words[start : start + SHINGLE_WORDS]) for start in range(len(words) - SHINGLE_WORDS + 1)}


def _by_rarity(shingles: list[set[tuple[str, ...]]]) -> list[NDArray[np.int64]]:
    """Each set as numbers, the rarest first."""
    counts: dict[tuple[str, ...], int] = {}
    for shingle_set in shingles:
        for shingle in shingle_set:
            counts[shingle] = counts.get(shingle, 0) + 1
    ranks = {shingle: rank for rank, shingle in enumerate(sorted(counts, key=lambda found: (counts[found], found)))}
    return [np.sort(np.array([ranks[shingle] for shingle in found], dtype=np.int64)) for found in shingles]


def _nearest_earlier(sets: list[NDArray[np.int64]], least: float) -> list[tuple[int, int, float]]:
    seen: dict[int, list[int]] = {}
    nearest: list[tuple[int, int, float]] = []
    for later, ranks in enumerate(sets):
        prefix = ranks[: len(ranks) - int(np.ceil(least * len(ranks) - BINARY_ERROR)) + 1].tolist()
        candidates = sorted({earlier for rank in prefix for earlier in seen.get(rank, ())})
        best: tuple[float, int] | None = None
        for earlier in candidates:
            similarity = _jaccard(ranks, sets[earlier])
            if similarity >= least and (best is None or similarity > best[0]):
                best = (similarity, earlier)
        if best is not None:
            nearest.append((later, best[1], best[0]))
        for rank in prefix:
            seen.setdefault(rank, []).append(later)
    return nearest


def _jaccard(one: NDArray[Any], other: NDArray[Any]) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
