"""Nothing calls out at run time: a build and the commands on it ask no other machine for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import browser
import pytest
from network import CALLS, no_network
from warehouse import Warehouse
from warehouse_variables import PROJECT

UPSWING = str(Path(sys.executable).with_name("upswing"))
DASHBOARD = (
    "from streamlit.testing.v1 import AppTest\n"
    "page = AppTest.from_file(__import__('os').path.abspath('dashboard/app.py'), default_timeout=240).run()\n"
    "assert page.title and not page.exception, page.exception"
)
BERT = "from upswing.bert import Bert\nassert Bert.find(None).windows(['a word'], 16).texts"
COMMANDS = {
    "report": [UPSWING, "report", "--folder", "{folder}"],
    "cards": [UPSWING, "cards", "--folder", "{folder}/cards"],
    "check": [UPSWING, "check", "--data-docs", "{folder}", "--output", "{folder}/report.txt"],
    "query": [UPSWING, "query", "select count(*) from products"],
    "dashboard": [sys.executable, "-c", DASHBOARD],
    "bert": [
        sys.executable,
        "-c",
        "from upswing.bert import Bert\nassert Bert.find(None).windows(['a word'], 16).texts",
    ],
}


def run(command: list[str], calls: Path, warehouse: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | no_network(calls) | {"UPSWING_WAREHOUSE": str(warehouse)}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    "call", ["socket.create_connection(('192.0.2.1', 443), 1)", "socket.getaddrinfo('example.invalid', 443)"]
)
def test_a_call_is_refused_and_written_down_even_where_its_error_is_swallowed(call: str, tmp_path: Path) -> None:
    calls = tmp_path / CALLS
    done = run([sys.executable, "-c", f"import socket\ntry: {call}\nexcept OSError: pass"], calls, tmp_path)
    assert done.returncode == 0, done.stderr
    assert calls.read_text().startswith("socket.")


def test_this_machine_is_reached(tmp_path: Path) -> None:
    own = "import socket\nwith socket.create_server(('127.0.0.1', 0)) as s: socket.create_connection(s.getsockname())"
    done = run([sys.executable, "-c", own], tmp_path / CALLS, tmp_path)
    assert (done.returncode, (tmp_path / CALLS).read_text()) == (0, ""), done.stderr


def test_a_build_calls_nobody(built: Warehouse) -> None:
    assert (built.folder / CALLS).read_text() == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_calls_nobody(name: str, built: Warehouse, tmp_path: Path) -> None:
    command = [word.replace("{folder}", str(tmp_path)) for word in COMMANDS[name]]
    done = run(command, tmp_path / CALLS, built.folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert (tmp_path / CALLS).read_text() == ""


def test_the_server_of_the_dashboard_calls_nobody(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in no_network(tmp_path / CALLS).items():
        monkeypatch.setenv(variable, value)
    with browser.serving(built.folder):
        pass
    assert (tmp_path / CALLS).read_text() == ""
