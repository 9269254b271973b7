"""Planted fabrications and the mess of life in the records of visits.

Fabrications come first (``fabricate``), since they decide what a visit's text is (``write_notes``); what is missing,
wrong, late or delivered twice comes last (``delivered_visits``, ``delivered_opportunities``). Everything a fabrication
shows is also seen, more rarely, on honest visits. See ``sales_visits`` for the whole process.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from upswing.sample.visit_notes import NoteWriter
from upswing.sample.visit_phrases import pick
from upswing.sample.visit_records import Opportunity, Visit

FAKE_KINDS = {"near_copy": 0.45, "two_places": 0.2, "no_duration": 0.2, "empty_content": 0.15}
FABRICATED_SHARE = (1.4, 0.8)
"""Beta distribution, over the opportunities of a fabricating rep, of the share of visits that never were."""

OWN_COPY_SHARE = 0.7
SHORTEST_COPIED_NOTE = 40
TWO_PLACES_DAYS = 14
TWO_PLACES_KILOMETRES = 20.0

ENTRY_LAG_DAYS = ((0.02, 0.4), (0.5, 3.0), (3.0, 21.0))
ENTRY_LAG_SHARES = (0.7, 0.2, 0.1)

NO_DURATION_OF_REP = (1.5, 4.5)
"""Beta distribution, over the reps, of the share of honest visits without a duration."""

ZERO_DURATION_SHARE = 0.007
NO_CONTACT_DURATIONS = (0.7, 0.8)
"""Up to the first: none; up to the second: zero; else: a short one."""

NEGATIVE_DURATION_SHARE = 0.0006
NO_PLACE_SHARE = 0.12
SWAPPED_PLACE_SHARE = 0.004
MIRRORED_PLACE_SHARE = 0.003
IMPOSSIBLE_PLACE_SHARE = 0.0006
NO_REP_SHARE = 0.02
UNKNOWN_OPPORTUNITY_SHARE = 0.005
TWICE_SHARE = 0.01
LATE_OPENING_SHARE = 0.02
NO_OWNER_SHARE = 0.01
NO_CUSTOMER_SHARE = 0.01
NO_AMOUNT_SHARE = 0.03
NO_CLOSING_SHARE = 0.005

Row = dict[str, Any]


def fabricate(rng: np.random.Generator, opportunities: list[Opportunity]) -> None:
    """Turn part of the fabricating reps' visits into visits that never were."""
    by_rep: dict[str, list[Visit]] = {}
    for opportunity in opportunities:
        for visit in opportunity.visits:
            by_rep.setdefault(visit.rep.rep_id, []).append(visit)
    for opportunity in opportunities:
        share = rng.beta(*FABRICATED_SHARE)
        for visit in opportunity.visits:
            invented = visit.rep.fabricates and not visit.is_courtesy and rng.random() < share
            if invented and not opportunity.is_dead and not visit.is_evidence:
                visit.fake_kind = str(rng.choice(list(FAKE_KINDS), p=list(FAKE_KINDS.values())))
                if visit.fake_kind == "two_places" and not _overlap(rng, visit, by_rep[visit.rep.rep_id]):
                    visit.fake_kind = "near_copy"


def kilometres(here: Visit, there: Visit) -> float:
    """Distance between two visits' places, near enough for places within a country."""
    north = 111.2 * (here.latitude - there.latitude)
    east = 111.2 * (here.longitude - there.longitude) * np.cos(np.radians(here.latitude))
    return float(np.hypot(north, east))


def _overlap(rng: np.random.Generator, visit: Visit, of_rep: list[Visit]) -> bool:
    """Move a visit onto a faraway one of the same rep, keeping its place among those of its opportunity, if it can."""
    mine = visit.opportunity.visits
    place = mine.index(visit)
    earliest = mine[place - 1].ended_at if place else visit.opportunity.opened_at
    latest = mine[place + 1].began_at if place + 1 < len(mine) else visit.opportunity.closes_at
    span = timedelta(days=TWO_PLACES_DAYS)
    earliest, latest = max(earliest, visit.began_at - span), min(latest, visit.began_at + span)
    others = [
        other
        for other in of_rep
        if other.opportunity is not visit.opportunity
        and other.fake_kind is None
        and earliest < other.began_at
        and other.ended_at + timedelta(hours=2) < latest
        and kilometres(visit, other) > TWO_PLACES_KILOMETRES
    ]
    if not others:
        return False
    other = max(others, key=lambda candidate: kilometres(visit, candidate))
    visit.began_at = other.began_at + timedelta(minutes=5 * int(rng.integers(other.minutes // 5)))
    visit.is_evidence = other.is_evidence = True
    return True


def enter(rng: np.random.Generator, visits: list[Visit], knowable_until: datetime) -> list[Visit]:
    """Give each visit its time of entry; returns those entered in time, numbered in that order."""
    for visit in visits:
        lag = ENTRY_LAG_DAYS[0 if visit.is_evidence else int(rng.choice(len(ENTRY_LAG_DAYS), p=ENTRY_LAG_SHARES))]
        visit.entered_at = visit.ended_at + timedelta(days=float(rng.uniform(*lag)))
        if visit.is_evidence:
            visit.entered_at = min(visit.entered_at, knowable_until)
    entered = sorted((visit for visit in visits if visit.entered_at <= knowable_until), key=lambda v: v.entered_at)
    for number, visit in enumerate(entered):
        visit.visit_id = f"VI-{number + 1:07d}"
    return entered


def write_notes(rng: np.random.Generator, visits: list[Visit], writer: NoteWriter) -> None:
    """Write every visit in order of time, so that notes can look back and be copied."""
    own: dict[str, list[str]] = {}
    everyone: list[str] = []
    for visit in sorted(visits, key=lambda v: (v.began_at, v.visit_id)):
        mine = own.setdefault(visit.rep.rep_id, [])
        if visit.fake_kind == "near_copy" and not everyone:
            visit.fake_kind = "no_duration"
        if visit.fake_kind is None:
            writer.write(visit)
        elif visit.fake_kind == "near_copy":
            writer.copy(visit, pick(rng, mine if mine and rng.random() < OWN_COPY_SHARE else everyone))
        elif visit.fake_kind == "empty_content":
            writer.nothing(visit)
        else:
            writer.invent(visit)
        if len(visit.note) >= SHORTEST_COPIED_NOTE:
            mine.append(visit.note)
            everyone.append(visit.note)


def delivered_visits(rng: np.random.Generator, visits: list[Visit], knowable_until: datetime) -> list[Row]:
    """The rows of the visits in order of entry, with all that is missing, wrong or delivered twice."""
    forgetful: dict[str, float] = {}
    rows: list[tuple[datetime, Row]] = []
    for visit in visits:
        no_duration = forgetful.setdefault(visit.rep.rep_id, float(rng.beta(*NO_DURATION_OF_REP)))
        latitude, longitude = _place(rng, visit)
        known = rng.random() >= UNKNOWN_OPPORTUNITY_SHARE
        row: Row = {
            "visit_id": visit.visit_id,
            "opportunity_id": visit.opportunity.opportunity_id if known else f"OP-9{rng.integers(100_000):05d}",
            "sales_rep_id": visit.rep.rep_id if visit.is_evidence or rng.random() >= NO_REP_SHARE else None,
            "visited_at": visit.began_at,
            "visit_note": visit.note,
            "customer_feedback": visit.feedback,
            "duration_minutes": _duration(rng, visit, no_duration),
            "latitude": latitude,
            "longitude": longitude,
        }
        again_at = visit.entered_at + timedelta(days=float(rng.uniform(0.1, 10)))
        if rng.random() < TWICE_SHARE and again_at <= knowable_until:
            rows.append((visit.entered_at, _incomplete(rng, row)))
            rows.append((again_at, row))
        else:
            rows.append((visit.entered_at, row))
    return [row for _, row in sorted(rows, key=lambda entry: entry[0])]


def _duration(rng: np.random.Generator, visit: Visit, no_duration: float) -> float | None:
    if visit.is_evidence:
        return float(visit.minutes)
    if visit.fake_kind == "no_duration":
        return 0.0
    chance = rng.random()
    if not visit.is_contact:
        none, zero = NO_CONTACT_DURATIONS
        return None if chance < none else 0.0 if chance < zero else 15.0
    if chance < NEGATIVE_DURATION_SHARE:
        return -float(visit.minutes)
    if chance < NEGATIVE_DURATION_SHARE + ZERO_DURATION_SHARE:
        return 0.0
    return None if rng.random() < no_duration else float(visit.minutes)


def _place(rng: np.random.Generator, visit: Visit) -> tuple[float | None, float | None]:
    latitude, longitude = visit.latitude, visit.longitude
    if visit.is_evidence:
        return latitude, longitude
    cases: list[tuple[float, tuple[float | None, float | None]]] = [
        (NO_PLACE_SHARE, (None, None)),
        (SWAPPED_PLACE_SHARE, (longitude, latitude)),
        (MIRRORED_PLACE_SHARE, (latitude, -longitude)),
        (IMPOSSIBLE_PLACE_SHARE, (123.0, longitude)),
    ]
    chance = rng.random()
    for share, place in cases:
        if chance < share:
            return place
        chance -= share
    return latitude, longitude


def _incomplete(rng: np.random.Generator, row: Row) -> Row:
    """An earlier delivery of the same visit: without what was added later, or with what was corrected."""
    if row["customer_feedback"] and rng.random() < 0.5:
        return {**row, "customer_feedback": None}
    if row["duration_minutes"] and rng.random() < 0.5:
        return {**row, "duration_minutes": row["duration_minutes"] + 15}
    return {**row, "visit_note": row["visit_note"][: max(1, len(row["visit_note"]) // 2)].rstrip() or "."}


def delivered_opportunities(
    rng: np.random.Generator, opportunities: list[Opportunity], knowable_until: datetime
) -> list[Row]:
    """The rows of the opportunities in order of opening, as known at the end."""
    rows = []
    for opportunity in opportunities:
        is_closed = opportunity.closes_at <= knowable_until
        opened_at = opportunity.opened_at
        if opportunity.visits and rng.random() < LATE_OPENING_SHARE:
            # Recorded only after the first visit.
            recorded_at = opportunity.visits[0].began_at + timedelta(minutes=int(rng.integers(60, 2400)))
            opened_at = min(recorded_at, opportunity.closes_at, knowable_until.replace(microsecond=0))
        rows.append(
            {
                "opportunity_id": opportunity.opportunity_id,
                "customer_id": opportunity.account.account_id if rng.random() >= NO_CUSTOMER_SHARE else None,
                "owner_id": opportunity.owner.rep_id if rng.random() >= NO_OWNER_SHARE else None,
                "opened_at": opened_at,
                "status": ("won" if opportunity.is_won else "lost") if is_closed else "open",
                "closed_at": opportunity.closes_at if is_closed and rng.random() >= NO_CLOSING_SHARE else None,
                "amount": opportunity.amount if rng.random() >= NO_AMOUNT_SHARE else None,
            }
        )
    return rows
