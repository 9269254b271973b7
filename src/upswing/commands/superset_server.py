"""Apache Superset on the loopback: its own environment, its own database, and what is asked of it over its REST API."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from upswing.privacy.keys import private_folder, write_private
from upswing.user_errors import UserError

SECONDS_TO_START = 120


@dataclass(frozen=True)
class Superset:
    """A Superset of one machine.

    Attributes:
        programs: folder of its programs, in an environment of its own.
        config: its settings, a Python file.
        home: folder of its database, secret key, password and log; made for its owner alone.
        port: on 127.0.0.1.
        user: its administrator.
    """

    programs: Path
    config: Path
    home: Path
    port: int
    user: str = "admin"

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password_file(self) -> Path:
        """The administrator's password."""
        return self.home / "admin_password"

    def environment(self) -> dict[str, str]:
        """The environment of its processes; nothing of the warehouse's keys is in it."""
        own = {"UPSWING_SUPERSET_HOME": str(self.home.resolve()), "SUPERSET_CONFIG_PATH": str(self.config.resolve())}
        own |= {"FLASK_APP": "superset.app:create_app()", "PYTHONWARNINGS": "ignore", "HOME": str(self.home.resolve())}
        kept = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
        return {name: os.environ[name] for name in kept if name in os.environ} | own

    def prepare(self, password: str | None = None) -> None:
        """Make what is missing: secret key, password, database, roles, administrator.

        Args:
            password: of the administrator from now on; None: as it is, at first a random one.

        Raises:
            UserError: Superset is not installed, or one of its steps failed.
        """
        if not (self.programs / "superset").exists():
            raise UserError(f"no Superset in {self.programs}; `make superset` installs it")
        private_folder(self.home)
        key = self.home / "secret_key"
        if not key.exists():
            write_private(key, secrets.token_urlsafe(42))
        chosen = password or (None if self.password_file.exists() else secrets.token_urlsafe(12))
        if chosen:
            write_private(self.password_file, chosen)
        is_new = not (self.home / "prepared").exists()
        if is_new:
            self._run("superset", "db", "upgrade")
            self._run("superset", "init")
        if is_new or password:
            self._run("python", str(self.config.resolve().with_name("administrator.py")), self.user)
        (self.home / "prepared").touch()

    @contextmanager
    def running(self) -> Iterator[Client]:
        """The server, one process with threads, stopped at the end; and a client that is logged in.

        Raises:
            UserError: it did not start; the message names its log.
        """
        log = self.home / "server.log"
        server = ("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120")
        command = [str(self.programs.resolve() / "gunicorn"), "--bind", f"127.0.0.1:{self.port}", *server]
        with log.open("ab") as written:
            process = subprocess.Popen(
                [*command, "superset.app:create_app()"],
                env=self.environment(),
                cwd=self.home,
                stdout=written,
                stderr=written,
            )
        try:
            self._wait(process, log)
            yield Client.logged_in(self.address, self.user, self._password())
        finally:
            process.terminate()
            process.wait(30)

    def _password(self) -> str:
        return self.password_file.read_text(encoding="utf-8").strip()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs.resolve() / program), *arguments]
        done = subprocess.run(command, env=self.environment(), cwd=self.home, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"`{program} {' '.join(arguments)}` failed:\n{done.stderr[-2000:]}")

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        for _ in range(SECONDS_TO_START * 2):
            if process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.5)
        raise UserError(f"Superset did not start on port {self.port}; its log: {log}")


@dataclass(frozen=True)
class Client:
    """Somebody who is logged in to Superset's REST API."""

    address: str
    headers: dict[str, str]
    opener: urllib.request.OpenerDirector = field(repr=False)

    @classmethod
    def logged_in(cls, address: str, user: str, password: str) -> Client:
        """A client for that user.

        Raises:
            UserError: the password is not that of the user.
        """
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        nobody = cls(address, {"Content-Type": "application/json"}, opener)
        who = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = nobody.ask("security/login", json.dumps(who).encode())["access_token"]
        somebody = cls(address, {"Authorization": f"Bearer {token}"}, opener)
        guard = somebody.ask("security/csrf_token/")["result"]
        return cls(address, {**somebody.headers, "X-CSRFToken": guard, "Referer": address}, opener)

    def ask(self, path: str, body: bytes | None = None, kind: str | None = None) -> dict[str, Any]:
        """What the REST API answers.

        Args:
            path: below ``/api/v1/``.
            body: posted; None: nothing is posted.
            kind: the body's media type.

        Raises:
            UserError: it answered with an error.
        """
        headers = self.headers | ({"Content-Type": kind} if kind else {})
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", data=body, headers=headers)
        try:
            with self.opener.open(request, timeout=120) as answer:
                answered: dict[str, Any] = json.loads(answer.read())
                return answered
        except urllib.error.HTTPError as wrong:
            told = wrong.read().decode(errors="replace")[:2000]
            raise UserError(f"Superset answered {wrong.code} to {path}: {told}") from None

    def import_bundle(self, bundle: bytes) -> None:
        """Import a zip of assets; what an earlier import brought is replaced."""
        edge = secrets.token_hex(16)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="bundle"; filename="bundle.zip"\r\n'
        body = f"{head}Content-Type: application/zip\r\n\r\n".encode() + bundle + f"\r\n--{edge}--\r\n".encode()
        self.ask("assets/import/", body, f"multipart/form-data; boundary={edge}")

    def charts(self) -> dict[int, str]:
        """Name of each chart, by its number."""
        found = self.ask("chart/?q=(page_size:100)")["result"]
        return {chart["id"]: chart["slice_name"] for chart in found}

    def chart_rows(self, chart: int) -> list[dict[str, Any]]:
        """The rows that a chart shows, asked of the marts now."""
        rows: list[dict[str, Any]] = self.ask(f"chart/{chart}/data/?force=true")["result"][0]["data"]
        return rows
