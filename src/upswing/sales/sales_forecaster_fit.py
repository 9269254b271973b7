"""Fit the sales forecaster: compare candidates on windows, measure the choice on a later one, learn to the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import Fit, NotEnoughHistory
from upswing.sales.forecast_accuracy import ErrorScales
from upswing.sales.forecast_candidates import LearnedCandidates, learn_candidates
from upswing.sales.forecast_groups import series_groups, sparse_series
from upswing.sales.forecast_panel import BoolArray, FloatArray, SalesPanel, sales_panel
from upswing.sales.forecast_selection import STRATEGIES, strategy_weights
from upswing.sales.forecast_selection_blends import blend
from upswing.sales.sales_forecaster import FEWEST_WEEKS, SalesForecaster, SalesForecasterParameters, failed_series
from upswing.sales.sales_forecaster_learning import learn_rules, windows_of
from upswing.sales.sales_forecaster_measures import TestWindow
from upswing.sales.sales_forecaster_rules import Served
from upswing.sales.sales_forecaster_verdicts import forecaster_verdict, served_metrics

STEPS = 100
"""Into which the progress of one origin is divided."""

Told = Callable[[int, int], None]
Forecasts = dict[int, dict[str, FloatArray]]

COMPARED = {f"unreconciled {strategy.name}": strategy for strategy in STRATEGIES}
"""Strategies that are measured beside the one that was chosen."""


def fit_sales_forecaster(
    series: pa.Table,
    weeks: pa.Table,
    planned: pa.Table,
    parameters: SalesForecasterParameters,
    told: Told | None = None,
) -> Fit:
    """Choose, measure and learn.

    Args:
        series: columns of ``int_forecast_series``.
        weeks: columns of ``int_forecast_weeks``.
        planned: columns of ``int_planned_promotions``.
        parameters: see there.
        told: told how many of how many steps are done.

    Raises:
        NotEnoughHistory: no window has enough weeks before it.
    """
    panel = sales_panel(series, weeks, planned, parameters.forecast_weeks)
    number = len(panel.weeks)
    windows = parameters.origins(number)
    if not windows:
        raise NotEnoughHistory(
            f"{number} whole weeks of sales; comparing candidates takes {FEWEST_WEEKS + parameters.forecast_weeks}, "
            "and until then every series is forecast by seasonal naive"
        )
    tested = number - parameters.forecast_weeks
    earlier = parameters.origins(tested)
    learn = _learner(panel, parameters, len({*windows, *earlier}) + 1, told)
    forecasts: Forecasts = {}
    for origin in sorted({*windows, *earlier}):
        learned = learn(origin, None)
        forecasts[origin] = learned.forecast(panel, origin)
        if origin == tested:
            failed = failed_series(learned)
    season = parameters.season(number)
    test = _tested(panel, forecasts, earlier, tested, season, failed) if earlier else None
    rules, expected = learn_rules(panel, {origin: forecasts[origin] for origin in windows}, season)
    learned = learn(number, rules.wanted())
    served = rules.serve(panel, number, learned.forecast(panel, number), failed_series(learned))
    records = _what_was_forecast(panel, served, season, expected)
    if test is not None:
        records |= test.to_tensors(tuple(panel.keys))
    forecaster = SalesForecaster(rules, learned, panel.weeks[-1].item(), records)
    metrics = (test.metrics(panel.levels) if test is not None else []) + served_metrics(panel.levels, rules, served)
    return Fit(forecaster.to_bytes(), metrics, forecaster_verdict(panel, test, rules, served))


def _tested(
    panel: SalesPanel,
    forecasts: Forecasts,
    earlier: Sequence[int],
    tested: int,
    season: int,
    failed: Mapping[str, set[str]],
) -> TestWindow:
    """The last weeks, forecast by what was chosen and calibrated on windows that end before them."""
    before = {origin: forecasts[origin] for origin in earlier}
    rules, _ = learn_rules(panel, before, season)
    served = rules.serve(panel, tested, forecasts[tested], failed)
    windows = windows_of(panel, before, season)
    groups = series_groups(panel.levels, sparse_series(panel.revenue, windows.origins[-1]))
    stack = np.stack([forecasts[tested][name] for name in rules.candidates])
    others = {
        name: blend(strategy_weights(windows, groups, strategy)[0], stack, np.full(len(groups), strategy.is_median))
        for name, strategy in COMPARED.items()
    }
    return TestWindow.of(panel, tested, season, served, forecasts[tested], others)


def _what_was_forecast(
    panel: SalesPanel, served: Served, season: int, expected: FloatArray
) -> dict[str, NDArray[np.float32]]:
    """What the fit forecast, to be held against what came: see ``forecast_drift``."""
    scales = ErrorScales.of(panel.revenue, len(panel.weeks), season).absolute
    return {
        "fit.forecast": served.forecast.astype(np.float32),
        "fit.scales": scales.astype(np.float32),
        "fit.expected": expected.astype(np.float32),
    }


def _learner(
    panel: SalesPanel, parameters: SalesForecasterParameters, number: int, told: Told | None
) -> Callable[[int, Mapping[str, BoolArray] | None], LearnedCandidates]:
    """Learns at one origin after the other and tells the progress over all ``number`` of them."""
    done = 0

    def learn(origin: int, wanted: Mapping[str, BoolArray] | None) -> LearnedCandidates:
        nonlocal done

        def tell(steps: int, everything: int) -> None:
            if told is not None:
                told(done * STEPS + steps * STEPS // max(everything, 1), number * STEPS)

        candidates = parameters.candidates(len(panel.weeks))
        learned = learn_candidates(panel, origin, candidates, wanted, tell)
        done += 1
        tell(0, 1)
        return learned

    return learn
