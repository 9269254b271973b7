"""The dashboard as a person meets it: its server, and a Chromium that drives it without the network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

PROJECT = Path(__file__).parents[2]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SECONDS_TO_START = 240

IS_DRAWN = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app || app.getAttribute('data-test-script-state') !== 'notRunning') return false;
    if (!document.querySelector('h1') || document.querySelector('[data-testid=stSkeleton]')) return false;
    if (!document.querySelector('[data-testid=stCaptionContainer]')) return false;
    const shown = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].filter(e => e.offsetParent);
    return shown.every(e => e.querySelector('svg.marks, canvas'));
}"""
"""The script has run, and each chart on the page has its picture."""


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def serving(warehouse: Path) -> Iterator[str]:
    """Serve the dashboard of a warehouse on a free port of the loopback; its address without the last slash."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("upswing")), "dashboard", "--port", str(port)]
    server = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=os.environ | {"UPSWING_WAREHOUSE": str(warehouse)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"The dashboard ended with exit status {server.returncode}.")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"The dashboard does not answer at {address}.")


@contextmanager
def browsing() -> Iterator[Browser]:
    """A Chromium; ``chromium()`` must have found one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page of the dashboard in a tab of its own, and what went wrong there.

    Attributes:
        page: Playwright's.
        outside: addresses that were asked for beyond the loopback; none was let through.
        errors: what the console told as an error.
        failed: addresses on the loopback that answered with an error.
    """

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Go to an address, forget what went wrong before, and wait until all of it is drawn."""
        for heard in (self.outside, self.errors, self.failed):
            heard.clear()
        self.page.goto(address)
        self.drawn()

    def drawn(self) -> None:
        """Wait until all that is shown is drawn."""
        self.page.wait_for_function(IS_DRAWN, timeout=120_000)


@contextmanager
def visiting(browser: Browser, *, width: int = 1280, height: int = 900, locale: str = "en-GB") -> Iterator[Visit]:
    """A visit in a fresh session, as with a browser of that language."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
    visit = Visit(context.new_page())

    def let_through(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:")):
            route.continue_()
        else:
            visit.outside.append(route.request.url)
            route.abort()

    def heard(message: Any) -> None:
        if message.type == "error":
            visit.errors.append(f"{message.text} {message.location.get('url', '')}")

    context.route("**/*", let_through)
    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda wrong: visit.errors.append(str(wrong)))
    visit.page.on("response", lambda got: visit.failed.append(got.url) if got.status >= 400 else None)
    yield visit
    context.close()
