from pathlib import Path

import pytest
from click.testing import CliRunner

from unit.real_sample import write_real_tables
from upswing.cli import main
from upswing.commands.sample import AROUND_PURCHASES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_real_tables(tmp_path_factory.mktemp("command"), 0.004)
    (folder / "visits.parquet").write_bytes(b"not looked at")
    return folder


def sample(folder: Path, *options: str) -> str:
    done = CliRunner().invoke(main, ["sample", "--folder", str(folder), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_only_the_missing_tables_are_written(folder: Path) -> None:
    first = sample(folder, "--missing-only")
    written = [line.split(".parquet")[0].split("/")[-1] for line in first.splitlines()]
    assert written == ["campaigns", *AROUND_PURCHASES]
    assert sample(folder, "--missing-only") == ""
    before = {table: (folder / f"{table}.parquet").read_bytes() for table in AROUND_PURCHASES}
    (folder / "feedback.parquet").unlink()
    assert "feedback.parquet" in sample(folder, "--missing-only")
    assert before == {table: (folder / f"{table}.parquet").read_bytes() for table in AROUND_PURCHASES}


def test_a_table_that_is_needed_and_missing_is_named(folder: Path, tmp_path: Path) -> None:
    for table in ("order_lines", "products", "visits"):
        (tmp_path / f"{table}.parquet").write_bytes((folder / f"{table}.parquet").read_bytes())
    done = CliRunner().invoke(main, ["sample", "--missing-only", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "campaign_touches.parquet is missing" in done.output
