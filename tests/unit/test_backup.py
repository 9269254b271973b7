"""Backups: what comes back is what was there, to the byte and the row, or nothing changes."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from pyrage import x25519

from upswing.commands.backup import backup_command, restore_command
from upswing.privacy import erasures
from upswing.privacy.keys import PSEUDONYM_SECRET, key_id, pseudonym_key, vault_key, write_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.vault import Identity, open_vault
from upswing.quality import audit
from upswing.quality.backup import BackedUp, back_up, backups, known_anchors
from upswing.quality.backup_restore import Restored, restore
from upswing.quality.backup_sources import table_checksums
from upswing.quality.backup_swap import ASIDE, finish
from upswing.user_errors import UserError

KEY = bytes(32)
ANN, BOB = pseudonym(KEY, "1"), pseudonym(KEY, "2")


class Place:
    """A warehouse with its keys, a folder of backups, and one of pushes."""

    def __init__(self, folder: Path) -> None:
        self.warehouse, self.backups, self.pushes = folder / "warehouse", folder / "backups", folder / "pushes"
        self.key = folder / "keys" / "backup.key"

    def fill(self, rows: int = 1000) -> None:
        """A small warehouse with two customers, of whom the vault knows."""
        self.warehouse.mkdir(exist_ok=True)
        for name in ("upswing.duckdb", "marts.duckdb"):
            (self.warehouse / name).unlink(missing_ok=True)
            with duckdb.connect(str(self.warehouse / name)) as connection:
                connection.execute("create table customers (customer_id varchar, visits int)")
                connection.execute("insert into customers values (?, 1), (?, 2)", [ANN, BOB])
                connection.execute(f"create table numbers as select i, sin(i) as s from range({rows}) t(i)")
        write_key(PSEUDONYM_SECRET, KEY)
        with open_vault(self.warehouse / "vault.sqlite", vault_key()) as vault:
            vault.set_fact("pseudonym_key_id", key_id(KEY))
            vault.write({ANN: Identity("1", "Ann"), BOB: Identity("2", "Bob")})
        audit.append(self.warehouse, "run_started", {"rows": rows})

    def back_up(self, *, encrypt: bool = False, keep: int = 7) -> BackedUp:
        return back_up(self.warehouse, self.backups, self.pushes, encrypt=encrypt, keep=keep)

    def state(self) -> dict[str, object]:
        """All that is in the warehouse, but the audit, which grows."""
        found: dict[str, object] = {path.name: table_checksums(path) for path in self.warehouse.glob("*.duckdb")}
        # What the test looks at is no entry of the warehouse's own audit.
        with open_vault(self.warehouse / "vault.sqlite", vault_key(), self.warehouse.parent / "looks") as vault:
            found["vault"] = dict(vault.all_identities("test"))
        return found | {"erasures": erasures.read(self.warehouse)}

    def restore(self, archive: Path, *, without_vault: bool = False) -> Restored:
        return restore(archive, self.warehouse, self.pushes, without_vault=without_vault)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(place.warehouse))
    monkeypatch.setenv("UPSWING_KEYS", str(tmp_path / "keys"))
    for name in ("PSEUDONYM", "VAULT", "BACKUP"):
        monkeypatch.delenv(f"UPSWING_{name}_KEY", raising=False)
    place.fill()
    return place


@pytest.mark.parametrize("encrypt", [False, True])
def test_what_comes_back_is_what_was_there(place: Place, encrypt: bool) -> None:
    erasures.add(place.warehouse, ["c" * 24])
    before = place.state()
    done = place.back_up(encrypt=encrypt)
    assert done.archive.name.endswith(".age") == encrypt
    assert sorted(done.manifest.files) == [
        "audit.sqlite",
        "erasures.csv",
        "marts.duckdb",
        "upswing.duckdb",
        "vault.sqlite",
    ]
    shutil.rmtree(place.warehouse)
    restored = place.restore(done.archive)
    assert place.state() == before
    assert (restored.tables, restored.rows, restored.erased) == (4, 2004, [])
    assert audit.verify(place.warehouse) == []
    assert [entry.kind for entry in audit.entries(place.warehouse)] == ["run_started", "restore"]
    for folder in (place.warehouse, place.backups):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_no_key_and_no_plain_text_is_in_an_encrypted_backup(place: Place) -> None:
    archive = place.back_up(encrypt=True).archive.read_bytes()
    for secret in (ANN.encode(), b"customers", pseudonym_key(), vault_key(), pseudonym_key().hex().encode()):
        assert secret not in archive


def test_the_audit_and_the_ledger_are_not_taken_back(place: Place) -> None:
    place.pushes.mkdir()
    with sqlite3.connect(place.pushes / "ledger.sqlite") as ledger:
        ledger.execute("create table pushes (push_id text)")
    archive = place.back_up().archive
    with sqlite3.connect(place.pushes / "ledger.sqlite") as ledger:
        ledger.execute("insert into pushes values ('sent since')")
    place.fill(rows=5)
    restored = place.restore(archive)
    assert sorted(restored.kept) == ["audit.sqlite", "ledger.sqlite"]
    assert [entry.kind for entry in audit.entries(place.warehouse)] == [
        "run_started",
        "backup",
        "run_started",
        "restore",
    ]
    assert audit.verify(place.warehouse, known_anchors(place.backups)) == []
    with sqlite3.connect(place.pushes / "ledger.sqlite") as ledger:
        assert ledger.execute("select count(*) from pushes").fetchone() == (1,)
    shutil.rmtree(place.pushes)
    assert place.restore(archive).kept.keys() == {"audit.sqlite"}
    assert (place.pushes / "ledger.sqlite").exists()


def test_who_was_erased_since_does_not_come_back(place: Place) -> None:
    archive = place.back_up().archive
    erasures.add(place.warehouse, [ANN])
    place.back_up()
    shutil.rmtree(place.warehouse)
    assert place.restore(archive).erased == [ANN]
    state = place.state()
    assert state["erasures"].keys() == {ANN}  # type: ignore[attr-defined]
    assert state["vault"].keys() == {BOB}  # type: ignore[attr-defined]
    for name in ("upswing.duckdb", "marts.duckdb"):
        with duckdb.connect(str(place.warehouse / name), read_only=True) as connection:
            assert connection.execute("select customer_id from customers").fetchall() == [(BOB,)]
        assert ANN.encode() not in (place.warehouse / name).read_bytes()


@pytest.mark.parametrize("encrypt", [False, True])
@pytest.mark.parametrize("harm", ["cut", "bit", "swap"])
def test_a_damaged_backup_changes_nothing(place: Place, encrypt: bool, harm: str) -> None:
    place.fill(rows=50_000)
    archive = place.back_up(encrypt=encrypt).archive
    content = bytearray(archive.read_bytes())
    middle = len(content) // 2
    if harm == "cut":
        del content[middle:]
    elif harm == "bit":
        content[middle] ^= 1
    else:
        content[1000:2000], content[middle : middle + 1000] = content[middle : middle + 1000], content[1000:2000]
    archive = place.warehouse.parent / "of a name that the audit does not know"
    archive.write_bytes(content)
    before = place.state()
    with pytest.raises(UserError, match=r"damaged|cut off"):
        place.restore(archive)
    assert place.state() == before
    assert not (place.warehouse / ASIDE).exists()


def test_a_file_that_is_no_backup_is_told(place: Place) -> None:
    (place.warehouse.parent / "letter").write_text("Dear Sir")
    with pytest.raises(UserError, match="or no backup"):
        place.restore(place.warehouse.parent / "letter")
    with pytest.raises(UserError, match=r"there is no backup"):
        place.restore(place.warehouse.parent / "none")


def test_another_or_a_lost_key_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = place.back_up(encrypt=True).archive
    needed = str(x25519.Identity.from_str(place.key.read_text().split()[-1]).to_public())
    other = x25519.Identity.generate()
    monkeypatch.setenv("UPSWING_BACKUP_KEY", str(other))
    with pytest.raises(
        UserError, match=f"encrypted to {needed}, but the backup key given is that of {other.to_public()}"
    ):
        place.restore(archive)
    monkeypatch.delenv("UPSWING_BACKUP_KEY")
    place.key.rename(place.key.with_suffix(".lost"))
    with pytest.raises(UserError, match=f"encrypted to {needed}, and there is no key"):
        place.restore(archive)


def test_who_was_erased_by_a_new_pseudonym_does_not_come_back_by_the_old(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = place.back_up().archive
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "cd" * 32)
    new_ann, new_bob = (pseudonym(pseudonym_key(), customer) for customer in ("1", "2"))
    erasures.add(place.warehouse, [new_ann])
    restored = place.restore(archive)
    assert restored.has_other_pseudonyms
    assert place.state()["vault"].keys() == {new_bob}  # type: ignore[attr-defined]
    with duckdb.connect(str(place.warehouse / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("select customer_id from customers").fetchall() == [(BOB,)]


def test_a_backup_whose_keys_are_lost_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = place.back_up().archive
    shutil.rmtree(place.warehouse)
    monkeypatch.setenv("UPSWING_VAULT_KEY", "ef" * 32)
    with pytest.raises(UserError, match="was made with the vault key"):
        place.restore(archive)
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "cd" * 32)
    with pytest.raises(UserError, match="was made with the pseudonym key"):
        place.restore(archive)
    assert place.restore(archive, without_vault=True).kept["vault.sqlite"] == "asked for"


def test_a_backup_of_another_warehouse_is_refused(place: Place) -> None:
    archive = place.back_up().archive
    audit.audit_file(place.warehouse).unlink()
    audit.append(place.warehouse, "run_started", {"other": True})
    with pytest.raises(UserError, match="not of this warehouse"):
        place.restore(archive)


def test_the_oldest_go_and_what_was_killed_is_cleared_away(place: Place) -> None:
    place.backups.mkdir()
    (place.backups / ".upswing-20200101-000000-000000.tar.zst").write_bytes(b"half")
    (place.backups / ".vault.sqlite").write_bytes(b"half")
    made = [place.back_up(keep=2).archive for _ in range(3)]
    assert backups(place.backups) == made[1:]
    beside = {path.name for path in place.backups.iterdir()}
    names = {f"{archive.name}{end}" for archive in made[1:] for end in ("", ".json", ".sha256")}
    assert beside == names | {".lock"}
    checked = subprocess.run(["sha256sum", "-c", f"{made[2].name}.sha256"], cwd=place.backups, capture_output=True)
    assert checked.returncode == 0


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_neither_goes_on_while_a_build_runs(place: Place) -> None:
    archive = place.back_up().archive
    held = str(place.warehouse / "upswing.duckdb")
    command = [sys.executable, "-c", HOLD, held]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as build:
        assert build.stdout is not None
        build.stdout.readline()
        with pytest.raises(UserError, match="in use by another process"):
            place.back_up()
        with pytest.raises(UserError, match="a build runs"):
            place.restore(archive)
        build.communicate()
    assert len(backups(place.backups)) == 1
    assert place.restore(archive).rows == 2004


class Killed(BaseException):
    """Stands for kill -9: nothing that catches errors catches it."""


@pytest.mark.parametrize("moment", range(4))
def test_a_restore_that_is_killed_in_its_swap_is_finished(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    before = place.state()
    archive = place.back_up().archive
    place.fill(rows=7)
    (place.warehouse / "upswing.duckdb.wal").write_bytes(b"of the old file")
    real, done = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        if path.parent.name == ASIDE and not path.name.startswith("."):
            done.append(path)
            if len(done) > moment:
                raise Killed
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    swapped = 3  # the warehouse, the marts, the vault; the audit stays
    if moment < swapped:
        with pytest.raises(Killed):
            place.restore(archive)
        monkeypatch.undo()
        monkeypatch.setenv("UPSWING_WAREHOUSE", str(place.warehouse))
        monkeypatch.setenv("UPSWING_KEYS", str(place.warehouse.parent / "keys"))
        assert finish(place.warehouse)
    else:
        place.restore(archive)
    assert place.state() == before
    assert not finish(place.warehouse)
    assert not (place.warehouse / ASIDE).exists()


def test_a_log_that_a_killed_build_left_goes_along(place: Place) -> None:
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('pragma disable_checkpoint_on_shutdown'); "
        "c.execute(\"insert into customers values ('of the log', 3)\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(place.warehouse / "upswing.duckdb")], check=True)
    assert (place.warehouse / "upswing.duckdb.wal").exists()
    archive = place.back_up().archive
    shutil.rmtree(place.warehouse)
    assert place.restore(archive).rows == 2005
    assert table_checksums(place.warehouse / "upswing.duckdb")["main.customers"][0] == 3


def test_the_commands_say_what_they_did(place: Place) -> None:
    made = CliRunner().invoke(backup_command, ["--folder", str(place.backups)])
    assert made.exit_code == 0, made.output
    assert "4 tables, 2,004 rows" in made.output
    assert f"A new key was made for it. It opens with the key in {place.key}" in made.output
    (archive,) = backups(place.backups)
    checked = CliRunner().invoke(restore_command, [str(archive), "--check"])
    assert "is sound" in checked.output
    refused = CliRunner().invoke(restore_command, [str(archive)], input="n\n")
    assert refused.exit_code == 1
    done = CliRunner().invoke(restore_command, [str(archive), "--yes"])
    assert done.exit_code == 0, done.output
    assert "each compared with what was backed up" in done.output
    nothing = {"UPSWING_WAREHOUSE": str(place.backups / "nothing")}
    missing = CliRunner().invoke(backup_command, ["--folder", str(place.backups)], env=nothing)
    assert "there is no warehouse" in missing.output
