"""The dashboard of the published marts: seconds until a page is drawn; ``--pictures FOLDER`` draws those of the docs.

Each time is that of a browser: from the request until the script has run and each chart on the page has its picture.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from _report import Figure, judged, show
from playwright.sync_api import Browser, Page

sys.path.append(str(Path(__file__).parents[1] / "tests" / "pipeline"))

import browser

from upswing.interface.words import ROOMS, Words

FIRST_SECONDS = 3.0
OTHER_SECONDS = 1.0
TIMES = 5
WIDTH, HEIGHT = 1280, 1400
COLOURS_OF_A_PICTURE = 64
"""Of the pictures of the docs, so that each is small."""


def warehouse() -> Path:
    """The folder of the warehouse whose marts are shown."""
    return Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse"))


def first_page_seconds(chromium: Browser, address: str) -> float:
    """Seconds until the first page is drawn, in a session and a browser cache that are new."""
    with browser.visiting(chromium) as visit:
        started = time.perf_counter()
        visit.open(address)
        return time.perf_counter() - started


def other_page_seconds(chromium: Browser, address: str, room: str) -> float:
    """Seconds from the click on a page in the menu of a new session until that page is drawn."""
    title = Words("en", room)("title")
    with browser.visiting(chromium) as visit:
        visit.open(address)
        link = visit.page.get_by_test_id("stTopNavLink").filter(has_text=title)
        started = time.perf_counter()
        link.click()
        _wait_for_title(visit.page, title)
        visit.drawn()
        return time.perf_counter() - started


def _wait_for_title(page: Page, title: str) -> None:
    page.wait_for_function("title => document.querySelector('h1')?.innerText === title", arg=title)


def main() -> list[Figure]:
    """One figure for the first page of a server that has just started, and one for each page of a warm one."""
    with browser.browsing() as chromium:
        with browser.serving(warehouse()) as address:
            cold = first_page_seconds(chromium, address)
        with browser.serving(warehouse()) as address:
            first_page_seconds(chromium, address)
            first = statistics.median(first_page_seconds(chromium, address) for _time in range(TIMES))
            others = {
                room: statistics.median(other_page_seconds(chromium, address, room) for _time in range(TIMES))
                for room in ROOMS[1:]
            }
    figures = [
        _figure("dashboard: first page, server just started", cold, FIRST_SECONDS),
        _figure(f"dashboard: first page, median of {TIMES}", first, FIRST_SECONDS),
    ]
    return figures + [
        _figure(
            f"dashboard: from a click to the page {Words('en', room)('title')}, median of {TIMES}",
            seconds,
            OTHER_SECONDS,
        )
        for room, seconds in others.items()
    ]


def _figure(name: str, seconds: float, goal: float) -> Figure:
    return Figure(name, f"{seconds:.2f} s", "", "", f"< {goal:.0f} s", judged(seconds < goal))


def draw_pictures(folder: Path) -> None:
    """Write a picture of the top of each page in English, and of today's in Chinese, each below 250 kB."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"dashboard_{room}": (room, "en") for room in ROOMS} | {"dashboard_today_zh": (ROOMS[0], "zh")}
    with browser.browsing() as chromium, browser.serving(warehouse()) as address:
        for name, (room, language) in wanted.items():
            file = folder / f"{name}.png"
            with browser.visiting(chromium, width=WIDTH, height=HEIGHT) as visit:
                visit.open(f"{address}/{'' if room == ROOMS[0] else room}?language={language}")
                visit.page.screenshot(path=file)
            with Image.open(file) as picture:
                picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS_OF_A_PICTURE).save(
                    file, optimize=True
                )
            print(f"{file} {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="draw the pictures of the docs, measure nothing"
    )
    asked = options.parse_args()
    if asked.pictures:
        draw_pictures(asked.pictures)
    else:
        show(main())
