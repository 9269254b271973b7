"""A raw folder in which everything is broken once, and what must become of each piece of it."""

# ruff: noqa: RUF001 (characters that look like others are what is tested)

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_PART = 10**12
USED: str | None = None
"""The expectation of a row that is used as it was meant."""

LATER = "a later row has the same key"
FIELDS = "the line has more or fewer fields than the header"
NOT_UTF8 = "the line is not UTF-8 text"
LONG = "is longer than 100000 characters"
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).replace(tzinfo=None, microsecond=0)

HOSTILE_NAMES = {
    "SQL in a name": "Robert'); drop table marts.products; --",
    "a formula in a name": '=HYPERLINK("http://example.com","sum")',
    "a template in a name": "{{ 1 / 0 }}{% raw %}",
    "emoji in a name": "👩‍👩‍👧‍👦 family pack 🏳️‍🌈",
    "right-to-left text in a name": "حليب كامل الدسم \u202eABC",
    "backslashes in a name": "c:\\new\\table\\0",
    "quotes and a line break in a name": 'say "cheese"\nplease',
    "combining marks in a name": "Z̸̡̛a̷l̴g̵o̶ cafe\u0301",
    "full-width text in a name": "（商品）ＡＢＣ",
    "the word null in a name": "NULL",
    "a path in a name": "../../etc/passwd",
    "wild cards in a name": "100%_[a-z]*?",
}
"""Product names that must come through letter by letter."""


@dataclass(frozen=True)
class Fault:
    """One broken row, or one that only looks broken.

    Attributes:
        name: what is wrong with it, in words.
        table: the raw table that it is delivered in.
        row: its raw_row_number, counted over the rows that are lines of the file; the bad lines come after them.
        reason: why it is set aside; None where it is used.
    """

    name: str
    table: str
    row: int
    reason: str | None


@dataclass(frozen=True)
class Stop:
    """A delivery that must stop the build, because what it says cannot be known.

    Attributes:
        name: what is wrong with it.
        write: writes it into a raw folder.
        words: what the error must say.
    """

    name: str
    write: Callable[[Path], None]
    words: tuple[str, ...]


def write_faults(folder: Path, identical_visits: int) -> list[Fault]:
    """Write every table of the contract, each broken in its own ways, and say what must become of each row.

    Args:
        folder: the raw folder; it is empty.
        identical_visits: how often one visit is delivered.
    """
    return [
        *_order_lines(folder),
        *_products(folder),
        *_visits(folder, identical_visits),
        *_opportunities(folder),
        *_customers(folder),
        *_campaigns(folder),
        *_touches(folder),
        *_feedback(folder),
        *_prices(folder),
        *_inventory(folder),
        *_events(folder),
        *_promotions(folder),
        *_opt_outs(folder),
    ]


def _order_lines(folder: Path) -> list[Fault]:
    """A CSV file in which lines are broken too: the broken ones are numbered after all others."""
    rows: list[tuple[str, dict[str, str], str | None]] = [
        ("a sound line", {}, USED),
        ("words for a number", {"quantity": "many"}, "quantity is not a number"),
        ("NaN for a number", {"net_amount": "nan"}, "net_amount is not a finite number"),
        ("an infinite number", {"net_amount": "-Infinity"}, "net_amount is not a finite number"),
        ("a number too large for any", {"net_amount": "1e999"}, "net_amount is not a finite number"),
        ("a number beyond reason", {"quantity": "1e12"}, "quantity is above 1000000000"),
        ("a decimal comma", {"net_amount": '"4,50"'}, "net_amount is not a number"),
        ("a currency sign", {"net_amount": "$4.50"}, "net_amount is not a number"),
        ("full-width digits", {"quantity": "１２"}, "quantity is not a number"),
        ("a formula for a number", {"quantity": "=1+1"}, "quantity is not a number"),
        ("a missing key", {"order_id": ""}, "order_id is missing"),
        ("a key of full-width spaces", {"product_id": "\u3000\u3000"}, "product_id is missing"),
        ("a NUL character", {"product_id": "mi\0lk"}, "product_id holds a NUL character"),
        ("a key of 200,000 characters", {"product_id": "x" * 200_000}, f"product_id {LONG}"),
        ("the year 0001", {"ordered_at": "0001-01-01 00:00:00"}, "ordered_at lies before 1900"),
        ("the year 9999", {"ordered_at": "9999-12-31 23:59:59"}, "ordered_at lies after as_of_date"),
        ("a day to come", {"ordered_at": str(TOMORROW)}, "ordered_at lies after as_of_date"),
        ("infinity for a time", {"ordered_at": "infinity"}, "ordered_at lies after as_of_date"),
        ("the 30th of February", {"ordered_at": "2024-02-30 10:00:00"}, "ordered_at is not a date and time"),
        ("months first", {"ordered_at": "06/30/2024"}, "ordered_at is not a date and time"),
        ("seconds since 1970", {"ordered_at": "1704103200"}, "ordered_at is not a date and time"),
        (
            "a distance to UTC that no place has",
            {"ordered_at": "2024-01-03 10:00:00+99"},
            "ordered_at is not a date and time",
        ),
        (
            "the name of a time zone",
            {"ordered_at": "2024-01-03 10:00:00 Europe/Berlin"},
            "ordered_at is not a date and time",
        ),
        ("a distance to UTC", {"order_id": "utc1", "ordered_at": "2024-01-03T01:00:00+02:00"}, USED),
        ("a distance to UTC without a colon", {"order_id": "utc2", "ordered_at": "2024-01-02 18:30:00.5-0430"}, USED),
        ("a time in UTC", {"order_id": "utc3", "ordered_at": "2024-01-02T23:00:00Z"}, USED),
        ("an unknown channel", {"channel": "fax"}, "channel is not one of online, offline"),
        ("neither true nor false", {"is_promoted": "maybe"}, "is_promoted is not true or false"),
        ("a fraction for a whole number", {"line_number": "1.5"}, "line_number is not a whole number"),
        ("a whole number that no integer holds", {"line_number": "1e30"}, "line_number is not a whole number"),
        ("a key that comes again", {"order_id": "twice"}, LATER),
        ("the same key, spelt as a float", {"order_id": "twice", "product_id": " milk "}, USED),
        ("two faults in one line", {"order_id": "", "quantity": ""}, "order_id is missing; quantity is missing"),
        ("an orphan", {"product_id": "of no list"}, USED),
        ("a line break and quotes in a value", {"store_id": '"a ""b""\nc"'}, USED),
    ]
    usual = {
        "product_id": "milk", "ordered_at": "2024-01-03 10:00:00", "quantity": "1", "net_amount": "2.5",
        "channel": "online", "is_promoted": "no", "line_number": "1", "store_id": "s",
    }  # fmt: skip
    header = ["order_id", *usual]
    lines = [",".join(header)]
    faults = []
    for number, (name, broken, reason) in enumerate(rows, start=1):
        row = {"order_id": f"o{number}"} | usual | broken
        lines.append(",".join(row[column] for column in header))
        faults.append(Fault(name, "order_lines", number, reason))
    text = ("\n".join(lines) + "\n\n").encode()
    sound = b"milk,2024-01-03 10:00:00,1,2.5,online,no,1,s\n"
    bad_lines = [
        ("a line of too many fields", b"b1,more," + sound, FIELDS),
        ("a line of too few fields", b"b2,milk\n", FIELDS),
        ("a line of Latin-1", b"caf\xe9," + sound, NOT_UTF8),
        ("half a character", b"b4\xf0\x9f\x98," + sound, NOT_UTF8),
        ("a lone surrogate", b"b5\xed\xa0\x80," + sound, NOT_UTF8),
        ("a line of 3 MB", b"b6" + b"x" * 3_000_000 + b"," + sound, "the line is longer than 2 MB"),
    ]
    for place, (name, line, reason) in enumerate(bad_lines, start=len(rows) + 1):
        text += line
        faults.append(Fault(name, "order_lines", place, reason))
    (folder / "order_lines.csv").write_bytes(text)
    return faults


def _products(folder: Path) -> list[Fault]:
    """Tabs, capitals and spaces in the header, a column without a name, the suffix in capitals."""
    lines = ["Product_ID \tProduct_Name\tUNIT_COST\tlaunched_on\t\t"]
    faults = []
    for number, (name, value) in enumerate(HOSTILE_NAMES.items(), start=1):
        quoted = '"' + value.replace('"', '""') + '"'
        lines.append(f"p{number}\t{quoted}\t1\t2024-01-01\t\t")
        faults.append(Fault(name, "products", number, USED))
    broken = [
        ("a cost below zero", "-1\t2024-01-01", "unit_cost is below 0"),
        ("a plan for the year 9999", "1\t9999-12-31", "launched_on lies after 2199"),
        ("a date of another calendar", "1\t令和6年1月1日", "launched_on is not a date"),
    ]
    for number, (name, values, reason) in enumerate(broken, start=len(lines)):
        lines.append(f"p{number}\tbroken\t{values}\t\t")
        faults.append(Fault(name, "products", number, reason))
    (folder / "products.CSV").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return faults


def _visits(folder: Path, identical: int) -> list[Fault]:
    at = datetime(2024, 1, 3, 9)
    usual = {
        "visit_id": "", "opportunity_id": "won", "visited_at": at, "visit_note": "They liked it.",
        "duration_minutes": 30.0, "latitude": 0.0, "longitude": 0.0, "sales_rep_id": "r1",
    }  # fmt: skip
    rows: list[tuple[str, dict[str, Any], str | None]] = [
        ("a note of 10 MB", {"visit_note": "They liked it. " * 700_000}, f"visit_note {LONG}"),
        ("no note", {"visit_note": None}, "visit_note is missing"),
        ("a note of spaces", {"visit_note": " \u00a0\u3000 "}, "visit_note is missing"),
        ("a visit that ended before it began", {"duration_minutes": -5.0}, "duration_minutes is below 0"),
        ("a place beyond the pole", {"latitude": 91.0}, "latitude is above 90"),
        ("a place that is no number", {"latitude": float("nan")}, "latitude is not a finite number"),
        ("an infinite place", {"longitude": float("-inf")}, "longitude is not a finite number"),
        ("a visit to no opportunity", {"opportunity_id": "unknown"}, USED),
        ("a note of emoji alone", {"visit_note": "🙂🙂🙂"}, USED),
        ("a note of a right-to-left mark alone", {"visit_note": "\u200f"}, USED),
        ("a visit before 1900", {"visited_at": datetime(1899, 12, 31)}, "visited_at lies before 1900"),
        ("a visit by a clock that is ahead", {"visited_at": TOMORROW}, "visited_at lies after as_of_date"),
    ]
    faults = [Fault(name, "visits", place, reason) for place, (name, _row, reason) in enumerate(rows, start=1)]
    table = [usual | {"visit_id": f"v{number}"} | row for number, (_name, row, _reason) in enumerate(rows, start=1)]
    table += [usual | {"visit_id": "same"}] * identical
    faults += [Fault("an identical visit", "visits", row, LATER) for row in range(len(rows) + 1, len(table))]
    faults.append(Fault("the last of many identical visits", "visits", len(table), USED))
    written = pa.Table.from_pylist(table)
    # Nanoseconds, and a dictionary for text.
    times = written["visited_at"].cast(pa.timestamp("ns"))
    written = written.set_column(written.column_names.index("visited_at"), "visited_at", times)
    owners = written["sales_rep_id"].dictionary_encode()
    written = written.set_column(written.column_names.index("sales_rep_id"), "sales_rep_id", owners)
    pq.write_table(written, folder / "visits.parquet")
    return faults


def _opportunities(folder: Path) -> list[Fault]:
    """Columns in capitals; times with a zone of their own."""
    zone = pa.timestamp("us", tz="Asia/Shanghai")
    opened = [datetime(2024, 1, 2, 16, tzinfo=UTC)] * 3
    table = pa.table(
        {
            "OPPORTUNITY_ID": ["won", "pending", None],
            "Opened_At": pa.array(opened, zone),
            "Status": ["WON", "pending", "open"],
            "closed_at": pa.array([datetime(9999, 1, 1), None, None], pa.timestamp("s")),
        }
    )
    pq.write_table(table, folder / "opportunities.parquet")
    return [
        Fault("closed in the year 9999", "opportunities", 1, "closed_at lies after 2199"),
        Fault("an unknown status", "opportunities", 2, "status is not one of open, won, lost"),
        Fault("an opportunity without an id", "opportunities", 3, "opportunity_id is missing"),
    ]


def _customers(folder: Path) -> list[Fault]:
    """Text that is not marked as text, and years as decimals."""
    table = pa.table(
        {
            "customer_id": pa.array([b"c1", "客户二".encode(), b"\xff\xfe", b"c4", b"c5"], pa.binary()),
            "birth_year": pa.array(
                [Decimal("1980.00"), Decimal("1850.00"), None, Decimal("3000.00"), Decimal("1980.50")]
            ),
        }
    )
    pq.write_table(table, folder / "customers.parquet")
    return [
        Fault("text that is not marked as text", "customers", 1, USED),
        Fault("a customer born in 1850", "customers", 2, "birth_year is below 1900"),
        Fault("bytes that are no text", "customers", 3, USED),
        Fault("a customer born in 3000", "customers", 4, "birth_year is above 2100"),
        Fault("half a year of birth", "customers", 5, "birth_year is not a whole number"),
    ]


def _campaigns(folder: Path) -> list[Fault]:
    """UTF-16 and semicolons, as spreadsheets save it."""
    lines = [
        "campaign_id;campaign_name;starts_on;ends_on;budget",
        "c1;Frühling 春;2024-01-01;2024-01-31;100",
        "c2;no start;;2024-01-31;100",
        "c3;-5;2024-01-01;2024-01-31;-5",
    ]
    (folder / "campaigns.csv").write_bytes(("\ufeff" + "\r\n".join(lines)).encode("utf-16-le"))
    return [
        Fault("UTF-16 with semicolons", "campaigns", 1, USED),
        Fault("a campaign without a start", "campaigns", 2, "starts_on is missing"),
        Fault("a budget below zero", "campaigns", 3, "budget is below 0"),
    ]


def _touches(folder: Path) -> list[Fault]:
    """Times as whole numbers in one column, as text in another."""
    table = pa.table(
        {
            "campaign_id": ["c1", "c1", "unknown"],
            "customer_id": [1.0, 1.0, 2.0],
            "variant": ["A", "a ", None],
            "touched_at": ["2024-01-03 10:00:00", "2024-01-03 11:00:00", "2024-01-03 24:00:01"],
            "revenue": [1, 2, 3],
        }
    )
    pq.write_table(table, folder / "campaign_touches.parquet")
    return [
        Fault("a touch of a variant in capitals", "campaign_touches", 1, LATER),
        Fault("the same variant in small letters", "campaign_touches", 2, USED),
        Fault("an hour that no day has", "campaign_touches", 3, "touched_at is not a date and time"),
    ]


def _feedback(folder: Path) -> list[Fault]:
    """Compressed, and Chinese."""
    lines = [
        "feedback_id,rating,feedback_text,submitted_at",
        "f1,6,good,2024-01-03 10:00:00",
        "f2,five,good,2024-01-03 10:00:00",
        "f3,5,好,2024-01-03 10:00:00",
    ]
    (folder / "feedback.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return [
        Fault("six of five stars", "feedback", 1, "rating is above 5"),
        Fault("a word for stars", "feedback", 2, "rating is not a number"),
        Fault("a Chinese answer", "feedback", 3, USED),
    ]


def _prices(folder: Path) -> list[Fault]:
    table = pa.table(
        {
            "observed_on": [date(2024, 1, 3), date(1, 1, 1), date(9999, 12, 31), *[date(2024, 1, 3)] * 2],
            "competitor": ["x", "x", "x", "y", "z"],
            "product_id": [1, 1, 1, 1, 1],
            "price": pa.array([*[Decimal("1.10")] * 3, Decimal("-1.10"), Decimal(10) ** 15], pa.decimal128(38, 10)),
        }
    )
    pq.write_table(table, folder / "competitor_prices.parquet")
    return [
        Fault("a price of 38 digits", "competitor_prices", 1, USED),
        Fault("a price of the year 0001", "competitor_prices", 2, "observed_on lies before 1900"),
        Fault("a price of the year 9999", "competitor_prices", 3, "observed_on lies after as_of_date"),
        Fault("a price below zero", "competitor_prices", 4, "price is below 0"),
        Fault("a price that no decimal holds", "competitor_prices", 5, "price is above 1000000000000"),
    ]


def _inventory(folder: Path) -> list[Fault]:
    """Parts that disagree: in types, in columns; wild cards in the name of one; a part without a row."""
    parts = folder / "inventory"
    parts.mkdir()
    day = date(2024, 1, 3)
    pq.write_table(pa.table({"product_id": [1], "counted_on": [day], "on_hand": [5.0]}), parts / "a.parquet")
    pq.write_table(
        pa.table({"product_id": ["1"], "counted_on": ["2024-01-02"], "on_hand": ["few"]}), parts / "b.parquet"
    )
    pq.write_table(pa.table({"product_id": [2], "counted_on": [day]}), parts / "c[1].parquet")
    pq.write_table(pa.table({"product_id": pa.array([], pa.string())}), parts / "d.parquet")
    (parts / "e.txt").write_text("no part")
    return [
        Fault("a part of other types", "inventory", 1, USED),
        Fault("a part of text", "inventory", ROWS_PER_PART + 1, "on_hand is not a number"),
        Fault("a part without a required column", "inventory", 2 * ROWS_PER_PART + 1, "on_hand is missing"),
    ]


def _events(folder: Path) -> list[Fault]:
    """A byte order mark, and the line ends of Windows."""
    lines = [
        "event_id,session_id,occurred_at,event_type,customer_id",
        "e1,s1,1970-01-01 00:00:10,view,1",
        "e2,s1,2024-01-03 10:00:00,hover,1",
        "e3,s1,2024-01-03 10:00:00,VIEW,1",
    ]
    (folder / "events.csv").write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return [
        Fault("a clock that was never set", "events", 1, "occurred_at lies before 1971"),
        Fault(
            "an unknown type of event",
            "events",
            2,
            "event_type is not one of impression, click, view, search, add_to_cart, purchase",
        ),
        Fault("a byte order mark and CRLF", "events", 3, USED),
    ]


def _promotions(folder: Path) -> list[Fault]:
    """Quotes in the name of the file that a link leads to."""
    target = folder / "exports" / "it's elsewhere; drop.parquet"
    target.parent.mkdir()
    table = pa.table({"product_id": [1, 1], "week_starting": ["2024-01-03", "week 1"], "display": [True, False]})
    pq.write_table(table, target)
    (folder / "promotions.parquet").symlink_to(target)
    return [
        Fault("a link, and true for text", "promotions", 1, USED),
        Fault("a week that is no date", "promotions", 2, "week_starting is not a date"),
    ]


def _opt_outs(folder: Path) -> list[Fault]:
    """A header and nothing else, without an end of line."""
    (folder / "opt_outs.csv").write_text("customer_id|channel|opted_out_at")
    return []


def _parquet(folder: Path, **columns: Any) -> Path:
    lines = {
        "order_id": [1], "product_id": [1], "ordered_at": [datetime(2024, 1, 3)], "quantity": [1], "net_amount": [1.5],
    }  # fmt: skip
    pq.write_table(pa.table(lines | columns), folder / "order_lines.parquet")
    return folder / "order_lines.parquet"


def _written(name: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return write


def _delivered(**columns: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        _parquet(folder, **columns)

    return write


def _renamed(folder: Path) -> None:
    file = _parquet(folder, qty=[1])
    pq.write_table(pq.read_table(file).drop_columns(["quantity"]), file)


def _cut(folder: Path) -> None:
    file = _parquet(folder)
    file.write_bytes(file.read_bytes()[:-40])


def _damaged(folder: Path) -> None:
    """A byte of the pages changed: the file's end is whole, so that it is noticed while it is read."""
    file = _parquet(folder, order_id=[str(number) for number in range(5000)], **{
        name: [value] * 5000
        for name, value in {"product_id": 1, "ordered_at": "2024-01-03", "quantity": 1, "net_amount": 1}.items()
    })  # fmt: skip
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(bytes(content))


def _bomb(folder: Path) -> None:
    """100 MB of one line in 100 kB."""
    with gzip.open(folder / "order_lines.csv.gz", "wb") as file:
        file.write(HEADER + b"1,")
        for _megabyte in range(100):
            file.write(b"a" * 1_000_000)
        file.write(b",2024-01-03 10:00:00,1,1\n")


def _twice(folder: Path) -> None:
    _parquet(folder, **{"Order_ID": [2]})


def _both(folder: Path) -> None:
    _parquet(folder)
    (folder / "order_lines.csv").write_text("order_id\n")


HEADER = b"order_id,product_id,ordered_at,quantity,net_amount\n"
STOPS = [
    Stop("a Parquet file that was cut off", _cut, ("order_lines.parquet was cut off", "deliver it again")),
    Stop("a Parquet file with damaged pages", _damaged, ("parsed_raw__order_lines",)),
    Stop(
        "a Parquet file that is something else",
        _written("order_lines.parquet", b"PK\3\4 a zip" * 9),
        ("order_lines.parquet is no Parquet file",),
    ),
    Stop(
        "a Parquet file of 0 bytes",
        _written("order_lines.parquet", b""),
        ("order_lines.parquet is empty (0 bytes)", "deliver it again"),
    ),
    Stop("a CSV file of 0 bytes", _written("order_lines.csv", b""), ("order_lines.csv is empty (0 bytes)",)),
    Stop(
        "a CSV file of empty lines",
        _written("order_lines.csv", b"\n\n\n"),
        ("order_lines.csv has no header: its first line names no columns",),
    ),
    Stop(
        "a renamed column",
        _renamed,
        ("lacks a column", "quantity (double)", "column 5 (q***, 3 characters)", "A column that was renamed"),
    ),
    Stop(
        "a CSV file without a header",
        _written("order_lines.csv", b"1,milk,2024-01-01,1,2\n"),
        ("order_lines.csv lacks columns", "column 2 (m***, 4 characters)", "the header row seems to be missing"),
    ),
    Stop(
        "a link that leads out of the raw folder",
        lambda folder: (folder / "order_lines.csv").symlink_to("/etc/hostname"),
        ("order_lines.csv leads out of the raw folder, to /etc/hostname", "make build RAW=folder"),
    ),
    Stop(
        "UTF-16 in the other order of bytes",
        _written("order_lines.csv", ("\ufeff" + HEADER.decode()).encode("utf-16-be")),
        ("order_lines.csv is not UTF-8", "Save it as UTF-8"),
    ),
    Stop(
        "UTF-16 without a mark",
        _written("order_lines.csv", HEADER.decode().encode("utf-16-le")),
        ("order_lines.csv is not UTF-8",),
    ),
    Stop("UTF-32", _written("order_lines.csv", HEADER.decode().encode("utf-32")), ("order_lines.csv is not UTF-8",)),
    Stop("a bomb of text", _bomb, ("order_lines.csv.gz holds a line of more than 16 MB",)),
    Stop(
        "a first line without an end",
        _written("order_lines.csv", b"x" * 5_000_000),
        ("order_lines.csv has no header", "longer than 2 MB"),
    ),
    Stop(
        "a quote that never closes",
        _written("order_lines.csv", HEADER + b'1,"milk,2024-01-01,1,2\n2,milk,2024-01-01,1,2\n'),
        ("Line 2 of order_lines.csv opens a quote",),
    ),
    Stop(
        "a quote in the header that never closes",
        _written("order_lines.csv", b'"order_id,product_id\n1,2\n'),
        ("opens a quote in its header",),
    ),
    Stop(
        "a column named twice in CSV",
        _written("order_lines.csv", b"Quantity," + HEADER),
        ("names the column quantity twice",),
    ),
    Stop("a column named twice in Parquet", _twice, ("names the column order_id twice",)),
    Stop(
        "a list in a column",
        _delivered(product_id=[[1, 2]]),
        ("product_id was delivered as", "asks for one string a row"),
    ),
    Stop("a struct in a column", _delivered(quantity=[{"value": 1}]), ("quantity was delivered as STRUCT",)),
    Stop("a table delivered twice", _both, ("delivered more than once", "order_lines.csv and order_lines.parquet")),
    Stop(
        "gzip that was cut off",
        _written("order_lines.csv.gz", gzip.compress(HEADER + b"1,milk,2024-01-01,1,2\n" * 9000)[:-50]),
        ("order_lines.csv.gz was cut off or damaged",),
    ),
    Stop("gzip that is none", _written("order_lines.csv.gz", HEADER), ("order_lines.csv.gz is no gzip file",)),
    Stop("a header in Latin-1", _written("order_lines.csv", b"\xe9," + HEADER), ("order_lines.csv is not UTF-8",)),
    Stop(
        "a link that leads nowhere",
        lambda folder: (folder / "order_lines.parquet").symlink_to(folder / "nothing"),
        ("No raw table was found",),
    ),
    Stop("no table at all", _written("Order Lines.xlsx", b"PK"), ("No raw table was found", "Order Lines.xlsx")),
]
