"""The gates' suites on a warehouse that nobody builds: read-only, and nothing is remembered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from upswing.database_files import open_database
from upswing.quality.gate_judging import judged, judged_words
from upswing.quality.gate_results import Result
from upswing.quality.gate_tables import (
    SCHEMAS,
    GateSettings,
    Table,
    newest_results,
    published_at,
    references,
    tables_of,
)
from upswing.user_errors import UserError

LAYERS = tuple(SCHEMAS)
GATES = {"raw": "quality.check_raw", "staging": "quality.check_staging", "marts": "quality.check_mart_values"}


def check_layers(warehouse: Path, layers: Sequence[str], docs_folder: Path | None = None) -> list[Result]:
    """Judge all tables of some layers as they stand in ``upswing.duckdb``.

    Args:
        warehouse: folder of the warehouse.
        layers: of :data:`LAYERS`.
        docs_folder: where Data Docs are written; None: nowhere.

    Returns:
        Rows of :data:`upswing.quality.gate_results.RESULT_SCHEMA`.

    Raises:
        UserError: there is no warehouse, it cannot be opened, or the layer was never built.
    """
    file = warehouse / "upswing.duckdb"
    if not file.exists():
        raise UserError(f"there is no warehouse at {file}; run `make build` or `dbt build`")
    with open_database(file) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables: list[Table] = []
        known: list[dict[str, Any]] = []
        settings = GateSettings()
        reference_at = None
        for layer in layers:
            settings, reference_at, earlier = _last_known(connection, layer, settings)
            tables += _tables(connection, layer)
            known += earlier
        stamp = {"run_id": "upswing check", "reference_at": reference_at, "settings": settings.to_json()}
        by_layer = {layer: references([row for row in known if row["layer"] == layer]) for layer in layers}
        return judged(connection, tables, by_layer, settings, stamp, docs_folder)


def _tables(connection: Any, layer: str) -> list[Table]:
    if layer == "marts":
        query = "select table_name from duckdb_tables() where schema_name = 'marts' and table_name not like 'quality%'"
    else:
        query = "select table_name from raw.deliveries"
    try:
        names = [name for (name,) in connection.execute(query).fetchall()]
        found = tables_of(connection, layer, names, judged_words(layer))
    except duckdb.CatalogException as wrong:
        raise UserError(
            f"the tables of {layer} are not all built; run `make build` or `dbt build` ({wrong})"
        ) from wrong
    if not found:
        raise UserError(f"no table of {layer} is built; run `make build` or `dbt build`")
    return found


def _last_known(connection: Any, layer: str, settings: GateSettings) -> tuple[GateSettings, Any, list[dict[str, Any]]]:
    """The settings of the last build, when marts were last published, and what was known of the layer then."""
    try:
        newest = newest_results(connection, GATES[layer]).to_pylist()
    except duckdb.CatalogException:
        return settings, None, []
    judged_with = max(newest, key=lambda row: row["checked_at"], default=None)
    if judged_with is not None and judged_with["settings"]:
        settings = GateSettings(**json.loads(json.loads(judged_with["settings"])[0]))
    told_before = max((row["reference_at"] for row in newest if row["reference_at"] is not None), default=None)
    reference_at = published_at(connection, "quality", told_before)
    if reference_at is None:
        return settings, None, []
    return settings, reference_at, newest_results(connection, GATES[layer], reference_at).to_pylist()
