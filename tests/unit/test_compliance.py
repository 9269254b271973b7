"""Each promise of the compliance report is seen to be kept, and seen to be broken."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from upswing.commands.compliance import compliance
from upswing.privacy.compliance import BROKEN, HOLDS, NOT_CHECKED, Project, read_project
from upswing.privacy.compliance_data import (
    erased_are_gone,
    k_anonymous,
    no_identity,
    only_pseudonyms,
    retention_honoured,
)
from upswing.privacy.compliance_files import files_are_private, keys_are_secret
from upswing.privacy.compliance_lineage import no_tagged_column_in_a_mart, only_the_vault_reads_identities
from upswing.privacy.keys import keys_folder, move_keys, pseudonym_key, write_private
from upswing.privacy.vault import Identity
from upswing.quality.modes import close_folder, open_paths, private_umask
from upswing.user_errors import UserError

SOMEBODY, ANOTHER = "0123456789abcdef01234567", "89abcdef0123456789abcdef"


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create table customers (customer_id varchar, age_band varchar, region varchar, words varchar)"
        )
        connection.execute(
            "insert into customers values ('(anonymous)', null, null, 'who is nobody'), (null, null, null, null)"
        )
        connection.executemany(
            "insert into customers values (?, '25-34', 'north', 'likes tea')",
            [(f"{number:024x}",) for number in range(5)],
        )
        yield connection


def manifest(mart_columns: list[str], readers_of_identities: dict[str, list[str]]) -> dict[str, Any]:
    """A project with a mart, a staging model and the raw tables behind them."""
    personal = {"email": {"name": "email", "config": {"tags": ["pii"]}}}
    return {
        "nodes": {
            "model.upswing.customers": {
                "name": "customers", "resource_type": "model", "schema": "marts",
                "unique_id": "model.upswing.customers", "columns": {name: {"name": name} for name in mart_columns},
            },
            "model.upswing.stg_raw__customers": {
                "name": "stg_raw__customers", "resource_type": "model", "schema": "staging", "columns": personal,
                "unique_id": "model.upswing.stg_raw__customers",
            },
        },
        "sources": {
            "source.upswing.raw.events": {
                "name": "events", "source_name": "raw",
                "columns": {"occurred_at": {"name": "occurred_at", "config": {"meta": {"observed": True}}}},
            },
            "source.upswing.raw_control.identities": {
                "name": "identities", "source_name": "raw_control",
                "columns": {"customer_id": {"name": "customer_id", "config": {"meta": {"pii": True}}}},
            },
        },
        "child_map": {"source.upswing.raw_control.identities": list(readers_of_identities), **readers_of_identities},
    }  # fmt: skip


def project(mart_columns: list[str] | None = None, **variables: object) -> Project:
    return Project(manifest(mart_columns or ["customer_id"], {"model.upswing.seal_identities": []}), variables)


def test_a_tagged_column_is_found_in_the_contract_and_in_the_file() -> None:
    assert no_tagged_column_in_a_mart(project(), {"customers": ["customer_id"]}).result == HOLDS
    contracted = no_tagged_column_in_a_mart(project(["customer_id", "email"]), {})
    published = no_tagged_column_in_a_mart(project(), {"customers": ["customer_id", "email"]})
    for finding in (contracted, published):
        assert finding.result == BROKEN
        assert "customers.email" in finding.evidence


def test_the_vault_alone_reads_identities() -> None:
    assert only_the_vault_reads_identities(project()).result == HOLDS
    leaking = manifest([], {"model.upswing.seal_identities": ["model.upswing.customers"]})
    assert "customers" in only_the_vault_reads_identities(Project(leaking, {})).evidence
    two = manifest([], {"model.upswing.seal_identities": [], "model.upswing.other": []})
    assert only_the_vault_reads_identities(Project(two, {})).result == BROKEN


def test_a_raw_id_is_no_pseudonym(marts: duckdb.DuckDBPyConnection) -> None:
    assert only_pseudonyms({"marts.duckdb": marts}).result == HOLDS
    marts.execute("insert into customers values ('C-1001', null, null, null)")
    found = only_pseudonyms({"marts.duckdb": marts})
    assert found.result == BROKEN
    assert "1 rows of marts.duckdb customers.customer_id" in found.evidence
    assert "C-1001" not in found.evidence


@pytest.mark.parametrize(
    "text",
    [
        "C-1001",
        "asked Jane Doe today",
        "mail JANE@doe.example.",
        "call +49 (30) 123-4567",
        "跟欧阳娜娜谈了",
        "Ask c-1001!",
    ],
)
def test_an_identity_in_a_text_is_found(marts: duckdb.DuckDBPyConnection, text: str) -> None:
    known = [
        Identity("C-1001", "Jane Doe", "jane@doe.example", "+49 30 1234567"),
        Identity("17", "欧阳娜娜", None, None),
    ]
    assert no_identity(marts, known).result == HOLDS
    marts.execute("insert into customers values (null, null, null, ?)", [text])
    found = no_identity(marts, known)
    assert found.result == BROKEN
    assert "1 texts of customers.words" in found.evidence


def test_short_ids_are_not_looked_for_in_texts(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("insert into customers values (null, '17', null, 'a 17 of 1234567')")
    assert no_identity(marts, [Identity("17"), Identity("1234567", "Tea")]).result == HOLDS
    assert no_identity(marts, None).result == NOT_CHECKED


def test_a_rare_combination_is_found(marts: duckdb.DuckDBPyConnection) -> None:
    assert k_anonymous(marts, 5, 30).result == HOLDS
    assert "1 combinations of 5 customers" in k_anonymous(marts, 6, 30).evidence
    assert k_anonymous(marts, 5, 2).result == BROKEN


def test_a_term_that_has_ended_is_found() -> None:
    asked = project(retention_days={"events": 30}, as_of_date="2024-06-30")
    with duckdb.connect() as warehouse:
        warehouse.execute("create table stg_raw__events as select timestamp '2024-05-01 10:00:00' as occurred_at")
        assert retention_honoured(asked, warehouse, date(2030, 1, 1)).result == HOLDS
        warehouse.execute("insert into stg_raw__events values ('2024-04-29 10:00:00')")
        found = retention_honoured(asked, warehouse, date(2030, 1, 1))
    assert found.result == BROKEN
    assert "1 rows of stg_raw__events" in found.evidence


def test_an_erased_customer_is_found(tmp_path: Path) -> None:
    file = tmp_path / "marts.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create table pushes as select '{SOMEBODY}' as customer_id, 'hello' as message")
    assert erased_are_gone(tmp_path, [file]).result == HOLDS
    (tmp_path / "erasures.csv").write_text(f"pseudonym,erased_at\n{ANOTHER},2024-01-01T00:00:00+00:00\n")
    assert erased_are_gone(tmp_path, [file]).result == HOLDS
    (tmp_path / "erasures.csv").write_text(f"pseudonym,erased_at\n{SOMEBODY},2024-01-01T00:00:00+00:00\n")
    assert erased_are_gone(tmp_path, [file, tmp_path / "upswing.duckdb"]).result == BROKEN


def test_the_list_of_the_erased_in_the_warehouse_is_no_trace_of_them(tmp_path: Path) -> None:
    file = tmp_path / "upswing.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create schema raw; create table raw.erasures as select '{SOMEBODY}' as pseudonym")
    (tmp_path / "erasures.csv").write_text(f"pseudonym,erased_at\n{SOMEBODY},2024-01-01T00:00:00+00:00\n")
    assert erased_are_gone(tmp_path, [file]).result == HOLDS


def test_modes_are_closed_and_stay_so(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    (folder / "keys").mkdir(parents=True)
    for path in (folder / "marts.duckdb", folder / "keys" / "vault.key"):
        path.write_text("x")
        path.chmod(0o644)
    folder.chmod(0o755)
    (folder / "link").symlink_to(tmp_path)
    found = files_are_private([folder, tmp_path / "pushes"])
    assert found.result == BROKEN
    assert "marts.duckdb (0644)" in found.evidence
    assert close_folder(folder) == 4
    assert open_paths(folder) == []
    assert stat.S_IMODE((folder / "marts.duckdb").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700
    assert files_are_private([folder]).result == HOLDS
    assert open_paths(tmp_path / "pushes") == []


def test_what_is_made_under_the_umask_is_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private_umask()
        (tmp_path / "made").mkdir()
        with duckdb.connect(str(tmp_path / "made" / "a.duckdb")) as connection:
            connection.execute("create table t as select 1 as x")
        assert open_paths(tmp_path / "made") == []
    finally:
        os.umask(before)


def test_a_key_in_a_log_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, logs = tmp_path / "warehouse", tmp_path / "logs"
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    for name in ("UPSWING_KEYS", "UPSWING_PSEUDONYM_KEY", "UPSWING_VAULT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / f"{tmp_path.name}.config"))
    logs.mkdir()
    assert keys_are_secret(tmp_path, [logs, warehouse], warehouse).result == NOT_CHECKED
    assert not warehouse.exists(), "asking made no key"
    key = pseudonym_key()
    assert keys_are_secret(tmp_path, [logs, warehouse], warehouse).result == HOLDS
    (logs / "dbt.log").write_bytes(b"." * (1 << 22) + key.hex().upper().encode())
    found = keys_are_secret(tmp_path, [logs, warehouse], warehouse)
    assert found.result == BROKEN
    assert "dbt.log" in found.evidence
    assert key.hex() not in found.evidence


def test_a_key_of_age_in_a_log_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, logs = tmp_path / "keys", tmp_path / "logs"
    monkeypatch.setenv("UPSWING_KEYS", str(keys))
    keys.mkdir()
    logs.mkdir()
    (keys / "backup.key").write_text("# public key: age1abc\nAGE-SECRET-KEY-1OLD\nAGE-SECRET-KEY-1NEW\n")
    (logs / "dbt.log").write_text("# public key: age1abc")
    assert keys_are_secret(tmp_path, [logs], tmp_path / "warehouse").result == HOLDS
    for secret in ("OLD", "NEW"):
        (logs / "dbt.log").write_text(f"so AGE-SECRET-KEY-1{secret} it is")
        assert keys_are_secret(tmp_path, [logs], tmp_path / "warehouse").result == BROKEN


def test_keys_inside_the_warehouse_break_the_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = tmp_path / "warehouse"
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / f"{tmp_path.name}.config"))
    for name in ("UPSWING_KEYS", "UPSWING_PSEUDONYM_KEY", "UPSWING_VAULT_KEY"):
        monkeypatch.delenv(name, raising=False)
    write_private(warehouse / "keys" / "pseudonym.key", "ab" * 32)
    found = keys_are_secret(tmp_path, [warehouse], warehouse)
    assert found.result == BROKEN
    assert "inside the warehouse" in found.evidence
    assert "upswing keys move" in found.mend
    move_keys()
    assert keys_are_secret(tmp_path, [warehouse], warehouse).result == HOLDS
    write_private(keys_folder() / "pseudonym.pads", "pads")
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "cd" * 32)
    assert "pseudonym.pads" in keys_are_secret(tmp_path, [warehouse], warehouse).evidence


def test_the_outputs_of_dbt_are_private(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "target" / "manifest.json").write_text("{}")
    found = files_are_private([], [tmp_path / "target", tmp_path / "logs"])
    assert (found.result, "target (0755)" in found.evidence) == (BROKEN, True)
    (tmp_path / "target").chmod(0o700)
    assert files_are_private([], [tmp_path / "target", tmp_path / "logs"]).result == HOLDS


def test_variables_of_the_run_go_before_those_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("vars: {k_anonymity: 5, retention_days: {}}")
    with pytest.raises(UserError, match="run `dbt build` first"):
        read_project(tmp_path, tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest([], {})))
    (tmp_path / "run_results.json").write_text(json.dumps({"args": {"vars": {"k_anonymity": 7}}}))
    assert read_project(tmp_path, tmp_path).variables == {"k_anonymity": 7, "retention_days": {}}


def test_the_command_ends_with_1_where_a_promise_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "ab" * 32)
    (tmp_path / "dbt_project.yml").write_text("vars: {k_anonymity: 5, min_described_customers: 30, retention_days: {}}")
    nothing_built = CliRunner().invoke(compliance)
    assert nothing_built.exit_code == 1
    assert "run `dbt build` first" in nothing_built.output
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest([], {"model.upswing.seal_identities": []})))
    with duckdb.connect(str(warehouse / "marts.duckdb")) as connection:
        connection.execute(f"create table customers as select '{SOMEBODY}' as customer_id")
    opened = CliRunner().invoke(compliance, ["--format", "json"])
    assert opened.exit_code == 1
    told = json.loads(opened.output)
    assert [finding["claim"] for finding in told["findings"] if finding["result"] == BROKEN] == [
        "The owner alone can read the warehouse's files"
    ]
    closed = CliRunner().invoke(compliance, ["--close"])
    assert closed.exit_code == 0, closed.output
    assert "0 broken" in closed.output
