"""What is known of opportunities, visit by visit: the texts to read and the plain features beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

KNOWN_AFTER_VISITS = (
    "days_open",
    "days_since_previous",
    "mean_minutes",
    "feedback_share",
    "mean_note_length",
    "owner_won_before",
    "owner_closed_before",
)
"""Columns of ``int_opportunity_texts`` with a value a visit: what was known after it."""

SCORED = ("note_texts", "feedback_texts", "visited_on", "amount", *KNOWN_AFTER_VISITS)


@dataclass(frozen=True)
class OpportunityTexts:
    """Opportunities with their visits in time order; the visits of all of them stand in one row after another.

    Attributes:
        opportunity_ids: shape (opportunities,).
        subjects: the customer of each, or, where it is not known, the opportunity itself; shape (opportunities,).
        is_won: 1 won, 0 lost, NaN open.
        closed_at: NaT while open, and where it is not known.
        amount: NaN where it is not known.
        offsets: visits of opportunity ``i`` are ``offsets[i]`` to ``offsets[i + 1]``; shape (opportunities + 1,).
        notes: what the visitor wrote, shape (visits,).
        feedback: what the customer said, empty where nothing; shape (visits,).
        visited_on: day of the visit, shape (visits,).
        known: :data:`KNOWN_AFTER_VISITS`, NaN where unknown; shape (visits, columns).
        fingerprints: of all that a score depends on; shape (opportunities,).
    """

    opportunity_ids: NDArray[Any]
    subjects: NDArray[Any]
    is_won: NDArray[np.float64]
    closed_at: NDArray[np.datetime64]
    amount: NDArray[np.float64]
    offsets: NDArray[np.int64]
    notes: NDArray[Any]
    feedback: NDArray[Any]
    visited_on: NDArray[np.datetime64]
    known: NDArray[np.float64]
    fingerprints: NDArray[Any]

    def __len__(self) -> int:
        return len(self.opportunity_ids)

    @property
    def visits(self) -> NDArray[np.int64]:
        """Visits of each opportunity."""
        return np.diff(self.offsets)

    @property
    def opportunity_of_visit(self) -> NDArray[np.int64]:
        """Row of the opportunity of each visit."""
        return np.repeat(np.arange(len(self)), self.visits)

    @property
    def visit_numbers(self) -> NDArray[np.int64]:
        """Number of each visit within its opportunity, from 1."""
        return np.arange(len(self.notes)) - np.repeat(self.offsets[:-1], self.visits) + 1

    @classmethod
    def from_arrow(cls, rows: pa.Table | pa.RecordBatch) -> OpportunityTexts:
        """Rows of ``int_opportunity_texts``, in their order."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        lists = table.column("note_texts").to_pylist()
        visits = np.array([len(texts or ()) for texts in lists], dtype=np.int64)
        status = np.array(table.column("status").to_pylist(), dtype=object)
        is_won = np.where(status == "won", 1.0, np.where(status == "lost", 0.0, np.nan))
        known = [_flat(table, name, np.float64) for name in KNOWN_AFTER_VISITS]
        ids = table.column("opportunity_id").to_pylist()
        customers = table.column("customer_id").to_pylist()
        subjects = [customer or f"deal {own}" for customer, own in zip(customers, ids, strict=True)]
        return cls(
            opportunity_ids=np.array(ids, dtype=object),
            subjects=np.array(subjects, dtype=object),
            is_won=np.asarray(is_won, dtype=np.float64),
            closed_at=np.array(table.column("closed_at").to_pylist(), dtype="datetime64[us]"),
            amount=np.array(table.column("amount").to_pylist(), dtype=np.float64),
            offsets=np.concatenate([[0], np.cumsum(visits)]).astype(np.int64),
            notes=_flat(table, "note_texts", object),
            feedback=_flat(table, "feedback_texts", object),
            visited_on=_flat(table, "visited_on", "datetime64[D]"),
            known=np.stack(known, axis=1),
            fingerprints=_fingerprints(table),
        )

    def __getitem__(self, mask: NDArray[np.bool_] | NDArray[np.int64]) -> OpportunityTexts:
        """Some of the opportunities, by mask or row numbers."""
        rows = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask.astype(np.int64)
        return self._with_visits(rows, self.visits[rows])

    def first_visits(self, count: int) -> OpportunityTexts:
        """The same opportunities as they were known after their first ``count`` visits."""
        return self._with_visits(np.arange(len(self)), np.minimum(self.visits, count))

    def _with_visits(self, rows: NDArray[np.int64], visits: NDArray[np.int64]) -> OpportunityTexts:
        kept = runs(self.offsets[rows], visits)
        return replace(
            self,
            opportunity_ids=self.opportunity_ids[rows],
            subjects=self.subjects[rows],
            is_won=self.is_won[rows],
            closed_at=self.closed_at[rows],
            amount=self.amount[rows],
            offsets=np.concatenate([[0], np.cumsum(visits)]).astype(np.int64),
            notes=self.notes[kept],
            feedback=self.feedback[kept],
            visited_on=self.visited_on[kept],
            known=self.known[kept],
            fingerprints=self.fingerprints[rows],
        )


def runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start onwards, as many as its length, one run after another."""
    ends = np.cumsum(lengths)
    numbers = np.arange(lengths.sum()) + np.repeat(starts - (ends - lengths), lengths)
    return np.asarray(numbers, dtype=np.int64)


def _flat(table: pa.Table, name: str, dtype: Any) -> NDArray[Any]:
    values = [value for row in table.column(name).to_pylist() for value in row or ()]
    return np.array(values, dtype=dtype)


def _fingerprints(table: pa.Table) -> NDArray[Any]:
    columns = [table.column(name).to_pylist() for name in SCORED]
    digests = [hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest() for row in zip(*columns, strict=True)]
    return np.array(digests, dtype=object)
