"""The held-out weeks of the built warehouse, as the benchmark of the inventory plan replays them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from _opportunities import table

from upswing.sales.forecast_panel import FloatArray, IntArray, SalesPanel, sales_panel
from upswing.sales.sales_forecaster import SalesForecaster, SalesForecasterParameters
from upswing.sales.sales_forecaster_fit import fit_sales_forecaster

REVIEW_DAYS = 7
RECENT_WEEKS = 13
ABOVE_80, ABOVE_95 = 1.2816, 1.96
"""As in ``score_inventory_demand``."""


@dataclass(frozen=True)
class Replay:
    """Products that are counted, and what was asked for and known in the held-out weeks.

    Attributes:
        demand: units asked for, (products, days).
        before: units of the recent weeks before each review, (reviews, products, weeks).
        price: money a unit before the first review, (products,).
        lead_days: from order to delivery, (products,).
        mean, variance: of the units of a day by the forecast of each review, (reviews, products, days ahead); no days
            where nothing was forecast.
    """

    demand: FloatArray
    before: FloatArray
    price: FloatArray
    lead_days: IntArray
    mean: FloatArray
    variance: FloatArray


def held_out_weeks(weeks_before_end: int = 0) -> Replay:
    """Fit the forecaster on what was known then, and run it forward from review to review.

    Args:
        weeks_before_end: so many of the last whole weeks are taken as not there yet.
    """
    parameters = SalesForecasterParameters()
    series = table("select * from intermediate.int_forecast_series")
    weeks = table("select * from intermediate.int_forecast_weeks")
    mondays = np.unique(weeks["week_starting"].to_numpy().astype("datetime64[D]"))
    mondays = mondays[: len(mondays) - weeks_before_end]
    origin = len(mondays) - parameters.forecast_weeks
    fit = fit_sales_forecaster(*_until(series, weeks, mondays[origin]), parameters)
    forecaster = SalesForecaster.from_bytes(fit.weights)

    sold, paid = _product_weeks(weeks)
    at_first = [columns.iloc[:, origin - RECENT_WEEKS : origin].sum(axis=1) for columns in (sold, paid)]
    had_begun = sales_panel(*_until(series, weeks, mondays[origin]), 1).series["product_id"].drop_null().to_pylist()
    counted = set(_lead_times().index)
    ids = [name for name in had_begun if name in counted and at_first[0][name] > 0 and at_first[1][name] > 0]
    sold, paid = sold.loc[ids], paid.loc[ids]
    means, variances = [], []
    for review in range(origin, len(mondays)):
        panel = sales_panel(*_until(series, weeks, mondays[review]), parameters.forecast_weeks)
        recent = slice(review - RECENT_WEEKS, review)
        revenue, units = paid.iloc[:, recent].sum(axis=1), sold.iloc[:, recent].sum(axis=1)
        price = (revenue / units).where((revenue > 0) & (units > 0), at_first[1][ids] / at_first[0][ids])
        mean, variance = _daily(forecaster, panel, ids, price.to_numpy())
        means.append(mean)
        variances.append(variance)
    return Replay(
        _daily_units(ids, mondays[origin], REVIEW_DAYS * parameters.forecast_weeks),
        np.stack([sold.to_numpy()[:, end - RECENT_WEEKS : end] for end in range(origin, len(mondays))]),
        (at_first[1][ids] / at_first[0][ids]).to_numpy(),
        _lead_times()[ids].to_numpy(np.int64),
        np.stack(means),
        np.stack(variances),
    )


def held_out_rates() -> Replay:
    """Counted products without a series of their own that sold in the weeks before."""
    weeks = table("select distinct week_starting from intermediate.int_forecast_weeks")
    mondays = np.sort(weeks["week_starting"].to_numpy().astype("datetime64[D]"))
    ahead = SalesForecasterParameters().forecast_weeks
    origin = len(mondays) - ahead
    rows = table("""
        select product_id, week_starting, units from intermediate.int_product_weeks
        where product_id not in (
            select product_id from intermediate.int_forecast_series where series_level = 'product'
        )
    """).to_pandas()
    rows["week_starting"] = rows["week_starting"].to_numpy().astype("datetime64[D]")
    sold = rows.pivot(index="product_id", columns="week_starting", values="units").fillna(0.0)[mondays]
    lead_times = _lead_times()
    sold = sold[sold.index.isin(lead_times.index) & (sold.iloc[:, origin - RECENT_WEEKS : origin].sum(axis=1) > 0)]
    ids, nothing = list(sold.index), np.zeros((ahead, len(sold), 0))
    return Replay(
        _daily_units(ids, mondays[origin], REVIEW_DAYS * ahead),
        np.stack([sold.to_numpy()[:, end - RECENT_WEEKS : end] for end in range(origin, len(mondays))]),
        np.ones(len(sold)),
        lead_times[ids].to_numpy(np.int64),
        nothing,
        nothing,
    )


def _until(series: pa.Table, weeks: pa.Table, monday: np.datetime64) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Series, weeks and plan as they were known on a Monday."""
    known = weeks.filter(pc.less(weeks["week_starting"], pa.scalar(monday.item())))
    begun = series.filter(pc.less(series["first_week"], pa.scalar(monday.item())))
    planned = pa.table(
        {
            "series_level": pa.array([], pa.string()),
            "series_id": pa.array([], pa.string()),
            "week_starting": pa.array([], pa.date32()),
            "promotion_reach": pa.array([], pa.float64()),
        }
    )
    return begun, known, planned


def _product_weeks(weeks: pa.Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and revenue of each product series and week, 0 where there is none."""
    rows = weeks.filter(pc.equal(weeks["series_level"], "product")).to_pandas()
    rows["week_starting"] = rows["week_starting"].to_numpy().astype("datetime64[D]")
    found = rows.pivot(index="series_id", columns="week_starting", values=["units", "net_revenue"]).fillna(0.0)
    return found["units"], found["net_revenue"]


def _daily(
    forecaster: SalesForecaster, panel: SalesPanel, ids: list[str], price: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the units of each day ahead, as ``score_inventory_demand`` has them."""
    place = {name: row for row, name in enumerate(panel.series["product_id"].to_pylist())}
    rows = np.array([place[name] for name in ids])
    served = forecaster.serve(panel)
    forecast, bounds = np.maximum(served.forecast[rows], 0), served.bounds[rows]
    spread = ((bounds[:, :, 1] - forecast) / ABOVE_80 + (bounds[:, :, 3] - forecast) / ABOVE_95) / 2 / price[:, None]
    mean = forecast / price[:, None]
    variance = np.where(np.isfinite(spread), np.where(forecast > 0, spread, 0) ** 2, mean)
    return np.repeat(mean / 7, 7, axis=1), np.repeat(variance / 7, 7, axis=1)


def _daily_units(ids: list[str], first: np.datetime64, days: int) -> FloatArray:
    """Units sold of each product on each day, returns netted, none below 0."""
    lines = table(f"""
        select
            product_id,
            ordered_on - date '{first}' as day,
            greatest(cast(sum(cast(quantity as decimal(18, 4))) as double), 0) as units,
        from intermediate.int_order_lines
        where ordered_on >= date '{first}' and ordered_on < date '{first}' + {days}
        group by all
    """).to_pandas()
    found = lines.pivot(index="product_id", columns="day", values="units")
    return np.asarray(found.reindex(index=ids, columns=range(days)).fillna(0.0), np.float64)


def _lead_times() -> pd.Series[float]:
    """Days from order to delivery of each product that is counted, by the newest count of the company."""
    levels = table("""
        select product_id, lead_time_days from intermediate.int_stock_levels where store_id is null
    """).to_pandas()
    return levels.set_index("product_id")["lead_time_days"]
