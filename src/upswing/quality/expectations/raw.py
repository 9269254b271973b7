"""The border of the raw tables: was it delivered, can it be read, does it lie where it should in time.

The suites are made from the raw contract, so that a column that is added to it is judged without a line here. What is
judged are the parsed rows: each delivered row is one of them, the good with their values, the bad with what they break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from upswing.quality.expectations import Expected, Reference, Suite

MAX_BROKEN_SHARE = 0.05
"""The share of rows that may break the contract in one column before a warning."""

STOP_BROKEN_SHARE = 0.5
"""The share from which the column is another one, or in another format: what is left of the table is not the table."""

MAX_FUTURE_SHARE = 0.01
MAX_NULL_CHANGE = 0.2


def suite(contract: Mapping[str, Any], reference: Reference) -> Suite:
    """The suite of a raw table.

    Args:
        contract: of the table: ``columns``, each with ``name``, ``data_type``, ``required`` and ``observed``.
        reference: what the last published run knew of it.
    """
    expectations: list[Expected] = []
    for column in contract["columns"]:
        name = column["name"]
        if column["data_type"] != "string" or column.get("required") or column.get("accepted_values"):
            expectations.append(_readable(name))
        if not column.get("required"):
            expectations.append(_as_often_null(name, reference))
        if column.get("observed"):
            expectations += _in_time(name, reference)
    return Suite(expectations, keys=("raw_row_number", "contract_rejection"))


def suites(contracts: Sequence[Mapping[str, Any]], references: Mapping[str, Reference]) -> dict[str, Suite]:
    """The suites of all raw tables, by table."""
    return {contract["name"]: suite(contract, references.get(contract["name"], Reference())) for contract in contracts}


def _readable(column: str) -> Expected:
    broken = f"('; ' || contract_rejection) like '%; {column} %'"
    return Expected(
        "measure",
        f"at most {MAX_BROKEN_SHARE:.0%} of the rows break the raw contract in {column}",
        column,
        name="broken",
        maximum=MAX_BROKEN_SHARE,
        error_maximum=STOP_BROKEN_SHARE,
        formula=f"coalesce(avg(case when {broken} then 1.0 else 0.0 end), 0)",
        broken=broken,
        unit="share",
    )


def _as_often_null(column: str, reference: Reference) -> Expected:
    unbounded = Expected(
        "measure",
        f"{column} is missing about as often as in the last published run",
        column,
        name="nulls",
        formula=f"coalesce(avg(case when {column} is null then 1.0 else 0.0 end), 0)",
        broken=f"{column} is null",
        unit="share",
    )
    before = reference.values.get(unbounded.expectation_id)
    if before is None:
        return unbounded
    bounds = {"minimum": before - MAX_NULL_CHANGE, "maximum": before + MAX_NULL_CHANGE}
    return Expected(**(vars(unbounded) | bounds))


def _in_time(column: str, reference: Reference) -> list[Expected]:
    newest = Expected(
        "measure",
        f"the newest {column} is no earlier than in the last published run",
        column,
        name="newest",
        formula=f"date_diff('day', date '1970-01-01', cast(max({_until_today(column)}) as date))",
        unit="day",
    )
    before = reference.values.get(newest.expectation_id)
    late = f"cast({column} as date) > current_date + 1"
    return [
        newest if before is None else Expected(**(vars(newest) | {"minimum": before})),
        Expected(
            "measure",
            f"at most {MAX_FUTURE_SHARE:.0%} of {column} lie after today",
            column,
            name="future",
            maximum=MAX_FUTURE_SHARE,
            error_maximum=STOP_BROKEN_SHARE,
            formula=f"coalesce(avg(case when {late} then 1.0 else 0.0 end), 0)",
            broken=late,
            unit="share",
        ),
    ]


def _until_today(column: str) -> str:
    return f"case when contract_rejection is null and cast({column} as date) <= current_date + 1 then {column} end"
