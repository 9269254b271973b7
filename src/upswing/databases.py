"""PostgreSQL, MySQL and MariaDB through DuckDB's extensions, which come as wheels and need no network at run time.

A database is named by text whose scheme tells its kind: ``postgres:`` before a connection string of libpq, or a URL
``postgresql://…``; ``mysql:`` (or ``mariadb:``) before ``host=… database=… user=…``, or a URL ``mysql://…``. DuckDB
writes the connection string into its errors and its catalog, so a password never stays in it: it is handed to the
client library by the environment. How the server is checked is said in :mod:`upswing.database_tls`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb

from upswing.database_tls import refuse_secrets, secured, tls_advice
from upswing.user_errors import UserError

SOURCE = "UPSWING_SOURCE"
SOURCE_SCHEMA = "UPSWING_SOURCE_SCHEMA"
ALIAS = "upswing_source"
"""Under which the database of the raw tables is attached."""

NAMES = {"postgres": "PostgreSQL", "mysql": "MySQL"}
KINDS = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
EXTENSIONS = {"postgres": "postgres_scanner", "mysql": "mysql_scanner"}
PASSWORDS = {"postgres": "PGPASSWORD", "mysql": "MYSQL_PWD"}
FORMS = (
    "'postgres:host=… port=5432 dbname=… user=…', 'postgresql://user@host/dbname', "
    "'mysql:host=… port=3306 database=… user=…' or 'mysql://user@host/database'"
)
CONNECT_SECONDS = 10

SETTINGS = {
    "postgres": {},
    "mysql": {
        # A small number is often stored as tinyint(1): as a truth value a rating of 4 would be 1.
        "mysql_tinyint1_as_boolean": "false",
        # MySQL's word for "no date".
        "mysql_incomplete_dates_as_nulls": "true",
        # The server converts its timestamps to the zone of the session; times are UTC here.
        "mysql_session_time_zone": "'+00:00'",
        # Else a read of more than five minutes is broken off.
        "mysql_query_timeout_enabled": "false",
    },
}


@dataclass(frozen=True)
class Database:
    """A database to connect with.

    Attributes:
        kind: postgres or mysql (MariaDB too).
        place: connection string without the password.
        password: None where the client library finds it by itself (environment, password file) or needs none.
        schema: of the tables; of MySQL the database.
        described: in words, for messages.
        setting: the environment variable that named it, for messages.
        warning: what the way to it leaves open, where the user chose so.
    """

    kind: str
    place: str
    password: str | None
    schema: str
    described: str
    setting: str
    warning: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Database({self.described})"


def named_source(environment: Mapping[str, str]) -> Database | None:
    """The database of the raw tables that the environment names; None where they come as files.

    Raises:
        UserError: what is named cannot be understood.
    """
    text = environment.get(SOURCE, "").strip()
    return parsed(text, SOURCE, environment.get(SOURCE_SCHEMA, "").strip(), environment) if text else None


def parsed(text: str, setting: str, schema: str = "", environment: Mapping[str, str] = os.environ) -> Database:
    """What a text says of a database.

    Args:
        text: see the head of this module.
        setting: where it was given.
        schema: of the tables; of PostgreSQL else ``public``.
        environment: the variables that the client library reads.

    Raises:
        UserError: it is none of the forms, or holds a secret other than the password; the message repeats nothing of
            the text but the names of keys.
    """
    scheme, colon, rest = text.partition(":")
    kind = KINDS.get(scheme.strip().lower())
    if not colon or kind is None:
        raise UserError(f"{setting} names no database that is known; expected {FORMS}")
    read = _of_postgres if kind == "postgres" else _of_mysql
    parts = read(text if rest.startswith("//") else rest.strip(), setting)
    password = parts.pop("password", None)
    refuse_secrets(parts, setting)
    name = "dbname" if kind == "postgres" else "database"
    if kind == "mysql" and not (schema or parts.get(name)):
        raise UserError(f"{setting} names no database of the server: add database=…")
    port = f":{parts['port']}" if "port" in parts else ""
    place = f"{parts.get('host', 'the local socket')}{port}"
    described = (
        f"{NAMES[kind]} at {place}, database {parts.get(name, 'by default')}, user {parts.get('user', 'by default')}"
    )
    # A host that drops packets would else hold the build for minutes.
    timeout = {"connect_timeout": str(CONNECT_SECONDS)} if kind == "postgres" else {}
    schema = schema or ("public" if kind == "postgres" else parts[name])
    parts, warning = secured(kind, parts, environment, setting)
    written = _conninfo(timeout | parts) if kind == "postgres" else _written_for_mysql(parts)
    return Database(kind, written, password, schema, described, setting, warning)


def load_extension(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    """Load the extension for a kind of database from its wheel; nothing is downloaded and no folder written.

    Raises:
        UserError: the wheel is not installed, or was made for another version of DuckDB.
    """
    name = EXTENSIONS[kind]
    wheel = f"duckdb-extension-{name.replace('_', '-')}"
    found = util.find_spec(f"duckdb_extension_{name}")
    if found is None or not found.submodule_search_locations:
        raise UserError(
            f"{NAMES[kind]} needs DuckDB's extension {name}: run `make install PART=databases`, "
            f"or pip install {wheel}=={duckdb.__version__}"
        )
    folder = Path(next(iter(found.submodule_search_locations))) / "extensions"
    file = folder / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.exists():
        versions = ", ".join(sorted(path.name for path in folder.glob("v*"))) or "none"
        raise UserError(
            f"DuckDB is {duckdb.__version__}, its extension {name} is for {versions}: "
            f"pip install {wheel}=={duckdb.__version__}"
        )
    connection.execute(f"load {_quoted(str(file))}")


def attach(
    connection: duckdb.DuckDBPyConnection,
    database: Database,
    alias: str,
    *,
    schema: str | None = None,
    read_only: bool = True,
    environment: MutableMapping[str, str] = os.environ,
) -> None:
    """Attach a database, so that its tables are ``alias.schema.table``.

    Args:
        connection: of DuckDB.
        database: to attach.
        alias: its name from now on.
        schema: of PostgreSQL, the only schema that is looked at.
        read_only: whether nothing may be written to it.
        environment: where the client library finds the password.

    Raises:
        UserError: it cannot be reached or refuses the user; the message holds no password.
    """
    load_extension(connection, database.kind)
    for setting, value in SETTINGS[database.kind].items():
        connection.execute(f"set global {setting} = {value}")
    if database.password is not None:
        environment[PASSWORDS[database.kind]] = database.password
    if database.kind == "postgres":
        environment["PGCLIENTENCODING"] = "UTF8"
    options = [f"type {database.kind}", *(["read_only"] if read_only else [])]
    options += [f"schema {_quoted(schema)}"] if schema and database.kind == "postgres" else []
    try:
        connection.execute(f"attach {_quoted(database.place)} as {alias} ({', '.join(options)})")
    except duckdb.Error as wrong:
        raise UserError(refusal(database, str(wrong))) from None


def refusal(database: Database, said: str) -> str:
    """What a server or a driver said as a message for people: no connection string, no password, and what mends it."""
    if database.password:
        said = said.replace(database.password, "…")
    # DuckDB repeats the connection string before what the server said.
    reason = next(iter(said.rpartition('": ')[2].strip().splitlines()), "it broke off")
    password = PASSWORDS[database.kind]
    keeps = " or in ~/.pgpass" if database.kind == "postgres" else ""
    about_tls = tls_advice(database.kind, reason, database.setting)
    if about_tls:
        return f"{database.described}: {reason}; {about_tls}"
    for sign, advice in (
        ("password", f"give the user's password in {password}{keeps}, or in {database.setting}"),
        (
            "Access denied",
            f"give the user's password in {password} or in {database.setting}, and grant the user the database",
        ),
        ("Unknown database", f"name a database of that server in {database.setting}"),
        ("does not exist", f"name a database and a user of that server in {database.setting}"),
        ("could not translate", f"check the host in {database.setting}"),
        ("Unknown server host", f"check the host in {database.setting}"),
        ("connect", f"is the server up, and are host and port in {database.setting} right?"),
        ("timeout", f"is the server up, and are host and port in {database.setting} right?"),
    ):
        if sign.lower() in reason.lower():
            return f"{database.described}: {reason}; {advice}"
    return f"{database.described}: {reason}; check {database.setting}"


def _of_postgres(text: str, setting: str) -> dict[str, str]:
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise UserError(
            "PostgreSQL needs psycopg: run `make install PART=databases`, or pip install 'upswing[databases]'"
        ) from None
    try:
        return {key: str(value) for key, value in conninfo_to_dict(text).items() if value is not None}
    except ProgrammingError:
        raise UserError(f"{setting} is no connection string of PostgreSQL; expected {FORMS}") from None


def _of_mysql(text: str, setting: str) -> dict[str, str]:
    wrong = UserError(f"{setting} is no connection string of MySQL; expected {FORMS}")
    try:
        if "//" in text.partition("?")[0] and "=" not in text.partition("//")[0]:
            url = urlsplit(text)
            given = {"host": url.hostname, "port": url.port, "user": url.username, "password": url.password}
            parts = {key: unquote(str(value)) for key, value in given.items() if value}
            parts |= {"database": unquote(url.path.strip("/"))} if url.path.strip("/") else {}
            parts |= dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        else:
            parts = dict(part.split("=", 1) for part in shlex.split(text))
    except ValueError:
        raise wrong from None
    # DuckDB reads keys in any case.
    parts = {key.strip().lower().replace("-", "_"): value for key, value in parts.items()}
    for other, name in (("passwd", "password"), ("db", "database"), ("dbname", "database"), ("sslmode", "ssl_mode")):
        if other in parts:
            parts[name] = parts.pop(other)
    if any(" " in value for key, value in parts.items() if key in ("host", "port", "user", "database")):
        raise wrong
    return parts


def _written_for_mysql(parts: Mapping[str, str]) -> str:
    def spelled(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"' if escaped != value or " " in value else value

    return " ".join(f"{key}={spelled(value)}" for key, value in parts.items())


def _conninfo(parts: Mapping[str, str]) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
