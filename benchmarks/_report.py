"""One row a figure, and the table they make."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its peer.

    Attributes:
        figure: what was measured, and on how much.
        ours: with its unit.
        peer: the peer and its figure, measured in the same run.
        ratio: of the two.
        goal: in words.
        verdict: ``met`` or ``missed``.
    """

    figure: str
    ours: str
    peer: str
    ratio: str
    goal: str
    verdict: str


def least_seconds(work: Callable[[], T], times: int = 3) -> tuple[float, T]:
    """Least seconds of several runs, and what the last returned: whatever else the machine does only adds to a run."""
    taken = []
    for _time in range(times):
        started = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - started)
    return min(taken), found


def judged(met: bool) -> str:
    """The word for whether a goal was met."""
    return "met" if met else "missed"


def show(rows: Sequence[Figure]) -> None:
    """Print the rows as a table."""
    lines = [tuple(field.name for field in fields(Figure)), *(astuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
