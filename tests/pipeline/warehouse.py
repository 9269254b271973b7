"""A warehouse of a test: dbt commands on it, and what they left."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import warm_dbt
from warehouse_variables import ALWAYS, PROJECT

from upswing.privacy.keys import private_home

DBT = Path(sys.executable).with_name("dbt")
BEHIND_PYTHON_MODELS = (
    *(f"path:python_models/{domain}+" for domain in ("customers", "marketing", "opportunities", "products", "sales")),
    *(f"path:python_models/quality/{kind}_*+" for kind in ("read", "score", "seal")),
    "check_mart_values+",
    "check_marts+",
    "check_raw",
    "check_staging",
)
SQL_LAYERS = ("--exclude", *BEHIND_PYTHON_MODELS, "--resource-type", "model", "--resource-type", "seed")
"""The part of a build that is SQL alone: nothing behind a Python model other than a gate, and no test."""

PSEUDONYM_KEY = bytes(range(32))
"""Of every run, so that a customer has the same pseudonym in each."""

OF_GATES = {"quality_results", "quality_summary"}
"""Marts without a row where the gates are off."""

OF_EACH_RUN = {"pipeline_runs", "publish_log", *OF_GATES}
"""Marts about runs, so that no two builds have the same."""

COMPUTED_AT = {"model_health": "checked_at", "model_runs": "fitted_at", "opportunity_priorities": "scored_at"}
"""Columns with the time at which a row was computed."""

FITS = (
    "fit_breakout_classifier",
    "fit_conversion_classifier",
    "fit_customer_predictor",
    "fit_customer_segments",
    "fit_recommender",
    "fit_sales_forecaster",
    "fit_sentiment_classifier",
    "fit_surge_locator",
    "fit_uplift_predictor",
)
PRINTED = "printed.txt"
"""In the folder of a warehouse: what dbt printed."""

FILES_OF_DBT = ("upswing.duckdb", "marts.duckdb", "vault.sqlite", "audit.sqlite", "target/run_results.json")


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own, built from a raw folder.

    Attributes:
        folder: of its files.
        raw: of the raw tables.
        target: the engine, a target of the profile.
        settings: environment variables of the profile.
    """

    folder: Path
    raw: Path
    target: str = "duckdb"
    settings: dict[str, str] = field(default_factory=dict)

    def arguments(self, *arguments: str, variables: dict[str, Any] | None = None) -> list[str]:
        """Arguments of dbt for a command on this warehouse."""
        given = ["--no-use-colors", *arguments, "--target", self.target]
        given += ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        given += ["--profiles-dir", str(PROJECT / "profiles")]
        return [*given, "--vars", json.dumps(ALWAYS | (variables or {}))]

    def start(self, *arguments: str, variables: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        """Start the command ``dbt`` as a user does; what it prints comes through ``stdout``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(DBT), *self.arguments(*arguments, variables=variables)]
        return subprocess.Popen(
            command, cwd=PROJECT, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def environment(self) -> dict[str, str]:
        """Environment variables of every command on this warehouse."""
        own = {"UPSWING_WAREHOUSE": str(self.folder), "UPSWING_RAW": str(self.raw)}
        return os.environ | own | {"UPSWING_PSEUDONYM_KEY": PSEUDONYM_KEY.hex()} | self.settings

    def dbt(
        self, *arguments: str, variables: dict[str, Any] | None = None, parsed: bool | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt and return what it printed.

        Args:
            arguments: of dbt.
            variables: vars beside those of every build.
            parsed: run on the project as it was parsed in advance; by default unless a var that parsing reads has
                another value.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        given = self.arguments(*arguments, variables=variables)
        if parsed is None:
            parsed = self.target == "duckdb" and warm_dbt.has_the_manifest_of(ALWAYS | (variables or {}))
        if not parsed:
            running = self.start(*arguments, variables=variables)
            printed, _ = running.communicate()
            return subprocess.CompletedProcess(given, running.returncode, printed, "")
        output = self.folder / PRINTED
        status = warm_dbt.run(given, PROJECT, self.environment(), ALWAYS | (variables or {}), output)
        return subprocess.CompletedProcess(given, status, output.read_text(), "")

    def build(self) -> subprocess.CompletedProcess[str]:
        """``dbt build`` that must succeed; the shared build runs the unit tests of the SQL."""
        done = self.dbt("build", "--exclude-resource-type", "unit_test")
        assert done.returncode == 0, done.stdout[-6000:]
        return done

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows from the warehouse."""
        with duckdb.connect(str(self.folder / "upswing.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def query_published(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows from the published marts."""
        with duckdb.connect(str(self.folder / "marts.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def manifest(self) -> dict[str, Any]:
        """dbt's manifest of the last command."""
        file = self.folder / "target" / "manifest.json"
        return _read_manifest(file, file.stat().st_mtime_ns)

    def copied(self, folder: Path, raw: Path | None = None) -> Warehouse:
        """A warehouse with a copy of what dbt left in this one, for a test that changes it."""
        folder.mkdir(parents=True)
        for name in FILES_OF_DBT:
            file = self.folder / name
            if file.exists():
                (folder / name).parent.mkdir(exist_ok=True)
                shutil.copy(file, folder / name)
        if private_home(self.folder).exists():
            shutil.copytree(private_home(self.folder), private_home(folder))
        return Warehouse(folder, raw or self.raw)


@lru_cache(maxsize=2)
def _read_manifest(file: Path, _written_ns: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(file.read_text())
    return manifest


def different_rows(
    one: Path, other: Path, tables: Mapping[str, str], left_out: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Rows that only one of two files has, by table; tables without such rows are left out.

    Args:
        one: a DuckDB file.
        other: another.
        tables: names of the tables in the first file, and in the second.
        left_out: a column of some tables that is not compared, by the table's name without its schema.
    """
    found: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        for first, second in tables.items():
            column = (left_out or {}).get(first.split(".")[-1])
            rows = f"select * {f'exclude ({column})' if column else ''} from"
            sides = (f"{rows} one.{first}", f"{rows} other.{second}")
            counts = [f"(select count(*) from ({a} except all {b}))" for a, b in (sides, sides[::-1])]
            ((count,),) = connection.execute(f"select {' + '.join(counts)}").fetchall()
            if count:
                found[first] = int(count)
    return found


def mart_names(manifest: dict[str, Any]) -> list[str]:
    """Names of the models below models/marts."""
    return sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["original_file_path"].startswith("models/marts/")
    )


def mart_keys(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The tested key of each mart."""
    keys: dict[str, list[str]] = {}
    names = mart_names(manifest)
    for node in manifest["nodes"].values():
        tested = manifest["nodes"].get(node.get("attached_node") or "", {}).get("name")
        if node["resource_type"] != "test" or tested not in names:
            continue
        test = node["test_metadata"]["name"]
        if test == "unique":
            keys.setdefault(tested, [node["column_name"]])
        if test == "unique_combination":
            keys[tested] = node["test_metadata"]["kwargs"]["columns"]
    return keys


def flat(text: str) -> str:
    """Text with every run of white space as one space, for messages that dbt breaks into lines."""
    return re.sub(r"\s+", " ", text)
