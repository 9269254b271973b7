"""DuckDB's files hold what was written to them, and nothing else that its memory held before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WRITE = """
import sys
import duckdb

for trial in range(3):
    file = f"{sys.argv[1]}/{trial}.duckdb"
    with duckdb.connect(file, config={"memory_limit": "1GB", "threads": 2}) as connection:
        for number in range(8):
            connection.execute(
                "create temp table people as select 'SENTINEL-PERSON-' || i || '@example.com' as email "
                "from range(300000) rows (i)"
            )
            connection.execute("drop table people")
            connection.execute(
                f"create table notes_{number} as select md5(i::varchar) || ' some words ' || (i % 97) as note "
                f"from range({3000 + number * 9000}) rows (i)"
            )
"""
SETTING = "DUCKDB_JE_MALLOC_CONF"


def remains(folder: Path, setting: str) -> int:
    """How often the files that a process wrote hold a text that was in no table of theirs."""
    folder.mkdir()
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True, env=os.environ | {SETTING: setting})
    return sum(file.read_bytes().count(b"SENTINEL-PERSON") for file in folder.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="DuckDB has this allocator on Linux alone")
def test_no_remains_of_memory_are_written_to_a_file(tmp_path: Path) -> None:
    if remains(tmp_path / "as_duckdb_does", "") == 0:
        pytest.skip("this DuckDB leaves no remains, or left none this time")
    assert remains(tmp_path / "cleared", "zero:true") == 0


def test_python_of_the_environment_clears_the_memory_before_dbt_imports_duckdb() -> None:
    asked = f"import os; print(os.environ.get({SETTING!r}))"
    without = {name: value for name, value in os.environ.items() if name != SETTING}
    done = subprocess.run([sys.executable, "-c", asked], check=True, env=without, capture_output=True, text=True)
    assert done.stdout.strip() == "zero:true", "scripts/install writes upswing-cleared-memory.pth"
