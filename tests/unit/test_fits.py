import ast
import importlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upswing.fits import (
    AFTER_ERASURE,
    FIT_SCHEMA,
    SKETCH_ROWS,
    Fit,
    Metric,
    NotEnoughHistory,
    RefitPolicy,
    changed_share,
    fit_when_due,
    metrics_json,
    newest_fit,
    refit_reason,
    row_hashes,
    source_hash,
)
from upswing.privacy.erasures_fits import CUSTOMER_FITS

TODAY = date(2017, 12, 31)
MODULE = "upswing.metrics"


@dataclass(frozen=True)
class Knobs:
    depth: int = 3


def rows(numbers: range) -> pa.Table:
    return pa.table({"id": list(numbers), "value": [number / 7 for number in numbers]})


def trained() -> Fit:
    return Fit(b"weights", [Metric("time", "target", "model", "pr_auc", math.nan)], "beats nothing")


def build(
    training: pa.Table,
    earlier: pa.Table | None = None,
    policy: RefitPolicy | None = None,
    as_of_date: date | None = TODAY,
    knobs: Knobs | None = None,
    train: Callable[[], Fit] = trained,
    told: list[str] | None = None,
    erased_at: datetime | None = None,
) -> pa.Table:
    return fit_when_due(
        "model",
        MODULE,
        train,
        [training],
        knobs or Knobs(),
        earlier,
        policy or RefitPolicy(),
        as_of_date,
        (told if told is not None else []).append,
        erased_at=erased_at,
    )


def reason(fit: pa.Table) -> Any:
    return fit.to_pylist()[0]["refit_reason"]


def test_first_fit_is_a_row_of_the_schema_that_survives_parquet(tmp_path: Path) -> None:
    fit = build(rows(range(10)))
    assert fit.schema == FIT_SCHEMA
    row = fit.to_pylist()[0]
    assert row["refit_reason"] == "first fit"
    assert row["training_rows"] == 10
    assert json.loads(row["parameters"]) == {"depth": 3}
    assert row["model_version"] == f"00001-{row['fingerprint'][:8]}"
    pq.write_table(fit, tmp_path / "fit.parquet")
    assert pq.read_table(tmp_path / "fit.parquet").cast(FIT_SCHEMA).equals(fit)


def test_unchanged_rows_in_another_order_train_nothing() -> None:
    first = build(rows(range(100)))
    turned = rows(range(99, -1, -1)).select(["value", "id"])
    told: list[str] = []
    assert build(turned, first, told=told, as_of_date=TODAY + timedelta(days=400)).num_rows == 0
    assert told == [f"model: no fit due, {first['model_version'][0].as_py()} stands"]


def test_versions_count_up_and_the_newest_is_found_in_any_order() -> None:
    fits = build(rows(range(100)))
    for number in range(2, 5):
        fits = pa.concat_tables([build(rows(range(100)), fits, RefitPolicy(refit="always")), fits])
        newest = newest_fit(fits)
        assert newest is not None
        assert newest["model_version"].startswith(f"{number:05d}-")
    assert reason(fits) == "refit is always"
    shuffled = newest_fit(fits.take([2, 0, 3, 1]))
    assert shuffled is not None
    assert shuffled["model_version"].startswith("00004-")


def test_never_trains_nothing_not_even_first() -> None:
    told: list[str] = []
    assert build(rows(range(10)), policy=RefitPolicy(refit="never"), told=told).num_rows == 0
    assert told == ["model: no fit due, none stands"]


def test_changed_parameters_train() -> None:
    assert reason(build(rows(range(100)), build(rows(range(100))), knobs=Knobs(4))) == "parameters changed"


def test_changed_code_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(rows(range(100)))
    monkeypatch.setattr("upswing.fits.source_hash", lambda _module: "other")
    assert reason(build(rows(range(100)), first)) == "the algorithm's code changed"


@pytest.mark.parametrize(("now", "due"), [(110, False), (111, True)])
def test_growth_up_to_the_limit_waits_and_beyond_it_trains(now: int, due: bool) -> None:
    fit = build(rows(range(now)), build(rows(range(100))))
    assert fit.num_rows == due
    if due:
        assert reason(fit) == "11% of the training rows changed"


def test_rows_that_went_or_changed_count_as_rows_that_came() -> None:
    first = build(rows(range(100)))
    assert build(rows(range(10, 100)), first).num_rows == 0
    assert build(rows(range(11, 100)), first).num_rows == 1
    changed = pa.table({"id": list(range(100)), "value": [number / 7 + (number < 11) for number in range(100)]})
    assert reason(build(changed, first)) == "11% of the training rows changed"


@pytest.mark.parametrize(("grown", "due"), [(1.06, False), (1.14, True)])
def test_growth_is_estimated_from_a_sketch_smaller_than_the_rows(grown: float, due: bool) -> None:
    before = 20 * SKETCH_ROWS
    first = build(rows(range(before)))
    assert len(first["row_sketch"][0].as_py()) == 8 * SKETCH_ROWS
    assert build(rows(range(round(before * grown))), first).num_rows == due


@pytest.mark.parametrize(("age", "due"), [(7, False), (8, True)])
def test_a_small_change_waits_until_the_fit_is_old(age: int, due: bool) -> None:
    fit = build(rows(range(101)), build(rows(range(100))), as_of_date=TODAY + timedelta(days=age))
    assert fit.num_rows == due
    if due:
        assert reason(fit) == "training rows changed and the fit is 8 days old"


def test_nothing_is_trained_without_a_clock() -> None:
    told: list[str] = []
    assert build(rows(range(10)), as_of_date=None, told=told).schema == FIT_SCHEMA
    assert told == ["model: the raw data hold no day to learn from; not trained"]


def test_not_enough_history_is_told_and_leaves_no_row() -> None:
    def train() -> Fit:
        raise NotEnoughHistory("3 launches, 100 needed")

    told: list[str] = []
    fit = build(rows(range(3)), train=train, told=told)
    assert (fit.num_rows, fit.schema) == (0, FIT_SCHEMA)
    assert told == ["model: not trained: 3 launches, 100 needed"]


def test_an_empty_training_table_is_a_state_too() -> None:
    first = build(rows(range(0)))
    assert first["training_rows"].to_pylist() == [0]
    assert build(rows(range(0)), first).num_rows == 0
    assert build(rows(range(5)), first).num_rows == 1


def test_rows_of_two_tables_are_told_apart_by_their_columns() -> None:
    left, right = pa.table({"a": [1]}), pa.table({"b": [1]})
    assert len(set(row_hashes([left, right]).tolist())) == 2
    assert (row_hashes([left, right]) == row_hashes([right, left])).all()


def test_changed_share_of_nothing() -> None:
    nothing = np.zeros(0, dtype=np.uint64)
    assert changed_share(nothing, 0, nothing) == 0
    assert math.isinf(changed_share(nothing, 0, np.ones(1, dtype=np.uint64)))


def test_refit_reason_prefers_the_code_to_the_parameters() -> None:
    newest = {"fingerprint": "a", "code_hash": "b", "parameters": "c"}
    hashes = np.zeros(0, dtype=np.uint64)
    assert refit_reason(newest, "x", "y", "z", hashes, RefitPolicy(), TODAY) == "the algorithm's code changed"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"refit": "maybe"}, "refit"),
        ({"refit_after_days": -1}, "refit_after_days"),
        ({"refit_growth": 0}, "refit_growth"),
    ],
)
def test_policy_names_the_var_that_is_wrong(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"var {name} is "):
        RefitPolicy(**wrong)


def test_newest_of_none() -> None:
    assert newest_fit(None) is None
    assert newest_fit(FIT_SCHEMA.empty_table()) is None


def test_metrics_become_json_without_nan() -> None:
    told = json.loads(metrics_json([Metric("s", "t", "c", "m", math.nan), Metric("s", "t", "c", "n", 1 / 3)]))
    assert [metric["value"] for metric in told] == [None, 0.333333]


@pytest.mark.parametrize("line", ["from {0}.helper import thing", "from {0} import helper", "import {0}.helper"])
def test_source_hash_follows_imports_of_imports(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = f"kit{abs(hash(line)) % 10**8}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "algorithm.py").write_text(f"from {package}.middle import other\n")
    (folder / "middle.py").write_text(f"{line.format(package)}\nother = 1\n")
    (folder / "helper.py").write_text("thing = 1\n")
    (folder / "stranger.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    before = source_hash(f"{package}.algorithm")
    (folder / "stranger.py").write_text("x = 2\n")
    assert source_hash(f"{package}.algorithm") == before
    (folder / "helper.py").write_text("thing = 2\n")
    assert source_hash(f"{package}.algorithm") != before


def test_a_parser_that_is_disturbed_by_another_thread_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = source_hash("upswing.splits")
    parse, calls = ast.parse, []

    def disturbed(source: str) -> ast.Module:
        calls.append(source)
        if len(calls) % 2:
            raise SystemError("AST constructor recursion depth mismatch (before=120, after=199)")
        return parse(source)

    monkeypatch.setattr(ast, "parse", disturbed)
    assert source_hash("upswing.splits") == undisturbed
    assert calls


# After an erasure


def test_a_fit_made_before_an_erasure_is_made_again_though_nothing_else_changed() -> None:
    first = build(rows(range(10)))
    fitted_at = first.to_pylist()[0]["fitted_at"]
    assert build(rows(range(10)), first).num_rows == 0
    assert build(rows(range(10)), first, erased_at=fitted_at - timedelta(seconds=1)).num_rows == 0
    # The list of the erased has whole seconds: this one may be of a moment after the fit.
    again = build(rows(range(10)), first, erased_at=fitted_at.replace(microsecond=0))
    assert reason(again) == AFTER_ERASURE
    assert again.to_pylist()[0]["model_version"].startswith("00002-")
    both = pa.concat_tables([first, again])
    assert build(rows(range(10)), both, erased_at=fitted_at - timedelta(seconds=1)).num_rows == 0


def test_who_never_refits_does_not_after_an_erasure() -> None:
    first = build(rows(range(10)))
    never = RefitPolicy(refit="never")
    assert build(rows(range(9)), first, never, erased_at=datetime(2100, 1, 1)).num_rows == 0


def test_a_fit_whose_hashes_of_rows_were_taken_is_made_again() -> None:
    first = build(rows(range(10)))
    place = first.schema.get_field_index("row_sketch")
    forgotten = first.set_column(place, "row_sketch", pa.array([b""], pa.binary()))
    assert build(rows(range(9)), forgotten).num_rows == 1


def test_every_fit_that_reads_rows_of_customers_asks_for_erasures() -> None:
    """And the list of those that forgetting empties names the same; the macro knows the reason by its words."""
    of_sums = {"fit_sales_forecaster", "fit_breakout_classifier", "fit_surge_locator"}
    project = Path(__file__).parents[2]
    fits = {path.stem: path.read_text() for path in project.glob("python_models/*/fit_*.py")}
    assert {name for name, source in fits.items() if "erased_at=erasures.newest(" in source} == set(CUSTOMER_FITS)
    assert set(fits) == set(CUSTOMER_FITS) | of_sums
    assert AFTER_ERASURE in (project / "macros" / "prune_weights.sql").read_text()


def pruned(tmp_path: Path, reasons: list[str], keep_weights: int) -> list[str]:
    """Versions of fits made for these reasons that keep their weights."""
    source = (Path(__file__).parents[2] / "macros" / "prune_weights.sql").read_text(encoding="utf-8")
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(
        source, globals={"this": "fits", "var": {"keep_weights": keep_weights}.__getitem__}
    )
    with duckdb.connect(str(tmp_path / "fits.duckdb")) as connection:
        connection.execute("create table fits (model_version varchar, refit_reason varchar, weights blob)")
        for number, why in enumerate(reasons, 1):
            connection.execute("insert into fits values (?, ?, 'w'::blob)", [f"{number:05d}-a", why])
        connection.execute(vars(macros.module)["duckdb__prune_weights"](AFTER_ERASURE))
        kept = connection.execute("select model_version from fits where weights is not null order by all").fetchall()
    return [version for (version,) in kept]


@pytest.mark.parametrize(
    ("reasons", "keep_weights", "kept"),
    [
        (["first fit", "x", "y"], 5, ["00001-a", "00002-a", "00003-a"]),
        (["first fit", "x", "y"], 2, ["00002-a", "00003-a"]),
        (["first fit", "x", AFTER_ERASURE], 5, ["00003-a"]),
        (["first fit", AFTER_ERASURE, "x"], 5, ["00002-a", "00003-a"]),
        (["first fit", AFTER_ERASURE, "x", "y"], 2, ["00003-a", "00004-a"]),
    ],
)
def test_no_weights_from_before_an_erasure_outlive_the_fit_after_it(
    tmp_path: Path, reasons: list[str], keep_weights: int, kept: list[str]
) -> None:
    assert pruned(tmp_path, reasons, keep_weights) == kept
