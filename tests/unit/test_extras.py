"""Commands whose extra is not installed name the command that installs it, and make knows every extra."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from upswing import user_errors
from upswing.cli import main

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["dashboard", "report", "cards"])
def test_a_page_without_its_libraries_names_the_command_that_installs_them(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(user_errors, "find_spec", lambda _name: None)
    done = CliRunner().invoke(main, [command])
    assert done.exit_code == 1
    assert "run `make install PART=pages`, or `pip install 'upswing[pages]'`" in done.output


def test_an_extra_that_is_installed_is_accepted() -> None:
    user_errors.require_extra("pages", "click", "numpy")


def test_make_installs_each_extra() -> None:
    extras = set(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    script = (PROJECT / "scripts" / "install").read_text()
    assert extras | {"build", "superset"} == set(re.findall(r"^    (\w+)\) what=", script, re.MULTILINE))
    after_build = re.search(r"^\$\(addprefix \$\(VENV\)/\.installed-,(.*)\):", (PROJECT / "Makefile").read_text(), re.M)
    assert after_build is not None
    assert extras == set(after_build[1].split())
