from dataclasses import fields
from datetime import datetime
from math import nan
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.opportunities import Row, day, make_rows, opportunity, table, texts_of
from upswing.opportunities.opportunity_texts import KNOWN_AFTER_VISITS, SCORED, OpportunityTexts, runs

CLOSED = datetime(2017, 7, 4, 12, 30)


def three() -> list[Row]:
    return [
        opportunity("b", ["met", "signed"], [None, "we like it"], "won", CLOSED),
        opportunity("unvisited", [], status="lost", closed_at=None, amount=None),
        opportunity("a", ["called"], ["maybe"], "open", mean_minutes=[nan]),
    ]


def assert_same(one: OpportunityTexts, other: OpportunityTexts, but: str = "") -> None:
    for name in {field.name for field in fields(one)} - {but}:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_rows_become_visits_one_after_another_in_the_order_of_the_rows() -> None:
    texts = texts_of(three())
    assert len(texts) == 3
    assert texts.opportunity_ids.tolist() == ["b", "unvisited", "a"]
    assert texts.offsets.tolist() == [0, 2, 2, 3]
    assert texts.visits.tolist() == [2, 0, 1]
    assert texts.opportunity_of_visit.tolist() == [0, 0, 2]
    assert texts.visit_numbers.tolist() == [1, 2, 1]
    assert texts.notes.tolist() == ["[visit 1] met", "[visit 2, +7 days] signed", "[visit 1] called"]
    assert texts.feedback.tolist() == ["", "[customer] we like it", "[customer] maybe"]
    assert texts.visited_on.tolist() == [day(1), day(2), day(1)]
    np.testing.assert_array_equal(texts.is_won, [1, 0, nan])
    np.testing.assert_array_equal(texts.amount, [1000, nan, 1000])
    assert texts.closed_at[0] == np.datetime64(CLOSED)
    assert np.isnat(texts.closed_at[1:]).all()


def test_what_is_known_after_a_visit_stands_in_the_order_of_its_columns() -> None:
    texts = texts_of(three())
    assert texts.known.shape == (3, len(KNOWN_AFTER_VISITS))
    columns = dict(zip(KNOWN_AFTER_VISITS, texts.known.T, strict=True))
    np.testing.assert_array_equal(columns["days_open"], [0, 7, 0])
    np.testing.assert_array_equal(columns["days_since_previous"], [nan, 7, nan])
    np.testing.assert_array_equal(columns["mean_minutes"], [45, 45, nan])
    np.testing.assert_array_equal(columns["feedback_share"], [0, 0.5, 1])
    np.testing.assert_array_equal(columns["owner_closed_before"], [7, 7, 7])


def test_a_batch_is_read_as_a_table_is() -> None:
    rows = table(three())
    assert_same(OpportunityTexts.from_arrow(rows.to_batches()[0]), OpportunityTexts.from_arrow(rows))


def test_nobody_visited_and_nothing_at_all() -> None:
    unvisited = texts_of([opportunity("a", []), opportunity("b", [])])
    assert (len(unvisited), len(unvisited.notes), unvisited.known.shape) == (2, 0, (0, len(KNOWN_AFTER_VISITS)))
    nothing = texts_of([])
    assert (len(nothing), nothing.offsets.tolist()) == (0, [0])
    assert_same(unvisited[np.zeros(2, dtype=bool)], nothing)


def test_some_by_mask_or_by_row_numbers_are_as_if_they_alone_were_read() -> None:
    rows = [*make_rows(20), *three()]
    texts = texts_of(rows)
    draw = np.random.default_rng(3)
    mask = draw.random(len(rows)) < 0.5
    assert_same(texts[mask], texts_of([row for row, kept in zip(rows, mask, strict=True) if kept]))
    order = draw.permutation(len(rows))[:9]
    assert_same(texts[order], texts_of([rows[number] for number in order]))


@pytest.mark.parametrize("count", [1, 2, 9])
def test_first_visits_leave_what_was_known_after_them(count: int) -> None:
    rows = [*make_rows(20), *three()]
    lists = [name for name, column in rows[0].items() if isinstance(column, list)]
    cut = [row | {name: row[name] and row[name][:count] for name in lists} for row in rows]
    assert_same(texts_of(rows).first_visits(count), texts_of(cut), but="fingerprints")


OTHER: dict[str, Any] = {
    "note_texts": ["[visit 1] met", "[visit 2, +7 days] Signed"],
    "feedback_texts": ["", "[customer] we like it."],
    "visited_on": [day(1), day(3)],
    "amount": 1000.5,
    **{name: [nan, 8.5] for name in KNOWN_AFTER_VISITS},
}


@pytest.mark.parametrize("column", SCORED)
def test_a_fingerprint_changes_with_whatever_is_scored(column: str) -> None:
    rows = three()
    before = texts_of(rows).fingerprints
    rows[0] = rows[0] | {column: OTHER[column]}
    assert (texts_of(rows).fingerprints == before).tolist() == [False, True, True]


@pytest.mark.parametrize(
    "changed",
    [
        {"opportunity_id": "c"},
        {"owner_id": "somebody else"},
        {"status": "open"},
        {"opened_at": datetime(2016, 1, 1)},
        {"closed_at": None},
        {"opportunity_text": "other"},
        {"last_visited_at": datetime(2018, 1, 1)},
    ],
)
def test_a_fingerprint_stands_whatever_else_changes(changed: Row) -> None:
    rows = three()
    before = texts_of(rows).fingerprints
    assert len(set(before)) == 3
    rows[0] = rows[0] | changed
    assert texts_of(rows).fingerprints.tolist() == before.tolist()


def test_no_visit_and_no_amount_have_a_fingerprint_too() -> None:
    without, without_amount = opportunity("a", []), opportunity("a", [], amount=None)
    assert len(set(texts_of([without, without_amount, without]).fingerprints)) == 2


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 6))))
def test_runs(asked: list[tuple[int, int]]) -> None:
    starts, lengths = np.array(asked, dtype=np.int64).reshape(-1, 2).T
    expected = [number for start, length in asked for number in range(start, start + length)]
    assert runs(starts, lengths).tolist() == expected


def test_rows_have_the_columns_that_are_read() -> None:
    assert set(SCORED) <= set(pa.table(table(three())).column_names)
