"""What a check of a model found, in words, and when a refit is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from upswing.quality.model_health_calibration import Gap
from upswing.quality.model_health_profiles import Shift

NAMED = 3
"""So many columns are named; of more it is said how many they are."""


@dataclass(frozen=True)
class HealthRules:
    """When a model's health is called in question, and when it is fitted again.

    Attributes:
        drift_psi: PSI of a column from which on it has drifted (var ``health_drift_psi``), above 0.
        calibration_gap: gap between promised and seen share that is drift (var ``health_calibration_gap``), 0 to 1.
        min_rows: rows that a verdict needs on each side (var ``min_health_rows``).
        refit: auto, always or never (var ``refit``).
    """

    drift_psi: float = 0.2
    calibration_gap: float = 0.05
    min_rows: int = 200
    refit: str = "auto"

    def __post_init__(self) -> None:
        if self.drift_psi <= 0:
            raise ValueError(f"var health_drift_psi is {self.drift_psi}; expected a number above 0")
        if not 0 < self.calibration_gap < 1:
            raise ValueError(f"var health_calibration_gap is {self.calibration_gap}; expected a share between 0 and 1")
        if self.min_rows < 2:
            raise ValueError(f"var min_health_rows is {self.min_rows}; expected 2 or more rows")


@dataclass(frozen=True)
class Due:
    """Whether and when a model is to be fitted again.

    Attributes:
        is_due: now.
        due_on: the day; None where nothing ever calls for it.
        reason: in words.
    """

    is_due: bool
    due_on: date | None
    reason: str


def drifted(shift: Shift, rules: HealthRules) -> bool:
    """Whether a column has moved further than is tolerated, and than chance moves it."""
    return shift.psi > max(rules.drift_psi, shift.chance_psi)


def shift_verdict(
    kind: str, shifts: Sequence[Shift], clock_columns: frozenset[str], since: str, advice: str, rules: HealthRules
) -> str:
    """What became of scores or features, in one or two sentences.

    Args:
        kind: score or feature.
        shifts: of each column, the furthest first.
        clock_columns: those that grow as time goes by, and do not count.
        since: what they are compared with, in words.
        advice: what to do where there is drift.
        rules: thresholds.
    """
    counted = [shift for shift in shifts if shift.column not in clock_columns]
    moved = [shift for shift in counted if drifted(shift, rules)]
    growing = [shift for shift in shifts if shift.column in clock_columns and drifted(shift, rules)]
    aside = ""
    if growing:
        aside = f" Not counted, as time moves them by itself: {', '.join(shift.column for shift in growing)}."
    if not moved:
        furthest = counted[0]
        limit = max(rules.drift_psi, furthest.chance_psi)
        most = f"{furthest.column} moved most, PSI {furthest.psi:.2f} (drift from {limit:.2f})"
        return f"The {kind}s are spread as {since}: of {len(counted)}, {most if furthest.psi else 'none moved'}.{aside}"
    named = ", ".join(f"{shift.column} (PSI {shift.psi:.2f})" for shift in moved[:NAMED])
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    number = f"{len(moved)} {'is' if len(moved) == 1 else 'are'}"
    return f"Of {len(counted)} {kind}s, {number} not spread as {since}: {named}{more}. {advice}{aside}"


def too_few_verdict(kind: str, rows: int, reference_rows: int, rules: HealthRules) -> str:
    """Why scores or features are not judged."""
    return (
        f"Not judged: {rows:,} {kind} rows now and {reference_rows:,} to compare with, {rules.min_rows:,} are needed."
    )


def gap_verdict(target: str, gap: Gap, is_drift: bool, is_own_fit: bool, rules: HealthRules) -> str:
    """What became of the promises on the target, and in the part of it, where they lie furthest from the outcomes."""
    part = "" if gap.group == "all" else f", the third with the {gap.group} probabilities"
    figures = f"{target}{part}: promised {gap.promised:.1%}, seen {gap.seen:.1%} of {gap.rows:,}"
    if not is_drift:
        limit = f"a gap counts from {rules.calibration_gap:.1%}, beyond chance"
        return f"Promises are kept. Furthest apart: {figures} ({limit})."
    advice = (
        "Fit the model again, or lower what is decided by its probabilities."
        if is_own_fit
        else "An earlier fit promised this; watch what the fit that scores now will be seen to promise."
    )
    return f"Promises are not kept. {figures}, which is beyond chance. {advice}"


def waiting_verdict(rows: int, first_due: date | None, metrics: str | None, rules: HealthRules) -> str:
    """Why promises are not judged yet, and how well they were kept on rows that were held out from the fit."""
    told = held_out_calibration(metrics)
    known = f"{rows:,} promises have come due, {rules.min_rows:,} are needed" if rows else "No promise has come due yet"
    until = f"; the first come due on {first_due}" if first_due is not None and not rows else ""
    return f"Not judged: {known}{until}.{f' When it was fitted, on held-out rows: {told}.' if told else ''}"


def held_out_calibration(metrics: str | None) -> str:
    """The calibration error of each target as the fit measured it, in words; empty where it did not."""
    measured = [
        metric
        for metric in json.loads(metrics or "[]")
        if metric["competitor"] == "model" and metric["metric"] == "calibration_error" and metric["value"] is not None
    ]
    by_target: dict[str, float] = {}
    for metric in measured:
        by_target.setdefault(f"{metric['target']} ({metric['split']})", metric["value"])
    named = [f"{target} {value:.3f}" for target, value in by_target.items()]
    return "calibration error of " + ", ".join(named[:NAMED]) if named else ""


def refit_due(fit: dict[str, Any], as_of_date: date, drifted_kinds: Sequence[str], rules: HealthRules) -> Due:
    """Whether and when a model is to be fitted again, by the rules of every fit and by what was found here.

    A build with ``refit: auto`` has trained already where the rules called for it: what is left is drift, and the day
    from which on changed training rows are reason enough.

    Args:
        fit: ``model_name``, ``as_of_date`` and ``refit_after_days`` of the newest fit.
        as_of_date: the build's clock.
        drifted_kinds: kinds of drift since that fit.
        rules: how refits go.
    """
    age = (as_of_date - fit["as_of_date"]).days
    old_on = fit["as_of_date"] + timedelta(days=fit["refit_after_days"] + 1)
    command = f"dbt build --select fit_{fit['model_name']}+ --vars '{{refit: always}}'"
    if drifted_kinds:
        return Due(
            True, as_of_date, f"{' and '.join(drifted_kinds)} drift since the fit of {fit['as_of_date']}: {command}"
        )
    if rules.refit == "never":
        if as_of_date >= old_on:
            return Due(
                True, old_on, f"the fit is {age} days old, and refit is never, so that no build trains: {command}"
            )
        return Due(False, old_on, f"the fit is {age} days old; refit is never, so that no build trains by itself")
    if rules.refit == "always":
        return Due(False, as_of_date, "refit is always: every build trains")
    if as_of_date >= old_on:
        return Due(False, None, f"the fit is {age} days old, but what it learned from has hardly changed")
    return Due(False, old_on, f"from {old_on} on any changed training row is reason enough; the build sees to it")
