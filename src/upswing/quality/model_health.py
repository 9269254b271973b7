"""The health of every learned model: whether its scores, its features or the worth of its promises have drifted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from upswing.quality.model_health_checks import OWN_CHECK, OWN_PROMISES, Check, calibration_check, spread_check
from upswing.quality.model_health_columns import Watched
from upswing.quality.model_health_verdicts import HealthRules, refit_due

HEALTH_SCHEMA = pa.schema(
    [
        pa.field("model_name", pa.string()),
        pa.field("drift_kind", pa.string()),
        pa.field("checked_at", pa.timestamp("us")),
        pa.field("as_of_date", pa.date32()),
        pa.field("model_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("state", pa.string()),
        pa.field("compared_with", pa.string()),
        pa.field("reference_on", pa.date32()),
        pa.field("rows_now", pa.int64()),
        pa.field("reference_rows", pa.int64()),
        pa.field("columns_checked", pa.int64()),
        pa.field("columns_drifted", pa.int64()),
        pa.field("worst_column", pa.string()),
        pa.field("drift", pa.float64()),
        pa.field("drift_limit", pa.float64()),
        pa.field("ks", pa.float64()),
        pa.field("is_refit_due", pa.bool_()),
        pa.field("refit_due_on", pa.date32()),
        pa.field("refit_reason", pa.string()),
        pa.field("verdict", pa.string()),
        pa.field("profiles", pa.string()),
    ]
)


def score_model_health(
    earlier: pa.Table | None,
    watched: Mapping[str, Watched],
    claims: pa.Table,
    fits: pa.Table,
    as_of_date: date | None,
    rules: HealthRules,
) -> pa.Table:
    """A row a fitted model and kind of drift, or no row where all is as the check before found it.

    Args:
        earlier: rows of :data:`HEALTH_SCHEMA` of earlier builds; None before the first.
        watched: scores and features of each model.
        claims: of ``score_model_claims``.
        fits: of ``score_model_fits``.
        as_of_date: the build's clock; None where the raw data hold no day.
        rules: thresholds.
    """
    nothing = HEALTH_SCHEMA.empty_table()
    if as_of_date is None:
        return nothing
    # What a build with a later clock saw is not known yet where the clock is set back.
    history = [row for row in (nothing if earlier is None else earlier).to_pylist() if row["as_of_date"] <= as_of_date]
    history.sort(key=lambda row: row["checked_at"])
    claims = claims.filter(
        pc.and_(
            pc.less_equal(claims["predicted_on"], pa.scalar(as_of_date)),
            pc.fill_null(pc.less_equal(claims["known_on"], pa.scalar(as_of_date)), True),
        )
    )
    rows: list[dict[str, Any]] = []
    for fit in sorted(fits.to_pylist(), key=lambda row: row["model_name"]):
        if fit["is_newest"] and fit["model_name"] in watched:
            of_model = [row for row in history if row["model_name"] == fit["model_name"]]
            check = Check(fit, of_model, as_of_date, rules)
            promised = claims.filter(pc.equal(claims["model_name"], fit["model_name"]))
            rows.extend(_checked(check, watched[fit["model_name"]], promised))
    if _is_known(rows, history):
        return nothing
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist([row | {"checked_at": checked_at} for row in rows], schema=HEALTH_SCHEMA)


def _checked(check: Check, watched: Watched, claims: pa.Table) -> list[dict[str, Any]]:
    found = [
        spread_check("score", check, watched),
        spread_check("feature", check, watched),
        calibration_check(check, claims),
    ]
    since_fit = [
        row["drift_kind"]
        for row in found
        if row["state"] == "drifted" and row["compared_with"] in (OWN_CHECK, OWN_PROMISES)
    ]
    due = refit_due(check.fit, check.as_of_date, since_fit, check.rules)
    shared = {
        "model_name": check.fit["model_name"],
        "as_of_date": check.as_of_date,
        "model_version": check.fit["model_version"],
        "fitted_as_of": check.fit["as_of_date"],
        "is_refit_due": due.is_due,
        "refit_due_on": due.due_on,
        "refit_reason": due.reason,
    }
    empty = {name: None for name in HEALTH_SCHEMA.names if name != "checked_at"}
    return [empty | row | shared for row in found]


def _is_known(rows: list[dict[str, Any]], history: list[dict[str, Any]]) -> bool:
    """Whether the newest check found the very same."""
    if not rows or not history:
        return not rows
    newest = [row for row in history if row["checked_at"] == history[-1]["checked_at"]]
    plain = [{name: value for name, value in row.items() if name != "checked_at"} for row in newest]
    return sorted(plain, key=_key) == sorted(rows, key=_key)


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["model_name"], row["drift_kind"]
