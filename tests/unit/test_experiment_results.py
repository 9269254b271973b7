from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from upswing.marketing.experiment_results import RESULT_SCHEMA, ReadingParameters, judge_experiments

ARMS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("variant", pa.string()),
        ("metric", pa.string()),
        ("customers", pa.int64()),
        ("measure_sum", pa.float64()),
        ("measure_squares", pa.float64()),
        ("prior_sum", pa.float64()),
        ("prior_squares", pa.float64()),
        ("products", pa.float64()),
        ("passed_share", pa.float64()),
        ("planned_share", pa.float64()),
        ("is_control", pa.bool_()),
        ("is_over", pa.bool_()),
    ]
)


def arm(variant: str, customers: int, hits: int, metric: str = "conversion_rate", **other: Any) -> dict[str, Any]:
    return {
        "campaign_id": "c",
        "variant": variant,
        "metric": metric,
        "customers": customers,
        "measure_sum": hits,
        "measure_squares": hits,
        "prior_sum": 0.0,
        "prior_squares": 0.0,
        "products": 0.0,
        "passed_share": 1.0,
        "planned_share": None,
        "is_control": variant in ("control", "holdout"),
        "is_over": True,
    } | other


def judge(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found = judge_experiments(pa.Table.from_pylist(list(rows), schema=ARMS), ReadingParameters())
    return list(found.to_pylist())


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("effect_confidence", 1.0),
        ("experiment_false_discovery_rate", 0.0),
        ("experiment_power", 0.4),
        ("split_alarm_rate", 0.2),
    ],
)
def test_bad_parameters_are_named(name: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=f"var {name} is {wrong}; expected a number above"):
        ReadingParameters(**{name: wrong})


def test_no_experiment_is_no_row() -> None:
    found = judge_experiments(ARMS.empty_table(), ReadingParameters())
    assert found.num_rows == 0
    assert found.schema == RESULT_SCHEMA


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [
        arm(variant, 500, hits, metric, campaign_id=campaign)
        for campaign in ("d", "c")
        for metric in ("conversion_rate", "order_revenue_per_customer")
        for variant, hits in (("control", 50), ("x", 70), ("y", 61))
    ]
    shuffled = [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]
    assert judge(*rows) == judge(*shuffled)


def test_the_reference_is_who_got_nothing_else_the_first() -> None:
    held = judge(arm("a", 500, 50), arm("holdout", 500, 40), arm("b", 500, 45))
    assert [(row["variant"], row["reference_variant"], row["is_held_out"]) for row in held] == [
        ("a", "holdout", True),
        ("b", "holdout", True),
    ]
    (alone,) = judge(arm("b", 500, 50), arm("a", 500, 40))
    assert (alone["variant"], alone["reference_variant"], alone["is_held_out"]) == ("b", "a", False)


def test_clicks_are_compared_among_those_who_could() -> None:
    rows = judge(
        *(arm(variant, 400, 60) for variant in ("control", "a", "b")),
        *(arm(variant, 400, hits, "click_rate") for variant, hits in (("a", 40), ("b", 90))),
    )
    (clicks,) = [row for row in rows if row["metric"] == "click_rate"]
    assert (clicks["variant"], clicks["reference_variant"], clicks["is_significant"]) == ("b", "a", True)


def test_an_effect_is_told_with_its_interval() -> None:
    (found,) = judge(arm("control", 1_000, 100), arm("treatment", 1_000, 150))
    assert found["is_significant"]
    assert found["effect"] == pytest.approx(0.05)
    assert found["relative_effect"] == pytest.approx(0.5)
    assert found["verdict"].startswith("treatment against control: raises")
    assert "5.0 points (interval +2" in found["verdict"]
    (lowered,) = judge(arm("control", 1_000, 150), arm("treatment", 1_000, 100))
    assert "lowers the conversion rate by 5.0" in lowered["verdict"]


def test_what_could_not_be_found_is_told() -> None:
    (found,) = judge(arm("control", 1_000, 100), arm("treatment", 1_000, 105))
    assert not found["is_significant"]
    assert "no difference" in found["verdict"]
    assert "one of 3.8 points" in found["verdict"]


def test_a_wrong_split_forbids_any_use() -> None:
    (found,) = judge(arm("control", 1_000, 100, planned_share=0.5), arm("treatment", 1_300, 260, planned_share=0.5))
    assert found["is_split_wrong"]
    assert not found["is_significant"]
    assert found["q_value"] < 0.001
    assert found["verdict"].startswith("do not use: control 1,000 where 1,150, treatment 1,300 where 1,150")


def test_the_same_numbers_say_less_while_the_campaign_runs() -> None:
    (final,) = judge(arm("control", 1_000, 100), arm("treatment", 1_000, 130))
    running: dict[str, Any] = {"is_over": False, "passed_share": 0.5}
    (early,) = judge(arm("control", 1_000, 100, **running), arm("treatment", 1_000, 130, **running))
    assert final["is_significant"]
    assert not early["is_significant"]
    assert early["fixed_p_value"] == final["p_value"] < early["p_value"]
    assert early["lower"] < final["lower"] < final["upper"] < early["upper"]
    assert "still running, 50%" in early["verdict"]
    (clear,) = judge(arm("control", 1_000, 100, **running), arm("treatment", 1_000, 180, **running))
    assert clear["is_significant"]
    assert "already, though the campaign still runs" in clear["verdict"]


@pytest.mark.parametrize(("hits", "is_told"), [(9, False), (10, True)])
def test_a_handful_of_answers_is_not_read_while_running(hits: int, is_told: bool) -> None:
    running: dict[str, Any] = {"is_over": False, "passed_share": 0.1}
    (found,) = judge(arm("control", 1_000, 0, **running), arm("treatment", 1_000, hits, **running))
    assert (found["p_value"] is not None) == is_told
    assert ("too little to compare" in found["verdict"]) != is_told


def test_what_does_not_stand_among_many_is_said_to_be_chance_perhaps() -> None:
    rows = judge(
        arm("control", 1_000, 100), *(arm(f"v{number}", 1_000, 100) for number in range(5)), arm("x", 1_000, 129)
    )
    (found,) = [row for row in rows if row["variant"] == "x"]
    assert found["p_value"] < 0.05 < found["q_value"]
    assert not found["is_significant"]
    assert "may be chance among the 6" in found["verdict"]


def test_a_campaign_that_nobody_answered_tells_no_least_effect() -> None:
    (found,) = judge(arm("control", 50, 0), arm("treatment", 50, 0))
    assert found["p_value"] == 1
    assert found["minimum_detectable_effect"] is None
    assert found["verdict"].endswith("(-7.1 points to +7.1 points)")


def test_one_customer_a_variant_is_judged_without_error() -> None:
    (rate, money) = judge(
        *(
            arm(variant, 1, 1, metric)
            for variant in ("control", "treatment")
            for metric in ("conversion_rate", "revenue_per_customer")
        )
    )
    assert not rate["is_significant"]
    assert money["p_value"] is None
    assert "too little to compare" in money["verdict"]
