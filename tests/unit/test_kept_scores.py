"""Scores stand while all they come from stands, and not a change longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from upswing.kept_scores import INPUT_FINGERPRINT, content_digest, kept_schema, scores_when_changed

ROWS: list[dict[str, Any]] = [
    {"id": "a", "day": date(2024, 1, 8), "value": 1.5, "is_new": True, "vector": [1.0, 2.0], "words": ["x", "y"]},
    {"id": "b", "day": date(2024, 1, 9), "value": None, "is_new": None, "vector": [], "words": None},
    {"id": None, "day": None, "value": -0.25, "is_new": False, "vector": [2.0, 1.0], "words": ["xy"]},
]
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("day", pa.date32()),
        ("value", pa.float64()),
        ("is_new", pa.bool_()),
        ("vector", pa.list_(pa.float32())),
        ("words", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class Weights:
    weight: float = 1.0


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = table(ROWS)
    assert content_digest(rows) == content_digest(rows.take(pa.array([2, 0, 1])))
    assert content_digest(rows) == content_digest(pa.concat_tables([rows.slice(0, 1), rows.slice(1)]))
    assert content_digest(table([])) != content_digest(rows)


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, "id", "b"),
        (0, "id", None),
        (0, "day", date(2024, 1, 9)),
        (0, "value", np.nextafter(1.5, 2)),
        (0, "is_new", False),
        (1, "is_new", False),
        (0, "vector", [2.0, 1.0]),
        (1, "vector", [0.0]),
        (0, "words", ["y", "x"]),
        (2, "words", ["x", "y"]),
    ],
)
def test_any_changed_value_is_seen(row: int, column: str, value: object) -> None:
    changed = [given | {column: value} if number == row else given for number, given in enumerate(ROWS)]
    assert content_digest(table(changed)) != content_digest(table(ROWS))


def test_zero_has_no_sign() -> None:
    zeros = pa.table({"value": [0.0, 1.0]})
    assert content_digest(pa.table({"value": [-0.0, 1.0]})) == content_digest(zeros)


def test_values_that_change_places_are_seen() -> None:
    one = pa.table({"a": ["x", "y"], "b": ["y", "x"]})
    other = pa.table({"a": ["y", "y"], "b": ["x", "x"]})
    assert content_digest(one) != content_digest(other)


def test_a_doubled_row_is_seen() -> None:
    assert content_digest(table([*ROWS, ROWS[0], ROWS[0]])) != content_digest(table(ROWS))


def scored(inputs: pa.Table, standing: pa.Table | None, weights: Weights | None = None) -> tuple[pa.Table, int]:
    """The scores, and how often they were computed."""
    computed = []

    def score() -> pa.Table:
        computed.append(1)
        return pa.table({"score": [1.0, 2.0]})

    kept = scores_when_changed("upswing.splits", score, [inputs], [weights or Weights(), 3], standing)
    return kept if isinstance(kept, pa.Table) else kept.read_all(), len(computed)


def test_scores_are_computed_when_something_changed() -> None:
    first, computed = scored(table(ROWS), None)
    assert computed == 1
    assert first.schema.names == ["score", INPUT_FINGERPRINT]
    again, computed = scored(table(ROWS[::-1]), first)
    assert computed == 0
    assert again.equals(first)
    assert scored(table(ROWS[:2]), first)[1] == 1
    assert scored(table(ROWS), first, Weights(2.0))[1] == 1


def test_scores_that_stand_are_known_by_their_fingerprint() -> None:
    first, _computed = scored(table(ROWS), None)
    changed, _computed = scored(table(ROWS[:2]), None)
    assert content_digest(first) == content_digest(first.take(pa.array([1, 0])))
    assert content_digest(first) != content_digest(changed)


def test_a_stream_of_scores_is_marked_batch_by_batch() -> None:
    batches = pa.table({"score": [1.0, 2.0]}).to_batches(max_chunksize=1)
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    kept = scores_when_changed("upswing.splits", lambda: reader, [], [], None)
    assert isinstance(kept, pa.RecordBatchReader)
    assert kept.schema == kept_schema(batches[0].schema)
    assert len(set(kept.read_all()[INPUT_FINGERPRINT].to_pylist())) == 1
