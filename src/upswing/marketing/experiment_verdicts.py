"""What the row of an experiment means, in words."""

from __future__ import annotations

from typing import Any

NAMES = {
    "conversion_rate": "the conversion rate",
    "click_rate": "the click rate",
    "revenue_per_customer": "attributed revenue per customer",
    "order_revenue_per_customer": "order revenue per customer",
}
POINTS = ("conversion_rate", "click_rate")


def verdict_of(row: dict[str, Any]) -> str:
    """One row of ``judge_experiments``, with its ``split`` and how many are in its ``family``, in a sentence.

    A wrong split comes first: whatever the row says must not be used then.
    """
    if row["is_split_wrong"]:
        return _wrong_split(row)
    name, against = NAMES[row["metric"]], f"{row['variant']} against {row['reference_variant']}"
    if row["p_value"] is None:
        return f"{against}: not told for {name}, there is too little to compare"
    between = f"{_amount(row, row['lower'], True)} to {_amount(row, row['upper'], True)}"
    if row["is_significant"]:
        goes = "raises" if row["effect"] > 0 else "lowers"
        still = "" if row["is_final"] else " already, though the campaign still runs"
        return f"{against}: {goes} {name} by {_amount(row, abs(row['effect']))}{still} (interval {between})"
    if not row["is_final"]:
        return (
            f"{against}: still running, {row['passed_share']:.0%} of the time of response has passed; no difference in "
            f"{name} can be told yet (interval {between})"
        )
    if row["q_value"] > row["p_value"] and (row["lower"] > 0 or row["upper"] < 0):
        return (
            f"{against}: there is a difference in {name} ({between}) that may be chance among the "
            f"{row['family']} looked at in this campaign"
        )
    least = row["minimum_detectable_effect"]
    power = f"; one of {_amount(row, least)} would probably have been found" if least else ""
    return f"{against}: no difference in {name} could be told ({between}){power}"


def _wrong_split(row: dict[str, Any]) -> str:
    parts = ", ".join(f"{variant} {count:,} where {share * _all(row):,.0f}" for variant, count, share in row["split"])
    came = "were planned" if row["split_source"] == "planned" else "would be usual"
    return f"do not use: {parts} {came}; customers were lost or added after they were drawn, find out where"


def _all(row: dict[str, Any]) -> int:
    return int(sum(count for _, count, _ in row["split"]))


def _amount(row: dict[str, Any], value: float, is_signed: bool = False) -> str:
    sign = "+" if is_signed else ""
    return f"{100 * value:{sign}.1f} points" if row["metric"] in POINTS else f"{value:{sign}.2f}"
