"""Who may read what of the served marts: roles, row-level security by region, and the log of what readers ask.

Two roles of the server, both without a login of their own: ``bi_reader`` reads the marts, ``steward`` reads those about
the data's quality and the build too, and says who sees which region. People and tools are members of one of them.

Every mart has row-level security, for its owner too. What no policy grants is denied: a reader whom no row of
``upswing_access.reader_regions`` names sees no row of a single customer, deal or store. A policy asks for
``current_user``, who is the one who asks also where a view of somebody else stands in between.
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

AGGREGATES = frozenset(
    {
        "basket_rules",
        "breakout_products",
        "campaign_performance",
        "competitor_positions",
        "experiment_results",
        "feedback_signals",
        "forecast_accuracy",
        "market_trends",
        "marketing_strategies",
        "model_health",
        "model_metrics",
        "model_runs",
        "model_slices",
        "positive_increments",
        "price_elasticities",
        "product_analogs",
        "product_features",
        "product_similarities",
        "product_weeks",
        "products",
        "promotion_windows",
        "sales_anomalies",
        "segment_profiles",
        "strategy_adjustments",
        "surge_calendar",
        "visit_audit_metrics",
    }
)
"""Marts about products, segments, campaigns and models: all readers see them whole."""

STORES = frozenset({"inventory_plan", "sales_forecasts"})
"""Marts with rows of single stores, whose region nobody delivers; the other rows are of all stores."""

DEALS = frozenset({"conversion_history", "opportunity_priorities", "sales_rep_scorecard", "visit_audits"})
"""Marts of single deals and sales reps, which lead to no region."""

STANDING = f"""
    create schema if not exists {ACCESS};
    comment on schema {ACCESS} is 'Who reads which of the served marts, and what was served when';
    create table if not exists {ACCESS}.reader_regions (role_name name, region text, primary key (role_name, region));
    comment on table {ACCESS}.reader_regions is
        'Regions that a role and its members see, * for all; a reader whom no row names sees no single customer';
    create table if not exists {ACCESS}.served_marts (
        version text, served_at timestamptz default now(), served_by text default current_user, mart text, rows bigint,
        checksum text, primary key (version, served_at, mart)
    );
    comment on table {ACCESS}.served_marts is 'One row per mart each time it was served';
    create or replace view {ACCESS}.own_regions as
        select reader_regions.region
        from {ACCESS}.reader_regions
        inner join pg_catalog.pg_roles on reader_regions.role_name = pg_roles.rolname
        where reader_regions.region <> '*' and pg_catalog.pg_has_role(current_user, pg_roles.oid, 'usage');
    comment on view {ACCESS}.own_regions is 'The regions that who asks sees';
    create or replace view {ACCESS}.sees_all as
        select true as sees_all
        where pg_catalog.pg_has_role(current_user, '{STEWARD}', 'usage')
            or exists (
                select from {ACCESS}.reader_regions
                inner join pg_catalog.pg_roles on reader_regions.role_name = pg_roles.rolname
                where reader_regions.region = '*' and pg_catalog.pg_has_role(current_user, pg_roles.oid, 'usage')
            )
            or exists (
                select from pg_catalog.pg_namespace
                where nspname = '{ACCESS}' and pg_catalog.pg_has_role(current_user, nspowner, 'usage')
            );
    comment on view {ACCESS}.sees_all is 
        'One row if who asks sees all regions: a steward, who serves the marts, whom a row names with *';
    revoke all on schema {ACCESS} from public;
    grant usage on schema {ACCESS} to {READER}, {STEWARD};
    grant select on {ACCESS}.own_regions, {ACCESS}.sees_all to {READER}, {STEWARD};
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


UNNAMED = f"""
    select rolname
    from pg_catalog.pg_roles
    where rolcanlogin
        and rolname <> current_user
        and pg_catalog.pg_has_role(oid, '{READER}', 'usage')
        and not pg_catalog.pg_has_role(oid, '{STEWARD}', 'usage')
        and not exists (
            select from {ACCESS}.reader_regions
            inner join pg_catalog.pg_roles as named on reader_regions.role_name = named.rolname
            where pg_catalog.pg_has_role(pg_roles.oid, named.oid, 'usage')
        )
    order by rolname
"""
NO_ROLE = f"""
    select distinct role_name::text
    from {ACCESS}.reader_regions
    where role_name not in (select rolname from pg_catalog.pg_roles)
    order by 1
"""
NO_REGION = (
    f"select distinct region from {ACCESS}.reader_regions "
    "where region <> '*' and region not in ({regions}) order by region"
)
OPEN_VIEWS = """
    select distinct views.oid::regclass::text, pg_roles.rolname::text, views.relkind = 'm'
    from pg_catalog.pg_depend
    inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
    inner join pg_catalog.pg_class as views on pg_rewrite.ev_class = views.oid
    inner join pg_catalog.pg_roles on views.relowner = pg_roles.oid
    inner join pg_catalog.pg_class as tables on pg_depend.refobjid = tables.oid
    where pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
        and tables.relnamespace = to_regnamespace(%s)
        and views.oid <> tables.oid
        and (
            views.relkind = 'm'
            or (pg_roles.rolsuper or pg_roles.rolbypassrls)
            and coalesce(array_to_string(views.reloptions, ','), '') !~ 'security_invoker=(true|on|1|yes)'
        )
        and exists (select from aclexplode(views.relacl) as granted where granted.grantee <> views.relowner)
    order by 1
"""
"""Views of the marts that others may read and that show what their owner sees."""


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
    """SQL that gives the tables of a schema to their readers, each row to those who may see it.

    Args:
        schema: of the tables, before they are swapped in.
        marts: the tables.
    """
    statements = [
        f"revoke all on schema {schema} from public",
        f"grant usage on schema {schema} to {READER}, {STEWARD}",
    ]
    by_region = any(mart.name == "customers" and mart.has("region") for mart in marts)
    for mart in marts:
        table = f"{schema}.{identifier(mart.name)}"
        readers = STEWARD if mart.name in STEWARD_MARTS else f"{READER}, {STEWARD}"
        statements += [
            f"grant select on {table} to {readers}",
            f"alter table {table} enable row level security",
            # Else a view that the owner made would show all rows to whoever may read the view.
            f"alter table {table} force row level security",
            f"create policy of_who_asks on {table} for select using ({_seen(schema, mart, by_region)})",
        ]
    return statements


def is_decided(mart: Mart) -> bool:
    """Whether it is known who sees the rows of a mart; of another only those who see all regions do."""
    return mart.has("customer_id") or mart.name in STEWARD_MARTS | AGGREGATES | STORES | DEALS


def _seen(schema: str, mart: Mart, by_region: bool) -> str:
    """Condition on the rows of a mart that who asks may see."""
    if mart.name in STEWARD_MARTS | AGGREGATES:
        return "true"
    sees_all = f"exists (select from {ACCESS}.sees_all)"
    if mart.name in STORES and mart.has("store_id"):
        return f"{sees_all} or store_id is null"
    if by_region and mart.name == "customers":
        return f"{sees_all} or region in (select region from {ACCESS}.own_regions)"
    if by_region and mart.has("customer_id"):
        # A table that names customers is limited to those whom the reader sees in customers.
        return f"{sees_all} or customer_id in (select customer_id from {schema}.customers)"
    return sees_all


def report_access(connection: Any, schema: str, marts: Sequence[Mart], tell: Callable[[str], None]) -> None:
    """Say who sees no customers at all, which grants have no effect, and what row-level security does not reach.

    Args:
        connection: of psycopg.
        schema: of the served marts.
        marts: that are served.
        tell: told what somebody has to know or do.
    """
    (granted,) = connection.execute(f"select count(*) from {ACCESS}.reader_regions").fetchone()
    unnamed = [name for (name,) in connection.execute(UNNAMED).fetchall()]
    if unnamed or not granted:
        who = ", ".join([*unnamed[:10], *(["…"] if len(unnamed) > 10 else [])]) or "any reader"
        tell(
            f"no row of {ACCESS}.reader_regions names {who}: no single customer, deal or store is seen without one. "
            f"For all readers and regions let a steward run: "
            f"insert into {ACCESS}.reader_regions values ('{READER}', '*'); for some, name them and their regions"
        )
    for (name,) in connection.execute(NO_ROLE).fetchall():
        tell(f"{ACCESS}.reader_regions names {name}, but there is no such role")
    if any(mart.name == "customers" and mart.has("region") for mart in marts):
        regions = f"select region from {schema}.customers where region is not null"
        for (region,) in connection.execute(NO_REGION.format(regions=regions)).fetchall():
            (known,) = connection.execute(
                f"select string_agg(distinct region, ', ') from ({regions}) as known"
            ).fetchone()
            tell(
                f"{ACCESS}.reader_regions names the region {region!r}, which no customer has; known: {known or 'none'}"
            )
    for view, owner, is_kept in connection.execute(OPEN_VIEWS, [schema]).fetchall():
        mend = (
            "it keeps what its owner sees"
            if is_kept
            else f"row-level security does not hold for {owner}; alter view {view} set (security_invoker)"
        )
        tell(f"{view} shows every row to all who may read it: {mend}")
    undecided = [mart.name for mart in marts if not is_decided(mart)]
    if undecided:
        tell(
            f"only readers of all regions see {', '.join(undecided)}: without a customer_id no row leads to a region; "
            "a mart that names no single customer, deal or store can be listed in AGGREGATES of serve_access.py"
        )


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
