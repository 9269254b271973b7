"""What a text says of a database, and what a refusal says of it."""

from __future__ import annotations

import os
import re
import ssl
from importlib import util
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.events.logging import AdapterLogger

from upswing import databases_plugin
from upswing.databases import EXTENSIONS, load_extension, named_source, parsed, refusal
from upswing.user_errors import UserError

pytest.importorskip("psycopg")

AUTHORITIES = "/authorities.crt"
"""What this machine trusts, in these tests."""

CHECKED = f"sslmode=verify-full sslrootcert={AUTHORITIES}"
CHECKED_MYSQL = f"ssl_mode=verify_identity ssl_ca={AUTHORITIES}"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of libpq, an empty home folder (which is returned), and a known file of authorities."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    paths = ssl.get_default_verify_paths()._replace(cafile=AUTHORITIES)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "place", "password", "schema"),
    [
        (
            "postgres: host=h port=5 dbname=shop user=u password='a b\\'c'",
            "postgres",
            "connect_timeout=10 host=h port=5 dbname=shop user=u sslmode=verify-full sslrootcert=/authorities.crt",
            "a b'c",
            "public",
        ),
        (
            "postgresql://u:p%40w@h:5/shop?sslmode=require&connect_timeout=3",
            "postgres",
            "connect_timeout=3 user=u dbname=shop host=h port=5 sslmode=require",
            "p@w",
            "public",
        ),
        ("postgres:", "postgres", "connect_timeout=10", None, "public"),
        ("postgresql://localhost/shop?password=p%40w", "postgres", "connect_timeout=10 dbname=shop host=localhost",
         "p@w", "public"),
        ("MySQL:host=h db=shop passwd='a b'", "mysql", f"host=h database=shop {CHECKED_MYSQL}", "a b", "shop"),
        ("mysql:HOST=h db=shop Password='a b'", "mysql", f"host=h database=shop {CHECKED_MYSQL}", "a b", "shop"),
        ("mariadb://u:p%20w@h:3307/shop", "mysql", f"host=h port=3307 user=u database=shop {CHECKED_MYSQL}",
         "p w", "shop"),
        ("mysql://u@h/shop?password=p%20w&ssl-mode=required", "mysql", "host=h user=u database=shop ssl_mode=required",
         "p w", "shop"),
        ("mysql:host=localhost db=shop ssl_ca='/a b/ca.crt'", "mysql", 'host=localhost database=shop '
         'ssl_ca="/a b/ca.crt"', None, "shop"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("bare")
def test_a_database_is_named_in_several_forms(
    text: str, kind: str, place: str, password: str | None, schema: str
) -> None:
    found = parsed(text, "UPSWING_SOURCE")
    assert (found.kind, set(found.place.split()), found.schema) == (kind, set(place.split()), schema)
    assert found.password == password
    assert password is None or password not in repr(found) + found.place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oracle:host=hidden", "names no database that is known"),
        ("hidden", "names no database that is known"),
        ("postgres:hidden", "no connection string of PostgreSQL"),
        ("mysql:hidden", "no connection string of MySQL"),
        ("mysql:host='hidden", "no connection string of MySQL"),
        ("mysql://u@h:hidden/shop", "no connection string of MySQL"),
        ("mysql:host=h password=hidden", r"add database="),
    ],
)
def test_what_is_no_database_is_refused_without_repeating_it(text: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as raised:
        parsed(text, "UPSWING_SOURCE")
    assert "hidden" not in str(raised.value)


def test_without_the_setting_tables_come_as_files() -> None:
    assert named_source({"UPSWING_SOURCE": " "}) is None
    found = named_source({"UPSWING_SOURCE": "mysql://h/shop", "UPSWING_SOURCE_SCHEMA": "other"})
    assert found is not None
    assert found.schema == "other"


def test_a_refusal_holds_neither_connection_string_nor_password() -> None:
    database = parsed("postgres:host=h dbname=d user=u password=hidden", "UPSWING_SOURCE")
    said = 'Unable to connect to Postgres at "host=h password=hidden": connection failed: hidden\n  more'
    told = refusal(database, said)
    assert told.startswith("PostgreSQL at h, database d, user u: connection failed: …")
    assert "hidden" not in told
    assert all("UPSWING_SOURCE" in text for text in (told, refusal(database, "")))


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_extensions_come_out_of_their_wheels(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(f"duckdb_extension_{EXTENSIONS[kind]}")
    with duckdb.connect() as connection:
        load_extension(connection, kind)
        loaded = "select loaded from duckdb_extensions() where extension_name = $1"
        assert connection.execute(loaded, [EXTENSIONS[kind]]).fetchone() == (True,)
        monkeypatch.setattr(duckdb, "__version__", "9.9.9")
        with pytest.raises(UserError, match=r"DuckDB is 9\.9\.9, its extension .* is for v.*==9\.9\.9"):
            load_extension(connection, kind)
        monkeypatch.setattr(util, "find_spec", lambda _name: None)
        with pytest.raises(UserError, match="pip install duckdb-extension-"):
            load_extension(connection, kind)


@pytest.mark.parametrize(
    ("text", "environment", "added"),
    [
        ("postgres:host=h", {}, CHECKED),
        ("postgres:host=h sslrootcert=/own.crt", {}, "sslmode=verify-full"),
        ("postgres:host=h", {"PGSSLROOTCERT": "/own.crt"}, "sslmode=verify-full"),
        ("postgres:host=h", {"PGSSLMODE": "verify-full"}, f"sslrootcert={AUTHORITIES}"),
        ("postgres:host=h sslmode=verify-full", {}, f"sslrootcert={AUTHORITIES}"),
        ("postgres:host=localhost sslmode=verify-full", {}, f"sslrootcert={AUTHORITIES}"),
        ("postgres:host=h sslmode=verify-full sslrootcert=system", {}, ""),
        ("postgres:", {"PGHOST": "h"}, CHECKED),
        ("postgres:hostaddr=10.0.0.1", {}, CHECKED),
        ("postgres:host=localhost hostaddr=10.0.0.1", {}, CHECKED),
        ("postgres:host=h hostaddr=127.0.0.1", {}, CHECKED),
        ("postgres:host=localhost,h", {}, CHECKED),
        ("postgres:host=127.1", {}, CHECKED),
        ("postgres:", {}, ""),
        ("postgres:host=/run/postgresql", {"PGHOST": "h"}, ""),
        ("postgres:host=localhost", {}, ""),
        ("postgres:host=127.0.0.2", {}, ""),
        ("postgresql://[::1]/shop", {}, ""),
        ("postgres:service=remote", {}, CHECKED),
        ("postgres:", {"PGSERVICE": "remote"}, CHECKED),
        ("postgres:service=chosen", {}, f"sslrootcert={AUTHORITIES}"),
        ("mysql:host=h db=d", {}, CHECKED_MYSQL),
        ("mysql:db=d", {"MYSQL_HOST": "h"}, CHECKED_MYSQL),
        ("mysql:host=h db=d ssl_ca=/own.crt", {}, "ssl_mode=verify_identity"),
        ("mysql:host=h db=d ssl_mode=VERIFY_IDENTITY", {}, f"ssl_ca={AUTHORITIES}"),
        ("mysql:host=127.0.0.1 db=d", {}, ""),
        ("mysql:db=d socket=/run/mysql", {}, ""),
    ],
)
def test_a_server_on_another_machine_is_checked(text: str, environment: dict[str, str], added: str, bare: Path) -> None:
    (bare / ".pg_service.conf").write_text(
        "# services\n[remote]\nhost=h\n[chosen]\nhost=h\nsslmode=verify-full\n", encoding="utf-8"
    )
    found = parsed(text, "UPSWING_SOURCE", environment=environment)
    given = set(text.split(":", 1)[1].lower().split()) if "//" not in text else {"host=::1", "dbname=shop"}
    rest = set(found.place.lower().split()) - given - {"connect_timeout=10", "database=d"}
    assert rest == set(added.split())
    assert found.warning is None


def test_the_user_s_own_authorities_are_kept(bare: Path) -> None:
    (bare / ".postgresql").mkdir()
    (bare / ".postgresql" / "root.crt").touch()
    assert "sslrootcert" not in parsed("postgres:host=h", "UPSWING_SOURCE").place


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        (
            "postgres:host=h sslmode=disable",
            {},
            "sslmode=disable for a server on another machine: nothing is encrypted",
        ),
        ("postgresql://h/d?sslmode=require", {}, "sslmode=require .* nobody checks which server it is"),
        ("postgres:host=h", {"PGSSLMODE": "prefer"}, "sslmode=prefer"),
        ("postgres:host=h sslmode=verify-ca", {"PGSSLMODE": "verify-full"}, "sslmode=verify-ca"),
        ("postgres:service=weak", {"PGSSLMODE": "verify-full"}, "sslmode=allow"),
        ("mysql:host=h db=d ssl_mode=Required", {}, "ssl_mode=verify_identity checks"),
    ],
)
def test_a_weaker_choice_is_obeyed_with_a_warning(
    text: str, environment: dict[str, str], expected: str, bare: Path
) -> None:
    (bare / ".pg_service.conf").write_text("[weak]\nhost=h\nsslmode=allow\n", encoding="utf-8")
    found = parsed(text, "UPSWING_SOURCE", environment=environment)
    assert "verify-full" not in found.place
    assert found.warning is not None
    assert re.search(expected, found.warning), found.warning
    assert parsed(text.replace("=h", "=localhost").replace("//h", "//localhost"), "X").warning is None or (
        "service" in text
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("postgres:host=h sslkey=k sslpassword=hidden", "sslpassword, .*openssl pkey"),
        ("postgresql://h/d?oauth_client_secret=hidden&oauth_client_id=i&oauth_issuer=j", "oauth_client_secret"),
        ("postgres:host=h scram_client_key=hidden", "scram_client_key"),
        ("postgres:host=h scram_server_key=hidden", "scram_server_key"),
        ("postgres:dbname='host=h password=hidden'", "dbname"),
        ("postgres:dbname=postgresql://u:hidden@h/d", "dbname"),
        ("postgres:options='-c app.secret=hidden'", "options"),
        ("mysql:host=h db=d pwd=hidden", "pwd"),
        ("mysql://u@h/d?ssl_passphrase=hidden", "ssl_passphrase"),
    ],
)
def test_a_secret_that_would_stay_in_the_string_is_refused(text: str, named: str) -> None:
    with pytest.raises(UserError, match=f"UPSWING_SOURCE holds .*{named}") as raised:
        parsed(text, "UPSWING_SOURCE")
    assert "hidden" not in str(raised.value)


def test_a_password_file_may_be_named() -> None:
    assert "passfile=/own" in parsed("postgres:host=localhost passfile=/own", "UPSWING_SOURCE").place


def test_a_build_warns_once_of_an_unprotected_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """dbt opens the warehouse several times in one run."""
    warned: list[str] = []
    attached: list[str] = []
    monkeypatch.setenv("UPSWING_SOURCE", "postgres:host=h sslmode=require")
    monkeypatch.setattr(AdapterLogger, "warning", lambda _self, message: warned.append(message))
    monkeypatch.setattr(
        databases_plugin, "attach", lambda _connection, source, *_, **__: attached.append(source.described)
    )
    plugin = databases_plugin.Plugin("databases", {}, None)
    for _ in range(2):
        plugin.configure_connection(None)
    assert len(attached) == 2
    assert len(warned) == 1
    assert "sslmode=require" in warned[0]
