from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from unit.sales_series import PLANNED_SCHEMA, SERIES_SCHEMA, WEEKS_SCHEMA
from upswing.sales.forecast_panel import SalesPanel, holds_month_start, sales_panel

FIRST = date(2024, 1, 1)


def week(number: int) -> date:
    return FIRST + timedelta(days=7 * number)


def series_table(*keys: tuple[str, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"series_level": level, "series_id": name} for level, name in keys], schema=SERIES_SCHEMA
    )


def weeks_table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"series_level": "product", "series_id": "a"} | row for row in rows], schema=WEEKS_SCHEMA
    )


def sold(number: int, revenue: float, series_id: str = "a", reach: float | None = None) -> dict[str, Any]:
    return {
        "week_starting": week(number),
        "net_revenue": revenue,
        "series_id": series_id,
        "promotion_reach": reach,
    }


def plan(number: int, reach: float) -> pa.Table:
    row = {"series_level": "product", "series_id": "a", "week_starting": week(number), "promotion_reach": reach}
    return pa.Table.from_pylist([row], schema=PLANNED_SCHEMA)


def panel_of(weeks: pa.Table, planned: pa.Table | None = None, horizon: int = 3) -> SalesPanel:
    series = series_table(("product", "b"), ("product", "a"))
    return sales_panel(series, weeks, PLANNED_SCHEMA.empty_table() if planned is None else planned, horizon)


def test_weeks_before_the_first_are_unknown_and_gaps_after_it_are_zero() -> None:
    panel = panel_of(weeks_table(sold(0, 5.0), sold(1, 7.0), sold(3, 9.0), sold(1, 2.0, "b"), sold(3, 4.0, "b")))
    assert panel.keys == ["product\x1fa", "product\x1fb"]
    np.testing.assert_array_equal(panel.revenue, [[5, 7, 0, 9], [np.nan, 2, 0, 4]])


def test_order_of_rows_does_not_matter() -> None:
    weeks = weeks_table(*[sold(number, float(number), name) for number in range(6) for name in "ab"])
    shuffled = weeks.take(np.random.default_rng(0).permutation(weeks.num_rows))
    np.testing.assert_array_equal(panel_of(weeks).revenue, panel_of(shuffled).revenue)


def test_plans_follow_the_past_and_say_how_far_they_reach() -> None:
    weeks = weeks_table(sold(0, 5.0, reach=0.5), sold(1, 7.0))
    panel = panel_of(weeks, plan(3, 0.8))
    np.testing.assert_array_equal(panel.promotion_reach[0], [0.5, np.nan, np.nan, 0.8, np.nan])
    assert panel.planned_weeks == 2
    assert panel_of(weeks).planned_weeks == 0


def test_plans_of_the_past_and_beyond_the_horizon_are_left_alone() -> None:
    weeks = weeks_table(sold(0, 5.0), sold(1, 7.0))
    assert panel_of(weeks, plan(5, 0.8)).planned_weeks == 0
    assert np.isnan(panel_of(weeks, plan(1, 0.8)).promotion_reach).all()


@pytest.mark.parametrize(
    ("weeks", "message"),
    [
        (weeks_table(sold(0, 1.0), sold(0, 2.0)), "twice"),
        (weeks_table(sold(0, 1.0, "unheard of")), "series product unheard of has weeks"),
        (weeks_table(sold(0, 1.0), sold(0, 1.0) | {"week_starting": FIRST + timedelta(days=9)}), "Monday"),
    ],
)
def test_says_what_is_wrong_with_the_weeks(weeks: pa.Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        panel_of(weeks)


def test_horizon_is_a_week_or_more() -> None:
    with pytest.raises(ValueError, match="var forecast_weeks is 0"):
        panel_of(weeks_table(sold(0, 1.0)), horizon=0)


def test_nothing_sold_is_a_panel_without_weeks() -> None:
    panel = sales_panel(SERIES_SCHEMA.empty_table(), WEEKS_SCHEMA.empty_table(), PLANNED_SCHEMA.empty_table(), 3)
    assert panel.revenue.shape == (0, 0)
    assert panel.planned_weeks == 0
    assert len(panel.all_weeks) == 0


def test_month_starts_lie_between_monday_and_sunday() -> None:
    mondays = np.array(["2024-03-25", "2024-04-01", "2024-04-22", "2024-04-29"], dtype="datetime64[D]")
    np.testing.assert_array_equal(holds_month_start(mondays), [0, 1, 0, 1])
    sunday = np.array(["2024-08-26", "2024-09-02"], dtype="datetime64[D]")
    np.testing.assert_array_equal(holds_month_start(sunday), [1, 0])


def test_selected_series_keep_their_weeks() -> None:
    panel = panel_of(weeks_table(sold(0, 5.0), sold(1, 7.0), sold(1, 2.0, "b")))
    part = panel.select(np.array([False, True]))
    assert part.keys == ["product\x1fb"]
    np.testing.assert_array_equal(part.revenue, [[np.nan, 2]])
