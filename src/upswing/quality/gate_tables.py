"""What a gate must know of the tables before it judges them: rows, content, what was published, whom they matter to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from upswing.quality.expectations import Reference

SCHEMAS = {"raw": "staging", "staging": "staging", "marts": "marts"}
PREFIXES = {"raw": "parsed_raw__", "staging": "stg_raw__", "marts": ""}


@dataclass(frozen=True)
class GateSettings:
    """What the business decides of the gates.

    Attributes:
        gates: ``stop`` at an error-level failure, ``warn`` of it and go on, or ``off``: judge nothing.
        min_gate_rows: tables with fewer rows are not judged; what is seen in a few rows may be chance.
        drift_warn_psi: the population stability index from which a column has drifted.
        rows_change_warn_share: the change of a table's rows since the last published run that is a warning, 0 to 1.
    """

    gates: str = "stop"
    min_gate_rows: int = 1000
    drift_warn_psi: float = 0.25
    rows_change_warn_share: float = 0.5

    def to_json(self) -> str:
        """As JSON, as it stands with each result."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Table:
    """A table at a border.

    Attributes:
        layer: ``raw``, ``staging`` or ``marts``.
        name: as the business knows it: the raw table's, or the mart's.
        content: changes whenever its rows may have.
        owner: whom a failure is for.
        protected_marts: the marts that are made from it, separated by commas.
    """

    layer: str
    name: str
    content: str
    owner: str
    protected_marts: str

    @property
    def schema(self) -> str:
        """Where it stands."""
        return SCHEMAS[self.layer]

    @property
    def relation(self) -> str:
        """What it is called there."""
        return f"{PREFIXES[self.layer]}{self.name}"


def tables_of(
    session: Any, layer: str, names: Iterable[str], judged_words: Mapping[str, set[str]] | None = None
) -> list[Table]:
    """The tables of a layer as they stand now.

    Args:
        session: a DuckDB connection.
        layer: ``raw``, ``staging`` or ``marts``.
        names: of the tables.
        judged_words: names, the columns among them, in which a change of a table's content counts; None: in all.
    """
    lineage = {name: (owner, marts) for name, owner, marts in _lineage(session, "marts" if layer == "marts" else "raw")}
    described = dict(_descriptions(session))
    found = []
    for name in sorted(names):
        relation = f"{SCHEMAS[layer]}.{PREFIXES[layer]}{name}"
        built_from = described.get(f"staging.parsed_raw__{name}") if layer != "marts" else None
        if built_from is None or json.loads(built_from).get("parts") == 0:
            # What was read from a database has no parts; a mart has none either.
            columns = [column for column, _ in columns_of(session, SCHEMAS[layer], f"{PREFIXES[layer]}{name}")]
            if judged_words is not None:
                columns = [column for column in columns if column in judged_words.get(name, set())]
            hashed = f"hash({', '.join(columns)})" if columns else "0"
            found_content = str(
                session.execute(f"select count(*), bit_xor({hashed}) from {relation} as counted").fetchone()
            )
        elif layer == "raw":
            found_content = built_from
        else:
            views = (described.get(f"staging.{prefix}{name}") for prefix in ("stg_raw__", "base_raw__"))
            found_content = "/".join([built_from, *map(str, views), _clock(session)])
        owner, marts = lineage.get(name, ("not named", ""))
        digest = hashlib.sha256(found_content.encode()).hexdigest()
        found.append(Table(layer, name, digest, owner, marts))
    return found


def columns_of(session: Any, schema: str, relation: str) -> list[tuple[str, str]]:
    """Names and types of the columns of a table or view."""
    found: list[tuple[str, str]] = session.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = current_database() order by column_index",
        [schema, relation],
    ).fetchall()
    return found


def published_at(session: Any, schema: str, earlier: datetime | None) -> datetime | None:
    """When the marts were last published (UTC), or ``earlier`` where the last run published nothing."""
    try:
        (found,) = session.execute(f"select max(published_at) from {schema}.publish").fetchone()
    except duckdb.CatalogException:
        found = None
    return found if found is not None else earlier


def newest_results(session: Any, results: str, until: datetime | None = None) -> pa.Table:
    """The results of each table that were found last, up to a time; empty where there are none yet."""
    where = f"where checked_at <= timestamp '{until}'" if until is not None else ""
    return session.execute(
        f"select * from {results} {where} qualify checked_at = max(checked_at) over (partition by table_name)"
    ).to_arrow_table()


def references(results: Sequence[Mapping[str, Any]]) -> dict[str, Reference]:
    """What the published run knew of each table, from its results."""
    by_table: dict[str, tuple[dict[str, float], dict[str, str]]] = {}
    for result in results:
        values, profiles = by_table.setdefault(result["table_name"], ({}, {}))
        values["rows"] = result["checked_rows"]
        if result["observed_value"] is not None:
            values[result["expectation_id"]] = result["observed_value"]
        if result["profile"] is not None:
            profiles[result["expectation_id"]] = result["profile"]
    return {table: Reference(*known) for table, known in by_table.items()}


def _lineage(session: Any, layer: str) -> list[tuple[str, str, str]]:
    try:
        found: list[tuple[str, str, str]] = session.execute(
            "select table_name, owner, protected_marts from raw.mart_lineage where layer = ?", [layer]
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return found


def _descriptions(session: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = session.execute(
        "select schema_name || '.' || table_name, comment from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'staging' and comment is not null "
        "union all select schema_name || '.' || view_name, sql from duckdb_views() "
        "where database_name = current_database() and schema_name = 'staging'"
    ).fetchall()
    return found


def _clock(session: Any) -> str:
    return str(session.execute("select * from staging.base_raw__clock").fetchall())
