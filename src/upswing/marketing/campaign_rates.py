"""How sure the rates of small groups are: their intervals, and what they come to beside the others of their type.

A rate of 1 in 3 is not a rate of 33 %. Its interval is Wilson's, and it is drawn towards the rate of its type as far as
the groups of that type are alike.

Sources: Wilson, Probable inference, the law of succession, and statistical inference (1927); Kleinman, Proportions with
extraneous variance: single and independent samples (1973), for the moments of the beta-binomial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

KEY_COLUMNS = ("campaign_id", "segment_name", "variant", "week_starting")

RATES = {
    "ctr": ("clicks", "impressions"),
    "cr": ("conversions", "customers"),
    "rpr": ("repurchases", "repurchases_known"),
}
"""Each rate, what it counts and out of what."""

RATES_SCHEMA = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("segment_name", pa.string()),
        ("variant", pa.string()),
        ("week_starting", pa.date32()),
    ]
    + [
        (f"{rate}{part}", pa.float64())
        for rate in ("ctr", "cr", "rpr")
        for part in ("", "_lower", "_upper", "_shrunken")
    ]
    + [(f"apu{part}", pa.float64()) for part in ("", "_lower", "_upper")]
)


@dataclass(frozen=True)
class RateParameters:
    """How sure the intervals are.

    Attributes:
        confidence: of the intervals, at least 0.5 and below 1.
    """

    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ValueError(
                f"var effect_confidence is {self.confidence}; expected a probability from 0.5 to below 1, such as 0.95"
            )


def campaign_rates(weeks: pa.Table, parameters: RateParameters) -> pa.Table:
    """The rates of each group, of ``RATES_SCHEMA``, in order of its key.

    Args:
        weeks: a row a group: ``KEY_COLUMNS``, campaign_type, is_control, the counts of ``RATES``, revenue (money) and
            squared_revenue (the sum of squares of each conversion's revenue).
        parameters: how sure.

    Returns:
        Rates from 0 to 1, null where nothing stands below the line; ``apu`` in money a conversion, its interval null
        where one conversion alone says nothing of how much they differ.
    """
    weeks = weeks.sort_by([(column, "ascending") for column in KEY_COLUMNS])
    groups = _type_numbers(weeks)
    columns: dict[str, FloatArray] = {}
    for rate, (above, below) in RATES.items():
        hits, trials = _numbers(weeks, above), _numbers(weeks, below)
        columns[rate] = _ratio(hits, trials)
        columns[f"{rate}_lower"], columns[f"{rate}_upper"] = wilson_interval(hits, trials, parameters.confidence)
        columns[f"{rate}_shrunken"] = shrunken_rates(hits, trials, groups)
    conversions, revenue = _numbers(weeks, "conversions"), _numbers(weeks, "revenue")
    columns["apu"] = _ratio(revenue, conversions)
    columns["apu_lower"], columns["apu_upper"] = mean_interval(
        conversions, revenue, _numbers(weeks, "squared_revenue"), parameters.confidence
    )
    return pa.table(
        [weeks[column].cast(RATES_SCHEMA.field(column).type) for column in KEY_COLUMNS]
        + [_rounded(columns[field.name]) for field in RATES_SCHEMA if field.name not in KEY_COLUMNS],
        schema=RATES_SCHEMA,
    )


def wilson_interval(hits: FloatArray, trials: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Lower and upper end of Wilson's interval of each rate, in [0, 1]; NaN without trials."""
    from scipy import stats

    z2 = float(stats.norm.ppf(0.5 + confidence / 2)) ** 2
    rate, known = _ratio(hits, trials), np.where(trials > 0, trials, np.nan)
    middle = (rate + z2 / (2 * known)) / (1 + z2 / known)
    half = np.sqrt(z2 * (rate * (1 - rate) / known + z2 / (4 * known**2))) / (1 + z2 / known)
    # At 0 and at 1 the ends are exact, but for the last digit.
    lower = np.where(hits <= 0, np.where(trials > 0, 0.0, np.nan), np.maximum(middle - half, 0))
    upper = np.where(hits >= trials, np.where(trials > 0, 1.0, np.nan), np.minimum(middle + half, 1))
    return np.asarray(lower, np.float64), np.asarray(upper, np.float64)


def mean_interval(
    count: FloatArray, total: FloatArray, squares: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Student's interval of each mean from the sum and the sum of squares; NaN for fewer than two.

    A mean of 0 or more has no lower end below 0: what a conversion brings is below 0 only where goods came back.
    """
    from scipy import stats

    enough = np.where(count >= 2, count, np.nan)
    mean = total / enough
    variance = np.maximum(squares - enough * mean**2, 0) / (enough - 1)
    half = stats.t.ppf(0.5 + confidence / 2, enough - 1) * np.sqrt(variance / enough)
    return np.asarray(np.maximum(mean - half, np.minimum(mean, 0)), np.float64), np.asarray(mean + half, np.float64)


def shrunken_rates(hits: FloatArray, trials: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Each rate drawn towards that of its group: the mean of a beta-binomial whose spread is that within the group.

    Args:
        hits: of each row, at most its trials.
        trials: of each row; 0 gives NaN.
        groups: the group of each row, numbered from 0.

    Returns:
        ``(hits + mean × strength) / (trials + strength)``, strength = (1 - rho) / rho; the group's mean where its
        rates differ no more than chance has it (rho = 0), the rate itself where the group is one row, so that nothing
        is known of how rows differ.
    """
    if not len(hits):
        return np.zeros(0)
    kinds = int(groups.max()) + 1

    def added(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(groups, weights=values, minlength=kinds), np.float64)

    rows, all_trials = added((trials > 0).astype(np.float64)), added(trials)
    mean = _ratio(added(hits), all_trials)
    spread = added(np.where(trials > 0, trials * (_ratio(hits, trials) - mean[groups]) ** 2, 0.0))
    # Kleinman's moments: the spread that is expected for a correlation of 0, and what a correlation of 1 adds.
    by_chance = rows - 1
    room = all_trials - _ratio(added(trials**2), all_trials) - by_chance
    within = mean * (1 - mean)
    rho = np.clip(_ratio(np.where(within > 0, _ratio(spread, within), by_chance) - by_chance, room), 0, 1)
    rho = np.where((rows < 2) | np.isnan(rho), 1.0, rho)[groups]
    shrunken = (rho * hits + (1 - rho) * mean[groups]) / np.where(trials > 0, rho * trials + (1 - rho), np.nan)
    return np.asarray(shrunken, np.float64)


def _type_numbers(weeks: pa.Table) -> NDArray[np.int64]:
    """A number for each campaign type; what the treated, the held-out and the untargeted did is not alike."""
    columns = (weeks[column].to_pylist() for column in ("campaign_type", "is_control", "variant"))
    kinds = [
        (campaign_type or "", bool(is_control), variant == "(untargeted)")
        for campaign_type, is_control, variant in zip(*columns, strict=True)
    ]
    numbers = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
    return np.array([numbers[kind] for kind in kinds], np.int64)


def _numbers(weeks: pa.Table, column: str) -> FloatArray:
    return np.asarray(weeks[column].to_numpy(zero_copy_only=False), np.float64)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below > 0, above / np.where(below > 0, below, 1), np.nan), np.float64)


def _rounded(values: FloatArray) -> pa.Array:
    # 0.0 is added so that there is no −0.0; NaN is what is not known.
    return pa.array(np.round(values, 6) + 0.0, pa.float64(), from_pandas=True)
