"""The week in review: sentences from rows, and files that hold whatever the data say."""

import json
import re
import string
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typst
from click.testing import CliRunner

from unit.contracts import published
from upswing.cli import main
from upswing.interface.marts import Marts
from upswing.interface.report import files, rules
from upswing.interface.report.answers import sales_of_the_week, stock_in_figures, windows_ahead
from upswing.interface.report.document import LONGEST_CAPTION, Grid, Picture, Report, Section
from upswing.interface.report.sections import named_apart, week_in_review
from upswing.interface.words import LANGUAGES, Words, spoken

EN = Words("en", "report")
NASTY = '<b>&amp; "é" #panic("x") $x$ *y* _z_ @ref [q] \\ `c` // /* = - + ~ {{ 1 }} <label>'
MONDAY = date(2024, 1, 8)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 20"><text y="15" font-family="Nowhere">Tea</text></svg>'


@pytest.fixture(scope="module")
def no_rows(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return published(tmp_path_factory.mktemp("no_rows"))


def a_report(language: str = "en", told: str = NASTY) -> Report:
    section = Section(
        "push",
        told,
        [told, told],
        Picture(SVG, told),
        [Grid(told, [told, "n"], [[told, "1"], ["Tea", "2"]], [False, True])],
        [told],
    )
    return Report(language, told, told, MONDAY, datetime(2024, 1, 9, 4, 5, 6, 789), [(told, "1")], [section], [told])


@pytest.fixture
def _made_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes a small report without asking the marts."""
    monkeypatch.setattr(
        "upswing.interface.report.sections.week_in_review", lambda _marts, language: a_report(language, "Tea")
    )


def test_languages_say_the_same_things() -> None:
    english, chinese = (spoken("report", language) for language in LANGUAGES)
    assert list(english) == list(chinese)
    for key, text in english.items():
        if isinstance(text, str):
            fields = [
                {name for _, name, _, _ in string.Formatter().parse(words[key]) if name} for words in (english, chinese)
            ]
            # Where a language has one form for one and many, it may leave the number out.
            assert fields[0] - {"n"} == fields[1] - {"n"}, key
        else:
            assert json.dumps(text).count(":") == json.dumps(chinese[key]).count(":")


@pytest.mark.parametrize(
    "key", sorted({key.rsplit(".", 1)[0] for key in spoken("report", "en") if key.endswith(".many")})
)
def test_whatever_is_counted_has_all_three_forms(key: str) -> None:
    assert all(EN.has(f"{key}.{form}") for form in ("none", "one", "many"))


@pytest.mark.parametrize(("number", "form"), [(0, "none"), (1, "one"), (2, "many"), (12345, "many")])
def test_counts_choose_their_form(number: int, form: str) -> None:
    text = rules.counted(EN, "visit", number)
    assert text == EN(f"visit.{form}", n=f"{number:,}")
    assert number == 0 or f"{number:,}" in text


@pytest.mark.parametrize(
    ("now", "before", "direction", "change"),
    [
        (110, 100, "more", "10.0 %"),
        (90, 100, "less", "10.0 %"),
        (100.04, 100, "same", None),
        (0, 100, "less", "100.0 %"),
    ],
)
def test_changes_are_told_by_their_direction(now: float, before: float, direction: str, change: str | None) -> None:
    (text,) = rules.compared(EN, "week.before", now, before)
    assert text == EN(f"week.before.{direction}", change=change, before="100")
    assert change is None or change in text


@pytest.mark.parametrize(("now", "before"), [(10, 0), (10, None), (10, -5)])
def test_nothing_is_compared_with_a_week_of_no_sales(now: float, before: float | None) -> None:
    assert rules.compared(EN, "week.before", now, before) == []


def test_nothing_to_tell_is_told() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("windows", "pushes", "campaigns", "stocks", "customers", "active_customers"), 0
    ) | {"weeks": 4, "days": 14, "last_week": None, "conversions": None}
    assert rules.week([], EN) == [EN("week.none")]
    assert rules.surged([], EN) == [EN("surged.none")]
    assert rules.push([], 5, 0, nothing, EN) == [EN("push.none")]
    assert rules.visit([], 0, None, EN) == [EN("visit.none")]
    assert rules.keep([], 5, 0, None, EN) == [EN("keep.none")]
    assert rules.segments(nothing, EN) == [EN("segments.none")]
    assert rules.ahead([], EN) == [EN("ahead.none")]
    assert rules.anomalies([], [nothing], EN) == [EN("anomalies.none")]
    assert rules.stock(nothing, EN) == [EN("stock.not_counted")]
    assert rules.marketing(nothing, nothing, [], EN) == [EN("marketing.pushes.none"), EN("marketing.campaigns.none")]
    assert rules.experiments([], EN)[0] == EN("experiments.none")
    assert rules.promises([], [], EN)[0] == EN("promises.no_model")
    assert rules.quality([], [], [], [], EN)[0] == EN("quality.no_gates")


def test_what_nobody_looked_at_is_not_told_as_all_is_well() -> None:
    assert rules.push([], 0, 0, {}, EN) == [EN("push.no_cycle")]
    assert rules.keep([], 0, 0, None, EN) == [EN("keep.not_scored")]
    assert rules.anomalies([], [], EN)[0] == EN("anomalies.no_sales")


def test_a_week_without_one_before_is_compared_with_nothing() -> None:
    row = {
        "week_starting": MONDAY,
        "week_ending": date(2024, 1, 14),
        "revenue": 5.0,
        "natural_units": 1.0,
    } | dict.fromkeys(("revenue_before", "revenue_usual", "natural_units_before"))
    revenue = EN("week.revenue", first="2024-01-08", last="2024-01-14", now="5")
    assert rules.week([row | {"weeks_before": 4}], EN) == [revenue]


def test_forecast_is_held_against_actual_only_where_a_promise_was_judged() -> None:
    waiting = {"model_name": "a", "state": "nothing to compare"}
    few, steady, drifted = ({"model_name": "b", "state": state} for state in ("too few rows", "steady", "drifted"))
    assert rules.promises([waiting, few], [], EN)[0] == EN("promises.none_due")
    assert rules.promises([waiting, steady], [], EN)[:2] == [EN("promises.due.one", n="1"), EN("promises.drifted.none")]
    assert rules.promises([drifted, steady], [], EN)[1] == EN("promises.drifted.one", models="b")


def test_a_forecast_that_loses_is_told_as_losing() -> None:
    usual = {"weeks": 13, "bias": -0.05, "coverage_80": 0.6, "is_comparable": True}
    served = usual | {"competitor": "served", "wape": 0.10}
    better, worse = (usual | {"competitor": name, "wape": wape} for name, wape in (("arima", 0.08), ("theta", 0.2)))
    easy = usual | {"competitor": "svr", "wape": 0.01, "is_comparable": False}
    told = " ".join(rules.promises([], [served, better, worse, easy], EN))
    assert "off by 10.0 % (WAPE)" in told
    assert "5.0 % too low" in told
    assert EN("promises.coverage", coverage="60 %") in told
    assert "1 of 2 single candidates" in told
    assert "None of the 1 single" in " ".join(rules.promises([], [served, worse], EN))
    assert EN("promises.not_tested") in rules.promises([], [usual | {"competitor": "served", "wape": None}], EN)


def test_failures_are_never_told_as_all_is_well() -> None:
    gates = [{"kept": 9, "failed_errors": 1, "failed_warnings": 0, "not_judged": 0}]
    runs = [{"run_status": "running"}, {"run_status": "failed"}, {"run_status": "succeeded"}]
    health = [{"model_name": "a", "state": "drifted", "is_refit_due": True}]
    deliveries = [{"table_name": "visits", "is_present": False, "rows_delivered": 0, "rows_quarantined": 0}]
    told = rules.quality(gates, deliveries, health, runs, EN)
    assert told == [
        EN("quality.failed", n="10", errors="1", warnings="0"),
        EN("quality.no_deliveries"),
        EN("quality.drifted.one", n="1", models="a"),
        EN("quality.refits.one", n="1", models="a"),
        EN("quality.runs.one", n="1", ended="2"),
    ]


def test_the_newest_whole_week_is_compared_with_those_before(tmp_path: Path) -> None:
    weeks = [
        {
            "product_id": "a",
            "week_starting": date(2024, 1, 1) + timedelta(weeks=week),
            "net_revenue": revenue,
            "natural_units": 1,
            "is_complete_week": week < 6,
        }
        for week, revenue in enumerate([999, 10, 20, 30, 40, 50, 7])
    ]
    (row,) = sales_of_the_week(published(tmp_path, product_weeks=weeks)).to_pylist()
    assert (row["week_starting"], row["week_ending"]) == (date(2024, 2, 5), date(2024, 2, 11))
    assert (row["revenue"], row["revenue_before"], row["revenue_usual"]) == (50, 40, 25)


def test_windows_and_stocks_are_counted(tmp_path: Path) -> None:
    stocked = (("a", None, "stock_out"), ("b", None, "reorder_now"), ("a", "s", "reorder_now"), ("c", None, "ok"))
    marts = published(
        tmp_path,
        breakout_products=[{"product_id": "a", "as_of_date": MONDAY, "is_breakout": True}],
        promotion_windows=[
            {"product_id": "a", "starts_on": date(2024, 1, first), "ends_on": date(2024, 1, last)}
            for first, last in ((1, 7), (1, 8), (22, 28), (23, 30))
        ],
        inventory_plan=[
            {"product_id": product, "store_id": store, "status": status, "order_value": None if status == "ok" else 2.0}
            for product, store, status in stocked
        ],
    )
    assert windows_ahead(marts).to_pylist() == [{"windows": 2, "products": 1, "days": 14}]
    (stocks,) = stock_in_figures(marts).to_pylist()
    assert stocks == {
        "products": 2,
        "products_out_of_stock": 1,
        "order_value": 4.0,
        "store_stocks": 1,
        "stores": 1,
        "counts_in_doubt": 0,
        "stocks": 4,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_marts_without_a_row_make_a_report_that_says_so(language: str, no_rows: Marts) -> None:
    report = week_in_review(no_rows, language)
    assert all(section.sentences and section.picture is None and not section.grids for section in report.sections)
    told = " ".join(text for section in report.sections for text in section.sentences)
    assert not re.search(r"\bnan\b|[{}\d]", told)
    assert files.file_name(report, "pdf") == f"upswing_week_undated_{language}.pdf"
    assert Words(language, "report")("visit.none") in files.as_html(report).decode()
    assert files.as_pdf(report, fonts=[files.LATIN])[0].startswith(b"%PDF")


def test_a_deal_with_one_visit_has_no_course_to_draw(tmp_path: Path) -> None:
    marts = published(
        tmp_path,
        opportunity_priorities=[
            {"opportunity_id": identity, "visit_priority": place, "conversion_probability": 0.5, "visits": place}
            for place, identity in enumerate(("<o1>", "o2"), 1)
        ],
        conversion_history=[
            {
                "opportunity_id": "o2",
                "visit_number": number,
                "visit_id": f"v{number}",
                "visited_at": datetime(2024, 1, number),
                "conversion_probability": number / 4,
            }
            for number in (1, 2)
        ],
    )
    report = week_in_review(marts, "en")
    visit = next(section for section in report.sections if section.key == "visit")
    assert visit.sentences[:2] == [
        EN("visit.many", n="2"),
        EN("visit.first", opportunity="<o1>", owner="-", probability="50 %"),
    ]
    assert visit.picture is not None
    assert "o2" in visit.picture.description
    written = files.as_html(report).decode()
    assert "<o1>" not in written
    assert "&lt;o1&gt;" in written


def test_pictures_in_one_html_do_not_share_names() -> None:
    one = '<clipPath id="clip0"/><g clip-path="url(#clip0)" data-id="x"/>'
    assert named_apart(one, "push") == '<clipPath id="push_clip0"/><g clip-path="url(#push_clip0)" data-id="x"/>'


def test_html_escapes_what_the_data_say_and_asks_nobody() -> None:
    written = files.as_html(a_report()).decode()
    assert "<b>" not in written
    assert "&lt;b&gt;&amp;amp;" in written
    assert '<html lang="en">' in written
    assert "default-src 'none'" in written
    assert not re.search(r"(src|href)=\"(?!#)|@import|url\((?!#)|<script", written)
    assert len(re.findall(r"<h1>", written)) == 1
    assert all(
        part in written for part in ('role="group" aria-label="', '<th scope="col"', "<caption>", 'class="skip"')
    )


def test_chinese_html_says_its_language() -> None:
    assert '<html lang="zh-CN">' in files.as_html(a_report("zh")).decode()


def test_pdf_holds_what_the_data_say_and_reads_none_of_it_as_markup() -> None:
    report = a_report()
    content, known = files.as_pdf(report)
    assert known == []
    assert content == files.as_pdf(report)[0]
    assert all(part in content for part in (b"/Lang", b"/StructTreeRoot", b"/Outlines", b"/Title", b"pdfuaid"))
    sources: Any = {"main": files._own("report.typ"), **files._typst_data(report, [files.LATIN])}
    figures = json.loads(typst.query(sources, "figure"))
    assert [figure["alt"] for figure in figures if figure.get("alt")] == [NASTY]
    headings = json.loads(typst.query(sources, "heading"))
    assert [heading["body"]["text"] for heading in headings] == [NASTY, "In short", NASTY]


def test_a_letter_of_no_font_costs_no_report() -> None:
    content, known = files.as_pdf(a_report(told="Tea \U0001fadc \U00012345"), fonts=[files.LATIN])
    assert content.startswith(b"%PDF")
    assert len(known) == 1
    assert "is in no font here" in known[0]


def test_pictures_of_the_pdf_are_in_its_fonts() -> None:
    assert files._in_fonts(SVG, [files.LATIN, "B"]) == SVG.replace("Nowhere", f"{files.LATIN}, B")


@pytest.mark.parametrize(("length", "is_whole"), [(LONGEST_CAPTION, True), (LONGEST_CAPTION + 1, False)])
def test_long_descriptions_are_cut_in_the_caption_alone(length: int, is_whole: bool) -> None:
    told = "One of 2.5 tea. ".ljust(length, "x")
    assert Picture("", told).caption == (told if is_whole else "One of 2.5 tea.")


def test_a_report_is_read_again_where_other_marts_came(no_rows: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter([1, 2, 2, 2])
    monkeypatch.setattr(Marts, "version", property(lambda _marts: (str(no_rows.file), next(versions), 0)))
    with monkeypatch.context() as patched:
        patched.setattr("upswing.interface.report.sections._assembled", lambda _marts, _words: a_report())
        assert week_in_review(no_rows, "en") == a_report()
    assert list(versions) == []


def test_command_writes_both_files(no_rows: Marts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(no_rows.file.parent))
    result = CliRunner().invoke(main, ["report", "--folder", str(tmp_path / "new" / "reports")])
    assert result.exit_code == 0, result.output
    written = sorted(path.name for path in (tmp_path / "new" / "reports").iterdir())
    assert written == ["upswing_week_undated_en.html", "upswing_week_undated_en.pdf"]
    assert all(name in result.output for name in written)


def test_command_tells_that_nothing_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    result = CliRunner().invoke(main, ["report", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: Nothing is published at")


@pytest.mark.usefixtures("_made_report")
def test_command_tells_that_a_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(main, ["report", "--folder", str(tmp_path / "file"), "--format", "html"])
    assert result.exit_code == 1
    assert "file cannot be written" in result.output
    assert "give --folder another" in result.output


@pytest.mark.usefixtures("_made_report")
def test_without_a_chinese_font_the_html_is_written_and_the_pdf_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHINESE", ())
    result = CliRunner().invoke(main, ["report", "--folder", str(tmp_path), "--language", "zh"])
    assert result.exit_code == 1
    assert "fonts-noto-cjk" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["upswing_week_2024-01-08_zh.html"]


def test_what_cannot_be_finished_leaves_the_last_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    files.write(b"last", file)

    def fails(_path: Path, _target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        files.write(b"next", file)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert file.read_bytes() == b"last"


def test_file_names_carry_the_day_of_the_data() -> None:
    assert files.file_name(a_report("zh"), "html") == "upswing_week_2024-01-08_zh.html"
    assert files.file_name(replace(a_report(), as_of=None), "pdf") == "upswing_week_undated_en.pdf"
