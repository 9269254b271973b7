"""Wrong uses of the commands: one clear line before anything happens, with the nearest match and what helps."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.exceptions.connection import FailedToConnectError

from upswing.cli import main
from upswing.database_files import explained_error
from upswing.make_arguments import VARIABLES, problems, wrong_goal
from upswing.nearest import did_you_mean, near_path
from upswing.warehouse_plugin import Plugin

PROJECT = Path(__file__).parents[2]
MOST_LINES = 4
"""Of a message: the error, and above it click's two lines of usage and an empty one."""

OPENED = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


@dataclass(frozen=True)
class Wrong:
    """A wrong use: what is typed, the words that the message must have, and the exit status."""

    typed: tuple[str, ...]
    words: tuple[str, ...]
    status: int = 1
    environment: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return "-".join(self.typed) or "nothing"


def wrong(typed: str, *words: str, status: int = 1, **environment: str) -> Wrong:
    """A wrong use, typed as in a shell."""
    return Wrong(tuple(shlex.split(typed)), words, status, tuple(environment.items()))


USES = [
    # Commands and options.
    wrong("qurey", "no command qurey", "did you mean query?", status=2),
    wrong("dashbord", "did you mean dashboard?", status=2),
    wrong("restor backups/x", "did you mean restore?", status=2),
    wrong("audit verfy", "verify", status=2),
    wrong("keys rotat", "rotate", status=2),
    wrong("query --jsn 'select 1'", "--json", status=2),
    wrong("push --chanel email", "--channel", status=2),
    wrong("push", "--channel", status=2),
    wrong("report --language fr", "'en', 'zh'", status=2),
    wrong("report --format docx", "'html'", status=2),
    wrong("check --layer row", "'raw'", status=2),
    wrong("dashboard --port 85o1", "85o1", status=2),
    wrong("dashboard --port 70000", "65535", status=2),
    wrong("backup --keep 0", "--keep", status=2),
    wrong("keys rotate", "--vault", "--pseudonyms", status=2),
    wrong("publish --to mysql", "postgres", status=2),
    wrong("sample --product-share 5", "product_share", "up to 1", status=2),
    wrong("forget", "CUSTOMER", status=2),
    # Marts, columns, SQL.
    wrong("query 'from fruit'", "no mart fruit ", "did you mean fruits?", "upswing tables"),
    wrong("query 'select fruitt from fruits'", "no column fruitt ", "did you mean fruit?"),
    wrong("query 'select fruits.colr from fruits'", "no column colr ", "did you mean colour?"),
    wrong("query 'selct 1'", "syntax error", "selct"),
    wrong("query 'select 1; select 2'", "expected one SELECT, found 2"),
    wrong("query 'drop table fruits'", "expected a SELECT, found DROP"),
    wrong("query 'select $fruit'", "$fruit"),
    wrong("query ' '", "no SQL to run", "upswing tables"),
    wrong("query -", "no SQL to run"),
    wrong("query --json", "no SQL to run"),
    wrong("tables fruit", "no mart fruit ", "did you mean fruits?"),
    wrong("push --channel email", "marketing_pushes", "make build"),
    # Folders and files that are not there.
    wrong(
        "query 'from fruits'",
        "Nothing is published at warehous/",
        "did you mean warehouse?",
        UPSWING_WAREHOUSE="warehous",
    ),
    wrong("published", "did you mean warehouse?", UPSWING_WAREHOUSE="warehous"),
    wrong("check", "no warehouse in warehous;", "did you mean warehouse?", UPSWING_WAREHOUSE="warehous"),
    wrong("keys show", "no warehouse in warehous;", "did you mean warehouse?", UPSWING_WAREHOUSE="warehous"),
    wrong("identify 17", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("forget 17 --yes", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("audit verify", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("audit log", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("compliance", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("backup", "no warehouse in warehous;", UPSWING_WAREHOUSE="warehous"),
    wrong("publish --to postgres", "Nothing is published", UPSWING_WAREHOUSE="warehous"),
    wrong("restore backups/upswing-2024-01-03.tar.zst", "did you mean backups/upswing-2024-01-02.tar.zst?"),
    wrong("restore backups/none", "the newest there is backups/upswing-2024-01-02.tar.zst"),
    wrong("restore backups", "is a folder", "upswing-2024-01-02.tar.zst"),
    wrong("restore bakups/upswing-2024-01-02.tar.zst", "did you mean backups/upswing-2024-01-02.tar.zst?"),
    wrong("watch --once", "no raw folder data/smaple", "did you mean data/sample?", UPSWING_RAW="data/smaple"),
    wrong("watch --once --vars '{churn_week: 4}'", "no var churn_week", "did you mean churn_weeks?", status=2),
    wrong("watch --vars '{a'", "YAML", status=2),
    wrong("check --output warehouse/marts.duckdb/report.txt", "warehouse/upswing.duckdb"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the project's with one published mart and one backup; nothing is built."""
    for folder in ("warehouse", "backups", "data/sample", "dashboard"):
        (tmp_path / folder).mkdir(parents=True)
    with duckdb.connect(str(tmp_path / "warehouse" / "marts.duckdb")) as connection:
        connection.execute("create table fruits as select 'pear' as fruit, 'green' as colour")
    (tmp_path / "backups" / "upswing-2024-01-02.tar.zst").touch()
    (tmp_path / "dashboard" / "app.py").touch()
    (tmp_path / "dbt_project.yml").write_text("vars: {churn_weeks: 8}")
    monkeypatch.chdir(tmp_path)
    for name in ("UPSWING_WAREHOUSE", "UPSWING_RAW", "UPSWING_KEYS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def held(place: Path) -> Iterator[Path]:
    """The warehouse of the place, which another process has open."""
    file = place / "warehouse" / "upswing.duckdb"
    command = [sys.executable, "-c", OPENED, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield file
        holder.terminate()


def plugin(file: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """What dbt loads before it opens that file."""
    monkeypatch.setattr("upswing.warehouse_plugin.prepare", lambda: None)
    return Plugin("warehouse_plugin", {}, DuckDBCredentials(path=str(file)))


def files(folder: Path) -> set[Path]:
    """All files below a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}


def told(*typed: str, status: int = 1) -> str:
    """What a wrong use prints, after the checks that are the same for all."""
    done = CliRunner().invoke(main, typed)
    assert done.exit_code == status, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= MOST_LINES, done.stderr
    return done.stderr


@pytest.mark.parametrize("use", USES, ids=str)
def test_a_wrong_use_is_told_in_a_line_and_changes_nothing(
    use: Wrong, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in use.environment:
        monkeypatch.setenv(name, value)
    before = files(place)
    message = told(*use.typed, status=use.status)
    for word in use.words:
        assert word in message
    assert files(place) == before


@pytest.mark.parametrize(
    "typed", [("check",), ("backup",), ("forget", "17", "--yes"), ("forget", "17", "--dry-run")], ids="-".join
)
def test_a_warehouse_that_another_process_has_open(typed: tuple[str, ...], held: Path) -> None:
    message = told(*typed)
    assert "upswing.duckdb is in use by another process" in message
    assert "PID" in message
    assert "wait until it has ended" in message
    assert held.exists()


def test_a_build_of_a_warehouse_that_is_in_use_or_damaged(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FailedToConnectError, match="is in use by another process"):
        plugin(held, monkeypatch)
    damaged = held.with_name("damaged.duckdb")
    damaged.write_bytes(b"no database" * 1000)
    with pytest.raises(FailedToConnectError, match="is damaged, or is no DuckDB file; put a backup back"):
        plugin(damaged, monkeypatch)
    plugin(held.with_name("new.duckdb"), monkeypatch)
    assert not held.with_name("new.duckdb").exists()


@pytest.mark.parametrize(
    "typed",
    [
        ("query", "from fruits"),
        ("tables",),
        ("published",),
        ("push", "--channel", "email"),
        ("report",),
        ("cards",),
        ("superset",),
        ("publish", "--to", "postgres"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("content", [b"", b"no database" * 1000], ids=["empty", "other"])
def test_marts_that_are_damaged(typed: tuple[str, ...], content: bytes, place: Path) -> None:
    (place / "warehouse" / "marts.duckdb").write_bytes(content)
    message = told(*typed)
    assert "warehouse/marts.duckdb is damaged" in message
    assert "make build" in message


@pytest.mark.parametrize("typed", [("check",), ("backup",)], ids="-".join)
def test_a_warehouse_that_is_damaged(typed: tuple[str, ...], place: Path) -> None:
    (place / "warehouse" / "upswing.duckdb").write_bytes(b"no database" * 1000)
    message = told(*typed)
    assert "warehouse/upswing.duckdb is damaged" in message
    assert "upswing restore" in message


def test_an_audit_that_is_damaged(place: Path) -> None:
    (place / "warehouse" / "audit.sqlite").write_bytes(b"no database" * 1000)
    assert "audit.sqlite cannot be used" in told("audit", "log")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("database is locked"), "wait until it has ended"),
        (sqlite3.DatabaseError("file is not a database"), "upswing restore"),
        (PermissionError(13, "Permission denied", "warehouse"), "warehouse: permission denied"),
        (duckdb.IOException('IO Error: Cannot open file "a": No space left on device'), "No space left on device"),
        (sqlite3.OperationalError("no such table: x"), None),
        (duckdb.BinderException("a fault of ours"), None),
        (OSError("without a file"), None),
    ],
)
def test_what_an_error_of_a_file_means(error: Exception, words: str | None) -> None:
    message = explained_error(error)
    assert (words is None and message is None) or (words is not None and words in str(message))


@pytest.mark.parametrize("command", ["dashboard", "superset"])
def test_a_port_that_another_program_has(command: str, place: Path) -> None:
    assert place.exists()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        message = told(command, "--port", str(busy.getsockname()[1]))
    assert "another program has it" in message
    assert f"upswing {command} --port" in message


def test_an_error_of_ours_keeps_its_traceback(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.exists()

    def fault(*_: object) -> None:
        raise duckdb.InvalidInputException("a fault of ours")

    monkeypatch.setattr("upswing.commands.query._list_marts", fault)
    assert isinstance(CliRunner().invoke(main, ["tables"]).exception, duckdb.InvalidInputException)


BUILD = {"ENGINE": "duckdb", "PART": "build", "TO": "postgres", "LANGUAGE": "en", "PORT": "8501", "FILE": "", "RAW": ""}
MAKES = [
    ("build", {"ENGINE": "sprak"}, "ENGINE is 'sprak'; expected duckdb, spark; did you mean spark?"),
    ("install", {"PART": "page"}, "did you mean pages?"),
    ("publish", {"TO": "postgre"}, "did you mean postgres?"),
    ("report", {"LANGUAGE": "fr"}, "expected en, zh"),
    ("dashboard", {"PORT": "85o1"}, "PORT is '85o1'"),
    ("build", {"RAW": "data/smaple"}, "there is no raw folder data/smaple; did you mean data/sample?"),
    ("refresh", {"RAW": "dat/sample"}, "did you mean data/sample?"),
    ("build", {"RAW": "somewhere/else"}, "make build RAW=folder"),
    ("build", {"RAW": "dbt_project.yml"}, "RAW is dbt_project.yml, a file"),
    ("build", {"RAW": "data/sample"}, "the raw folder data/sample is empty"),
    ("restore", {}, "make restore FILE=backups/upswing-2024-01-02.tar.zst"),
    ("restore", {"FILE": "backups/upswing-2024-02-02.tar.zst"}, "did you mean backups/upswing-2024-01-02.tar.zst?"),
]


@pytest.mark.parametrize(("goal", "settings", "words"), MAKES)
def test_a_wrong_call_of_make(goal: str, settings: dict[str, str], words: str, place: Path) -> None:
    assert place.exists()
    (message,) = problems([goal], BUILD | settings)
    assert words in message


def test_a_right_call_of_make(place: Path) -> None:
    (place / "data" / "sample" / "orders.csv").touch()
    for raw in ("", "data/sample", "s3://bucket/folder"):
        assert problems(["build"], BUILD | {"RAW": raw}, ["RAW", "CFLAGS"]) == []
    assert problems(["restore"], BUILD | {"FILE": "backups/upswing-2024-01-02.tar.zst"}) == []


def test_make_names_the_newest_backup_and_no_file_beside_it(place: Path) -> None:
    for beside in ("json", "sha256"):
        (place / "backups" / f"upswing-2024-01-02.tar.zst.{beside}").touch()
    (message,) = problems(["restore"], BUILD)
    assert message.endswith("FILE=backups/upswing-2024-01-02.tar.zst")


def test_make_tells_a_variable_and_a_goal_that_it_does_not_know() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    assert problems([], BUILD, ["RWA"]) == ["make knows no variable RWA; did you mean RAW?"]
    assert wrong_goal("biuld", makefile).endswith("did you mean build?")
    for name in VARIABLES:
        assert f"$({name})" in makefile


def test_make_tells_that_the_warehouse_is_in_use(held: Path) -> None:
    settings = BUILD | {"UPSWING_WAREHOUSE": str(held.parent)}
    (message,) = problems(["build"], settings)
    assert "is in use by another process" in message
    assert problems(["build"], settings | {"ENGINE": "spark"}) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("biuld",), "did you mean build?"),
        (("build", "RAW=tests/uint"), "did you mean tests/unit?"),
        (("build", "RWA=tests/unit"), "did you mean RAW?"),
        (("dashboard", "PORT=x"), "PORT is 'x'"),
        (("build", "PYTHON=pyton3"), "There is no pyton3"),
    ],
)
def test_make_stops_before_it_installs(typed: tuple[str, ...], words: str, tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    command = [make, f"VENV={tmp_path / 'venv'}", *typed]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "UPSWING"))}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert words in first
    assert len(rest) == 1
    assert done.stdout == ""
    assert not (tmp_path / "venv").exists()


def test_make_takes_no_language_from_the_system() -> None:
    environment = os.environ | {"LANGUAGE": "de_DE:en"}
    done = subprocess.run(["make", "-n", "report"], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert "upswing report --language en\n" in done.stdout


def test_the_nearest_match(tmp_path: Path) -> None:
    assert did_you_mean("Breakout_Product", ["breakout_products", "customers"]) == "; did you mean breakout_products?"
    assert did_you_mean("xyz", ["customers"]) == ""
    (tmp_path / "data" / "sample").mkdir(parents=True)
    assert near_path(tmp_path / "dat" / "sample") == f"; did you mean {tmp_path / 'data' / 'sample'}?"
    assert near_path(tmp_path / "dat" / "other") == f"; did you mean {tmp_path / 'data'}?"
    assert near_path(tmp_path / "data") == ""
    assert near_path(tmp_path / "data" / "zzz") == ""
