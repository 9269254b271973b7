"""Surge probabilities of the breakout products now on sale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.products.analogs import analogs_from_arrow
from upswing.products.launch_windows import LaunchHistory, LaunchWindows
from upswing.products.surge_locator import SurgeLocator, SurgeParameters, analog_batch
from upswing.products.surge_network import analog_log_odds

SURGE_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("week_of_life", pa.int64()),
        pa.field("surge_probability", pa.float64()),
        pa.field("probability_source", pa.string()),
        pa.field("model_version", pa.string()),
    ]
)

FROM_NETWORK = "network"
FROM_ANALOGS = "analogs"


def score_surges(
    fit: dict[str, Any] | None,
    analog_rows: pa.Table,
    window_rows: pa.Table,
    history_rows: pa.Table,
    parameters: SurgeParameters,
) -> pa.Table:
    """A row of :data:`SURGE_SCHEMA` for each product with analogs and each week after its launch window.

    A product that broke out since the newest fit has no network yet: its analogs' log-odds stand in, and the source
    says so.

    Args:
        fit: the newest row of ``fit_surge_locator``, or None: then nothing is scored.
        analog_rows: rows of ``score_product_analogs``.
        window_rows: rows of ``int_launch_windows``.
        history_rows: rows of ``int_launch_histories``.
        parameters: those of the fit.
    """
    if fit is None or not analog_rows.num_rows:
        return SURGE_SCHEMA.empty_table()
    locator = SurgeLocator.from_bytes(fit["weights"])
    history = LaunchHistory.from_arrow(history_rows.sort_by("product_id"))
    windows = LaunchWindows.from_arrow(window_rows.sort_by("product_id"))
    products, analogs = analogs_from_arrow(analog_rows, windows, history.windows)
    batch = analog_batch(products, history, analogs, locator.encoder)
    log_odds = analog_log_odds(batch.surges, batch.weight, parameters.network.prior_weight)
    probabilities = locator.calibration.probabilities(log_odds.astype(np.float64))
    fitted = np.isin(products.product_ids, locator.product_ids)
    if fitted.any():
        networks = locator.of_products(products.product_ids[fitted])
        probabilities[fitted] = networks.probabilities(products[fitted])
    return _rows(products, probabilities, fitted, parameters.launch_weeks, fit["model_version"])


def _rows(
    products: LaunchWindows,
    probabilities: NDArray[np.float64],
    fitted: NDArray[np.bool_],
    launch_weeks: int,
    model_version: str,
) -> pa.Table:
    weeks = probabilities.shape[1]
    sources = np.where(fitted, FROM_NETWORK, FROM_ANALOGS)
    columns = [
        pa.array(np.repeat(products.product_ids, weeks), type=pa.string()),
        pa.array(np.tile(np.arange(launch_weeks + 1, launch_weeks + weeks + 1), len(products))),
        pa.array(probabilities.ravel()),
        pa.array(np.repeat(sources, weeks), type=pa.string()),
        pa.array([model_version] * probabilities.size, type=pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=SURGE_SCHEMA)
