"""Why a product is taken for a breakout product: what its odds would be if one thing were typical."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.products.breakout_classifier import BreakoutClassifier
from upswing.products.launch_windows import CHANNELS, LaunchWindows
from upswing.reasons.codes import Reason, pointing, strongest

FloatArray = NDArray[np.float64]

LEAST_EFFECT = float(np.log(1.1))
"""Of the log-odds: odds that change by a tenth."""

DECIMALS = 4


@dataclass(frozen=True)
class Factor:
    """One thing that a person would name, as each product has it and as it is typical.

    Attributes:
        code: of the reason.
        value: of each product, shape (products,).
        usual: what is typical instead.
        changed: the products with the typical in its place.
        natural: 1 where everybody expects the odds to rise with the value, 0 where that is open.
        least_apart: a smaller difference is no reason.
        parameters: what else the words name, each of shape (products,) or one for all.
    """

    code: str
    value: FloatArray
    usual: float
    changed: LaunchWindows
    natural: int
    least_apart: float
    parameters: dict[str, Any]


def breakout_reasons(
    classifier: BreakoutClassifier, windows: LaunchWindows, threshold: float
) -> list[tuple[Reason, ...]]:
    """The up to three things that move each product's odds of a breakout most in the direction in which they lie.

    Each thing in turn is set to what is typical of the training rows, and the odds are asked for again; the effect is
    the difference of the log-odds. Odds, not probabilities: near certainty no single thing moves a probability. Units
    and customers are one thing: who sells to many sells much. Of single weeks only the strongest is named.

    Args:
        classifier: a trained classifier.
        windows: launch windows of the products.
        threshold: probability from which a product is called a breakout product: what raises its odds is listed from
            there on, or from the share of the training rows on.
    """
    log_odds = classifier.breakout_log_odds(windows)
    base = min(threshold, max(classifier.base_rate, 1e-6))
    is_raised = log_odds >= np.log(base / (1 - base)) if base < 1 else np.zeros(len(windows), dtype=np.bool_)
    factors = list(_factors(classifier, windows))
    effects = np.stack([log_odds - classifier.breakout_log_odds(factor.changed) for factor in factors], axis=1)
    apart = np.stack([factor.value - factor.usual for factor in factors], axis=1)
    apart = np.where(np.abs(apart) < [factor.least_apart for factor in factors], 0.0, apart)
    listed = pointing(effects, is_raised, apart, [factor.natural for factor in factors], LEAST_EFFECT)
    weeks = [place for place, factor in enumerate(factors) if factor.code == "launch_week"]
    listed[:, weeks] = np.where(
        np.arange(len(weeks)) == np.abs(listed[:, weeks]).argmax(axis=1)[:, None], listed[:, weeks], 0.0
    )
    nothing = [Reason("nothing_raises_odds" if raised else "nothing_lowers_odds", {}) for raised in is_raised]
    return [
        tuple(_reason(factors[place], row, float(effects[row, place])) for place in places) or (nothing[row],)
        for row, places in enumerate(strongest(listed))
    ]


def _reason(factor: Factor, row: int, effect: float) -> Reason:
    value, usual = round(float(factor.value[row]), DECIMALS), round(factor.usual, DECIMALS)
    more = {name: found[row] if isinstance(found, np.ndarray) else found for name, found in factor.parameters.items()}
    return Reason(factor.code, {"value": value, "usual": usual} | more, effect)


def _factors(classifier: BreakoutClassifier, windows: LaunchWindows) -> Iterator[Factor]:
    typical = classifier.typical
    means, usual = windows.series.mean(axis=2), typical.mean(axis=1)
    place = {name: CHANNELS.index(name) for name in CHANNELS}
    natural, customers = place["natural_units"], place["customers"]

    def with_typical(channels: list[int], weeks: int | slice = slice(None)) -> LaunchWindows:
        series = windows.series.copy()
        for channel in channels:
            series[:, channel, weeks] = typical[channel, weeks]
        return replace(windows, series=series)

    yield Factor(
        "launch_demand",
        means[:, natural],
        float(usual[natural]),
        with_typical([natural, customers]),
        1,
        0.1,
        {
            "customers": np.round(means[:, customers], DECIMALS),
            "usual_customers": round(float(usual[customers]), DECIMALS),
        },
    )
    for week in range(windows.series.shape[2]):
        changed = with_typical([natural], week)
        yield Factor(
            "launch_week", windows.units[:, week], float(typical[natural, week]), changed, 1, 0.1, {"week": week + 1}
        )
    for code, name, rises, least in (
        ("launch_promotion", "promoted_units", 0, 0.1),
        ("launch_price", "price_paid", 0, 0.01),
        ("launch_stores", "stores", 1, 0.1),
    ):
        channel = place[name]
        yield Factor(code, means[:, channel], float(usual[channel]), with_typical([channel]), rises, least, {})
    overall = classifier.encoder.overall_units
    yield Factor(
        "launch_category",
        classifier.encoder.usual_units(windows),
        overall,
        replace(windows, expected_units=np.full(len(windows), overall)),
        0,
        0.1,
        {"category": windows.categories.astype(object)},
    )
