"""``upswing query`` and ``upswing tables``: questions to the published marts, which can be read and nothing else."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal
from io import StringIO
from math import isfinite
from typing import IO, Any

import click
import duckdb
from duckdb import StatementType

from upswing.database_files import explained_error
from upswing.interface.marts import Marts
from upswing.nearest import did_you_mean
from upswing.user_errors import UserError

READS = (StatementType.SELECT, StatementType.EXPLAIN)
"""What may run. DESCRIBE, SHOW, SUMMARIZE, VALUES, PIVOT and a query that begins with FROM are SELECT to DuckDB too."""

SHOWN_ROWS = 50
FETCHED_ROWS = 10_000
WIDEST = 1_000_000
"""Characters of a line where the output is no terminal: nothing is left out."""

NO_TABLE = re.compile(r'Table with name "?([^"\s]+)"? does not exist')
NO_COLUMN = re.compile(r'Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"')


@click.command()
@click.argument("sql", required=False)
@click.option("--csv", "form", flag_value="csv", help="Print CSV for programs: values as they are, NULL empty.")
@click.option("--json", "form", flag_value="json", help="Print a JSON array with an object for each row.")
def query(sql: str | None, form: str | None) -> None:
    """Run one SELECT on the published marts and print its rows.

    SQL may also come from standard input: `upswing query < file.sql`, or `-` in its place. Without SQL the command
    lists the marts, as `upswing tables` does. DESCRIBE, SUMMARIZE, SHOW and EXPLAIN work too. Nothing can be written,
    and no file but the marts can be read.

    A spreadsheet takes a text of --csv that begins with = for a formula: import such columns as text, or download the
    table from the dashboard.
    """
    text = _from_input() if sql is None or sql == "-" else sql
    with Marts.of_warehouse().opened() as connection:
        if sql is None and form is None and not text.strip():
            _list_marts(connection)
            return
        statement = one_select(text)
        try:
            _run(connection, statement, form)
        except duckdb.Error as error:
            raise UserError(_explained(connection, error)) from None


@click.command()
@click.argument("mart", required=False)
def tables(mart: str | None) -> None:
    """List the published marts with their rows and what they hold; of a MART, its columns."""
    with Marts.of_warehouse().opened() as connection:
        if mart is None:
            _list_marts(connection)
            return
        known = _marts(connection)
        if mart not in known:
            raise UserError(f"there is no mart {mart} (`upswing tables` lists them){did_you_mean(mart, known)}")
        columns = connection.execute(
            "select column_name, lower(data_type), comment from duckdb_columns() "
            "where database_name = 'published' and table_name = ? order by column_index",
            [mart],
        ).fetchall()
        click.echo(f"{mart}: {_rows(connection, mart):,} rows. {_line(known[mart])}")
        longest = max(len(name) for name, _, _ in columns)
        types = max(len(kind) for _, kind, _ in columns)
        for name, kind, comment in columns:
            click.echo(_cut(f"  {name:<{longest}}  {kind:<{types}}  {_line(comment)}".rstrip()))


def one_select(text: str) -> str:
    """The SQL itself, where it is one statement that only reads.

    Raises:
        UserError: it cannot be parsed, is more than one statement, or may do more than read.
    """
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise UserError(_plain(str(error))) from None
    # DuckDB makes a type without text out of a PIVOT, and a query.
    written = [found for found in statements if found.query.strip() or found.type != StatementType.CREATE]
    if not written:
        raise UserError("there is no SQL to run; `upswing tables` lists the marts")
    if len(written) > 1:
        raise UserError(f"expected one SELECT, found {len(written)} statements; run one at a time")
    if written[0].type not in READS:
        raise UserError(f"expected a SELECT, found {written[0].type.name}; the published marts can only be read")
    if written[0].named_parameters:
        names = ", ".join(f"${name}" for name in sorted(written[0].named_parameters))
        raise UserError(f"the SQL has parameters ({names}); write their values instead")
    return text


def _from_input() -> str:
    stdin = click.get_text_stream("stdin")
    return "" if stdin.isatty() else stdin.read()


def _run(connection: duckdb.DuckDBPyConnection, text: str, form: str | None) -> None:
    relation = connection.sql(text)
    if form == "csv":
        _write_csv(relation, sys.stdout)
    elif form == "json":
        _write_json(relation, sys.stdout)
    elif relation.columns == ["explain_key", "explain_value"]:
        for _, plan in relation.fetchall():
            click.echo(plan.rstrip())
    else:
        click.echo(_shown(relation), nl=False)


def _shown(relation: duckdb.DuckDBPyRelation) -> str:
    """The rows as a table; on a terminal that is too narrow for the columns, a line for each value."""
    width = _width()
    table = StringIO()
    with redirect_stdout(table):
        relation.show(max_width=width, max_rows=SHOWN_ROWS, max_col_width=width)
    text = table.getvalue().rstrip("\n") + "\n"
    leaves_columns_out = re.search(r"columns \(\d+ shown\)\s*$", text)
    is_too_wide = max(map(len, text.splitlines())) > width
    return "".join(_records(relation)) if leaves_columns_out or is_too_wide else text


def _records(relation: duckdb.DuckDBPyRelation) -> Iterator[str]:
    names = relation.columns
    longest = max(map(len, names))
    rows = _as_text(relation).limit(SHOWN_ROWS + 1).fetchall()
    for number, row in enumerate(rows[:SHOWN_ROWS], 1):
        yield f"row {number}\n"
        for name, value in zip(names, row, strict=True):
            yield f"  {name:<{longest}}  {'NULL' if value is None else value}\n"
    if len(rows) > SHOWN_ROWS:
        yield f"the first {SHOWN_ROWS} rows; --csv and --json print all\n"


def _as_text(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Every value as DuckDB writes it; the columns are named by their place, for two may have one name."""
    return relation.project(", ".join(f"cast(#{place} as varchar)" for place in range(1, len(relation.columns) + 1)))


def _write_csv(relation: duckdb.DuckDBPyRelation, file: IO[str]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(relation.columns)
    rows = _as_text(relation)
    while batch := rows.fetchmany(FETCHED_ROWS):
        writer.writerows(batch)


def _write_json(relation: duckdb.DuckDBPyRelation, file: IO[str]) -> None:
    names = _named_apart(relation.columns)
    before = "["
    while batch := relation.fetchmany(FETCHED_ROWS):
        for row in batch:
            values = {name: _json(value) for name, value in zip(names, row, strict=True)}
            file.write(f"{before}\n{json.dumps(values, ensure_ascii=False)}")
            before = ","
    file.write("[]\n" if before == "[" else "\n]\n")


def _named_apart(names: list[str]) -> list[str]:
    """The names of columns, each once: JSON keeps one value for a name."""
    apart: list[str] = []
    for name in names:
        count, free = 1, name
        while free in apart:
            count, free = count + 1, f"{name}_{count}"
        apart.append(free)
    return apart


def _json(value: Any) -> Any:
    """A value as JSON can hold it; a number that JSON has no word for is null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _marts(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """What each mart holds, by its name."""
    described = "select table_name, comment from duckdb_tables() where database_name = 'published' order by all"
    return dict(connection.execute(described).fetchall())


def _rows(connection: duckdb.DuckDBPyConnection, mart: str) -> int:
    (rows,) = connection.execute(f'select count(*) from published."{mart}"').fetchone() or (0,)
    return int(rows)


def _list_marts(connection: duckdb.DuckDBPyConnection) -> None:
    marts = _marts(connection)
    longest = max(map(len, marts), default=0)
    for mart, comment in marts.items():
        first_sentence = _line(comment).split(". ")[0].rstrip(".")
        click.echo(_cut(f"{mart:<{longest}}  {_rows(connection, mart):>11,} rows  {first_sentence}".rstrip()))
    click.echo('\nColumns of one: upswing tables MART. Its rows: upswing query "from MART limit 10".', err=True)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST


def _line(comment: str | None) -> str:
    return " ".join((comment or "").split())


def _cut(line: str) -> str:
    """A line as wide as the terminal; all of it where there is none."""
    width = _width()
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _explained(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    """What is wrong with a query, with the nearest mart or column."""
    text = str(error)
    if table := NO_TABLE.search(text):
        name = table[1].rpartition(".")[2]
        return f"there is no mart {name} (`upswing tables` lists them){did_you_mean(name, _marts(connection))}"
    if column := NO_COLUMN.search(text):
        name = column[1] or column[2]
        near = did_you_mean(name, re.findall(r'"([^"]+)"', text.partition("Candidate bindings:")[2]))
        return f"there is no column {name} (`upswing tables MART` lists the columns of a mart){near}"
    if isinstance(error, duckdb.PermissionException):
        return "only the published marts can be read: no file, no network, no extension"
    return explained_error(error) or _plain(text)


def _plain(text: str) -> str:
    """DuckDB's words without empty lines: what is wrong and, where it says so, the place in the SQL."""
    return "\n".join(line for line in text.splitlines() if line.strip())
