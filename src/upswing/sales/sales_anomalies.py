"""Weeks of products and categories that are out of the ordinary: spikes, drops, missing weeks and level shifts.

Source: the article on sales and big data (anomaly detection). A week's revenue is held against what the weeks around
it and the course of the chain let expect, by the tails of what chance does to such a series; of all weeks tested, those
are reported among which the share of false ones is expected to stay below a rate (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import stats

from upswing.one_thread import hold_one_thread
from upswing.rounding import rounded
from upswing.sales.sales_anomalies_levels import IntArray, chain_course, expected_levels
from upswing.sales.sales_anomalies_noise import (
    BoolArray,
    FloatArray,
    learned_spread,
    predictive_spread,
    shrunken_spread,
    stabilised,
    tail_scores,
    unstabilised,
)
from upswing.sales.sales_anomalies_panel import AnomalyPanel, anomaly_panel
from upswing.sales.sales_anomalies_shifts import REACH, Shifts, cleaned, find_shifts, redated

ANOMALY_SCHEMA = pa.schema(
    [
        pa.field("series_level", pa.string()),
        pa.field("series_id", pa.string()),
        pa.field("week_starting", pa.date32()),
        pa.field("anomaly_kind", pa.string()),
        pa.field("weeks_affected", pa.int64()),
        *(pa.field(name, pa.float64()) for name in ("observed", "expected", "score", "q_value", "revenue_effect")),
    ]
)

FIRST_SPREAD = 0.1
"""Spread before any is learned, and that of the scale on which levels are compared: about that of a typical product."""

UNKNOWN_UNITS = 100
"""Units a week of a series whose units nobody delivered: so many that counting matters little beside its spread."""

PASSES = 3


@dataclass(frozen=True)
class AnomalyParameters:
    """What is reported.

    Attributes:
        anomaly_false_discovery_rate: expected share of false ones among the weeks that are reported of a level, and
            among the shifts.
        anomaly_min_weeks: series with fewer weeks are not judged.
    """

    anomaly_false_discovery_rate: float = 0.1
    anomaly_min_weeks: int = 12

    def __post_init__(self) -> None:
        if not 0 <= self.anomaly_false_discovery_rate <= 1:
            raise ValueError(
                f"var anomaly_false_discovery_rate is {self.anomaly_false_discovery_rate}; "
                "expected a share between 0 and 1"
            )
        if self.anomaly_min_weeks < 3:
            raise ValueError(f"var anomaly_min_weeks is {self.anomaly_min_weeks}; expected at least 3 weeks")


@dataclass(frozen=True)
class JudgedWeeks:
    """Every week of a panel beside what was expected of it; all of shape (n, T).

    Attributes:
        expected: revenue.
        score: standard deviations of a normal that is as improbable, negative below the expectation.
        q_value: least false discovery rate at which the week is reported; 1 where it was not tested.
        shifts: the level shifts.
        shift_expected: for each shift, revenue a week had the level before gone on.
        shift_observed: for each shift, revenue a week at the new level.
        shift_weeks: for each shift, weeks until the next one or the end.
    """

    expected: FloatArray
    score: FloatArray
    q_value: FloatArray
    shifts: Shifts
    shift_expected: FloatArray
    shift_observed: FloatArray
    shift_weeks: IntArray


def find_anomalies(weeks: pa.Table, parameters: AnomalyParameters) -> pa.Table:
    """The anomalies among the categories and products of ``int_forecast_weeks``.

    Args:
        weeks: see :func:`upswing.sales.sales_anomalies_panel.anomaly_panel`; may be empty.
        parameters: what is reported.

    Returns:
        Rows of :data:`ANOMALY_SCHEMA`, by level, series, week and kind. Of a spike, drop or missing week (no revenue at
        all) observed and expected are the week's revenue; of a level shift, which stands at its first week, they are a
        week's average revenue until the next shift and what that would have been at the level before. revenue_effect is
        the difference over all weeks affected.
    """
    hold_one_thread()
    panel = anomaly_panel(weeks, parameters.anomaly_min_weeks)
    if not len(panel.ids):
        return ANOMALY_SCHEMA.empty_table()
    judged = judge_weeks(panel, parameters)
    rows, columns = np.nonzero(judged.q_value <= parameters.anomaly_false_discovery_rate)
    observed, score = panel.revenue[rows, columns], judged.score[rows, columns]
    kinds = np.where(score > 0, "spike", np.where(observed == 0, "missing", "drop"))
    shifts = judged.shifts
    expected = np.concatenate([judged.expected[rows, columns], judged.shift_expected])
    seen = np.concatenate([observed, judged.shift_observed])
    affected = np.concatenate([np.ones(len(rows), dtype=np.int64), judged.shift_weeks])
    series, place = np.concatenate([rows, shifts.rows]), np.concatenate([columns, shifts.weeks])
    columns_found = {
        "series_level": panel.levels[series],
        "series_id": panel.ids[series],
        "week_starting": panel.weeks[place],
        "anomaly_kind": np.concatenate([kinds, np.full(len(shifts.rows), "level_shift")]),
        "weeks_affected": affected,
        "observed": np.round(seen, 4),
        "expected": np.round(expected, 4),
        "score": np.round(np.concatenate([score, shifts.scores]), 4),
        "q_value": rounded("q_value", np.concatenate([judged.q_value[rows, columns], shifts.q_values])),
        "revenue_effect": np.round((seen - expected) * affected, 4),
    }
    table = pa.table(
        [pa.array(columns_found[field.name], field.type) for field in ANOMALY_SCHEMA], schema=ANOMALY_SCHEMA
    )
    return table.sort_by(
        [(name, "ascending") for name in ("series_level", "series_id", "week_starting", "anomaly_kind")]
    )


def judge_weeks(panel: AnomalyPanel, parameters: AnomalyParameters) -> JudgedWeeks:
    """Hold every week of the panel against its expectation, and look for shifts."""
    revenue = np.maximum(panel.revenue, 0)
    told = panel.told
    steady = (panel.levels == "category") & np.where(told, revenue > 0, False).all(axis=1)
    course = chain_course(revenue, steady)
    price = _revenue_a_unit(revenue, panel.units)
    units = revenue / price[:, None]

    level_units = np.where(told, units / course, 0)
    plain = stabilised(level_units, FIRST_SPREAD)
    scale = cleaned(plain, told)
    shifts = find_shifts(scale, told, panel.levels, parameters.anomaly_false_discovery_rate)
    shifts = redated(shifts, plain, told)
    segments = shifts.segments(revenue.shape)

    spread, unknown = np.full(len(units), FIRST_SPREAD), np.zeros(len(units))
    mean, neighbours = np.zeros(units.shape), np.zeros(units.shape)
    for _pass in range(PASSES):
        mean, neighbours = expected_levels(units, course, told, segments, spread)
        spread = learned_spread(units, mean, neighbours, told)
        weeks_told = told.sum(axis=1).astype(np.float64)
        typical = np.where(told, mean, 0).sum(axis=1) / np.maximum(weeks_told, 1)
        spread, unknown = shrunken_spread(spread, typical, weeks_told, panel.levels)
    score, p_value = tail_scores(units, mean, predictive_spread(mean, spread[:, None], neighbours), unknown)

    tested = told & (neighbours > 0)
    q_value = np.ones(units.shape)
    for level in np.unique(panel.levels):
        of_level = tested & (panel.levels == level)[:, None]
        q_value[of_level] = stats.false_discovery_control(p_value[of_level]) if of_level.any() else 1
    measured = _measured_shifts(shifts, segments, told, unstabilised(scale, FIRST_SPREAD), course, panel.revenue, price)
    return JudgedWeeks(mean * price[:, None], np.where(tested, score, 0), q_value, shifts, *measured)


def _revenue_a_unit(revenue: FloatArray, units: FloatArray) -> FloatArray:
    """Each series' average price; where units are not known, its median week counts as :data:`UNKNOWN_UNITS`."""
    known = np.where((units > 0) & (revenue > 0), units, 0).sum(axis=1)
    paid = np.where((units > 0) & (revenue > 0), revenue, 0).sum(axis=1)
    typical = np.array([np.median(row[row > 0]) / UNKNOWN_UNITS if (row > 0).any() else 1.0 for row in revenue])
    return np.asarray(np.divide(paid, known, out=typical, where=known > 0))


def _measured_shifts(
    shifts: Shifts,
    segments: IntArray,
    told: BoolArray,
    level_units: FloatArray,
    course: FloatArray,
    revenue: FloatArray,
    price: FloatArray,
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Of each shift the revenue a week expected and observed, and how many weeks it lasts."""
    expected, observed = np.zeros(len(shifts.rows)), np.zeros(len(shifts.rows))
    lasting = np.zeros(len(shifts.rows), dtype=np.int64)
    for place, (row, week) in enumerate(zip(shifts.rows, shifts.weeks, strict=True)):
        same = (segments[row] == segments[row, week - 1]) & told[row]
        before = np.flatnonzero(same)[-REACH:]
        after = np.flatnonzero(segments[row] == segments[row, week])
        expected[place] = level_units[row, before].mean() * course[after].mean() * price[row]
        observed[place] = revenue[row, after].mean()
        lasting[place] = len(after)
    return expected, observed, lasting
