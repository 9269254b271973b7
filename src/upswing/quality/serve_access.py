"""Who may read what of the served marts: roles, row-level security by region, and the log of what readers ask.

Two roles of the server, both without a login of their own: ``bi_reader`` reads the marts, ``steward`` reads those about
the data's quality and the build too, and says who sees which region. People and tools are members of one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from upswing.quality.serve_tables import Mart, identifier
from upswing.user_errors import UserError

READER, STEWARD = "bi_reader", "steward"
ACCESS = "upswing_access"
"""Schema of what stays when the marts are swapped."""

STEWARD_MARTS = frozenset(
    {
        "pipeline_runs",
        "publish_log",
        "quality_results",
        "quality_summary",
        "quarantine_reasons",
        "raw_deliveries",
    }
)
"""Marts that only a steward reads: what was set aside and why, what ran, who published."""

STANDING = f"""
    create schema if not exists {ACCESS};
    comment on schema {ACCESS} is 'Who reads which of the served marts, and what was served when';
    create table if not exists {ACCESS}.reader_regions (role_name name, region text, primary key (role_name, region));
    comment on table {ACCESS}.reader_regions is
        'Regions to which a role and its members are limited; a reader whom no row names sees all';
    create table if not exists {ACCESS}.served_marts (
        version text, served_at timestamptz default now(), served_by text default current_user, mart text, rows bigint,
        checksum text, primary key (version, served_at, mart)
    );
    comment on table {ACCESS}.served_marts is 'One row per mart each time it was served';
    create or replace view {ACCESS}.own_regions as
        select reader_regions.region
        from {ACCESS}.reader_regions
        inner join pg_catalog.pg_roles on reader_regions.role_name = pg_roles.rolname
        where pg_catalog.pg_has_role(current_user, pg_roles.oid, 'member');
    comment on view {ACCESS}.own_regions is 'The regions to which who asks is limited; none: not limited';
    revoke all on schema {ACCESS} from public;
    grant usage on schema {ACCESS} to {READER}, {STEWARD};
    grant select on {ACCESS}.own_regions to {READER}, {STEWARD};
    grant select, insert, update, delete on {ACCESS}.reader_regions to {STEWARD};
    grant select on {ACCESS}.served_marts to {STEWARD};
"""

MEMBERS = """
    with recursive members as (
        select oid from pg_catalog.pg_roles where rolname = %s
        union
        select pg_auth_members.member
        from pg_catalog.pg_auth_members inner join members on pg_auth_members.roleid = members.oid
    )
    select rolname from pg_catalog.pg_roles where oid in (select oid from members) order by rolname
"""


def make_roles(connection: Any) -> None:
    """Make the two roles where they are not, and what stays when the marts are swapped.

    Raises:
        UserError: the user may not, and an administrator has not done it before.
    """
    from psycopg import errors

    there = {name for (name,) in connection.execute("select rolname from pg_catalog.pg_roles").fetchall()}
    try:
        for role in (READER, STEWARD):
            if role not in there:
                connection.execute(f"create role {role} nologin")
        connection.execute(STANDING)
    except errors.InsufficientPrivilege as wrong:
        raise UserError(
            f"the user {connection.info.user} may not set up serving: {str(wrong).splitlines()[0]}. "
            f"Let an administrator run: create role {READER} nologin; create role {STEWARD} nologin; "
            f"grant create on database {identifier(connection.info.dbname)} to {identifier(connection.info.user)};"
        ) from None


def access_statements(schema: str, marts: Sequence[Mart]) -> list[str]:
    """SQL that gives the tables of a schema to their readers, the customers of a region to those of that region.

    Args:
        schema: of the tables, before they are swapped in.
        marts: the tables.
    """
    statements = [
        f"revoke all on schema {schema} from public",
        f"grant usage on schema {schema} to {READER}, {STEWARD}",
    ]
    by_region = any(mart.name == "customers" and mart.has("region") for mart in marts)
    unlimited = f"not exists (select from {ACCESS}.own_regions)"
    for mart in marts:
        table = f"{schema}.{identifier(mart.name)}"
        is_for_all = mart.name not in STEWARD_MARTS
        statements.append(f"grant select on {table} to {f'{READER}, ' if is_for_all else ''}{STEWARD}")
        if not (by_region and is_for_all and mart.has("customer_id")):
            continue
        # A table that names customers is limited to those whom the reader sees in customers.
        seen = (
            f"region in (select region from {ACCESS}.own_regions)"
            if mart.name == "customers"
            else f"customer_id in (select customer_id from {schema}.customers)"
        )
        statements += [
            f"alter table {table} enable row level security",
            f"create policy by_region on {table} for select to {READER} using ({unlimited} or {seen})",
            f"create policy of_stewards on {table} for select to {STEWARD} using (true)",
        ]
    return statements


def log_readers(connection: Any, tell: Callable[[str], None]) -> None:
    """Have the server log each statement of the readers; an attribute of a role holds from its next login on.

    A setting of a role is not passed on to its members, so each of them gets it.

    Args:
        connection: of psycopg.
        tell: told what an administrator has to do where the user may not.
    """
    from psycopg import errors

    members = [name for role in (READER, STEWARD) for (name,) in connection.execute(MEMBERS, [role]).fetchall()]
    refused = []
    for name in sorted(set(members)):
        try:
            connection.execute(f"alter role {identifier(name)} set log_statement = 'all'")
        except errors.InsufficientPrivilege:
            refused.append(f"alter role {identifier(name)} set log_statement = 'all';")
    if refused:
        tell(f"not logged: let a superuser run {' '.join(refused)}")
    (prefix,) = connection.execute("show log_line_prefix").fetchone()
    if "%u" not in prefix:
        tell(f"the server's log does not say who asked: log_line_prefix is {prefix!r}; add %u in postgresql.conf")
