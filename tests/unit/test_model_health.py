"""Drift of scores and features against what is planted, and what is said of it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from upswing.quality.model_health import HEALTH_SCHEMA, score_model_health
from upswing.quality.model_health_calibration import calibration_gaps
from upswing.quality.model_health_columns import Watched
from upswing.quality.model_health_outcomes import CLAIM_SCHEMA
from upswing.quality.model_health_profiles import Profile, profile_of, shift_of
from upswing.quality.model_health_verdicts import HealthRules, refit_due

RULES = HealthRules()
MONDAY = date(2024, 3, 4)
METRICS = json.dumps(
    [
        {"split": "time", "target": "churn", "competitor": "model", "metric": "calibration_error", "value": 0.02},
        {"split": "time", "target": "churn", "competitor": "rule", "metric": "calibration_error", "value": 0.3},
    ]
)


def test_a_profile_counts_every_row() -> None:
    profile = profile_of("amount", pa.array([*range(1, 101), None, float("nan")], pa.float64()))
    assert profile.cuts == tuple(float(cut) for cut in range(10, 100, 10))
    assert profile.counts == (10,) * 10 + (2,)
    assert Profile.from_plain(json.loads(json.dumps(profile.to_plain()))) == profile


def test_texts_and_lists_are_counted_too() -> None:
    texts = profile_of("source", pa.array(["b", "a", "b", None]))
    assert (texts.cuts, texts.counts) == (("b", "a"), (2, 1, 0, 1))
    assert profile_of("source", pa.array(["c", "a"]), texts.cuts).counts == (0, 1, 1, 0)
    lists = profile_of("units", pa.array([[1.0, 3.0], [], [float("nan"), 4.0], None]))
    assert lists.cuts == (2.0, 4.0)
    assert lists.counts == (1, 1, 0, 2)


def test_the_index_and_the_gap_by_hand() -> None:
    shift = shift_of(Profile("x", (1.0,), (50, 50, 0)), Profile("x", (1.0,), (25, 75, 0)), 0.01)
    p, q = np.array([50.5, 50.5]) / 101, np.array([25.5, 75.5]) / 101
    assert shift.psi == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert shift.ks == pytest.approx(0.25)
    # Pearson's chi-square of the two is 13.33; 6.63 is the 99 % quantile with one degree of freedom.
    assert shift.chance_psi == pytest.approx(shift.psi * 6.6349 / (40 / 3), rel=1e-4)
    same = shift_of(Profile("x", (1.0,), (50, 50, 0)), Profile("x", (1.0,), (50, 50, 0)), 0.01)
    assert same.psi == 0.0
    assert same.chance_psi == pytest.approx(6.6349 * (1 / 100 + 1 / 100), rel=1e-4)
    with pytest.raises(ValueError, match="different cuts"):
        shift_of(Profile("x", (1.0,), (1, 1, 0)), Profile("x", (2.0,), (1, 1, 0)), 0.01)


def test_chance_alone_rarely_exceeds_its_limit() -> None:
    generator = np.random.default_rng(1)
    beyond = 0
    for _trial in range(300):
        before = profile_of("x", pa.array(generator.exponential(size=250)))
        shift = shift_of(before, profile_of("x", pa.array(generator.exponential(size=250)), before.cuts), 0.05)
        beyond += shift.psi > shift.chance_psi
    assert beyond <= 300 * 0.05 + 12


def test_kept_promises_are_no_gap_and_broken_ones_are() -> None:
    generator = np.random.default_rng(2)
    promised = generator.uniform(0.1, 0.6, size=3_000)
    subjects, days = np.arange(3_000), np.zeros(3_000, dtype=np.int64)
    kept = (generator.random(3_000) < promised).astype(np.float64)
    assert not any(gap.is_beyond_chance for gap in calibration_gaps(promised, kept, subjects, days, 0.01))
    broken = (generator.random(3_000) < promised - 0.08).astype(np.float64)
    whole = calibration_gaps(promised, broken, subjects, days, 0.01)[0]
    assert (whole.group, whole.is_beyond_chance) == ("all", True)
    assert whole.size == pytest.approx(0.08, abs=0.03)


def test_a_third_tells_what_the_whole_hides() -> None:
    promised = np.repeat([0.1, 0.5, 0.9], 400)
    seen = np.concatenate([np.arange(400) % 10 < share * 10 for share in (0.3, 0.5, 0.7)]).astype(np.float64)
    gaps = calibration_gaps(promised, seen, np.arange(1_200), np.zeros(1_200, dtype=np.int64), 0.01)
    assert {gap.group: gap.is_beyond_chance for gap in gaps} == {
        "all": False,
        "low": True,
        "middle": False,
        "high": True,
    }


def test_the_same_customer_again_is_no_new_evidence() -> None:
    promised, seen = np.full(60, 0.3), (np.arange(60) % 2).astype(np.float64)
    no_days, subjects = np.zeros(480, dtype=np.int64), np.tile(np.arange(60), 8)
    once = calibration_gaps(promised, seen, np.arange(60), no_days[:60], 0.01)[0]
    eight = calibration_gaps(np.tile(promised, 8), np.tile(seen, 8), subjects, no_days, 0.01)[0]
    assert (once.is_beyond_chance, eight.is_beyond_chance) == (True, True)
    assert eight.error == pytest.approx(once.error, rel=0.1)
    closer = calibration_gaps(np.full(480, 0.4), np.tile(seen, 8), subjects, no_days, 0.01)[0]
    assert not closer.is_beyond_chance


def fit_row(version: str, as_of_date: date, is_newest: bool = True) -> dict[str, Any]:
    return {
        "model_name": "customer_predictor",
        "model_version": version,
        "as_of_date": as_of_date,
        "metrics": METRICS,
        "refit_after_days": 7,
        "is_newest": is_newest,
    }


def fits_table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def watched(shift: float = 0.0, rows: int = 500, training: bool = False) -> dict[str, Watched]:
    generator = np.random.default_rng(3)
    scores = pa.table({"churn_probability": generator.uniform(size=rows)})
    features = {"recency_days": generator.exponential(size=rows) + shift, "tenure_days": np.arange(rows) + 1e4 * shift}
    reader = (lambda: pa.table(features)) if training else None
    return {"customer_predictor": Watched(scores, pa.table(features), frozenset({"tenure_days"}), reader)}


def checked(
    earlier: pa.Table | None, seen: dict[str, Watched], fits: pa.Table, as_of_date: date, claims: pa.Table | None = None
) -> pa.Table:
    return score_model_health(
        earlier, seen, CLAIM_SCHEMA.empty_table() if claims is None else claims, fits, as_of_date, RULES
    )


def of_kind(found: pa.Table, kind: str) -> dict[str, Any]:
    (row,) = [row for row in found.to_pylist() if row["drift_kind"] == kind]
    return dict(row)


def test_the_first_check_is_what_later_ones_are_compared_with() -> None:
    fits = fits_table(fit_row("00001-a", MONDAY))
    first = checked(None, watched(), fits, MONDAY)
    assert first.schema == HEALTH_SCHEMA
    assert {row["state"] for row in first.to_pylist()} == {"nothing to compare"}
    assert "churn (time) 0.020" in of_kind(first, "calibration")["verdict"]
    assert checked(first, watched(), fits, MONDAY).num_rows == 0
    steady = checked(first, watched(), fits, date(2024, 3, 6))
    feature = of_kind(steady, "feature")
    assert (feature["state"], feature["compared_with"]) == ("steady", "first check of this fit")
    assert (feature["is_refit_due"], feature["refit_due_on"]) == (False, date(2024, 3, 12))
    assert feature["drift"] == 0.0


def test_planted_drift_is_told_with_the_command_that_mends_it() -> None:
    fits = fits_table(fit_row("00001-a", MONDAY))
    first = checked(None, watched(), fits, MONDAY)
    found = checked(first, watched(shift=1.0), fits, date(2024, 3, 6))
    feature = of_kind(found, "feature")
    assert (feature["state"], feature["worst_column"], feature["columns_drifted"]) == ("drifted", "recency_days", 1)
    assert "Not counted, as time moves them by itself: tenure_days." in feature["verdict"]
    assert of_kind(found, "score")["state"] == "steady"
    for kind in ("score", "feature", "calibration"):
        row = of_kind(found, kind)
        assert (row["is_refit_due"], row["refit_due_on"]) == (True, date(2024, 3, 6))
        assert "dbt build --select fit_customer_predictor+ --vars '{refit: always}'" in row["refit_reason"]


def test_a_fit_of_today_is_compared_with_the_last_check_before_it() -> None:
    first = checked(None, watched(), fits_table(fit_row("00001-a", MONDAY)), MONDAY)
    fits = fits_table(fit_row("00001-a", MONDAY, False), fit_row("00002-b", date(2024, 3, 12)))
    feature = of_kind(checked(first, watched(shift=1.0), fits, date(2024, 3, 12)), "feature")
    assert (feature["state"], feature["compared_with"]) == ("drifted", "last check before this fit")
    assert not feature["is_refit_due"]
    assert "has learned since" in feature["verdict"]


def test_without_a_check_before_features_are_compared_with_training_rows() -> None:
    fits = fits_table(fit_row("00001-a", MONDAY))
    found = checked(None, watched(training=True), fits, MONDAY)
    feature = of_kind(found, "feature")
    assert (feature["state"], feature["compared_with"]) == ("steady", "training rows")
    assert of_kind(found, "score")["state"] == "nothing to compare"
    assert checked(found, watched(training=True), fits, MONDAY).num_rows == 0


def test_few_rows_are_not_judged_and_a_later_clock_is_not_looked_at() -> None:
    fits = fits_table(fit_row("00001-a", MONDAY))
    first = checked(None, watched(rows=150), fits, MONDAY)
    few = of_kind(checked(first, watched(rows=150, shift=1.0), fits, date(2024, 3, 6)), "feature")
    assert (few["state"], few["is_refit_due"]) == ("too few rows", False)
    assert of_kind(checked(first, watched(), fits, date(2024, 3, 1)), "score")["state"] == "nothing to compare"
    assert score_model_health(None, {}, CLAIM_SCHEMA.empty_table(), fits, None, RULES).num_rows == 0


@pytest.mark.parametrize(("version", "is_due"), [("00001-a", True), ("00000-z", False)])
def test_broken_promises_call_for_a_refit_only_of_the_fit_that_made_them(version: str, is_due: bool) -> None:
    rows = [
        {
            "model_name": "customer_predictor",
            "target": "churn",
            "subject_id": str(number),
            "predicted_on": MONDAY,
            "probability": 0.2,
            "model_version": version,
            "outcome": float(number % 2),
            "known_on": date(2024, 4, 29),
        }
        for number in range(300)
    ]
    claims = pa.Table.from_pylist(rows, schema=CLAIM_SCHEMA)
    fits = fits_table(fit_row("00001-a", MONDAY))
    row = of_kind(checked(None, watched(), fits, date(2024, 4, 29), claims), "calibration")
    assert (row["state"], row["worst_column"], row["is_refit_due"]) == ("drifted", "churn", is_due)
    assert row["drift"] == pytest.approx(0.3)
    assert "promised 20.0%, seen 50.0% of 300" in row["verdict"]
    earlier = of_kind(checked(None, watched(), fits, date(2024, 4, 28), claims), "calibration")
    assert earlier["state"] == "nothing to compare"


@pytest.mark.parametrize(
    ("refit", "as_of_date", "is_due", "due_on"),
    [
        ("auto", date(2024, 3, 11), False, date(2024, 3, 12)),
        ("auto", date(2024, 3, 12), False, None),
        ("never", date(2024, 3, 11), False, date(2024, 3, 12)),
        ("never", date(2024, 3, 12), True, date(2024, 3, 12)),
        ("always", date(2024, 3, 11), False, date(2024, 3, 11)),
    ],
)
def test_when_the_rules_call_for_a_refit(refit: str, as_of_date: date, is_due: bool, due_on: date | None) -> None:
    due = refit_due(fit_row("00001-a", MONDAY), as_of_date, [], HealthRules(refit=refit))
    assert (due.is_due, due.due_on) == (is_due, due_on)


def test_rules_make_sense() -> None:
    for wrong, name in (
        ({"drift_psi": 0.0}, "health_drift_psi"),
        ({"calibration_gap": 1.0}, "health_calibration_gap"),
        ({"min_rows": 1}, "min_health_rows"),
    ):
        with pytest.raises(ValueError, match=name):
            HealthRules(**wrong)
