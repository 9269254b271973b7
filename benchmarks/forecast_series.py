"""Our whole fit of 10,000 series against AutoARIMA and AutoETS of statsforecast, fitted once on the same series.

The series are real: the sample's total, its categories, their products with most revenue among those sold in at least
20 weeks (var min_forecast_weeks_sold asks for 26, which fewer than 10,000 have), and the rest of each category. Ours
learns all candidates at every window of the test and of serving, chooses, calibrates, reconciles, measures and learns
again to the end; statsforecast fits two models at the test origin and forecasts, and no more. Each runs in a process of
its own, on one thread, and seconds are the processor's. Errors are those of the thirteen weeks after the test origin.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from typing import Any

import numpy as np
from _forecast_panels import HORIZON, PLANNED, many_series
from _report import Figure, judged, show

from upswing.one_thread import hold_one_thread
from upswing.sales.forecast_accuracy import ErrorScales, mean_scaled_errors
from upswing.sales.forecast_panel import FloatArray, SalesPanel, sales_panel
from upswing.sales.sales_forecaster import SalesForecasterParameters
from upswing.sales.sales_forecaster_fit import fit_sales_forecaster
from upswing.sales.sales_forecaster_scores import score_forecast_accuracy

SERIES = 10_000
LEAST_WEEKS_SOLD = 20
PEERS = ("AutoARIMA", "AutoETS")


def ours(number: int) -> dict[str, Any]:
    """Seconds of the whole fit, and mean MASE of what was served and of each candidate."""
    series, weeks = many_series(number, LEAST_WEEKS_SOLD)
    started = time.process_time()
    fit = fit_sales_forecaster(series, weeks, PLANNED.empty_table(), SalesForecasterParameters())
    seconds = time.process_time() - started
    found = score_forecast_accuracy({"weights": fit.weights, "model_version": ""}).to_pandas()
    found = found[found["horizon_weeks"] == f"1-{HORIZON}"].dropna(subset=["mase"])
    return {"seconds": seconds, "series": series.num_rows, **found.groupby("competitor")["mase"].mean().to_dict()}


def statsforecasts(number: int) -> dict[str, Any]:
    """Seconds of fitting both models at the test origin, and the mean MASE of each and of their mean."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoARIMA, AutoETS, Naive

    series, weeks = many_series(number, LEAST_WEEKS_SOLD)
    panel = sales_panel(series, weeks, PLANNED.empty_table(), HORIZON)
    origin = len(panel.weeks) - HORIZON
    rows, columns = np.nonzero(np.isfinite(panel.revenue[:, :origin]))
    known = pd.DataFrame({"unique_id": rows, "ds": columns, "y": panel.revenue[rows, columns]})
    hold_one_thread()
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = [AutoARIMA(season_length=1), AutoETS(season_length=1)]
        library = StatsForecast(models=models, freq=1, n_jobs=1, fallback_model=Naive())
        forecast = library.forecast(df=known, h=HORIZON)
    seconds = time.process_time() - started
    found = {name: _laid(forecast, name, panel) for name in PEERS}
    found["mean of both"] = (found["AutoARIMA"] + found["AutoETS"]) / 2
    scales = ErrorScales.of(panel.revenue, origin, 1).absolute
    actual = panel.revenue[:, origin:]
    errors = {name: float(np.nanmean(mean_scaled_errors(actual, values, scales))) for name, values in found.items()}
    return {"seconds": seconds, "series": series.num_rows, **errors}


def _laid(forecast: Any, name: str, panel: SalesPanel) -> FloatArray:
    laid = np.full((len(panel.revenue), HORIZON), np.nan)
    laid[forecast["unique_id"], forecast["ds"] - (len(panel.weeks) - HORIZON)] = np.maximum(forecast[name], 0.0)
    return laid


def run(way: str, number: int) -> dict[str, Any]:
    """What :func:`ours` or :func:`statsforecasts` gives, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, way, str(number)], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main(number: int = SERIES) -> list[Figure]:
    """Measure."""
    our, their = run("ours", number), run("statsforecast", number)
    best = min((*PEERS, "mean of both"), key=lambda name: their[name])
    named = f"{our['series']:,} series"
    times = their["seconds"] / our["seconds"]
    return [
        Figure(
            f"{named}: the whole fit",
            f"{our['seconds']:.0f} s",
            f"AutoARIMA + AutoETS, one origin {their['seconds']:.0f} s",
            f"{times:.1f}x",
            ">= 1x",
            judged(times >= 1),
        ),
        *(
            Figure(
                f"{named}: MASE 13 weeks ahead",
                f"served {our['served']:.4f}",
                f"{name} {their[name]:.4f}" + (", their best" if name == best else ""),
                f"{our['served'] / their[name] - 1:+.1%}",
                "<= 0 %",
                judged(our["served"] <= their[name]),
            )
            for name in (*PEERS, "mean of both")
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps((ours if sys.argv[1] == "ours" else statsforecasts)(int(sys.argv[2]))))
    else:
        show(main(int(sys.argv[1]) if len(sys.argv) > 1 else SERIES))
