"""Who may import what: algorithms know no engine, and nothing heavy is loaded before it is used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import upswing

SOURCE = Path(upswing.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
ENGINE_FOLDERS = {"sample", "commands"}
ENGINE_MODULES = {
    "engine.py",
    "interface/marts.py",
    "publish.py",
    "databases.py",
    "privacy/compliance_data.py",
    "privacy/compliance_report.py",
    "privacy/erasures_warehouse.py",
    "quality/audit_publish.py",
    "quality/backup_checks.py",
    "quality/backup_sources.py",
    "quality/gate_check.py",
    "quality/gate_tables.py",
    "quality/serve_postgres.py",
    "quality/serve_tables.py",
    "quality/watch_builds.py",
}
DBT_MODULES = {"databases_plugin.py", "raw_files_plugin.py", "privacy/duckdb_plugin.py", "quality/watch_builds.py"}
LOADED_WHERE_THEY_ARE_USED = {"quality/gate_live.py", "quality/gate_dialect.py"}
"""Modules of classes that inherit from a heavy library; who uses them imports them in a function."""
HEAVY = {
    "torch",
    "transformers",
    "faiss",
    "pyspark",
    "lightgbm",
    "implicit",
    "mlxtend",
    "statsforecast",
    "mlforecast",
    "hierarchicalforecast",
    "statsmodels",
    "cryptography",
    "duckdb_engine",
    "great_expectations",
    "psycopg",
    "sqlalchemy",
    "typst",
    "vl_convert",
}
OF_A_PAGE = {"streamlit": ("dashboard.py", "frame.py", "page.py"), "altair": ("charts.py", "theme.py", "weeks.py")}
"""What draws, and how the names of the modules of ``interface`` end that do."""


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.split(".")[0]}
    return set()


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: not those in functions or for the type checker alone."""
    yield node
    for child in ast.iter_child_nodes(node):
        in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not in_function and not for_types:
            yield from at_import(child)


def names(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_only_the_seam_and_the_sample_know_an_engine_and_nobody_dbt(path: Path) -> None:
    found = set().union(*(imported(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    relative = path.relative_to(SOURCE)
    may_import = {"pyspark"} if str(relative) == "engine.py" else {"dbt"} if str(relative) in DBT_MODULES else set()
    assert not found & ({"dbt", "pyspark"} - may_import)
    if str(relative) not in ENGINE_MODULES and relative.parts[0] not in ENGINE_FOLDERS:
        assert "duckdb" not in found


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    if names(path) in LOADED_WHERE_THEY_ARE_USED:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not set().union(*(imported(node) for node in at_import(tree))) & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_only_pages_and_charts_draw(path: Path) -> None:
    found = set().union(*(imported(node) for node in at_import(ast.parse(path.read_text(encoding="utf-8")))))
    for library, modules in OF_A_PAGE.items():
        assert library not in found or (names(path).startswith("interface/") and path.name.endswith(modules))


def test_importing_the_products_loads_no_torch() -> None:
    modules = [
        f"upswing.products.{path.stem}" for path in (SOURCE / "products").glob("*.py") if path.stem != "__init__"
    ]
    code = f"import sys, {', '.join(sorted(modules))}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
