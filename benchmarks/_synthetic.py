"""Seeded launches whose surge probabilities are known, for benchmarks alone.

A launch has a latent strength, trend and reach and a category. Its weekly natural units are Poisson around exp(1.5 +
strength / 2 + trend * (week - 4.5) / 8), its promoted units Poisson around exp(reach), and the more reach, the more
stores and customers share the same units. In each later week it surges with probability sigmoid(-1.2 + strength + 1.5
* reach + 2 * trend * (week - middle) / weeks + season of its category). Neighbours in natural units thus tell of
strength and trend; of reach only the other channels tell, and the season of a category is for whoever finds it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from upswing.products.launch_windows import LaunchHistory, LaunchWindows

LAUNCH_WEEKS = 8
CYCLE_WEEKS = 26
LATER_WEEKS = CYCLE_WEEKS - LAUNCH_WEEKS
CATEGORIES = 12


def launches(count: int, seed: int, prefix: str) -> tuple[LaunchHistory, NDArray[np.float64]]:
    """``count`` launches in order of their id, and the probabilities that their surges were drawn from."""
    draw = np.random.default_rng(seed)
    strength, trend, reach = draw.normal(size=(3, count))
    category = draw.integers(0, CATEGORIES, count)
    weeks = np.arange(1, LAUNCH_WEEKS + 1)
    units = draw.poisson(np.exp(1.5 + 0.5 * strength[:, None] + trend[:, None] * (weeks - 4.5) / 8)).astype(np.float64)
    share = 1 / (1 + np.exp(-reach[:, None]))
    promoted, price = draw.poisson(np.exp(reach)[:, None], units.shape), 2 + 0.2 * draw.normal(size=units.shape)
    series = np.stack([units, promoted, price, np.ceil(units * share), np.ceil(units * share)], axis=1)
    later = np.arange(LATER_WEEKS)
    season = np.sin(2 * np.pi * (later[None] / LATER_WEEKS + category[:, None] / CATEGORIES))
    slope = 2 * trend[:, None] * (later - later.mean()) / LATER_WEEKS
    probability = 1 / (1 + np.exp(-(-1.2 + strength[:, None] + 1.5 * reach[:, None] + slope + 0.7 * season)))
    surges = (draw.random(probability.shape) < probability).astype(np.float64)
    windows = LaunchWindows(
        np.array([f"{prefix}{number:06d}" for number in range(count)]),
        np.array([f"category {number:02d}" for number in category]),
        draw.integers(2400, 2500, count),
        series,
        np.full(count, np.nan),
    )
    strong = surges.mean(axis=1)
    broke_out = (strong > np.quantile(strong, 0.93)).astype(np.float64)
    return LaunchHistory(windows, broke_out, broke_out, units.mean(axis=1), surges), probability
