"""Planted drift in the inputs and the promises of models: how often it is found, and how often there was none.

Columns are drawn as a customer table has them (skewed amounts, counts with many zeros, shares, values that are missing,
and all of them correlated through how much a customer buys); a check looks at all of them, and one of them has moved,
or none. Peers: a fixed threshold of the population stability index, as scorecards are usually watched, and the test
of Kolmogorov and Smirnov at 5 % on each column, as drift reports are usually set.

Promises are weekly predictions of the same customers over eight weeks, whose outcomes go together: each customer has a
course of their own, and each week has one that is common to all. Peer: a test of the two shares at 1 % that takes all
rows for independent, with the same least gap.

`python benchmarks/model_health.py` prints the table; each rate is over some hundred checks, seeded.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from _report import Figure, judged, show
from numpy.typing import NDArray
from scipy import stats

from upswing.quality.model_health_calibration import calibration_gaps
from upswing.quality.model_health_checks import RARITY
from upswing.quality.model_health_profiles import profile_of, shift_of
from upswing.quality.model_health_verdicts import HealthRules, drifted

FloatArray = NDArray[np.float64]

SEED = 8
CHECKS = 400
COLUMNS = 24
SIZES = (200, 500, 2_000, 20_000)
RULES = HealthRules()
KS_LEVEL = 0.05
CUSTOMERS = 500
WEEKS = 8


def drawn(rows: int, generator: np.random.Generator) -> FloatArray:
    """Columns of customers, shape (rows, columns)."""
    habit = generator.normal(size=(rows, 1))
    own = generator.normal(size=(rows, COLUMNS))
    latent = 0.6 * habit + 0.8 * own
    kinds = np.arange(COLUMNS) % 4
    values = np.where(kinds == 0, np.exp(latent), latent)
    values = np.where(kinds == 1, np.maximum(np.floor(np.exp(latent) - 0.5), 0.0), values)
    values = np.where(kinds == 2, 1 / (1 + np.exp(-latent)), values)
    return np.where((kinds == 3) & (generator.random((rows, COLUMNS)) < 0.3), np.nan, values)


def ours(before: FloatArray, now: FloatArray) -> bool:
    """Whether a check reports drift."""
    for column in range(COLUMNS):
        reference = profile_of("", pa.array(before[:, column]))
        later = profile_of("", pa.array(now[:, column]), reference.cuts)
        if drifted(shift_of(reference, later, RARITY / COLUMNS), RULES):
            return True
    return False


def fixed_threshold(before: FloatArray, now: FloatArray) -> bool:
    """Whether the index of any column exceeds the threshold, whatever the number of rows."""
    for column in range(COLUMNS):
        reference = profile_of("", pa.array(before[:, column]))
        later = profile_of("", pa.array(now[:, column]), reference.cuts)
        if shift_of(reference, later, RARITY).psi > RULES.drift_psi:
            return True
    return False


def kolmogorov(before: FloatArray, now: FloatArray) -> bool:
    """Whether the test of any column rejects."""
    for column in range(COLUMNS):
        one, other = (values[np.isfinite(values[:, column]), column] for values in (before, now))
        if stats.ks_2samp(one, other, method="asymp").pvalue < KS_LEVEL:
            return True
    return False


def amount_by_half(values: FloatArray) -> FloatArray:
    """One amount up by half."""
    return moved(values, 0, lambda column, _generator: column * 1.5)


def amount_doubled(values: FloatArray) -> FloatArray:
    """One amount doubled."""
    return moved(values, 0, lambda column, _generator: column * 2.0)


def unit_changed(values: FloatArray) -> FloatArray:
    """One amount in cents instead of whole units."""
    return moved(values, 0, lambda column, _generator: column * 100.0)


def fifth_lost(values: FloatArray) -> FloatArray:
    """A fifth of a column lost."""
    return moved(values, 2, lambda column, generator: np.where(generator.random(len(column)) < 0.2, np.nan, column))


def shifted_by_one(values: FloatArray) -> FloatArray:
    """One column up by a standard deviation."""
    return moved(values, 3, lambda column, _generator: column + 1.0)


def moved(
    values: FloatArray, place: int, change: Callable[[FloatArray, np.random.Generator], FloatArray]
) -> FloatArray:
    """A copy with one column changed."""
    copy = values.copy()
    copy[:, place] = change(copy[:, place], np.random.default_rng(SEED))
    return copy


def rates(
    rows: int, change: Callable[[FloatArray], FloatArray], checks: int = CHECKS, with_peers: bool = True
) -> tuple[float, float, float]:
    """Share of checks that report drift: ours, the fixed threshold, Kolmogorov and Smirnov."""
    generator = np.random.default_rng(SEED)
    found = np.zeros(3)
    for _check in range(checks):
        before, now = drawn(rows, generator), change(drawn(rows, generator))
        found[0] += ours(before, now)
        if with_peers:
            found[1:] += (fixed_threshold(before, now), kolmogorov(before, now))
    return tuple((found / checks).tolist())


def promised_and_seen(
    bias: float, generator: np.random.Generator, weekly_deviation: float
) -> tuple[FloatArray, FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Promises of weekly predictions, what came of them, the customers and the days.

    Args:
        bias: by how much the promised share exceeds the true one.
        generator: of chance.
        weekly_deviation: standard deviation, in log-odds, of what all outcomes of a week have in common.
    """
    truth = generator.beta(2, 6, size=CUSTOMERS)
    course = generator.random(CUSTOMERS)
    week_effects = generator.normal(scale=weekly_deviation, size=WEEKS)
    promised, seen = [], []
    for week in range(WEEKS):
        odds = np.log(truth / (1 - truth)) + week_effects[week]
        # Windows of eight weeks overlap: the outcome of a customer hardly differs from one week to the next.
        fresh = generator.random(CUSTOMERS) < 1 / WEEKS
        course = np.where(fresh, generator.random(CUSTOMERS), course)
        seen.append((course < 1 / (1 + np.exp(-odds))).astype(np.float64))
        promised.append(np.clip(truth + bias, 0.001, 0.999))
    subjects = np.tile(np.arange(CUSTOMERS), WEEKS)
    days = np.repeat(np.arange(WEEKS), CUSTOMERS)
    return np.concatenate(promised), np.concatenate(seen), subjects, days


def calibration_rates(bias: float, weekly_deviation: float, checks: int = 1_000) -> tuple[float, float]:
    """Share of checks that report broken promises: ours, and the test of two shares on rows taken for independent."""
    generator = np.random.default_rng(SEED)
    found = np.zeros(2)
    for _check in range(checks):
        promised, seen, subjects, days = promised_and_seen(bias, generator, weekly_deviation)
        gaps = calibration_gaps(promised, seen, subjects, days, RARITY)
        found[0] += any(gap.is_beyond_chance and gap.size > RULES.calibration_gap for gap in gaps)
        found[1] += any(naive(gap.promised, gap.seen, gap.rows, len(gaps)) for gap in gaps)
    return tuple((found / checks).tolist())


def naive(promised: float, seen: float, rows: int, tests: int) -> bool:
    """Whether two shares differ, rows taken for independent."""
    error = np.sqrt(promised * (1 - promised) / rows)
    limit = stats.norm.ppf(1 - RARITY / tests / 2)
    return bool(abs(promised - seen) > max(RULES.calibration_gap, limit * error))


def figures() -> list[Figure]:
    """All figures."""
    rows = []
    for size in SIZES:
        ours_rate, fixed, kolmogorov_rate = rates(size, lambda values: values, CHECKS if size < 20_000 else 100)
        rows.append(
            Figure(
                f"false alarms, {COLUMNS} columns of {size:,} rows",
                f"{ours_rate:.1%}",
                f"PSI above {RULES.drift_psi}: {fixed:.1%}; KS at 5 %: {kolmogorov_rate:.1%}",
                "",
                "at most 1 %, and chance",
                judged(ours_rate <= RARITY + 2 * np.sqrt(RARITY / CHECKS)),
            )
        )
    for change in (amount_by_half, amount_doubled, unit_changed, fifth_lost, shifted_by_one):
        for size in (200, 2_000):
            found, fixed, kolmogorov_rate = rates(size, change, 200)
            rows.append(
                Figure(
                    f"found: {(change.__doc__ or '').rstrip('.').lower()}, {size:,} rows",
                    f"{found:.1%}",
                    f"PSI above {RULES.drift_psi}: {fixed:.1%}; KS at 5 %: {kolmogorov_rate:.1%}",
                    "",
                    "no goal",
                    "",
                )
            )
    for weekly in (0.0, 0.2):
        for bias in (0.0, 0.05, 0.08, 0.12):
            found, peer = calibration_rates(bias, weekly)
            common = "weeks alike" if not weekly else "weeks differ by 0.2 in log-odds"
            rows.append(
                Figure(
                    f"{'broken promises found' if bias else 'false alarms'}: {bias:.0%} too much promised, {common}",
                    f"{found:.1%}",
                    f"rows taken for independent: {peer:.1%}",
                    "",
                    "no goal" if bias else "at most 1 %, and chance",
                    "" if bias else judged(found <= RARITY + 2 * np.sqrt(RARITY / 1_000)),
                )
            )
    return rows


if __name__ == "__main__":
    show(figures())
