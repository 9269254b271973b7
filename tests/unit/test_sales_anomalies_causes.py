from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from upswing.reasons.codes import Reason, from_json
from upswing.sales.sales_anomalies_causes import CAUSE_SCHEMA, UNKNOWN, CauseRules, cause_of, find_causes

RULES = CauseRules(
    anomaly_stock_share=0.5, anomaly_promotion_change=0.2, anomaly_price_change=0.1, anomaly_explained_share=0.5
)
FALL = {"series_level": "product", "score": -5.0, "observed": 20.0, "expected": 100.0}
RISE = {"series_level": "product", "score": 5.0, "observed": 180.0, "expected": 100.0}
ALL = {
    "season_change": -0.4,
    "stock_out_share": 0.5,
    "promoted_share": 0.0,
    "usual_promoted_share": 0.2,
    "promotion_reach": 0.0,
    "usual_promotion_reach": 0.2,
    "price_change": 0.1,
    "price_effect": -0.4,
    "rival_price_cut": -0.1,
    "rival_price_rise": 0.1,
}


@pytest.mark.parametrize(
    ("name", "short", "cause", "next_cause"),
    [
        ("season_change", -0.39, "season", "stock"),
        ("stock_out_share", 0.49, "stock", "promotion"),
        ("promoted_share", 0.01, "promotion", "promotion"),
        ("promotion_reach", 0.01, "promotion", "price"),
        ("price_change", 0.09, "price", "rival"),
        ("rival_price_cut", -0.09, "rival", UNKNOWN),
    ],
)
def test_the_first_cause_that_holds_at_its_boundary(name: str, short: str, cause: str, next_cause: str) -> None:
    names = list(ALL)
    evidence = dict.fromkeys(names[: names.index(name)]) | {key: ALL[key] for key in names[names.index(name) :]}
    assert cause_of(FALL, evidence, RULES)[0] == cause
    assert cause_of(FALL, evidence | {name: short}, RULES)[0] == next_cause


def test_what_is_not_known_is_no_cause() -> None:
    for evidence in ({}, dict.fromkeys(ALL)):
        for anomaly in (FALL, RISE):
            assert cause_of(anomaly, evidence, RULES) == (UNKNOWN, Reason("nothing_known", {}))


def test_a_rise_has_the_causes_the_other_way_round_and_no_lack_of_stock() -> None:
    turned: dict[str, float | None] = {
        "season_change": 0.4,
        "promoted_share": 0.7,
        "usual_promoted_share": 0.5,
        "price_change": -0.1,
        "price_effect": 0.4,
        "rival_price_cut": -0.4,
        "rival_price_rise": 0.1,
        "stock_out_share": 1.0,
    }
    found = []
    while True:
        cause, reason = cause_of(RISE, turned, RULES)
        found.append((cause, reason.code))
        if cause == UNKNOWN:
            break
        gone = {"season": "season_change", "promotion": "promoted_share", "price": "price_change"}
        turned[gone.get(cause, "rival_price_rise")] = None
    assert found == [
        ("season", "season_rise"),
        ("promotion", "promoted_share_moved"),
        ("price", "price_lower"),
        ("rival", "rival_dearer"),
        (UNKNOWN, "nothing_known"),
    ]


@pytest.mark.parametrize(
    ("anomaly", "evidence", "cause"),
    [
        pytest.param(FALL, {"price_change": 0.12, "price_effect": -0.06}, UNKNOWN, id="too small for its elasticity"),
        pytest.param(FALL, {"price_change": 0.3, "price_effect": -0.4}, "price", id="half of the change"),
        pytest.param(FALL, {"price_change": 0.3, "price_effect": 0.4}, UNKNOWN, id="the other way"),
        pytest.param(FALL, {"price_change": 0.3, "price_effect": None}, UNKNOWN, id="no elasticity"),
        pytest.param(FALL, {"price_change": -0.3, "price_effect": -0.4}, UNKNOWN, id="a cut of an inelastic price"),
        pytest.param(
            FALL | {"observed": 0.0}, {"price_change": 0.3, "price_effect": -0.4}, UNKNOWN, id="not to nothing"
        ),
        pytest.param(RISE | {"expected": 0.0}, {"price_change": -0.3, "price_effect": 9.0}, UNKNOWN, id="from nothing"),
        pytest.param(FALL, {"season_change": 0.4}, UNKNOWN, id="the season went up"),
    ],
)
def test_a_price_or_a_season_accounts_for_a_fair_share(
    anomaly: dict[str, Any], evidence: dict[str, Any], cause: str
) -> None:
    assert cause_of(anomaly, evidence, RULES)[0] == cause


def test_after_christmas_the_season_beats_the_price() -> None:
    """A paper chain falls each January, and those who still buy it pay more."""
    evidence = {"price_change": 0.35, "price_effect": -0.5, "season_change": -0.7}
    cause, reason = cause_of(FALL, evidence, RULES)
    assert (cause, reason) == ("season", Reason("season_fall", {"value": 0.7}, -0.7))


def test_the_share_that_a_price_accounts_for_is_at_most_all() -> None:
    _, reason = cause_of(FALL, {"price_change": 0.5, "price_effect": -0.6}, RULES)
    assert reason == Reason("price_higher", {"value": 0.5, "share": pytest.approx(0.75)}, -0.6)
    _, reason = cause_of(FALL, {"price_change": 0.5, "price_effect": -0.95}, RULES)
    assert reason.parameters["share"] == 1.0


def test_of_a_category_the_evidence_names_the_share_out_of_stock() -> None:
    category = FALL | {"series_level": "category"}
    assert cause_of(category, {"stock_out_share": 0.6}, RULES)[1] == Reason("products_out_of_stock", {"value": 0.6})


def row(level: str, series: str, day: int, score: float) -> dict[str, Any]:
    return {
        "series_level": level,
        "series_id": series,
        "week_starting": date(2017, 12, day),
        "anomaly_kind": "drop" if score < 0 else "spike",
        "score": score,
        "observed": 20.0 if score < 0 else 300.0,
        "expected": 100.0,
    }


def test_each_anomaly_has_its_row_and_where_nothing_holds_its_category_is_named() -> None:
    anomalies = [
        row("category", "x", 25, -5),
        row("product", "a", 25, -5),
        row("product", "b", 25, 5),
        row("product", "c", 18, -5),
        row("product", "d", 25, -5),
    ]
    evidence = [row("product", "d", 25, -5) | {"stock_out_share": 1.0}]
    series = [{"series_level": "product", "series_id": name, "category": "x"} for name in "abcd"]
    found = find_causes(
        pa.Table.from_pylist(anomalies), pa.Table.from_pylist(evidence), pa.Table.from_pylist(series), RULES
    )
    assert found.schema == CAUSE_SCHEMA
    rows = found.to_pylist()
    assert [(one["series_id"], one["probable_cause"]) for one in rows] == [
        ("x", UNKNOWN),
        ("a", UNKNOWN),
        ("b", UNKNOWN),
        ("c", UNKNOWN),
        ("d", "stock"),
    ]
    codes = [from_json(one["cause_codes"])[0].code for one in rows]
    assert codes == ["nothing_known", "category_fell", "nothing_known", "nothing_known", "out_of_stock"]
    assert rows[1]["cause_evidence"] == "its whole category fell in this week"


def test_without_anomalies_no_row() -> None:
    anomalies = pa.Table.from_pylist([row("product", "a", 25, -5)]).slice(0, 0)
    series = pa.Table.from_pylist([{"series_level": "product", "series_id": "a", "category": "x"}])
    assert find_causes(anomalies, anomalies, series, RULES).num_rows == 0
