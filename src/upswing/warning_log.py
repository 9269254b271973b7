"""Python's warnings, sent to dbt's log file instead of the console.

They come from libraries, in words that say nothing to who builds: an optimiser that stopped early, a series with gaps.
``warnings.catch_warnings`` cannot keep them off the console: it changes the filters of the whole process, and of two
models that dbt runs side by side, one that is done puts back the filters that show what the other one hides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any


def send_warnings(write: Callable[[str], object]) -> None:
    """Send the warnings of all threads of this process to ``write`` from here on, one line each."""
    logging.captureWarnings(True)
    logger = logging.getLogger("py.warnings")
    logger.handlers = [_Lines(write)]
    logger.propagate = False


def prepare(_session: Any = None) -> None:
    """Send them to dbt's log file; a Spark session calls this when it starts."""
    from dbt.adapters.events.logging import AdapterLogger

    # At the level debug an event of dbt is written to its log file alone.
    send_warnings(AdapterLogger("Upswing").debug)


class _Lines(logging.Handler):
    """Hands on each warning as one line: where, what kind, and its words, without the line of code."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        message, _, code = record.getMessage().rstrip().rpartition("\n  ")
        self._write("Python warning: " + " ".join((message or code).split()))
