"""Forgetting a customer, and new pseudonyms: nothing is left, nothing is lost."""

import sqlite3
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from upswing.commands.forget import forget_command
from upswing.commands.keys import keys_group
from upswing.marketing.push_ledger import LedgerPush, open_ledger, push_id_of
from upswing.privacy import erasures
from upswing.privacy.erasures_forget import Places, forget, replay
from upswing.privacy.erasures_warehouse import rewrite_without, rows_naming
from upswing.privacy.keys import PSEUDONYM_SECRET, key_id, new_key, pseudonym_key, vault_file, vault_key, write_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.rotation import rotate_pseudonyms
from upswing.privacy.vault import Identity, open_vault
from upswing.user_errors import UserError

TODAY = date(2024, 1, 8)
ANNA = Identity("17", "Anna Schmidt", "anna@example.com", "+49 170 1234567")
BOB = Identity("18", "Bob Miller", "bob@example.com")

TABLES = """
    create schema staging;
    create schema marts;
    create schema models;
    create table staging.parsed_raw__order_lines as select '{anna}' as customer_id, 'o1' as order_id, 2.5 as net_amount
        union all select '{bob}', 'o2', 1.0;
    create table staging.parsed_raw__opportunities as select '{anna}' as customer_id, 'x1' as opportunity_id
        union all select '{bob}', 'x2';
    create table staging.parsed_raw__visits as select 'x1' as opportunity_id, 'They like tea' as visit_note
        union all select 'x2', 'Anna Schmidt came too';
    create table staging.parsed_raw__opt_outs as
        select cast(null as varchar) as customer_id, '{{"customer_id": "{anna}"}}' as raw_record;
    create table models.score_lists as select ['{anna}', 'x'] as members union all select ['{bob}'];
    create table models.fit_x as select 'v' as model_version, 'abc'::blob as weights;
    create table marts.customers as select '{anna}' as customer_id, 1 as orders union all select '{bob}', 2;
    comment on table marts.customers is 'One row per customer.';
    comment on column marts.customers.orders is 'How many.';
    create view staging.stg_visits as select * from staging.parsed_raw__visits;
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with keys, vault, warehouse, marts and a ledger, in which Anna and Bob are known."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
    for variable in ("UPSWING_KEYS", "UPSWING_VAULT_KEY", "UPSWING_PSEUDONYM_KEY"):
        monkeypatch.delenv(variable, raising=False)
    key = pseudonym_key()
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", key_id(key))
        vault.write({name_of("17"): ANNA, name_of("18"): BOB})
    with duckdb.connect(str(folder / "upswing.duckdb")) as connection:
        connection.execute(TABLES.format(anna=name_of("17"), bob=name_of("18")))
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"create table customers as select '{name_of('17')}' as customer_id union select 'b'")
    with open_ledger(tmp_path / "pushes") as ledger:
        ledger.add(1, [push(name_of("17")), push(name_of("18"))], [])
    return folder


def name_of(customer_id: str) -> str:
    return pseudonym(pseudonym_key(), customer_id)


def push(name: str) -> LedgerPush:
    week = TODAY.isoformat()
    ident = push_id_of("a", week, name)
    return LedgerPush(ident, 1, "a-20240108", "A", "a", "a", week, name, "email", week, week, False, 0.5)


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder but the audit, which grows."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "audit.sqlite"}


def places(warehouse: Path) -> Places:
    return Places(warehouse, (Path("pushes"),), (Path("reports"),))


def rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_forgotten_customer_is_nowhere_and_the_others_are_as_they_were(warehouse: Path) -> None:
    anna, bob = name_of("17"), name_of("18")
    before = contents(warehouse)
    would = forget(["17"], places(warehouse), is_dry_run=True)
    assert contents(warehouse) == before
    done = forget(["17"], places(warehouse))
    assert (done.rows, done.pushes, done.in_vault) == (would.rows, 1, 1)
    assert done.rows == {
        "upswing.duckdb: marts.customers": 1,
        "upswing.duckdb: models.score_lists": 1,
        "upswing.duckdb: staging.parsed_raw__opportunities": 1,
        "upswing.duckdb: staging.parsed_raw__opt_outs": 1,
        "upswing.duckdb: staging.parsed_raw__order_lines": 1,
        "upswing.duckdb: staging.parsed_raw__visits": 1,
        "marts.duckdb: main.customers": 1,
    }
    assert not done.traces
    assert done.namesakes == {"upswing.duckdb: staging.parsed_raw__visits.visit_note": 1}
    assert list(erasures.read(warehouse)) == [anna]
    for path in (*warehouse.rglob("*"), *Path("pushes").rglob("*")):
        if path.is_file() and path.name not in ("erasures.csv", "vault.sqlite"):
            assert anna.encode() not in path.read_bytes(), path
    with sqlite3.connect(vault_file()) as vault:
        assert vault.execute("select pseudonym from identities").fetchall() == [(bob,)]

    file = warehouse / "upswing.duckdb"
    assert rows(file, "from staging.parsed_raw__order_lines order by all nulls first") == [
        (None, "o1", 2.5),
        (bob, "o2", 1),
    ]
    assert rows(file, "from staging.stg_visits") == [("x2", "Anna Schmidt came too")]
    assert rows(file, "select comment from duckdb_tables() where table_name = 'customers'") == [
        ("One row per customer.",)
    ]
    assert rows(file, "select comment from duckdb_columns() where column_name = 'orders'") == [("How many.",)]
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in (file, warehouse / "marts.duckdb", warehouse / "erasures.csv")
    )
    # Again, by the id or the pseudonym: nothing more is found, and it is no error.
    for customer in ("17", anna):
        again = forget([customer], places(warehouse))
        assert (again.pseudonyms, again.rows, again.traces) == ([anna], {}, {})


def test_nobody_and_a_running_build_are_named(warehouse: Path) -> None:
    with pytest.raises(UserError, match="nobody is known by 99"):
        forget(["99"], places(warehouse))
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('there', flush=True); sys.stdin.read()"
    import subprocess
    import sys

    command = [sys.executable, "-c", script, str(warehouse / "upswing.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as building:
        assert building.stdout is not None
        assert building.stdout.readline() == "there\n"
        with pytest.raises(UserError, match="in use by another process"):
            forget(["17"], places(warehouse))
        building.kill()
    assert erasures.read(warehouse) == {}


def test_a_file_is_swapped_whole(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = warehouse / "upswing.duckdb"
    before = file.read_bytes()

    def died(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", died)
        with pytest.raises(KeyboardInterrupt):
            rewrite_without(file, [name_of("17")])
    assert file.read_bytes() == before
    assert [path.name for path in warehouse.glob(".*")] == []
    many = [f"{number:024x}" for number in range(2000)]
    assert sum(rewrite_without(file, [name_of("17"), *many]).values()) == 6
    assert not rows_naming(file, [name_of("17")])


def test_new_pseudonyms_keep_what_was_pushed_and_who_was_erased(warehouse: Path) -> None:
    forget(["17"], places(warehouse))
    old = name_of("18")
    erasures.add(warehouse, ["f" * 24])
    done = rotate_pseudonyms(vault_file(), [Path("pushes"), Path("other")])
    assert (done.identities, done.erased, done.pushes, done.lost) == (1, 1, 1, 1)
    bob = name_of("18")
    assert bob != old
    assert set(erasures.read(warehouse)) == {name_of("17"), "f" * 24}
    with open_vault(vault_file(), vault_key()) as vault:
        assert dict(vault.all_identities("test")) == {bob: BOB}
    with open_ledger(Path("pushes")) as ledger:
        assert ledger.known([push(bob).push_id, push(old).push_id]) == {push(bob).push_id}


def test_what_is_brought_back_forgets_again_also_under_other_pseudonyms(warehouse: Path) -> None:
    anna = name_of("17")
    backup = {path.name: path.read_bytes() for path in warehouse.iterdir() if path.is_file()}
    forget(["17"], places(warehouse))
    rotate_pseudonyms(vault_file(), [Path("pushes")])
    for name, content in backup.items():
        (warehouse / name).write_bytes(content)
    assert sum(replay(warehouse).values()) == 7
    assert not rows_naming(warehouse / "upswing.duckdb", [anna])
    with open_vault(vault_file(), vault_key()) as vault:
        assert dict(vault.all_identities("test")) == {name_of("18"): BOB}
        assert vault.fact("pseudonym_key_id") == key_id(pseudonym_key())


def test_a_key_that_was_put_in_by_hand_is_taken_over_on_demand(warehouse: Path) -> None:
    assert erasures.read(warehouse) == {}
    write_key(PSEUDONYM_SECRET, new_key())
    done = CliRunner().invoke(forget_command, ["17", "--yes"])
    assert (done.exit_code, "carry all over" in done.output) == (1, True)
    done = CliRunner().invoke(keys_group, ["rotate", "--pseudonyms", "--yes"])
    assert done.exit_code == 0, done.output
    assert "2 identities" in done.output
    assert "carried over: 2 pushes of the ledgers, 0 erased customers" in done.output


def test_the_commands_tell_what_they_do_and_never_a_key(warehouse: Path) -> None:
    shown = CliRunner().invoke(keys_group, ["show"])
    assert f"pseudonym   {key_id(pseudonym_key())}  from {PSEUDONYM_SECRET.file}" in shown.output
    assert "backup                not there yet" in shown.output
    assert "vault.sqlite: 2 identities" in shown.output
    turned = CliRunner().invoke(keys_group, ["rotate", "--vault"])
    assert turned.exit_code == 0, turned.output
    for key in (pseudonym_key(), vault_key()):
        assert key.hex() not in shown.output + turned.output
    told = CliRunner().invoke(forget_command, ["17", "--dry-run"])
    assert "1 in the vault, 7 rows would go:" in told.output
    assert "Dry run: nothing is changed." in told.output
    assert CliRunner().invoke(forget_command, ["17"], input="n\n").exit_code == 1
    assert erasures.read(warehouse) == {}
    done = CliRunner().invoke(forget_command, ["17", "--yes"])
    assert done.exit_code == 0, done.output
    assert "nothing is left" in done.output
    with sqlite3.connect(warehouse / "audit.sqlite") as audit:
        entries = audit.execute("select kind, details from entries order by entry").fetchall()
    told_of = ["keys_rotated", "unsealed", "unsealed", "unsealed", "unsealed", "forget"]
    assert [kind for kind, _ in entries] == ["unsealed", *told_of]
    assert all(name_of("17") not in details for _, details in entries)
