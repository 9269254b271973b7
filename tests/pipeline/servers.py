"""Real database servers for tests: PostgreSQL and MariaDB on the loopback, in a folder of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADMIN_PASSWORD = "adm1n-'secret"
"""Of the server's first user; with a quote, as passwords may have."""

CERTIFIED_NAME = "db.example"
"""The only name, beside 127.0.0.1, for which the servers' certificate is valid; no name server knows it."""

SECONDS_TO_START = 240


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        kind: postgres or mysql.
        port: on 127.0.0.1.
        user: its first user, who may do everything.
        log: file of what it logs.
        process: the server.
        authority: certificate of the authority that signed the server's.
    """

    kind: str
    port: int
    user: str
    log: Path
    process: subprocess.Popen[bytes]
    authority: Path

    def place(self, database: str, user: str | None = None) -> str:
        """Connection string of a database, without a password."""
        name = "dbname" if self.kind == "postgres" else "database"
        return f"host=127.0.0.1 port={self.port} {name}={database} user={user or self.user}"


def missing(kind: str) -> str | None:
    """Why a server of this kind cannot be started here, or None where it can."""
    if kind == "postgres":
        return None if _postgres_folder() else "no PostgreSQL server here: apt-get install postgresql"
    found = _mariadb("mariadbd", "mysqld") and _mariadb("mariadb-install-db")
    return None if found else "no MariaDB server here: apt-get install mariadb-server"


@contextmanager
def postgres_server(*settings: str) -> Iterator[Server]:
    """A PostgreSQL server with the database ``postgres``; settings like ``wal_level=minimal``."""
    programs = _postgres_folder()
    assert programs is not None
    with _folder("postgres") as (folder, user):
        password = folder / "password"
        password.write_text(ADMIN_PASSWORD)
        _give(password, user)
        options = ["--username=admin", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
        subprocess.run(
            [str(programs / "initdb"), f"--pgdata={folder / 'data'}", "--locale=C.UTF-8", *options],
            user=user,
            check=True,
            capture_output=True,
        )
        port = free_port()
        write_certificates(folder, user)
        tls = ["ssl=on", f"ssl_cert_file={folder / 'server.crt'}", f"ssl_key_file={folder / 'server.key'}"]
        quick = [*tls, "fsync=off", "listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}"]
        chosen = [part for setting in (*quick, *settings) for part in ("-c", setting)]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *chosen]
        probe = [str(programs / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
        with _running("postgres", command, folder, user, port, "admin", lambda: not subprocess.call(probe)) as server:
            yield server


@contextmanager
def mariadb_server() -> Iterator[Server]:
    """A MariaDB server; its first user is ``admin``."""
    daemon, install = _mariadb("mariadbd", "mysqld"), _mariadb("mariadb-install-db")
    assert daemon is not None
    assert install is not None
    with _folder("mysql") as (folder, user):
        data = f"--datadir={folder / 'data'}"
        subprocess.run(
            [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"],
            user=user,
            check=True,
            capture_output=True,
        )
        port = free_port()
        first = folder / "first.sql"
        word = ADMIN_PASSWORD.replace("'", "''")
        first.write_text(
            f"create user if not exists admin@'127.0.0.1' identified by '{word}';\n"
            "grant all on *.* to admin@'127.0.0.1' with grant option;\n"
        )
        _give(first, user)
        options = [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", f"--init-file={first}"]
        write_certificates(folder, user)
        options += [f"--ssl-cert={folder / 'server.crt'}", f"--ssl-key={folder / 'server.key'}"]
        options += [f"--port={port}", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
        command = [daemon, "--no-defaults", data, "--skip-name-resolve", *options]
        with _running("mysql", command, folder, user, port, "admin", lambda: _answers(port)) as server:
            yield server


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def write_certificates(folder: Path, user: str | None = None) -> None:
    """Write ``authority.crt``, and a ``server.crt`` signed by it with its key ``server.key``, for one day."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
    now = datetime.now(UTC)
    usual = x509.CertificateBuilder().issuer_name(authority).not_valid_before(now - timedelta(hours=1))
    usual = usual.not_valid_after(now + timedelta(days=1))
    names = [x509.DNSName(CERTIFIED_NAME), x509.IPAddress(IPv4Address("127.0.0.1"))]
    of_authority = (
        usual.subject_name(authority)
        .serial_number(x509.random_serial_number())
        .public_key(authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    of_server = (
        usual.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CERTIFIED_NAME)]))
        .serial_number(x509.random_serial_number())
        .public_key(server_key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for name, content in (
        ("authority.crt", of_authority.public_bytes(serialization.Encoding.PEM)),
        ("server.crt", of_server.public_bytes(serialization.Encoding.PEM)),
        ("server.key", key),
    ):
        file = folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)
        _give(file, user)


@contextmanager
def _running(
    kind: str, command: list[str], folder: Path, user: str | None, port: int, admin: str, answers: Callable[[], bool]
) -> Iterator[Server]:
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, user=user, stdout=written, stderr=written, cwd=folder)
    try:
        last = time.monotonic() + SECONDS_TO_START
        while not answers():
            if process.poll() is not None or time.monotonic() > last:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield Server(kind, port, admin, log, process, folder / "authority.crt")
    finally:
        # Its folder goes with it. PostgreSQL takes its other processes along at SIGQUIT.
        process.send_signal(signal.SIGQUIT if kind == "postgres" else signal.SIGKILL)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _folder(account: str) -> Iterator[tuple[Path, str | None]]:
    """A folder and who owns it: no server runs as root, so root lends it to the server's own account."""
    folder = Path(tempfile.mkdtemp(prefix=f"upswing-{account}-"))
    user = None
    if os.geteuid() == 0:
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = account if account in known else "nobody"
    _give(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(path: Path, user: str | None) -> None:
    if user is not None:
        shutil.chown(path, user)


def _postgres_folder() -> Path | None:
    """Where the newest PostgreSQL's programs are; Debian keeps them out of the path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def _mariadb(*names: str) -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _answers(port: int) -> bool:
    """A server that greets: MariaDB speaks first, once it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False
