"""Raw tables out of PostgreSQL and MariaDB: the same contract, the same staging, row for row, as from files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from servers import ADMIN_PASSWORD, Server, mariadb_server, missing, postgres_server
from warehouse import Warehouse, flat

from upswing.databases import attach, parsed
from upswing.user_errors import UserError

# Key of the pseudonyms: the same for all warehouses here, else no two would be alike.
SHARED = {"UPSWING_PSEUDONYM_KEY": "11" * 32, "UPSWING_VAULT_KEY": "22" * 32}
COPIED = {
    "order_lines": "select * from '{raw}/order_lines.parquet' limit 20000",
    "products": "select * from '{raw}/products.parquet' limit 5000",
    "opportunities": "select * from '{raw}/opportunities.parquet'",
    "visits": "select * from '{raw}/visits.parquet'",
}
"""Of each table what is enough; the types of the columns are the files' own."""

# Columns that are no text in a shop's database, and what they are there.
POSTGRES_TYPES = {
    "net_amount": "numeric", "discount_amount": "numeric(14, 4)", "order_id": "numeric(20, 0)",
    "ordered_at": "timestamptz", "visited_at": "timestamptz", "duration_minutes": "real", "store_id": "integer",
    "is_synthetic": "boolean", "channel": "char(12)", "visit_note": "bytea",
}  # fmt: skip
MYSQL_TYPES = {
    "net_amount": "decimal(14, 4)", "order_id": "bigint unsigned", "ordered_at": "datetime(6)",
    "visited_at": "timestamp(6) null", "is_synthetic": "tinyint(1)", "visit_note": "longblob", "store_id": "int",
    "duration_minutes": "float", "channel": "enum('online', 'offline')",
}  # fmt: skip
PLAIN = {
    "postgres": {"BIGINT": "bigint", "DOUBLE": "double precision", "VARCHAR": "text", "TIMESTAMP": "timestamp",
                 "BOOLEAN": "boolean", "DATE": "date"},
    "mysql": {"BIGINT": "bigint", "DOUBLE": "double", "VARCHAR": "text", "TIMESTAMP": "datetime(6)",
              "BOOLEAN": "boolean", "DATE": "date"},
}  # fmt: skip

CUSTOMERS = """customer_id,registered_at,birth_year,gender,region,household_size,full_name
12345678901234567890,2016-05-01 22:30:00,1980,f,north,3,王经理
7,,,,,,
8,2016-01-01 00:00:00,oops,m,south,2,Ann O'Neil
,2016-01-01 00:00:00,1990,m,south,2,
"""
"""As a file; the same rows follow as each database keeps them."""

POSTGRES_CUSTOMERS = (
    "create domain year_of_birth as varchar(4)",
    "create type gender as enum ('f', 'm')",
    'create table customers ("Customer_ID" numeric, registered_at timestamptz, birth_year year_of_birth, '
    "gender gender, region char(8), household_size smallint, full_name bytea, extra jsonb, tags text[])",
    "insert into customers values "
    "(12345678901234567890, '2016-05-02 00:30:00+02', '1980', 'f', 'north', 3, "
    "convert_to('王经理', 'UTF8'), '{}', '{a}'), "
    "(7.000, null, null, null, '', null, null, null, null), "
    "(8, '2016-01-01 00:00:00+00', 'oops', 'm', 'south', 2, convert_to('Ann O''Neil', 'UTF8'), '[]', '{}'), "
    "(null, '2016-01-01 00:00:00+00', '1990', 'm', 'south', 2, null, null, null)",
)
MYSQL_CUSTOMERS = (
    "create table customers (customer_id decimal(30, 0), registered_at datetime, birth_year varchar(4), "
    "gender enum('f', 'm'), region char(8), household_size tinyint(1), full_name blob, extra json)",
    "set statement sql_mode = '' for insert into customers values "
    "(12345678901234567890, '2016-05-01 22:30:00', '1980', 'f', 'north', 3, '王经理', '{}'), "
    "(7, '0000-00-00 00:00:00', null, null, '', null, null, null), "
    "(8, '2016-01-01 00:00:00', 'oops', 'm', 'south', 2, 'Ann O''Neil', '[]'), "
    "(null, '2016-01-01 00:00:00', '1990', 'm', 'south', 2, null, null)",
)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Path:
    """The raw tables as files."""
    raw = tmp_path_factory.mktemp("files")
    for table, sql in COPIED.items():
        duckdb.sql(sql.format(raw=small_raw)).write_parquet(str(raw / f"{table}.parquet"))
    (raw / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    return raw


@pytest.fixture(scope="module")
def from_files(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Warehouse:
    """Staging out of files."""
    warehouse = Warehouse(tmp_path_factory.mktemp("from_files"), files, settings=SHARED)
    stage(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def postgres(files: Path) -> Iterator[Server]:
    """PostgreSQL with the tables of the files in the schema public of the database shop."""
    unavailable = missing("postgres")
    if unavailable:
        pytest.skip(unavailable)
    with postgres_server() as server, connected(server, "postgres") as connection:
        run(connection, server, "create database shop")
        with connected(server, "shop") as shop:
            fill(shop, server, files, POSTGRES_TYPES)
            run(shop, server, *POSTGRES_CUSTOMERS, "create role reader login password 'pa''ss word'")
            run(shop, server, "grant select on all tables in schema public to reader")
        yield server


@pytest.fixture(scope="module")
def mariadb(files: Path) -> Iterator[Server]:
    """MariaDB with the tables of the files in the database shop."""
    unavailable = missing("mysql")
    if unavailable:
        pytest.skip(unavailable)
    with mariadb_server() as server, connected(server, "mysql") as connection:
        run(connection, server, "create database shop character set utf8mb4")
        with connected(server, "shop") as shop:
            fill(shop, server, files, MYSQL_TYPES)
            run(shop, server, *MYSQL_CUSTOMERS)
            run(shop, server, "create user reader@'127.0.0.1' identified by 'pa''ss word'")
            run(shop, server, "grant select on shop.* to reader@'127.0.0.1'")
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one warehouse for all databases: dbt parses the project once."""
    return tmp_path_factory.mktemp("from_databases")


def connected(server: Server, database: str) -> duckdb.DuckDBPyConnection:
    """A connection of DuckDB in which a database of the server is ``db``."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    word = ADMIN_PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    written = f"'{word}'" if server.kind == "postgres" else '"' + ADMIN_PASSWORD + '"'
    place = parsed(f"{server.kind}:{server.place(database)} password={written}", "the test")
    attach(connection, place, "db", read_only=False)
    return connection


def run(connection: duckdb.DuckDBPyConnection, server: Server, *statements: str) -> None:
    """Statements of the server's own SQL."""
    for statement in statements:
        alone = (
            ", use_transaction=false" if statement.startswith("create database") and server.kind == "postgres" else ""
        )
        connection.execute(f"call {server.kind}_execute('db', ?{alone})", [statement])


def fill(connection: duckdb.DuckDBPyConnection, server: Server, raw: Path, types: dict[str, str]) -> None:
    """Copy the Parquet files into tables with types of the server's own."""
    schema = "public" if server.kind == "postgres" else "shop"
    for table in COPIED:
        file = f"'{raw / table}.parquet'"
        columns = connection.execute(f"describe select * from {file}").fetchall()
        declared = ", ".join(f"{name} {types.get(name, PLAIN[server.kind][kind])}" for name, kind, *_ in columns)
        run(connection, server, f"create table {schema}.{table} (loaded bigint primary key, {declared})")
        connection.execute(f"call {server.kind}_clear_cache()" if server.kind == "mysql" else "select 1")
        blobs = [f"encode({name}) as {name}" for name, *_ in columns if types.get(name) in ("bytea", "longblob")]
        kept = f"row_number() over (), * replace ({', '.join(blobs)})" if blobs else "row_number() over (), *"
        connection.execute(f"insert into db.{schema}.{table} select {kept} from {file}")


def stage(warehouse: Warehouse) -> None:
    done = warehouse.dbt("run", "--select", "path:models/staging", "raw_deliveries")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def at(server: Server, folder: Path, **settings: str) -> Warehouse:
    """A warehouse whose raw tables are in the database shop of a server, read by a user with few rights."""
    source = {"UPSWING_SOURCE": f"{server.kind}:{server.place('shop', 'reader')}"}
    word = {"PGPASSWORD": "pa'ss word", "MYSQL_PWD": "pa'ss word"}
    return Warehouse(folder, folder / "no files", settings=SHARED | word | source | settings)


def tables(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of all that staging made, in the order of their keys."""
    named = warehouse.query(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('staging', 'quarantine') and table_name not like 'parsed%' order by all"
    )
    return {
        f"{schema}.{table}": [without_zone(row) for row in warehouse.query(f"from {schema}.{table} order by all")]
        for schema, table in named
    }


def without_zone(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose texts of what was delivered do not say that a server's times are UTC."""
    return tuple(re.sub(r'(:\d\d)\+00"', r'\1"', value) if isinstance(value, str) else value for value in row)


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_staging_is_the_same_as_from_files(
    kind: str, from_files: Warehouse, request: pytest.FixtureRequest, folder: Path
) -> None:
    server: Server = request.getfixturevalue(kind)
    warehouse = at(server, folder)
    stage(warehouse)
    expected, found = tables(from_files), tables(warehouse)
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        if not table.startswith("quarantine.customers"):
            assert found[table] == rows, table
    assert sum(map(len, expected.values())) > 20_000
    reasons = "select rejection_reason from quarantine.customers order by 1"
    bad = [("birth_year is not a whole number",), ("customer_id is missing",)]
    assert warehouse.query(reasons) == from_files.query(reasons) == bad
    counted = "select table_name, rows_delivered, rows_staged, rows_quarantined from marts.raw_deliveries order by 1"
    assert warehouse.query(counted) == from_files.query(counted)
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"pa'ss word" not in held


def test_a_numeric_that_is_no_number_is_quarantined(postgres: Server, folder: Path) -> None:
    with connected(postgres, "shop") as shop:
        run(
            shop,
            postgres,
            "create schema odd",
            "create table odd.order_lines "
            "(order_id int, product_id int, ordered_at timestamptz, quantity numeric, net_amount numeric(12, 2))",
            "insert into odd.order_lines values (1, 7, '2017-03-04', 1, 'nan'), (2, 7, 'infinity', 1, 2), "
            "(3, 7, '0044-03-15 BC', 1, 2), (4, 7, '2017-03-04', 'nan', 2), (5, 7, '2017-03-04', 1.250, 2.50)",
            "grant usage on schema odd to reader",
            "grant select on odd.order_lines to reader",
        )
    warehouse = at(postgres, folder, UPSWING_SOURCE_SCHEMA="odd")
    done = warehouse.dbt("run", "--select", "+stg_raw__order_lines", "quarantine_order_lines")
    assert done.returncode == 0, done.stdout[-3000:]
    assert warehouse.query("select order_id, quantity, net_amount from staging.stg_raw__order_lines") == [
        ("5", 1.25, 2.5)
    ]
    assert warehouse.query("select raw_row_number, rejection_reason from quarantine.order_lines order by 1") == [
        (1, "net_amount is not a finite number"),
        (2, "ordered_at lies after as_of_date"),
        (3, "ordered_at lies before 1900"),
        (4, "quantity is not a finite number"),
    ]


def test_what_is_wrong_with_a_table_is_said(postgres: Server, folder: Path) -> None:
    with connected(postgres, "shop") as shop:
        run(
            shop,
            postgres,
            "create schema renamed",
            "create table renamed.order_lines "
            "(order_id int, product int, ordered_at timestamp, quantity int, net_amount int)",
            "create schema closed",
            "create table closed.visits (visit_id int, opportunity_id int, visited_at timestamp, visit_note text)",
            "grant usage on schema renamed, closed to reader",
            "grant select on renamed.order_lines to reader",
        )
    place, down = postgres.place("shop", "reader"), "host=127.0.0.1 port=1 dbname=shop user=reader"
    for source, schema, expected in (
        (place, "renamed", ["renamed.order_lines lacks a column", "product_id", "found: order_id, product"]),
        (place, "closed", ["The user reader may not read", "grant select on closed.visits to reader"]),
        (f"{down} password=hidden", "public", ["PostgreSQL at 127.0.0.1:1", "is the server up"]),
    ):
        settings = {"UPSWING_SOURCE": f"postgres:{source}", "UPSWING_SOURCE_SCHEMA": schema}
        done = at(postgres, folder, **settings).dbt("run", "--select", "stg_raw__visits")
        assert done.returncode != 0
        for words in expected:
            assert words in flat(done.stdout), done.stdout[-2000:]
        assert "Traceback" not in done.stdout
        assert "hidden" not in done.stdout + done.stderr
    logged = b"".join(path.read_bytes() for path in (folder / "logs").iterdir())
    assert b"hidden" not in logged


@pytest.mark.parametrize(
    ("kind", "changed", "expected"),
    [
        ("postgres", "password=hidden", "password authentication failed"),
        ("postgres", "dbname=elsewhere", 'database "elsewhere" does not exist'),
        ("postgres", "user=nobody", "password authentication failed"),
        ("postgres", "port=1", "is the server up"),
        ("mariadb", "password=hidden", "Access denied for user 'reader'"),
        ("mariadb", "database=elsewhere", "elsewhere"),
        ("mariadb", "port=1", "is the server up"),
    ],
)
def test_why_a_database_cannot_be_reached_is_said_without_its_password(
    kind: str, changed: str, expected: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for password in ("PGPASSWORD", "MYSQL_PWD"):
        monkeypatch.setenv(password, "")
    server: Server = request.getfixturevalue(kind)
    quoted = r"'pa\'ss word'" if kind == "postgres" else '"pa\'ss word"'
    text = f"{server.kind}:{server.place('shop', 'reader')} password={quoted} {changed}"
    with pytest.raises(UserError) as raised:
        attach(duckdb.connect(), parsed(text, "UPSWING_SOURCE"), "db")
    assert expected in str(raised.value)
    assert "UPSWING_SOURCE" in str(raised.value)
    assert "hidden" not in str(raised.value)
    assert "ss word" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "place", "expected"),
    [
        ("postgres", "host=db.example hostaddr=127.0.0.1 sslrootcert={authority}", None),
        ("postgres", "host=127.0.0.1 sslmode=verify-full sslrootcert={authority}", None),
        ("postgres", "host=db.example hostaddr=127.0.0.1 sslmode=require", None),
        (
            "postgres",
            "host=wrong.example hostaddr=127.0.0.1 sslrootcert={authority}",
            'does not match host name "wrong.example"; write the host in UPSWING_SOURCE as the certificate does',
        ),
        (
            "postgres",
            "host=db.example hostaddr=127.0.0.1",
            "certificate verify failed; name the certificate of the authority that signed the server's in "
            "UPSWING_SOURCE: sslrootcert=",
        ),
        ("postgres", "host=db.example hostaddr=127.0.0.1 sslrootcert=/none", "UPSWING_SOURCE: sslrootcert="),
        ("mariadb", "host=127.0.0.1 ssl_mode=verify_identity ssl_ca='{authority}'", None),
        (
            "mariadb",
            "host=127.1 ssl_ca='{authority}'",
            "Hostname verification failed. Attempted host: 127.1; write the host in UPSWING_SOURCE as",
        ),
        ("mariadb", "host=127.1", "UPSWING_SOURCE: ssl_ca=/path/ca.crt"),
        ("mariadb", "host=127.1 ssl_mode=verify_identity", "UPSWING_SOURCE: ssl_ca=/path/ca.crt"),
    ],
)
def test_no_other_server_is_taken_for_the_one_that_was_named(
    kind: str, place: str, expected: str | None, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """127.1 is an address of this machine that neither the certificate nor we know as one."""
    server: Server = request.getfixturevalue(kind)
    # A path with a space, which no connection string may trip over.
    authority = tmp_path / "own authority.crt"
    authority.write_bytes(server.authority.read_bytes())
    where = place.format(authority=str(authority) if kind == "mariadb" else str(server.authority))
    name = "dbname" if kind == "postgres" else "database"
    quoted = r"'pa\'ss word'" if kind == "postgres" else '"pa\'ss word"'
    text = f"{server.kind}:{where} port={server.port} {name}=shop user=reader password={quoted}"
    database = parsed(text, "UPSWING_SOURCE", environment={})
    connection = duckdb.connect()
    if expected is None:
        attach(connection, database, "db", schema=database.schema)
        schema = database.schema
        (rows,) = connection.execute(f"select count(*) from db.{schema}.customers").fetchone() or (0,)
        assert rows >= 3
        assert (database.warning is not None) == ("require" in where)
    else:
        with pytest.raises(UserError) as raised:
            attach(connection, database, "db")
        assert expected in str(raised.value)
    shown = str(connection.execute("select path, options::varchar from duckdb_databases()").fetchall())
    assert "ss word" not in shown


def test_a_server_without_tls_is_refused_unless_it_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    unavailable = missing("postgres")
    if unavailable:
        pytest.skip(unavailable)
    monkeypatch.setenv("PGPASSWORD", ADMIN_PASSWORD)
    with postgres_server("ssl=off") as server:
        for host, expected in (
            ("host=127.0.0.1", None),
            ("host=db.example hostaddr=127.0.0.1 sslmode=disable", None),
            ("host=db.example hostaddr=127.0.0.1", "sslmode=disable in UPSWING_SOURCE goes without it"),
        ):
            text = f"postgres:{host} port={server.port} dbname=postgres user=admin"
            database = parsed(text, "UPSWING_SOURCE", environment={})
            if expected is None:
                attach(duckdb.connect(), database, "db")
            else:
                with pytest.raises(UserError, match="does not support SSL") as raised:
                    attach(duckdb.connect(), database, "db")
                assert expected in str(raised.value)
