"""What the raw contract lets through fits what the models make of it, and what it says of them is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "models" / "staging" / "raw" / "_raw__sources.yml"
EXACT = 10.0**14
"""A decimal(18, 4), in which rows are added up, holds what lies within it."""


def raw_tables() -> dict[str, list[dict[str, Any]]]:
    """The columns of each raw table of the contract."""
    (raw,) = (source for source in yaml.safe_load(SOURCES.read_text())["sources"] if source["name"] == "raw")
    return {table["name"]: table["columns"] for table in raw["tables"]}


def test_each_number_has_bounds_that_a_decimal_holds() -> None:
    numbers = {
        f"{table}.{column['name']}": column.get("config", {}).get("meta", {})
        for table, columns in raw_tables().items()
        for column in columns
        if column["data_type"] == "double"
    }
    assert len(numbers) > 10
    for name, meta in numbers.items():
        assert -EXACT < meta["minimum"] < meta["maximum"] < EXACT, name


def test_freshness_and_the_clock_read_columns_of_the_contract() -> None:
    (raw,) = (source for source in yaml.safe_load(SOURCES.read_text())["sources"] if source["name"] == "raw")
    for table in raw["tables"]:
        columns = {column["name"]: column.get("config", {}).get("meta", {}) for column in table["columns"]}
        loaded_at = table["config"].get("loaded_at_field")
        assert loaded_at is None or columns[loaded_at].get("observed"), table["name"]
        for name, meta in columns.items():
            told_by = meta.get("moves_clock", False)
            assert isinstance(told_by, bool) or set(told_by) <= set(columns), f"{table['name']}.{name}"


def test_what_is_said_of_absent_columns_names_what_there_is() -> None:
    (raw,) = (source for source in yaml.safe_load(SOURCES.read_text())["sources"] if source["name"] == "raw")
    described = [thing for table in raw["tables"] for thing in (table, *table["columns"])]
    metas = [(thing["name"], thing.get("config", {}).get("meta", {})) for thing in described]
    said = {name: meta["without_it"] for name, meta in metas if "without_it" in meta}
    assert not [name for name, meta in metas if "without_it" in meta and meta.get("required")]
    marts = [*(PROJECT / "models" / "marts").rglob("*.yml")]
    models = [model for file in marts for model in yaml.safe_load(file.read_text()).get("models", [])]
    columns = {column["name"] for thing in [*models, *raw["tables"]] for column in thing.get("columns", [])}
    names = columns | {model["name"] for model in models}
    names |= set(yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"])
    unknown = {name: set(re.findall(r"[a-z]+(?:_[a-z]+)+", text)) - names for name, text in said.items()}
    assert said
    assert not any(unknown.values()), unknown
