"""What a gate found, a row an expectation, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa

from upswing.quality.expectations import Expected

RESULT_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("layer", pa.string()),
        ("table_name", pa.string()),
        ("expectation_id", pa.string()),
        ("column_name", pa.string()),
        ("expectation", pa.string()),
        ("severity", pa.string()),
        ("success", pa.bool_()),
        ("observed", pa.string()),
        ("expected", pa.string()),
        ("observed_value", pa.float64()),
        ("unexpected_rows", pa.int64()),
        ("checked_rows", pa.int64()),
        ("sample_rows", pa.string()),
        ("owner", pa.string()),
        ("protected_marts", pa.string()),
        ("checked_at", pa.timestamp("us")),
        ("reference_at", pa.timestamp("us")),
        ("content", pa.string()),
        ("settings", pa.string()),
        ("profile", pa.string()),
    ]
)
"""Rows of a gate: one per run, table and expectation. ``success`` is null where nothing was judged."""

NOT_JUDGED = "not_judged"
Result = dict[str, Any]


def result_of(expected: Expected, found: Mapping[str, Any], rows: int) -> Result:
    """The columns of a result that the expectation and what was found of it give.

    Args:
        expected: the expectation.
        found: ``success`` and what Great Expectations returned: ``observed_value``, or ``unexpected_count`` of
            ``element_count`` values.
        rows: of the table.
    """
    observed: float | None
    unexpected: int | None
    if "unexpected_count" in found and expected.kind in ("not_null", "between", "in_set"):
        elements = int(found.get("element_count") or 0) - int(found.get("missing_count") or 0)
        unexpected = broken = int(found["unexpected_count"] or 0)
        observed = 1 - broken / elements if elements else None
        kept = "nothing to judge" if observed is None else f"{observed:.2%} keep it"
        shown, wanted = kept, f"at least {expected.mostly:.2%}"
    else:
        value = found.get("observed_value")
        observed = None if value is None else float(value)
        unexpected = round(observed * rows) if observed is not None and expected.unit == "share" else None
        shown, wanted = shown_value(observed, expected.unit), _wanted(expected)
    success = bool(found["success"])
    return {
        "expectation_id": expected.expectation_id,
        "column_name": expected.column,
        "expectation": expected.words,
        "severity": expected.severity if success else expected.severity_of(observed),
        "success": success,
        "observed": shown,
        "expected": wanted,
        "observed_value": observed,
        "unexpected_rows": unexpected,
        "checked_rows": rows,
    }


def shown_value(value: float | None, unit: str) -> str:
    """A figure as a person reads it."""
    if value is None:
        return "nothing to judge"
    if unit == "day":
        return str(date(1970, 1, 1) + timedelta(days=int(value)))
    formats = {"share": "{:.2%}", "rows": "{:,.0f}", "psi": "{:.3f}"}
    return formats.get(unit, "{:,.6g}").format(value)


def failures(results: Sequence[Result], severity: str | None = None) -> list[Result]:
    """The results that failed, of a severity where one is named."""
    return [result for result in results if result["success"] is False and severity in (None, result["severity"])]


def told(result: Result) -> str:
    """A failure in words: table, column, expected, found, owner, the marts not to be trusted, and sample rows."""
    place = ".".join(part for part in (result["table_name"], result["column_name"]) if part)
    lines = [
        f"{result['severity']}: {result['layer']} {place}: {result['expectation']}",
        f"  expected {result['expected']}, found {result['observed']} ({result['checked_rows']:,} rows)",
        f"  owner: {result['owner']}; marts not to be trusted: {result['protected_marts'] or 'none'}",
    ]
    if result["sample_rows"]:
        lines.append(f"  for example {result['sample_rows']}")
    return "\n".join(lines)


def as_text(results: Sequence[Result]) -> str:
    """The failures in words, errors first, and how much was judged of each layer."""
    lines = [told(result) for severity in ("error", "warn") for result in failures(results, severity)]
    for layer in dict.fromkeys(result["layer"] for result in results):
        of_layer = [result for result in results if result["layer"] == layer]
        judged = [result for result in of_layer if result["success"] is not None]
        errors, warnings = len(failures(judged, "error")), len(failures(judged, "warn"))
        lines.append(
            f"{layer}: {len({result['table_name'] for result in judged})} tables, {len(judged)} expectations: "
            f"{errors} failed at the level error, {warnings} at the level warn; "
            f"{len(of_layer) - len(judged)} tables too small to judge"
        )
    return "\n".join(lines)


def as_json(results: Sequence[Result]) -> str:
    """The results as JSON: what failed is counted, and each result a record."""
    hidden = {"content", "settings", "profile"}
    records = [{name: value for name, value in result.items() if name not in hidden} for result in results]
    counts = {severity: len(failures(results, severity)) for severity in ("error", "warn")}
    return json.dumps({"failed": counts, "results": records}, indent=2, ensure_ascii=False, default=str)


def as_junit(results: Sequence[Result]) -> str:
    """The results as JUnit XML: a suite a table, a case an expectation; warnings pass and say so in their output."""
    suites = ElementTree.Element("testsuites", name="upswing check")
    tables = sorted({(result["layer"], result["table_name"]) for result in results})
    for layer, table in tables:
        of_table = [result for result in results if (result["layer"], result["table_name"]) == (layer, table)]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=f"{layer}.{table}",
            tests=str(len(of_table)),
            failures=str(len(failures(of_table, "error"))),
            skipped=str(sum(result["success"] is None for result in of_table)),
        )
        for result in of_table:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{layer}.{table}", name=result["expectation_id"]
            )
            if result["success"] is None:
                ElementTree.SubElement(case, "skipped", message=result["expectation"])
            elif not result["success"] and result["severity"] == "error":
                ElementTree.SubElement(case, "failure", message=result["expectation"]).text = told(result)
            elif not result["success"]:
                ElementTree.SubElement(case, "system-out").text = told(result)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def _wanted(expected: Expected) -> str:
    lowest, highest = (
        None if bound is None else shown_value(bound, expected.unit) for bound in (expected.minimum, expected.maximum)
    )
    if lowest is None and highest is None:
        return "anything: nothing is published to compare with"
    if lowest is None:
        return f"at most {highest}"
    return f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
