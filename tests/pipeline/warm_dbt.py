"""dbt commands in processes forked from one that has imported dbt and parsed the project.

A command of dbt spends 12 seconds of processor time before its first statement: two on imports, the rest on parsing.
dbt-duckdb keeps one connection a process, so each command still has a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from warehouse_variables import ALWAYS, PARSED, PROJECT

SECONDS_FOR_A_COMMAND = 1800
"""Far more than any takes, so that one that hangs ends before CI does."""

PARSED_WITH = re.compile(r"var\(['\"](\w+)['\"]")


@cache
def read_while_parsing() -> frozenset[str]:
    """Vars that the YAML files read, so that another value needs another manifest; that of BERT can be exchanged."""
    files = [file for folder in ("models", "python_models") for file in (PROJECT / folder).rglob("*.yml")]
    texts = [file.read_text() for file in [*files, PROJECT / "dbt_project.yml"]]
    return frozenset(name for text in texts for name in PARSED_WITH.findall(text)) - {"bert_model"}


def has_the_manifest_of(variables: Mapping[str, Any]) -> bool:
    """Whether these vars give the manifest that :mod:`parsed_project` holds."""
    return all(variables.get(name) == ALWAYS.get(name) for name in read_while_parsing())


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], variables: Mapping[str, Any], output: Path
) -> int:
    """Run a dbt command on the project as it was parsed, and return its exit status.

    dbt's parser has threads that a forked process lacks, so a command that parses needs a process of its own.

    Args:
        arguments: of dbt.
        folder: the project's.
        environment: all variables of the process.
        variables: vars of dbt.
        output: file for what dbt prints.
    """
    exchanged = {str(PARSED): environment["UPSWING_WAREHOUSE"], ALWAYS["bert_model"]: variables["bert_model"] or ""}
    given = (list(arguments), folder, dict(environment), exchanged, output)
    process = _fork_server().Process(target=_command, args=given)
    # The process would run our main module once more, and Streamlit's AppTest leaves one of its own there.
    with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
        process.start()
    process.join(SECONDS_FOR_A_COMMAND)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"dbt {' '.join(arguments)} hangs: {output.read_text()[-2000:]}")
    return process.exitcode


@cache
def _fork_server() -> multiprocessing.context.ForkServerContext:
    """The process that has read the project; Python 3.11 does not hand it the folders of the tests' modules."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["parsed_project"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def _command(
    arguments: list[str], folder: Path, environment: dict[str, str], exchanged: dict[str, str], output: Path
) -> None:
    printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    from dbt.cli.main import dbtRunner

    project = sys.modules["parsed_project"]  # A failure to read it in advance must not go unseen.
    done = dbtRunner(manifest=project.manifest_with(exchanged)).invoke(arguments)
    raise SystemExit(0 if done.success else 2 if done.exception else 1)
