"""Broken deliveries: each ends in quarantine with a reason or in an error that tells what to do; nothing is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from broken_deliveries import HOSTILE_NAMES, STOPS, Fault, Stop, write_faults
from warehouse import Warehouse, flat

IDENTICAL_VISITS = 20_000
STAGING = ("--select", "path:models/staging", "raw_deliveries", "quarantine_reasons")
TESTED = ("--exclude-resource-type", "unit_test")
LAST_GOOD = b"what was published last"


@dataclass(frozen=True)
class Broken:
    """The folder in which everything is broken once, staged."""

    warehouse: Warehouse
    faults: list[Fault]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    folder = tmp_path_factory.mktemp("faults")
    raw = folder / "it's raw [1]"
    raw.mkdir()
    warehouse = Warehouse(folder / "warehouse", raw)
    warehouse.folder.mkdir()
    (warehouse.folder / "marts.duckdb").write_bytes(LAST_GOOD)
    faults = write_faults(raw, IDENTICAL_VISITS)
    done = warehouse.dbt("build", *STAGING, *TESTED)
    assert done.returncode == 0, done.stdout[-6000:]
    return Broken(warehouse, faults)


def judged(broken: Broken) -> dict[tuple[str, int], str | None]:
    """The reason, or none, by table and row of all that was delivered."""
    tables = sorted({fault.table for fault in broken.faults})
    rows: dict[tuple[str, int], str | None] = {}
    for table in tables:
        for number, reason in broken.warehouse.query(
            f"select raw_row_number, rejection_reason from staging.base_raw__{table}"
        ):
            rows[table, number] = reason
    return rows


def test_each_broken_row_is_set_aside_for_what_is_wrong_with_it_and_no_other(broken: Broken) -> None:
    expected = {(fault.table, fault.row): fault.reason for fault in broken.faults}
    found = judged(broken)
    names = {(fault.table, fault.row): fault.name for fault in broken.faults}
    wrong = {
        f"{names.get(place, 'never delivered')} {place}": (
            found.get(place, "lost"),
            expected.get(place, "not expected"),
        )
        for place in expected.keys() | found.keys()
        if found.get(place, "lost") != expected.get(place, "not expected")
    }
    assert wrong == {}
    assert len({fault.name for fault in broken.faults}) + len(STOPS) >= 90


def test_rows_delivered_are_staged_or_quarantined(broken: Broken) -> None:
    delivered: dict[str, int] = {}
    for fault in broken.faults:
        delivered[fault.table] = delivered.get(fault.table, 0) + 1
    counted = broken.warehouse.query(
        "select table_name, rows_delivered, rows_staged, rows_quarantined from marts.raw_deliveries order by 1"
    )
    assert [(name, rows) for name, rows, *_others in counted] == sorted((delivered | {"opt_outs": 0}).items())
    for name, rows, staged, quarantined in counted:
        used = sum(fault.table == name and fault.reason is None for fault in broken.faults)
        assert (rows, staged) == (staged + quarantined, used), name


def test_a_bad_line_is_found_by_its_number_and_gives_nothing_away(broken: Broken) -> None:
    records = broken.warehouse.query(
        "select raw_record from quarantine.order_lines where rejection_reason like 'the line%' order by raw_row_number"
    )
    lines = [int(json.loads(record)["delivered_as"].removeprefix("line ")) for (record,) in records]
    text = (broken.warehouse.raw / "order_lines.csv").read_bytes().split(b"\n")
    # A value with a line break is one line, and one stands before them.
    assert [text[line][:2] for line in lines] == [b"b1", b"b2", b"ca", b"b4", b"b5", b"b6"]


def test_hostile_text_comes_through_letter_by_letter(broken: Broken) -> None:
    names = [name for (name,) in broken.warehouse.query("select product_name from staging.stg_raw__products")]
    assert sorted(names) == sorted(HOSTILE_NAMES.values())


def test_times_with_a_distance_to_utc_are_the_moments_they_name(broken: Broken) -> None:
    times = broken.warehouse.query(
        "select distinct ordered_at::varchar from staging.stg_raw__order_lines where order_id like 'utc%' order by 1"
    )
    assert times == [("2024-01-02 23:00:00",), ("2024-01-02 23:00:00.5",)]


def test_a_second_build_of_the_same_files_finds_the_same(broken: Broken) -> None:
    before = judged(broken)
    done = broken.warehouse.dbt("run", *STAGING)
    assert done.returncode == 0, done.stdout[-3000:]
    assert judged(broken) == before


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_what_cannot_be_read_stops_the_build_and_says_so(broken: Broken, tmp_path: Path, stop: Stop) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    stop.write(raw)
    done = Warehouse(broken.warehouse.folder, raw).dbt("build", "--select", "parsed_raw__order_lines", *TESTED)
    assert done.returncode != 0
    for words in stop.words:
        assert words in flat(done.stdout), done.stdout[-3000:]
    assert "Traceback" not in done.stdout
    assert (broken.warehouse.folder / "marts.duckdb").read_bytes() == LAST_GOOD
    assert broken.warehouse.query("select count(*) from staging.stg_raw__order_lines") != [(0,)]
