import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from project import write_project

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the scenario, which is run once in a process of its own."""
    if shutil.which("java") is None:
        pytest.skip("needs Java 17 on the PATH")
    folder = tmp_path_factory.mktemp("toy")
    write_project(folder)
    environment = {**os.environ, "DBT_PROFILES_DIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(HERE / "scenario.py")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads((folder / "observed.json").read_text())
    return {**told, "folder": folder, "stderr": done.stderr}
