"""Tables as their contracts in the project describe them, so that no test lists columns a second time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from upswing.interface.marts import Marts

MODELS = Path(__file__).parents[2] / "models"
Rows = list[dict[str, Any]]


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


def _columns(table: dict[str, Any]) -> dict[str, str]:
    """The type of each column; where a macro names it for the engine, it is a vector."""
    return {
        column["name"]: column["data_type"] if "{{" not in column["data_type"] else "float[]"
        for column in table["columns"]
    }


@cache
def marts() -> dict[str, dict[str, str]]:
    """The columns of each mart with their types."""
    files = sorted((MODELS / "marts").rglob("*.yml"))
    return {model["name"]: _columns(model) for file in files for model in _read(file).get("models", [])}


@cache
def raw_tables() -> dict[str, dict[str, str]]:
    """The columns of each raw table with their types."""
    found = [source for file in (MODELS / "staging").rglob("*.yml") for source in _read(file).get("sources", [])]
    return {table["name"]: _columns(table) for source in found for table in source["tables"]}


def published(folder: Path, sql: str = "", **rows: Rows) -> Marts:
    """A file of all marts with the rows that the statements insert and these; what a row leaves out is null."""
    file = folder / "marts.duckdb"
    with duckdb.connect(str(file)) as connection:
        columns = {mart: ", ".join(f"{name} {kind}" for name, kind in found.items()) for mart, found in marts().items()}
        connection.execute("begin;" + "".join(f"create table {mart} ({found});" for mart, found in columns.items()))
        for mart, of_one in rows.items():
            for row in of_one:
                names, places = ", ".join(row), ", ".join(f"${name}" for name in row)
                connection.execute(f"insert into {mart} ({names}) values ({places})", row)
        connection.execute(f"{sql}; commit")
    return Marts(file)
