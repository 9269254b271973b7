"""Whatever a delivery calls its products, pages, reports, cards and downloads show it as text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import browser
import pytest
from hostile_texts import ELSEWHERE, made_hostile, read_as_markdown, shown, strings
from markdown_it import MarkdownIt
from test_dashboard import EVERY_PART, in_chromium, page_of
from warehouse import Warehouse

from upswing.interface.cards.pages import card_page, cards, transparency_page
from upswing.interface.marts import Marts
from upswing.interface.report.files import as_html, as_pdf
from upswing.interface.report.sections import week_in_review
from upswing.interface.words import LANGUAGES, ROOMS
from upswing.spreadsheets import FORMULA_STARTS, NUMBER

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})

COMPUTES = ("expr", "calculate", "filter", "signal", "test", "labelExpr", "href", "url", "usermeta")
"""Where Vega computes, or asks for something."""


@pytest.fixture(scope="module")
def hostile(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which every free text is hostile."""
    return made_hostile(built.folder / "marts.duckdb", tmp_path_factory.mktemp("hostile")).parent


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Callable[[], bytes]]]:
    """Name of each file that a page offers, and what makes it."""
    offered: list[tuple[str, Callable[[], bytes]]] = []

    def offer(_label: str, make: Callable[[], bytes], **more: Any) -> None:
        offered.append((more["file_name"], make))

    monkeypatch.setattr("streamlit.download_button", offer)
    return offered


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("room", "part"), EVERY_PART)
def test_a_page_shows_text_alone(
    hostile: Path,
    downloads: list[tuple[str, Callable[[], bytes]]],
    monkeypatch: pytest.MonkeyPatch,
    room: str,
    part: str,
    language: str,
) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(hostile))
    page = page_of(room, part, language)
    assert not page.error
    for markdown in read_as_markdown(page):
        shown(markdown)
    assert not page.get("html")
    for chart in page.get("vega_lite_chart"):
        for path, text in strings(json.loads(chart.proto.spec)):
            assert not (ELSEWHERE in text and path[-1] in COMPUTES), (path, text)
            assert path[-2:] != ("tooltip", "title") or text not in ("image", "title"), text
    assert downloads
    for name, make in downloads:
        if name.endswith(".csv"):
            cells = [cell for row in csv.reader(StringIO(make().decode("utf-8-sig"))) for cell in row]
            assert not [cell for cell in cells if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell)], name


def test_what_is_delivered_is_what_is_seen(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(hostile))
    marts = Marts.of_warehouse()
    products = marts.table("select product_id, product_name from breakout_products order by breakout_rank").to_pylist()
    kinds = {product["product_name"][:9]: product for product in products if product["product_name"]}
    assert len(kinds) > 5
    for product in kinds.values():
        page = page_of("products", product=product["product_id"])
        name, own_id = (" ".join(product[column].split()) for column in ("product_name", "product_id"))
        assert f"{name} ({own_id})" in [shown(paragraph.value) for paragraph in page.markdown]


class Elements(HTMLParser):
    """The elements of a document, and what they ask for."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the name, and the attributes that ask for something or are a script."""
        self.names.add(tag)
        self.asked += [(name, value) for name, value in attrs if name.startswith("on") or name in ("src", "srcset")]
        self.asked += [
            (name, value) for name, value in attrs if name.endswith("href") and not (value or "").startswith("#")
        ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_holds_text_alone(hostile: Path, language: str) -> None:
    report = week_in_review(Marts(hostile / "marts.duckdb"), language)
    document = as_html(report).decode()
    found = Elements(document)
    assert document.count(ELSEWHERE) > 10
    assert not found.names & {"img", "script", "image", "iframe", "object", "embed", "link", "foreignobject"}
    assert not found.asked
    if language == "en":
        content, _ = as_pdf(report)
        assert content.startswith(b"%PDF")
        assert b"/URI" not in content


def test_cards_hold_text_alone(hostile: Path) -> None:
    made = cards(Marts(hostile / "marts.duckdb"))
    pages = [card_page(card, None) for card in made] + [transparency_page(made, "model_cards", None)]
    for written in pages:
        found = Elements(MARKDOWN.render(written))
        assert "script" not in found.names
        asked = [value or "" for _, value in found.asked]
        assert not [value for value in asked if not re.fullmatch(r"(model_cards/)?\w+\.(svg|md)", value)], asked
    assert any(ELSEWHERE in written for written in pages)


@in_chromium
def test_a_browser_asks_nobody_else(hostile: Path) -> None:
    with browser.serving(hostile) as address, browser.browsing() as chromium, browser.visiting(chromium) as visit:
        for room in ROOMS:
            visit.open(f"{address}/{room if room != ROOMS[0] else ''}")
            assert visit.page.locator("[data-testid=stDataFrame]").count()
            assert not visit.outside
            assert not visit.page.locator(f"a[href*='{ELSEWHERE}'], img[src*='{ELSEWHERE}'], .katex").count()
            assert not visit.page.get_by_role("button", name="Download as CSV").count()
