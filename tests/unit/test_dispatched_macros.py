"""A macro with a form for each engine gives the same rows on DuckDB and on Spark."""

from __future__ import annotations

import csv
import datetime
import math
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
import pytest
import yaml

from upswing.privacy import spark_pads
from upswing.privacy.duckdb_plugin import Plugin
from upswing.privacy.pseudonyms import pseudonym

MACROS = Path(__file__).parents[2] / "macros"

# Forms that Spark still lacks. A name leaves the set when its spark__ form comes.
NOT_YET_PORTED: set[str] = set()

USED_MACROS = [
    "business_date", "joined_list", "json_record", "json_records", "json_type", "key_hash", "kilometres_between",
    "lesser_change", "list_element", "listed_names",
    "is_raw_integer", "is_raw_typed", "masked_email", "masked_name", "masked_phone", "masked_text", "matches_pattern",
    "nearest_monday", "ordered_list", "parsed_value", "pseudonym",
    "rejection_of", "run_date", "trimmed_text", "week_of", "words_of",
]  # fmt: skip


def macro_names(source: str) -> list[str]:
    """The macros that a file defines."""
    return re.findall(r"{%-?\s*macro\s+(\w+)\s*\(", source)


def dbt_macros(package: str) -> list[Path]:
    """The files of a dbt package that define what the project's macros call."""
    spec = find_spec(f"dbt.include.{package}")
    if spec is None or spec.origin is None:
        pytest.skip(f"dbt's package {package} is not installed")
    folder = Path(spec.origin).parent / "macros" / "utils"
    return [path for path in sorted(folder.glob("*.sql")) if path.stem in ("assert_not_null", "date_trunc", "dateadd")]


def called(function: str) -> str:
    """What the adapter's method of that name does."""
    module, _, name = function.partition(":")
    return str(getattr(import_module(module), name)())


class Rendering:
    """The project's macros as dbt renders them for one engine, without a warehouse."""

    def __init__(self, engine: str, **given_vars: object) -> None:
        self.engine = engine
        self.macros: dict[str, Callable[..., str]] = {}
        variables = {"business_time_zone": "UTC", "max_text_length": 100_000, **given_vars}
        self.environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        self.environment.globals |= {
            "adapter": SimpleNamespace(dispatch=self.dispatched, call_python=called),
            "dbt": self,
            "modules": SimpleNamespace(pytz=SimpleNamespace(timezone=ZoneInfo)),
            # In dbt it ends the macro as well; none that is used here goes on after it.
            "return": lambda value: value,
            "run_started_at": datetime.datetime(2024, 6, 30, 23, 30, tzinfo=datetime.UTC),
            "var": variables.__getitem__,
        }
        files = [*dbt_macros("global_project"), *dbt_macros(engine), *(MACROS / f"{name}.sql" for name in USED_MACROS)]
        sources = [path.read_text() for path in files]
        # Before any file is compiled: a macro may call one of a later file.
        self.environment.globals |= {name: self.late(name) for source in sources for name in macro_names(source)}
        for source in sources:
            module = self.environment.from_string(source).module
            self.macros |= {name: getattr(module, name) for name in macro_names(source)}

    def __getattr__(self, name: str) -> Callable[..., str]:
        return self.late(name)

    def late(self, name: str) -> Callable[..., str]:
        """The macro of that name, looked up when it is called."""

        def call(*positional: object, **named: object) -> Any:
            rendered = self.macros[name](*positional, **named)
            return {"True": True, "False": False}.get(rendered.strip(), rendered)

        return call

    def dispatched(self, name: str, _package: str) -> Callable[..., str]:
        """The engine's form of a macro, else the one for every engine."""
        return self.macros[f"{self.engine}__{name}" if f"{self.engine}__{name}" in self.macros else f"default__{name}"]


@cache
def rendering(engine: str, **given_vars: object) -> Rendering:
    """The macros for an engine, compiled once."""
    return Rendering(engine, **given_vars)


Rendered = Callable[[Rendering], str]


def comparable(value: Any) -> Any:
    """A value in the form in which both engines give it; NaN equals itself."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, list):
        return [comparable(element) for element in value]
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return {name: comparable(element) for name, element in value.items()}
    return value


class Engines:
    """A DuckDB and, where there is one, a Spark session with the same tables."""

    def __init__(self, session: Any = None) -> None:
        self.spark = session
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set TimeZone = 'UTC'")
        self.table_numbers = count()

    def table(self, columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> str:
        """The name of a new table, its columns by name and type (`string[]` is a list)."""
        name = f"rows_{next(self.table_numbers)}"
        types = ", ".join(f"{column} {data_type}" for column, data_type in columns.items())
        self.duckdb.execute(f"create table {name} ({types})")
        self.duckdb.executemany(f"insert into {name} values ({', '.join('?' for _ in columns)})", rows)
        if self.spark is not None:
            self.spark.createDataFrame(
                [tuple(row) for row in rows], re.sub(r"(\w+)\[\]", r"array<\1>", types)
            ).createOrReplaceTempView(name)
        return name

    def rows(self, query: Rendered, **given_vars: object) -> tuple[list[Any], list[Any]]:
        """The rows of a query on DuckDB, and those on Spark; without Spark the first ones twice."""
        on_duckdb = comparable([list(row) for row in self._on_duckdb(query, **given_vars)])
        if self.spark is None:
            return on_duckdb, on_duckdb
        on_spark = self.spark.sql(query(rendering("spark", **given_vars))).collect()
        return on_duckdb, comparable([list(row) for row in on_spark])

    def _on_duckdb(self, query: Rendered, **given_vars: object) -> list[tuple[Any, ...]]:
        return self.duckdb.execute(query(rendering("duckdb", **given_vars))).fetchall()

    def same_rows(self, query: Rendered, **given_vars: object) -> list[Any]:
        """The rows of a query, which are the same on both."""
        on_duckdb, on_spark = self.rows(query, **given_vars)
        assert on_spark == on_duckdb
        return on_duckdb

    def same_values(
        self, values: Sequence[object], data_type: str, expression: Rendered, **given_vars: object
    ) -> list[Any]:
        """What an expression of the column `x` gives for each value, which is the same on both."""
        table = self.table({"n": "int", "x": data_type}, list(enumerate(values)))
        rows = self.same_rows(lambda macros: f"select {expression(macros)} from {table} order by n", **given_vars)
        return [row[0] for row in rows]


@pytest.fixture(scope="session", params=["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def engines(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Engines]:
    """DuckDB alone, or both: Spark takes a second a query and is left out of the quick run."""
    if request.param == "duckdb":
        yield Engines()
        return
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    sql = pytest.importorskip("pyspark.sql", reason="Spark is an optional engine")
    settings = {
        # The queries are small: what counts is the start, and the compilers.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "OFF",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = sql.SparkSession.builder.master("local[1]").appName("upswing-tests")
        session = builder.config(map=settings).getOrCreate()
        yield Engines(session)
        session.stop()


AWKWARD_TEXTS = [
    None, "", " ", "plain", "it's", '"quoted"', "back\\slash", "\\n", "line\nbreak\r\n\ttab", "汉字\uff0c标点",
    "\u3000全角\u3000", "😀👩‍👩‍👧", "null", "a/b", "\x01\x1f\x7f", "</script>", "\u2028", "{{ x }}", "100%", "$1 \\1",
    "é",
]  # fmt: skip


def test_every_macro_has_a_form_for_spark() -> None:
    names = [name for path in MACROS.rglob("*.sql") for name in macro_names(path.read_text())]
    forms = {
        engine: {name.removeprefix(f"{engine}__") for name in names if name.startswith(f"{engine}__")}
        for engine in ("duckdb", "spark")
    }
    assert forms["duckdb"] - forms["spark"] == NOT_YET_PORTED


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_business_date(engines: Engines, zone: str) -> None:
    times = [
        None, "1900-01-01 00:00:00", "1970-01-01 00:00:00", "2024-03-10 04:59:59", "2024-03-31 22:30:00",
        "2024-06-30 15:59:59.999999", "2024-06-30 16:00:00", "2024-06-30 23:59:59", "2024-11-03 05:30:00",
        "2199-12-31 23:00:00",
    ]  # fmt: skip
    days = engines.same_values(
        times, "string", lambda macros: macros.business_date("cast(x as timestamp)"), business_time_zone=zone
    )
    if zone == "Asia/Shanghai":
        assert days[5:7] == [datetime.date(2024, 6, 30), datetime.date(2024, 7, 1)]


def test_run_date(engines: Engines) -> None:
    for zone, day in [("UTC", 30), ("America/New_York", 30)]:
        ((date,),) = engines.same_rows(lambda macros: f"select {macros.run_date()}", business_time_zone=zone)
        assert date == datetime.date(2024, 6, day)
    ((date,),) = engines.same_rows(lambda macros: f"select {macros.run_date()}", business_time_zone="Asia/Shanghai")
    assert date == datetime.date(2024, 7, 1)


def test_weeks(engines: Engines) -> None:
    first = datetime.date(1899, 12, 25)
    days = [None, *(first + datetime.timedelta(days=step) for step in [*range(15), 45_000, 45_001, 45_006, 109_000])]
    table = engines.table({"x": "date"}, [[day] for day in days])
    rows = engines.same_rows(
        lambda macros: (
            f"""
            select x, {macros.week_of("x")}, {macros.nearest_monday("x")} from {table} order by x nulls first
        """
        )
    )
    for day, week, nearest in rows[1:]:
        assert week == day - datetime.timedelta(days=day.weekday())
        assert nearest.weekday() == 0
        assert abs((nearest - day).days) <= 3


def test_kilometres_between(engines: Engines) -> None:
    table = engines.table(
        {"n": "int", "a": "double", "b": "double", "c": "double", "d": "double"},
        [
            (0, 52.52, 13.405, 48.137, 11.575), (1, 0.0, 0.0, 0.0, 180.0), (2, 90.0, 0.0, -90.0, 17.0),
            (3, 1.0, 1.0, 1.0, 1.0), (4, -33.9, 151.2, 39.9, 116.4), (5, 0.0, 179.999, 0.0, -179.999),
        ],
    )  # fmt: skip
    on_duckdb, on_spark = engines.rows(
        lambda macros: f"select {macros.kilometres_between('a', 'b', 'c', 'd')} from {table} order by n"
    )
    assert [row[0] for row in on_spark] == pytest.approx([row[0] for row in on_duckdb], rel=1e-12, abs=1e-9)
    assert on_duckdb[0][0] == pytest.approx(504.2, abs=0.5)


def test_key_hash_tells_keys_apart(engines: Engines) -> None:
    keys = [("a", "b"), ("b", "a"), ("a", None), (None, "a"), (None, None), ("a", "a"), ("", None), ("ab", "")]
    table = engines.table({"a": "string", "b": "string"}, [*keys, *keys])
    rows = engines.same_rows(
        lambda macros: (
            f"""
            select count(*), count(distinct a), max(a), max(b)
            from (select a, b, {macros.key_hash(["a", "b"])} as key_hash from {table}) as hashed
            group by key_hash
            order by max(a) nulls first, max(b) nulls first
        """
        )
    )
    assert len(rows) == len(keys)
    assert all(row[0] == 2 for row in rows)


def test_key_hash_of_one_value_and_of_several_types(engines: Engines) -> None:
    table = engines.table(
        {"a": "bigint", "b": "date", "c": "double"},
        [(1, None, 0.5), (1, None, 0.5), (2, datetime.date(2024, 6, 30), None), (None, None, None)],
    )
    counts = engines.same_rows(
        lambda macros: (
            "select "
            + ", ".join(f"count(distinct {macros.key_hash(columns)})" for columns in [["a"], ["a", "b", "c"], ["b"]])
            + f" from {table}"
        )
    )
    assert counts == [[3, 3, 2]]


def test_json_record(engines: Engines) -> None:
    rows = [(n, text, n if text else None) for n, text in enumerate(AWKWARD_TEXTS)]
    table = engines.table({"n": "int", "raw__x": "string", "raw__y": "bigint"}, rows)
    records = engines.same_rows(
        lambda macros: (
            f"""
            select {macros.json_record(["x", "y"], "raw__")}, {macros.json_record(["n"])} from {table} order by n
        """
        )
    )
    assert records[0] == ['{"x":null,"y":null}', '{"n":"0"}']
    assert records[4] == ['{"x":"it\'s","y":"4"}', '{"n":"4"}']


def test_json_records(engines: Engines) -> None:
    fields = {"split": "string", "metric": "string", "value": "double"}
    lists = [
        None, "[]", '[{"split": "a", "metric": "m", "value": 0.25}]',
        '[{"metric": "m", "value": 1, "more": {"x": [1]}}, {"value": null, "split": null}, {}]',
        '[{"split": "it\'s \\"quoted\\" \\\\ 汉字 😀 \\n", "metric": "\\u00e9", "value": -1e-3}]',
    ]  # fmt: skip
    table = engines.table({"n": "int", "x": "string"}, list(enumerate(lists)))
    rows = engines.same_rows(
        lambda macros: (
            f"""
            select n, records.split, records.metric, records.value
            from (select n, {macros.json_records("x", fields)} as records from {table}) as listed
            order by n, records.value nulls last, records.split, records.metric
        """
        )
    )
    assert [row[0] for row in rows] == [2, 3, 3, 3, 4]
    assert rows[1] == [3, None, "m", 1.0]
    assert rows[-1] == [4, 'it\'s "quoted" \\ 汉字 😀 \n', "é", -0.001]


def test_json_records_of_objects_in_objects(engines: Engines) -> None:
    fields = {"code": "string", "parameters": {"value": "double", "usual": "double"}}
    lists = ['[{"code": "a", "parameters": {"value": 2, "usual": 0.5, "weeks": 4}}, {"code": "b", "parameters": {}}]']
    table = engines.table({"x": "string"}, [(text,) for text in lists])
    rows = engines.same_rows(
        lambda macros: (
            f"""
            select found.code, found.parameters.value, found.parameters.usual
            from (select {macros.json_records("x", fields)} as found from {table}) as listed
            order by found.code
        """
        )
    )
    assert rows == [["a", 2.0, 0.5], ["b", None, None]]


def test_lesser_change(engines: Engines) -> None:
    pairs = [(0.3, 0.1), (-0.3, -0.1), (0.3, -0.1), (0.0, 0.5), (-0.5, 0.0), (None, 0.1), (0.1, None)]
    table = engines.table({"n": "int", "a": "double", "b": "double"}, [(n, *pair) for n, pair in enumerate(pairs)])
    rows = engines.same_rows(lambda macros: f"select {macros.lesser_change('a', 'b')} from {table} order by n")
    assert [row[0] for row in rows] == [0.1, -0.1, 0, 0, 0, None, None]


def reason(code: str, effect: float | None, value: float = 2, usual: float = 1) -> str:
    parameters = f'{{"value": {value}, "usual": {usual}}}'
    return f'{{"code": "{code}", "parameters": {parameters}, "effect": {"null" if effect is None else effect}}}'


@pytest.mark.parametrize(
    ("reasons", "wrong"),
    [
        ([(0.8, True, [reason("late", 0.1)]), (0.2, False, [reason("often", -0.1)])], 0),
        ([(0.8, True, [reason("late", 0.1), reason("often", -0.1)])], 2),
        ([(0.8, False, [reason("late", 0.1)]), (0.9, False, [reason("often", -0.1)])], 1),
        ([(0.8, True, [reason("often", -0.1)])], 1),
        ([(0.8, True, [reason("late", 0.1, value=1, usual=2)])], 1),
        ([(0.2, False, [reason("often", -0.1, value=1, usual=2)])], 1),
        ([(0.2, False, [reason("other", -0.1, value=1, usual=2)])], 0),
        ([(0.8, True, [reason("nothing", None)]), (0.9, True, None)], 0),
    ],
)
def test_reasons_that_point_the_wrong_way_are_found(
    engines: Engines, reasons: list[tuple[float, bool, list[str] | None]], wrong: int
) -> None:
    rows = [(number, risk, f"[{', '.join(codes)}]" if codes else None) for number, risk, codes in reasons]
    table = engines.table({"number": "double", "is_risk": "boolean", "codes": "string"}, rows)
    source = (MACROS.parent / "tests" / "generic" / "reasons_point_the_way.sql").read_text()
    source = source.replace("{% test ", "{% macro ").replace("endtest", "endmacro")

    def query(macros: Rendering) -> str:
        test = macros.environment.from_string(source).module
        natural = {"late": 1, "often": -1}
        found = test.reasons_point_the_way(table, "codes", "number", natural, "is_risk")  # type: ignore[attr-defined]
        return f"select code from ({found}) as found"

    assert len(engines.same_rows(query)) == wrong


def test_json_records_stops_at_what_is_no_json(engines: Engines) -> None:
    def query(engine: str) -> str:
        return "select " + rendering(engine).json_records("'[{'", {"split": "string"})

    with pytest.raises(duckdb.Error):
        engines.duckdb.execute(query("duckdb")).fetchall()
    if engines.spark is not None:
        with pytest.raises(Exception, match="MALFORMED"):
            engines.spark.sql(query("spark")).collect()


def test_ordered_list(engines: Engines) -> None:
    day = datetime.date(2024, 6, 30)
    table = engines.table(
        {"key": "string", "position": "int", "x": "double", "y": "string", "z": "date"},
        [
            ("a", 3, 3.0, "c", None), ("a", 1, math.nan, None, day), ("a", 2, None, "汉\n'", day),
            ("b", 7, None, None, None), ("a", 10, -0.5, "", day),
        ],
    )  # fmt: skip
    rows = engines.same_rows(
        lambda macros: (
            f"""
            select
                {macros.ordered_list("x", "position")} as x,
                {macros.ordered_list("coalesce(y, '-')", "position")} as y,
                {macros.ordered_list("z", "position")} as z,
                {macros.ordered_list("y", "-position")} as w
            from {table}
            group by key
            order by key
        """
        )
    )
    assert rows[0][:2] == [["NaN", None, 3.0, -0.5], ["-", "汉\n'", "c", ""]]
    assert rows[0][2:] == [[day, day, None, day], ["", "c", "汉\n'", None]]
    assert rows[1] == [[None], ["-"], [None], [None]]


def test_list_element(engines: Engines) -> None:
    rows = [(0, [1.5, None, 2.5]), (1, []), (2, None)]
    table = engines.table({"n": "int", "x": "double[]"}, rows)
    positions = ["1", "2", "3", "4", "0", "-1", "cast(n + 1 as bigint)", "cast(null as int)"]
    found = engines.same_rows(
        lambda macros: (
            "select "
            + ", ".join(macros.list_element("x", position) for position in positions)
            + f" from {table} order by n"
        )
    )
    assert found == [[1.5, None, 2.5, None, None, 2.5, 1.5, None], [None] * 8, [None] * 8]


def test_joined_list(engines: Engines) -> None:
    lists = [None, [], ["a"], ["a", "b"], ["a", None, "b"], ["", ""], ["it's", '"\\', "汉字 😀\n"]]
    separators = [" ", "", "; ", "\\", "\\n", "汉"]
    table = engines.table({"n": "int", "x": "string[]"}, list(enumerate(lists)))
    joined = engines.same_rows(
        lambda macros: (
            f"select {', '.join(macros.joined_list('x', text) for text in separators)} from {table} order by n"
        )
    )
    assert joined[:3] == [[None] * 6, [""] * 6, ["a"] * 6]
    assert joined[3] == [f"a{separator}b" for separator in separators]


def test_pseudonym(engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bytes(range(32))
    monkeypatch.setenv("UPSWING_KEYS", str(tmp_path))
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", key.hex())
    if engines.spark is not None:
        spark_pads.prepare(engines.spark)
        engines.spark.upswing_lock.release()
    Plugin("pseudonyms", {}).configure_connection(engines.duckdb)
    identities = ["529", "客户 7", "x" * 300, "", None]
    by_sql = engines.same_values(identities, "string", lambda macros: macros.pseudonym("x"))
    assert by_sql == [None if identity is None else pseudonym(key, identity) for identity in identities]


def test_a_connection_without_the_key_reads_no_pseudonym() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException, match="upswing_pseudonym"):
        connection.execute(f"select {rendering('duckdb').pseudonym('x')} from (values ('529')) as rows (x)").fetchall()


def test_the_masks_of_a_raw_table_fit_into_a_view_of_a_derby_catalog() -> None:
    sources = yaml.safe_load((MACROS.parent / "models/staging/raw/_raw__sources.yml").read_text())["sources"]
    tables = next(source["tables"] for source in sources if source["name"] == "raw")
    masked = max(
        sum(column.get("config", {}).get("meta", {}).get("pii") in ("text", "query") for column in table["columns"])
        for table in tables
    )
    assert masked > 1
    assert masked * len(rendering("spark").masked_text("a_column_of_text")) < 28_000, "32,700 with all other columns"


def test_masked_text(engines: Engines) -> None:
    texts = [
        *AWKWARD_TEXTS, "mail an.na+x@mail.example-shop.co.uk, or bob@x.org.", "a@b",
        "call +49 (30) 1234-5678 or 0086 13812345678", "手机13812345678\uff0c身份证11010119900307123X。",
        "(555) 123-4567",
        "555.123.4567", "(030) 12 34 56", "06 12 34 56 78", "order AB-12345 #1234567 no_123456 12345",
        "2024-06-30, 12.50 EUR, 1234567890.5", "ABC-12 X/123 ABCDEFG-1234", "x@" + "a." * 100 + "com", "1" * 400,
        "[email] {1} \\. \\+49", "a.b@c.de\nf@g.hi",
    ]  # fmt: skip
    masked = engines.same_values(texts, "string", lambda macros: macros.masked_text("x"))
    assert masked[len(AWKWARD_TEXTS) : len(AWKWARD_TEXTS) + 4] == [
        "mail [email], or [email].", "a@b", "call [phone] or [phone]", "手机[phone]\uff0c身份证[id]。",
    ]  # fmt: skip
    assert masked[: len(AWKWARD_TEXTS)] == AWKWARD_TEXTS


def test_what_the_text_model_reads_is_not_masked(engines: Engines) -> None:
    kept = [
        "signs on 2017-05-12, at 10:30", "12.05.2017, or 5/12/2017", "a budget of 250,000 for 1200 units",
        "1,250,000.00", "decides in Q3-2017", "80 % in 2018",
    ]  # fmt: skip
    masked = engines.same_values([*kept, "call 01 23 45 67 89"], "string", lambda macros: macros.masked_text("x"))
    assert masked == [*kept, "call [phone]"]


def test_names_in_texts_are_masked(engines: Engines) -> None:
    texts = [
        "Mr. Smith and mrs jones met Prof. Dr. Hans von Müller.", "Regards,\nJane Doe",
        "met with John O'Brien on Monday", "Anna, Ben and Stefan Weber came", "Zhang Wei agreed", "MS Word", "", None,
        "和王经理谈了, 李先生说好, 周总结, 区域经理不在", "联系人: 欧阳娜娜, 刘总说", "张志远说价格可以",
    ]  # fmt: skip
    masked = engines.same_values(texts, "string", lambda macros: macros.masked_text("x"))
    assert masked[0] == "Mr. [name] and mrs [name] met Prof. Dr. [name]."
    assert masked[3] == "[name], [name] and [name] came"
    assert masked[8] == "和[name]经理谈了, [name]先生说好, 周总结, 区域经理不在"


def test_masked_identities(engines: Engines) -> None:
    texts = [*AWKWARD_TEXTS, "John Smith", " zoë", "王小明", "jo@example.com", "@", "+49 (30) 123 45 67", "12345"]
    names = engines.same_values(texts, "string", lambda macros: macros.masked_name("x"))
    assert names[-7:] == ["J***", "z***", "***", "j***", "***", "***", "***"]
    emails = engines.same_values(texts, "string", lambda macros: macros.masked_email("x"))
    assert emails[-4:-2] == ["j***@***", "***"]
    phones = engines.same_values(texts, "string", lambda macros: macros.masked_phone("x"))
    assert phones[-2:] == ["***67", "***"]
    assert [masked[:3] for masked in (names, emails, phones)] == [[None, "", ""]] * 3


def test_masked_text_of_what_never_ends(engines: Engines) -> None:
    """A regular expression that calls itself for each part of the domain would end Spark."""
    texts = ["x@" + "a." * 10_000, "." * 5_000 + "@" * 5_000, "abc." * 5_000]
    assert engines.same_values(texts, "string", lambda macros: macros.masked_text("x")) == texts


def test_matches_pattern(engines: Engines) -> None:
    with (MACROS.parent / "seeds" / "non_merchandise.csv").open(encoding="utf-8") as seed:
        rules = [rule["value"] for rule in csv.DictReader(seed) if rule["match"] == "matches"]
    texts = ["postage", "coffee", "booking fee", "gift card £25.00", "test product 12", "补邮费差价", "92号汽油"]
    texts.append("免运费 男士衬衫")
    table = engines.table({"x": "string", "p": "string"}, [[text, rule] for text in texts for rule in rules])
    found = engines.same_rows(
        lambda macros: f"select x, p, {macros.matches_pattern('x', 'p')} as found from {table} order by x, p"
    )
    assert {text for text, _, is_found in found if is_found} == set(texts) - {"coffee", "免运费 男士衬衫"}


def test_words_of(engines: Engines) -> None:
    texts = ["X-mas: e-Gift   Card", "  a_b  ", "(Fee)", "运费 10 元", ""]
    words = engines.same_values(texts, "string", lambda macros: macros.words_of("x"))
    assert words == [" x mas e gift card ", " a b ", " fee ", " 运费 10 元 ", " "]


def test_trimmed_text(engines: Engines) -> None:
    texts = [*AWKWARD_TEXTS, "\u00a0a\u2003", "\ta\n", "\u200ba", "\ufeffa", " \u3000 ", "\u1680\u202f\u205fa b\u2009"]
    trimmed = engines.same_values(texts, "string", lambda macros: macros.trimmed_text("x"))
    assert trimmed[10] == "全角"


NUMBER_TEXTS = [
    "0", "1", " 1 ", "\t1\n", "+1", "-0", "1.0", "1.", ".5", "1e3", "1E+3", "1.5e1", "1e400", "1e-400", "0.1", "1.5",
    "-2.5", "1_000", "1_000.5", "_1", "1_", "1__0", "1,000", "0x1A", "0x1p3", "1d", "1.5F", "1.d", "1L",
    "\uff11\uff12", "NaN", "nan", "Infinity", "-Infinity", "inf", "+inf", "INF", "infinit", "", "  ", "null",
    "-", ".", "e3", "1e", "1 2", "--1", "1%", "2147483647", "2147483648", "-2147483648", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e18", "1e19", "\u00a01", "00012",
    "2024-06-30", "true", "0b11", "12345678901234567890123",
]  # fmt: skip

BOOLEAN_TEXTS = [
    "true", "True", "TRUE", "t", "T", "yes", "YES", "y", "on", "off", "no", "n", "f", "false", "0", "1", "2", "-1",
    "1.0", " true ", " 1 ", "true\n", "", " ", "null", "tru", "1e0", "wahr", "是",
]  # fmt: skip

DAY_TEXTS = [
    "2024-06-30", "2024-06-31", "2024-6-3", "2024/6/3", "2024 06 30", "2024\\06\\30", "2024-06/30", "20240630",
    "2024-06", "2024", "24-06-30", "924-06-30", "0024-06-30", "2024-02-29", "2023-02-29",
    "9999-12-31", "2024-06-030", "2024-006-30", "30.06.2024", "06/30/2024", " 2024-06-30",
    "2024-06-30 ", "\n2024-06-30", "2024-06-30\n", "\u30002024-06-30", "2024-06-30x", "2024-06-30 xyz", "2024-06-30Z",
    "2024-06-30T", "2024-06-30+02:00", "2024-06-30 10", "2024-06-30 10:00", "2024-06-30 10:00:", "2024-06-30 1:2:3",
    "2024-06-30T10:00:00", "2024-06-30t10:00:00", "2024-06-30 10:00:00.5", "2024-06-30 10:00:00.123456789",
    "2024-06-30 10:00:00.", "2024-06-30 10:00:00,5", "2024-06-30  10:00:00", "2024-06-30T 10:00:00",
    "2024-06-30\t10:00:00", "2024-06-30 010:00:00", "2024-06-30 23:59:60", "2024-06-30 25:00:00",
    "2024-06-30 24:00:01", "2024-06-30 10:60:00", "2024-06-30 10:00:00  ", "2024-06-30 10:00:00\n",
    "2024-06-30 10:00:00+02:00", "2024-06-30 10:00:00+02", "2024-06-30 10:00:00+0200", "2024-06-30 10:00:00-05:30",
    "2024-06-30 10:00:00 +02:00", "2024-06-30T10:00:00.000+00:00", "2024-06-30T10:00:00Z", "2024-06-30T10:00:00z",
    "2024-06-30 10:00:00 UTC", "2024-06-30 10:00:00 utc", "2024-06-30 10:00:00UTC", "2024-06-30 10:00:00 GMT",
    "2024-06-30 10:00:00 Europe/Berlin", "2024-06-30 10:00:00 CET", "2024-06-30 10:00Z", "2024-06-30 10:00+02:00",
    "2024-06-30 10:00:00 PM", "10:00:00", "T10:00", "now", "today", "", " ", "null", "1", "1.5",
]  # fmt: skip


@pytest.mark.parametrize(
    ("data_type", "texts"),
    [
        ("string", NUMBER_TEXTS), ("double", NUMBER_TEXTS), ("bigint", NUMBER_TEXTS), ("int", NUMBER_TEXTS),
        ("boolean", BOOLEAN_TEXTS), ("date", DAY_TEXTS), ("timestamp", DAY_TEXTS),
    ],
)  # fmt: skip
def test_parsed_value_of_text(engines: Engines, data_type: str, texts: list[str]) -> None:
    column = {"name": "x", "data_type": data_type}
    table = engines.table({"n": "int", "x": "string"}, list(enumerate([*texts, *AWKWARD_TEXTS])))

    def query(macros: Rendering) -> str:
        value = macros.parsed_value(column, "x")
        # Python has no days before the year 1 or after 9999, and Spark writes the later ones with a sign.
        if data_type in ("date", "timestamp"):
            value = f"replace(cast({value} as string), '+', '')"
        return f"select x, {value} from {table} order by n"

    values = {text: value for text, value in engines.same_rows(query)}
    for text, value in WANTED[data_type].items():
        assert values[text] == value


WANTED: dict[str, dict[str | None, object]] = {
    "string": {" 1 ": "1", "": None, None: None, "\u3000全角\u3000": "全角", "1.0": "1.0"},
    "double": {" 1 ": 1.0, "1e3": 1000.0, "NaN": "NaN", "Infinity": math.inf, "1d": None, "1,000": None, "": None},
    "bigint": {"1.0": 1, "1e3": 1000, "1.5": None, "NaN": None, "9223372036854775808": None, "1e18": 10**18},
    "int": {"1.0": 1, "2147483648": None, "-2147483648": -(2**31), "Infinity": None},
    "boolean": {"t": True, "yes": True, "1": True, "0": False, " true ": None, "": None},
    "date": {"2024-06-31": None, "2024-06-30T10:00:00": "2024-06-30", "2024/6/3": "2024-06-03"},
    "timestamp": {
        "2024-06-30": "2024-06-30 00:00:00", "2024-06-30T10:00:00": "2024-06-30 10:00:00",
        # The distance to UTC is passed over, not taken off.
        "2024-06-30 10:00:00+02:00": "2024-06-30 08:00:00", "2024-06-30 10:00:00 CET": None, "2024": None,
    },
}  # fmt: skip


def test_parsed_value_of_typed_columns(engines: Engines) -> None:
    day = datetime.date(2024, 6, 30)
    table = engines.table(
        {"n": "int", "a": "double", "b": "int", "c": "boolean", "d": "date"},
        [
            (0, 1.0, 1, True, day),
            (1, 0.0, 0, False, None),
            (2, math.nan, 2, None, datetime.date(1899, 12, 31)),
            (3, 1.5, None, None, None),
            (4, 1e20, -1, None, None),
            (5, None, 20240630, None, None),
        ],
    )
    expressions = {
        "a": ["double", "bigint", "int", "boolean", "date", "timestamp"],
        "b": ["double", "bigint", "boolean", "date", "string"],
        "c": ["boolean", "string", "date"],
        "d": ["date", "timestamp", "string", "double", "boolean"],
        "cast('2024-06-30 10:00:00.25' as timestamp)": ["date", "timestamp", "string", "double", "boolean"],
        "cast(n * 0.5 as decimal(10, 2))": ["double", "bigint", "boolean", "string", "timestamp"],
    }
    engines.same_rows(
        lambda macros: (
            "select "
            + ", ".join(
                macros.parsed_value({"name": "x", "data_type": data_type}, expression)
                for expression, data_types in expressions.items()
                for data_type in data_types
            )
            + f" from {table} order by n"
        )
    )


def test_parsed_value_of_integers(engines: Engines) -> None:
    table = engines.table({"x": "bigint"}, [[None], [0], [7], [-1], [2**31], [2**62]])
    columns = [
        {"name": "x", "data_type": data_type, "raw_type": "bigint"}
        for data_type in ["string", "int", "bigint", "double", "boolean"]
    ]
    values = engines.same_rows(
        lambda macros: (
            f"select {', '.join(macros.parsed_value(column, 'x') for column in columns)}"
            f" from {table} order by x nulls first"
        )
    )
    assert values[0] == [None] * 5
    assert values[-1] == [str(2**62), None, 2**62, float(2**62), True]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ({"data_type": "double", "required": True, "minimum": 0, "maximum": 100}, NUMBER_TEXTS),
        ({"data_type": "int", "minimum": 1}, NUMBER_TEXTS),
        ({"data_type": "date", "required": True, "plan": True}, DAY_TEXTS),
        ({"data_type": "timestamp", "plan": True}, DAY_TEXTS),
        ({"data_type": "boolean", "required": True}, BOOLEAN_TEXTS),
        ({"data_type": "string", "required": True, "accepted_values": ["true", "yes"]}, BOOLEAN_TEXTS),
        ({"data_type": "string", "lower_case": True, "accepted_values": ["true", "yes"]}, BOOLEAN_TEXTS),
    ],
)
def test_rejection_of(engines: Engines, column: dict[str, object], texts: list[str]) -> None:
    contract = {"name": "a", "minimum": None, "maximum": None, "first_year": 1900, **column}
    table = engines.table({"n": "int", "x": "string"}, list(enumerate([*texts, None])))
    reasons = engines.same_rows(
        lambda macros: (
            f"""
            select x, nullif(concat_ws('; ', {macros.rejection_of(contract, "x")}), '')
            from (select n, x, {macros.parsed_value(contract, "x")} as a from {table}) as parsed
            order by n
        """
        )
    )
    assert [reason for _text, reason in reasons if reason is None]
    assert [reason for _text, reason in reasons if reason is not None]
