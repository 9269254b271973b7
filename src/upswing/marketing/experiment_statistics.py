"""The statistics of experiments: differences of shares and of means, at the end and while a test runs.

Everything works on sums, so that a test of a million customers costs as much as one of a hundred.

Sources: interval of the difference of two shares: Newcombe (1998), method 10; its test: the pooled z-test, Fisher's
exact test where fewer than ``FEWEST_EXPECTED`` are expected somewhere. CUPED: Deng, Xu, Kohavi and Walker (2013), with
the slope pooled within the variants. Reading while it runs: the normal mixture of Robbins (1970) as in Howard, Ramdas,
McAuliffe and Sekhon (2021), on the time scale of the share of the response that has passed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

FEWEST_EXPECTED = 5.0
FEWEST_EVENTS_WHILE_RUNNING = 10.0
NEXT_TO_NOTHING = 1e-12


@dataclass(frozen=True)
class Sums:
    """A metric of one variant.

    Attributes:
        customers: 1 or more.
        total, squares: sum of the metric and of its squares over the customers.
        prior, prior_squares, products: sum of what is known from before, of its squares, and of its products with the
            metric.
    """

    customers: int
    total: float
    squares: float
    prior: float
    prior_squares: float
    products: float

    @property
    def mean(self) -> float:
        """Per customer."""
        return self.total / self.customers

    @property
    def prior_mean(self) -> float:
        """Per customer."""
        return self.prior / self.customers

    @property
    def scatter(self) -> tuple[float, float, float]:
        """Sums of squares about the mean: of the metric, of what is from before, and of their products."""
        return (
            max(self.squares - self.total**2 / self.customers, 0.0),
            max(self.prior_squares - self.prior**2 / self.customers, 0.0),
            self.products - self.total * self.prior / self.customers,
        )


@dataclass(frozen=True)
class Difference:
    """How a variant differs from its reference.

    Attributes:
        effect: the difference of the means, adjusted where the metric is one of money.
        lower, upper: its interval; None where it cannot be told.
        p_value: of no difference, valid for the reading it was made for; None where it cannot be told.
        standard_error: of the effect, each variant with a variance of its own.
        pooled_error: of the effect, both variants with the variance of all customers.
        variance_reduction: the share of the variance that what is known from before takes away, in [0, 1].
        unadjusted: the plain difference of the means.
    """

    effect: float
    lower: float | None
    upper: float | None
    p_value: float | None
    standard_error: float
    pooled_error: float
    variance_reduction: float
    unadjusted: float


def shares_differ(variant: Sums, reference: Sums, confidence: float) -> Difference:
    """The difference of two shares; the metric is 0 or 1 of each customer.

    Args:
        confidence: of the interval, in (0, 1).
    """
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    effect = variant.mean - reference.mean
    hits, sizes = (variant.total, reference.total), (variant.customers, reference.customers)
    pooled = sum(hits) / sum(sizes)
    error = sqrt(sum(share * (1 - share) / size for share, size in zip(_shares(hits, sizes), sizes, strict=True)))
    lower, upper = confint_proportions_2indep(
        hits[0], sizes[0], hits[1], sizes[1], method="newcomb", compare="diff", alpha=1 - confidence
    )
    if min(sizes) * min(pooled, 1 - pooled) < FEWEST_EXPECTED:
        table = [[round(hit), size - round(hit)] for hit, size in zip(hits, sizes, strict=True)]
        p_value = float(fisher_exact(table)[1])
    else:
        p_value = float(proportions_ztest(np.array(hits), np.array(sizes))[1])
    pooled_error = sqrt(pooled * (1 - pooled) * sum(1 / size for size in sizes))
    reduction = adjusted_means(variant, reference)[2]
    return Difference(effect, float(lower), float(upper), p_value, error, pooled_error, reduction, effect)


def means_differ(variant: Sums, reference: Sums, confidence: float) -> Difference:
    """The difference of two means, adjusted by what is known from before the test (CUPED), by Welch's test.

    Args:
        confidence: of the interval, in (0, 1).
    """
    from scipy.stats import t as student

    effect, variances, reduction = adjusted_means(variant, reference)
    plain = variant.mean - reference.mean
    parts = [
        variance / size for variance, size in zip(variances, (variant.customers, reference.customers), strict=True)
    ]
    error = sqrt(sum(parts))
    sizes = (variant.customers, reference.customers)
    scatter = sum(variance * max(size - 1, 1) for variance, size in zip(variances, sizes, strict=True))
    pooled_error = sqrt(scatter / max(sum(sizes) - 2, 1) * sum(1 / size for size in sizes))
    if min(sizes) < 2 or error < NEXT_TO_NOTHING:
        return Difference(effect, None, None, None, error, pooled_error, reduction, plain)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (size - 1) for part, size in zip(parts, (variant.customers, reference.customers), strict=True)
    )
    half = float(student.ppf((1 + confidence) / 2, freedom)) * error
    p_value = float(2 * student.sf(abs(effect) / error, freedom))
    return Difference(effect, effect - half, effect + half, p_value, error, pooled_error, reduction, plain)


def adjusted_means(variant: Sums, reference: Sums) -> tuple[float, tuple[float, float], float]:
    """The difference of the means with chance differences from before taken out (CUPED).

    Returns:
        The adjusted difference; the adjusted variances of a customer in both variants; the share of variance saved.
    """
    scatters = (variant.scatter, reference.scatter)
    squares, prior_squares, products = (sum(of_both) for of_both in zip(*scatters, strict=True))
    slope = products / prior_squares if prior_squares > NEXT_TO_NOTHING else 0.0
    left = [max(own - 2 * slope * both + slope**2 * prior, 0.0) for own, prior, both in scatters]
    freedom = [max(sums.customers - 1, 1) for sums in (variant, reference)]
    reduction = 1 - sum(left) / squares if squares > NEXT_TO_NOTHING else 0.0
    effect = variant.mean - reference.mean - slope * (variant.prior_mean - reference.prior_mean)
    return effect, (left[0] / freedom[0], left[1] / freedom[1]), min(max(reduction, 0.0), 1.0)


def read_while_running(difference: Difference, passed: float, confidence: float) -> Difference:
    """The same difference with an interval and p-value that may be looked at as often as one likes.

    With r the share of the response that has passed, z = effect / standard error and a = 1 - confidence, the interval
    is ± standard error sqrt((1 + c/r) ln((1 + r/c) / a²)); c = 1 / (2 ln(1/a) + ln(1 + 2 ln(1/a))) makes it tightest
    at the end. The p-value is the least a whose interval leaves out 0. The standard error is the greater of both: that
    of a small variant in which nothing has happened yet would be 0. Neither interval nor p-value says more than those
    of ``difference``, which know of small samples.

    Args:
        passed: r, in (0, 1].
    """
    if difference.p_value is None or difference.standard_error < NEXT_TO_NOTHING:
        return untold(difference)
    error_rate = 1 - confidence
    prior = _mixture(error_rate)
    error = max(difference.standard_error, difference.pooled_error)
    half = error * sqrt((1 + prior / passed) * log((1 + passed / prior) / error_rate**2))
    z_squared = (difference.effect / error) ** 2
    p_value = min(1.0, sqrt(1 + passed / prior) * exp(-z_squared * passed / (passed + prior) / 2))
    bounds = [difference.effect - half, difference.effect + half, difference.lower, difference.upper]
    told = [bound for bound in bounds if bound is not None]
    return replace(difference, lower=min(told), upper=max(told), p_value=max(p_value, difference.p_value))


def untold(difference: Difference) -> Difference:
    """The same without interval and p-value, where there is too little to tell."""
    return replace(difference, lower=None, upper=None, p_value=None)


def least_detectable(standard_error: float, confidence: float, power: float) -> float:
    """The effect that a test with this standard error finds with the given power, two-sided."""
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2) + norm.ppf(power)) * standard_error


def false_discovery_rates(p_values: list[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's (1995) adjusted p-values of a family; None stays None and does not count."""
    from statsmodels.stats.multitest import multipletests

    told = [p_value for p_value in p_values if p_value is not None]
    adjusted = iter(multipletests(told, method="fdr_bh")[1].tolist() if told else [])
    return [None if p_value is None else float(next(adjusted)) for p_value in p_values]


def _shares(hits: tuple[float, float], sizes: tuple[int, int]) -> list[float]:
    return [hit / size for hit, size in zip(hits, sizes, strict=True)]


def _mixture(error_rate: float) -> float:
    odds = 2 * log(1 / error_rate)
    return 1 / (odds + log(1 + odds))
