"""ETS, Theta and ARIMA of one series, each as a row of numbers: learned once, run over newer weeks at will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from upswing.sales.forecast_panel import FloatArray

THETA_MODEL = "STM"
"""The standard Theta model: the smoothing parameter and the first level are learned (Fiorucci and others, 2016)."""

ARIMA_TERMS = 5
"""Most terms of each kind (AR, MA) that AutoARIMA tries."""


@dataclass(frozen=True)
class OwnModel:
    """A model that each series has for itself.

    Attributes:
        numbers: how many numbers it stores; the first is never NaN once it is learned.
        learn: weeks of one series, shape (weeks,), to these numbers.
        forecast: numbers, all weeks of the series up to now, and weeks ahead, to the forecast.
        cost: about how much learning takes, in steps of progress.
    """

    numbers: int
    learn: Callable[[FloatArray], FloatArray]
    forecast: Callable[[FloatArray, FloatArray, int], FloatArray]
    cost: int


def learn_ets(series: FloatArray) -> FloatArray:
    """ETS(A,N,N) or ETS(A,Ad,N), whichever has the lower AICc: is_damped_trend, alpha, beta, phi, level, slope.

    Trends are damped, for undamped ones run away within a quarter (Gardner and McKenzie 1985); errors are additive,
    for weeks without sales make multiplicative ones impossible.
    """
    from statsforecast import ets

    learn: Any = ets.ets_f
    level = learn(series, 1, model="ANN")
    trend = level if np.all(series == series[0]) else learn(series, 1, model="AAN", damped=True)
    chosen = trend if trend["aicc"] < level["aicc"] else level
    alpha, beta, _, phi, *states = chosen["par"]
    is_trend = float(len(states) == 2)
    return np.array([is_trend, alpha, beta, phi, states[0], states[1] if is_trend else np.nan])


def forecast_ets(numbers: FloatArray, series: FloatArray, weeks: int) -> FloatArray:
    """Run the states over the series from its first week; the slope's share of an error is ``beta``."""
    is_trend, alpha, beta, phi, level, slope = numbers
    if not is_trend:
        beta, phi, slope = 0.0, 0.0, 0.0
    for value in series.tolist():
        expected = level + phi * slope
        error = value - expected
        level, slope = expected + alpha * error, phi * slope + beta * error
    return np.asarray(level + slope * np.cumsum(phi ** np.arange(1, weeks + 1)), dtype=np.float64)


def learn_theta(series: FloatArray) -> FloatArray:
    """First level and smoothing parameter of the standard Theta model."""
    from statsforecast import theta

    learn: Any = theta.auto_theta
    found = learn(series, 1, model=THETA_MODEL)["par"]
    return np.array([found["initial_smoothed"], found["alpha"], found["theta"]])


def forecast_theta(numbers: FloatArray, series: FloatArray, weeks: int) -> FloatArray:
    """Run over the series with the stored parameters; the slope is half that of the line through the series."""
    from statsforecast import theta

    learn: Any = theta.auto_theta
    predict: Any = theta.forecast_theta
    level, alpha, lines = numbers.tolist()
    run = learn(series, 1, THETA_MODEL, initial_smoothed=level, alpha=alpha, theta=lines)
    return np.asarray(predict(run, weeks)["mean"], dtype=np.float64)


def learn_arima(series: FloatArray) -> FloatArray:
    """What AutoARIMA chooses: p, d, q, has_mean, has_drift, AR terms, MA terms, mean or drift."""
    from statsforecast import arima

    learn: Any = arima.auto_arima_f
    chosen = learn(series, seasonal=False, max_p=ARIMA_TERMS, max_q=ARIMA_TERMS)
    p, q, _, _, _, d, _ = chosen["arma"]
    coefficients: dict[str, float] = chosen["coef"]
    numbers = np.full(6 + 2 * ARIMA_TERMS, np.nan)
    numbers[:5] = p, d, q, "intercept" in coefficients, "drift" in coefficients
    numbers[5 : 5 + p] = [coefficients[f"ar{term + 1}"] for term in range(p)]
    numbers[5 + ARIMA_TERMS : 5 + ARIMA_TERMS + q] = [coefficients[f"ma{term + 1}"] for term in range(q)]
    numbers[-1] = coefficients.get("intercept", coefficients.get("drift", np.nan))
    return numbers


def forecast_arima(numbers: FloatArray, series: FloatArray, weeks: int) -> FloatArray:
    """Filter the series with the stored coefficients, none of them free."""
    from statsforecast import arima

    learn: Any = arima.Arima
    predict: Any = arima.forecast_arima
    p, d, q, has_mean, has_drift = (int(number) for number in numbers[:5])
    own = numbers[-1:] if has_mean or has_drift else numbers[:0]
    fixed = np.concatenate([numbers[5 : 5 + p], numbers[5 + ARIMA_TERMS : 5 + ARIMA_TERMS + q], own])
    settings: dict[str, Any] = {"fixed": fixed} if len(fixed) else {}
    run = learn(
        series, (p, d, q), include_mean=bool(has_mean), include_drift=bool(has_drift), method="CSS-ML", **settings
    )
    return np.asarray(predict(run, weeks)["mean"], dtype=np.float64)


OWN_MODELS = {
    "ets": OwnModel(6, learn_ets, forecast_ets, 2),
    "theta": OwnModel(3, learn_theta, forecast_theta, 1),
    "arima": OwnModel(6 + 2 * ARIMA_TERMS, learn_arima, forecast_arima, 200),
}
