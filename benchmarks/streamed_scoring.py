"""20 million launch windows scored as a stream, and the memory that takes; scored in one piece, as a peer.

The windows are half a million of a seeded history (:mod:`_synthetic`), again and again under other ids, in a DuckDB
file. Each way runs in a process of its own, whose peak memory the operating system reports; both hold DuckDB to the
same memory limit. The classifier is a real one with default parameters. The threshold is set so that about one
product in twenty is given reasons, which cost thirteen further predictions each.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _report import Figure, judged, show
from _synthetic import CYCLE_WEEKS, LAUNCH_WEEKS, launches

from upswing import engine
from upswing.products.breakout_classifier import BreakoutParameters, train_classifier
from upswing.products.breakout_scores import SCORE_SCHEMA, breakout_scorer
from upswing.products.launch_windows import CHANNELS, LaunchWindows
from upswing.torch_session import torch_session

ROWS, ROWS_IN_ONE_PIECE = 20_000_000, 2_000_000
DRAWN_ROWS = 500_000
MEMORY_LIMIT = "768MB"
GOAL_BYTES = 2 * 2**30
SHARE_WITH_REASONS = 0.05


def windows_table(windows: LaunchWindows) -> pa.Table:
    """As rows of ``int_launch_windows``."""
    offsets = np.arange(len(windows) + 1, dtype=np.int32) * LAUNCH_WEEKS
    days = [date(1970, 1, 5) + timedelta(weeks=int(week)) for week in windows.launched_in]
    columns = {
        "product_id": pa.array(windows.product_ids),
        "category": pa.array(windows.categories),
        "launch_week": pa.array(days),
        "given_expected_units": pa.array(windows.expected_units, from_pandas=True),
    }
    for number, channel in enumerate(CHANNELS):
        columns[channel] = pa.ListArray.from_arrays(offsets, windows.series[:, number].ravel())
    return pa.table(columns)


def prepare(folder: Path) -> float:
    """Write the classifier, and the windows in pieces; the threshold that gives the share its reasons."""
    history, _ = launches(1_500, 1, "h")
    with torch_session():
        classifier = train_classifier(history, BreakoutParameters(LAUNCH_WEEKS, CYCLE_WEEKS))
    (folder / "classifier.safetensors").write_bytes(classifier.to_bytes())
    drawn, _ = launches(DRAWN_ROWS, 2, "p")
    probabilities = classifier.probabilities(drawn.windows[:20_000])[:, 0]
    pq.write_table(windows_table(drawn.windows), folder / "drawn.parquet")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("set preserve_insertion_order = false")
        for piece in range(ROWS // DRAWN_ROWS):
            create = "insert into windows" if piece else "create table windows as"
            connection.execute(
                f"{create} select * replace ('{piece:03d}-' || product_id as product_id) from '{folder}/drawn.parquet'"
            )
    return float(min(2 * np.quantile(probabilities, 1 - SHARE_WITH_REASONS), 0.999))


def score(folder: Path, way: str, rows: int, threshold: float) -> dict[str, float]:
    """Seconds, peak bytes and rows with reasons of scoring ``rows`` windows, ``streamed`` or in one ``piece``."""
    fit = {"weights": (folder / "classifier.safetensors").read_bytes(), "model_version": "00001-benchmark"}
    scorer = breakout_scorer(fit, threshold)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        # As in dbt, what is read and what is written are two cursors: one would wait for itself.
        relation = connection.cursor().sql(f"select * from windows limit {rows}")
        started = time.perf_counter()
        if way == "streamed":
            scores = engine.stream(relation, scorer, SCORE_SCHEMA, "benchmark")
        else:
            whole = engine.read(relation).combine_chunks().to_batches(max_chunksize=rows)
            scores = pa.Table.from_batches(scorer(iter(whole)), schema=SCORE_SCHEMA)
        connection.register("scores", scores)
        connection.execute(f"create or replace table scored_{way} as from scores")
        seconds = time.perf_counter() - started
        counted = connection.execute(f"select count(*), count(top_reasons) from scored_{way}").fetchone()
    assert counted is not None
    assert counted[0] == rows, f"{rows:,} windows went in and {counted[0]:,} scores came out"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "peak": peak, "with_reasons": counted[1]}


def in_own_process(folder: Path, way: str, rows: int, threshold: float) -> dict[str, float]:
    """What :func:`score` says in a process that has done nothing else."""
    asked = [sys.executable, __file__, str(folder), way, str(rows), str(threshold)]
    told: dict[str, float] = json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return told


def main() -> list[Figure]:
    """Measure; a row for the memory, a row for the speed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        threshold = prepare(folder)
        ours = in_own_process(folder, "streamed", ROWS, threshold)
        theirs = in_own_process(folder, "piece", ROWS_IN_ONE_PIECE, threshold)
    our_gib, their_gib = ours["peak"] / 2**30, theirs["peak"] / 2**30
    our_rate, their_rate = ROWS / ours["seconds"], ROWS_IN_ONE_PIECE / theirs["seconds"]
    share = ours["with_reasons"] / ROWS
    return [
        Figure(
            f"streamed scoring: peak memory at {ROWS:,} rows",
            f"{our_gib:.2f} GiB",
            f"in one piece {their_gib:.2f} GiB at {ROWS_IN_ONE_PIECE:,} rows",
            f"{(our_gib / ROWS) / (their_gib / ROWS_IN_ONE_PIECE):.1%} a row",
            "<= 2 GiB",
            judged(ours["peak"] <= GOAL_BYTES),
        ),
        Figure(
            f"streamed scoring: rows a second, {share:.1%} with reasons",
            f"{our_rate:,.0f}",
            f"in one piece {their_rate:,.0f}",
            f"{our_rate / their_rate:.2f}x",
            "no slower",
            judged(our_rate >= their_rate),
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(score(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
    else:
        show(main())
