"""One small build for the session; the tests look at what it left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from upswing.sample.browsing import BrowsingParameters, write_browsing_sample
from upswing.sample.competitor_prices import write_competitor_price_sample
from upswing.sample.complete_journey import SampleParameters, write_sample
from upswing.sample.experiments import write_experiment_sample
from upswing.sample.feedback import write_feedback_sample
from upswing.sample.inventory import write_inventory_sample
from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample

PROJECT = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")
LEARNED_OR_TOLD = (
    *(f"path:python_models/{domain}+" for domain in ("customers", "marketing", "opportunities", "products", "sales")),
    *(f"path:python_models/quality/{kind}_*+" for kind in ("read", "score", "seal")),
    "check_mart_values+",
    "check_marts+",
    "check_raw",
    "check_staging",
)
SQL_LAYERS = ("--exclude", *LEARNED_OR_TOLD, "--resource-type", "model", "--resource-type", "seed")
"""What of a build is SQL alone: nothing that stands behind a Python model other than a gate, and no test."""

FEW_SERIES = {"max_forecast_products": 60, "max_forecast_store_categories": 20, "arima_series": 2}
"""Vars of every run: forecasting a few series goes through all that forecasting thousands does."""

PSEUDONYM_KEY = bytes(range(32))
"""Of every run, so that a customer has the same pseudonym in each."""

WITHOUT_GATES = {"gates": "off"}
"""Vars of every run but the one of ``built``: the gates judge it for all."""

BUILT_WITH = {"gates": "stop"}
"""Vars of ``built``."""

OF_GATES = {"quality_results", "quality_summary"}
"""Marts without a row where the gates are off."""

OF_EACH_RUN = {"pipeline_runs", "publish_log", *OF_GATES}
"""Marts that tell of runs, so that no two builds have the same."""

BUILD_THEIR_OWN = ("test_spark", "test_time", "test_increments", "test_faults", "test_databases")
"""Files of tests that do not read the build all others share; the longest first."""

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


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own, built from a raw folder.

    Attributes:
        folder: of its files.
        raw: of the raw tables.
        project: the dbt project that builds it.
        target: the engine, a target of the profile.
        settings: environment variables of the profile.
    """

    folder: Path
    raw: Path
    project: Path = field(default=PROJECT)
    target: str = "duckdb"
    settings: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, variables: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        """Start dbt; what it prints comes without colours through ``stdout``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(DBT), "--no-use-colors", *arguments, "--target", self.target]
        command += ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        command += ["--profiles-dir", str(self.project / "profiles")]
        command += ["--vars", json.dumps(FEW_SERIES | WITHOUT_GATES | (variables or {}))]
        return subprocess.Popen(
            command, cwd=self.project, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def environment(self) -> dict[str, str]:
        """Environment variables of every command on this warehouse."""
        own = {"UPSWING_WAREHOUSE": str(self.folder), "UPSWING_RAW": str(self.raw)}
        return os.environ | own | {"UPSWING_PSEUDONYM_KEY": PSEUDONYM_KEY.hex()} | self.settings

    def dbt(self, *arguments: str, variables: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """Run dbt and return what it printed."""
        running = self.start(*arguments, variables=variables)
        printed, errors = running.communicate()
        return subprocess.CompletedProcess(running.args, running.returncode, printed, errors)

    def build(
        self, variables: dict[str, Any] | None = None, *, with_unit_tests: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """``dbt build`` that must succeed; unit tests of the SQL need to run but once."""
        left_out = () if with_unit_tests else ("--exclude-resource-type", "unit_test")
        done = self.dbt("build", *left_out, variables=variables)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
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
        """What dbt knows of the project."""
        manifest: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text())
        return manifest


def group_of(file: str) -> str:
    """Where two tests run side by side, those of a group do not: a file, or all that share the build."""
    path = Path(file)
    return "built" if path.parent.name == "pipeline" and path.stem not in BUILD_THEIR_OWN else path.stem


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share the build first, for they are the longest group; then those with their own; then unit tests."""
    order = {stem: place for place, stem in enumerate(BUILD_THEIR_OWN)}
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", order.get(item.path.stem, -1)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Side by side (``-n 2``) run groups; a test that is sent elsewhere would build all again."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid.split("::")[0])

    return Groups(config, log)


@pytest.fixture(scope="session")
def small_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of a part of the sample's products and fewer opportunities; half of the customers are anonymous."""
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, SampleParameters(product_share=0.15))
    write_visit_sample(folder, VisitSampleParameters(opportunities=600))
    write_experiment_sample(folder)
    write_browsing_sample(folder, BrowsingParameters(activity=0.1))
    write_feedback_sample(folder)
    write_competitor_price_sample(folder)
    write_inventory_sample(folder)
    lines = folder / "order_lines.parquet"
    known = "case when md5(customer_id::varchar) < '80' then customer_id end as customer_id"
    duckdb.sql(f"select * replace ({known}) from '{lines}'").write_parquet(str(folder / "anonymous.parquet"))
    (folder / "anonymous.parquet").replace(lines)
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Warehouse:
    """The small sample, built once; tests do not change it."""
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"), small_raw)
    warehouse.build(BUILT_WITH, with_unit_tests=True)
    return warehouse


@pytest.fixture
def own(tmp_path: Path) -> Warehouse:
    """A warehouse for a company's own raw folder, which is empty yet."""
    raw = tmp_path / "raw"
    raw.mkdir()
    return Warehouse(tmp_path / "warehouse", raw)


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
