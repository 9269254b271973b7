"""A synthetic CRM: sales opportunities and the visits made for them, with notes in free text.

Records of sales visits are confidential everywhere, so this sample is drawn from a stated process; every row carries
``is_synthetic``. Its numbers were set for plausibility, four of them (the intercept, the two chances of a decision, the
share of fabrication) once more to meet the counts below; no model had been trained on it. What it can show is that the
way from notes to chances works, not how well it would work on a company's own notes.

The process
    *Latent state.* An opportunity has six factors in the seller's favour: need, budget, authority, timing, rival
    (favourable where rivals are weak) and champion. They start standard normal, 8 % of the variance being the
    account's own and common to all six, and move from visit to visit by ``z ← 0.95 z + N(0, 0.35)``. Reps (one per 50
    opportunities, with accounts around one city) have a skill ~ N(0, 0.4) and an optimism ~ N(0, 0.35).

    *Outcome.* An opportunity decided in state ``z`` is won with probability ``sigmoid(−0.75 + 0.8 need + 0.8 budget +
    0.5 authority + 0.6 timing + 0.6 rival + 0.7 champion + skill − 0.15 log(amount / 24,000))``. After each visit it
    goes to its decision with probability 0.10, up to 0.20 where the log odds are clear (3 or beyond), at the latest
    after 20 visits; the state no longer moves then. 5 % are decided without a visit. Visits are some four weeks apart.

    *Text.* A note speaks of two to four factors, each as favourable, mixed or unfavourable by the rep's perception
    ``z + optimism + N(0, 0.6)`` beyond ±0.5, and only through what was seen or said. Feedback, missing for 40 %, is
    the customer's own words on one or two factors with a noise of its own. Around them stand small talk, logistics,
    hedges and looks back at the last visit, in one of four manners of writing, with typos. Nothing names the outcome;
    visits after the closing (2 % of opportunities) are neutral.

    *Fruitless pursuits.* 4 % of opportunities have dead factors (around −0.95, without recovery), and are visited 8 to
    18 times all the same, every other week.

    *Fabricated visits.* One rep in twelve fabricates some of the visits, a share ~ Beta(1.4, 0.8) of each pursuit:
    near-copies of earlier notes, two places at once, no duration, or no content. Their text is copied, or follows an
    invented state ~ N(0.2, 0.8), or says nothing; the opportunity moves on as if they had been made.

    *Mess.* Missing values, rows delivered twice (the later one corrected), unknown opportunities, impossible values,
    places swapped or mirrored, openings recorded after the first visit, and rows in order of entry, hours to three
    weeks after the visit. Visits not yet entered on the last day are not in the files.

The truth, which no company has, is written beside the sample for its tests and for judging what is found in it. Its
``win_probability`` is that of an opportunity decided in the state in which it then is; an open one still moves on, so
that its eventual ``is_won`` is less certain than that. The visit's ``opportunity_id`` there is the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from upswing.sample.visit_mess import (
    Row,
    delivered_opportunities,
    delivered_visits,
    enter,
    fabricate,
    write_notes,
)
from upswing.sample.visit_notes import NoteWriter
from upswing.sample.visit_phrases import LANGUAGES, PhraseBank
from upswing.sample.visit_process import pursue_all
from upswing.sample.visit_records import FACTORS, Opportunity, Visit

FAKE_VISITS_AT_LEAST = 2
FAKE_SHARE_AT_LEAST = 1 / 3
"""An opportunity's finding is ``fake_visits`` from this many fabricated visits, or this share of its visits."""

FRUITLESS_VISITS_AT_LEAST = 8
FRUITLESS_PROBABILITY_BELOW = 0.10
"""It is ``fruitless_visits`` where planted so, or after this many real visits to a chance below this and not risen."""

OPPORTUNITIES = {
    "opportunity_id": pa.string(),
    "customer_id": pa.string(),
    "owner_id": pa.string(),
    "opened_at": pa.timestamp("us"),
    "status": pa.string(),
    "closed_at": pa.timestamp("us"),
    "amount": pa.float64(),
    "is_synthetic": pa.bool_(),
}
VISITS = {
    "visit_id": pa.string(),
    "opportunity_id": pa.string(),
    "sales_rep_id": pa.string(),
    "visited_at": pa.timestamp("us"),
    "visit_note": pa.string(),
    "customer_feedback": pa.string(),
    "duration_minutes": pa.float64(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "is_synthetic": pa.bool_(),
}
TRUE_OPPORTUNITIES = {
    "opportunity_id": pa.string(),
    "finding": pa.string(),
    "win_probability": pa.float64(),
    "is_won": pa.bool_(),
}
TRUE_VISITS = {
    "visit_id": pa.string(),
    "opportunity_id": pa.string(),
    "is_fake": pa.bool_(),
    "fake_kind": pa.string(),
    "win_probability": pa.float64(),
    **dict.fromkeys(FACTORS, pa.float64()),
}


@dataclass(frozen=True)
class VisitSampleParameters:
    """What is drawn.

    Attributes:
        opportunities: how many, at least 1; each has some five visits.
        language: of the notes and the feedback, ``en`` or ``zh``; also where the customers are.
        seed: the same seed gives the same files.
        begins_on: first day an opportunity may open.
        ends_on: last day anything is known; nothing later is written.
    """

    opportunities: int = 3000
    language: str = "en"
    seed: int = 20171231
    begins_on: date = date(2016, 1, 1)
    ends_on: date = date(2017, 12, 31)

    def __post_init__(self) -> None:
        if self.opportunities < 1:
            raise ValueError(f"opportunities is {self.opportunities}; expected at least 1")
        if self.language not in LANGUAGES:
            raise ValueError(f"language is {self.language!r}; expected one of {', '.join(LANGUAGES)}")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or above")
        if self.ends_on <= self.begins_on:
            raise ValueError(f"ends_on is {self.ends_on}; expected a day after begins_on, {self.begins_on}")


def write_visit_sample(folder: Path, parameters: VisitSampleParameters | None = None) -> dict[str, int]:
    """Write the raw tables into ``folder`` and the truth into ``folder/truth``; returns the rows of the raw tables.

    The same parameters write the same files. Each file is swapped in whole, so that an interrupted run leaves no torn
    file.
    """
    parameters = parameters or VisitSampleParameters()
    for_process, for_fakes, for_notes, for_mess = np.random.default_rng(parameters.seed).spawn(4)
    knowable_until = datetime.combine(parameters.ends_on, time.max)
    bank = PhraseBank.load(parameters.language)
    opportunities = pursue_all(
        for_process,
        parameters.opportunities,
        parameters.begins_on,
        parameters.ends_on,
        bank.cities,
        bank.utc_offset_hours,
    )
    fabricate(for_fakes, opportunities)
    planned = [visit for opportunity in opportunities for visit in opportunity.visits]
    visits = enter(for_mess, planned, knowable_until)
    write_notes(for_notes, visits, NoteWriter(for_notes, parameters.language))

    rows = {
        "opportunities": delivered_opportunities(for_mess, opportunities, knowable_until),
        "visits": delivered_visits(for_mess, visits, knowable_until),
    }
    for row in (*rows["opportunities"], *rows["visits"]):
        row["is_synthetic"] = True
    _write(folder / "opportunities.parquet", rows["opportunities"], OPPORTUNITIES)
    _write(folder / "visits.parquet", rows["visits"], VISITS)
    _write(folder / "truth" / "opportunities.parquet", _true_opportunities(opportunities, visits), TRUE_OPPORTUNITIES)
    _write(folder / "truth" / "visits.parquet", [_true_visit(visit) for visit in visits], TRUE_VISITS)
    return {table: len(delivered) for table, delivered in rows.items()}


def planted_finding(opportunity: Opportunity, visits: list[Visit]) -> str:
    """What should be found of an opportunity from these visits, in order of time."""
    fakes = sum(visit.fake_kind is not None for visit in visits)
    if fakes >= FAKE_VISITS_AT_LEAST or (fakes and fakes >= FAKE_SHARE_AT_LEAST * len(visits)):
        return "fake_visits"
    real = [visit.win_probability for visit in visits if visit.fake_kind is None and not visit.is_courtesy]
    hopeless = len(real) >= FRUITLESS_VISITS_AT_LEAST and real[-1] < min(FRUITLESS_PROBABILITY_BELOW, real[0])
    return "fruitless_visits" if opportunity.is_dead or hopeless else "sound"


def _true_opportunities(opportunities: list[Opportunity], visits: list[Visit]) -> list[Row]:
    of_opportunity: dict[str, list[Visit]] = {}
    for visit in sorted(visits, key=lambda v: (v.began_at, v.visit_id)):
        of_opportunity.setdefault(visit.opportunity.opportunity_id, []).append(visit)
    return [
        {
            "opportunity_id": opportunity.opportunity_id,
            "finding": planted_finding(opportunity, of_opportunity.get(opportunity.opportunity_id, [])),
            "win_probability": opportunity.win_probability,
            "is_won": opportunity.is_won,
        }
        for opportunity in opportunities
    ]


def _true_visit(visit: Visit) -> Row:
    state: dict[str, Any] = dict(zip(FACTORS, visit.state.tolist(), strict=True))
    return {
        "visit_id": visit.visit_id,
        "opportunity_id": visit.opportunity.opportunity_id,
        "is_fake": visit.fake_kind is not None,
        "fake_kind": visit.fake_kind,
        "win_probability": visit.win_probability,
        **state,
    }


def _write(path: Path, rows: list[Row], columns: dict[str, pa.DataType]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(columns)), unfinished, compression="zstd")
    unfinished.replace(path)
