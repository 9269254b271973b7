"""The likeliest of the known causes of an anomaly, and what that is concluded from.

A cause comes before or with its effect: of a level shift it must hold in the first week already and last with it
(``score_anomaly_evidence``). What the same weeks did a year before is the season and no other cause, and a price is a
cause only where its elasticity accounts for a fair share of the change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from upswing.reasons.codes import Reason, to_json
from upswing.reasons.words import worded

KEYS = ("series_level", "series_id", "week_starting", "anomaly_kind")

CAUSE_SCHEMA = pa.schema(
    [
        pa.field("series_level", pa.string()),
        pa.field("series_id", pa.string()),
        pa.field("week_starting", pa.date32()),
        pa.field("anomaly_kind", pa.string()),
        pa.field("probable_cause", pa.string()),
        pa.field("cause_evidence", pa.string()),
        pa.field("cause_codes", pa.string()),
    ]
)

UNKNOWN = "none known"

Evidence = Mapping[str, Any]


@dataclass(frozen=True)
class CauseRules:
    """From when on something is a cause.

    Attributes:
        anomaly_stock_share: least share of the revenue before that came from products out of stock.
        anomaly_promotion_change: least change of the share of units, or of stores, on promotion.
        anomaly_price_change: least relative change of our price or a rival's.
        anomaly_explained_share: least share of the change for which the season, or our price, accounts.
    """

    anomaly_stock_share: float
    anomaly_promotion_change: float
    anomaly_price_change: float
    anomaly_explained_share: float


def find_causes(anomalies: pa.Table, evidence: pa.Table, series: pa.Table, rules: CauseRules) -> pa.Table:
    """The cause of each anomaly.

    Args:
        anomalies: as ``score_sales_anomalies`` holds them.
        evidence: as ``score_anomaly_evidence`` holds it; an anomaly may lack its row.
        series: series_level, series_id and category of ``int_forecast_series``.
        rules: see there.

    Returns:
        A row of :data:`CAUSE_SCHEMA` for each anomaly, in their order.
    """
    known = {_key(row): row for row in evidence.to_pylist()}
    category = {(row["series_level"], row["series_id"]): row["category"] for row in series.to_pylist()}
    rows = anomalies.to_pylist()
    moved = {
        (row["series_id"], row["week_starting"], row["score"] > 0) for row in rows if row["series_level"] == "category"
    }
    found = []
    for row in rows:
        cause, reason = cause_of(row, known.get(_key(row), {}), rules)
        if cause == UNKNOWN and row["series_level"] == "product":
            own = category.get((row["series_level"], row["series_id"]))
            if (own, row["week_starting"], row["score"] > 0) in moved:
                reason = Reason("category_rose" if row["score"] > 0 else "category_fell", {})
        found.append(
            {name: row[name] for name in KEYS}
            | {"probable_cause": cause, "cause_evidence": worded([reason]), "cause_codes": to_json([reason])}
        )
    return pa.Table.from_pylist(found, schema=CAUSE_SCHEMA)


def cause_of(anomaly: Mapping[str, Any], evidence: Evidence, rules: CauseRules) -> tuple[str, Reason]:
    """The first cause that holds, and its reason; what is not known (None) is no cause.

    Args:
        anomaly: series_level, score, observed and expected.
        evidence: a row of ``score_anomaly_evidence``, or nothing.
        rules: see there.
    """
    way = 1 if anomaly["score"] > 0 else -1
    change = _relative_change(anomaly)
    for cause, reason in (
        ("season", _season(way, change, evidence, rules)),
        ("stock", _stock(way, anomaly, evidence, rules)),
        ("promotion", _promotion(way, evidence, rules)),
        ("price", _price(way, change, evidence, rules)),
        ("rival", _rival(way, evidence, rules)),
    ):
        if reason is not None:
            return cause, reason
    return UNKNOWN, Reason("nothing_known", {})


def _season(way: int, change: float, evidence: Evidence, rules: CauseRules) -> Reason | None:
    season = evidence.get("season_change")
    if season is None or not _accounts(season, way, change, rules):
        return None
    return Reason("season_rise" if way > 0 else "season_fall", {"value": abs(season)}, season)


def _stock(way: int, anomaly: Mapping[str, Any], evidence: Evidence, rules: CauseRules) -> Reason | None:
    share = evidence.get("stock_out_share")
    if way > 0 or share is None or share < rules.anomaly_stock_share:
        return None
    if anomaly["series_level"] == "product":
        return Reason("out_of_stock", {})
    return Reason("products_out_of_stock", {"value": share})


def _promotion(way: int, evidence: Evidence, rules: CauseRules) -> Reason | None:
    for name, code in (("promoted_share", "promoted_share_moved"), ("promotion_reach", "promotion_reach_moved")):
        value, usual = evidence.get(name), evidence.get(f"usual_{name}")
        if (
            value is not None
            and usual is not None
            and round(way * (value - usual), 6) >= rules.anomaly_promotion_change
        ):
            return Reason(code, {"value": value, "usual": usual})
    return None


def _price(way: int, change: float, evidence: Evidence, rules: CauseRules) -> Reason | None:
    """Only a price that moved the other way, and by enough for its elasticity to account for the change."""
    moved, effect = evidence.get("price_change"), evidence.get("price_effect")
    if moved is None or effect is None or round(-way * moved, 6) < rules.anomaly_price_change:
        return None
    if not _accounts(effect, way, change, rules):
        return None
    share = min(effect / change, 1.0)
    return Reason("price_lower" if way > 0 else "price_higher", {"value": abs(moved), "share": share}, effect)


def _rival(way: int, evidence: Evidence, rules: CauseRules) -> Reason | None:
    moved = evidence.get("rival_price_rise" if way > 0 else "rival_price_cut")
    if moved is None or round(way * moved, 6) < rules.anomaly_price_change:
        return None
    return Reason("rival_dearer" if way > 0 else "rival_cheaper", {"value": abs(moved)})


def _accounts(effect: float, way: int, change: float, rules: CauseRules) -> bool:
    """Whether a relative effect on revenue goes the way of the change and makes a fair share of it."""
    return effect * way > 0 and effect * way >= rules.anomaly_explained_share * abs(change)


def _relative_change(anomaly: Mapping[str, Any]) -> float:
    """Revenue over what was expected, less 1; nothing accounts for a rise from nothing."""
    return anomaly["observed"] / anomaly["expected"] - 1 if anomaly["expected"] > 0 else math.inf


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEYS)
