"""The vault: what is in it opens with its key alone, and only what changed is written."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from upswing.privacy import vault_sealing
from upswing.privacy.keys import VAULT_SECRET, key_id, pseudonym_key, vault_file, vault_key, write_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.rotation import rotate_pseudonyms, rotate_vault_key, standing_vault_key
from upswing.privacy.vault import Identity, open_vault
from upswing.privacy.vault_sealing import known_identities, seal, seal_identities
from upswing.user_errors import UserError

KEY = bytes(range(32))
ANNA = Identity("17", "Anna Müller", "anna@example.com", "+49 170 1234567")
BOB = Identity("18")


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse folder with keys of its own."""
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    for variable in ("UPSWING_KEYS", "UPSWING_VAULT_KEY", "UPSWING_PSEUDONYM_KEY"):
        monkeypatch.delenv(variable, raising=False)
    pseudonym_key()


def batch(people: dict[str, Identity]) -> pa.RecordBatch:
    rows = [{"pseudonym": name, **vars(identity)} for name, identity in people.items()]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in vault_sealing.COLUMNS]))


def sealed(people: dict[str, Identity], erased: set[str] | None = None) -> tuple[int, int]:
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", key_id(pseudonym_key()))
        return seal(vault, [batch(people)], erased or set())


def people(count: int) -> dict[str, Identity]:
    return {pseudonym(pseudonym_key(), str(number)): Identity(str(number), f"Name {number}") for number in range(count)}


def test_an_identity_comes_back_as_it_went_in_and_its_file_shows_none_of_it() -> None:
    assert sealed({"a" * 24: ANNA, "b" * 24: BOB}) == (2, 0)
    assert known_identities(["a" * 24, "b" * 24, "c" * 24], "test") == {"a" * 24: ANNA, "b" * 24: BOB}
    assert vault_file().stat().st_mode & 0o077 == 0
    content = vault_file().read_bytes()
    for text in ("Anna", "example.com", "1234567", "customer_id"):
        assert text.encode() not in content


def test_only_what_changed_is_written_and_who_no_longer_comes_is_removed() -> None:
    everybody = people(200)
    assert sealed(everybody) == (200, 0)
    assert sealed(everybody) == (0, 0)
    (changed, *gone) = list(everybody)[:3]
    moved = {name: person for name, person in everybody.items() if name not in gone}
    moved[changed] = Identity("0", "Another Name")
    assert sealed(moved, erased={list(moved)[-1]}) == (1, 3)
    assert known_identities([changed, *gone], "test")[changed].full_name == "Another Name"
    assert known_identities(gone, "test") == {}


def test_the_same_identity_is_sealed_differently_for_each_pseudonym_and_cannot_be_moved() -> None:
    sealed({"a" * 24: ANNA, "b" * 24: ANNA})
    with sqlite3.connect(vault_file()) as connection:
        first, second = (row[0] for row in connection.execute("select sealed from identities order by pseudonym"))
        assert first[12:] != second[12:]
        connection.execute("update identities set sealed = ? where pseudonym = ?", (first, "b" * 24))
    with pytest.raises(UserError, match="cannot be opened: the file was changed"):
        known_identities(["b" * 24], "test")


def test_a_lost_or_wrong_key_is_named_and_never_replaced() -> None:
    sealed({"a" * 24: ANNA})
    right = vault_key()
    VAULT_SECRET.file.unlink()
    with pytest.raises(UserError, match=r"The vault key is gone: .*vault\.key does not exist"):
        known_identities(["a" * 24], "test")
    assert not VAULT_SECRET.file.exists()
    write_key(VAULT_SECRET, KEY)
    with pytest.raises(UserError, match=f"with the vault key {key_id(right)}, but the key given is {key_id(KEY)}"):
        known_identities(["a" * 24], "test")
    write_key(VAULT_SECRET, right)
    assert known_identities(["a" * 24], "test") == {"a" * 24: ANNA}


def test_a_file_that_is_no_vault_is_not_written_over() -> None:
    vault_file().write_text("no vault at all, but long enough to be looked at as one " * 20)
    before = vault_file().read_bytes()
    write_key(VAULT_SECRET, KEY)
    with pytest.raises(UserError, match="is no vault"):
        known_identities(["a" * 24], "test")
    assert vault_file().read_bytes() == before


def deliveries(**change: Any) -> pa.Table:
    contract = json.dumps({"columns": [{"name": "customer_id", "pseudonym": True}]})
    row = {"table_name": "customers", "is_present": True, "location": "customers.csv", "contract_hash": "c"}
    return pa.Table.from_pylist([row | {"part_count": 1, "parts_hash": "p", "contract": contract} | change])


class Relation:
    """What the seal reads of an engine's relation; counts how often."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows, self.reads = rows, 0

    def to_arrow_table(self) -> pa.Table:
        return self.rows

    def to_arrow_reader(self, _size: int) -> pa.RecordBatchReader:
        self.reads += 1
        return self.rows.to_reader()


def test_raw_tables_that_have_not_changed_are_not_read_again() -> None:
    everybody = Relation(pa.Table.from_batches([batch(people(3))]))
    first = seal_identities(everybody, Relation(deliveries())).to_pylist()[0]
    assert (first["identities"], first["written"], first["removed"]) == (3, 3, 0)
    assert seal_identities(everybody, Relation(deliveries())).to_pylist()[0]["written"] == 0
    assert everybody.reads == 1
    seal_identities(everybody, Relation(deliveries(parts_hash="q")))
    assert everybody.reads == 2
    # Nobody knows what a database holds before it is read.
    for _ in range(2):
        seal_identities(everybody, Relation(deliveries(part_count=0)))
    assert everybody.reads == 4


def test_every_row_is_sealed_with_the_new_key() -> None:
    everybody = people(50)
    sealed(everybody)
    before = vault_file().read_bytes()
    done = rotate_vault_key(vault_file())
    assert (done.identities, done.new) == (50, key_id(vault_key()))
    assert done.old != done.new
    assert known_identities(everybody, "test") == everybody
    with sqlite3.connect(vault_file()) as connection:
        assert connection.execute("select distinct key_id from identities").fetchall() == [(done.new,)]
    assert sealed(everybody) == (0, 0)
    assert vault_file().read_bytes() != before
    names = {path.name for path in VAULT_SECRET.file.parent.iterdir()}
    assert names == {"audit.key", "pseudonym.key", "vault.key"}, "no key waits to follow another"


def test_keys_of_the_environment_are_followed_by_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_VAULT_KEY", KEY.hex())
    sealed({"a" * 24: ANNA})
    with pytest.raises(UserError, match="set UPSWING_VAULT_KEY_NEXT to the new key"):
        rotate_vault_key(vault_file())
    monkeypatch.setenv("UPSWING_VAULT_KEY_NEXT", KEY[::-1].hex())
    rotate_vault_key(vault_file())
    with pytest.raises(UserError, match="but the key given is"):
        known_identities(["a" * 24], "test")
    monkeypatch.setenv("UPSWING_VAULT_KEY", KEY[::-1].hex())
    assert known_identities(["a" * 24], "test") == {"a" * 24: ANNA}


KILLED = """
import sys
from upswing.privacy import rotation
from upswing.privacy.keys import vault_file
place, what = sys.argv[1:]

def stop(*_given, **_named):
    print("there", flush=True)
    sys.stdin.read()

if place == "before the end of the transaction":
    rotation.Vault.set_fact = stop
else:
    rotation._take_over = stop
getattr(rotation, what)(vault_file(), *([[]] if what == "rotate_pseudonyms" else []))
"""


def killed(place: str, what: str) -> None:
    """Start a rotation, and kill -9 it at a place."""
    command = [sys.executable, "-c", KILLED, place, what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        os.kill(running.pid, signal.SIGKILL)


@pytest.mark.parametrize("place", ["before the end of the transaction", "behind it"])
def test_who_is_killed_has_the_old_key_or_the_new(place: str) -> None:
    everybody = people(20)
    sealed(everybody)
    old = vault_key()
    killed(place, "rotate_vault_key")
    assert (standing_vault_key(vault_file()) == old) == (place == "before the end of the transaction")
    assert known_identities(everybody, "test") == everybody
    rotate_vault_key(vault_file())
    assert known_identities(everybody, "test") == everybody


def test_a_change_of_pseudonyms_that_was_killed_is_brought_to_its_end() -> None:
    everybody = people(20)
    sealed(everybody)
    killed("behind it", "rotate_pseudonyms")
    with pytest.raises(UserError, match="run `upswing keys rotate --pseudonyms` again"):
        known_identities(everybody, "test")
    rotate_pseudonyms(vault_file(), [])
    now = people(20)
    assert known_identities(now, "test") == now
    assert not set(now) & set(everybody)
    assert sealed(now) == (0, 0)
