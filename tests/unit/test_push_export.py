import csv
import json
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner

from unit.shop import MONDAY, PUSH
from upswing.cli import main
from upswing.marketing import push_files
from upswing.marketing.push_erasure import Marks, forget_pushes
from upswing.marketing.push_export import Exported, export_pushes, keeps_cap
from upswing.marketing.push_ledger import LEDGER_FILE, Ledger, LedgerError, open_ledger, push_id_of
from upswing.privacy.keys import key_id, pseudonym_key, vault_file, vault_key
from upswing.privacy.vault import Identity, open_vault

LATER = MONDAY + timedelta(days=60)
USUAL = PUSH | {"product_id": "p", "weekly_budget": None}


def pushes(*rows: dict[str, Any]) -> pa.Table:
    whole = [USUAL | {"push_id": f"{row['customer_id']}-a"} | row for row in rows]
    table = pa.Table.from_pylist(whole)
    budget = table.schema.get_field_index("weekly_budget")
    return table.set_column(budget, "weekly_budget", table["weekly_budget"].cast(pa.float64()))


def everybody(pseudonyms: Iterable[str]) -> dict[str, Identity]:
    """Each customer as a vault would know them, by an id that looks like the pseudonym, for tests to be read easily."""
    return {name: Identity(name, None, f"{name}@example.com", f"+49 {name}") for name in pseudonyms}


def export(folder: Path, *rows: dict[str, Any], **how: Any) -> Exported:
    given: dict[str, Any] = {"today": LATER, "identify": everybody, "record": lambda _details: None}
    return export_pushes(pushes(*rows), folder, **(given | how))


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exported_ids(folder: Path) -> list[str]:
    return sorted(row["push_id"] for path in (folder / "email").glob("*.csv") for row in read_csv(path))


def test_a_push_is_exported_once(tmp_path: Path) -> None:
    first = export(tmp_path, {"customer_id": "1"}, {"customer_id": "2", "send_on": MONDAY + timedelta(days=1)})
    assert [path.name for path in first.files] == ["2024-01-08-0001.csv", "2024-01-09-0001.csv"]
    assert (first.pushes, first.cost) == (2, 1.0)
    # A day later it is to go a day later, and there is a third.
    second = export(tmp_path, {"customer_id": "1", "send_on": MONDAY + timedelta(days=1)}, {"customer_id": "3"})
    assert (second.pushes, second.left_out["exported before"]) == (1, 1)
    assert exported_ids(tmp_path) == ["1-a", "2-a", "3-a"]


def test_a_dry_run_writes_nothing_and_tells_the_same(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"customer_id": "1"}, {"customer_id": "2", "is_control": True, "cost": 0.0}]
    folder = tmp_path / "pushes"
    told = export(folder, *rows, is_dry_run=True)
    assert not folder.exists()
    assert (told.pushes, told.held_out) == (1, 1)
    assert told.first == [("1", MONDAY, "Tea for you")]
    done = export(folder, *rows)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert told.files == done.files
    assert export(folder, *rows, is_dry_run=True).left_out["exported before"] == 2
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Died(BaseException):
    pass


def died(*_given: object) -> None:
    raise Died


def die_after_the_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "finish", died)
        with pytest.raises(Died):
            export(folder, {"customer_id": "1"})


def test_who_dies_before_the_commit_has_exported_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "commit", died)
        with pytest.raises(Died):
            export(tmp_path, {"customer_id": "1"})
    assert exported_ids(tmp_path) == []
    assert export(tmp_path, {"customer_id": "1"}).pushes == 1
    assert exported_ids(tmp_path) == ["1-a"]
    assert not list(tmp_path.rglob(".*.unfinished"))


def test_who_dies_after_the_commit_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die_after_the_commit(tmp_path, monkeypatch)
    assert exported_ids(tmp_path) == []
    again = export(tmp_path, {"customer_id": "1"}, {"customer_id": "2"})
    assert [path.name for path in again.completed] == ["2024-01-08-0001.csv"]
    assert again.pushes == 1
    assert exported_ids(tmp_path) == ["1-a", "2-a"]


def test_a_file_that_is_gone_before_it_was_finished_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die_after_the_commit(tmp_path, monkeypatch)
    for path in (tmp_path / "email").iterdir():
        path.unlink()
    with pytest.raises(LedgerError, match=r"2024-01-08-0001\.csv is gone"):
        export(tmp_path, {"customer_id": "1"})


def test_what_was_exported_counts_against_the_customer(tmp_path: Path) -> None:
    for day in (0, 1):
        export(tmp_path, {"customer_id": "1", "push_id": f"{day}", "send_on": MONDAY + timedelta(days=day)})
    within = export(tmp_path, {"customer_id": "1", "push_id": "x", "send_on": MONDAY + timedelta(days=6)})
    assert (within.pushes, within.left_out["customer's cap"]) == (0, 1)
    assert export(tmp_path, {"customer_id": "1", "push_id": "x", "send_on": MONDAY + timedelta(days=7)}).pushes == 1


def test_what_was_exported_counts_against_the_channel_and_hold_outs_count(tmp_path: Path) -> None:
    export(tmp_path, {"customer_id": "1", "push_id": "x", "is_control": True})
    full = export(tmp_path, {"customer_id": "1", "channel_cap": 1})
    assert (full.pushes, full.left_out["channel's cap"]) == (0, 1)
    assert export(tmp_path, {"customer_id": "1", "channel_cap": 1, "channel": "app"}).pushes == 1


def test_an_action_rests_before_a_customer_gets_it_again(tmp_path: Path) -> None:
    rest = {"customer_id": "1", "repeat_after_days": 28}
    export(tmp_path, rest | {"push_id": "first", "is_control": True})
    early = export(tmp_path, rest | {"push_id": "x", "send_on": MONDAY + timedelta(days=27)})
    assert (early.pushes, early.left_out["repeated"]) == (0, 1)
    other_action = {"push_id": "y", "action_id": "b", "send_on": MONDAY + timedelta(days=27)}
    assert export(tmp_path, rest | other_action).pushes == 1
    assert export(tmp_path, rest | {"push_id": "x", "send_on": MONDAY + timedelta(days=28)}).pushes == 1


def test_a_week_costs_no_more_than_its_budget_over_all_exports(tmp_path: Path) -> None:
    budget = {"weekly_budget": 1.0}
    assert export(tmp_path, {"customer_id": "1"} | budget).pushes == 1
    rows: list[dict[str, Any]] = [
        {"customer_id": "2", "expected_gain": 2.0},
        {"customer_id": "3", "expected_gain": 3.0},
        {"customer_id": "4", "expected_gain": 1.0, "is_control": True, "cost": 0.0},
    ]
    done = export(tmp_path, *(row | budget for row in rows))
    assert exported_ids(tmp_path) == ["1-a", "3-a"]
    assert (done.held_out, done.left_out["budget"]) == (0, 2)
    next_week = {"push_week": MONDAY + timedelta(days=7), "push_id": "next"}
    assert export(tmp_path, {"customer_id": "5"} | budget | next_week).pushes == 1


@pytest.mark.parametrize(
    ("days", "day", "keeps"),
    [([], 0, True), ([0], 0, True), ([0, 0], 0, False), ([-7, 7], 0, True), ([-6, 6], 0, True), ([1, 6], 0, False)],
)
def test_no_seven_days_in_a_row_hold_more_than_two(days: list[int], day: int, keeps: bool) -> None:
    assert keeps_cap([MONDAY + timedelta(days=other) for other in days], MONDAY + timedelta(days=day), 2, 7) == keeps


def test_results_can_be_handed_back_once_their_day_has_come(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"customer_id": "=1"},
        {"customer_id": "2", "is_control": True},
        {"customer_id": "3", "send_on": MONDAY + timedelta(days=1)},
    ]
    assert export(tmp_path, *rows, today=MONDAY).touches == 2
    touches = read_csv(tmp_path / "campaign_touches.csv")
    assert list(touches[0]) == list(push_files.TOUCH_COLUMNS)
    assert [(row["customer_id"], row["variant"], row["touched_at"]) for row in touches] == [
        ("2", "control", "2024-01-08 12:00:00"),
        ("=1", "treatment", "2024-01-08 12:00:00"),
    ]
    assert read_csv(tmp_path / "campaigns.csv") == [
        {
            "campaign_id": "a-20240108",
            "campaign_name": "Action A",
            "campaign_type": "a",
            "channel": "email",
            "starts_on": "2024-01-08",
            "ends_on": "2024-02-05",
            "budget": "",
        }
    ]
    assert exported_ids(tmp_path) == ["'=1-a", "3-a"]
    assert export(tmp_path, *rows, today=MONDAY + timedelta(days=1)).touches == 3


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@x", "\t=1", "\r=1", "\uff1d1"])
def test_no_text_is_a_formula_in_csv(tmp_path: Path, text: str) -> None:
    export(tmp_path, {"customer_id": "1", "product_name": text, "message": f'{text}, "quoted"\nand more'})
    (row,) = read_csv(tmp_path / "email" / "2024-01-08-0001.csv")
    assert (row["product_name"], row["message"]) == (f"'{text}", f'\'{text}, "quoted"\nand more')


def test_json_holds_what_stands_in_the_mart(tmp_path: Path) -> None:
    done = export(tmp_path, {"customer_id": "1", "message": '=茶 "<'}, {"customer_id": "2"}, file_format="json")
    rows = json.loads(done.files[0].read_text(encoding="utf-8"))
    assert [row["message"] for row in rows] == ['=茶 "<', "Tea for you"]
    assert (rows[0]["send_on"], rows[0]["offer_price"]) == ("2024-01-08", 3.6)


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    export(tmp_path / "out", {"customer_id": "1"})
    for path in (tmp_path / "out").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_two_runs_at_once_do_not_export_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upswing.marketing.push_ledger.BUSY_SECONDS", 0.05)
    with open_ledger(tmp_path), pytest.raises(LedgerError, match="another `upswing push` is writing to"):
        export(tmp_path, {"customer_id": "1"})


def test_a_broken_ledger_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / LEDGER_FILE).write_text("no ledger at all, but long enough to be looked at as one " * 20)
    with pytest.raises(LedgerError, match="is no ledger"):
        export(tmp_path, {"customer_id": "1"})
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / LEDGER_FILE).execute("select * from pushes")


def test_files_name_customers_as_the_company_does_and_the_ledger_by_pseudonym(tmp_path: Path) -> None:
    def known(pseudonyms: Iterable[str]) -> dict[str, Identity]:
        return {"ab12": Identity("17", "Anna", "anna@example.com", "+49 170 1")} if "ab12" in set(pseudonyms) else {}

    rows: list[dict[str, Any]] = [
        {"customer_id": "ab12"},
        {"customer_id": "ab12", "push_id": "x", "channel": "sms", "send_on": MONDAY + timedelta(days=1)},
        {"customer_id": "gone"},
    ]
    done = export(tmp_path, *rows, identify=known)
    assert (done.pushes, done.left_out["unknown"], done.unreachable) == (2, 1, 0)
    (by_mail,) = read_csv(tmp_path / "email" / "2024-01-08-0001.csv")
    assert (by_mail["customer_id"], by_mail["contact"]) == ("17", "anna@example.com")
    (by_phone,) = read_csv(tmp_path / "sms" / "2024-01-09-0001.csv")
    assert by_phone["contact"] == "+49 170 1"
    assert {row["customer_id"] for row in read_csv(tmp_path / "campaign_touches.csv")} == {"17"}
    with sqlite3.connect(tmp_path / LEDGER_FILE) as ledger:
        assert ledger.execute("select distinct customer_id from pushes").fetchall() == [("ab12",)]
    for word in ("anna", "170 1"):
        assert word.encode() not in (tmp_path / LEDGER_FILE).read_bytes()


def test_who_has_no_address_is_counted_and_a_formula_is_no_telephone_number(tmp_path: Path) -> None:
    contacts = {"1": None, "2": "+1-1|'!A0", "3": "+49 (0)170/12-3.4"}

    def known(pseudonyms: Iterable[str]) -> dict[str, Identity]:
        return {name: Identity(name, phone=contacts[name]) for name in pseudonyms}

    done = export(tmp_path, *({"customer_id": name, "channel": "sms"} for name in contacts), identify=known)
    assert (done.pushes, done.unreachable) == (3, 1)
    rows = read_csv(tmp_path / "sms" / "2024-01-08-0001.csv")
    assert [row["contact"] for row in rows] == ["", "'+1-1|'!A0", "+49 (0)170/12-3.4"]


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_a_forgotten_customer_leaves_costs_alone(tmp_path: Path, file_format: str) -> None:
    day = {"weekly_budget": 1.0}
    export(tmp_path, {"customer_id": "1"} | day, {"customer_id": "2"} | day, file_format=file_format)
    (path,) = (tmp_path / "email").iterdir()
    touches = tmp_path / "campaign_touches.csv"
    marks = Marks(frozenset({"1"}), frozenset({"1"}), frozenset(), lambda customer_id: f"pseudonym of {customer_id}")
    would = forget_pushes([tmp_path], marks, is_dry_run=True)
    assert (would.pushes, would.files) == (1, {path: 1, touches: 1})
    assert "1-a" in path.read_text()
    done = forget_pushes([tmp_path], marks)
    assert (done.pushes, done.files) == (1, {path: 1, touches: 1})
    again = forget_pushes([tmp_path], marks)
    assert (again.pushes, again.files) == (0, {})
    assert ("1-a" in path.read_text(), "2-a" in path.read_text()) == (False, True)
    assert [row["customer_id"] for row in read_csv(tmp_path / "campaign_touches.csv")] == ["2"]
    assert b"1-a" not in (tmp_path / LEDGER_FILE).read_bytes()
    assert export(tmp_path, {"customer_id": "3"} | day).left_out["budget"] == 1


def test_other_pseudonyms_do_not_make_a_push_go_twice(tmp_path: Path) -> None:
    before = {"customer_id": "old", "push_id": push_id_of("a", MONDAY.isoformat(), "old")}
    export(tmp_path, before, {"customer_id": "other"})
    with open_ledger(tmp_path) as ledger:
        assert ledger.carry_over({"old": "new", "nobody": "x"}) == 1
    after = {"customer_id": "new", "push_id": push_id_of("a", MONDAY.isoformat(), "new")}
    assert export(tmp_path, after).left_out["exported before"] == 1
    assert export(tmp_path, after | {"push_id": "y"}, after | {"push_id": "z"}).left_out["customer's cap"] == 1


def vault_of(*customers: str) -> None:
    """The vault of the warehouse, in which these customers stand."""
    names = key_id(pseudonym_key())
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", names)
        vault.write(everybody(customers))


def run(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["push", *options])
    return done.exit_code, done.output


def test_the_command_exports_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    folder = tmp_path / "out"
    code, told = run("--channel", "email", "--folder", str(folder))
    assert (code, "Nothing is published at" in told) == (1, True)
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as published:
        published.execute("create table products (product_id varchar)")
    code, told = run("--channel", "email", "--folder", str(folder))
    assert (code, "has no marketing_pushes; run `make build`" in told) == (1, True)
    rows = pushes({"customer_id": "1"}, {"customer_id": "2", "is_control": True, "cost": 0.0})
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as published:
        published.register("rows", rows)
        published.execute("create table marketing_pushes as from rows")
    code, told = run("--channel", "fax", "--folder", str(folder))
    assert (code, "channel 'fax'" in told) == (1, True)
    code, told = run("--channel", "email", "--folder", str(folder), "--dry-run")
    assert code == 0
    assert "  2 more are of customers" in told
    vault_of("1", "2")
    code, told = run("--channel", "email", "--folder", str(folder), "--dry-run")
    assert code == 0
    assert "Dry run: nothing is written." in told
    assert "email: 1 pushes would go, at an expected cost of 0.50; 1 customers" in told
    assert "2024-01-08  customer 1: Tea for you" in told
    assert not folder.exists()
    assert "email: 1 pushes exported" in run("--channel", "email", "--folder", str(folder))[1]
    assert "  2 more were exported before" in run("--channel", "email", "--folder", str(folder))[1]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as published:
        published.register("rows", pushes({"customer_id": "1"}))
        published.execute("create table marketing_pushes as from rows")
    vault_of("1")
    (tmp_path / "file").write_text("no folder")
    code, told = run("--channel", "email", "--folder", str(tmp_path / "file" / "out"))
    assert code == 1
    assert f"{tmp_path / 'file' / 'out'} cannot be written: " in told
