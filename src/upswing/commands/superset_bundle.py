"""The bundle of Apache Superset: what stands in ``superset/bundle``, made into the zip that Superset imports.

What a person writes is short: a file a dataset, with its time column and metrics; a file a chart; the rows of the
dashboard. What Superset wants beside that follows from it, or from the published file: the columns, their types and
descriptions, the ids, the query of a chart.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import duckdb

from upswing.user_errors import UserError

VERSION = "1.0.0"
"""Of Superset's format."""

IDS = uuid.UUID("b8d1f3f0-6a0e-5c0e-9a55-75707377696e")
"""Namespace of the ids, which are the same in every import: a second one replaces what the first brought."""

TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
Part = dict[str, Any]


def parts(folder: Path, kind: str) -> dict[str, Part]:
    """The files of a kind, by name.

    Args:
        folder: the bundle.
        kind: ``datasets`` or ``charts``.
    """
    return {file.stem: _read(file) for file in sorted((folder / kind).glob("*.yaml"))}


def bundle(folder: Path, marts: Path) -> bytes:
    """The zip that Superset imports.

    Args:
        folder: of the bundle's files.
        marts: the published file, whose columns and descriptions the datasets have.

    Raises:
        UserError: a dataset is of a mart that is not published, or a part of the bundle names one that is not there.
    """
    datasets, charts = parts(folder, "datasets"), parts(folder, "charts")
    columns = _columns(marts)
    files = {
        "metadata.yaml": {"version": VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/upswing_marts.yaml": _database(_read(folder / "database.yaml"), marts),
        "dashboards/upswing.yaml": _dashboard(_read(folder / "dashboard.yaml"), charts),
    }
    for name, dataset in datasets.items():
        if name not in columns:
            raise UserError(f"the bundle has a dataset of {name}, which is not published in {marts}; run `make build`")
        files[f"datasets/upswing_marts/{name}.yaml"] = _dataset(name, dataset, columns[name])
    for name, chart in charts.items():
        if chart["dataset"] not in datasets:
            raise UserError(f"chart {name} reads the dataset {chart['dataset']}, of which the bundle has no file")
        files[f"charts/{name}.yaml"] = _chart(name, chart)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            # JSON is YAML too.
            archive.writestr(f"bundle/{path}", json.dumps(content, ensure_ascii=False, indent=1))
    return zipped.getvalue()


def _read(file: Path) -> Part:
    import yaml

    read: Part = yaml.safe_load(file.read_text(encoding="utf-8"))
    return read


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(IDS, f"{kind}/{name}"))


def _columns(marts: Path) -> dict[str, list[tuple[str, str, str | None]]]:
    """Name, type and description of the columns of each mart."""
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    with duckdb.connect(str(marts), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'main' "
            "and not internal order by table_name, column_index"
        ).fetchall()
    for mart, column, kind, description in rows:
        found.setdefault(mart, []).append((column, kind, description))
    return found


def _database(database: Part, marts: Path) -> Part:
    address = database["sqlalchemy_uri"].replace("{marts}", str(marts.resolve()))
    return database | {"sqlalchemy_uri": address, "uuid": _id("database", "marts"), "version": VERSION}


def _dataset(name: str, dataset: Part, columns: list[tuple[str, str, str | None]]) -> Part:
    return {
        "table_name": name,
        "schema": "main",
        "main_dttm_col": dataset.get("time"),
        "filter_select_enabled": True,
        "columns": [
            {
                "column_name": column,
                "verbose_name": column.replace("_", " "),
                "type": kind,
                "is_dttm": kind in TIMES,
                "groupby": True,
                "filterable": True,
                "description": description,
            }
            for column, kind, description in columns
        ],
        "metrics": [
            {
                "metric_name": metric["name"],
                "verbose_name": metric["label"],
                "expression": metric["sql"],
                "description": metric["description"],
                "d3format": metric["format"],
            }
            for metric in dataset["metrics"]
        ],
        "uuid": _id("dataset", name),
        "database_uuid": _id("database", "marts"),
        "version": VERSION,
    }


def _chart(name: str, chart: Part) -> Part:
    params = dict(chart["params"])
    where = params.pop("where", None)
    condition = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": where}
    # A name in the data is text; Superset would show the pictures of one that is HTML.
    text_alone = {"allow_render_html": False}
    form = params | text_alone | {"viz_type": chart["viz_type"], "adhoc_filters": [condition] if where else []}
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "form_data": form,
        "queries": [_query(params, where)],
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart["name"],
        "description": chart["description"],
        "viz_type": chart["viz_type"],
        "params": form,
        "query_context": json.dumps(context),
        "uuid": _id("chart", name),
        "dataset_uuid": _id("dataset", chart["dataset"]),
        "version": VERSION,
    }


def _query(params: Part, where: str | None) -> Part:
    """What a chart asks, as its page would ask it; without a page Superset answers only what is stored."""
    metrics = params.get("metrics") or ([params["metric"]] if "metric" in params else None)
    columns: list[Any] = list(params.get("all_columns") or params.get("groupby") or [])
    if "x_axis" in params:
        axis = {"columnType": "BASE_AXIS", "expressionType": "SQL", "label": params["x_axis"]}
        columns = [
            axis | {"sqlExpression": params["x_axis"], "timeGrain": params["time_grain_sqla"]},
            *columns,
        ]
    return {
        "columns": columns,
        "metrics": metrics,
        "orderby": [json.loads(order) for order in params.get("order_by_cols", [])],
        "row_limit": params.get("row_limit", 1000),
        "filters": [],
        "extras": {"where": f"({where})"} if where else {},
    }


def _dashboard(dashboard: Part, charts: dict[str, Part]) -> Part:
    position: Part = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard["title"]}},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
    }
    for number, row in enumerate(dashboard["rows"]):
        key = f"ROW-{number}"
        position["GRID_ID"]["children"].append(key)
        above = ["ROOT_ID", "GRID_ID"]
        position[key] = {"type": "ROW", "id": key, "children": [], "parents": above} | {
            "meta": {"background": "BACKGROUND_TRANSPARENT"}
        }
        for name, width in row["charts"].items():
            if name not in charts:
                raise UserError(f"the dashboard shows the chart {name}, of which the bundle has no file")
            position[key]["children"].append(f"CHART-{name}")
            position[f"CHART-{name}"] = {
                "type": "CHART",
                "id": f"CHART-{name}",
                "children": [],
                "parents": [*above, key],
                "meta": {
                    # Superset puts the chart's own number in its place; it only has to be there.
                    "chartId": 0,
                    "height": row["height"],
                    "width": width,
                    "sliceName": charts[name]["name"],
                    "uuid": _id("chart", name),
                },
            }
    return {
        "dashboard_title": dashboard["title"],
        "description": dashboard["description"],
        "slug": dashboard["slug"],
        "position": position,
        "metadata": {"refresh_frequency": 0, "color_scheme": "supersetColors", "cross_filters_enabled": False},
        "published": True,
        "uuid": _id("dashboard", dashboard["slug"]),
        "version": VERSION,
    }
