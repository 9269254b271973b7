"""Whether the sales forecaster errs more than it did when it was chosen."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.sales.forecast_panel import DAYS_OF_A_WEEK, FloatArray, SalesPanel, sales_panel
from upswing.tensors import unpack, unpack_texts


def forecast_drift(
    fit: dict[str, Any], series: pa.Table, weeks: pa.Table, planned: pa.Table, ratio: float
) -> str | None:
    """A reason to fit again, in words, or None.

    What the fit forecast is held against the whole weeks that came since, in the scale of each series; expected is the
    error that was measured just as far ahead on the windows it was chosen on.

    Args:
        fit: the newest fit, with its weights.
        series: columns of ``int_forecast_series``.
        weeks: columns of ``int_forecast_weeks``.
        planned: columns of ``int_planned_promotions``.
        ratio: so many times the expected error is too much (var ``forecast_drift_ratio``), above 1.
    """
    if ratio <= 1:
        raise ValueError(f"var forecast_drift_ratio is {ratio}; expected a number above 1")
    arrays, facts = unpack(fit["weights"])
    keys = unpack_texts(arrays["rules.keys"])
    forecast, scales, expected = (
        arrays[f"fit.{name}"].astype(np.float64) for name in ("forecast", "scales", "expected")
    )
    panel = sales_panel(series, weeks, planned, forecast.shape[1])
    came = _came_since(panel, keys, date.fromisoformat(facts["last_week"]), forecast.shape[1])
    number = came.shape[1]
    errors = np.abs(forecast[:, :number] - came) / scales[:, None]
    known = np.isfinite(errors).any(axis=0) & (expected[:number] > 0)
    if not known.any():
        return None
    found = float(np.nanmean(errors[:, known])) / float(expected[:number][known].mean())
    if found <= ratio:
        return None
    return f"the forecasts of the {number} weeks since the fit err {found:.2f} times as much as when they were chosen"


def _came_since(panel: SalesPanel, keys: list[str], last_week: date, horizon: int) -> FloatArray:
    """Revenue of the fit's series in the weeks since, at most ``horizon`` of them, shape (series, weeks)."""
    since = panel.weeks > np.datetime64(last_week) if len(panel.weeks) else np.zeros(0, dtype=np.bool_)
    ahead = (panel.weeks - np.datetime64(last_week)) // DAYS_OF_A_WEEK - 1
    taken = since & (ahead < horizon)
    position = {key: row for row, key in enumerate(panel.keys)}
    came = np.full((len(keys), int(taken.sum())), np.nan)
    for row, key in enumerate(keys):
        if key in position:
            came[row] = panel.revenue[position[key], taken]
    return came
