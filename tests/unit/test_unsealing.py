"""Nobody reads an identity without an entry in the audit, and nothing leaves the house that the audit does not know."""

import ast
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import upswing
from unit.shop import MONDAY, STOP_THERE, done, name_of, open_shop, publish_pushes, run
from unit.test_compliance import manifest
from upswing.cli import COMMANDS
from upswing.marketing.push_ledger import LEDGER_FILE
from upswing.privacy.vault import Box
from upswing.quality import audit
from upswing.user_errors import UserError

PUSH = ("push", "--channel", "email")
EXPORTED = Path(f"pushes/email/{MONDAY}-0001.csv")


@pytest.fixture(autouse=True)
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = open_shop(tmp_path, monkeypatch)
    Path("target").mkdir()
    Path("target/manifest.json").write_text(json.dumps(manifest([], {"model.upswing.seal_identities": []})))
    Path("dbt_project.yml").write_text("vars: {k_anonymity: 5, min_described_customers: 30, retention_days: {}}")
    return folder


def entries(warehouse: Path, kind: str) -> list[dict[str, Any]]:
    return [entry.content() for entry in audit.entries(warehouse, kind)]


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is opened from here on with the key of the vault."""
    opened: list[str] = []
    whole = Box.open

    def spied(self: Box, sealed: bytes, bound_to: str) -> bytes:
        opened.append(bound_to)
        return whole(self, sealed, bound_to)

    monkeypatch.setattr(Box, "open", spied)
    return opened


def erased_and_backed_up() -> None:
    """A backup from before Anna was erased; to restore it she is erased again."""
    done("backup")
    done("forget", "17", "--yes")


def erased() -> None:
    done("forget", "17", "--yes")


def nothing() -> None:
    pass


Case = tuple[Callable[[], None], tuple[str, ...], dict[str, int]]

UNSEAL: dict[str, list[Case]] = {
    "push": [(nothing, PUSH, {"push": 2}), (nothing, (*PUSH, "--dry-run"), {"push --dry-run": 2})],
    "identify": [(nothing, ("identify", "17", "99"), {"identify": 1})],
    "forget": [
        (nothing, ("forget", "17", "--dry-run"), {"forget (preview)": 1}),
        (nothing, ("forget", "17", "18", "--yes"), {"forget (preview)": 2, "forget": 2}),
        (erased, ("forget", "17", "--yes"), {"forget (preview)": 1, "forget": 1}),
    ],
    "keys": [
        (nothing, ("keys", "rotate", "--vault"), {"keys rotate --vault": 2}),
        (erased, ("keys", "rotate", "--vault"), {"keys rotate --vault": 2}),
        (erased, ("keys", "rotate", "--pseudonyms", "--yes"), {"keys rotate --pseudonyms": 2}),
    ],
    "compliance": [(nothing, ("compliance",), {"compliance": 2})],
    "restore": [(erased_and_backed_up, ("restore", "backups", "--yes"), {"restore": 1})],
}
"""Of each command that unseals: what is done before, the command, and how many are unsealed for what."""

DO_NOT = {
    *("audit", "backup", "cards", "check", "dashboard", "publish", "published", "query", "report", "sample"),
    *("superset", "tables", "watch"),
}


def test_of_every_command_it_is_known_whether_it_unseals() -> None:
    assert {*UNSEAL} | DO_NOT == {*COMMANDS}


CASES = [
    pytest.param(before, typed, counts, id=f"{' '.join(typed)}, {before.__name__} before")
    for cases in UNSEAL.values()
    for before, typed, counts in cases
]


@pytest.mark.parametrize(("before", "typed", "expected"), CASES)
def test_what_a_command_unseals_is_in_the_audit(
    before: Callable[[], None], typed: tuple[str, ...], expected: dict[str, int], warehouse: Path, unsealed: list[str]
) -> None:
    before()
    if typed[0] == "restore":
        (archive,) = (path for path in Path("backups").iterdir() if path.name.endswith(".age"))
        typed = ("restore", str(archive), *typed[2:])
    unsealed.clear()
    known = len(entries(warehouse, "unsealed"))
    result = run(*typed)
    assert isinstance(result.exception, SystemExit | None), result.exception
    counted: dict[str, int] = {}
    for details in entries(warehouse, "unsealed")[known:]:
        number = details.get("identities", 0) + details.get("erased_ids", 0)
        counted[details["purpose"]] = counted.get(details["purpose"], 0) + number
    assert counted == expected
    assert len(unsealed) == sum(expected.values())
    text = json.dumps([entry.details for entry in audit.entries(warehouse)])
    for word in (name_of("17"), name_of("18"), "anna@", "Anna", "1234567"):
        assert word not in text


UNSEALING = {"identities", "all_identities", "erased_ids", "known_identities", "_opened"}
MAY_UNSEAL = {
    "commands/identify.py": {"known_identities"},
    "commands/push.py": {"known_identities"},
    "privacy/compliance_report.py": {"all_identities"},
    "privacy/erasures_forget.py": {"identities", "erased_ids"},
    "privacy/rotation.py": {"all_identities", "erased_ids"},
    "privacy/vault.py": {"_opened"},
    "privacy/vault_sealing.py": {"identities"},
}
"""Whoever is put here says so in docs/audit.md, and gets a case in UNSEAL."""


def test_no_other_module_unseals() -> None:
    source = Path(upswing.__file__).parent
    found: dict[str, set[str]] = {}
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", None))
            if name in UNSEALING:
                found.setdefault(str(path.relative_to(source)), set()).add(name)
            # The box itself opens without an entry.
            is_box = isinstance(called, ast.Attribute) and ast.unparse(called).split(".")[-2:] == ["box", "open"]
            assert not is_box or path.name == "vault.py", path
    assert found == MAY_UNSEAL


def break_audit(warehouse: Path) -> None:
    (warehouse / "audit.sqlite").write_text("no audit at all, but long enough to be looked at as one " * 20)


@pytest.mark.parametrize(
    "typed",
    [(*PUSH,), (*PUSH, "--dry-run"), ("identify", "17"), ("forget", "17", "--yes"), ("compliance",)],
    ids=" ".join,
)
def test_where_the_audit_cannot_be_written_nothing_is_unsealed(
    typed: tuple[str, ...], warehouse: Path, unsealed: list[str]
) -> None:
    break_audit(warehouse)
    result = run(*typed)
    assert result.exit_code == 1
    assert "audit.sqlite cannot be used" in result.output
    assert unsealed == []
    assert "anna" not in result.output.lower()


def test_a_restore_that_cannot_be_recorded_changes_nothing(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that cannot be opened without an entry is no vault of another key, which would be removed."""
    erased_and_backed_up()
    (archive,) = (path for path in Path("backups").iterdir() if path.name.endswith(".age"))
    before = {path: path.read_bytes() for path in warehouse.glob("*.*") if path.name != ".lock"}
    whole = audit.append

    def full(folder: Path, kind: str, details: dict[str, Any]) -> audit.Entry:
        if kind == "unsealed":
            raise UserError("audit.sqlite cannot be written: the disk is full")
        return whole(folder, kind, details)

    monkeypatch.setattr(audit, "append", full)
    result = run("restore", str(archive), "--yes")
    assert (result.exit_code, "the disk is full" in result.output) == (1, True)
    assert {path: path.read_bytes() for path in warehouse.glob("*.*") if path.name != ".lock"} == before


def pushed(warehouse: Path) -> list[str]:
    """Names of the files that the audit knows as they are now."""
    recorded = {(name, digest) for push in entries(warehouse, "push") for name, digest in push["files"].items()}
    there = [path for path in Path("pushes").rglob("*.*") if path.is_file() and path.suffix in (".csv", ".json")]
    hashes = {(str(path.relative_to("pushes")), hashlib.sha256(path.read_bytes()).hexdigest()) for path in there}
    assert hashes <= recorded
    return sorted(name for name, _ in hashes)


RESULTS = ["campaign_touches.csv", "campaigns.csv"]


def test_an_export_is_recorded_with_channel_format_number_and_hashes(warehouse: Path) -> None:
    done(*PUSH)
    (entry,) = entries(warehouse, "push")
    told = {name: entry[name] for name in ("channel", "format", "pushes", "held_out", "completed", "folder")}
    assert told == {
        "channel": "email",
        "format": "csv",
        "pushes": 2,
        "held_out": 0,
        "completed": 0,
        "folder": "pushes",
    }
    assert pushed(warehouse) == [*RESULTS, f"email/{MONDAY}-0001.csv"]
    shown = done("audit", "log", "--kind", "push")
    assert "email: 2 pushes as csv, 0 held out; 3 files of pushes" in shown
    assert "2 identities for push" in done("audit", "log", "--kind", "unsealed")


def test_nothing_is_exported_that_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> None:
        raise UserError("audit.sqlite cannot be used")

    with monkeypatch.context() as broken:
        broken.setattr("upswing.commands.push.append", refused)
        assert run(*PUSH).exit_code == 1
    assert [path.name for path in Path("pushes").rglob("*")] == [LEDGER_FILE]
    with sqlite3.connect(f"pushes/{LEDGER_FILE}") as ledger:
        assert ledger.execute("select (select count(*) from pushes), (select count(*) from files)").fetchone() == (0, 0)
    assert "2 pushes exported" in done(*PUSH)


KILLED = """
import sys
from upswing.commands import push as command
from upswing.marketing import push_export
from upswing.marketing.push_ledger import Ledger

place, before = sys.argv[1], sys.argv[2] == "before"
owner, name = {
    "the entry": (command, "append"),
    "a file": (push_export, "write_file"),
    "the commit": (Ledger, "commit"),
    "the names": (Ledger, "finish"),
}[place]
"""
KILLED += STOP_THERE
KILLED += """
command.push(["--channel", "email"])
"""


@pytest.mark.parametrize("moment", ["before", "behind"])
@pytest.mark.parametrize("place", ["the entry", "a file", "the commit", "the names"])
def test_what_a_killed_push_leaves_is_recorded_and_goes_once(warehouse: Path, place: str, moment: str) -> None:
    command = [sys.executable, "-c", KILLED, place, moment]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        os.kill(running.pid, signal.SIGKILL)
    if (place, moment) == ("the entry", "before"):
        assert not [path for path in Path("pushes").rglob("*") if not path.name.startswith(LEDGER_FILE)]
    else:
        assert len(entries(warehouse, "push")) == 1
    assert EXPORTED.exists() == ((place, moment) == ("the names", "behind"))
    pushed(warehouse)
    is_committed = (place, moment) in {("the commit", "behind"), ("the names", "before")}
    told = done(*PUSH)
    assert (f"{EXPORTED} (of an earlier run that did not end)" in told) == is_committed
    assert pushed(warehouse) == [*RESULTS, f"email/{MONDAY}-0001.csv"]
    newest = entries(warehouse, "push")[-1]
    assert newest["completed"] == is_committed
    assert (str(EXPORTED.relative_to("pushes")) in newest["files"]) == ((place, moment) != ("the names", "behind"))
    assert not list(Path("pushes").rglob(".*"))
    assert "2 more were exported before" in done(*PUSH)


def test_another_run_waits_until_the_files_have_their_names(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upswing.marketing.push_ledger.BUSY_SECONDS", 0.05)
    command = [sys.executable, "-c", KILLED, "the commit", "behind"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        assert "another `upswing push` is writing to" in run(*PUSH).output
        running.kill()
    publish_pushes(warehouse)
    assert "of an earlier run" in done(*PUSH)


def test_a_customer_in_an_entry_is_a_hash(warehouse: Path) -> None:
    from upswing.privacy.erasures import in_audit

    done("identify", "17")
    (entry,) = entries(warehouse, "unsealed")
    assert entry == {"purpose": "identify", "identities": 1, "customers": [in_audit(name_of("17"))]}
