"""Tables of the sales forecast and of how good it is, from the newest fit; nothing is fitted here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from upswing.sales.forecast_accuracy import COVERAGES, MEASURES
from upswing.sales.forecast_candidates import FALLBACK, LearnedCandidates, learn_candidates
from upswing.sales.forecast_panel import SEPARATOR, FloatArray, SalesPanel, sales_panel
from upswing.sales.forecast_reconciliation import CENTS, reconciled
from upswing.sales.sales_forecaster import SalesForecaster, SalesForecasterParameters, records_of
from upswing.sales.sales_forecaster_measures import SERVED, measured_series
from upswing.sales.sales_forecaster_rules import Served, model_name
from upswing.tensors import unpack

BOUNDS = ("lower_80", "upper_80", "lower_95", "upper_95")

FORECAST_SCHEMA = pa.schema(
    [
        pa.field("series_level", pa.string()),
        pa.field("series_id", pa.string()),
        pa.field("category", pa.string()),
        pa.field("product_id", pa.string()),
        pa.field("store_id", pa.string()),
        pa.field("week_starting", pa.date32()),
        pa.field("horizon_week", pa.int64()),
        pa.field("model", pa.string()),
        pa.field("forecast", pa.float64()),
        *(pa.field(name, pa.float64()) for name in BOUNDS),
        pa.field("forecast_units", pa.float64()),
        pa.field("base_forecast", pa.float64()),
        pa.field("note", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)

ACCURACY_SCHEMA = pa.schema(
    [
        pa.field("series_level", pa.string()),
        pa.field("series_id", pa.string()),
        pa.field("horizon_weeks", pa.string()),
        pa.field("competitor", pa.string()),
        pa.field("weeks", pa.int64()),
        *(pa.field(name, pa.float64()) for name in (*MEASURES, *COVERAGES)),
        pa.field("is_served_model", pa.bool_()),
        pa.field("model_version", pa.string()),
    ]
)

UNFITTED = "seasonal naive, for there is too little history to compare candidates"


def score_sales_forecasts(
    fit: dict[str, Any] | None,
    series: pa.Table,
    weeks: pa.Table,
    planned: pa.Table,
    parameters: SalesForecasterParameters,
    active_weeks: int,
) -> pa.Table:
    """Forecast the weeks after the last whole one.

    Args:
        fit: the newest fit; without one every series is forecast by seasonal naive, without intervals.
        series: columns of ``int_forecast_series``.
        weeks: columns of ``int_forecast_weeks``.
        planned: columns of ``int_planned_promotions``.
        parameters: of a forecast without a fit.
        active_weeks: weeks whose price turns the revenue of a product into units.

    Returns:
        A row a series and week, of :data:`FORECAST_SCHEMA`, sorted by level, series and week.
    """
    forecaster = SalesForecaster.from_bytes(fit["weights"]) if fit is not None else None
    horizon = forecaster.learned.parameters.forecast_weeks if forecaster else parameters.forecast_weeks
    panel = sales_panel(series, weeks, planned, horizon)
    if not len(panel.weeks) or not panel.series.num_rows:
        return FORECAST_SCHEMA.empty_table()
    if forecaster is not None:
        served = forecaster.serve(panel)
        models = [
            model_name(forecaster.rules.candidates, row, is_median)
            for row, is_median in zip(served.weights, served.is_median, strict=True)
        ]
    else:
        served = _seasonal_naive(panel, parameters)
        models = [FALLBACK] * panel.series.num_rows
    prices = _recent_prices(panel, weeks, active_weeks)
    return _forecast_table(panel, served, models, prices, fit["model_version"] if fit else None)


def score_forecast_accuracy(fit: dict[str, Any] | None) -> pa.Table:
    """How each candidate and what would have been served did on the test window, by series and band of weeks ahead.

    Args:
        fit: the newest fit; None or one without a test window gives no rows.

    Returns:
        Of :data:`ACCURACY_SCHEMA`; series that a candidate does not serve have no row of it.
    """
    found = measured_series(records_of(unpack(fit["weights"])[0])) if fit is not None else {}
    if fit is None or not found:
        return ACCURACY_SCHEMA.empty_table()
    measures, coverages = found["measures"].astype(np.float64), found["coverages"].astype(np.float64)
    competitors, bands, keys = found["competitors"], found["bands"], found["keys"]
    shape = (len(competitors), len(bands), len(keys))
    competitor, band, row = (place.ravel() for place in np.indices(shape))
    is_candidate = competitor >= len(competitors) - len(found["is_member"])
    member = np.clip(competitor - (len(competitors) - len(found["is_member"])), 0, None)
    is_served = np.where(is_candidate, found["is_member"][member, row], np.array(competitors)[competitor] == SERVED)
    values: dict[str, FloatArray] = {
        name: measures[competitor, band, place, row] for place, name in enumerate(MEASURES)
    }
    for place, name in enumerate(COVERAGES):
        values[name] = np.where(np.array(competitors)[competitor] == SERVED, coverages[band, place, row], np.nan)
    names = [key.split(SEPARATOR) for key in keys]
    columns = {
        "series_level": _taken([level for level, _ in names], row),
        "series_id": _taken([identifier for _, identifier in names], row),
        "horizon_weeks": _taken(bands, band),
        "competitor": _taken(competitors, competitor),
        "weeks": pa.array(found["weeks"][band]),
        **{name: _rounded(column, 6) for name, column in values.items()},
        "is_served_model": pa.array(is_served.astype(bool)),
        "model_version": pa.array([fit["model_version"]] * len(row)),
    }
    table = pa.table(columns, schema=ACCURACY_SCHEMA)
    is_measured = np.any([np.isfinite(values[name]) for name in MEASURES], axis=0)
    return table.filter(pa.array(is_measured))


def _seasonal_naive(panel: SalesPanel, parameters: SalesForecasterParameters) -> Served:
    number = len(panel.weeks)
    wanted = {FALLBACK: np.ones(panel.series.num_rows, dtype=np.bool_)}
    learned: LearnedCandidates = learn_candidates(panel, number, parameters.candidates(number), wanted)
    base = learned.forecast(panel, number)[FALLBACK]
    even = np.ones(len(base))
    unknown = np.full((*base.shape, 4), np.nan)
    recent = np.nan_to_num(panel.revenue).mean(axis=1)
    forecast = reconciled(base, even, recent, panel.series)
    return Served(np.round(base, CENTS), forecast, unknown, even[:, None], even < 0, [UNFITTED] * len(base))


def _recent_prices(panel: SalesPanel, weeks: pa.Table, active_weeks: int) -> FloatArray:
    """Revenue a unit of each product over the last ``active_weeks`` weeks, or over all where it sold none then; NaN for
    other levels, shape (n,)."""
    position = {key: row for row, key in enumerate(panel.keys)}
    levels, ids = weeks["series_level"].to_pylist(), weeks["series_id"].to_pylist()
    rows = np.array([position[f"{level}{SEPARATOR}{name}"] for level, name in zip(levels, ids, strict=True)])
    days = weeks["week_starting"].to_numpy().astype("datetime64[D]")
    order = np.lexsort((days, rows))
    is_recent = days > panel.weeks[-1] - np.timedelta64(7 * active_weeks, "D")
    revenue, units = weeks["net_revenue"].to_numpy(), weeks["units"].to_numpy()
    prices = np.full(len(position), np.nan)
    for taken in (order, order[is_recent[order]]):
        sums = [np.bincount(rows[taken], column[taken], minlength=len(position)) for column in (revenue, units)]
        has_price = (sums[0] > 0) & (sums[1] > 0)
        prices[has_price] = sums[0][has_price] / sums[1][has_price]
    return np.where(panel.levels == "product", prices, np.nan)


def _forecast_table(
    panel: SalesPanel, served: Served, models: list[str], prices: FloatArray, version: str | None
) -> pa.Table:
    number, horizon = served.forecast.shape
    row, week = (place.ravel() for place in np.indices((number, horizon)))
    mondays = panel.all_weeks[len(panel.weeks) :]
    units = served.forecast / prices[:, None]
    taken = pa.array(row)
    columns = {
        **{name: panel.series[name].take(taken) for name in FORECAST_SCHEMA.names[:5]},
        "week_starting": pa.array(mondays[week].astype("datetime64[D]")),
        "horizon_week": pa.array(week + 1),
        "model": _taken(models, row),
        "forecast": _rounded(served.forecast.ravel(), CENTS),
        **{name: _rounded(served.bounds[:, :, place].ravel(), CENTS) for place, name in enumerate(BOUNDS)},
        "forecast_units": _rounded(units.ravel(), CENTS),
        "base_forecast": _rounded(served.base.ravel(), CENTS),
        "note": pa.array(served.notes, pa.string()).take(taken),
        "model_version": pa.array([version] * len(row), pa.string()),
    }
    return pa.table(columns).cast(FORECAST_SCHEMA)


def _taken(texts: list[str], places: Any) -> pa.Array:
    return pa.array(texts, pa.string()).take(pa.array(places))


def _rounded(values: FloatArray, digits: int) -> pa.Array:
    return pa.array(np.round(values, digits), from_pandas=True)
