"""Analogs: historical products whose launch window resembles that of a breakout product.

Source: visual sales analysis patent, claim 4. The breakout products are k-means centres, held fixed; every historical
product joins the cluster of its nearest centre; the members of a cluster, its centre left out, are the centre's
analogs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.products.launch_windows import LaunchWindows

ANALOG_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        pa.field("analog_product_id", pa.string()),
        pa.field("distance", pa.float64()),
        pa.field("analog_rank", pa.int64()),
        pa.field("in_cluster", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class AnalogParameters:
    """How analogs are chosen.

    Attributes:
        min_analogs: least analogs of a breakout product; where its cluster holds fewer, the nearest products fill up.
        analog_refine: further Lloyd steps: each moves the centres to the mean of their cluster and assigns anew.
    """

    min_analogs: int = 80
    analog_refine: int = 0

    def __post_init__(self) -> None:
        if self.min_analogs < 1:
            raise ValueError(f"var min_analogs is {self.min_analogs}; expected at least 1")
        if self.analog_refine < 0:
            raise ValueError(f"var analog_refine is {self.analog_refine}; expected 0 or more Lloyd steps")


@dataclass(frozen=True)
class Analogs:
    """Analogs of some breakout products, one row an analog, by product and rank.

    Attributes:
        product: row number of the breakout product.
        analog: row number of the historical product.
        distance: Euclidean distance in the analog space.
        rank: 1 = nearest.
        in_cluster: False where the product was taken to fill up to ``min_analogs``.
    """

    product: NDArray[np.int64]
    analog: NDArray[np.int64]
    distance: NDArray[np.float64]
    rank: NDArray[np.int64]
    in_cluster: NDArray[np.bool_]


def analog_space(windows: LaunchWindows) -> NDArray[np.float32]:
    """Coordinates of launch windows: log(1 + natural units) of each week; shape (products, launch_weeks).

    The logarithm makes a step from 2 to 4 units as long as one from 20 to 40.
    """
    return np.ascontiguousarray(np.log1p(windows.units), dtype=np.float32)


def nearest_centres(
    points: NDArray[np.float32], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Nearest centre of each point and the distance to it; among equally near centres, the first.

    Args:
        points: shape (points, dimensions).
        centres: shape (centres, dimensions), at least one.
    """
    distances, labels = _search(centres, points, 1)
    return labels[:, 0], distances[:, 0]


def refine_centres(points: NDArray[np.float32], centres: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Centres after ``steps`` Lloyd steps; the centre of an empty cluster stays where it is."""
    moved = centres.copy()
    for _step in range(steps):
        cluster, _ = nearest_centres(points, moved)
        counts = np.bincount(cluster, minlength=len(moved))
        sums = np.zeros(moved.shape, dtype=np.float64)
        np.add.at(sums, cluster, points)
        filled = counts > 0
        moved[filled] = (sums[filled] / counts[filled, None]).astype(np.float32)
    return moved


def find_analogs(breakouts: LaunchWindows, history: LaunchWindows, parameters: AnalogParameters) -> Analogs:
    """Analogs of each of ``breakouts`` among ``history``; both are taken in order of product id, so that ties are
    broken.

    A cluster with fewer than ``min_analogs`` members is filled up with the nearest other historical products, flagged.
    A product is never its own analog. With no history there are no analogs.
    """
    if not len(breakouts) or not len(history):
        nothing = np.zeros(0, dtype=np.int64)
        return Analogs(nothing, nothing, np.zeros(0), nothing, np.zeros(0, dtype=np.bool_))
    points, centres = analog_space(history), analog_space(breakouts)
    settled = refine_centres(points, centres, parameters.analog_refine)
    cluster, _ = nearest_centres(points, settled)
    wanted = min(parameters.min_analogs + 1, len(history))
    _, nearest = _search(points, centres, wanted)
    products, analogs, in_cluster = [], [], []
    for number, product_id in enumerate(breakouts.product_ids):
        members = np.flatnonzero((cluster == number) & (history.product_ids != product_id))
        missing = parameters.min_analogs - len(members)
        fill = nearest[number][~np.isin(nearest[number], members)] if missing > 0 else nearest[number][:0]
        fill = fill[history.product_ids[fill] != product_id][: max(missing, 0)]
        products.append(np.full(len(members) + len(fill), number))
        analogs.append(np.concatenate([members, fill]))
        in_cluster.append(np.arange(len(members) + len(fill)) < len(members))
    product, analog = np.concatenate(products), np.concatenate(analogs)
    distance = np.linalg.norm(points[analog].astype(np.float64) - centres[product], axis=1)
    order = np.lexsort((history.product_ids[analog], distance, product))
    starts = np.searchsorted(product[order], product[order])
    rank = np.arange(len(order)) - starts + 1
    return Analogs(product[order], analog[order], distance[order], rank, np.concatenate(in_cluster)[order])


def analogs_to_arrow(analogs: Analogs, breakouts: LaunchWindows, history: LaunchWindows) -> pa.Table:
    """Analogs as rows of :data:`ANALOG_SCHEMA`."""
    columns = [
        pa.array(breakouts.product_ids[analogs.product], type=pa.string()),
        pa.array(history.product_ids[analogs.analog], type=pa.string()),
        pa.array(analogs.distance),
        pa.array(analogs.rank),
        pa.array(analogs.in_cluster),
    ]
    return pa.Table.from_arrays(columns, schema=ANALOG_SCHEMA)


def analogs_from_arrow(rows: pa.Table, windows: LaunchWindows, history: LaunchWindows) -> tuple[LaunchWindows, Analogs]:
    """The products that have analogs, in order of their id, and their analogs as row numbers.

    Args:
        rows: as of :func:`analogs_to_arrow`, in any order.
        windows: launch windows in order of product id, those of the products among them.
        history: launch windows in order of product id, those of the analogs among them.
    """
    ordered = rows.sort_by([("product_id", "ascending"), ("analog_rank", "ascending")])
    product_ids = np.asarray(ordered["product_id"].to_pylist(), dtype=np.str_)
    analog_ids = np.asarray(ordered["analog_product_id"].to_pylist(), dtype=np.str_)
    with_analogs, product = np.unique(product_ids, return_inverse=True)
    analogs = Analogs(
        product.astype(np.int64),
        np.searchsorted(history.product_ids, analog_ids).astype(np.int64),
        ordered["distance"].to_numpy(),
        ordered["analog_rank"].to_numpy(),
        ordered["in_cluster"].to_numpy(zero_copy_only=False),
    )
    return windows[np.searchsorted(windows.product_ids, with_analogs)], analogs


def windows_with_analogs(window_rows: pa.Table, analog_rows: pa.Table) -> pa.Table:
    """The rows of ``int_launch_windows`` whose product has analogs."""
    product_ids = analog_rows["product_id"].unique()
    return window_rows.filter(pc.is_in(window_rows["product_id"], value_set=product_ids))


def score_analogs(
    score_rows: pa.Table, window_rows: pa.Table, history_rows: pa.Table, parameters: AnalogParameters
) -> pa.Table:
    """Analogs of the predicted breakout products as rows of :data:`ANALOG_SCHEMA`.

    Args:
        score_rows: rows of ``score_breakout_products``.
        window_rows: rows of ``int_launch_windows``, those of the products among them.
        history_rows: rows of ``int_launch_histories``.
        parameters: see there.
    """
    predicted = score_rows.filter(score_rows["is_breakout"])["product_id"]
    chosen = window_rows.filter(pc.is_in(window_rows["product_id"], value_set=predicted.combine_chunks()))
    if not chosen.num_rows or not history_rows.num_rows:
        return ANALOG_SCHEMA.empty_table()
    breakouts = LaunchWindows.from_arrow(chosen.sort_by("product_id"))
    history = LaunchWindows.from_arrow(history_rows.sort_by("product_id"))
    return analogs_to_arrow(find_analogs(breakouts, history, parameters), breakouts, history)


def _search(
    base: NDArray[np.float32], queries: NDArray[np.float32], neighbours: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    import faiss

    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base)
    squared, found = index.search(queries, neighbours)
    np.sqrt(np.maximum(squared, 0, out=squared), out=squared)
    return squared.astype(np.float64), found.astype(np.int64, copy=False)
