"""What the models promise, kept from one build to the next until it is known whether it came true."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from upswing.quality.model_health_outcomes import CLAIM_SCHEMA, ClaimTables, known_outcomes
from upswing.quality.model_health_promises import ClaimHorizons, promises

DAYS_OF_A_WEEK = 7
KEPT_DAYS = 8 * DAYS_OF_A_WEEK
"""For so long a claim stands after it came due: what is older says little of the model of today."""

OLDEST_DAYS = 365
"""A claim that is never settled, of a deal that stays open, is given up after so many days."""

MOST_SUBJECTS = 5_000
"""Claims of one kind that are kept of one week; of more, a sample by hash of the subject."""

PERSONAL = ("customer_predictor", "uplift_predictor")


def score_model_claims(
    standing: pa.Table | None, tables: ClaimTables, as_of_date: date | None, horizons: ClaimHorizons
) -> pa.Table:
    """The claims of the builds before, settled where the outcome is known, and those of today.

    Of a week the first build's claims are kept, so that a company that builds every hour has no more of them than one
    that builds once a week. A claim counts only of a fit that knew nothing after the day of the claim: where the clock
    is set back, the fits of later days promise nothing, and what was promised or known later is left alone.

    Args:
        standing: rows of :data:`CLAIM_SCHEMA` of the build before; None before the first.
        tables: what was scored, and what happened.
        as_of_date: the build's clock; None where the raw data hold no day: then all stands.
        horizons: how far ahead the models look.
    """
    kept = standing if standing is not None else CLAIM_SCHEMA.empty_table()
    if as_of_date is None:
        return kept
    is_later = pc.greater(pc.coalesce(kept["known_on"], kept["predicted_on"]), pa.scalar(as_of_date))
    later, kept = kept.filter(is_later), kept.filter(pc.invert(is_later))
    new = [_sampled(claims) for claims in promises(tables, as_of_date, horizons) if claims.num_rows]
    honest = [
        claims
        for claims in new
        if _was_fitted_before(claims, tables, as_of_date) and not _has_week(kept, claims, as_of_date)
    ]
    claims = pa.concat_tables([kept, *honest])
    claims = _without_strangers(claims, tables)
    settled = known_outcomes(claims, tables, as_of_date)
    return _in_order(pa.concat_tables([settled.filter(_still_counts(settled, as_of_date)), later]))


def _was_fitted_before(claims: pa.Table, tables: ClaimTables, as_of_date: date) -> bool:
    learned_until = tables.fitted_as_of.get(claims["model_version"][0].as_py())
    return learned_until is not None and learned_until <= as_of_date


def _has_week(kept: pa.Table, claims: pa.Table, as_of_date: date) -> bool:
    """Whether claims of the same kind stand of the same week; weeks begin on Monday."""
    monday = as_of_date - timedelta(days=as_of_date.weekday())
    same = pc.and_(pc.equal(kept["model_name"], claims["model_name"][0]), pc.equal(kept["target"], claims["target"][0]))
    this_week = pc.greater_equal(kept["predicted_on"], pa.scalar(monday))
    return bool(pc.any(pc.and_(same, this_week)).as_py())


def _sampled(claims: pa.Table) -> pa.Table:
    if claims.num_rows <= MOST_SUBJECTS:
        return claims
    import pandas as pd

    hashes = pd.util.hash_array(claims["subject_id"].to_numpy(zero_copy_only=False).astype(object))
    return claims.take(pa.array(sorted(hashes.argsort(kind="stable")[:MOST_SUBJECTS])))


def _without_strangers(claims: pa.Table, tables: ClaimTables) -> pa.Table:
    """Claims on customers and deals that are still delivered: who was erased is gone from here with the next build."""
    customers = tables.customer_scores["customer_id"].combine_chunks()
    deals = tables.opportunities["opportunity_id"].combine_chunks()
    is_personal = pc.is_in(claims["model_name"], value_set=pa.array(PERSONAL))
    is_deal = pc.equal(claims["model_name"], "conversion_classifier")
    is_known = pc.if_else(
        is_personal,
        pc.is_in(claims["subject_id"], value_set=customers),
        pc.or_(pc.invert(is_deal), pc.is_in(claims["subject_id"], value_set=deals)),
    )
    return claims.filter(is_known)


def _still_counts(claims: pa.Table, as_of_date: date) -> Any:
    is_recent = pc.greater_equal(
        pc.coalesce(claims["known_on"], claims["due_on"], pa.scalar(as_of_date)),
        pa.scalar(as_of_date - timedelta(days=KEPT_DAYS)),
    )
    is_young = pc.greater_equal(claims["predicted_on"], pa.scalar(as_of_date - timedelta(days=OLDEST_DAYS)))
    return pc.and_(is_recent, is_young)


def _in_order(claims: pa.Table) -> pa.Table:
    keys = ["model_name", "target", "predicted_on", "subject_id"]
    return claims.sort_by([(key, "ascending") for key in keys]).combine_chunks()
