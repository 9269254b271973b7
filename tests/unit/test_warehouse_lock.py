"""Two commands that change a warehouse: each pair of them, the second started at every step of the first.

A step is whatever Python tells its audit hooks of: a file opened for writing, renamed, removed or copied, a folder
made, a database of SQLite opened.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_common.exceptions import DbtRuntimeError

from upswing.privacy import erasures
from upswing.privacy.duckdb_plugin import Plugin
from upswing.privacy.erasures_forget import Places, forget
from upswing.privacy.keys import PSEUDONYM_SECRET, key_id, pseudonym_key, vault_key, write_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.rotation import rotate_pseudonyms, rotate_vault_key, standing_vault_key
from upswing.privacy.vault import Identity, open_vault
from upswing.quality import audit
from upswing.quality.backup import back_up, backups
from upswing.quality.backup_restore import restore
from upswing.quality.backup_swap import ASIDE, REPLACED
from upswing.quality.warehouse_lock import IN_USE, WarehouseLock, locked
from upswing.user_errors import UserError

KEY = bytes(range(32))
CUSTOMERS = {str(number): pseudonym(KEY, str(number)) for number in range(1, 4)}
ROWS, ROWS_SINCE = 1000, 7
"""Rows of a table when the backup was made, and since."""

STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.copyfile", "sqlite3.connect"}


class Watched:
    """Calls something at each step of this process on files below a folder, but not at steps of what it calls."""

    def __init__(self) -> None:
        self.folder = ""
        self.call: Callable[[], None] | None = None
        sys.addaudithook(self._notice)

    @contextlib.contextmanager
    def watching(self, folder: Path, call: Callable[[], None]) -> Iterator[None]:
        self.folder, self.call = str(folder), call
        try:
            yield
        finally:
            self.call = None

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.call is None or (event not in STEPS and not (event == "open" and _writes(arguments))):
            return
        if str(arguments[0]).startswith(self.folder):
            call, self.call = self.call, None
            try:
                call()
            finally:
                self.call = call


def _writes(arguments: tuple[Any, ...]) -> bool:
    return isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))


@pytest.fixture(scope="module")
def watched() -> Watched:
    """An audit hook cannot be taken back, so that all tests share one."""
    return Watched()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that was backed up, and has changed since, with the keys beside it."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings(folder).items():
            patch.setenv(name, value)
        fill(folder, ROWS)
        back_up(folder / "warehouse", folder / "backups", folder / "pushes", encrypt=False, keep=7)
        fill(folder, ROWS_SINCE)
    return folder


@pytest.fixture
def place(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for a test that changes it."""
    for name, value in settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    for variable in ("UPSWING_PSEUDONYM_KEY", "UPSWING_VAULT_KEY", "UPSWING_BACKUP_KEY", "UPSWING_AUDIT_KEY"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("warehouse", "backups", "keys"):
        shutil.copytree(filled / name, tmp_path / name)
    return tmp_path


def settings(folder: Path) -> dict[str, str]:
    """The environment of commands on a place."""
    return {
        "UPSWING_WAREHOUSE": str(folder / "warehouse"),
        "UPSWING_KEYS": str(folder / "keys"),
        "UPSWING_AUDIT_HEADS": str(folder / "audit_heads.log"),
    }


def fill(folder: Path, rows: int) -> None:
    """Write the warehouse anew, as a build does."""
    warehouse = folder / "warehouse"
    warehouse.mkdir(exist_ok=True)
    write_key(PSEUDONYM_SECRET, KEY)
    for name in ("upswing.duckdb", "marts.duckdb"):
        with duckdb.connect(str(warehouse / name)) as connection:
            connection.execute("create or replace table customers (customer_id varchar)")
            connection.executemany("insert into customers values (?)", [[name] for name in CUSTOMERS.values()])
            connection.execute(f"create or replace table numbers as select i from range({rows}) rows (i)")
    with open_vault(warehouse / "vault.sqlite", vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", key_id(KEY))
        vault.write({name: Identity(customer, f"Customer {customer}") for customer, name in CUSTOMERS.items()})
    audit.append(warehouse, "run_started", {"rows": rows})


def build(place: Path) -> None:
    """What a build does to the files: it holds the warehouse, writes its file, and swaps the marts."""
    warehouse = place / "warehouse"
    try:
        plugin = Plugin("duckdb_plugin", {})
    except DbtRuntimeError as wrong:
        raise UserError(str(wrong)) from None
    try:
        audit.append(warehouse, "run_started", {})
        with duckdb.connect(str(warehouse / "upswing.duckdb")) as connection:
            plugin.configure_cursor(connection)
            connection.execute(f"create or replace table numbers as select i from range({ROWS_SINCE}) rows (i)")
            shutil.copyfile(warehouse / "marts.duckdb", warehouse / ".marts.unfinished")
            with duckdb.connect(str(warehouse / ".marts.unfinished")) as marts:
                marts.execute(f"create or replace table numbers as select i from range({ROWS_SINCE}) rows (i)")
            (warehouse / ".marts.unfinished").replace(warehouse / "marts.duckdb")
        audit.append(warehouse, "run_finished", {})
    finally:
        plugin.release()


def backup(place: Path) -> None:
    back_up(place / "warehouse", place / "backups", place / "pushes", encrypt=False, keep=7)


def restore_first(place: Path) -> None:
    restore(backups(place / "backups")[0], place / "warehouse", place / "pushes")


def rotate_vault(place: Path) -> None:
    rotate_vault_key(place / "warehouse" / "vault.sqlite")


def rotate_names(place: Path) -> None:
    rotate_pseudonyms(place / "warehouse" / "vault.sqlite", [place / "pushes"])


def forget_first(place: Path) -> None:
    forget(["1"], Places(place / "warehouse", (place / "pushes",)))


COMMANDS: dict[str, Callable[[Path], None]] = {
    "build": build,
    "backup": backup,
    "restore": restore_first,
    "rotate vault": rotate_vault,
    "rotate pseudonyms": rotate_names,
    "forget": forget_first,
}


def rows_of(place: Path) -> int:
    """Rows of the warehouse, which are those of the backup or those since, and never a mix."""
    counts: list[int] = []
    for name in ("upswing.duckdb", "marts.duckdb"):
        with duckdb.connect(str(place / "warehouse" / name), read_only=True) as connection:
            counts += connection.execute("select count(*) from numbers").fetchone() or ()
    assert len(counts) == 2
    assert counts[0] == counts[1]
    return int(counts[0])


def check_whole(place: Path) -> None:
    """The files open and fit together, nobody who was not erased is lost, and the audit holds."""
    warehouse = place / "warehouse"
    assert rows_of(place) in (ROWS, ROWS_SINCE)
    with open_vault(warehouse / "vault.sqlite", standing_vault_key(warehouse / "vault.sqlite")) as vault:
        known = dict(vault.all_identities("test"))
    erased = set(erasures.read(warehouse))
    assert len(known) + len(erased) == len(CUSTOMERS)
    assert {name: identity.customer_id for name, identity in known.items()} == {
        pseudonym(pseudonym_key(), identity.customer_id): identity.customer_id for identity in known.values()
    }
    assert audit.verify(warehouse) == []
    assert not (warehouse / ASIDE).exists()


@pytest.mark.parametrize("second", COMMANDS)
@pytest.mark.parametrize("first", COMMANDS)
def test_no_second_command_changes_what_a_first_one_works_on(
    place: Path, watched: Watched, first: str, second: str
) -> None:
    tried = refused = 0

    def start_second() -> None:
        nonlocal tried, refused
        tried += 1
        with contextlib.suppress(UserError):
            try:
                COMMANDS[second](place)
            except UserError as wrong:
                refused += IN_USE in str(wrong)
                raise

    with watched.watching(place, start_second):
        COMMANDS[first](place)
    assert refused >= tried - 2, "before the first one holds the lock, the second may go through"
    assert refused >= 3
    check_whole(place)
    if first == "restore":
        assert rows_of(place) == ROWS
    if first == "backup" and second != "restore":
        COMMANDS["restore"](place)
        check_whole(place)


def die_at(first: str, place: Path, step: int) -> int:
    """Run a command in a process that ends at a step as kill -9 ends it; 9, or 0 where the command has fewer steps."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = step

    def count_down() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os._exit(9)

    os.environ.update(settings(place))
    try:
        with Watched().watching(place, count_down):
            COMMANDS[first](place)
        os._exit(0)
    finally:
        os._exit(1)


def die_at_each(first: str, filled: Path, folder: Path) -> None:
    """Kill a command at every third of its steps, each time in a copy ``<step>`` of a place, until one survives."""
    for step in range(list(COMMANDS).index(first) % 3, 1000, 3):
        for name in ("warehouse", "backups", "keys"):
            shutil.copytree(filled / name, folder / str(step) / name)
        ended = die_at(first, folder / str(step), step)
        assert ended in (0, 9), f"{first} ended with {ended} at step {step}"
        if ended == 0:
            return


DIE = "import sys; from pathlib import Path; from unit.test_warehouse_lock import die_at_each; "
DIE += "die_at_each(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))"


@pytest.mark.parametrize("first", COMMANDS)
def test_whoever_is_killed_at_a_step_leaves_a_whole_warehouse(filled: Path, tmp_path: Path, first: str) -> None:
    # A process of its own, which forks before it has threads.
    subprocess.run(
        [sys.executable, "-c", DIE, first, str(filled), str(tmp_path)],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    places = sorted(tmp_path.iterdir(), key=lambda place: int(place.name))
    assert len(places) > 3
    seconds = ["build", "backup", "restore", "forget"]
    for step, place in enumerate(places):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings(place).items():
                patch.setenv(name, value)
            # A rotation or erasure that was cut short is finished by the same command, all else by whatever comes next.
            if first == "forget" or first.startswith("rotate"):
                COMMANDS[first](place)
            COMMANDS[seconds[step % len(seconds)]](place)
            check_whole(place)


def test_a_swap_needs_every_file_of_the_backup(place: Path, watched: Watched) -> None:
    """What a backup of an earlier version did to a restore: it cleared away what was laid out."""
    laid_out = place / "warehouse" / ASIDE

    def clear_away() -> None:
        if (laid_out / "vault.sqlite").exists():
            (laid_out / "marts.duckdb").unlink(missing_ok=True)

    with watched.watching(place, clear_away), pytest.raises((UserError, duckdb.Error), match=r"marts\.duckdb"):
        restore_first(place)
    assert rows_of(place) == ROWS_SINCE
    check_whole(place)


def test_what_a_restore_replaces_is_kept_until_the_next_backup(place: Path) -> None:
    restore_first(place)
    replaced = place / "warehouse" / REPLACED / "upswing.duckdb"
    with duckdb.connect(str(replaced), read_only=True) as connection:
        assert connection.execute("select count(*) from numbers").fetchone() == (ROWS_SINCE,)
    backup(place)
    assert not replaced.exists()


def test_who_is_forgotten_is_not_kept_in_what_a_restore_replaced(place: Path) -> None:
    restore_first(place)
    forget_first(place)
    assert not (place / "warehouse" / REPLACED).exists()


HOLD = (
    "import sys; from pathlib import Path; from upswing.quality.warehouse_lock import WarehouseLock; "
    "lock = WarehouseLock(Path(sys.argv[1]), 'a build'); print('held', flush=True); sys.stdin.read()"
)


def test_the_lock_names_who_holds_it_and_ends_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(UserError, match=rf"is in use: a build \(PID {holder.pid}, since"):
            WarehouseLock(tmp_path, "another")
        holder.kill()
        holder.wait()
    with locked(tmp_path, "another"), pytest.raises(UserError, match="in use: another"):
        WarehouseLock(tmp_path, "a third")
    WarehouseLock(tmp_path, "a third").release()
