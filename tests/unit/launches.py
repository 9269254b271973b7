"""Small launch histories drawn with a seed, and the same as Arrow."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from upswing.products.breakout_classifier import BreakoutParameters
from upswing.products.breakout_network import BreakoutNetworkParameters
from upswing.products.launch_windows import CHANNELS, LaunchHistory, LaunchWindows

LAUNCH_WEEKS = 8
CYCLE_WEEKS = 26
LATER_WEEKS = CYCLE_WEEKS - LAUNCH_WEEKS
EPOCH_MONDAY = date(1970, 1, 5)

QUICK = BreakoutParameters(
    LAUNCH_WEEKS, CYCLE_WEEKS, network=BreakoutNetworkParameters(filters=8, members=2, epochs=12, patience=4)
)


def make_history(products: int = 240, seed: int = 1, first_week: int = 2400, span: int = 70) -> LaunchHistory:
    """Launches whose latent strength shows in their units, decides whether they break out, and how often they surge."""
    draw = np.random.default_rng(seed)
    strength = draw.normal(size=products)
    units = draw.poisson(np.exp(1.2 + 0.8 * strength)[:, None], (products, LAUNCH_WEEKS)).astype(np.float64)
    others = [draw.poisson(1.0, units.shape), 2 + draw.random(units.shape), np.ceil(units / 2), np.ceil(units / 1.5)]
    surge_share = 1 / (1 + np.exp(1 - strength[:, None]))
    windows = LaunchWindows(
        np.array([f"p{number:04d}" for number in range(products)]),
        np.array([f"category {number % 3}" for number in range(products)]),
        first_week + draw.integers(0, span, products),
        np.stack([units, *others], axis=1),
        np.full(products, np.nan),
    )
    return LaunchHistory(
        windows,
        (strength > 0.6).astype(np.float64),
        (strength + draw.normal(scale=0.2, size=products) > 0.6).astype(np.float64),
        units.mean(axis=1),
        (draw.random((products, LATER_WEEKS)) < surge_share).astype(np.float64),
    )


def windows_table(windows: LaunchWindows) -> pa.Table:
    """As rows of ``int_launch_windows``."""
    columns = {
        "product_id": pa.array(windows.product_ids, type=pa.string()),
        "category": pa.array(windows.categories, type=pa.string()),
        "launch_week": pa.array([EPOCH_MONDAY + timedelta(weeks=int(week)) for week in windows.launched_in]),
        "given_expected_units": pa.array(windows.expected_units, from_pandas=True),
    }
    for number, channel in enumerate(CHANNELS):
        columns[channel] = pa.array(windows.series[:, number].tolist(), type=pa.list_(pa.float64()))
    return pa.table(columns)


def history_table(history: LaunchHistory) -> pa.Table:
    """As rows of ``int_launch_histories``."""
    return (
        windows_table(history.windows)
        .append_column("is_breakout", pa.array(history.is_breakout == 1))
        .append_column("is_later_breakout", pa.array(history.is_later_breakout == 1))
        .append_column("weekly_units", pa.array(history.weekly_units))
        .append_column("surges", pa.array(history.surges.astype(int).tolist(), type=pa.list_(pa.int32())))
    )
