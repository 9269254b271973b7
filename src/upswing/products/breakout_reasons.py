"""Why a product is taken for a breakout product: what its odds would be if one thing were typical."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from upswing.products.breakout_classifier import BreakoutClassifier
from upswing.products.launch_windows import CHANNELS, LaunchWindows

REASONS = 3
LEAST_FACTOR = 1.1
MOST_FACTOR = 999.0
TIMES, DIVIDED_BY = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"

Wording = Callable[[int], str]


def top_reasons(classifier: BreakoutClassifier, windows: LaunchWindows) -> list[str]:
    """The up to three things that move each product's odds of a breakout most, in words, with their effect.

    Each thing in turn (natural units of one week, another channel over all weeks, the category) is set to what is
    typical of the training rows, and the odds found anew; the effect is by what factor they were higher or lower.
    Odds, not probabilities: near certainty no single thing moves a probability.

    Args:
        classifier: a trained classifier.
        windows: launch windows of the products.
    """
    log_odds = classifier.breakout_log_odds(windows)
    wordings, effects = [], []
    for wording, changed in _changes(classifier, windows):
        wordings.append(wording)
        effects.append(log_odds - classifier.breakout_log_odds(changed))
    effect = np.stack(effects, axis=1)
    strongest = np.argsort(-np.abs(effect), axis=1, kind="stable")[:, :REASONS]
    return [_sentence(wordings, effect[row], row, strongest[row]) for row in range(len(windows))]


def _sentence(wordings: list[Wording], effect: NDArray[np.float64], row: int, strongest: NDArray[np.int64]) -> str:
    told = [
        f"{wordings[thing](row)} (odds {_factor(effect[thing])})"
        for thing in strongest
        if abs(effect[thing]) >= np.log(LEAST_FACTOR)
    ]
    return "; ".join(told) or "nothing far from a typical launch"


def _factor(effect: float) -> str:
    sign = "×" if effect > 0 else "÷"
    factor = float(np.exp(min(abs(effect), np.log(MOST_FACTOR))))
    if factor >= MOST_FACTOR:
        return f"{sign} over {MOST_FACTOR:.0f}"
    return f"{sign} {factor:.{0 if factor >= 10 else 1}f}"


def _changes(classifier: BreakoutClassifier, windows: LaunchWindows) -> Iterator[tuple[Wording, LaunchWindows]]:
    typical = classifier.typical
    natural = CHANNELS.index("natural_units")
    for week in range(windows.series.shape[2]):
        yield _unit_wording(windows, week, typical[natural, week]), _with_typical(windows, typical, natural, week)
    for channel, name in enumerate(CHANNELS):
        if channel != natural:
            changed = _with_typical(windows, typical, channel, slice(None))
            yield _channel_wording(windows, channel, name, typical[channel].mean()), changed
    yield _category_wording(classifier, windows), _with_typical_category(classifier, windows)


def _with_typical(
    windows: LaunchWindows, typical: NDArray[np.float64], channel: int, weeks: int | slice
) -> LaunchWindows:
    series = windows.series.copy()
    series[:, channel, weeks] = typical[channel, weeks]
    return replace(windows, series=series)


def _with_typical_category(classifier: BreakoutClassifier, windows: LaunchWindows) -> LaunchWindows:
    return replace(windows, expected_units=np.full(len(windows), classifier.encoder.overall_units))


def _unit_wording(windows: LaunchWindows, week: int, usual: float) -> Wording:
    units = windows.units[:, week]
    return lambda row: f"{units[row]:.3g} natural units in week {week + 1}, usually {usual:.3g}"


def _channel_wording(windows: LaunchWindows, channel: int, name: str, usual: float) -> Wording:
    words = {
        "promoted_units": "promoted units a week",
        "price_paid": "paid a unit on average",
        "stores": "stores a week",
        "customers": "customers a week",
    }[name]
    means = windows.series[:, channel].mean(axis=1)
    return lambda row: f"{means[row]:.3g} {words}, usually {usual:.3g}"


def _category_wording(classifier: BreakoutClassifier, windows: LaunchWindows) -> Wording:
    usual = classifier.encoder.usual_units(windows)
    overall = classifier.encoder.overall_units
    return lambda row: f"{usual[row]:.2g} units a week usual in {windows.categories[row]}, {overall:.2g} in all"
