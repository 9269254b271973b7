"""Which files of a raw folder are read, and which are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upswing.quality.watch_files import raw_files, unfinished
from upswing.raw_files import file_problem, leads_out_to

TABLES = ["order_lines", "visits"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw folder, which is a link itself, beside a file with a secret."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "raw").symlink_to("exports")
    (tmp_path / "key.hex").write_text("0123456789abcdef\n")
    return tmp_path / "raw"


def test_a_link_that_leads_out_of_the_raw_folder_is_refused_by_name_and_place(raw: Path) -> None:
    link = raw / "order_lines.csv"
    link.symlink_to("../key.hex")
    problem = file_problem(str(link), str(raw))
    assert problem is not None
    assert problem.startswith(f"leads out of the raw folder, to {raw.parent / 'key.hex'}. ")
    assert "make build RAW=folder" in problem
    assert "0123" not in problem
    assert file_problem(str(link), f"file://{raw}") == problem
    assert file_problem(str(link)) is None, "files of other folders are not held to it"


def test_a_folder_of_parts_that_leads_out_is_refused(raw: Path) -> None:
    (raw.parent / "elsewhere").mkdir()
    (raw.parent / "elsewhere" / "part.parquet").write_bytes(b"PAR1")
    (raw / "visits").symlink_to(raw.parent / "elsewhere")
    assert "leads out of the raw folder" in str(file_problem(str(raw / "visits" / "part.parquet"), str(raw)))


def test_links_within_the_raw_folder_are_files(raw: Path) -> None:
    (raw / "2024.csv").write_text("order_id\n")
    (raw / "order_lines.csv").symlink_to("2024.csv")
    (raw / "visits.csv").symlink_to(raw.resolve() / "2024.csv")
    assert file_problem(str(raw / "order_lines.csv"), str(raw)) is None
    assert file_problem(str(raw / "visits.csv"), str(raw)) is None
    assert set(raw_files(str(raw), TABLES)) == {str(raw / "order_lines.csv"), str(raw / "visits.csv")}


def test_what_is_no_file_is_not_opened(raw: Path) -> None:
    os.mkfifo(raw / "order_lines.parquet")
    (raw / "visits.csv").symlink_to("visits.csv")
    assert "is no file" in str(file_problem(str(raw / "order_lines.parquet"), str(raw)))
    assert "leads nowhere" in str(file_problem(str(raw / "visits.csv"), str(raw)))
    assert raw_files(str(raw), TABLES) == {}


def test_a_place_on_another_machine_is_not_looked_at() -> None:
    assert leads_out_to("s3://bucket/raw/visits.csv", "s3://bucket/raw") is None
    assert file_problem("s3://bucket/raw/visits.csv", "s3://bucket/raw") is None


def test_a_watch_lets_the_build_refuse_a_link_and_looks_at_nothing_behind_it(raw: Path) -> None:
    link = raw / "visits.parquet"
    link.symlink_to(raw.parent / "key.hex")
    (found,) = raw_files(str(raw), TABLES).values()
    assert found.leads_out
    assert unfinished([found]) == [], "it would wait for ever for the end of a Parquet file"
    (raw.parent / "key.hex").write_text("a longer secret than before\n")
    assert list(raw_files(str(raw), TABLES).values()) == [found]
