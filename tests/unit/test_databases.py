"""What a text says of a database, and what a refusal says of it."""

from __future__ import annotations

from importlib import util

import duckdb
import pytest

from upswing.databases import EXTENSIONS, load_extension, named_source, parsed, refusal
from upswing.user_errors import UserError

pytest.importorskip("psycopg")


@pytest.mark.parametrize(
    ("text", "kind", "place", "password", "schema"),
    [
        (
            "postgres: host=h port=5 dbname=shop user=u password='a b\\'c'",
            "postgres",
            "connect_timeout=10 host=h port=5 dbname=shop user=u",
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
        ("MySQL:host=h db=shop passwd='a b'", "mysql", "host=h database=shop", "a b", "shop"),
        ("mariadb://u:p%20w@h:3307/shop", "mysql", "host=h port=3307 user=u database=shop", "p w", "shop"),
    ],
)
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
