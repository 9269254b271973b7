"""The published marts in a real PostgreSQL: whole or not at all, and only for those who may read them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import pytest
from servers import ADMIN_PASSWORD, Server, missing, postgres_server
from warehouse import Warehouse, mart_keys

from upswing.databases import Database, parsed
from upswing.quality import serve_swap, serve_tables
from upswing.quality.serve_postgres import LOCK, serve
from upswing.quality.serve_tables import read_keys
from upswing.user_errors import UserError

psycopg = pytest.importorskip("psycopg")

pytestmark = pytest.mark.slow

READER_PASSWORD = "r3ader"
UNNAMED = "no row of upswing_access.reader_regions names"
ALL_REGIONS = "insert into upswing_access.reader_regions values ('bi_reader', '*')"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """PostgreSQL whose log says who asked; anna reads, otto is a steward."""
    unavailable = missing("postgres")
    if unavailable:
        pytest.skip(unavailable)
    with postgres_server("log_line_prefix=%u ") as running:
        yield running


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Database:
    """A database of its own for each test."""
    name = request.node.name.partition("[")[0][:50]
    with connected(server, "postgres") as connection:
        connection.execute(f"create database {name}")
    word = ADMIN_PASSWORD.replace("'", "\\'")
    return parsed(f"postgres:{server.place(name)} password='{word}'", "UPSWING_SERVE")


@contextmanager
def connected(server: Server, database: str, user: str | None = None) -> Iterator[Any]:
    word = READER_PASSWORD if user else ADMIN_PASSWORD
    with closing(psycopg.connect(server.place(database, user), password=word, autocommit=True)) as connection:
        yield connection


def name_of(database: Database) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(database.place)["dbname"])


def write_marts(folder: Path, version: int, rows: int = 1000) -> Path:
    """Two small marts and one for stewards, all of whose rows carry the version."""
    file = folder / "marts.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create table customers as select 'c' || i as customer_id, "
            "case i % 3 when 0 then 'north' when 1 then 'south' end as region, "
            f"{version}::bigint as version, i / 7 as spend from range({rows}) as numbers (i)"
        )
        connection.execute(
            f"create table customer_scores as select 'c' || i as customer_id, {version}::bigint as version, "
            "[i::float, 'nan'::float] as features, 'O''Neil 王 😀 ' || chr(0) || chr(10) as odd, "
            "case i when 0 then 'nan'::double when 1 then '-inf'::double else i end as score "
            f"from range({rows}) as numbers (i)"
        )
        connection.execute(f"create table quarantine_reasons as select {version}::bigint as version, 'lost' as reason")
        connection.execute("comment on table customers is 'One row per customer; it''s theirs'")
        connection.execute("comment on column customers.region is 'Where they live'")
    return file


def serve_quietly(file: Path, database: Database, manifest: Path = Path("none")) -> list[str]:
    """Serve and return the notices, but for those that there is no manifest and that readers see no customers."""
    return [line for line in notices(file, database, manifest) if not line.startswith(UNNAMED)]


def notices(file: Path, database: Database, manifest: Path = Path("none")) -> list[str]:
    """Serve and return the notices, but for the one that there is no manifest."""
    told: list[str] = []
    serve(file, database, manifest_file=manifest, tell=told.append)
    return [line for line in told if "dbt parse" not in line]


def seen(server: Server, database: Database, user: str, *relations: str) -> list[int]:
    """How many rows of each relation a user sees."""
    with connected(server, name_of(database), user) as connection:
        return [connection.execute(f"select count(*) from {name}").fetchone()[0] for name in relations]


def test_what_is_published_is_served(server: Server, database: Database, built: Warehouse) -> None:
    published = built.folder / "marts.duckdb"
    manifest = built.folder / "target" / "manifest.json"
    assert read_keys(manifest).items() >= mart_keys(built.manifest()).items()
    first = serve(published, database, manifest_file=manifest)
    again = serve(published, database, manifest_file=manifest)
    assert (first.is_new, again.is_new) == (True, False)
    with connected(server, name_of(database)) as connection:
        marts = built.query_published("select table_name, comment from duckdb_tables() order by 1")
        served = "select relname, obj_description(oid) from pg_class where relnamespace = 'marts'::regnamespace"
        assert connection.execute(f"{served} and relkind = 'r' order by relname collate \"C\"").fetchall() == marts
        logged = dict(connection.execute("select mart, rows from upswing_access.served_marts").fetchall())
        for mart, _ in marts:
            (counted,) = built.query_published(f'select count(*) from "{mart}"')
            assert connection.execute(f"select count(*) from marts.{mart}").fetchone() == counted, mart
            assert logged[mart] == counted[0]
        indexed = connection.execute("select tablename, indexdef from pg_indexes where schemaname = 'marts'").fetchall()
        for mart, key in mart_keys(built.manifest()).items():
            assert any(
                table == mart and "UNIQUE" in text and text.endswith(f"({', '.join(key)})") for table, text in indexed
            ), mart


def test_a_reader_sees_whole_versions_only(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_swap, "SECONDS_FOR_A_LOCK", 1)
    assert serve_quietly(write_marts(tmp_path, 0), database) == []
    both = (
        "select min(customers.version), max(customers.version), count(*), "
        "(select max(version) from marts.customer_scores), (select count(*) from marts.customer_scores) "
        "from marts.customers"
    )
    seen: list[tuple[int, ...]] = []
    stop = Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            with connected(server, name_of(database)) as connection:
                while not stop.is_set():
                    seen.append(connection.execute(both).fetchone())
        except BaseException as failure:
            failures.append(failure)

    reader = Thread(target=read)
    reader.start()
    try:
        for version in range(1, 6):
            serve_quietly(write_marts(tmp_path, version), database)
    finally:
        stop.set()
        reader.join()
    assert failures == []
    assert seen == sorted(seen)
    assert {row[0] for row in seen} >= {1, 2, 3, 4}
    assert all(row == (row[0], row[0], 1000, row[0], 1000) for row in seen)


def test_a_query_that_runs_is_not_broken_and_views_follow(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_swap, "SECONDS_FOR_A_LOCK", 1)
    monkeypatch.setattr(serve_swap, "SECONDS_FOR_SNAPSHOTS", 1)
    serve_quietly(write_marts(tmp_path, 1), database)
    with connected(server, name_of(database)) as connection, connected(server, name_of(database)) as other:
        other.execute("create view public.north with (security_invoker) as select * from marts.customers")
        other.execute("create materialized view public.kept as select max(version) as version from marts.customers")
        with connection.transaction(), connection.cursor(name="slow") as cursor:
            cursor.execute("select version from marts.customers")
            first = cursor.fetchmany(10)
            told = serve_quietly(write_marts(tmp_path, 2), database)
            assert {*first, *cursor.fetchall()} == {(1,)}
        (line,) = [line for line in told if "public" in line]
        assert line.startswith('the view "public"."kept" still reads the version before (a materialized view cannot')
        assert any("still being read" in line for line in told)
        assert any("1 of admin read since before the tables were filled" in line for line in told)
        assert other.execute("select distinct version from public.north").fetchall() == [(2,)]
        options = "select reloptions::text from pg_class where relname = 'north'"
        assert other.execute(options).fetchone() == ("{security_invoker=true}",)
        told = serve_quietly(write_marts(tmp_path, 3), database)
        assert any("others built on it" in line and "kept" in line for line in told)
        other.execute("drop materialized view public.kept")
        assert serve_quietly(write_marts(tmp_path, 4), database) == []
        left = other.execute("select nspname from pg_namespace where nspname like 'marts%'").fetchall()
        assert left == [("marts",)]


def test_a_snapshot_from_before_is_waited_for(server: Server, database: Database, tmp_path: Path) -> None:
    serve_quietly(write_marts(tmp_path, 1), database)
    with connected(server, name_of(database)) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        told: list[str] = []
        file = write_marts(tmp_path, 2)
        with reader.transaction():
            reader.execute("select 1")
            serving = Thread(target=lambda: told.extend(serve_quietly(file, database)))
            serving.start()
            # Filled, but not swapped in.
            indexed = "select count(*) from pg_indexes where schemaname = 'marts_next'"
            with connected(server, name_of(database)) as other:
                while serving.is_alive() and other.execute(indexed).fetchone() != (2,):
                    time.sleep(0.01)
            time.sleep(0.5)
            seen = reader.execute("select count(*), max(version) from marts.customers").fetchone()
        serving.join()
        assert (seen, told) == ((1000, 1), [])
        assert reader.execute("select max(version) from marts.customers").fetchone() == (2,)


def test_readers_see_what_they_may_and_are_logged(server: Server, database: Database, tmp_path: Path) -> None:
    file = write_marts(tmp_path, 1)
    with connected(server, name_of(database)) as admin:
        serve_quietly(file, database)
        for member, role in (("anna", "bi_reader"), ("ben", "bi_reader"), ("otto", "steward")):
            admin.execute(f"create role {member} login password '{READER_PASSWORD}' in role {role}")
    # What nobody granted is denied, and it is said how to grant it.
    (line,) = notices(file, database)
    assert line.startswith(UNNAMED)
    assert "anna, ben" in line
    assert f"{ALL_REGIONS};" in line
    both = ("marts.customers", "marts.customer_scores")
    assert seen(server, database, "anna", *both) == [0, 0]
    with connected(server, name_of(database), "otto") as steward:
        assert steward.execute("select reason from marts.quarantine_reasons").fetchall() == [("lost",)]
        assert steward.execute("select count(*) from marts.customers").fetchone() == (1000,)
        assert steward.execute("select count(*) from upswing_access.served_marts").fetchone() == (3,)
        steward.execute("insert into upswing_access.reader_regions values ('anna', 'south')")
    with connected(server, name_of(database), "anna") as reader:
        assert reader.execute("select distinct region from marts.customers").fetchall() == [("south",)]
        for refused in (
            "select * from marts.quarantine_reasons",
            "select * from upswing_access.reader_regions",
            "delete from marts.customers",
            "create table marts.mine (i int)",
            "insert into upswing_access.reader_regions values ('anna', 'south')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(refused)
    assert seen(server, database, "anna", *both) == [333, 333]
    assert seen(server, database, "ben", *both) == [0, 0]
    with connected(server, name_of(database), "otto") as steward:
        steward.execute("insert into upswing_access.reader_regions values ('nobody', 'north'), ('anna', 'South')")
    told = notices(file, database)
    assert told[0].startswith(UNNAMED)
    assert "ben" in told[0]
    assert "anna" not in told[0]
    assert told[1:] == [
        "upswing_access.reader_regions names nobody, but there is no such role",
        "upswing_access.reader_regions names the region 'South', which no customer has; known: north, south",
    ]
    with connected(server, name_of(database), "otto") as steward:
        steward.execute("delete from upswing_access.reader_regions where role_name = 'nobody' or region = 'South'")
        steward.execute(ALL_REGIONS)
    assert seen(server, database, "ben", *both) == [1000, 1000]
    assert notices(file, database) == []
    log = server.log.read_text()
    assert "anna LOG:  statement: select distinct region from marts.customers" in log
    assert "otto LOG:  statement: insert into upswing_access.reader_regions" in log


def test_each_mart_is_limited_by_what_its_rows_are_of(server: Server, database: Database, tmp_path: Path) -> None:
    file = write_marts(tmp_path, 1)
    with duckdb.connect(str(file)) as marts:
        marts.execute("create table products as select 'p' as product_id, 'north' as region")
        marts.execute("create table opportunity_priorities as select 'o' as opportunity_id, 'v' as owner_id")
        marts.execute("create table inventory_plan as select unnest(['s', null]) as store_id")
        marts.execute("create table own_deals as select 'd' as deal")
    with connected(server, name_of(database)) as admin:
        admin.execute("create role publisher login createrole password 'pub'")
        admin.execute(f"grant create on database {name_of(database)} to publisher")
        for role in ("bi_reader", "steward"):
            admin.execute(f"do $$ begin create role {role}; exception when duplicate_object then null; end $$")
        for member, role in (("carl", "bi_reader"), ("dora", "bi_reader"), ("emil", "steward")):
            admin.execute(f"create role {member} login password '{READER_PASSWORD}' in role {role}")
        publisher = parsed(f"postgres:{server.place(name_of(database), 'publisher')} password=pub", "UPSWING_SERVE")
        told = notices(file, publisher)
        assert any(line.startswith("only readers of all regions see own_deals:") for line in told)
        admin.execute(
            "insert into upswing_access.reader_regions values ('carl', 'north'), ('dora', '*'), ('dora', 'south')"
        )
        limited = ("customers", "customer_scores", "products", "opportunity_priorities", "inventory_plan", "own_deals")
        names = [f"marts.{name}" for name in limited]
        assert seen(server, database, "carl", *names) == [334, 334, 1, 0, 1, 0]
        assert seen(server, database, "dora", *names) == [1000, 1000, 1, 1, 2, 1]
        assert seen(server, database, "emil", *names) == [1000, 1000, 1, 1, 2, 1]
        secured = "select bool_and(relrowsecurity and relforcerowsecurity), count(*) from pg_class "
        assert admin.execute(f"{secured} where relnamespace = 'marts'::regnamespace and relkind = 'r'").fetchone() == (
            True,
            7,
        )
        # Whose view it is does not matter: who asks is asked about, but for owners whom no policy holds.
        admin.execute("create schema views; grant all on schema views to publisher, steward, bi_reader")
        for owner in ("publisher", "emil", "dora", "admin"):
            admin.execute(f"set role {owner}")
            admin.execute(f"create view views.of_{owner} as select * from marts.customers")
            admin.execute(f"grant select on views.of_{owner} to bi_reader")
            admin.execute("reset role")
        admin.execute("create view views.safe with (security_invoker) as select * from marts.customers")
        admin.execute("grant select on views.safe to bi_reader")
        of_all = [f"views.{name}" for name in ("of_publisher", "of_emil", "of_dora", "safe", "of_admin")]
        assert seen(server, database, "carl", *of_all) == [334, 334, 334, 334, 1000]
        assert seen(server, database, "dora", *of_all) == [1000] * 5
        (line,) = [line for line in notices(file, publisher) if "views." in line]
        assert line == (
            "views.of_admin shows every row to all who may read it: row-level security does not hold for admin; "
            "alter view views.of_admin set (security_invoker)"
        )
        # The next version is as limited as this one, and a mart without a policy shows nothing.
        serve_quietly(write_marts(tmp_path, 2), publisher)
        assert seen(server, database, "carl", "marts.customers") == [334]
        admin.execute("drop policy of_who_asks on marts.customers")
        assert seen(server, database, "dora", "marts.customers") == [0]


def test_who_saw_all_before_is_named_at_the_first_serving_after(
    server: Server, database: Database, tmp_path: Path
) -> None:
    """An installation from when a reader whom no row names saw everything."""
    file = write_marts(tmp_path, 1)
    serve_quietly(file, database)
    with connected(server, name_of(database)) as admin:
        admin.execute("drop view upswing_access.own_regions cascade; drop view upswing_access.sees_all cascade")
        admin.execute(
            "create view upswing_access.own_regions as select region from upswing_access.reader_regions "
            "inner join pg_roles on role_name = rolname where pg_has_role(current_user, oid, 'member')"
        )
        admin.execute("grant select on upswing_access.own_regions to bi_reader")
        for table in ("customers", "customer_scores"):
            admin.execute(f"alter table marts.{table} no force row level security")
        admin.execute(
            "create policy by_region on marts.customers for select to bi_reader using "
            "(not exists (select from upswing_access.own_regions) "
            "or region in (select region from upswing_access.own_regions))"
        )
        admin.execute("comment on schema marts is 'Served by Upswing: version before'")
        admin.execute(f"create role fred login password '{READER_PASSWORD}' in role bi_reader")
        assert seen(server, database, "fred", "marts.customers") == [1000]
        told = notices(file, database)
        assert any(line.startswith(UNNAMED) and "fred" in line and f"{ALL_REGIONS};" in line for line in told)
        assert seen(server, database, "fred", "marts.customers") == [0]
        admin.execute(ALL_REGIONS)
        assert seen(server, database, "fred", "marts.customers") == [1000]
        assert notices(file, database) == []


def test_the_marts_go_to_the_server_that_was_named_only(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_marts(tmp_path, 1)
    word = ADMIN_PASSWORD.replace("'", "\\'")
    place = f"hostaddr=127.0.0.1 port={server.port} dbname={name_of(database)} user=admin password='{word}'"
    with pytest.raises(UserError, match=r"name the certificate of the authority .* UPSWING_SERVE: sslrootcert="):
        serve_quietly(file, parsed(f"postgres:host=db.example {place}", "UPSWING_SERVE", environment={}))
    # An authority that this machine trusts.
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    with pytest.raises(UserError, match="write the host in UPSWING_SERVE as the certificate does"):
        serve_quietly(file, parsed(f"postgres:host=wrong.example {place}", "UPSWING_SERVE", environment={}))
    serve_quietly(file, parsed(f"postgres:host=db.example {place}", "UPSWING_SERVE", environment={}))
    with connected(server, name_of(database)) as connection:
        assert connection.execute("select count(*) from marts.customers").fetchone() == (1000,)


def test_what_is_killed_leaves_the_version_before(server: Server, database: Database, tmp_path: Path) -> None:
    serve_quietly(write_marts(tmp_path, 1), database)
    write_marts(tmp_path, 2, rows=1_000_000)
    code = "from upswing.commands.publish_to import publish; publish()"
    where = {"UPSWING_WAREHOUSE": str(tmp_path), "UPSWING_SERVE": database.place, "PGPASSWORD": ADMIN_PASSWORD}
    with connected(server, name_of(database)) as connection:
        for moment in ("select to_regclass('marts_next.customers')", "select 1 from pg_stat_progress_copy"):
            command = [sys.executable, "-c", code, "--to", "postgres"]
            running = subprocess.Popen(command, env=os.environ | where, stdout=subprocess.DEVNULL)
            while running.poll() is None and not (connection.execute(moment).fetchone() or (None,))[0]:
                time.sleep(0.005)
            assert running.poll() is None
            running.kill()
            running.wait()
            assert connection.execute("select max(version) from marts.customers").fetchone() == (1,)
        wait = "select count(*) from pg_locks where locktype = 'advisory'"
        while connection.execute(wait).fetchone() != (0,):
            time.sleep(0.05)
        assert serve_quietly(write_marts(tmp_path, 3), database) == []
        assert connection.execute("select max(version) from marts.customers").fetchone() == (3,)
        left = connection.execute("select nspname from pg_namespace where nspname like 'marts%'").fetchall()
        assert left == [("marts",)]


def test_what_does_not_fit_is_refused(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_marts(tmp_path, 1)
    with connected(server, name_of(database)) as connection:
        connection.execute("create schema marts")
        with pytest.raises(UserError, match="is not Upswing's; serve into another: --schema NAME"):
            serve_quietly(file, database)
        connection.execute("drop schema marts")
        connection.execute("select pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(UserError, match="being served by another process"):
            serve_quietly(file, database)
        connection.execute("select pg_advisory_unlock(%s)", [LOCK])
        serve_quietly(file, database)
        counted = serve_tables._counted
        monkeypatch.setattr(
            serve_tables,
            "_counted",
            lambda connection, table, columns: (
                counted(connection, f"{table} limit 999", columns)
                if table.startswith(serve_tables.SERVED)
                else counted(connection, table, columns)
            ),
        )
        with pytest.raises(UserError, match="nothing was swapped"):
            serve_quietly(write_marts(tmp_path, 2), database)
        monkeypatch.undo()
        assert connection.execute("select max(version) from marts.customers").fetchone() == (1,)
    with duckdb.connect(str(file)) as marts:
        marts.execute("create table odd as select interval 1 day as pause")
    with pytest.raises(UserError, match=r"odd\.pause is of type INTERVAL"):
        serve_quietly(file, database)
    wrong = parsed(f"postgres:{server.place('postgres')} password=hidden", "UPSWING_SERVE")
    with pytest.raises(UserError, match="password authentication failed") as raised:
        serve_quietly(file, wrong)
    assert "hidden" not in str(raised.value)
    assert "PGPASSWORD" in str(raised.value)
    with pytest.raises(UserError, match="nothing is published"):
        serve_quietly(tmp_path / "none.duckdb", database)
