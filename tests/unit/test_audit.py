"""The audit: a chain that only grows, and every way in which it can be broken is noticed."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from upswing.commands.audit import audit as command
from upswing.privacy.keys import audit_key, key_id
from upswing.quality import audit, audit_heads
from upswing.quality.audit_chain import BEFORE_THE_FIRST, Signer, chained
from upswing.quality.audit_marts import pipeline_runs
from upswing.quality.audit_runs import code_version, record, register
from upswing.user_errors import UserError


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse with an audit of five entries."""
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    for number in range(5):
        audit.append(tmp_path, "backup", {"number": number})
    return tmp_path


def tampered(warehouse: Path, statement: str) -> None:
    """Write past the triggers, as who owns the file can."""
    with sqlite3.connect(audit.audit_file(warehouse)) as connection:
        triggers = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


def test_entries_are_numbered_chained_and_private(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_USER", "ana")
    last = audit.append(warehouse, "forget", {"b": 1, "a": "é"})
    assert (last.entry, last.kind, last.actor, last.details) == (6, "forget", "ana", '{"a":"é","b":1}')
    assert audit.head(warehouse) == last == audit.entries(warehouse)[-1]
    assert last.previous_hash == audit.entries(warehouse)[-2].entry_hash
    assert [entry.entry for entry in audit.entries(warehouse, "backup", 2)] == [4, 5]
    assert audit.verify(warehouse) == []
    assert audit.audit_file(warehouse).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("statement", ["update entries set actor = 'x'", "delete from entries where entry = 5"])
def test_entries_are_neither_changed_nor_deleted(warehouse: Path, statement: str) -> None:
    with (
        sqlite3.connect(audit.audit_file(warehouse)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "entry", "words"),
    [
        ("update entries set actor = 'nobody' where entry = 3", 3, "not what was recorded"),
        ("update entries set details = '{}' where entry = 1", 1, "not what was recorded"),
        ("update entries set recorded_at = '2020-01-01' where entry = 5", 5, "not what was recorded"),
        ("update entries set previous_hash = 'x' where entry = 4", 4, "does not follow"),
        ("delete from entries where entry = 2", 2, "missing"),
        ("delete from entries where entry in (2, 3)", 2, "all up to entry 3"),
    ],
)
def test_a_change_is_found_at_its_entry(warehouse: Path, statement: str, entry: int, words: str) -> None:
    tampered(warehouse, statement)
    found = audit.verify(warehouse)
    assert found[0].entry == entry
    assert words in found[0].what


def test_a_missing_trigger_is_found(warehouse: Path) -> None:
    with sqlite3.connect(audit.audit_file(warehouse)) as connection:
        connection.execute("drop trigger entries_are_not_deleted")
    assert [(broken.entry, "entries_are_not_deleted" in broken.what) for broken in audit.verify(warehouse)] == [
        (0, True)
    ]


def test_a_hash_kept_elsewhere_tells_of_a_cut_end(warehouse: Path) -> None:
    fifth = audit.entries(warehouse)[-1]
    anchor = audit.Anchor("marts.duckdb", fifth.entry, fifth.entry_hash, fifth.recorded_at)
    assert audit.verify(warehouse, [anchor]) == []
    tampered(warehouse, "delete from entries where entry > 3")
    assert audit.verify(warehouse) == []
    (cut,) = audit.verify(warehouse, [anchor])
    assert cut.entry == 4
    assert "up to entry 5, but marts.duckdb knows of it: the end was cut off" in cut.what
    for number in "fourth", "fifth":
        audit.append(warehouse, "backup", {"number": f"another {number}"})
    (rewritten,) = audit.verify(warehouse, [anchor])
    assert "rewritten" in rewritten.what
    audit.audit_file(warehouse).unlink()
    assert "gone" in audit.verify(warehouse, [anchor])[0].what


def rewritten(warehouse: Path, first: int, signer: Signer | None = None) -> None:
    """Let somebody write other entries from some number on, with a key or without."""
    kept = audit.entries(warehouse)[: first - 1]
    count = len(audit.entries(warehouse))
    tampered(warehouse, f"delete from entries where entry >= {first}")
    previous = kept[-1] if kept else None
    for _ in range(first, count + 1):
        previous = forged(previous, signer)
        values = ", ".join("?" * 7)
        with sqlite3.connect(audit.audit_file(warehouse)) as connection:
            connection.execute(f"insert into entries values ({values})", astuple(previous))


def forged(previous: audit.Entry | None, signer: Signer | None) -> audit.Entry:
    """An entry as an earlier version chained it, or signed with a key."""
    if signer is not None:
        return chained(previous, "backup", "nobody", "{}", signer)
    number, before = (previous.entry + 1, previous.entry_hash) if previous else (1, BEFORE_THE_FIRST)
    content = json.dumps([before, number, "2026-01-01", "backup", "nobody", "{}"])
    return audit.Entry(
        number, "2026-01-01", "backup", "nobody", "{}", before, hashlib.sha256(content.encode()).hexdigest()
    )


def test_nobody_rewrites_the_end_without_the_key(warehouse: Path) -> None:
    rewritten(warehouse, 4)
    assert [(found.entry, "not signed, but" in found.what) for found in audit.verify(warehouse)] == [
        (4, True),
        (5, True),
    ]
    rewritten(warehouse, 4, Signer.of(bytes(32)))
    (found,) = audit.verify(warehouse)
    assert found.entry == 4
    assert f"key {key_id(bytes(32))}, and the one here is" in found.what
    assert "UPSWING_AUDIT_KEY" in found.what


def test_a_hash_that_pretends_to_be_signed_is_found(warehouse: Path) -> None:
    signer = audit.standing_signer()
    assert signer is not None
    tampered(warehouse, f"update entries set entry_hash = '{signer.key_id}:{'0' * 64}' where entry = 5")
    assert "its hash is another" in audit.verify(warehouse)[0].what


@pytest.fixture
def no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse for which no key was made yet."""
    monkeypatch.setenv("UPSWING_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("UPSWING_AUDIT_KEY", raising=False)
    return tmp_path / "warehouse"


@pytest.fixture
def earlier(no_key: Path) -> Path:
    """An audit of three entries that an earlier version wrote, without a key."""
    audit.append(no_key, "backup", {})
    tampered(no_key, "delete from entries")
    (no_key.parent / "keys" / "audit.key").unlink()
    audit_heads.heads_file(no_key).unlink()
    entry = None
    for _ in range(3):
        entry = forged(entry, None)
        with sqlite3.connect(audit.audit_file(no_key)) as connection:
            connection.execute("insert into entries values (?, ?, ?, ?, ?, ?, ?)", astuple(entry))
    return no_key


def test_an_audit_of_an_earlier_version_goes_on_and_is_sealed(earlier: Path) -> None:
    assert audit.verify(earlier) == []
    fourth = audit.append(earlier, "backup", {})
    assert fourth.key_id == key_id(audit_key("lost"))
    assert audit.verify(earlier) == []
    tampered(earlier, f"update entries set details = '[]', entry_hash = '{'0' * 64}' where entry = 3")
    assert [found.entry for found in audit.verify(earlier)] == [3, 4]
    rewritten(earlier, 1)
    assert audit.verify(earlier) == [], "all of it is without a key again"
    anchor = audit.Anchor("elsewhere", 4, fourth.entry_hash, fourth.recorded_at)
    assert "rewritten" in audit.verify(earlier, [anchor])[0].what


@pytest.mark.parametrize("is_only_in_heads", [False, True])
def test_a_lost_key_is_never_replaced_in_silence(no_key: Path, is_only_in_heads: bool) -> None:
    audit.append(no_key, "backup", {})
    key = no_key.parent / "keys" / "audit.key"
    kept = key.read_text()
    key.unlink()
    (lost,) = audit.verify(no_key)
    assert "there is none here: put that key back in" in lost.what
    if is_only_in_heads:
        audit.audit_file(no_key).unlink()
    with pytest.raises(UserError, match=r"audit key is gone.*UPSWING_AUDIT_KEY is not set.*lost for good, move"):
        audit.append(no_key, "backup", {})
    assert not key.exists()
    with pytest.raises(UserError, match="audit key is gone"):
        audit.check_ready(no_key)
    if not is_only_in_heads:
        assert len(audit.entries(no_key)) == 1
    key.write_text(kept)
    audit.append(no_key, "backup", {})
    assert audit.verify(no_key) == []


def test_another_key_is_refused(no_key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = audit.append(no_key, "backup", {})
    monkeypatch.setenv("UPSWING_AUDIT_KEY", "ab" * 32)
    other = key_id(bytes.fromhex("ab" * 32))
    with pytest.raises(UserError, match=f"signed with the audit key {first.key_id}, and the one here is {other}"):
        audit.append(no_key, "backup", {})
    assert [found.entry for found in audit.verify(no_key)] == [1]
    assert audit.entries(no_key) == [first]
    monkeypatch.setenv("UPSWING_AUDIT_KEY", "correct horse")
    with pytest.raises(UserError, match="is none: expected 64 hex digits"):
        audit.append(no_key, "backup", {})


def test_a_file_that_is_no_audit_is_told_not_overwritten(tmp_path: Path) -> None:
    audit.audit_file(tmp_path).write_bytes(b"no database at all, and longer than a header of one " * 10)
    assert "cannot be read" in audit.verify(tmp_path)[0].what
    with pytest.raises(UserError, match="cannot be used"):
        audit.append(tmp_path, "backup", {})


def append_ten(warehouse: Path) -> None:
    for number in range(10):
        audit.append(warehouse, "backup", {"number": number})


def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        list(pool.map(append_ten, [tmp_path] * 3))
    assert len(audit.entries(tmp_path)) == 30
    assert audit.verify(tmp_path) == []


START = {"command": "build", "target": "duckdb", "select": [], "exclude": [], "full_refresh": False, "vars": {}}


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Record a start or an end as the hooks do."""
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))

    def hook(moment: str, invocation: str, **details: object) -> None:
        record(moment, json.dumps((START if moment == "started" else {}) | details | {"invocation_id": invocation}))

    return hook


def test_runs_are_told_with_how_they_ended(tmp_path: Path, recorded: Callable[..., None]) -> None:
    ended = {"failed": [], "warned": [], "slowest": [["fit_x", 3.0], ["a", 0.1]]}
    recorded("started", "good", select=["+publish"], vars={"refit": "never"})
    audit.append(tmp_path, "publish", {"invocation_id": "good"})
    recorded("finished", "good", counts={"success": 2, "warn": 1}, **ended)
    recorded("started", "killed")
    recorded("started", "bad")
    recorded("finished", "bad", counts={"error": 1, "skipped": 7}, **(ended | {"failed": ["m"]}))
    recorded("started", "now")
    runs = {row["invocation_id"]: row for row in pipeline_runs(str(tmp_path)).to_pylist()}
    assert {name: row["run_status"] for name, row in runs.items()} == {
        "good": "succeeded",
        "killed": "interrupted",
        "bad": "failed",
        "now": "running",
    }
    assert runs["good"]["has_published"]
    assert not runs["bad"]["has_published"]
    assert runs["good"]["selection"] == '--select +publish --vars {"refit":"never"}'
    assert runs["good"]["slowest_nodes"] == "fit_x 3.0 s, a 0.1 s"
    assert (runs["good"]["nodes_run"], runs["good"]["nodes_warned"]) == (3, 1)
    assert (runs["bad"]["nodes_failed"], runs["bad"]["nodes_skipped"], runs["bad"]["failed_nodes"]) == (1, 7, "m")
    assert runs["killed"]["finished_at"] is runs["killed"]["duration_seconds"] is None
    assert runs["good"]["code_version"] == code_version()


def test_hooks_reach_the_audit_through_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    content = json.dumps(START | {"invocation_id": "a"})
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection, duckdb.connect(str(tmp_path / "x.duckdb")) as other:
        register(connection)
        register(other)
        recorded = connection.cursor().execute("select upswing_record_run('started', ?)", [content]).fetchall()
    assert recorded == [("1",)]
    assert audit.entries(tmp_path)[0].content()["code_version"] == code_version()


def test_no_audit_is_no_runs(tmp_path: Path) -> None:
    assert pipeline_runs(str(tmp_path)).num_rows == 0
    assert audit.verify(tmp_path) == []


def test_the_command_says_what_holds_and_what_does_not(warehouse: Path) -> None:
    sound = CliRunner().invoke(command, ["verify", "--backups", str(warehouse / "none")])
    assert sound.exit_code == 0, sound.output
    assert "5 entries, none changed" in sound.output
    assert f"{audit_heads.heads_file(warehouse)}: entry 5 of 20" in sound.output
    tampered(warehouse, "update entries set details = '{}' where entry = 2")
    broken = CliRunner().invoke(command, ["verify", "--backups", str(warehouse / "none")])
    assert broken.exit_code == 1
    assert "the first is entry 2" in broken.output
    listed = CliRunner().invoke(command, ["log", "--last", "2", "--format", "json"])
    assert [json.loads(line)["details"] for line in listed.output.splitlines()] == [{"number": 3}, {"number": 4}]
    unknown = CliRunner().invoke(command, ["log", "--kind", "party"])
    assert unknown.exit_code == 1
    assert "there are: backup" in unknown.output
