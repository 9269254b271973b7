"""The claim that no fit holds a person: seen to hold, and seen to break in each way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from upswing.privacy.compliance import BROKEN, HOLDS, NOT_CHECKED
from upswing.privacy.compliance_fits import Known, mask_names, no_fit_holds_a_person
from upswing.privacy.vault import Identity
from upswing.tensors import pack, pack_texts

FITTED_AT = datetime(2026, 1, 2, 3, 4, 5)
PEOPLE = [
    Identity("C-1001", "Jane Doe", "jane@doe.example", "+49 30 1234567"),
    *(Identity(str(number), "Bo Li") for number in range(17, 27)),
]
MACRO = Path(__file__).parents[2] / "macros" / "masked_text.sql"


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with deals, some of whose ids are mere numbers, and a fit that names nobody."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table deals as select unnest(['OP-2041', '1', '2', '3', '4', '5', '6']) as opportunity_id"
        )
        connection.execute(
            "create table fit_conversion_classifier (model_version varchar, fitted_at timestamp, parameters varchar, "
            "metrics varchar, weights blob)"
        )
        add(connection, terms=["bo li", "budget", "jam", "jane", "1", "2017", "roadshow"])
        yield connection


def add(
    connection: duckdb.DuckDBPyConnection,
    facts: dict[str, Any] | None = None,
    parameters: object = None,
    metrics: object = None,
    weights: bytes | None = None,
    fitted_at: datetime = FITTED_AT,
    version: str = "00001-a",
    **texts: list[str],
) -> None:
    """A fit with packed texts by the names of their arrays."""
    arrays = {name: pack_texts(items) for name, items in texts.items()} | {"numbers": np.arange(3.0)}
    row = [version, fitted_at, json.dumps(parameters), json.dumps(metrics), weights or pack(arrays, facts or {})]
    connection.execute("insert into fit_conversion_classifier values (?, ?, ?, ?, ?)", row)


def known(build: duckdb.DuckDBPyConnection, names: frozenset[str] = frozenset({"jakub"})) -> Known:
    return Known.of(build, PEOPLE, names, 5)


def test_words_that_many_share_and_chance_numbers_are_nobody(build: duckdb.DuckDBPyConnection) -> None:
    """Ten customers are called Bo Li; 1 is the id of a deal, and a number; Jane alone is not Jane Doe."""
    found = no_fit_holds_a_person(build, known(build), None)
    assert found.result == HOLDS, found.evidence
    assert "1 fits" in found.evidence


@pytest.mark.parametrize(
    ("fit", "what"),
    [
        ({"terms": ["budget", "jane doe"]}, "terms: 1 names, addresses or numbers of customers"),
        ({"terms": ["jakub", "ask jakub", "budget"]}, "terms: 2 terms with a name"),
        ({"ids": ["OP-2041", "budget"]}, "ids: 1 ids of customers or deals"),
        ({"ids": ["1", "2", "3", "4", "5", "2017"]}, "ids: 5 ids of customers or deals"),
        ({"ids": ["17", "18", "19", "20", "21"]}, "ids: 5 ids of customers or deals"),
        ({"trees": ["tree", "feature_names=x 0123456789abcdef01234567"]}, "trees: 1 pseudonyms"),
        ({"facts": {"best": {"C-1001": 0.5}}}, "facts: 1 ids of customers or deals"),
        ({"parameters": {"like": ["C-1001"]}}, "parameters: 1 ids of customers or deals"),
        ({"metrics": [{"slice_value": "jane@doe.example"}]}, "metrics: 1 names, addresses or numbers of customers"),
        ({"weights": b"\x80\x04pickle 0123456789abcdef01234567 \xff"}, "weights: 1 pseudonyms"),
    ],
)
def test_whoever_stands_in_a_fit_is_found_and_not_named(
    build: duckdb.DuckDBPyConnection, fit: dict[str, Any], what: str
) -> None:
    add(build, version="00002-b", **fit)
    found = no_fit_holds_a_person(build, known(build), None)
    assert found.result == BROKEN
    assert f"fit_conversion_classifier 00002-b, {what}" in found.evidence
    assert not [name for name in ("jane", "doe", "1001", "2041", "0123") if name in found.evidence.lower()]
    assert "dbt build" in found.mend


def test_a_fit_from_before_an_erasure_is_told_until_it_is_made_again(build: duckdb.DuckDBPyConnection) -> None:
    erased_at = FITTED_AT + timedelta(hours=1)
    found = no_fit_holds_a_person(build, known(build), erased_at)
    assert (found.result, "00001-a was made before customers were erased" in found.evidence) == (BROKEN, True)
    assert no_fit_holds_a_person(build, known(build), FITTED_AT - timedelta(seconds=2)).result == HOLDS
    build.execute("update fit_conversion_classifier set weights = null")
    add(build, terms=["budget"], fitted_at=erased_at + timedelta(hours=1), version="00002-b")
    assert no_fit_holds_a_person(build, known(build), erased_at).result == HOLDS
    build.execute("alter table fit_conversion_classifier rename to fit_sales_forecaster")
    assert no_fit_holds_a_person(build, known(build), datetime(2100, 1, 1)).result == HOLDS


def test_without_a_vault_or_a_duckdb_file_nothing_is_claimed(build: duckdb.DuckDBPyConnection) -> None:
    assert no_fit_holds_a_person(build, None, None).result == NOT_CHECKED
    assert no_fit_holds_a_person(None, None, None).result == NOT_CHECKED


def test_the_names_are_those_that_the_mask_hides_in_small_letters() -> None:
    names = mask_names(MACRO)
    assert {"jakub", "priya", "zoë", "okafor"} <= names
    assert names.isdisjoint({"grace", "rob", "jan", "will", "", "mark"})
    assert mask_names(MACRO.with_name("no_such_macro.sql")) == frozenset()
