"""The bundle of Apache Superset names what the marts have; where Superset is installed, it imports it and draws it."""

from __future__ import annotations

import io
import json
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from servers import free_port
from warehouse import Warehouse, mart_names
from warehouse_variables import PROJECT

from upswing.commands.superset_bundle import Part, bundle, parts
from upswing.commands.superset_server import Client, Superset
from upswing.user_errors import UserError

BUNDLE = PROJECT / "superset" / "bundle"
PROGRAMS = PROJECT / ".venv-superset" / "bin"
CHROMIUM = Path("/usr/bin/chromium")
DATASETS, CHARTS = parts(BUNDLE, "datasets"), parts(BUNDLE, "charts")


@pytest.fixture(scope="module")
def zipped(built: Warehouse) -> dict[str, Part]:
    with zipfile.ZipFile(io.BytesIO(bundle(BUNDLE, built.folder / "marts.duckdb"))) as archive:
        return {name.removeprefix("bundle/"): json.loads(archive.read(name)) for name in archive.namelist()}


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_has_the_columns_of_its_mart(built: Warehouse, zipped: dict[str, Part], name: str) -> None:
    contract = built.manifest()["nodes"][f"model.upswing.{name}"]["columns"]
    columns = zipped[f"datasets/upswing_marts/{name}.yaml"]["columns"]
    assert [column["column_name"] for column in columns] == list(contract)
    assert all(column["description"] for column in columns)
    assert DATASETS[name].get("time") in (None, *(c["column_name"] for c in columns if c["is_dttm"]))


@pytest.mark.parametrize("name", DATASETS)
def test_metrics_of_a_dataset_are_sql_on_its_mart(built: Warehouse, name: str) -> None:
    for metric in DATASETS[name]["metrics"]:
        assert metric["description"]
        assert len(built.query_published(f"select {metric['sql']} from {name}")) == 1


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_asks_for_what_its_dataset_has(built: Warehouse, zipped: dict[str, Part], name: str) -> None:
    chart = CHARTS[name]
    contract = built.manifest()["nodes"][f"model.upswing.{chart['dataset']}"]["columns"]
    metrics = {metric["name"] for metric in DATASETS[chart["dataset"]]["metrics"]}
    (query,) = json.loads(zipped[f"charts/{name}.yaml"]["query_context"])["queries"]
    asked = [column if isinstance(column, str) else column["sqlExpression"] for column in query["columns"]]
    assert set(asked) | {column for column, _ in query["orderby"]} <= set(contract)
    assert set(query["metrics"] or []) <= metrics
    assert asked or query["metrics"]
    assert zipped[f"charts/{name}.yaml"]["params"]["allow_render_html"] is False
    built.query_published(f"select 1 from {chart['dataset']} where {query['extras'].get('where', 'true')} limit 1")


def test_the_dashboard_shows_every_chart_in_full_rows(zipped: dict[str, Part]) -> None:
    position = zipped["dashboards/upswing.yaml"]["position"]
    shown = [part["meta"] for part in position.values() if isinstance(part, dict) and part["type"] == "CHART"]
    assert {meta["uuid"] for meta in shown} == {zipped[f"charts/{name}.yaml"]["uuid"] for name in CHARTS}
    for row in (part for part in position.values() if isinstance(part, dict) and part["type"] == "ROW"):
        assert sum(position[child]["meta"]["width"] for child in row["children"]) == 12


def test_a_mart_that_is_not_published_is_told(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "marts.duckdb")).close()
    with pytest.raises(UserError, match="not published"):
        bundle(BUNDLE, tmp_path / "marts.duckdb")


def test_every_column_of_the_published_file_says_what_it_means(built: Warehouse) -> None:
    """Any tool that shows comments shows them."""
    silent = (
        "select table_name from {} where schema_name = 'main' and not internal and coalesce(trim(comment), '') = ''"
    )
    assert built.query_published(silent.format("duckdb_columns()")) == []
    assert built.query_published(silent.format("duckdb_tables()")) == []
    assert len(built.query_published("select table_name from duckdb_tables()")) == len(mart_names(built.manifest()))


@pytest.fixture(scope="module")
def published(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the published marts, which a test may replace."""
    return Path(shutil.copy(built.folder / "marts.duckdb", tmp_path_factory.mktemp("published")))


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Superset:
    if not (PROGRAMS / "superset").exists():
        pytest.skip(f"no Superset in {PROGRAMS.parent.name}: `make superset` installs it")
    home = tmp_path_factory.mktemp("superset") / "home"
    return Superset(PROGRAMS, PROJECT / "superset" / "superset_config.py", home, free_port())


@pytest.fixture(scope="module")
def client(superset: Superset, published: Path) -> Iterator[Client]:
    superset.prepare()
    with superset.running() as client:
        client.import_bundle(bundle(BUNDLE, published))
        yield client


def rows(client: Client, name: str) -> list[dict[str, Any]]:
    numbers = {shown: number for number, shown in client.charts().items()}
    return client.chart_rows(numbers[CHARTS[name]["name"]])


@pytest.mark.slow
def test_every_chart_shows_rows(client: Client, published: Path) -> None:
    client.import_bundle(bundle(BUNDLE, published))
    assert sorted(client.charts().values()) == sorted(chart["name"] for chart in CHARTS.values())
    for name in CHARTS:
        assert rows(client, name), name


@pytest.mark.slow
def test_a_chart_equals_the_mart(client: Client, built: Warehouse) -> None:
    ((expected,),) = built.query_published("select sum(expected_value) from opportunity_priorities")
    assert rows(client, "expected_value")[0]["expected_value"] == pytest.approx(expected)


@pytest.mark.slow
def test_a_new_publication_is_seen_and_never_waited_for(client: Client, published: Path) -> None:
    before = len(rows(client, "what_to_push"))
    following = published.with_name("following.duckdb")
    shutil.copy(published, following)
    with duckdb.connect(str(following)) as connection:
        connection.execute("delete from breakout_products where breakout_rank > 1")
    following.replace(published)
    assert before > 1
    assert len(rows(client, "what_to_push")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("sql", ["select * from read_csv('/etc/hostname')", "drop table breakout_products"])
def test_sql_lab_reads_the_marts_alone(client: Client, sql: str) -> None:
    database = client.ask("database/")["result"][0]["id"]
    asked = {"database_id": database, "sql": sql, "schema": "main", "runAsync": False}
    with pytest.raises(UserError, match=r"disabled by configuration|does not allow"):
        client.ask("sqllab/execute/", json.dumps(asked).encode(), "application/json")


@pytest.mark.slow
def test_secrets_are_their_owner_s_alone(client: Client, superset: Superset) -> None:
    assert client.address.startswith("http://127.0.0.1:")
    for secret in (superset.password_file, superset.home / "secret_key"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(superset.home.stat().st_mode) == 0o700


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
def test_the_dashboard_draws(client: Client, superset: Superset) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1500})
        page.goto(f"{client.address}/login/")
        page.fill("#username", superset.user)
        page.fill("#password", superset.password_file.read_text())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/superset/welcome/**")
        page.goto(f"{client.address}/superset/dashboard/upswing/")
        for chart in CHARTS.values():
            expect(page.get_by_text(chart["name"], exact=True).first).to_be_visible(timeout=60_000)
        expect(page.locator("canvas, svg.echarts, [_echarts_instance_]").first).to_be_visible(timeout=60_000)
        expect(page.locator('[data-test="loading-indicator"]')).to_have_count(0, timeout=60_000)
        assert page.locator(".ant-alert-error").count() == 0
        browser.close()
