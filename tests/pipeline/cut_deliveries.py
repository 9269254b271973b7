"""Small deliveries that lack what the raw contract leaves optional, or that come from an unusual shop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import duckdb
import yaml

CONTRACT = Path(__file__).parents[2] / "models" / "staging" / "raw" / "_raw__sources.yml"

PRODUCTS, CUSTOMERS, OPPORTUNITIES = 40, 150, 60
"""What a cut delivery keeps of the sample: the most bought products, the best customers, any opportunities."""

CONSTANT = "constant"
NULL = "null"
ABSENT = "absent"

Absence = tuple[str, str | None]
"""A table and one of its columns, or a table and None."""


@dataclass(frozen=True)
class Column:
    """A column of the raw contract.

    Attributes:
        name: of the column.
        type: of its values.
        meta: what the contract says of it.
    """

    name: str
    type: str
    meta: Mapping[str, Any]

    @property
    def is_optional(self) -> bool:
        """Whether a delivery may lack it."""
        return not self.meta.get("required", False)

    def made_up(self, first_day: str) -> str:
        """SQL for a plausible value of a column that the sample does not have, of a row that has a ``number``."""
        if accepted := self.meta.get("accepted_values"):
            return f"list_extract({list(accepted)}, cast(1 + hash(number) % {len(accepted)} as bigint))"
        if self.type in ("date", "timestamp"):
            return f"cast(cast('{first_day}' as date) + cast(hash(number) % 200 as integer) as {self.type})"
        if self.type == "boolean":
            return "hash(number) % 3 = 0"
        if self.type == "string":
            return f"'{self.name} ' || hash(number) % 5"
        # Each row has another number, so that one that is a key is never there twice.
        return f"cast({self.meta.get('minimum', 0)} + number % 90 as {self.type})"


def contract() -> dict[str, list[Column]]:
    """Columns of each raw table."""
    (raw,) = [source for source in yaml.safe_load(CONTRACT.read_text())["sources"] if source["name"] == "raw"]
    return {
        table["name"]: [
            Column(column["name"], column["data_type"], column.get("config", {}).get("meta", {}))
            for column in table["columns"]
        ]
        for table in raw["tables"]
    }


def optional_columns() -> list[Absence]:
    """Columns that a delivery may lack."""
    return [(table, column.name) for table, columns in contract().items() for column in columns if column.is_optional]


def optional_tables() -> list[Absence]:
    """Tables that a delivery may lack: all of them, but not at once."""
    return [(table, None) for table in contract()]


def covering_array(things: Collection[Absence]) -> list[set[Absence]]:
    """Sets of absences such that of any two things each is absent with and without the other, and both or none are.

    The columns of the array are all subsets of one size above the half, and a row where nothing is absent is left out
    (Kleitman and Spencer, 1973): no array has fewer rows.
    """
    rows = next(rows for rows in range(2, 64) if comb(rows, rows // 2 + 1) >= len(things))
    absent: list[set[Absence]] = [set() for _row in range(rows)]
    for thing, places in zip(things, combinations(range(rows), rows // 2 + 1), strict=False):
        for place in places:
            absent[place].add(thing)
    return absent


def most_bought(column: str, number: int) -> str:
    """SQL for the values of a column that most order lines have, as text."""
    counted = f"select {column}::varchar from order_lines where {column} is not null"
    return f"{counted} group by 1 order by count(*) desc, 1 limit {number}"


class Delivery:
    """A delivery that is cut to size in memory and then written."""

    def __init__(self, sample: Path) -> None:
        """Read a sample and cut it; columns and tables of the contract that it lacks are made up."""
        self.connection = duckdb.connect()
        self.sql = self.connection.execute
        for file in sorted(sample.glob("*.parquet")):
            self.sql(f"create table {file.stem} as from '{file}'")
        self._keep("product_id", most_bought("product_id", PRODUCTS))
        self._keep("opportunity_id", f"select opportunity_id from opportunities order by 1 limit {OPPORTUNITIES}")
        with_deals = "select customer_id::varchar from opportunities where customer_id is not null"
        self._keep("customer_id", f"({most_bought('customer_id', CUSTOMERS)}) union {with_deals}")
        self._make_up()

    def tables(self) -> dict[str, list[str]]:
        """Columns of each table there is."""
        found: dict[str, list[str]] = {}
        rows = self.sql("select table_name, column_name from duckdb_columns() where not internal").fetchall()
        for table, column in rows:
            found.setdefault(table, []).append(column)
        return found

    def _keep(self, column: str, kept: str) -> None:
        """Rows of all tables whose value of a column is kept or null."""
        self.sql(f"create temp table kept as {kept}")
        for table in [name for name, columns in self.tables().items() if column in columns and name != "kept"]:
            self.sql(f"delete from {table} where {column}::varchar not in (from kept)")
        self.sql("drop table kept")

    def _make_up(self) -> None:
        """Add the columns and tables of the contract that the sample lacks."""
        ((first_day,),) = self.sql("select min(ordered_at)::date::varchar from order_lines").fetchall()
        for table, columns in contract().items():
            there = self.tables().get(table)
            rows = f"(select *, row_number() over () as number from {table})"
            if there is None:
                keys = [column.name for column in columns if column.name == "customer_id"]
                rows = (
                    f"(select {keys[0]}, row_number() over () as number from customers limit 20)"
                    if keys
                    else ("(select range as number from range(20))")
                )
                there = keys
            chosen = [
                column.name if column.name in there else f"{column.made_up(first_day)} as {column.name}"
                for column in columns
            ]
            self.sql(f"create or replace table {table} as select {', '.join(chosen)} from {rows}")

    def lack(self, absent: Collection[Absence], how: str = ABSENT) -> None:
        """Take tables away, and columns, or leave columns null or of one value."""
        for table, column in absent:
            if column is None:
                self.sql(f"drop table {table}")
        for table, column in absent:
            if column is None or table not in self.tables():
                continue
            if how == ABSENT:
                self.sql(f"alter table {table} drop column {column}")
            else:
                value = "null" if how == NULL else f"(select mode({column}) from {table})"
                self.sql(f"update {table} set {column} = {value}")

    def one_value(self, column: str) -> None:
        """Give all rows of all tables that have a column one value of it."""
        for table in [name for name, columns in self.tables().items() if column in columns]:
            value = f"(select min({column}) from {table})"
            self.sql(f"create or replace table {table} as select * replace ({value} as {column}) from {table}")

    def few(self, column: str, number: int) -> None:
        """Keep what belongs to the values of a column that most order lines have."""
        self._keep(column, most_bought(column, number))
        self.sql(f"delete from order_lines where {column} is null")

    def one_day(self) -> None:
        """Keep what was observed on the day with the most order lines."""
        ((day,),) = self.sql(
            "select ordered_at::date::varchar from order_lines group by 1 order by count(*) desc, 1 limit 1"
        ).fetchall()
        for table, columns in contract().items():
            for column in columns:
                if column.meta.get("observed"):
                    self.sql(f"delete from {table} where {column.name}::date <> '{day}'")

    def one_status(self, status: str) -> None:
        """Let all opportunities have the same status."""
        self.sql(f"update opportunities set status = '{status}'")

    def write(self, folder: Path) -> None:
        """Write a file for each table."""
        folder.mkdir(parents=True, exist_ok=True)
        for table in self.tables():
            self.sql(f"copy {table} to '{folder / table}.parquet' (format parquet)")


SHOPS: dict[str, Any] = {
    "one product": lambda delivery: delivery.few("product_id", 1),
    "5 products": lambda delivery: delivery.few("product_id", 5),
    "19 products": lambda delivery: delivery.few("product_id", 19),
    "one category": lambda delivery: delivery.one_value("category"),
    "one store": lambda delivery: delivery.few("store_id", 1),
    "one customer": lambda delivery: delivery.few("customer_id", 1),
    "one day": lambda delivery: delivery.one_day(),
    "no deal won": lambda delivery: delivery.one_status("lost"),
    "no deal closed": lambda delivery: delivery.one_status("open"),
}
"""What an unusual shop does to a delivery."""


def absences() -> Iterator[tuple[str, set[Absence], str]]:
    """Name, what is absent and how, of each delivery that lacks something."""
    yield "all optional columns absent", set(optional_columns()), ABSENT
    yield "all optional columns null", set(optional_columns()), NULL
    yield "all optional columns constant", set(optional_columns()), CONSTANT
    for number, absent in enumerate(covering_array(optional_columns())):
        yield f"columns {number}", absent, ABSENT
    for number, absent in enumerate(covering_array(optional_tables())):
        yield f"tables {number}", absent, ABSENT


def deliveries() -> dict[str, tuple[set[Absence], Callable[[Delivery], None]]]:
    """By name: what a delivery lacks, and what cuts it to that."""

    def lacking(absent: set[Absence], how: str) -> Callable[[Delivery], None]:
        return lambda delivery: delivery.lack(absent, how)

    found: dict[str, tuple[set[Absence], Callable[[Delivery], None]]] = {"everything": (set(), lambda _delivery: None)}
    found |= {name: (set(), change) for name, change in SHOPS.items()}
    return found | {name: (absent, lacking(absent, how)) for name, absent, how in absences()}
