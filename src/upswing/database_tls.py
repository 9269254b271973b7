"""How a connection is protected: TLS that checks the server unless it is local, and no secret in the connection string.

What the user chose is kept: the connection string, the environment and a service file of libpq are looked at. Where
none of them says anything about TLS and the server is on another machine, its certificate and its name are checked.
"""

from __future__ import annotations

import configparser
import re
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from upswing.user_errors import UserError

MODES = {"postgres": "sslmode", "mysql": "ssl_mode"}
CHECKED = {"postgres": "verify-full", "mysql": "verify_identity"}
"""The mode that checks the server's certificate and its name."""

WEAK_MODES = {
    "disable": "nothing is encrypted",
    "allow": "nothing is encrypted where the server does not insist",
    "prefer": "nothing is encrypted where the server offers no TLS, and nobody checks which server it is",
    "require": "nobody checks which server it is",
    "verify-ca": "any server with a certificate of the same authority is accepted",
    "disabled": "nothing is encrypted",
    "preferred": "nothing is encrypted where the server offers no TLS, and nobody checks which server it is",
    "required": "nobody checks which server it is",
    "verify_ca": "any server with a certificate of the same authority is accepted",
}
"""What each weaker mode leaves open."""

SECRET_KEY = re.compile(r"pass(word|wd|phrase)|pwd|secret|token|scram_\w*key", re.IGNORECASE)
SECRET_INSIDE = re.compile(r"(pass(word|wd|phrase)|pwd|secret|token)\w*\s*=|://[^/\s@]*:[^/\s@]+@", re.IGNORECASE)


def refuse_secrets(parts: Mapping[str, str], setting: str) -> None:
    """Refuse a connection string with a secret that only the string itself could hand to the client library.

    Args:
        parts: of the connection string, without the password, which goes another way.
        setting: the environment variable that named the database.

    Raises:
        UserError: a key or a value is a secret; the message does not repeat it.
    """
    for key, value in parts.items():
        if SECRET_KEY.search(key):
            instead = (
                "take the passphrase off a copy of the key that only you can read "
                "(openssl pkey -in client.key -out open.key; chmod 600 open.key) and name it: sslkey=open.key"
                if key == "sslpassword"
                else "use a password, a password file or a client certificate"
            )
            raise UserError(
                f"{setting} holds {key}, a secret that DuckDB would repeat in its errors and its catalog; {instead}"
            )
        if SECRET_INSIDE.search(value):
            raise UserError(f"{setting} holds a secret inside {key}; give the password as password=… or in PGPASSWORD")


def secured(
    kind: str, parts: Mapping[str, str], environment: Mapping[str, str], setting: str
) -> tuple[dict[str, str], str | None]:
    """The parts of a connection string with the check of the server, where it is needed and nobody chose otherwise.

    Args:
        kind: postgres or mysql.
        parts: of the connection string.
        environment: the variables that the client library reads.
        setting: the environment variable that named the database.

    Returns:
        The parts, and a warning where the user chose less than the full check for a server on another machine.
    """
    chosen = dict(parts) if kind == "mysql" else _service(parts, environment) | dict(parts)
    variables = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    variables = variables if kind == "postgres" else {"host": "MYSQL_HOST"}
    chosen = {key: environment[name] for key, name in variables.items() if environment.get(name)} | chosen
    name = MODES[kind]
    mode = chosen.get(name, "").lower()
    if mode == CHECKED[kind]:
        # Without a file of authorities libpq refuses, and MariaDB's client leaves the name unchecked.
        return dict(parts) | _authorities(kind, chosen), None
    if _is_local(chosen) or (mode and mode not in WEAK_MODES):
        return dict(parts), None
    if not mode:
        return dict(parts) | {name: CHECKED[kind]} | _authorities(kind, chosen), None
    return dict(parts), (
        f"{setting}: {name}={mode} for a server on another machine: {WEAK_MODES[mode]}; "
        f"{name}={CHECKED[kind]} checks its certificate and its name"
    )


def tls_advice(kind: str, reason: str, setting: str) -> str | None:
    """What to do about a failure of TLS; None where the failure is another.

    Args:
        kind: postgres or mysql.
        reason: what the server or the client library said.
        setting: the environment variable that named the database.
    """
    authority = {"postgres": "sslrootcert", "mysql": "ssl_ca"}[kind]
    off = {"postgres": "sslmode=disable", "mysql": "ssl_mode=disabled"}[kind]
    unverified = {"postgres": "sslmode=require", "mysql": "ssl_mode=required"}[kind]
    for signs, told in (
        (
            ("does not match host name", "hostname verification", "host name must be specified"),
            f"write the host in {setting} as the certificate does"
            + (" (hostaddr=… can hold its address)" if kind == "postgres" else ""),
        ),
        (
            ("does not support ssl", "does not support it", "server doesn't support"),
            f"turn TLS on in the server; in a network that you trust, {off} in {setting} goes without it: "
            "what is read can then be read on the way, too",
        ),
        (("private key",), f"sslkey in {setting} must name a key without a passphrase that only its owner can read"),
        (
            ("certificate", "ssl error"),
            f"name the certificate of the authority that signed the server's in {setting}: {authority}=/path/ca.crt; "
            f"{unverified} encrypts without a check of who the server is",
        ),
    ):
        if any(sign in reason.lower() for sign in signs):
            return told
    return None


def _is_local(chosen: Mapping[str, str]) -> bool:
    """Whether all hosts are this machine; several are separated by commas, none is the local socket."""
    hosts = [host.strip() for key in ("host", "hostaddr") for host in chosen.get(key, "").split(",")]
    return all(host in ("", "localhost") or host.startswith(("/", "@")) or _is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _authorities(kind: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """Whose signature is trusted where the user names nobody: the authorities that this machine trusts.

    Not ``sslrootcert=system``: the wheel of psycopg looks for them in a folder that exists nowhere.
    """
    paths = ssl.get_default_verify_paths()
    if kind == "mysql":
        if chosen.keys() & {"ssl_ca", "ssl_capath"}:
            return {}
        return {"ssl_ca": paths.cafile} if paths.cafile else {"ssl_capath": paths.capath} if paths.capath else {}
    if "sslrootcert" in chosen or (Path.home() / ".postgresql" / "root.crt").exists():
        return {}
    return {"sslrootcert": paths.cafile or "system"}


def _service(parts: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """What a service file of libpq says; what is wrong with it libpq itself says."""
    name = parts.get("service") or environment.get("PGSERVICE")
    if not name:
        return {}
    own = environment.get("PGSERVICEFILE")
    files = [Path(own) if own else Path.home() / ".pg_service.conf"]
    if environment.get("PGSYSCONFDIR"):
        files.append(Path(environment["PGSYSCONFDIR"]) / "pg_service.conf")
    for file in files:
        read = configparser.ConfigParser(
            delimiters=("=",), comment_prefixes=("#",), interpolation=None, strict=False, allow_no_value=True
        )
        try:
            read.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        if read.has_section(name):
            return {key: value for key, value in read.items(name) if value}
    return {}
