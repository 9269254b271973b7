"""The newest hash of the audit is kept outside the warehouse, and who cuts or rewrites the audit is found by it."""

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unit.test_audit import append_ten, rewritten, tampered
from unit.test_backup import Place
from upswing.commands.audit import audit as command
from upswing.privacy.keys import audit_key, private_home
from upswing.quality import audit, audit_check, audit_heads
from upswing.quality.audit_chain import Signer
from upswing.quality.audit_heads import heads_file
from upswing.user_errors import UserError


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse with an audit of five entries, and keys of its own."""
    folder = tmp_path / "warehouse"
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
    monkeypatch.setattr(audit_check, "SECONDS_BETWEEN", 0.01)
    for variable in ("UPSWING_KEYS", "UPSWING_AUDIT_KEY", "UPSWING_AUDIT_HEADS"):
        monkeypatch.delenv(variable, raising=False)
    for number in range(5):
        audit.append(folder, "backup", {"number": number})
    return folder


def verified(*options: str) -> Result:
    return CliRunner().invoke(command, ["verify", "--backups", "no backups here", *options])


def test_each_entry_adds_a_line_outside_the_warehouse(warehouse: Path) -> None:
    file = heads_file(warehouse)
    assert file.parent == private_home(warehouse)
    assert not file.is_relative_to(warehouse)
    assert file.stat().st_mode & 0o777 == 0o600
    lines, entries = file.read_text().splitlines(), audit.entries(warehouse)
    assert len(lines) == 5
    assert all(f"entry={entry.entry} hash={entry.entry_hash} " in lines[entry.entry - 1] for entry in entries)
    done = verified()
    assert done.exit_code == 0, done.output
    assert f"{file}: entry 5 of {entries[-1].recorded_at[:19]}\n" in done.output
    assert f"signed with the audit key {entries[-1].key_id}" in done.output


def test_a_cut_end_is_found(warehouse: Path) -> None:
    tampered(warehouse, "delete from entries where entry > 3")
    found = verified()
    assert found.exit_code == 1
    assert "entry 4: it is missing, and so are all up to entry 5" in found.output
    assert "audit_heads.log knows of it: the end was cut off" in found.output
    audit.append(warehouse, "backup", {})
    assert "entry 4: it is not the entry that" in verified().output, "nor does it help to go on"


def test_a_lost_audit_is_found(warehouse: Path) -> None:
    audit.audit_file(warehouse).unlink()
    assert "audit.sqlite is gone" in verified().output


@pytest.mark.parametrize("first", [1, 4])
@pytest.mark.parametrize("has_key", [False, True])
def test_a_rewritten_audit_is_found(warehouse: Path, first: int, has_key: bool) -> None:
    rewritten(warehouse, first, Signer.of(audit_key("lost")) if has_key else None)
    found = verified()
    assert found.exit_code == 1
    assert f"entry {first}: it is not the entry that" in found.output


def test_an_audit_without_a_signature_is_no_audit_of_an_earlier_version(warehouse: Path) -> None:
    rewritten(warehouse, 1)
    heads_file(warehouse).unlink()
    found = verified()
    assert found.exit_code == 1
    assert "entry 5: it is not signed, although there is the audit key" in found.output


@pytest.mark.parametrize("kept", [0, 3])
def test_a_file_without_the_newest_is_named(warehouse: Path, kept: int) -> None:
    """Who cuts both must not go unnoticed, and nobody need cut both: another copy tells the difference."""
    file, copy = heads_file(warehouse), warehouse.parent / "copy.log"
    shutil.copy(file, copy)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:kept]))
    if not kept:
        file.unlink()
    assert audit.verify(warehouse) == []
    found = verified()
    assert found.exit_code == 1
    assert f"entry 5: {file} does not know of it" in found.output
    audit.append(warehouse, "backup", {})
    assert verified("--heads", str(copy)).exit_code == 0
    tampered(warehouse, "delete from entries where entry > 3")
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:kept]))
    assert f"up to entry 5, but {copy} knows of it" in verified("--heads", str(copy)).output


def test_a_journal_is_read(warehouse: Path) -> None:
    (last,) = heads_file(warehouse).read_text().splitlines()[4:]
    journal = warehouse.parent / "journal.txt"
    journal.write_bytes(
        b"\xff\xfe no text at all\n"
        + f"Nov 22 17:45:18 shop upswing[17]: {last}\n".encode()
        + f"{last.replace('entry=5', 'entry=6').replace('warehouse=', 'warehouse=another-')}\n".encode()
        + last[:150].encode()
    )
    done = verified("--heads", str(journal))
    assert done.exit_code == 0, done.output
    assert f"{journal}: entry 5 of" in done.output
    other = warehouse.parent / "other.txt"
    other.write_text("audit entry=1 hash=none\n")
    assert f"{other} knows nothing of this warehouse" in verified("--heads", str(other)).output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("entry=5", "entry=9", "line 6: it names this warehouse, but was not signed with the audit key"),
        ("at=2", "at=1", "line 6: it names this warehouse, but was not signed with the audit key"),
        ("hash=", "hash=00000000:", "line 6: it was signed with the audit key 00000000, and the audit key here is"),
    ],
)
def test_a_line_that_somebody_invented_is_named(warehouse: Path, old: str, new: str, words: str) -> None:
    file = heads_file(warehouse)
    (last,) = file.read_text().splitlines()[4:]
    if old == "hash=":
        own = audit.entries(warehouse)[-1].key_id
        old, new = f"hash={own}:", new
    with file.open("a") as lines:
        lines.write(last.replace(old, new) + "\n")
    found = verified()
    assert found.exit_code == 1
    assert f"{file}, {words}" in found.output
    assert "cut off" not in found.output, "it tells nothing of the audit"


def test_a_line_that_was_cut_short_does_no_harm(warehouse: Path) -> None:
    file = heads_file(warehouse)
    with file.open("a") as lines:
        lines.write("audit entry=6 hash=12")
    audit.append(warehouse, "backup", {})
    assert len(file.read_text().splitlines()) == 7
    assert verified().exit_code == 0


def test_two_warehouses_share_a_file(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, other = warehouse.parent / "shared.log", warehouse.parent / "other warehouse\n1"
    monkeypatch.setenv("UPSWING_AUDIT_HEADS", str(shared))
    for folder in (warehouse, other, warehouse, other, other):
        monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
        audit.append(folder, "backup", {})
    assert len(shared.read_text().splitlines()) == 5
    for folder, entries in ((warehouse, 7), (other, 3)):
        monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
        done = verified()
        assert done.exit_code == 0, done.output
        assert f"{shared}: entry {entries} of" in done.output


def test_what_was_killed_before_the_first_entry_stops_nothing(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = warehouse.parent / "other"
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(other))
    other.mkdir()
    audit.audit_file(other).touch()
    audit.check_ready(other)
    assert audit.append(other, "backup", {}).entry == 1


def test_processes_that_write_at_once_are_all_known(warehouse: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        added = pool.map(append_ten, [warehouse] * 3)
        while_written = [verified() for _ in range(5)]
        list(added)
    assert {done.exit_code for done in while_written} == {0}, while_written
    assert len(heads_file(warehouse).read_text().splitlines()) == 35
    assert verified().exit_code == 0


@pytest.mark.parametrize("place", ["file/heads.log", "no folder/heads.log", "."])
def test_a_file_that_cannot_be_written_is_noticed_before_anything_is_recorded(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (warehouse.parent / "file").touch()
    monkeypatch.setenv("UPSWING_AUDIT_HEADS", str(warehouse.parent / place))
    with pytest.raises(UserError, match=r"Nothing was recorded.*UPSWING_AUDIT_HEADS"):
        audit.append(warehouse, "backup", {})
    with pytest.raises(UserError, match="UPSWING_AUDIT_HEADS"):
        audit.check_ready(warehouse)
    assert len(audit.entries(warehouse)) == 5
    assert not (warehouse.parent / "no folder").exists()


def test_a_full_disk_stops_no_build_and_is_not_silent(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = os.write

    def write(descriptor: int, content: bytes) -> int:
        return real(descriptor, content[:40])

    monkeypatch.setattr(os, "write", write)
    assert audit.append(warehouse, "backup", {}).entry == 6
    monkeypatch.undo()
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    assert "entry 6 of the audit could not be added" in capsys.readouterr().err
    assert "entry 6: " in verified().output
    audit.append(warehouse, "backup", {})
    assert verified().exit_code == 0


@pytest.fixture
def listener(tmp_path: Path) -> socket.socket:
    """A system log that listens on a socket of this machine."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "log"))
    listening.settimeout(5)
    return listening


def test_the_system_log_knows_each_entry(
    warehouse: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSWING_AUDIT_SYSLOG", str(warehouse.parent / "log"))
    audit.append(warehouse, "backup", {})
    with listener:
        received = listener.recv(4096).decode()
    assert received.startswith("<86>upswing["), "authpriv, info"
    (last,) = heads_file(warehouse).read_text().splitlines()[5:]
    assert received.endswith(f"]: {last}")


def test_a_log_of_another_machine_knows_each_entry(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        monkeypatch.setenv("UPSWING_AUDIT_SYSLOG", f"127.0.0.1:{listening.getsockname()[1]}")
        audit.append(warehouse, "backup", {})
        assert b"audit entry=6 " in listening.recv(4096)


def test_a_log_that_does_not_listen_stops_no_build(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UPSWING_AUDIT_SYSLOG", str(warehouse.parent / "none"))
    audit.append(warehouse, "backup", {})
    monkeypatch.setenv("UPSWING_AUDIT_SYSLOG", "no..host:514")
    audit.append(warehouse, "backup", {})
    warned = capsys.readouterr().err
    assert "entry 7 of the audit could not be sent" in warned
    assert "entry 6 of the audit could not be sent to the system log" in warned
    assert "UPSWING_AUDIT_SYSLOG" in warned
    monkeypatch.setattr(audit_heads, "SYSLOG_SOCKET", warehouse.parent / "none")
    monkeypatch.delenv("UPSWING_AUDIT_SYSLOG")
    audit.append(warehouse, "backup", {})
    assert capsys.readouterr().err == "", "a machine without a system log"


@pytest.mark.parametrize("address", ["loghost", "loghost:", ":514", "loghost:0", "loghost:99999", "on"])
def test_a_wrong_address_is_noticed_before_anything_is_recorded(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("UPSWING_AUDIT_SYSLOG", address)
    with pytest.raises(UserError, match=r"UPSWING_AUDIT_SYSLOG is .*expected"):
        audit.append(warehouse, "backup", {})
    assert len(audit.entries(warehouse)) == 5


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A warehouse with tables, whose audit has an entry that is in a backup and two that are not."""
    place = Place(tmp_path)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(place.warehouse))
    monkeypatch.setenv("UPSWING_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(audit_check, "SECONDS_BETWEEN", 0.01)
    for name in ("PSEUDONYM", "VAULT", "BACKUP", "AUDIT"):
        monkeypatch.delenv(f"UPSWING_{name}_KEY", raising=False)
    place.fill()
    place.back_up()
    audit.append(place.warehouse, "run_started", {})
    return place


def archive_of(place: Place) -> Path:
    return min(place.backups.glob("*.zst"))


@pytest.mark.parametrize("harm", ["warehouse lost", "audit damaged"])
def test_what_a_restore_lost_is_told_and_no_break(place: Place, harm: str) -> None:
    if harm == "warehouse lost":
        shutil.rmtree(place.warehouse)
    else:
        audit.audit_file(place.warehouse).write_bytes(b"no database" * 1000)
    place.restore(archive_of(place))
    assert [entry.kind for entry in audit.entries(place.warehouse)] == ["run_started", "restore"]
    for _ in range(2):
        done = verified("--backups", str(place.backups))
        assert done.exit_code == 0, done.output
        assert "lost when a restore brought back an older audit: entries 2 to 3 of" in done.output
        audit.append(place.warehouse, "run_started", {})


def test_newer_backups_than_the_one_restored_are_no_break(place: Place) -> None:
    place.back_up()
    shutil.rmtree(place.warehouse)
    place.restore(archive_of(place))
    done = verified("--backups", str(place.backups))
    assert done.exit_code == 0, done.output


def test_a_restore_explains_no_cut_after_it(place: Place) -> None:
    shutil.rmtree(place.warehouse)
    place.restore(archive_of(place))
    audit.append(place.warehouse, "run_started", {})
    tampered(place.warehouse, "delete from entries where entry = 3")
    found = verified()
    assert found.exit_code == 1
    assert "entry 3: it is missing" in found.output


def test_an_audit_put_back_by_hand_is_a_cut_end(place: Place) -> None:
    tampered(place.warehouse, "delete from entries where entry > 1")
    assert "entry 2: it is missing, and so are all up to entry 3" in verified().output


def test_a_restore_that_nobody_signed_explains_nothing(place: Place) -> None:
    rewritten(place.warehouse, 2)
    tampered(place.warehouse, "update entries set kind = 'restore', details = '{\"audit_taken_back_to\":1}'")
    assert "entry 2: it is not the entry that" in verified().output
    for details in ("[", "[]", '{"audit_taken_back_to":"x"}'):
        with sqlite3.connect(audit.audit_file(place.warehouse)) as connection:
            connection.execute("drop trigger entries_are_not_updated")
            hashed = "'00000000:' || entry_hash" if details == "[" else "entry_hash"
            connection.execute(f"update entries set details = ?, entry_hash = {hashed}", [details])
            connection.execute(
                "create trigger entries_are_not_updated before update on entries begin select raise(abort, 'no'); end"
            )
        found = verified()
        assert found.exit_code == 1
        assert isinstance(found.exception, SystemExit), found.exception


@pytest.mark.parametrize("has_audit", [True, False])
def test_a_restore_that_cannot_be_recorded_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, has_audit: bool
) -> None:
    before = place.state()
    if not has_audit:
        audit.audit_file(place.warehouse).unlink()
    with monkeypatch.context() as patch:
        patch.setenv("UPSWING_AUDIT_HEADS", str(place.warehouse.parent / "none" / "heads.log"))
        with pytest.raises(UserError, match="UPSWING_AUDIT_HEADS"):
            place.restore(archive_of(place))
        with pytest.raises(UserError, match="UPSWING_AUDIT_HEADS"):
            place.back_up()
    assert place.state() == before
    assert len(list(place.backups.glob("*.zst"))) == 1
    assert len(audit.entries(place.warehouse)) == (3 if has_audit else 0)


def test_a_backup_whose_audit_key_is_lost_is_refused_or_restored_without_its_audit(
    place: Place, monkeypatch: pytest.MonkeyPatch, new_machine: Callable[[], None]
) -> None:
    new_machine()
    monkeypatch.setenv("UPSWING_AUDIT_KEY", "ab" * 32)
    with pytest.raises(UserError, match="was made with the audit key"):
        place.restore(archive_of(place))
    assert not (place.warehouse / "marts.duckdb").exists()
    assert "audit.sqlite" in place.restore(archive_of(place), without_vault=True).kept
    assert [entry.kind for entry in audit.entries(place.warehouse)] == ["restore"]
    assert verified("--backups", str(place.backups)).exit_code == 0


@pytest.fixture
def new_machine(place: Place) -> Callable[[], None]:
    """Lose the warehouse and all that was kept outside it."""

    def lose() -> None:
        shutil.rmtree(place.warehouse)
        shutil.rmtree(private_home(place.warehouse))

    return lose


@pytest.mark.parametrize("moment", ["swap", "announce"])
def test_a_restore_that_is_killed_is_recorded_or_did_not_happen(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        """Stands for kill -9: nothing that catches errors catches it."""

    def killed(*_: object) -> None:
        raise Killed

    audit.audit_file(place.warehouse).unlink()
    with monkeypatch.context() as patch:
        target = "upswing.quality.backup_restore.swap" if moment == "swap" else "upswing.quality.audit.announce"
        patch.setattr(target, killed)
        with pytest.raises(Killed):
            place.restore(archive_of(place))
    kinds = [entry.kind for entry in audit.entries(place.warehouse)]
    assert kinds == ([] if moment == "swap" else ["run_started", "restore"])
    if moment == "announce":
        audit.append(place.warehouse, "run_started", {})
        assert verified().exit_code == 0
