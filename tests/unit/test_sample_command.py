import shutil
from pathlib import Path

from click.testing import CliRunner

from upswing.cli import main
from upswing.commands.sample import AROUND_PURCHASES


def test_only_the_missing_tables_are_written(sample_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sample_folder, tmp_path / "sample")
    before = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    assert {f"{table}.parquet" for table in AROUND_PURCHASES} < before.keys()
    (folder / "feedback.parquet").unlink()
    options = ["sample", "--folder", str(folder), "--missing-only"]
    again, nothing = (CliRunner().invoke(main, options) for _ in range(2))
    assert again.output.count("\n") == 1
    assert "feedback.parquet" in again.output
    assert nothing.output == ""
    assert {path.name: path.read_bytes() for path in folder.glob("*.parquet")} == before


def test_a_table_that_is_needed_and_missing_is_named(sample_folder: Path, tmp_path: Path) -> None:
    for table in ("order_lines", "products", "visits"):
        shutil.copy(sample_folder / f"{table}.parquet", tmp_path)
    done = CliRunner().invoke(main, ["sample", "--missing-only", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "campaign_touches.parquet is missing" in done.output
