"""Scores after one opportunity in a hundred changed, against scoring all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from _opportunities import table
from _report import Figure, judged, show

from upswing.bert import Bert
from upswing.fits import newest_fit
from upswing.opportunities.conversion_scores import CONVERSION_SCHEMA, conversion_scorer

CHANGED_SHARE = 0.01
GOAL = 0.05


def score(rows: pa.Table, earlier: pa.Table | None) -> tuple[float, pa.Table]:
    """Seconds of scoring as a build does it, from the fit in the warehouse, and the scores."""
    fit = newest_fit(table("from models.fit_conversion_classifier"))
    started = time.perf_counter()
    scorer = conversion_scorer(fit, Bert.find(None), earlier, tell=lambda _line: None)
    batches: Iterator[pa.RecordBatch] = scorer(iter(rows.to_batches()))
    scores = pa.Table.from_batches(list(batches), schema=CONVERSION_SCHEMA)
    return time.perf_counter() - started, scores


def with_changes(rows: pa.Table, share: float) -> pa.Table:
    """The same opportunities, a share of those with a visit with another word in their last note."""
    notes = rows.column("note_texts").to_pylist()
    visited = [row for row, texts in enumerate(notes) if texts]
    for row in np.random.default_rng(1).choice(visited, max(1, round(share * len(notes))), replace=False):
        notes[row] = [*notes[row][:-1], notes[row][-1] + " Call back on Monday."]
    column = rows.schema.get_field_index("note_texts")
    return rows.set_column(column, "note_texts", pa.array(notes, type=rows.schema.field(column).type))


def main() -> list[Figure]:
    """Measure on the open opportunities; the closed ones are never read again."""
    rows = table("from intermediate.int_opportunity_texts where status = 'open' order by opportunity_id")
    score(rows.slice(0, 20), None)
    whole_seconds, scores = score(rows, None)
    again_seconds, rescored = score(with_changes(rows, CHANGED_SHARE), scores)
    fingerprints = pc.not_equal(scores["text_fingerprint"], rescored["text_fingerprint"])
    changed = int(pc.sum(fingerprints).as_py())
    return [
        Figure(
            f"scores after {changed} of {rows.num_rows} open opportunities changed",
            f"{again_seconds:.2f} s",
            f"scoring all of them {whole_seconds:.2f} s",
            f"{again_seconds / whole_seconds:.1%}",
            f"<= {GOAL:.0%}",
            judged(again_seconds <= GOAL * whole_seconds),
        )
    ]


if __name__ == "__main__":
    show(main())
