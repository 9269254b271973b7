"""Launch windows: what is known of a product after its first weeks, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

CHANNELS = ("natural_units", "promoted_units", "price_paid", "stores", "customers")
"""Weekly series of the launch window, in the order of :attr:`LaunchWindows.series`."""

DAYS_A_WEEK = 7


@dataclass(frozen=True)
class LaunchWindows:
    """Products with a complete launch window.

    Attributes:
        product_ids: shape (products,).
        categories: shape (products,).
        launched_in: running number of the launch week (weeks since 1970-01-05), shape (products,).
        series: weekly values of each of :data:`CHANNELS`, shape (products, channels, launch_weeks).
        expected_units: weekly natural units expected (E), shape (products,); NaN where the business has not said.
    """

    product_ids: NDArray[np.str_]
    categories: NDArray[np.str_]
    launched_in: NDArray[np.int64]
    series: NDArray[np.float64]
    expected_units: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.product_ids)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> LaunchWindows:
        return LaunchWindows(
            self.product_ids[rows],
            self.categories[rows],
            self.launched_in[rows],
            self.series[rows],
            self.expected_units[rows],
        )

    @property
    def units(self) -> NDArray[np.float64]:
        """Natural units a week, returns netted, never below 0; shape (products, launch_weeks)."""
        return np.maximum(self.series[:, CHANNELS.index("natural_units")], 0)

    @classmethod
    def from_arrow(cls, rows: pa.Table | pa.RecordBatch) -> LaunchWindows:
        """Read rows of ``int_launch_windows``: lists as long as the launch window, one column a channel."""
        series = [list_matrix(rows.column(channel)) for channel in CHANNELS]
        return cls(
            np.asarray(rows.column("product_id").to_pylist(), dtype=np.str_),
            np.asarray(rows.column("category").to_pylist(), dtype=np.str_),
            week_numbers(rows.column("launch_week")),
            np.stack(series, axis=1),
            rows.column("given_expected_units").to_numpy(zero_copy_only=False).astype(np.float64),
        )


@dataclass(frozen=True)
class LaunchHistory:
    """Historical launches: launch windows whose whole cycle is known.

    Attributes:
        windows: their launch windows.
        is_breakout: 1 where D over the whole cycle exceeds the threshold, shape (products,).
        is_later_breakout: the same with D over the weeks after the launch window alone, shape (products,).
        weekly_units: mean weekly natural units over the cycle, shape (products,).
        surges: 1 where natural units beat E, shape (products, cycle_weeks - launch_weeks): weeks after the window.
    """

    windows: LaunchWindows
    is_breakout: NDArray[np.float64]
    is_later_breakout: NDArray[np.float64]
    weekly_units: NDArray[np.float64]
    surges: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> LaunchHistory:
        return LaunchHistory(
            self.windows[rows],
            self.is_breakout[rows],
            self.is_later_breakout[rows],
            self.weekly_units[rows],
            self.surges[rows],
        )

    @classmethod
    def from_arrow(cls, rows: pa.Table) -> LaunchHistory:
        """Read rows of ``int_launch_histories``: launch windows with labels and surges beside them."""
        return cls(
            LaunchWindows.from_arrow(rows),
            rows.column("is_breakout").to_numpy(zero_copy_only=False).astype(np.float64),
            rows.column("is_later_breakout").to_numpy(zero_copy_only=False).astype(np.float64),
            rows.column("weekly_units").to_numpy(zero_copy_only=False).astype(np.float64),
            list_matrix(rows.column("surges")),
        )


def list_matrix(column: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """A list column whose lists are equally long as a matrix of shape (rows, length).

    Raises:
        ValueError: when the lists differ in length or hold nulls.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    values = array.flatten()
    if not len(array):
        return np.zeros((0, 0))
    lengths = pc.min_max(array.value_lengths())
    if array.null_count or values.null_count or lengths["min"] != lengths["max"]:
        raise ValueError(
            "lists of a launch window differ in length or hold nulls; rebuild with `dbt build -s +int_launch_windows`"
        )
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64).reshape(len(array), -1)


def week_numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """Mondays as running week numbers."""
    days = column.cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.asarray((days - 4) // DAYS_A_WEEK, dtype=np.int64)
