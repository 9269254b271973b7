"""One check of one model: how its scores and features are spread, and what came of its promises."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from upswing.quality.model_health_calibration import Gap, calibration_gaps
from upswing.quality.model_health_columns import Watched
from upswing.quality.model_health_profiles import Profile, profile_of, shift_of
from upswing.quality.model_health_verdicts import (
    HealthRules,
    drifted,
    gap_verdict,
    shift_verdict,
    too_few_verdict,
    waiting_verdict,
)

OWN_CHECK = "first check of this fit"
OWN_PROMISES = "promises of this fit"
LAST_CHECK = "last check before this fit"
TRAINING_ROWS = "training rows"

SINCE = {
    OWN_CHECK: "on {day}, when this fit first scored",
    LAST_CHECK: "on {day}, the last check before this fit",
    TRAINING_ROWS: "in the rows that this fit learned from",
}
ADVICE = {
    OWN_CHECK: "Find out what changed; if it is the business and not the data, fit the model again.",
    LAST_CHECK: "A new fit scores now, which has learned since: nothing to do but to know it.",
    TRAINING_ROWS: "The model scores what it has hardly seen: trust it less until newer rows have trained it.",
}

NEW_FIT = "A new fit scores now: where the features stand still, the fit moved them; look at thresholds anew."

RARITY = 0.01
"""How often a kind of drift of a model may be reported at a check where nothing has moved, all its columns together."""

DECIMALS = 6

NO_PROMISES = {
    "customer_segments": "Segments are described, not promised: there is no probability that could come true.",
    "recommender": "Its scores rank products and are no probabilities: model_metrics tells how many were bought.",
}


@dataclass(frozen=True)
class Check:
    """All that one check of one model starts from.

    Attributes:
        fit: of ``score_model_fits`` the newest row of the model.
        earlier: earlier checks of the model, rows of ``score_model_health``, the oldest first.
        as_of_date: the build's clock.
        rules: thresholds.
    """

    fit: dict[str, Any]
    earlier: list[dict[str, Any]]
    as_of_date: date
    rules: HealthRules


def spread_check(kind: str, check: Check, watched: Watched) -> dict[str, Any]:
    """How the scores or the features of a model are spread, beside how they were.

    Args:
        kind: score or feature.
        check: what it starts from.
        watched: the columns of the model.

    Returns:
        The columns of ``score_model_health`` that are of this check alone.
    """
    table = watched.scores if kind == "score" else watched.features
    clock_columns = watched.clock_columns if kind == "feature" else frozenset()
    fresh = [profile_of(name, table[name]) for name in table.column_names]
    row: dict[str, Any] = {
        "drift_kind": kind,
        "rows_now": table.num_rows,
        "columns_checked": len(fresh),
        "profiles": json.dumps([profile.to_plain() for profile in fresh]),
    }
    found = _reference(kind, check, watched)
    if found is None:
        verdict = f"Nothing to compare with yet: later {kind}s are held against those of {check.as_of_date}."
        return row | {"state": "nothing to compare", "verdict": verdict}
    compared_with, reference_on, reference = found
    reference_rows = max((profile.rows for profile in reference), default=0)
    row |= {"compared_with": compared_with, "reference_on": reference_on, "reference_rows": reference_rows}
    if min(table.num_rows, reference_rows) < check.rules.min_rows:
        verdict = too_few_verdict(kind, table.num_rows, reference_rows, check.rules)
        return row | {"state": "too few rows", "verdict": verdict}
    rarity = RARITY / len(set(table.column_names) - clock_columns)
    shifts = [
        shift_of(profile, profile_of(profile.column, table[profile.column], profile.cuts), rarity)
        for profile in reference
        if profile.column in table.column_names
    ]
    # What is furthest beyond what is tolerated comes first.
    shifts.sort(key=lambda shift: -shift.psi / max(check.rules.drift_psi, shift.chance_psi))
    judged = [shift for shift in shifts if shift.column not in clock_columns]
    if not judged:
        return row | {"state": "nothing to compare", "verdict": f"No {kind} of now was there at the last check."}
    moved = [shift for shift in judged if drifted(shift, check.rules)]
    worst = judged[0]
    advice = NEW_FIT if (kind, compared_with) == ("score", LAST_CHECK) else ADVICE[compared_with]
    since = SINCE[compared_with].format(day=reference_on)
    return row | {
        "state": "drifted" if moved else "steady",
        "columns_drifted": len(moved),
        "worst_column": worst.column,
        "drift": round(worst.psi, DECIMALS),
        "drift_limit": round(max(check.rules.drift_psi, worst.chance_psi), DECIMALS),
        "ks": round(worst.ks, DECIMALS),
        "verdict": shift_verdict(kind, shifts, clock_columns, since, advice, check.rules),
    }


def _reference(kind: str, check: Check, watched: Watched) -> tuple[str, date, list[Profile]] | None:
    """What to compare with, from which day, and its profiles; None where there is nothing.

    The first check of this fit, of an earlier day; else the last one before the fit; else the features it learned from.
    """
    of_kind = [row for row in check.earlier if row["drift_kind"] == kind and row["profiles"] is not None]
    own = [row for row in of_kind if row["model_version"] == check.fit["model_version"]]
    before = [row for row in of_kind if row["model_version"] < check.fit["model_version"]]
    if own and own[0]["as_of_date"] < check.as_of_date:
        name, row = OWN_CHECK, own[0]
    elif before:
        name, row = LAST_CHECK, before[-1]
    elif kind == "feature" and watched.training is not None:
        learned = watched.training()
        return TRAINING_ROWS, check.fit["as_of_date"], [profile_of(key, learned[key]) for key in learned.column_names]
    else:
        return None
    return name, row["as_of_date"], [Profile.from_plain(plain) for plain in json.loads(row["profiles"])]


def calibration_check(check: Check, claims: pa.Table) -> dict[str, Any]:
    """What was promised beside what came of it, in the claims that came due lately."""
    model_name, rules = check.fit["model_name"], check.rules
    row: dict[str, Any] = {"drift_kind": "calibration", "rows_now": 0}
    if model_name in NO_PROMISES:
        return row | {"state": "not applicable", "verdict": NO_PROMISES[model_name]}
    known = claims.filter(pc.is_valid(claims["outcome"]))
    row["rows_now"] = known.num_rows
    targets = sorted(pc.unique(known["target"]).to_pylist())
    enough = [target for target in targets if pc.sum(pc.equal(known["target"], target)).as_py() >= rules.min_rows]
    if not enough:
        waiting = claims.filter(pc.is_null(claims["outcome"]))
        verdict = waiting_verdict(known.num_rows, pc.min(waiting["due_on"]).as_py(), check.fit["metrics"], rules)
        return row | {"state": "too few rows" if known.num_rows else "nothing to compare", "verdict": verdict}
    found: list[tuple[bool, float, str, Gap]] = []
    for target in enough:
        for gap in _gaps(known.filter(pc.equal(known["target"], target)), RARITY / len(enough)):
            found.append((gap.is_beyond_chance and gap.size > rules.calibration_gap, gap.size, target, gap))
    is_drift, size, target, worst = max(found, key=lambda entry: entry[:3])
    of_target = known.filter(pc.equal(known["target"], target))
    is_own = pc.min(of_target["model_version"]).as_py() == check.fit["model_version"]
    return row | {
        "state": "drifted" if is_drift else "steady",
        "compared_with": OWN_PROMISES if is_own else "promises of earlier fits",
        "reference_on": pc.min(of_target["predicted_on"]).as_py(),
        "columns_checked": len(enough),
        "columns_drifted": len({name for is_gap, _size, name, _gap in found if is_gap}),
        "worst_column": target,
        "drift": round(size, DECIMALS),
        "drift_limit": rules.calibration_gap,
        "verdict": gap_verdict(target, worst, is_drift, is_own, rules),
    }


def _gaps(claims: pa.Table, rarity: float) -> list[Gap]:
    """Gaps of the claims on one target."""
    subjects = claims["subject_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    days = claims["predicted_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    promised, seen = claims["probability"].to_numpy(), claims["outcome"].to_numpy()
    return calibration_gaps(promised, seen, subjects, days, rarity)
