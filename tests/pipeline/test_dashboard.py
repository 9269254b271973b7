"""The dashboard on the marts that all share: its numbers, its filters, its looks in a browser, and its empty states."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser
import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from hostile_texts import shown
from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from warehouse import Warehouse
from warehouse_variables import PROJECT

from upswing.interface import figures
from upswing.interface.marts import Marts
from upswing.interface.words import LANGUAGES, ROOMS, Words, spoken

PICTURES = PROJECT / "target" / "screenshots"

PARTS = {
    room: [key.removeprefix("tab.") for key in spoken(room, "en") if key.startswith("tab.")] or [""] for room in ROOMS
}
"""What is behind the tabs of each page; one part where there are none."""

EVERY_PART = [(room, part) for room in ROOMS for part in PARTS[room]]

OF_STREAMLIT = re.compile(r"/_stcore/(health|host-config)$")
"""Asked for below the address of a page first, where it answers 404, and then at the root."""

NO_CHROMIUM = browser.chromium() is None


def in_chromium(test: Callable[..., None]) -> Callable[..., None]:
    """A test that drives a real browser."""
    skipped = pytest.mark.skipif(NO_CHROMIUM, reason="no Chromium is installed (apt-get install chromium)")
    marked: Callable[..., None] = pytest.mark.slow(skipped(test))
    return marked


def draw(room: str, language: str) -> None:
    """One page, as the dashboard draws it."""
    from upswing.interface.dashboard import show_room
    from upswing.interface.marts import Marts

    show_room(room, Marts.of_warehouse(), language)


def page_of(room: str, part: str = "", language: str = "en", **address: str) -> AppTest:
    """A page that has been drawn without an error."""
    page = AppTest.from_function(draw, args=(room, language), default_timeout=240)
    for name, value in ({f"{room}_view": part} if part else {}).items() | address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception[0].message
    return page


def table_of(page: AppTest, title: str) -> list[dict[str, Any]]:
    """The rows of the table with that title."""
    (found,) = (table.value for table in page.dataframe if table.proto.alt == title)
    rows: list[dict[str, Any]] = found.to_dict("records")
    return rows


def figure_of(page: AppTest, label: str) -> str:
    """The first single figure with that label."""
    return str(next(metric.value for metric in page.metric if metric.label == label))


def headings(page: AppTest) -> Iterator[tuple[str, str]]:
    """Name and heading of each column of each table."""
    for table in page.dataframe:
        for name, column in json.loads(table.proto.columns).items():
            if "label" in column:
                yield name, column["label"]


@pytest.fixture(autouse=True)
def of_the_build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that run in this process read the build that all share, unless a test names other marts."""
    folder = request.getfixturevalue("built").folder
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))


@pytest.mark.parametrize(
    ("room", "part", "language"),
    [(*one, "en") for one in EVERY_PART] + [(room, PARTS[room][0], "zh") for room in ROOMS],
)
def test_each_part_of_each_page_draws(room: str, part: str, language: str) -> None:
    page = page_of(room, part, language)
    assert not page.error
    assert page.title[0].value == Words(language, room)("title")
    assert page.dataframe
    assert not [name for name, heading in headings(page) if heading == name]


FIGURES = [
    ("today", "", "breakout_products", figures.count, "select count(*) from breakout_products where is_breakout"),
    ("today", "", "expected_value", figures.count, "select sum(expected_value) from opportunity_priorities"),
    ("today", "", "pushes", figures.count, "select count(*) from marketing_pushes where not is_control"),
    ("products", "", "breakout_products", figures.count, "select count(*) from breakout_products where is_breakout"),
    ("opportunities", "deals", "open_opportunities", figures.count, "select count(*) from opportunity_priorities"),
    (
        "opportunities",
        "deals",
        "expected_value",
        figures.count,
        "select sum(expected_value) from opportunity_priorities",
    ),
    ("customers", "segments", "customers", figures.count, "select count(*) from customer_scores"),
    ("sales", "forecast", "new_anomalies", figures.count, "select count(*) from sales_anomalies where is_new"),
    ("quality", "gates", "failed_errors", figures.count, "select sum(failed_errors) from quality_summary"),
]
"""Page, part, figure, how it is written, and where it comes from."""


@pytest.mark.parametrize(("room", "part", "figure", "written", "sql"), FIGURES)
def test_figures_equal_the_marts(built: Warehouse, room: str, part: str, figure: str, written: Any, sql: str) -> None:
    ((expected,),) = built.query_published(sql)
    assert figure_of(page_of(room, part), Words("en", room)(figure)) == written(expected)


TABLES = [
    (
        "today",
        "",
        "whom_to_visit",
        "select visit_priority, opportunity_id, conversion_probability, amount, top_reasons "
        "from opportunity_priorities order by visit_priority limit 10",
    ),
    (
        "today",
        "",
        "whom_to_keep",
        "select customer_id, churn_probability, revenue_at_risk from customer_scores where is_churn_risk "
        "order by revenue_at_risk desc nulls last, customer_id limit 10",
    ),
    (
        "products",
        "",
        "ranked_products",
        "select breakout_rank, product_id, breakout_probability from breakout_products order by breakout_rank",
    ),
    (
        "opportunities",
        "deals",
        "priorities",
        "select visit_priority, opportunity_id, conversion_probability, expected_value "
        "from opportunity_priorities order by visit_priority limit 1000",
    ),
    (
        "customers",
        "intents",
        "at_risk",
        "select customer_id, churn_probability, revenue_at_risk from customer_scores where is_churn_risk "
        "order by revenue_at_risk desc nulls last, customer_id limit 1000",
    ),
    (
        "quality",
        "models",
        "models",
        "select model_version from model_runs qualify row_number() over "
        "(partition by model_name order by fitted_at desc) = 1 order by model_name",
    ),
]
"""Page, part, table, and some of its columns from the mart."""


@pytest.mark.parametrize(("room", "part", "table", "sql"), TABLES)
def test_tables_equal_the_marts(built: Warehouse, room: str, part: str, table: str, sql: str) -> None:
    with duckdb.connect(str(built.folder / "marts.duckdb"), read_only=True) as marts:
        expected = marts.execute(sql).df()
    assert len(expected)
    shown = table_of(page_of(room, part), Words("en", room)(f"{table}.title"))
    for column in expected.columns:
        assert [str(row[column]) for row in shown] == [str(value) for value in expected[column]], column


FILTERS = [
    ("products", "", "products_category", "ranked_products", "category"),
    ("opportunities", "deals", "owner_id", "priorities", "owner_id"),
    ("customers", "intents", "risk_segment", "at_risk", None),
    ("quality", "gates", "quality_layer", "gate_tables", None),
    ("sales", "anomalies", "anomaly_kind", "anomalies", None),
]
"""Page, part, filter, the table that it filters, and the column, where that is shown as the mart has it."""


@pytest.mark.parametrize(("room", "part", "name", "table", "column"), FILTERS)
def test_a_filter_leaves_fewer_rows(room: str, part: str, name: str, table: str, column: str | None) -> None:
    title = Words("en", room)(f"{table}.title")
    page = page_of(room, part)
    everything = table_of(page, title)
    (chosen,) = (box for box in page.selectbox if box.key == name)
    value = everything[-1][column] if column else value_of(name)
    chosen.select(value).run()
    assert not page.exception
    assert page.query_params[name] == value
    filtered = table_of(page, title)
    assert 0 < len(filtered) < len(everything)
    assert not column or {row[column] for row in filtered} == {value}
    assert len(table_of(page_of(room, part, **{name: value}), title)) == len(filtered)


def value_of(name: str) -> str:
    """What some rows have, as the marts call it."""
    rarest = (
        "select segment_name from customer_segments inner join customer_scores using (customer_id) "
        "where is_churn_risk group by segment_name order by count(*), segment_name"
    )
    if name == "risk_segment":
        return str(Marts.of_warehouse().table(rarest).column(0)[0].as_py())
    return {"anomaly_kind": "spike", "quality_layer": "marts"}[name]


def test_the_address_picks_one_product_opportunity_and_customer(built: Warehouse) -> None:
    ((product,),) = built.query_published("select product_id from breakout_products where breakout_rank = 3")
    page = page_of("products", product=product)
    assert next(box.value for box in page.selectbox if box.key == "product") == product
    ((opportunity,),) = built.query_published(
        "select opportunity_id from opportunity_priorities where visit_priority = 4"
    )
    page = page_of("opportunities", opportunity=opportunity)
    assert figure_of(page, Words("en", "opportunities")("chosen_opportunity")) == opportunity
    ((customer,),) = built.query_published("select max(customer_id) from customer_scores")
    page = page_of("customers", customer=customer)
    assert page.text_input[0].value == customer


@pytest.mark.parametrize(
    ("room", "address"),
    [
        ("products", {"product": "no such product", "products_category": "no such category"}),
        ("opportunities", {"opportunity": "' or 1=1 --", "owner_id": "nobody"}),
        ("customers", {"customer": "<script>", "customers_view": "customer"}),
        ("sales", {"sales_view": "no such view", "forecast_level": "moon"}),
    ],
)
def test_an_unknown_address_is_no_error(room: str, address: dict[str, str]) -> None:
    assert not page_of(room, **address).error


def copied(built: Warehouse, folder: Path, *, without: str) -> Path:
    """The published marts again, but without rows in those whose model lies in a folder like ``without``."""
    paths = {node["name"]: node["original_file_path"] for node in built.manifest()["nodes"].values()}
    with duckdb.connect(str(folder / "marts.duckdb")) as copy:
        copy.execute(f"attach '{built.folder / 'marts.duckdb'}' as published (read_only)")
        for (name,) in copy.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall():
            limit = "limit 0" if re.search(without, paths[name]) else ""
            copy.execute(f"create table {name} as from published.{name} {limit}")
    return folder


@pytest.fixture(scope="module")
def all_empty(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose marts have no row."""
    return copied(built, tmp_path_factory.mktemp("empty"), without="")


@pytest.fixture(scope="module")
def no_opportunities(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of a company that visits nobody and sends nothing."""
    folder = tmp_path_factory.mktemp("sales_alone")
    return copied(built, folder, without="marts/(opportunities|marketing)/")


@pytest.mark.parametrize(("room", "part"), EVERY_PART)
def test_without_a_row_a_page_says_so(all_empty: Path, monkeypatch: pytest.MonkeyPatch, room: str, part: str) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(all_empty))
    page = page_of(room, part, "zh")
    assert not page.error
    assert page.info


@pytest.mark.parametrize("part", ["deals", "doubts", "reps", "today"])
def test_without_opportunities_pages_say_so(no_opportunities: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(no_opportunities))
    page = page_of("today") if part == "today" else page_of("opportunities", part)
    assert not page.error
    assert page.info


@pytest.mark.parametrize("room", ROOMS)
def test_where_nothing_is_published_a_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    page = page_of(room)
    assert page.title[0].value == Words("en", room)("title")
    assert "run `make build`" in shown(page.error[0].value)


@pytest.fixture(scope="module")
def served(built: Warehouse) -> Iterator[str]:
    """Address of the dashboard of the build that all share."""
    with browser.serving(built.folder) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with browser.browsing() as found:
        yield found


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[browser.Visit]:
    """One tab, which keeps what the pages are made of; each address opens a session of its own."""
    with browser.visiting(chromium) as visit:
        yield visit


@pytest.fixture
def desk(tab: browser.Visit) -> browser.Visit:
    """The tab, as wide as on a desk."""
    tab.page.set_viewport_size({"width": 1280, "height": 900})
    return tab


def serious(visit: browser.Visit) -> list[str]:
    """What axe finds serious or critical, in words."""
    return [
        f"{found['id']}: {found['help']} ({node['html'][:200]})"
        for found in Axe().run(visit.page).response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def unexpected(visit: browser.Visit) -> list[str]:
    """Errors of the console and of addresses, but for those that Streamlit asks for in vain by design."""
    told = [error for error in visit.errors if not OF_STREAMLIT.search(error.split(" ")[-1])]
    return told + [address for address in visit.failed if not OF_STREAMLIT.search(address)]


@in_chromium
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", ROOMS)
def test_each_page_in_a_browser(served: str, desk: browser.Visit, room: str, language: str) -> None:
    words = Words(language, room)
    page = desk.page
    desk.open(f"{served}/{room if room != ROOMS[0] else ''}?language={language}")
    assert page.title() == f"{words('title')} · Upswing"
    assert page.locator("html").get_attribute("lang") == language
    assert page.get_by_role("heading", level=1).inner_text() == words("title")
    assert not page.locator("[data-testid=stAlertContentError], [data-testid=stException]").count()
    for chart in page.locator("[data-testid=stVegaLiteChart]:visible").all():
        assert chart.get_attribute("role") == "graphics-document"
        assert len(chart.get_attribute("aria-label") or "") > 20
    assert not serious(desk)
    PICTURES.mkdir(parents=True, exist_ok=True)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": min(tall, 6000)})
    desk.drawn()
    page.screenshot(path=PICTURES / f"{room}_{language}.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 390", timeout=60_000)
    desk.drawn()
    page.screenshot(path=PICTURES / f"{room}_{language}_phone.png")
    assert not desk.outside
    assert not unexpected(desk)


@in_chromium
def test_the_keyboard_reaches_menu_language_and_filters(served: str, desk: browser.Visit) -> None:
    desk.open(f"{served}/products")
    page = desk.page
    reached: list[str] = []
    for _step in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("""() => {
            const e = document.activeElement;
            const seen = getComputedStyle(e).outlineStyle !== 'none' || getComputedStyle(e).boxShadow !== 'none';
            return `${e.getAttribute('role') || e.tagName} ${e.getAttribute('aria-label') || e.innerText} ${seen}`;
        }""")
        )
    told = [re.sub(r"\s+", " ", text) for text in reached]
    for room in ROOMS:
        assert any(text.startswith("A ") and Words("en", room)("title") in text for text in told), told
    assert any(text.startswith("radio English") for text in told), told
    assert any(text.startswith("combobox Category") for text in told), told
    assert all(text.endswith("true") for text in told if text.startswith(("A ", "radio"))), told


@in_chromium
def test_the_keyboard_switches_the_language_and_the_page_keeps_it(served: str, desk: browser.Visit) -> None:
    desk.open(served)
    page = desk.page
    page.get_by_role("radio", name="English").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("heading", level=1, name=Words("zh", "today")("title")).wait_for()
    page.get_by_role("link", name=Words("zh", "sales")("title")).click()
    page.get_by_role("heading", level=1, name=Words("zh", "sales")("title")).wait_for()
    desk.drawn()
    assert page.evaluate("location.href") == f"{served}/sales?language=zh"


@in_chromium
def test_a_browser_in_chinese_is_greeted_in_chinese(served: str, chromium: Browser) -> None:
    with browser.visiting(chromium, locale="zh-CN") as visit:
        visit.open(served)
        assert visit.page.get_by_role("heading", level=1).inner_text() == Words("zh", "today")("title")


@in_chromium
def test_a_table_comes_as_a_file_that_equals_the_mart(served: str, desk: browser.Visit, built: Warehouse) -> None:
    desk.open(f"{served}/opportunities")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name=Words("en")("download_csv")).first.click()
    rows = duckdb.sql(
        f"select opportunity_id, visit_priority from read_csv('{download.value.path()}') order by visit_priority"
    )
    shown = "select opportunity_id, visit_priority from opportunity_priorities order by visit_priority limit 1000"
    assert rows.fetchall() == built.query_published(shown)
    assert download.value.suggested_filename == "upswing_priorities.csv"
