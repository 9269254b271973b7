"""What the published marts and the warehouse hold: pseudonyms, no identity, nothing rare, nothing kept too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upswing.privacy.compliance import HOLDS, NOT_CHECKED, Finding, Project, judged
from upswing.privacy.erasures import ERASURES_FILE, read
from upswing.privacy.erasures_warehouse import rows_naming
from upswing.privacy.vault import Identity

ANONYMOUS = "(anonymous)"
ERASED_LIST = "raw.erasures.pseudonym"
"""The list of the erased as a build reads it, which keeps their rows out."""
PSEUDONYM = "^[0-9a-f]{24}$"
DEMOGRAPHICS = ("age_band", "gender", "region", "income_band", "household_size")
LEAST_ID = 6
LEAST_PHONE = 7

TOKENS = r"""
    list_concat(
        [lower(text)],
        regexp_extract_all(lower(text), '[a-z0-9._%+-]+@[a-z0-9.-]+'),
        regexp_extract_all(lower(text), '[\p{L}\p{N}_/#-]+'),
        list_transform(
            regexp_extract_all(text, '[+(]?[0-9][0-9 ().-]{5,}[0-9]'),
            lambda found: regexp_replace(found, '[^0-9]', '', 'g')
        ),
        list_transform(range(1, len(words)), lambda place: words[place] || ' ' || words[place + 1]),
        list_transform(
            range(1, len(words) - 1), lambda place: words[place] || ' ' || words[place + 1] || ' ' || words[place + 2]
        ),
        list_transform(range(1, len(han) - 1), lambda place: han[place : place + 2]),
        list_transform(range(1, len(han) - 2), lambda place: han[place : place + 3])
    )
"""
"""What in a text may be an identity: all of it, addresses, numbers, one to three words, 3 and 4 Han characters."""


def columns_of(connection: Any) -> dict[str, dict[str, str]]:
    """Columns of each table of the open file, and their types, by `"schema"."table"`; views are left out."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() inner join duckdb_tables() "
        "using (database_oid, schema_oid, table_oid, schema_name, table_name) order by all"
    ).fetchall()
    for schema, table, column, data_type in rows:
        found.setdefault(f'"{schema}"."{table}"', {})[column] = data_type
    return found


def only_pseudonyms(connections: Mapping[str, Any]) -> Finding:
    """Every `customer_id` in a table is a pseudonym, or the mark of what is anonymous.

    Args:
        connections: open files by their name.
    """
    breaches, columns = [], 0
    for name, connection in connections.items():
        for table, types in columns_of(connection).items():
            for column in (column for column in types if column.endswith("customer_id")):
                columns += 1
                rows = count(
                    connection,
                    f'select count(*) from {table} where "{column}" <> $1 '
                    f'and not regexp_matches(cast("{column}" as varchar), $2)',
                    [ANONYMOUS, PSEUDONYM],
                )
                if rows:
                    breaches.append(f"{rows:,} rows of {name} {shown(table)}.{column}")
    mend = "build all anew: `dbt build --full-refresh`; then look for the raw column whose meta lacks `pseudonym: true`"
    return judged(
        "Customers stand under pseudonyms alone", breaches, f"{columns} columns of {' and '.join(connections)}", mend
    )


def no_identity(marts: Any, identities: Iterable[Identity] | None) -> Finding:
    """No text of a published mart holds an id, an address, a number or a name that the vault knows."""
    claim = "No identity that the vault knows stands in a published mart"
    if identities is None:
        return Finding(claim, NOT_CHECKED, "there is no vault", "run `dbt build`, which seals the identities")
    known = pa.table(
        {"token": pa.array(sorted({token for one in identities for token in tokens_of(one)}), pa.string())}
    )
    breaches, columns = [], 0
    with duckdb.connect() as scratch:
        scratch.register("known", known)
        for table, types in columns_of(marts).items():
            for column in (column for column, data_type in types.items() if "VARCHAR" in data_type):
                columns += 1
                texts = marts.execute(
                    f'select distinct cast("{column}" as varchar) as text from {table} where "{column}" is not null'
                ).to_arrow_table()
                scratch.register("texts", texts)
                found = count(
                    scratch,
                    f"""
                    with worded as (
                        select
                            text,
                            regexp_extract_all(lower(text), '[\\p{{L}}\\p{{M}}\\x27-]+') as words,
                            array_to_string(regexp_extract_all(text, '[\\x{{4e00}}-\\x{{9fff}}]+'), ' ') as han
                        from texts
                    ),
                    spelt as (select text, unnest({TOKENS}) as token from worded)
                    select count(distinct text) from spelt where token in (select token from known)
                    """,
                )
                if found:
                    breaches.append(f"{found:,} texts of {shown(table)}.{column}")
    mend = (
        "mask the column at the border (meta `pii` in models/staging/raw/_raw__sources.yml), or drop it from the mart"
    )
    return judged(
        claim, breaches, f"{columns} text columns, {known.num_rows:,} ids, addresses, numbers and names", mend
    )


def tokens_of(identity: Identity) -> Iterator[str]:
    """How an identity is looked for in texts: what is so short or plain that it may be anything else is left out."""
    text = identity.customer_id.lower()
    if len(text) >= LEAST_ID and not text.isdigit():
        yield text
    if identity.email and "@" in identity.email:
        yield identity.email.strip().lower()
    digits = "".join(letter for letter in identity.phone or "" if letter.isascii() and letter.isdigit())
    if len(digits) >= LEAST_PHONE:
        yield digits
    name = " ".join((identity.full_name or "").lower().split())
    if " " in name or (len(name) > 1 and not name.isascii()):
        yield name


def k_anonymous(marts: Any, k: int, least_described: int) -> Finding:
    """Each combination of demographics that a mart tells of single customers is shared by `k` of them at least."""
    breaches, looked_at = [], []
    for table, types in columns_of(marts).items():
        told = [column for column in DEMOGRAPHICS if column in types]
        if "customer_id" not in types or not told:
            continue
        looked_at.append(shown(table))
        grouped = ", ".join(told)
        rare, rows = marts.execute(
            "select count(*), coalesce(sum(customers), 0) from (select count(distinct customer_id) as customers "
            f"from {table} "
            f"where coalesce({', '.join(f'cast({column} as varchar)' for column in told)}) is not null "
            f"group by {grouped} having count(distinct customer_id) < {k:d})"
        ).fetchone()
        if rare:
            breaches.append(f"{shown(table)}: {rare:,} combinations of {rows:,} customers")
    if least_described < k:
        breaches.append(f"segment_profiles describes segments of {least_described} customers")
    mend = "join int_published_demographics, not int_customers; var min_described_customers is at least k_anonymity"
    told_of = f"k = {k}, {', '.join(looked_at) or 'no mart tells of single customers'}"
    return judged("Every published combination of demographics is shared by k customers", breaches, told_of, mend)


def retention_honoured(project: Project, warehouse: Any, ran_on: date) -> Finding:
    """No row of a raw table with a term stands in the warehouse for longer; terms end with whole months."""
    claim = "Rows of raw tables are kept no longer than retention_days"
    terms = project.variables.get("retention_days") or {}
    if not terms:
        return Finding(
            claim, HOLDS, "retention_days names no raw table: all rows are kept for good, as the project says"
        )
    given = project.variables.get("as_of_date")
    last = date.fromisoformat(str(given)) if given else ran_on
    tables, breaches, looked_at = columns_of(warehouse), [], 0
    for name, days in terms.items():
        # A day of tolerance: the term is counted in the business's time zone, the rows' times are in UTC.
        kept_from = (last - timedelta(days=int(days))).replace(day=1) - timedelta(days=1)
        observed = observed_column(project, name)
        for table in (
            table for table in tables if shown(table).endswith(f"_raw__{name}") and observed in tables[table]
        ):
            looked_at += 1
            rows = count(
                warehouse, f'select count(*) from {table} where try_cast("{observed}" as date) < $1', [kept_from]
            )
            if rows:
                breaches.append(f"{rows:,} rows of {shown(table)} before {kept_from:%Y-%m-%d}")
    mend = "run `dbt build`: a term that has ended has the table parsed anew"
    return judged(claim, breaches, f"{len(terms)} raw tables with a term, {looked_at} tables of the warehouse", mend)


def observed_column(project: Project, table: str) -> str | None:
    """The column by whose day rows of a raw table are kept."""
    source = project.raw_tables().get(table, {"columns": {}})
    for name, column in source["columns"].items():
        if column.get("config", {}).get("meta", {}).get("observed") or column.get("meta", {}).get("observed"):
            return str(name)
    return None


def erased_are_gone(warehouse: Path, files: Iterable[Path]) -> Finding:
    """No pseudonym of an erased customer stands in a table of the warehouse or of the marts."""
    claim = "Erased customers are nowhere in the warehouse"
    erased = read(warehouse)
    if not erased:
        return Finding(claim, HOLDS, f"nobody was erased ({ERASURES_FILE} names no customer)")
    looked_at = [file for file in files if file.exists()]
    breaches = [
        f"{rows:,} rows of {file.name} {place}"
        for file in looked_at
        for place, rows in sorted(rows_naming(file, list(erased)).items())
        if place != ERASED_LIST
    ]
    told = f"{len(erased):,} erased customers, every text of {' and '.join(file.name for file in looked_at)}"
    return judged(claim, breaches, told, "run `upswing forget` for them again, then `dbt build`")


def count(connection: Any, query: str, values: list[Any] | None = None) -> int:
    """The one number that a query gives."""
    return int(connection.execute(query, values or []).fetchone()[0])


def shown(table: str) -> str:
    """A table's name without its schema and quotation marks."""
    return table.split('"."')[-1].strip('"')
