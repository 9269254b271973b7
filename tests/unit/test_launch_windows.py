from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from unit.launches import history_table, make_history, windows_table
from upswing.products.launch_windows import CHANNELS, LaunchHistory, LaunchWindows, list_matrix, week_numbers


def test_history_round_trip_through_arrow() -> None:
    history = make_history(20)
    found = LaunchHistory.from_arrow(history_table(history))
    for name in ("product_ids", "categories", "launched_in", "series", "expected_units"):
        np.testing.assert_array_equal(getattr(found.windows, name), getattr(history.windows, name))
    for name in ("is_breakout", "is_later_breakout", "weekly_units", "surges"):
        np.testing.assert_array_equal(getattr(found, name), getattr(history, name))


def test_windows_are_read_from_slices_and_chunks() -> None:
    table = windows_table(make_history(10).windows)
    whole = LaunchWindows.from_arrow(table)
    sliced = LaunchWindows.from_arrow(table.slice(3, 4).combine_chunks().to_batches()[0])
    chunked = LaunchWindows.from_arrow(pa.concat_tables([table.slice(0, 3), table.slice(3)]))
    np.testing.assert_array_equal(sliced.series, whole[3:7].series)
    np.testing.assert_array_equal(chunked.series, whole.series)


def test_units_are_never_below_zero() -> None:
    windows = make_history(3).windows
    windows.series[0, CHANNELS.index("natural_units"), 0] = -4
    assert windows.units.min() >= 0


@pytest.mark.parametrize("lists", [[[1, 2], [3]], [[1, 2, 3], [4]], [[1, None], [2, 3]], [None, [1, 2]], [None, None]])
def test_unequal_lists_and_nulls_name_the_command_that_mends_them(lists: list[list[int | None] | None]) -> None:
    with pytest.raises(
        ValueError, match=r"differ in length or hold nulls; rebuild with `dbt build -s \+int_launch_windows`"
    ):
        list_matrix(pa.array(lists, type=pa.list_(pa.int64())))


def test_no_rows_are_no_matrix() -> None:
    assert list_matrix(pa.array([], type=pa.list_(pa.float64()))).shape == (0, 0)


def test_week_numbers_change_on_mondays() -> None:
    days = [
        date(1970, 1, 4),
        date(1970, 1, 5),
        date(1970, 1, 11),
        date(1970, 1, 12),
        date(2017, 1, 2),
        date(2017, 1, 8),
    ]
    assert week_numbers(pa.array(days)).tolist() == [-1, 0, 0, 1, 2452, 2452]
