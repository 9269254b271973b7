"""Drift: the population stability index, computed by the engine, against NumPy's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from upswing.quality.gate_drift import FLOOR, drift, profile


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def psi(session: duckdb.DuckDBPyConnection, now: str, column: str, earlier: str) -> float:
    query = drift(column, earlier, 0.25).query.format(batch=now)
    (found,) = session.execute(query).fetchone() or (None,)
    assert found is not None
    return float(found)


def fill(session: duckdb.DuckDBPyConnection, table: str, values: object) -> None:
    frame = {"x": values}
    assert frame
    session.execute(f"create or replace table {table} as select unnest($1) as x", [values])


def test_numbers_agree_with_numpy(session: duckdb.DuckDBPyConnection) -> None:
    generator = np.random.default_rng(7)
    then, now = generator.normal(size=5000), generator.normal(0.5, 1.2, size=4000)
    fill(session, "then_rows", then.tolist())
    fill(session, "now_rows", now.tolist())
    edges = np.quantile(then, np.arange(1, 10) / 10)
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, values), minlength=10) / len(values), FLOOR)
        for values in (now, then)
    ]
    expected = float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
    assert psi(session, "now_rows", "x", profile(session, "then_rows", "x", "DOUBLE")) == pytest.approx(
        expected, abs=1e-3
    )


def test_what_did_not_move_has_not_drifted(session: duckdb.DuckDBPyConnection) -> None:
    generator = np.random.default_rng(8)
    fill(session, "then_rows", generator.gamma(2.0, size=1000).tolist())
    earlier = profile(session, "then_rows", "x", "DOUBLE")
    assert psi(session, "then_rows", "x", earlier) == pytest.approx(0)
    highest = 0.0
    for _ in range(50):
        fill(session, "now_rows", generator.gamma(2.0, size=1000).tolist())
        highest = max(highest, psi(session, "now_rows", "x", earlier))
    assert highest < 0.1


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (["a"] * 900 + ["b'{x}"] * 100, False),
        (["a"] * 500 + ["b'{x}"] * 500, True),
        (["a"] * 500 + ["new"] * 500, True),
        (["a"] * 500 + [None] * 500, True),
    ],
    ids=["as it was", "other shares", "a new value", "nulls"],
)
def test_values_are_counted_and_null_is_one(
    session: duckdb.DuckDBPyConnection, now: list[str | None], moved: bool
) -> None:
    fill(session, "then_rows", ["a"] * 900 + ["b'{x}"] * 100)
    fill(session, "now_rows", now)
    earlier = profile(session, "then_rows", "x", "VARCHAR")
    assert sum(json.loads(earlier)["shares"].values()) == pytest.approx(1)
    assert (psi(session, "now_rows", "x", earlier) > 0.25) == moved


def test_a_constant_and_an_empty_column_have_a_profile(session: duckdb.DuckDBPyConnection) -> None:
    fill(session, "then_rows", [1.0] * 100)
    assert psi(session, "then_rows", "x", profile(session, "then_rows", "x", "DOUBLE")) == pytest.approx(0)
    session.execute("create or replace table then_rows as select cast(null as double) as x from range(100)")
    assert psi(session, "then_rows", "x", profile(session, "then_rows", "x", "DOUBLE")) == pytest.approx(0)


def test_with_nothing_published_there_is_no_bound(session: duckdb.DuckDBPyConnection) -> None:
    fill(session, "then_rows", [1.0])
    assert session.execute(drift("x", None, 0.25).query.format(batch="then_rows")).fetchone() == (None,)
