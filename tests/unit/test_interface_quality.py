"""The quality page: its answers on small marts made by hand, its charts' descriptions, its empty states."""

from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from unit.contracts import Rows, published
from upswing.interface import theme
from upswing.interface.marts import Marts
from upswing.interface.quality import answers, charts
from upswing.interface.words import LANGUAGES, Words

NOON = datetime(2024, 1, 8, 12)


def drawn(chart: Any) -> str:
    """A chart as SVG, which holds its texts."""
    written = StringIO()
    theme.at_width(chart, 760).save(written, format="svg")
    return written.getvalue()


def result(layer: str, table: str, success: bool | None, **row: Any) -> dict[str, Any]:
    usual = {"severity": "warn", "is_newest": True, "expectation_id": f"{row.get('severity')}-{success}"}
    return {"layer": layer, "table_name": table, "success": success} | usual | row


SUMMARY: Rows = [
    {"layer": "marts", "table_name": "customers", "failed_errors": 0, "failed_warnings": 0, "checked_expectations": 0},
    {"layer": "raw", "table_name": "visits", "failed_errors": 1, "failed_warnings": 1, "checked_expectations": 3,
     "is_trusted": False, "untrusted_marts": "visit_audits"},
    {"layer": "raw", "table_name": "events", "failed_errors": 0, "failed_warnings": 0, "checked_expectations": 1,
     "is_trusted": True},
]  # fmt: skip
RESULTS: Rows = [
    result("raw", "visits", True),
    result("raw", "visits", False, severity="error", expectation="visit_id is there", owner="sales"),
    result("raw", "visits", False, expectation="few rows in quarantine", owner="sales"),
    result("raw", "events", True),
    result("raw", "events", False, is_newest=False),
    result("marts", "customers", None),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_gates_are_counted_from_raw_to_marts(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="quality", quality_summary=SUMMARY, quality_results=RESULTS)
    data = answers.gates(marts)
    counted = ("layer", "tables", "untrusted_tables", "kept", "failed_warnings", "failed_errors", "not_judged")
    assert [tuple(row[name] for name in counted) for row in data.to_pylist()] == [
        ("raw", 2, 1, 2, 1, 1, 0),
        ("marts", 1, 0, 0, 0, 0, 1),
    ]
    failures = answers.gate_failures(marts).to_pylist()
    assert [(row["severity"], row["expectation"], row["owner"]) for row in failures] == [
        ("error", "visit_id is there", "sales"),
        ("warn", "few rows in quarantine", "sales"),
    ]
    assert answers.gate_failures(marts, layer="marts").num_rows == 0
    assert answers.gate_tables(marts)["table_name"].to_pylist() == ["visits", "events", "customers"]
    words = Words(language, "quality")
    chart = charts.gates(data, words)
    assert chart.description == words("gates.described", kept=2, failed_warnings=1, failed_errors=1, not_judged=1)
    assert drawn(chart)


DELIVERIES: Rows = [
    {"table_name": "events", "is_present": True, "rows_delivered": 1000, "rows_staged": 990, "rows_quarantined": 10,
     "quarantined_share": 0.01, "as_of_date": date(2024, 1, 7)},
    {"table_name": "visits", "is_present": True, "rows_delivered": 50, "rows_staged": 48, "rows_quarantined": 2,
     "quarantined_share": 0.04, "as_of_date": date(2024, 1, 7)},
    {"table_name": "opt_outs", "is_present": False, "rows_delivered": 0, "rows_staged": 0, "rows_quarantined": 0,
     "as_of_date": date(2024, 1, 7)},
    {"table_name": "feedback", "is_present": True, "rows_delivered": 0, "rows_staged": 0, "rows_quarantined": 0,
     "as_of_date": date(2024, 1, 7)},
]  # fmt: skip
REASONS: Rows = [
    {"table_name": "events", "rejection_reason": "session_id is missing", "quarantined_rows": 10},
    {"table_name": "visits", "rejection_reason": "latitude is above 90", "quarantined_rows": 2},
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_deliveries_name_what_is_set_aside_and_what_is_absent(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="quality", raw_deliveries=DELIVERIES, quarantine_reasons=REASONS)
    data = answers.deliveries(marts)
    assert data["table_name"].to_pylist() == ["visits", "events", "feedback", "opt_outs"]
    words = Words(language, "quality")
    chart = charts.deliveries(data, words)
    for told in ("12", "1,050", "visits", "4.00 %"):
        assert told in chart.description
    picture = drawn(chart)
    assert words("deliveries.absent") in picture
    assert words("deliveries.no_rows") in picture
    reasons = answers.quarantine(marts)
    assert reasons["quarantined_rows"].to_pylist() == [10, 2]
    assert answers.quarantine(marts, table_name="visits")["quarantined_rows"].to_pylist() == [2]
    assert "events: session_id is missing 10" in charts.quarantine(reasons, words).description


def check(model: str, kind: str, state: str, **row: Any) -> dict[str, Any]:
    usual = {"is_newest": True, "is_refit_due": False, "verdict": "told"}
    return {"model_name": model, "drift_kind": kind, "state": state} | usual | row


HEALTH: Rows = [
    check("recommender", "calibration", "not applicable"),
    check("recommender", "score", "drifted", drift=0.3, drift_limit=0.2, worst_column="score", is_refit_due=True),
    check("recommender", "feature", "steady", drift=0.05, drift_limit=0.2, worst_column="age"),
    check("recommender", "feature", "drifted", is_newest=False),
    check("unheard_of", "score", "nothing to compare"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_drift_stands_beside_its_limit(tmp_path: Path, language: str) -> None:
    data = answers.model_states(published(tmp_path, room="quality", model_health=HEALTH))
    assert [(row["model_name"], row["drift_kind"]) for row in data.to_pylist()] == [
        ("recommender", "score"),
        ("recommender", "feature"),
        ("recommender", "calibration"),
        ("unheard_of", "score"),
    ]
    words = Words(language, "quality")
    states = charts.model_states(data, words)
    model, kind = words.value("model_name", "recommender"), words.value("drift_kind", "score")
    assert f"{model} ({kind})" in states.description
    assert "✕" in drawn(states)
    drift = charts.drift(data, words)
    assert f"{model} · {kind} 150 %" in drift.description
    assert "25 %" in drift.description
    assert words("drift.beyond") in str(drift.to_dict())


MEASURED: dict[str, dict[str, float]] = {
    "pr_auc": {"model": 0.5, "gradient_boosting": 0.6, "rule": 0.4},
    "brier": {"model": 0.1, "gradient_boosting": 0.2},
    "rows": {"model": 100, "gradient_boosting": 100},
    "only_the_model": {"model": 1.0},
}
METRICS: Rows = [
    {"model_name": "m", "model_version": "2", "split": "time", "target": "won", "competitor": competitor,
     "metric": metric, "value": value}
    for metric, values in MEASURED.items()
    for competitor, value in values.items()
]  # fmt: skip
FITS: Rows = [
    {"model_name": "m", "model_version": "1", "verdict": "old", "is_newest": False},
    {"model_name": "m", "model_version": "2", "verdict": "the model loses", "is_newest": True},
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_loses_stands_below_its_baseline(tmp_path: Path, language: str) -> None:
    older: Rows = [METRICS[0] | {"model_version": "1", "value": 0.99}]
    marts = published(tmp_path, room="quality", model_metrics=METRICS + older, model_runs=FITS)
    assert answers.models(marts)["verdict"].to_pylist() == ["the model loses"]
    targets = answers.model_targets(marts, model_name="m").to_pylist()
    assert [(row["target_id"], row["metric"]) for row in targets] == [("time · won", "pr_auc"), ("time · won", "brier")]
    asked: dict[str, Any] = {"model_name": "m", "target_id": "time · won"}
    best_first = answers.competitors(marts, metric="pr_auc", **asked)
    assert best_first["competitor"].to_pylist() == ["gradient_boosting", "model", "rule"]
    least_first = answers.competitors(marts, metric="brier", **asked)
    assert least_first["competitor"].to_pylist() == ["model", "gradient_boosting"]
    words = Words(language, "quality")
    described = charts.competitors(best_first, words).description
    assert words("competitors.higher") in described
    assert "gradient_boosting 0.600" in described
    assert words("competitors.lower") in charts.competitors(least_first, words).description
    assert answers.competitors(marts, metric="pr_auc", model_name="m", target_id="?").num_rows == 0


RUNS: Rows = [
    {"invocation_id": "1", "started_at": NOON, "dbt_command": "build", "run_status": "succeeded",
     "duration_seconds": 120.0, "slowest_nodes": "old 9.0 s"},
    {"invocation_id": "2", "started_at": NOON + timedelta(hours=1), "dbt_command": "build", "run_status": "failed",
     "duration_seconds": 30.0, "slowest_nodes": "fit_x 3.5 s, a 0.1 s", "failed_nodes": "b"},
    {"invocation_id": "3", "started_at": NOON + timedelta(hours=2), "dbt_command": "build", "run_status": "running"},
]  # fmt: skip
LOG: Rows = [
    {"audit_entry": 1, "mart": "a", "published_at": NOON, "published_rows": 10},
    {"audit_entry": 2, "mart": "a", "published_at": NOON + timedelta(hours=1), "published_rows": 10,
     "is_changed": False},
    {"audit_entry": 2, "mart": "b", "published_at": NOON + timedelta(hours=1), "published_rows": 5,
     "is_changed": True},
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_runs_tell_how_long_they_took_and_what_took_longest(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="quality", pipeline_runs=RUNS, publish_log=LOG)
    data = answers.runs(marts)
    assert data["invocation_id"].to_pylist() == ["3", "2", "1"]
    assert answers.runs(marts, run_status="failed")["failed_nodes"].to_pylist() == ["b"]
    assert answers.run_statuses(marts)["run_status"].to_pylist() == ["failed", "running", "succeeded"]
    slowest = answers.slowest_nodes(marts)
    assert [(row["node"], row["seconds"]) for row in slowest.to_pylist()] == [("fit_x", 3.5), ("a", 0.1)]
    found = answers.publications(marts).to_pylist()
    assert [(row["marts"], row["published_rows"], row["changed_marts"], row["changed"]) for row in found] == [
        (2, 15, 1, "b"),
        (1, 10, 0, None),
    ]
    words = Words(language, "quality")
    runs = charts.runs(data, words)
    assert words("runs.minutes", minutes="2.0") in runs.description
    assert "01-08 12:00" in drawn(runs)
    assert "fit_x 3.5 s" in charts.slowest_nodes(slowest, words).description


def test_the_figures_of_the_page_count_models_once(tmp_path: Path) -> None:
    health = [*HEALTH, check("recommender", "calibration", "drifted", is_refit_due=True)]
    marts = published(
        tmp_path,
        room="quality",
        quality_summary=SUMMARY,
        raw_deliveries=DELIVERIES,
        model_health=health,
        publish_log=LOG,
    )
    (found,) = answers.quality_in_figures(marts).to_pylist()
    assert found == {
        "as_of_date": date(2024, 1, 7),
        "failed_errors": 1,
        "failed_warnings": 1,
        "checked_expectations": 4,
        "rows_quarantined": 12,
        "rows_delivered": 1050,
        "models_drifted": 1,
        "refits_due": 1,
        "published_at": NOON + timedelta(hours=1),
    }


def app(file: str, language: str) -> None:
    from pathlib import Path

    from upswing.interface.dashboard import show_room
    from upswing.interface.marts import Marts

    show_room("quality", Marts(Path(file)), language)


def opened(marts: Marts, part: str, language: str = "en") -> AppTest:
    page = AppTest.from_function(app, args=(str(marts.file), language), default_timeout=60)
    page.query_params["quality_view"] = part
    shown = page.run()
    assert not shown.exception
    assert not shown.error
    return shown


def test_the_page_of_empty_marts_says_so(tmp_path: Path) -> None:
    """In Chinese; the page with rows is read in English."""
    marts = published(tmp_path, room="quality")
    words = Words("zh", "quality")
    sections = {
        "gates": ("gates", "gate_failures", "gate_tables"),
        "deliveries": ("deliveries", "quarantine"),
        "drift": ("model_states", "drift", "model_verdicts"),
        "models": ("models",),
        "runs": ("runs", "slowest_nodes", "all_runs", "publications"),
    }
    for part, names in sections.items():
        told = [info.value for info in opened(marts, part, "zh").info]
        assert told == [words(f"{name}.empty") for name in names]


def test_the_page_shows_what_the_marts_hold_and_follows_its_filters(tmp_path: Path) -> None:
    marts = published(
        tmp_path,
        room="quality",
        quality_summary=SUMMARY,
        quality_results=RESULTS,
        raw_deliveries=DELIVERIES,
        quarantine_reasons=REASONS,
        model_health=HEALTH,
        model_metrics=METRICS,
        model_runs=FITS,
        pipeline_runs=RUNS,
        publish_log=LOG,
    )
    shown = opened(marts, "gates")
    assert [metric.value for metric in shown.metric] == ["1", "1", "12", "1", "1", "2024-01-08"]
    assert len(shown.dataframe[1].value) == 2
    shown.selectbox(key="quality_layer").select("marts").run()
    assert [info.value for info in shown.info] == [Words("en", "quality")("gate_failures.empty")]
    shown = opened(marts, "models")
    assert len(shown.dataframe[1].value) == 3
    shown.selectbox(key="quality_metric").select("brier").run()
    assert len(shown.dataframe[1].value) == 2
    # The running run has no duration to draw, and stands in the table.
    shown = opened(marts, "runs")
    shown.selectbox(key="quality_status").select("running").run()
    assert not shown.exception
    assert [info.value for info in shown.info] == [Words("en", "quality")("runs.empty")]
    assert len(shown.dataframe[1].value) == 1
