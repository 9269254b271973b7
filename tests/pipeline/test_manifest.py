"""The rules of the house, proven on dbt's manifest."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from warehouse import Warehouse, mart_names
from warehouse_variables import PROJECT

from upswing.interface import words
from upswing.interface.words import ROOMS
from upswing.privacy.compliance_lineage import personal_columns

LAYERS = ("source", "seed", "staging", "intermediate", "model", "mart", "gate")
QUALITY_LAYERS = {
    "check_raw": "staging",
    "check_staging": "staging",
    "check_mart_values": "mart",
    "read_pipeline_runs": "model",
    "read_publish_log": "model",
    "score_model_claims": "model",
    "score_model_health": "model",
    "seal_identities": "staging",
}
"""Python models of quality that stand between layers; the others are the gate before publishing."""


@pytest.fixture(scope="module")
def manifest(built: Warehouse) -> dict[str, Any]:
    return built.manifest()


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: dict[str, Any]) -> str:
    path = node["original_file_path"]
    if node["resource_type"] in ("source", "seed"):
        return str(node["resource_type"])
    if path.startswith("python_models/quality/"):
        return QUALITY_LAYERS.get(node["name"], "gate")
    if path.startswith("python_models/"):
        return "model"
    folder = str(path).split("/")[1]
    return {"scores": "model", "marts": "mart", "semantic": "mart"}.get(folder, folder)


def test_arrows_run_one_way(manifest: dict[str, Any]) -> None:
    known = manifest["nodes"] | manifest["sources"]
    for node in models(manifest):
        for name in node["depends_on"]["nodes"]:
            above, below = layer(known[name]), layer(node)
            assert LAYERS.index(above) <= LAYERS.index(below), f"{node['name']} ({below}) reads {name} ({above})"
            if above == "source" and name.startswith("source.upswing.raw."):
                reads_deliveries = below == "staging" or node["name"] == "raw_deliveries"
                assert reads_deliveries, f"{node['name']} reads the raw table {name} past staging"


def test_every_model_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        assert node["description"].startswith("One row"), node["name"]
        for column in node["columns"].values():
            assert column["description"], f"{node['name']}.{column['name']}"


def test_every_mart_is_contracted_described_and_keyed(manifest: dict[str, Any], built: Warehouse) -> None:
    tested = {
        test["attached_node"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test"
        and test.get("test_metadata", {}).get("name") in ("unique", "unique_combination")
    }
    for name in mart_names(manifest):
        node = manifest["nodes"][f"model.upswing.{name}"]
        assert node["config"]["contract"]["enforced"], name
        assert node["unique_id"] in tested, f"{name} has no tested key"
        built_columns = built.query(
            f"select column_name from information_schema.columns where table_schema = 'marts' and table_name = '{name}'"
        )
        assert {column for (column,) in built_columns} == set(node["columns"]), name


def test_every_list_of_products_holds_merchandise_alone(manifest: dict[str, Any]) -> None:
    facts = {"products", "product_weeks"}
    proven = {
        (test["attached_node"], test["column_name"])
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test" and test.get("test_metadata", {}).get("name") == "only_merchandise"
    }
    lists = {
        (f"model.upswing.{name}", column)
        for name in mart_names(manifest)
        if name not in facts
        for column in manifest["nodes"][f"model.upswing.{name}"]["columns"]
        if column.endswith("product_id")
    }
    assert lists
    assert lists <= proven, "facts that hold every sum are named here; a list of products has the test only_merchandise"


def test_tables_behind_python_models_are_contracted(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        if node["language"] == "python" and layer(node) == "model":
            for name in node["depends_on"]["nodes"]:
                read = manifest["nodes"][name]
                if layer(read) in ("intermediate", "model") and read["language"] == "sql":
                    assert read["config"]["contract"]["enforced"], f"{node['name']} reads {read['name']}"


def test_publish_is_the_last_node_and_waits_for_every_mart(manifest: dict[str, Any]) -> None:
    gate = manifest["nodes"]["model.upswing.check_marts"]
    read = sorted(name for name in gate["depends_on"]["nodes"] if name.startswith("model."))
    assert read == [f"model.upswing.{name}" for name in mart_names(manifest)]
    assert "model.upswing.check_marts" in manifest["nodes"]["model.upswing.publish"]["depends_on"]["nodes"]
    after = [name for name in manifest["child_map"]["model.upswing.publish"] if name.startswith("model.")]
    assert after == []


def test_every_model_leads_to_publish_or_staging(manifest: dict[str, Any]) -> None:
    """What a test of it guards is then guarded before anything is published."""
    ancestors: set[str] = set()
    waiting = ["model.upswing.publish"]
    while waiting:
        name = waiting.pop()
        if name in manifest["nodes"] and name not in ancestors:
            ancestors.add(name)
            waiting.extend(manifest["nodes"][name]["depends_on"].get("nodes", []))
    unused = {node["unique_id"] for node in models(manifest)} - ancestors
    assert {
        name for name in unused if not name.startswith(("model.upswing.base_raw__", "model.upswing.stg_raw__"))
    } == {"model.upswing.metric_days"}, "only the calendar of metrics, a view that no mart is made of"


def test_no_personal_data_reaches_a_mart(manifest: dict[str, Any]) -> None:
    personal = personal_columns(manifest)
    assert {"full_name", "email", "phone"} <= personal
    for name in mart_names(manifest):
        assert personal.isdisjoint(manifest["nodes"][f"model.upswing.{name}"]["columns"]), name


def test_python_models_are_seams_and_hold_no_helpers() -> None:
    files = sorted((PROJECT / "python_models").rglob("*.py"))
    assert files
    for file in files:
        tree = ast.parse(file.read_text())
        functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        assert functions == ["model"], f"{file.name}: helpers belong in src/upswing"
        assert not any(isinstance(node, ast.ClassDef | ast.For | ast.While) for node in ast.walk(tree)), file.name


def test_every_macro_is_documented(manifest: dict[str, Any]) -> None:
    ours = [
        macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == "upswing" and macro["original_file_path"].startswith("macros/")
    ]
    main = [macro for macro in ours if "__" not in macro["name"]]
    assert main
    for macro in main:
        assert macro["description"], macro["name"]


def test_every_var_is_declared_once_and_used() -> None:
    import yaml

    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    sources = [
        path.read_text()
        for folder in ("models", "python_models", "macros", "tests/generic", "tests/singular")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in (".sql", ".yml")
    ]
    for name in declared:
        uses = sum(text.count(f'var("{name}"') + text.count(f"var('{name}'") for text in sources)
        assert uses, f"var {name} is declared and never read"


def test_an_exposure_tells_of_each_page_what_it_asks(manifest: dict[str, Any]) -> None:
    marts = set(mart_names(manifest))
    exposures = {exposure["name"]: exposure for exposure in manifest["exposures"].values()}
    for room in ROOMS:
        files = Path(words.__file__).with_name(room).glob("*answers.py")
        asked = set(re.findall(r"\b(?:from|join)\s+(\w+)", "".join(file.read_text(encoding="utf-8") for file in files)))
        told = {name.split(".")[-1] for name in exposures[f"dashboard_{room}"]["depends_on"]["nodes"]}
        assert told == asked & marts, room
