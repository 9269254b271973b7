import re
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from upswing.marketing.strategy_adjustments import (
    ADJUSTMENT_SCHEMA,
    AdjustmentParameters,
    adjust_strategies,
    decide,
)
from upswing.user_errors import UserError

FIRST = date(2017, 5, 1)
WEEK_SCHEMA = pa.schema(
    [("action_id", pa.string())]
    + [(name, pa.date32()) for name in ("measured_week", "first_touched_on", "response_ends_on")]
    + [("is_over", pa.bool_())]
    + [(name, pa.int64()) for name in ("campaigns", "customers", "impressions", "clicks", "conversions")]
    + [("revenue", pa.float64()), ("repurchases_known", pa.int64()), ("repurchases", pa.int64())]
)
TARGET_SCHEMA = pa.schema(
    [
        ("action_id", pa.string()),
        ("metric", pa.string()),
        ("target", pa.float64()),
        ("weight", pa.float64()),
        ("valid_from", pa.date32()),
    ]
)
WANTED = [("ctr", 0.1, 0.2), ("cr", 0.05, 0.4), ("apu", 40.0, 0.3), ("rpr", 0.5, 0.1)]


def week(number: int = 0, **changed: Any) -> dict[str, Any]:
    """A week that is exactly on target, but for what is changed."""
    monday = FIRST + timedelta(weeks=number)
    return {
        "action_id": "a",
        "measured_week": monday,
        "first_touched_on": monday,
        "response_ends_on": monday + timedelta(days=28),
        "is_over": True,
        "campaigns": 1,
        "customers": 1000,
        "impressions": 2000,
        "clicks": 200,
        "conversions": 50,
        "revenue": 2000.0,
        "repurchases_known": 40,
        "repurchases": 20,
    } | changed


def target_rows(wanted: list[tuple[str, float, float]], valid_from: date = date(2016, 1, 1)) -> list[dict[str, Any]]:
    return [
        {"action_id": "a", "metric": metric, "target": target, "weight": weight, "valid_from": valid_from}
        for metric, target, weight in wanted
    ]


def adjusted(
    weeks: list[dict[str, Any]], targets: list[dict[str, Any]] | None = None, **rule: Any
) -> list[dict[str, Any]]:
    seed = target_rows(WANTED) if targets is None else targets
    found = adjust_strategies(
        pa.Table.from_pylist(weeks, schema=WEEK_SCHEMA),
        pa.Table.from_pylist(seed, schema=TARGET_SCHEMA),
        AdjustmentParameters(**rule),
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def test_the_raw_factor_is_that_of_the_patent_and_the_driving_one_has_no_unit() -> None:
    (row,) = adjusted([week(clicks=100, conversions=40, revenue=1440.0, repurchases=30)])
    assert row["raw_adjustment_factor"] == pytest.approx(
        0.2 * (0.1 - 0.05) + 0.4 * (0.05 - 0.04) + 0.3 * (40 - 36) + 0.1 * (0.5 - 0.75)
    )
    assert row["adjustment_factor"] == pytest.approx(0.2 * 0.5 + 0.4 * 0.2 + 0.3 * 0.1 + 0.1 * -0.5)
    assert (row["strength_after"], row["decision"]) == (pytest.approx(1 + 0.25 * 0.16), "stronger")


def test_money_drowns_the_rates_of_the_raw_factor() -> None:
    (row,) = adjusted([week(clicks=140, conversions=35, revenue=1480.0, repurchases=14)])
    assert row["raw_adjustment_factor"] < -0.6
    assert (row["adjustment_factor"] > 0.15, row["decision"]) == (True, "stronger")


def test_results_above_target_make_the_offer_weaker() -> None:
    (row,) = adjusted([week(conversions=60, revenue=2400.0)])
    assert (row["adjustment_factor"], row["strength_after"]) == (pytest.approx(-0.08), pytest.approx(0.98))


def test_what_is_not_measured_leaves_its_weight_to_the_others() -> None:
    (row,) = adjusted([week(impressions=0, clicks=0, conversions=40, revenue=1600.0)])
    assert (row["ctr_actual"], row["ctr_weight"], row["measured_metrics"], row["is_partial"]) == (
        None,
        0.0,
        "cr, apu, rpr",
        True,
    )
    assert row["adjustment_factor"] == pytest.approx(0.5 * 0.2)


@pytest.mark.parametrize(("conversions", "measured"), [(10, "ctr, cr, apu"), (9, "ctr, cr")])
def test_spend_needs_enough_who_converted(conversions: int, measured: str) -> None:
    (row,) = adjusted([week(conversions=conversions, repurchases_known=9)])
    assert row["measured_metrics"] == measured


def test_an_action_whose_only_metric_is_not_measured_stays_as_it_is() -> None:
    (row,) = adjusted([week(impressions=0, clicks=0)], target_rows([("ctr", 0.1, 1.0)]))
    assert (row["adjustment_factor"], row["decision"], row["strength_after"]) == (None, "nothing measured", 1.0)


@pytest.mark.parametrize(("customers", "rows"), [(100, 1), (99, 0)])
def test_a_week_needs_enough_customers(customers: int, rows: int) -> None:
    assert len(adjusted([week(customers=customers)])) == rows


def test_a_week_counts_when_its_response_is_over() -> None:
    assert adjusted([week(is_over=False)]) == []


def test_the_band_holds_its_edge() -> None:
    rule = AdjustmentParameters()
    assert decide(1.0, 0.05, True, rule) == (1.0, "within the band")
    assert decide(1.0, -0.05, True, rule) == (1.0, "within the band")
    assert decide(1.0, 0.0501, True, rule) == (1.012525, "stronger")


def test_one_change_is_bounded_and_so_is_the_strength() -> None:
    rule = AdjustmentParameters()
    assert decide(1.0, 0.9, True, rule) == (1.1, "stronger")
    assert decide(1.0, -9.0, True, rule) == (0.9, "weaker")
    assert decide(1.45, 0.9, True, rule) == (1.5, "stronger")
    assert decide(1.5, 0.9, True, rule) == (1.5, "at its bound")
    assert decide(0.5, -0.9, True, rule) == (0.5, "at its bound")


def test_a_week_sent_before_the_last_change_does_not_change_it_again() -> None:
    weak = {"conversions": 25, "revenue": 1000.0}
    rows = adjusted([week(number, **weak) for number in (0, 1, 4, 5)])
    assert [row["decision"] for row in rows] == [
        "stronger",
        "sent before the last change",
        "sent before the last change",
        "stronger",
    ]


def test_weeks_are_followed_in_the_order_in_which_they_are_known() -> None:
    late = week(0, response_ends_on=FIRST + timedelta(days=60), conversions=25, revenue=1000.0)
    rows = adjusted([late, week(1, conversions=60, revenue=2400.0)])
    assert [(row["measured_week"], row["decision"]) for row in rows] == [
        (FIRST + timedelta(weeks=1), "weaker"),
        (FIRST, "sent before the last change"),
    ]


def test_a_new_target_changes_nothing_that_was_decided_before() -> None:
    decided = FIRST + timedelta(days=28)
    weeks = [week(0, conversions=60, revenue=2400.0), week(8)]
    before = adjusted(weeks)
    later = target_rows(WANTED) + target_rows([("cr", 0.1, 1.0)], decided + timedelta(days=1))
    after = adjusted(weeks, later)
    assert after[0] == before[0]
    assert (after[1]["cr_target"], after[1]["decision"], before[1]["decision"]) == (0.1, "stronger", "within the band")
    on_the_day = adjusted(weeks[:1], target_rows(WANTED) + target_rows([("cr", 0.1, 1.0)], decided))
    assert on_the_day[0]["cr_target"] == 0.1


def test_more_weeks_do_not_rewrite_history() -> None:
    weeks = [week(number, conversions=30 + 7 * number) for number in range(12)]
    everything = adjusted(weeks)
    assert all(adjusted(weeks[:number]) == everything[:number] for number in range(12))


def test_actions_do_not_move_each_other_and_the_order_of_rows_does_not_matter() -> None:
    weeks = [week(0, conversions=25), week(0, conversions=25, action_id="b"), week(6, conversions=60)]
    targets = target_rows(WANTED) + [row | {"action_id": "b"} for row in target_rows(WANTED)]
    rows = adjusted(weeks, targets)
    assert rows == adjusted(weeks[::-1], targets[::-1])
    assert [row["strength_before"] for row in rows if row["action_id"] == "b"] == [1.0]


def test_an_action_without_targets_or_before_them_is_not_adjusted() -> None:
    assert adjusted([week()], []) == []
    assert adjusted([week()], target_rows(WANTED, FIRST + timedelta(days=29))) == []


def test_nothing_measured_is_nothing_adjusted() -> None:
    found = adjust_strategies(WEEK_SCHEMA.empty_table(), TARGET_SCHEMA.empty_table(), AdjustmentParameters())
    assert found.equals(ADJUSTMENT_SCHEMA.empty_table())


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([("cr", 0.1, 0.5), ("apu", 40.0, 0.4)], "the weights of a from 2016-01-01 add up to 0.9; expected"),
        ([("crx", 0.1, 1.0)], "the row 'a,crx,0.1,1.0,2016-01-01' has an unknown metric; expected"),
        ([("cr", 0.0, 1.0)], "the row 'a,cr,0.0,1.0,2016-01-01' has a target out of range"),
        ([("rpr", 1.1, 1.0)], "the row 'a,rpr,1.1,1.0,2016-01-01' has a target out of range"),
        ([("cr", 0.1, 1.1)], "the row 'a,cr,0.1,1.1,2016-01-01' has a weight out of range"),
        ([("cr", 0.1, 0.5), ("cr", 0.2, 0.5)], "the row 'a,cr,0.2,0.5,2016-01-01' stands twice"),
    ],
)
def test_a_target_that_cannot_be_is_named(wanted: list[tuple[str, float, float]], told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        adjusted([], target_rows(wanted))


def test_a_target_without_a_day_is_named() -> None:
    rows = [row | {"valid_from": None} for row in target_rows([("cr", 0.1, 1.0)])]
    with pytest.raises(UserError, match="lacks its action_id or valid_from"):
        adjusted([], rows)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"step": 0.0}, "var adjustment_step is 0.0; expected"),
        ({"max_adjustment": 0.0}, "var max_adjustment is 0.0"),
        ({"dead_band": -0.1}, "var adjustment_dead_band is -0.1; expected"),
        ({"min_strength": 1.1}, "var min_strategy_strength is 1.1"),
        ({"max_strength": 0.9}, "var max_strategy_strength is 0.9"),
        ({"min_customers": 0}, "var min_measured_customers is 0"),
        ({"min_conversions": 0}, "var min_measured_conversions is 0"),
    ],
)
def test_a_rule_that_cannot_be_is_named(rule: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        AdjustmentParameters(**rule)
