"""Forgetting customers in exported files: also after new pseudonyms, in edited files, and after a kill at any step."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from unit.shop import STOP_THERE, done, name_of, open_shop, publish_pushes, run
from upswing.marketing.push_ledger import LEDGER_FILE

EXPORTED = Path("pushes/email/2024-01-08-0001.csv")
TOUCHES = Path("pushes/campaign_touches.csv")
OF_ANNA = ("anna@example.com", "17,2024-01-08,email", ",17,treatment")


@pytest.fixture(autouse=True)
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return open_shop(tmp_path, monkeypatch)


def export(*options: str) -> None:
    done("push", "--channel", "email", *options)


def read(path: Path) -> str:
    return path.read_bytes().decode()


def customers(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(row["customer_id"] for row in csv.DictReader(file))


def names_anna(folder: Path) -> bool:
    return any(mark.encode() in path.read_bytes() for path in folder.rglob("*.*") if path.is_file() for mark in OF_ANNA)


def test_after_new_pseudonyms_no_exported_file_names_the_forgotten() -> None:
    export()
    assert customers(EXPORTED) == customers(TOUCHES) == ["17", "18"]
    for _ in range(2):
        done("keys", "rotate", "--pseudonyms", "--yes")
    told = done("forget", "17", "--dry-run")
    assert f"1  rows of {EXPORTED}" in told
    assert "names them" not in told
    assert names_anna(Path("pushes"))
    done("forget", "17", "--yes")
    assert customers(EXPORTED) == customers(TOUCHES) == ["18"]
    assert not names_anna(Path("pushes"))


def test_the_exported_id_finds_a_row_without_customer_and_address(warehouse: Path) -> None:
    export()
    rows = list(csv.reader(read(EXPORTED).splitlines()))
    push_id, customer_id = rows[0].index("push_id"), rows[0].index("customer_id")
    EXPORTED.write_text("".join(f"{row[push_id]};tea\n" for row in rows))
    (annas,) = (row[push_id] for row in rows if row[customer_id] == "17")
    for _ in range(2):
        done("keys", "rotate", "--pseudonyms", "--yes")
        publish_pushes(warehouse)
    assert "2 more were exported before" in done("push", "--channel", "email")
    done("forget", "18", "--yes")
    assert EXPORTED.read_text() == f"push_id;tea\n{annas};tea\n"


def without_the_column(ledger: Path) -> None:
    """A ledger as it was before it kept the exported id."""
    with sqlite3.connect(ledger) as connection:
        connection.execute("alter table pushes drop column exported_id")


def test_a_ledger_from_before_is_upgraded_in_place(warehouse: Path) -> None:
    export()
    done("keys", "rotate", "--pseudonyms", "--yes")
    without_the_column(Path("pushes") / LEDGER_FILE)
    publish_pushes(warehouse)
    before = (Path("pushes") / LEDGER_FILE).read_bytes()
    assert "2 more were exported before" in done("push", "--channel", "email", "--dry-run")
    assert (Path("pushes") / LEDGER_FILE).read_bytes() == before
    assert "2 more were exported before" in done("push", "--channel", "email")
    done("forget", "17", "--yes")
    assert customers(EXPORTED) == customers(TOUCHES) == ["18"]
    with sqlite3.connect(Path("pushes") / LEDGER_FILE) as connection:
        assert connection.execute("select exported_id from pushes").fetchall() == [(None,), (None,)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_of_an_edited_file_go_and_the_others_stay_letter_by_letter(delimiter: str) -> None:
    export()
    header = delimiter.join(("Note", "CUSTOMER_ID", "contact"))
    bobs = ['"two\r\nlines"', "18", "bob@example.com"], ["'", " 181 ", '"a ""b"""'], ["17", "1", ""]
    annas = ["x", " 17 ", ""], ["", '"17"', "other"], ["", "", " Anna@Example.com"], ["", "9", "+49 170 1234567"]
    lines = [delimiter.join(row) for rows in zip((*bobs, bobs[0]), annas, strict=True) for row in rows]
    EXPORTED.write_bytes(("\ufeff" + "\r\n".join([header, *lines])).encode())
    assert f"4  rows of {EXPORTED}" in done("forget", "17", "--yes")
    left = [header, *(delimiter.join(row) for row in (*bobs, bobs[0]))]
    assert EXPORTED.read_bytes() == ("\ufeff" + "\r\n".join(left) + "\r\n").encode()


def test_results_that_were_filled_in_stay() -> None:
    export()
    filled = read(TOUCHES).replace("18,treatment,2024-01-08 12:00:00,,,", "18,treatment,2024-01-08 12:00:00,,x,9.5")
    TOUCHES.write_text(filled)
    done("forget", "17", "--yes")
    assert read(TOUCHES).splitlines()[1:] == [line for line in filled.splitlines() if ",18," in line]
    assert "x,9.5" in read(TOUCHES)


@pytest.mark.parametrize("given", ["17", "pseudonym"])
def test_whom_the_vault_never_knew_is_found_by_id_or_pseudonym(warehouse: Path, given: str) -> None:
    """As where no raw table names a customer any more: the vault knows neither id nor address."""
    export()
    with sqlite3.connect(warehouse / "vault.sqlite") as vault:
        vault.execute("delete from identities where pseudonym = ?", (name_of("17"),))
    with sqlite3.connect(Path("pushes") / LEDGER_FILE) as ledger:
        ledger.execute("update pushes set push_id = 'x' || push_id, exported_id = null")
    assert "nothing is left." in done("forget", name_of("17") if given == "pseudonym" else given, "--yes")
    assert customers(EXPORTED) == customers(TOUCHES) == ["18"]


def test_json_keeps_what_was_added() -> None:
    export("--format", "json")
    path = EXPORTED.with_suffix(".json")
    rows = [row | {"note": "é"} for row in json.loads(path.read_text())]
    path.write_text("\ufeff" + json.dumps([*rows, {"Customer_ID": 17}]))
    done("forget", "17", "--yes")
    assert json.loads(path.read_bytes().decode("utf-8-sig")) == [row for row in rows if row["customer_id"] == "18"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("latin.csv", "push_id,customer_id\n1,M\xfcller\n".encode("latin-1")),
        ("cut.json", b'[\n{"customer_id": "1"},\n{"custo'),
        ("other.json", b'{"pushes": []}'),
        ("cut.csv", b'push_id,customer_id,message\n1,1,"tea'),
        ("pushes.xlsx", b"PK\x03\x04\x00\xff"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_stays(name: str, content: bytes) -> None:
    export()
    strange = Path("pushes/email/sent") / name
    strange.parent.mkdir()
    strange.write_bytes(content)
    assert f"{strange} cannot be read: look at it yourself" in done("forget", "17", "--dry-run")
    result = run("forget", "17", "--yes")
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert f"look at these files yourself: {strange}. " in result.output
    assert strange.read_bytes() == content
    assert customers(EXPORTED) == ["18"]


def test_a_table_with_other_columns_and_a_text_are_named_where_they_hold_the_customer() -> None:
    export()
    Path("pushes/copy.csv").write_text("Kunde;Preis\n17;1\n")
    Path("pushes/notes.csv").write_text("day,count\n2024-01-17,170\n")
    Path("pushes/mail.eml").write_text("To: anna@example.com\n")
    result = run("forget", "17", "--yes")
    assert result.exit_code == 1
    assert "look at these files yourself: pushes/copy.csv, pushes/mail.eml. " in result.output
    # The address is forgotten, the id is not.
    result = run("forget", "17", "--yes")
    assert "look at these files yourself: pushes/copy.csv. " in result.output
    Path("pushes/copy.csv").unlink()
    assert "nothing is left." in done("forget", "17", "--yes")


def test_every_folder_is_looked_through_also_one_without_a_ledger() -> None:
    export()
    export("--folder", "other")
    Path("old/2023").mkdir(parents=True)
    Path("old/2023/x.csv").write_bytes(EXPORTED.read_bytes())
    done("forget", "17", "--yes", "--pushes", "pushes", "--pushes", "other", "--pushes", "old")
    for folder in ("pushes", "other", "old"):
        assert not names_anna(Path(folder))
    assert not (Path("old") / LEDGER_FILE).exists()
    assert customers(Path("old/2023/x.csv")) == ["18"]


def test_a_folder_that_is_not_there_is_named_before_anything_is_erased() -> None:
    export()
    result = run("forget", "17", "--yes", "--pushes", "pushs")
    assert result.exit_code == 1
    assert "--pushes pushs: there is no such folder; did you mean pushes?" in result.output
    assert names_anna(Path("pushes"))


@pytest.mark.parametrize("place", ["reports/week.html", "logs/dbt.log", "target/run/x.sql"])
@pytest.mark.parametrize("trace", ["pseudonym", "anna@example.com", "+49 170 1234567"])
def test_reports_and_files_of_dbt_are_looked_through(place: str, trace: str) -> None:
    text = name_of("17") if trace == "pseudonym" else trace
    Path(place).parent.mkdir(parents=True)
    Path(place).write_text(f"<td>{text}</td>")
    assert f"{place} names them" in done("forget", "17", "--dry-run")
    result = run("forget", "17", "--yes")
    assert result.exit_code == 1
    assert f"look at these files yourself: {place}. " in result.output


def test_a_pdf_is_judged_by_the_html_that_was_written_with_it() -> None:
    Path("reports").mkdir()
    page, paper = Path("reports/week.html"), Path("reports/week.pdf")
    page.write_text("nobody")
    paper.write_bytes(b"%PDF")
    done("forget", "17", "--dry-run")
    page.write_text(name_of("17"))
    assert f"{paper} names them" in done("forget", "17", "--dry-run")
    os.utime(page, (0, 0))
    assert f"{paper} cannot be read: look at it yourself" in run("forget", "17", "--yes").output


KILLED = """
import sys
from click.testing import CliRunner
from upswing.cli import main
from upswing.marketing import push_erasure
from upswing.marketing.push_ledger import Ledger
from upswing.privacy import erasures_forget
from upswing.privacy.vault import Vault

place, before = sys.argv[1], sys.argv[2] == "before"
owner, name = {
    "the list": (erasures_forget.erasures, "add"),
    "a file": (push_erasure, "write_whole"),
    "the ledger": (Ledger, "forget"),
    "a database": (erasures_forget, "rewrite_without"),
    "the vault": (Vault, "forget"),
    "the search": (erasures_forget, "traces_in_warehouse"),
}[place]
"""
KILLED += STOP_THERE
KILLED += """
from upswing.commands.forget import forget_command
forget_command(["17", "--yes", *sys.argv[3:]])
"""


@pytest.mark.parametrize("moment", ["before", "behind"])
@pytest.mark.parametrize("place", ["the list", "a file", "the ledger", "a database", "the vault", "the search"])
def test_who_is_killed_at_any_step_finds_the_rest_by_running_again(warehouse: Path, place: str, moment: str) -> None:
    export()
    export("--format", "json", "--folder", "other")
    folders = ("--pushes", "pushes", "--pushes", "other")
    anna = name_of("17")
    command = [sys.executable, "-c", KILLED, place, moment, *folders]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        while (line := running.stdout.readline()) != "there\n":
            assert line, "it ended before it was killed"
        os.kill(running.pid, signal.SIGKILL)
    assert "nothing is left." in done("forget", "17", "--yes", *folders)
    assert not names_anna(Path("pushes"))
    assert not names_anna(Path("other"))
    for path in (*Path("pushes").rglob("*"), *Path("other").rglob("*"), *warehouse.rglob("*")):
        if path.is_file() and path.name not in ("erasures.csv", "vault.sqlite"):
            assert anna.encode() not in path.read_bytes(), path
    assert not list(Path("pushes").rglob(".*.unfinished"))
    assert customers(EXPORTED) == customers(TOUCHES) == ["18"]
    with sqlite3.connect(warehouse / "vault.sqlite") as vault:
        assert vault.execute("select pseudonym from identities").fetchall() == [(name_of("18"),)]


def test_half_written_files_go_and_committed_ones_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    from upswing.marketing.push_ledger import Ledger

    def died(_ledger: Ledger) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "finish", died)
        run("push", "--channel", "email")
    committed, rubbish = EXPORTED.with_name(f".{EXPORTED.name}.unfinished"), Path("pushes/email/.x.csv.unfinished")
    assert committed.exists()
    rubbish.write_text("push_id,customer_id\n1,17\n2,1")
    assert f"{rubbish} goes whole" in done("forget", "17", "--dry-run")
    done("forget", "17", "--yes")
    assert (customers(committed), rubbish.exists()) == (["18"], False)
    export()
    assert customers(EXPORTED) == customers(TOUCHES) == ["18"]
