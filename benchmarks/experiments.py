"""How far the readings of experiments can be trusted: simulated tests whose truth is known, and the sample's.

Simulated: how often the interval holds the truth, beside Wald's (of shares) and the unadjusted one (of money); how
often a test without any effect is called while it runs, looked at every day, by our reading and by the usual p-value;
how often a true effect is found, and how soon. On the sample: what is planted is found, where nothing is planted
nothing is, a broken split is caught, and what CUPED is worth on the households' real orders.
"""

from __future__ import annotations

import numpy as np
from _experiment_sample import sample_arms, true_effects_of
from _report import Figure, judged, show
from numpy.typing import NDArray

from upswing.marketing.experiment_results import ReadingParameters, judge_experiments
from upswing.marketing.experiment_statistics import Difference, Sums, means_differ, read_while_running, shares_differ
from upswing.sample.complete_journey import SAMPLE_FOLDER

CONFIDENCE = 0.95
SIMULATIONS = 2_000
DAYS = 28
CUSTOMERS = 1_200
USUAL_DAYS = 6.0

Doubles = NDArray[np.float64]


def within(truth: float, bounds: list[tuple[float, float]]) -> float:
    """The share of the intervals that hold the truth."""
    return float(np.mean([lower <= truth <= upper for lower, upper in bounds]))


def coverage_of_shares(rng: np.random.Generator, customers: int, base: float, effect: float) -> tuple[float, float]:
    """How often our interval of the difference of two shares and Wald's hold the truth."""
    treated, held_out = rng.binomial(customers, base + effect, SIMULATIONS), rng.binomial(customers, base, SIMULATIONS)
    ours, wald = [], []
    for won, kept in zip(treated.tolist(), held_out.tolist(), strict=True):
        found = shares_differ(_of_share(won, customers), _of_share(kept, customers), CONFIDENCE)
        ours.append((found.lower or 0.0, found.upper or 0.0))
        half = 1.959964 * found.standard_error
        wald.append((found.effect - half, found.effect + half))
    return within(effect, ours), within(effect, wald)


def coverage_of_means(rng: np.random.Generator, customers: int) -> tuple[float, float, float]:
    """How often the adjusted interval of money and the plain one hold the truth, and how much narrower ours is.

    Most customers buy nothing, the others by a log-normal habit of their own that shows before the test as well.
    """
    effect, ours, plain, widths = 0.5, [], [], []
    for _ in range(SIMULATIONS // 4):
        habit = rng.lognormal(3, 0.9, 2 * customers)
        prior = habit * rng.lognormal(0, 0.3, 2 * customers) * (rng.random(2 * customers) < 0.8)
        money = habit * rng.lognormal(0, 0.5, 2 * customers) * (rng.random(2 * customers) < 0.6)
        money[:customers] += effect
        arms = [(money[:customers], prior[:customers]), (money[customers:], prior[customers:])]
        (variant, reference), (bare, bare_reference) = (
            [_of_money(after, before * weight) for after, before in arms] for weight in (1.0, 0.0)
        )
        found = means_differ(variant, reference, CONFIDENCE)
        without = means_differ(bare, bare_reference, CONFIDENCE)
        ours.append((found.lower or 0.0, found.upper or 0.0))
        plain.append((without.lower or 0.0, without.upper or 0.0))
        widths.append((ours[-1][1] - ours[-1][0]) / (plain[-1][1] - plain[-1][0]))
    return within(effect, ours), within(effect, plain), float(np.mean(widths))


def daily_looks(rng: np.random.Generator, effect: float, enrolment_days: int) -> dict[str, Doubles]:
    """The day on which each simulated test is first called, 0 where it never is, by who looks every day.

    ``ours`` while it runs, ``usual`` (p < 5 %) while it runs, and ``at the end`` alone.
    """
    called = {"ours": np.zeros(SIMULATIONS), "usual": np.zeros(SIMULATIONS), "at the end": np.zeros(SIMULATIONS)}
    for simulation in range(SIMULATIONS):
        starts, answers = [], []
        for probability in (0.15 + effect, 0.15):
            begun = rng.integers(enrolment_days, size=CUSTOMERS)
            after = begun + rng.exponential(USUAL_DAYS, CUSTOMERS).astype(np.int64)
            answers.append(np.where(rng.random(CUSTOMERS) < probability, np.minimum(after, DAYS - 1), DAYS))
            starts.append(begun)
        for day in range(1, DAYS):
            sizes = np.array([max(int((begun < day).sum()), 1) for begun in starts])
            hits = np.array([int((answer < day).sum()) for answer in answers])
            begun = np.concatenate(starts)
            begun = begun[begun < day]
            passed = float(np.mean((day - begun) / (DAYS - begun)))
            shares = hits / sizes
            error = float(np.sqrt((shares * (1 - shares) / sizes).sum()))
            difference = float(shares[0] - shares[1])
            if hits.sum() < 10:
                continue
            told = Difference(difference, difference, difference, 0.0, error, error, 0.0, difference)
            p_value = read_while_running(told, passed, CONFIDENCE).p_value or 0.0
            if not called["ours"][simulation] and p_value < 1 - CONFIDENCE:
                called["ours"][simulation] = day
            if not called["usual"][simulation] and abs(difference) > 1.959964 * error:
                called["usual"][simulation] = day
        totals = [int((answer < DAYS).sum()) for answer in answers]
        final = shares_differ(_of_share(totals[0], CUSTOMERS), _of_share(totals[1], CUSTOMERS), CONFIDENCE)
        if (final.p_value or 0.0) < 1 - CONFIDENCE:
            called["at the end"][simulation] = DAYS
    return called


def simulated() -> list[Figure]:
    """Coverage, false calls, true calls."""
    rng = np.random.default_rng(7)
    rows = []
    for customers, base, effect, most in ((1_200, 0.15, 0.05, 0.965), (150, 0.03, 0.0, 1.0)):
        ours, wald = coverage_of_shares(rng, customers, base, effect)
        rows.append(
            Figure(
                f"interval of a difference of shares holds it, {customers:,} a variant at {base:.0%}",
                f"{ours:.1%}",
                f"Wald {wald:.1%}",
                f"{100 * (ours - wald):+.1f} points",
                "93.5 to 96.5 %" if most < 1 else ">= 93.5 %, wider where there are few",
                judged(0.935 <= ours <= most),
            )
        )
    ours, plain, width = coverage_of_means(rng, 1_200)
    rows.append(
        Figure(
            "interval of a difference of money holds it, adjusted by what was bought before",
            f"{ours:.1%}",
            f"unadjusted {plain:.1%}",
            f"{width:.2f} of its width",
            "95 ± 2.5 %",
            judged(abs(ours - CONFIDENCE) <= 0.025),
        )
    )
    for words, enrolment_days in (("all touched at once", 1), ("touched over 14 days", 14)):
        called = daily_looks(rng, 0.0, enrolment_days)
        ours, usual = ((called[name] > 0).mean() for name in ("ours", "usual"))
        both = ((called["ours"] > 0) | (called["at the end"] > 0)).mean()
        rows.append(
            Figure(
                f"called though nothing differs, looked at on {DAYS - 1} days, {words}",
                f"{ours:.1%}; with the usual test at the end {both:.1%}",
                f"usual p < 5 % {usual:.1%}",
                f"{usual / max(ours, 1 / SIMULATIONS):.0f}x",
                "<= 5 % while it runs",
                judged(ours <= 1 - CONFIDENCE),
            )
        )
    called = daily_looks(rng, 0.05, 1)
    early, late = (called["ours"] > 0).mean(), (called["at the end"] > 0).mean()
    rows.append(
        Figure(
            "an effect of 5 points is found while the test runs",
            f"{early:.1%}, by day {np.median(called['ours'][called['ours'] > 0]):.0f} of {DAYS}",
            f"at the end alone {late:.1%}",
            f"{100 * (early - late):+.1f} points",
            "-",
            "-",
        )
    )
    return rows


def sample() -> list[Figure]:
    """What the sample's seven campaigns show."""
    arms, truth = sample_arms(SAMPLE_FOLDER)
    results = judge_experiments(arms, ReadingParameters()).to_pandas()
    real = results[results["metric"] == "order_revenue_per_customer"]
    twice_the_same = results[results["campaign_id"] == "900002"]
    broken = results[results["is_split_wrong"]]
    ended = results[results["is_final"] & ~results["is_split_wrong"]]
    true_effects = true_effects_of(truth)
    told = [row for row in ended.itertuples() if row.metric in ("conversion_rate", "revenue_per_customer")]
    planted = [
        true_effects[row.campaign_id, row.variant, row.metric]
        - true_effects[row.campaign_id, row.reference_variant, row.metric]
        for row in told
    ]
    held = sum(row.lower <= effect <= row.upper for row, effect in zip(told, planted, strict=True))
    conversions = ended[(ended["metric"] == "conversion_rate") & ended["is_held_out"]]
    steps = [
        effect for row, effect in zip(told, planted, strict=True) if row.is_held_out and row.metric == "conversion_rate"
    ]
    by_usual = int((real["fixed_p_value"] < 1 - CONFIDENCE).sum())
    reduction = float(real[real["is_final"]]["variance_reduction"].mean())
    return [
        Figure(
            f"planted effects on conversion found, sample's {len(conversions)} ended held-out variants",
            f"{int(conversions['is_significant'].sum())}",
            f"planted {100 * min(steps):.1f} to {100 * max(steps):.1f} points",
            "-",
            "all",
            judged(bool(conversions["is_significant"].all())),
        ),
        Figure(
            f"intervals that hold the planted effect on conversion or its revenue, of {len(told)}",
            f"{held}",
            f"{CONFIDENCE:.0%} would be {CONFIDENCE * len(told):.1f}",
            "-",
            f">= {len(told) - 2}",
            judged(held >= len(told) - 2),
        ),
        Figure(
            f"effects on real orders, which nothing planted touches, of {len(real)} looked at",
            f"{int(real['is_significant'].sum())} called",
            f"usual p < 5 %: {by_usual}",
            "-",
            "none",
            judged(not real["is_significant"].any()),
        ),
        Figure(
            f"the same newsletter twice, {len(twice_the_same)} metrics",
            f"{int(twice_the_same['is_significant'].sum())} called",
            f"usual p < 5 %: {int((twice_the_same['fixed_p_value'] < 1 - CONFIDENCE).sum())}",
            "-",
            "none",
            judged(not twice_the_same["is_significant"].any()),
        ),
        Figure(
            "campaigns whose split is called wrong, of 7 with one broken",
            ", ".join(sorted(set(broken["campaign_id"]))) or "none",
            "the broken one is 900006",
            f"p = {broken['split_p_value'].min():.6f}" if len(broken) else "-",
            "that one alone",
            judged(set(broken["campaign_id"]) == {"900006"}),
        ),
        Figure(
            "variance of real order revenue that earlier purchases explain",
            f"{reduction:.0%}",
            "unadjusted 0%",
            f"as {1 / (1 - reduction):.1f}x the customers",
            ">= 30 %",
            judged(reduction >= 0.3),
        ),
    ]


def _of_share(hits: int, customers: int) -> Sums:
    return Sums(customers, hits, hits, 0.0, 0.0, 0.0)


def _of_money(money: Doubles, prior: Doubles) -> Sums:
    totals = (money.sum(), (money**2).sum(), prior.sum(), (prior**2).sum(), (money * prior).sum())
    return Sums(len(money), *(float(total) for total in totals))


def main() -> list[Figure]:
    """Measure."""
    return [*simulated(), *sample()]


if __name__ == "__main__":
    show(main())
