"""Python's warnings go to a log, whatever other threads do with the filters."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from upswing.warning_log import send_warnings


@contextmanager
def sent_to_a_log() -> Iterator[list[str]]:
    """The log; afterwards warnings are shown as before. No fixture: pytest records warnings around each phase."""
    logger = logging.getLogger("py.warnings")
    handlers, propagates = logger.handlers, logger.propagate
    lines: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        send_warnings(lines.append)
        yield lines
        logging.captureWarnings(False)
    logger.handlers, logger.propagate = handlers, propagates


def test_a_warning_is_one_line_of_the_log_and_none_of_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().warning("a library sets up the root logger, which prints whatever reaches it")
    capfd.readouterr()
    with sent_to_a_log() as written:
        warnings.warn("minimize gave\n  code 2", stacklevel=1)
    (line,) = written
    assert line.startswith("Python warning: ")
    assert line.endswith("UserWarning: minimize gave code 2")
    assert __file__ in line
    assert capfd.readouterr() == ("", "")


def test_what_one_thread_hides_another_cannot_print(capfd: pytest.CaptureFixture[str]) -> None:
    """One of two models ends while the other hides a warning: the filters are those of before, for both."""
    begun, hides, is_over = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with warnings.catch_warnings():
            begun.set()
            hides.wait(5)
        is_over.set()

    def second() -> None:
        begun.wait(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hides.set()
            is_over.wait(5)
            warnings.warn("of the second", stacklevel=1)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    with sent_to_a_log() as written:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert any("of the second" in line for line in written)
    assert capfd.readouterr() == ("", "")
