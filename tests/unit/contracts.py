"""Tables as their contracts in the project describe them, so that no test lists columns a second time."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

import upswing.interface
from upswing.interface.marts import Marts

INTERFACE = Path(upswing.interface.__file__).parent
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


@cache
def _asked_by(room: str) -> set[str]:
    """The marts that a page names; the fewer there are, the sooner each of its queries is answered."""
    code = "".join(path.read_text(encoding="utf-8") for path in (INTERFACE / room).glob("*.py"))
    return marts().keys() & set(re.findall(r"\w+", code))


def published(folder: Path, sql: str = "", room: str = "", **rows: Rows) -> Marts:
    """A file of the marts with the rows that the statements insert and these; what a row leaves out is null.

    Args:
        folder: of the file.
        sql: statements.
        room: the page whose marts are enough; all marts where none is named.
        rows: by mart.
    """
    file = folder / "marts.duckdb"
    wanted = _asked_by(room) if room else marts().keys()
    with duckdb.connect(str(file)) as connection:
        columns = {mart: ", ".join(f"{name} {kind}" for name, kind in marts()[mart].items()) for mart in sorted(wanted)}
        connection.execute("begin;" + "".join(f"create table {mart} ({found});" for mart, found in columns.items()))
        for mart, of_one in rows.items():
            for row in of_one:
                names, places = ", ".join(row), ", ".join(f"${name}" for name in row)
                connection.execute(f"insert into {mart} ({names}) values ({places})", row)
        connection.execute(f"{sql}; commit")
    return Marts(file)
