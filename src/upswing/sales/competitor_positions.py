"""Who moved the price first, us or a competitor, and how often chance alone would have it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.rounding import rounded
from upswing.sales.competitor_positions_moves import (
    THEY_LED,
    TOGETHER,
    WE_LED,
    chance_counts,
    paired_moves,
    price_moves,
)
from upswing.sales.market_trends_statistics import q_values

FloatArray = NDArray[np.float64]
LongArray = NDArray[np.int64]

DAYS_A_WEEK = 7
USUAL_WINDOWS = 2
"""The usual price is that of so many times follow_weeks; of one, two weeks of promotion would look usual already."""
TOO_FEW = "too few moves to tell"
NO_ANSWERS = "chance: no more answers than unrelated prices give"
NO_LEADER = "prices answer each other, but neither leads"
WE_LEAD, THEY_LEAD = "we move first", "they move first"
VERDICTS = (TOO_FEW, NO_ANSWERS, NO_LEADER, WE_LEAD, THEY_LEAD)
ANSWERED = [WE_LED, THEY_LED, TOGETHER]

COUNT_SCHEMA = pa.schema(
    [("product_id", pa.string()), ("competitor", pa.string())]
    + [
        (name, pa.int64())
        for name in (
            "our_moves",
            "rival_moves",
            "we_led",
            "they_led",
            "together",
            "ours_unanswered",
            "theirs_unanswered",
            "open_moves",
        )
    ]
    + [("answered_by_chance", pa.float64())]
)
MOVE_SCHEMA = pa.schema(
    [
        *COUNT_SCHEMA,
        pa.field("competitor_answers_q_value", pa.float64()),
        pa.field("competitor_leads_p_value", pa.float64()),
        pa.field("competitor_verdict", pa.string()),
    ]
)


@dataclass(frozen=True)
class MoveParameters:
    """What is a move, and what answers it.

    Attributes:
        move_share: by which a price lies off its usual one, above 0 and at most 1.
        follow_weeks: within which an answer comes; the usual price is that of twice as many before. At least 1.
        false_discovery_rate: share of false ones among the competitors said to answer, above 0 and below 1.
    """

    move_share: float = 0.03
    follow_weeks: int = 4
    false_discovery_rate: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.move_share <= 1:
            raise ValueError(f"var price_move_share is {self.move_share}; expected a share above 0, at most 1")
        if self.follow_weeks < 1:
            raise ValueError(f"var price_follow_weeks is {self.follow_weeks}; expected at least 1")
        if not 0 < self.false_discovery_rate < 1:
            raise ValueError(
                f"var market_false_discovery_rate is {self.false_discovery_rate}; expected a share between 0 and 1"
            )


def competitor_moves(comparisons: pa.Table, parameters: MoveParameters) -> pa.Table:
    """Count the moves of each product and competitor.

    What chance does is read off the competitor's prices of other products. A single product has too few moves to tell a
    habit from chance, so the verdict is on the competitor, over all its products.

    Args:
        comparisons: product_id, competitor, week_starting, our_price and rival_price (null where not known); successive
            weeks.

    Returns:
        A row a product and competitor, of ``MOVE_SCHEMA``, sorted by competitor and product. ``answered_by_chance`` is
        the mean of we_led + they_led + together with the competitor's prices of other products.
    """
    rows = comparisons.sort_by([(name, "ascending") for name in ("competitor", "product_id", "week_starting")])
    competitors = sorted(pc.unique(rows["competitor"]).to_pylist())
    if not competitors:
        return MOVE_SCHEMA.empty_table()
    parts = [_moves_of(name, rows.filter(pc.equal(rows["competitor"], name)), parameters) for name in competitors]
    doubts = [_doubts(found, drawn) for _counts, found, drawn in parts]
    answers_q = q_values(np.array([answers_p for answers_p, _leads_p, _lead in doubts]))
    judged = []
    for (counts, _found, _drawn), q_value, (_p_value, leads_p, lead) in zip(parts, answers_q, doubts, strict=True):
        verdict = _verdict(q_value, leads_p, lead, parameters.false_discovery_rate)
        judged.append(_judged(counts, q_value, leads_p, verdict))
    return pa.concat_tables(judged)


def _moves_of(competitor: str, rows: pa.Table, parameters: MoveParameters) -> tuple[pa.Table, LongArray, LongArray]:
    """Counts of each product of a competitor, their sums, and the sums of each draw by chance, shape (draws, 6)."""
    encoded = pc.dictionary_encode(rows["product_id"].combine_chunks())
    products = encoded.dictionary
    days = rows["week_starting"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    week = (days - days.min()) // DAYS_A_WEEK
    place = encoded.indices.to_numpy(), week
    shape = (len(products), int(week.max()) + 1)
    usual_weeks = USUAL_WINDOWS * parameters.follow_weeks
    ours, theirs = (
        price_moves(_panel(rows[name], place, shape), parameters.move_share, usual_weeks)
        for name in ("our_price", "rival_price")
    )
    first, last = np.full(len(products), week.max()), np.zeros(len(products), np.int64)
    np.minimum.at(first, place[0], week)
    np.maximum.at(last, place[0], week)
    # What is usual is not known yet in the first weeks: what moves there moves in both, and would look like an answer.
    first = np.minimum(first + usual_weeks, last)
    known = np.arange(shape[1])[None, :] >= first[:, None]
    ours, theirs = np.where(known, ours, 0).astype(np.int8), np.where(known, theirs, 0).astype(np.int8)
    counts = paired_moves(ours, theirs, parameters.follow_weeks)
    chance = chance_counts(ours, theirs, first, last, parameters.follow_weeks)
    answered = chance[:, :, ANSWERED].sum(axis=2)
    by_chance = answered.mean(axis=0)
    columns = [
        products,
        pa.array([competitor] * len(products), pa.string()),
        pa.array((ours != 0).sum(axis=1), pa.int64()),
        pa.array((theirs != 0).sum(axis=1), pa.int64()),
        *(pa.array(counts[:, kind], pa.int64()) for kind in range(counts.shape[1])),
        pa.array(np.round(by_chance, 6), pa.float64(), from_pandas=True),
    ]
    return pa.table(columns, schema=COUNT_SCHEMA), counts.sum(axis=0), chance.sum(axis=1)


def _judged(counts: pa.Table, answers_q: float, leads_p: float, verdict: str) -> pa.Table:
    """The counts of one competitor, with what holds for all its products."""
    rows = counts.num_rows
    shared = [
        *(
            pa.array(rounded("p_value", np.full(rows, value)), pa.float64(), from_pandas=True)
            for value in (answers_q, leads_p)
        ),
        pa.array([verdict] * rows, pa.string()),
    ]
    return pa.table([*counts.columns, *shared], schema=MOVE_SCHEMA)


def _panel(values: pa.ChunkedArray, place: tuple[LongArray, LongArray], shape: tuple[int, int]) -> FloatArray:
    laid_out = np.full(shape, np.nan)
    prices = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    laid_out[place] = np.where(prices > 0, prices, np.nan)
    return laid_out


def _doubts(found: LongArray, drawn: LongArray) -> tuple[float, float, float]:
    """Whether a competitor and we answer each other, and who leads: the p-values of both questions, and our lead.

    Counts over many products are near to normal, so that each is held against mean and deviation over the draws.
    """
    from scipy.special import stdtr

    answered, answered_by_chance = found[ANSWERED].sum(), drawn[:, ANSWERED].sum(axis=1)
    if answered_by_chance.std() <= 0:
        return np.nan, np.nan, np.nan
    lead, lead_by_chance = found[WE_LED] - found[THEY_LED], drawn[:, WE_LED] - drawn[:, THEY_LED]
    answers = (answered - answered_by_chance.mean()) / answered_by_chance.std(ddof=1)
    leads = (lead - lead_by_chance.mean()) / max(lead_by_chance.std(ddof=1), 1e-9)
    freedom = len(drawn) - 1
    return float(stdtr(freedom, -answers)), float(2 * stdtr(freedom, -abs(leads))), float(leads)


def _verdict(answers_q: float, leads_p: float, lead: float, rate: float) -> str:
    if not np.isfinite(answers_q):
        return TOO_FEW
    if answers_q > rate:
        return NO_ANSWERS
    if leads_p > rate:
        return NO_LEADER
    return WE_LEAD if lead > 0 else THEY_LEAD
