"""What `make lint` says of the packages: licences that are not allowed, and known vulnerabilities."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
LICENCES = Path(sys.executable).with_name("pip-licenses")
FIXED = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}]
ACCEPTED = '[tool.upswing.accepted-vulnerabilities]\nCVE-2099-1 = "the faulty part is not called"\n'


def vulnerability(number: int, ranges: list[dict[str, Any]]) -> dict[str, Any]:
    package = {"ecosystem": "PyPI", "name": "iniconfig"}
    return {
        "id": f"PYSEC-2099-{number}",
        "aliases": [f"CVE-2099-{number}"],
        "details": "It falls over.",
        "affected": [{"package": package, "ranges": ranges, "versions": ["2.3.1"]}],
        "published": "2099-01-01T00:00:00Z",
        "modified": "2099-01-01T00:00:00Z",
    }


@contextmanager
def database(vulnerabilities: list[dict[str, Any]], asked: list[str]) -> Iterator[str]:
    """An OSV that answers each question with these; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"])
            body = json.dumps({"vulns": vulnerabilities} if vulnerabilities else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def audit(project: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts" / "audit.py"), "--project", str(project), "--osv-url", url]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs one package."""
    (tmp_path / "requirements.txt").write_text(f"iniconfig==2.3.1 \\\n    --hash=sha256:{'0' * 64}\n")
    (tmp_path / "pyproject.toml").write_text("[tool.upswing.accepted-vulnerabilities]\n")
    return tmp_path


def test_a_vulnerability_with_a_fix_fails_until_it_is_accepted(project: Path) -> None:
    asked: list[str] = []
    with database([vulnerability(1, FIXED), vulnerability(2, [])], asked) as url:
        done = audit(project, url)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "iniconfig 2.3.1: PYSEC-2099-1, CVE-2099-1; mended in 9.9\n" in done.stdout
        assert "iniconfig 2.3.1: PYSEC-2099-2, CVE-2099-2; no version mends it yet\n" in done.stdout
        assert "[tool.upswing.accepted-vulnerabilities] in pyproject.toml" in done.stdout
        (project / "pyproject.toml").write_text(ACCEPTED)
        done = audit(project, url)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "PYSEC-2099-1, CVE-2099-1; accepted: the faulty part is not called\n" in done.stdout
        assert audit(project, url).stdout == "Known vulnerabilities: looked up today.\n"
    assert asked == ["iniconfig", "iniconfig"]


def test_without_a_database_lint_goes_on(project: Path) -> None:
    started = time.monotonic()
    done = audit(project, "http://127.0.0.1:9/v1/query")
    assert done.returncode == 0, done.stderr
    assert "not looked up, http://127.0.0.1:9/v1/query cannot be asked" in done.stdout
    assert time.monotonic() - started < 10
    assert not (project / "target").exists()


def test_lint_looks_at_the_real_lists() -> None:
    recipe = subprocess.run(["make", "-n", "lint-packages"], cwd=PROJECT, capture_output=True, text=True).stdout
    assert "pip-licenses" in recipe
    assert "scripts/audit.py" in recipe


@pytest.mark.parametrize(
    ("name", "licence"), [("qpsolvers", "Lesser General Public"), ("axe-playwright-python", "UNK")]
)
def test_a_licence_that_is_not_allowed_fails(name: str, licence: str, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    text = (tmp_path / "pyproject.toml").read_text()
    assert f'    "{name}",' in text.partition("ignore-packages")[2]
    (tmp_path / "pyproject.toml").write_text(text.replace(f'    "{name}",', ""))
    done = subprocess.run([LICENCES], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert licence in done.stderr
    assert name.split("-")[0] in done.stderr
