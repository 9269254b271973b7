"""What the pages stand on: reading the published marts, files of rows, filters in the address, colours."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tomllib
from csv import reader
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import altair as alt
import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from streamlit.testing.v1 import AppTest

from upswing.interface import figures, theme
from upswing.interface.dashboard import ICONS
from upswing.interface.frame import as_csv, spoken_values
from upswing.interface.marts import Marts
from upswing.interface.words import LANGUAGES, ROOMS, Words, spoken_reasons
from upswing.user_errors import UserError

BLINDNESS = {
    "nothing": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""How linear sRGB looks to those who see none of a colour: Machado, Oliveira and Fernandes, "A Physiologically-based
Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (6), 2009, table for severity 1.0."""


def publish(file: Path, sql: str) -> None:
    """Put a new file of marts in the place of the old one, as a build does."""
    fresh = file.with_suffix(".tmp")
    with duckdb.connect(str(fresh)) as connection:
        connection.execute(sql)
    fresh.replace(file)


@pytest.fixture
def marts(tmp_path: Path) -> Marts:
    """One small mart."""
    publish(tmp_path / "marts.duckdb", "create table fruits as select 'apple' as fruit, 3 as pieces")
    return Marts(tmp_path / "marts.duckdb")


def test_the_folder_of_the_warehouse_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", "elsewhere")
    assert Marts.of_warehouse().file == Path("elsewhere/marts.duckdb")
    monkeypatch.delenv("UPSWING_WAREHOUSE")
    assert Marts.of_warehouse().file == Path("warehouse/marts.duckdb")


def test_parameters_are_values_and_never_sql(marts: Marts) -> None:
    found = marts.table("select * from fruits where fruit = $fruit", fruit="apple' or ''='")
    assert found.num_rows == 0
    assert found.column_names == ["fruit", "pieces"]


def test_nothing_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Nothing is published at .*marts.duckdb: run `make build`"):
        Marts(tmp_path / "marts.duckdb").table("select 1")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Nothing is published"):
        Marts(tmp_path / "file" / "marts.duckdb").table("select 1")


@pytest.mark.parametrize("sql", ["select * from vegetables", "select colour from fruits"])
def test_marts_of_another_version_are_told(marts: Marts, sql: str) -> None:
    with pytest.raises(UserError, match="published by another version of Upswing"):
        marts.table(sql)


def test_a_path_may_hold_a_quote(tmp_path: Path) -> None:
    file = tmp_path / "it's mine" / "marts.duckdb"
    file.parent.mkdir()
    publish(file, "create table fruits as select 'pear' as fruit")
    assert Marts(file).table("select * from fruits").to_pylist() == [{"fruit": "pear"}]


def test_the_marts_cannot_be_written(marts: Marts) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        marts.table("delete from fruits")


def test_the_next_query_sees_what_was_published(marts: Marts) -> None:
    before = marts.version
    assert marts.table("select pieces from fruits").to_pylist() == [{"pieces": 3}]
    publish(marts.file, "create table fruits as select 'apple' as fruit, 4 as pieces")
    assert marts.version != before
    assert marts.table("select pieces from fruits").to_pylist() == [{"pieces": 4}]


def test_another_process_may_write_the_file_that_was_read(marts: Marts) -> None:
    marts.table("select * from fruits")
    write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('update fruits set pieces = 5')"
    subprocess.run([sys.executable, "-c", write, str(marts.file)], check=True)
    assert marts.table("select pieces from fruits").to_pylist() == [{"pieces": 5}]


def test_a_csv_holds_what_the_mart_holds() -> None:
    data = pa.table(
        {
            "product_id": ["007", "8", None],
            "product_name": ['say "cheese", please', "line\nbreak", "牛奶"],
            "share": [0.1 + 0.2, None, 1e-9],
            "day": pa.array([date(2017, 12, 31), None, date(1, 1, 1)], pa.date32()),
            "at": pa.array([datetime(2017, 12, 31, 23, 59, 59), None, datetime(2018, 1, 1)], pa.timestamp("us")),
            "is_new": [True, None, False],
        }
    )
    written = as_csv(data)
    assert written.startswith(b"\xef\xbb\xbf")
    kinds = csv.ConvertOptions(column_types=data.schema, strings_can_be_null=True, quoted_strings_can_be_null=False)
    lines = csv.ParseOptions(newlines_in_values=True)
    assert csv.read_csv(pa.BufferReader(written), convert_options=kinds, parse_options=lines).equals(data)


def test_no_text_of_a_file_is_a_formula_and_numbers_stay() -> None:
    data = pa.table(
        {"=name": ["=1+1", "+1+1", " -1+1", "@x", "\t=1", "-1.5", "- x", "tea", None], "amount": [-1.5] * 9}
    )
    written = as_csv(data).decode("utf-8-sig")
    header, *rows = reader(StringIO(written))
    assert header == ["'=name", "amount"]
    assert [name for name, _ in rows] == ["'=1+1", "'+1+1", "' -1+1", "'@x", "'\t=1", "-1.5", "'- x", "tea", ""]
    assert {amount for _, amount in rows} == {"-1.5"}


def test_streamlit_offers_no_download_of_its_own() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
    assert settings["client"]["disableDataExport"] is True


def test_values_are_spoken_in_words_and_other_texts_stand() -> None:
    data = pa.table({"finding_kind": ["gate", None, "new kind"], "finding": ["gate", "b", "c"], "amount": [1, 2, 3]})
    spoken = spoken_values(data, Words("zh", "today"))
    assert spoken["finding_kind"].to_pylist() == ["闸门", None, "new kind"]
    assert spoken.drop_columns("finding_kind").equals(data.drop_columns("finding_kind"))


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (figures.count(12345.6), "12,346"),
        (figures.count(0), "0"),
        (figures.count(None), "-"),
        (figures.amount(12345.6), "12,345.60"),
        (figures.amount(0.25, 1), "0.2"),
        (figures.percent(0.1234), "12 %"),
        (figures.percent(0.1234, 1), "12.3 %"),
        (figures.percent(None), "-"),
        (figures.day(date(2017, 1, 2)), "2017-01-02"),
        (figures.day(None), "-"),
    ],
)
def test_figures_as_text(told: str, text: str) -> None:
    assert told == text


def a_page(language: str, rows: int) -> None:
    """A page with a table and a chart of the same rows."""
    import altair as alt
    import pyarrow as pa

    from upswing.interface import theme
    from upswing.interface.frame import Page
    from upswing.interface.marts import Marts
    from upswing.interface.words import Words

    page = Page(Marts.of_warehouse(), Words(language, "today"))
    kinds = ["anomaly", "build", "gate"]
    data = pa.table({"finding_kind": pa.array(kinds[:rows], pa.string()), "amount": pa.array([1, 2, 3][:rows])})
    page.table("what_broke", data)

    def draw(found: pa.Table, words: Words) -> alt.Chart:
        bars = alt.Chart(alt.InlineData(values=found.to_pylist())).mark_bar()
        drawn: alt.Chart = theme.finished(bars.encode(x=alt.X("amount:Q", title=words.column("amount"))), "Bars.")
        return drawn

    page.chart("what_to_push", draw, data)


@pytest.mark.parametrize(("language", "empty", "kind"), [("en", "Nothing broke", "Gate"), ("zh", "一切正常", "闸门")])
def test_a_table_is_shown_in_words_or_its_absence_is(language: str, empty: str, kind: str) -> None:
    full = AppTest.from_function(a_page, args=(language, 3)).run()
    assert not full.exception
    assert not full.info
    assert full.dataframe[0].value["finding_kind"].to_list()[2] == kind
    none = AppTest.from_function(a_page, args=(language, 0)).run()
    assert not none.exception
    assert not none.dataframe
    assert none.info[0].value.startswith(empty)


def filters(levels: list[str]) -> None:
    """A page of two parts with a filter each, and a switch of the language."""
    import streamlit as st

    from upswing.interface.dashboard import chosen_language
    from upswing.interface.frame import Page
    from upswing.interface.marts import Marts
    from upswing.interface.words import Words

    page = Page(Marts.of_warehouse(), Words(chosen_language(), "customers"))

    def segments(page: Page) -> None:
        st.text(f"segments {page.choose_any('risk_segment', 'segment_name', ['a', 'b'])}")

    def customer(page: Page) -> None:
        st.text(f"level {page.choose('rule_level', levels, labels={'product': 'of a product'})}")

    page.parts("part", {"segments": segments, "customer": customer})


def asked(levels: tuple[str, ...] = ("category", "product"), **address: str) -> AppTest:
    """The page of ``filters`` as an address opens it."""
    page = AppTest.from_function(filters, args=(list(levels),))
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def address(page: AppTest) -> dict[str, str]:
    """What stands in the address of a page."""
    return {name: str(page.query_params[name]) for name in page.query_params}


def test_the_address_says_what_is_shown() -> None:
    assert asked().text[0].value == "segments None"
    assert asked(risk_segment="b").text[0].value == "segments b"
    assert asked(part="customer").text[0].value == "level category"
    page = asked(part="customer", rule_level="product", language="zh")
    assert page.text[0].value == "level product"
    assert page.selectbox[0].label == Words("zh", "customers")("rule_level.filter")


def test_what_is_unknown_in_the_address_is_passed_over() -> None:
    page = asked(part="no such part", risk_segment="no such segment", language="xx")
    assert page.text[0].value == "segments None"
    assert not page.query_params
    assert asked((), part="customer").text[0].value == "level None"


def test_what_is_chosen_stands_in_the_address_and_outlives_the_language() -> None:
    page = asked()
    page.selectbox[0].select("b").run()
    assert address(page) == {"risk_segment": "b"}
    page.session_state["language"] = "zh"
    page.run()
    assert page.text[0].value == "segments b"
    assert address(page) == {"risk_segment": "b", "language": "zh"}
    page.selectbox[0].select("").run()
    assert page.text[0].value == "segments None"
    assert address(page) == {"language": "zh"}


def test_every_page_has_an_icon_and_each_language_its_name() -> None:
    assert set(ICONS) == set(ROOMS)
    assert LANGUAGES == {"en": "English", "zh": "中文"}


def linear(colour: str) -> Any:
    """Linear sRGB from 0 to 1."""
    share = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast_on_white(colour: str) -> float:
    """As WCAG 2 reckons it."""
    return float(1.05 / (np.array([0.2126, 0.7152, 0.0722]) @ linear(colour) + 0.05))


def lab(colour: Any) -> Any:
    """CIE L*a*b* of linear sRGB under D65."""
    of_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750]])
    xyz = np.vstack([of_xyz, [0.0193339, 0.1191920, 0.9503041]]) @ np.clip(colour, 0, 1)
    x, y, z = np.cbrt(xyz / [0.95047, 1.0, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def least_difference(colours: list[str], blindness: str) -> float:
    """The least distance (CIE 1976) of any two of the colours; about 2 is just seen side by side."""
    seen = [lab(np.array(BLINDNESS[blindness]) @ linear(colour)) for colour in colours]
    return min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))


@pytest.mark.parametrize("colour", theme.COLOURS)
def test_a_colour_stands_out_from_white(colour: str) -> None:
    assert contrast_on_white(colour) >= 3


def test_grey_can_be_read_on_white() -> None:
    assert contrast_on_white(theme.GREY) >= 4.5


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_colour_blind_tell_colours_apart(blindness: str) -> None:
    assert least_difference(theme.COLOURS, blindness) >= 20


def test_no_two_categories_differ_by_colour_alone() -> None:
    assert len(set(theme.SHAPES)) == len(theme.SHAPES) == len(theme.COLOURS)


def test_a_picture_is_a_file_of_the_chart() -> None:
    bars = alt.Chart(alt.InlineData(values=[{"amount": 1}])).mark_bar().encode(x="amount:Q")
    chart = theme.finished(bars, "One bar.")
    assert theme.picture(chart, "png").startswith(b"\x89PNG")
    drawn = theme.picture(chart, "svg", width=300).decode()
    assert "<svg" in drawn
    assert chart.to_dict()["width"] == "container"
    assert chart.to_dict()["description"] == "One bar."


def test_reasons_are_told_in_the_language_of_the_page() -> None:
    codes = '[{"code": "no_purchase", "parameters": {}, "effect": -0.05}]'
    data = pa.table(
        {"churn_reasons": ["no purchase yet", "said by hand", None], "churn_reason_codes": [codes, None, None]}
    )
    chinese = spoken_reasons(data, Words("zh", "customers"))
    assert chinese.to_pydict() == {
        "churn_reasons": [
            "还没有购买过\N{FULLWIDTH LEFT PARENTHESIS}拉低 5 个百分点\N{FULLWIDTH RIGHT PARENTHESIS}",
            "said by hand",
            None,
        ]
    }
    english = spoken_reasons(data, Words("en", "customers"))
    assert english["churn_reasons"][0].as_py() == "no purchase yet (lowers it by 5 points)"


def test_a_table_without_codes_stays_as_it_is() -> None:
    data = pa.table({"churn_reasons": ["no purchase yet"], "customer_id": ["a"]})
    assert spoken_reasons(data, Words("zh", "customers")) == data
