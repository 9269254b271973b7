"""Many small regressions of counts at once: units on the logarithm of price and what else moves sales.

One regression a product, all of the same few columns, none with more than some hundred weeks; so all are solved side by
side. What a price was is known only in weeks with a sale. Such weeks are not all weeks: where little is sold they are
the lucky ones, and a line through them is too flat. So the likelihood is that of a count known to be above 0, the
zero-truncated Poisson (Cameron and Trivedi, Regression Analysis of Count Data, 2nd ed., section 4.3): mean
μ / (1 − exp(−μ)) with log μ = x·β + offset. Its variance is multiplied by φ, Pearson's statistic by degrees of freedom,
for buyers come in groups. Units are counted in usual orders, so that weighed goods and multipacks are counts too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STEPS = 60
TOLERANCE = 1e-9
LARGEST_STEP = 1.0
"""Of a coefficient in one of Newton's steps: further than that the quadratic approximation is not to be trusted."""
LEAST_SPREAD = 1e-3
"""Standard deviation below which a column is called constant, and has no coefficient."""
RIDGE = 1e-6
"""Relative to the diagonal: keeps a column that the others explain from dividing by nothing."""
LEAST_LEVEL = -6.0
"""Of the constant: weeks of one order each say of the rate only that it is small, and the likelihood has no maximum."""
LEVEL_RIDGE = 0.01
LARGEST_COEFFICIENT = 20.0
"""A coefficient or an error beyond it says that the data do not determine the coefficient."""
LEAST_DISPERSION = 0.1
LEAST_REST = 0.05
"""Of 1 less a week's leverage: below it the week decides a coefficient alone."""
LINEAR_BOUNDS = (-12.0, 30.0)


@dataclass(frozen=True)
class Regressions:
    """What was estimated for n products and k columns; the constant is not among them.

    Attributes:
        coefficients, errors: shape (n, k); nan where the column does not vary or the regression is not determined.
        cautious_errors: the larger of errors and HC3 (Long and Ervin, The American Statistician 2000), which a few
            weeks far from all others cannot make small; shape (n, k).
        dispersion: φ, shape (n,).
        freedom: weeks less coefficients, shape (n,).
    """

    coefficients: FloatArray
    errors: FloatArray
    cautious_errors: FloatArray
    dispersion: FloatArray
    freedom: FloatArray


def count_regressions(counts: FloatArray, columns: FloatArray, offset: FloatArray, used: BoolArray) -> Regressions:
    """Regress counts above 0 on columns, each product for itself.

    Args:
        counts: above 0 where used, shape (n, T).
        columns: shape (n, T, k).
        offset: logarithm of what counts are in proportion to, shape (n, T).
        used: the weeks that count, shape (n, T).
    """
    design, varies = _design(columns, used)
    observed = np.where(used, counts, 0.0)
    shift = np.where(used, offset, 0.0)
    beta = np.zeros((len(counts), design.shape[2]))
    beta[:, 0] = np.log(np.maximum(observed.sum(axis=1), 1e-9) / np.maximum(used.sum(axis=1), 1)) - 0.3
    active = np.arange(len(counts))
    for _step in range(STEPS):
        mean, variance = _moments(design[active], beta[active], shift[active], used[active])
        gradient = np.einsum("ntj,nt->nj", design[active], observed[active] - mean)
        information = _information(design[active], variance, varies[active])
        information[:, 0, 0] += LEVEL_RIDGE
        step = np.clip(np.linalg.solve(information, gradient[..., None])[..., 0], -LARGEST_STEP, LARGEST_STEP)
        before = beta[active]
        after = np.clip(before + step, -30.0, 30.0)
        after[:, 0] = np.maximum(after[:, 0], LEAST_LEVEL)
        beta[active] = after
        active = active[np.abs(after - before).max(axis=1) > TOLERANCE]
        if not len(active):
            break
    mean, variance = _moments(design, beta, shift, used)
    residual = observed - mean
    squares = np.where(used, residual**2 / np.maximum(variance, 1e-6), 0.0).sum(axis=1)
    return _regressions(beta, design, residual, variance, variance, squares, LEAST_DISPERSION, varies, used)


def line_regressions(logs: FloatArray, columns: FloatArray, used: BoolArray) -> Regressions:
    """Ordinary least squares of the same shape: the usual regression of log units over the weeks with a sale."""
    design, varies = _design(columns, used)
    observed = np.where(used, logs, 0.0)
    weights = used.astype(np.float64)
    gradient = np.einsum("ntj,nt->nj", design, observed)
    beta = np.linalg.solve(_information(design, weights, varies), gradient[..., None])[..., 0]
    residual = np.where(used, observed - np.einsum("ntj,nj->nt", design, beta), 0.0)
    return _regressions(beta, design, residual, weights, weights, (residual**2).sum(axis=1), 1e-6, varies, used)


def _design(columns: FloatArray, used: BoolArray) -> tuple[FloatArray, BoolArray]:
    """A constant and the centred columns, 0 in weeks that do not count; and which of the columns vary."""
    count = np.maximum(used.sum(axis=1), 1)[:, None]
    known = np.where(used[..., None], columns, 0.0)
    centred = np.where(used[..., None], known - (known.sum(axis=1) / count)[:, None, :], 0.0)
    varies = np.sqrt((centred**2).sum(axis=1) / count) > LEAST_SPREAD
    design = np.concatenate([used[..., None].astype(np.float64), centred * varies[:, None, :]], axis=2)
    return design, varies


def _moments(design: FloatArray, beta: FloatArray, shift: FloatArray, used: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a count known to be above 0; 0 in weeks that do not count."""
    rate = np.exp(np.clip(np.einsum("ntj,nj->nt", design, beta) + shift, *LINEAR_BOUNDS))
    mean = rate / -np.expm1(-rate)
    variance = np.maximum(mean * (1 + rate - mean), 1e-9)
    return mean * used, variance * used


def _information(design: FloatArray, weights: FloatArray, varies: BoolArray) -> FloatArray:
    """Fisher's information with a trace of ridge, and 1 on the diagonal of columns that do not vary."""
    found = np.einsum("ntj,nt,ntk->njk", design, weights, design)
    diagonal = np.arange(found.shape[1])
    found[:, diagonal, diagonal] *= 1 + RIDGE
    found[:, diagonal, diagonal] += 1e-9
    found[:, diagonal[1:], diagonal[1:]] += ~varies
    return np.asarray(found)


def _regressions(
    beta: FloatArray,
    design: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    variance: FloatArray,
    squares: FloatArray,
    least_dispersion: float,
    varies: BoolArray,
    used: BoolArray,
) -> Regressions:
    """Coefficients and errors; in HC3 a week is judged by the fit without it."""
    freedom = used.sum(axis=1) - 1 - varies.sum(axis=1)
    dispersion = np.maximum(squares / np.maximum(freedom, 1), least_dispersion)
    inverse = np.linalg.inv(_information(design, weights, varies))
    leverage = np.einsum("ntj,njk,ntk->nt", design, inverse, design, optimize=True) * weights
    rest = np.maximum(1 - leverage, LEAST_REST)
    # A week that decides a coefficient alone is always met: what it would be without it is not known, but far off.
    unknown = np.sqrt(dispersion[:, None] * variance)
    without_it = np.where(rest > LEAST_REST, residual, unknown) / rest
    scores = design * without_it[..., None]
    spread = np.einsum("ntj,ntk->njk", scores, scores)
    robust = np.einsum("nij,njk,nki->ni", inverse, spread, inverse, optimize=True)
    errors = np.sqrt(np.diagonal(inverse, axis1=1, axis2=2) * dispersion[:, None])[:, 1:]
    cautious = np.maximum(errors, np.sqrt(np.maximum(robust[:, 1:], 0.0)))
    within_bounds = (np.abs(beta[:, 1:]) < LARGEST_COEFFICIENT) & (errors < LARGEST_COEFFICIENT)
    known = varies & (freedom >= 1)[:, None] & within_bounds
    return Regressions(
        np.where(known, beta[:, 1:], np.nan),
        np.where(known, errors, np.nan),
        np.where(known, cautious, np.nan),
        dispersion,
        np.maximum(freedom, 0).astype(np.float64),
    )
