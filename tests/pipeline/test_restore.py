"""The drill: a warehouse is lost and comes back, and the audit of a real build holds."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from warehouse import Warehouse, mart_names

from upswing.quality import audit
from upswing.quality.audit_check import examine
from upswing.quality.audit_heads import heads_file
from upswing.quality.backup_sources import table_checksums

UPSWING = Path(sys.executable).with_name("upswing")
FILES = ("upswing.duckdb", "marts.duckdb", "vault.sqlite", "audit.sqlite", "erasures.csv")


def upswing(warehouse: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a warehouse, from the folder above it."""
    settings = os.environ | {"UPSWING_WAREHOUSE": str(warehouse)}
    return subprocess.run(
        [str(UPSWING), *arguments], cwd=warehouse.parent, env=settings, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def drilled(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the build's warehouse: what dbt wrote, and the keys."""
    return built.copied(tmp_path_factory.mktemp("drill") / "warehouse").folder


def test_a_build_is_recorded_with_what_it_published(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(built.folder))
    kinds = [entry.kind for entry in audit.entries(built.folder)]
    assert kinds[:1] == ["run_started"]
    assert kinds.index("publish") < len(kinds) - 1 - kinds[::-1].index("run_finished")
    found = examine(built.folder, built.folder / "no backups", [])
    assert found.breaks == []
    assert found.newest[str(heads_file(built.folder))].entry == len(kinds)
    assert str(built.folder / "marts.duckdb") in found.newest
    (publication,) = audit.entries(built.folder, "publish")
    marts = set(mart_names(built.manifest())) - {"publish_log"}
    assert publication.content()["marts"].keys() == marts
    logged = built.query_published(
        f"select mart, published_rows from publish_log where audit_entry = {publication.entry} order by mart"
    )
    assert {mart for mart, _ in logged} == marts
    for mart, rows in logged:
        assert built.query_published(f"select count(*) from {mart}") == [(rows,)], mart
    invocation = publication.content()["invocation_id"]
    (run,) = built.query_published(
        f"select run_status, dbt_command, actor, has_published from pipeline_runs where invocation_id = '{invocation}'"
    )
    assert run == ("running", "build", audit.actor(), True)
    ended = {entry.content()["invocation_id"]: entry.content() for entry in audit.entries(built.folder, "run_finished")}
    assert ended[invocation]["failed"] == []
    assert ended[invocation]["counts"]["success"] > 100


def test_the_warehouse_is_lost_and_comes_back(drilled: Path) -> None:
    before = {name: table_checksums(drilled / name) for name in ("upswing.duckdb", "marts.duckdb")}
    made = upswing(drilled, "backup")
    assert made.returncode == 0, made.stdout + made.stderr
    (archive,) = (drilled.parent / "backups").glob("*.age")
    for name in FILES:
        (drilled / name).unlink(missing_ok=True)
    restored = upswing(drilled, "restore", str(archive), "--yes")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert {name: table_checksums(drilled / name) for name in before} == before
    holds = upswing(drilled, "audit", "verify")
    assert holds.returncode == 0, holds.stdout + holds.stderr
    assert "marts.duckdb" in holds.stdout
    assert "lost when a restore brought back an older audit" in holds.stdout
    with duckdb.connect(str(drilled / "marts.duckdb"), read_only=True) as connection:
        described = connection.execute("select count(*) from duckdb_columns() where comment is not null").fetchone()
    assert described is not None
    assert described[0] > 100


def test_a_cut_end_is_found(drilled: Path) -> None:
    whole = (drilled / "audit.sqlite").read_bytes()
    with sqlite3.connect(drilled / "audit.sqlite") as connection:
        (trigger,) = connection.execute(
            "select sql from sqlite_master where name = 'entries_are_not_deleted'"
        ).fetchone()
        connection.execute("drop trigger entries_are_not_deleted")
        connection.execute("delete from entries where entry = (select max(entry) from entries)")
        connection.execute(trigger)
    found = upswing(drilled, "audit", "verify")
    (drilled / "audit.sqlite").write_bytes(whole)
    assert found.returncode == 1
    assert "audit_heads.log knows of it: the end was cut off" in found.stdout


def test_what_is_changed_behind_the_audit_is_found(drilled: Path) -> None:
    with duckdb.connect(str(drilled / "marts.duckdb")) as connection:
        connection.execute("delete from products where product_id = (select min(product_id) from products)")
    found = upswing(drilled, "audit", "verify")
    assert found.returncode == 1
    assert "mart products: recorded" in found.stdout
