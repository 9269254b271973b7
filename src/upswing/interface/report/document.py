"""A report before it is a file: sections of sentences, pictures and tables, all of them text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from upswing.interface import figures
from upswing.interface.words import Words, spoken_reasons

FORMATS: dict[str, Callable[[float | None], str]] = {
    "count": figures.count,
    "amount": figures.amount,
    "decimal": lambda value: figures.amount(value, 1),
    "percent": figures.percent,
    "percent_1": lambda value: figures.percent(value, 1),
}
"""How a figure is written; these stand flush right in a table."""

LONGEST_CAPTION = 240
"""Characters; who cannot see the picture gets all of the description."""


@dataclass(frozen=True)
class Picture:
    """A chart as it is drawn, and what it shows for who cannot see it."""

    svg: str
    description: str

    @property
    def caption(self) -> str:
        """What stands below it: the description, or the first sentence of a long one."""
        if len(self.description) <= LONGEST_CAPTION:
            return self.description
        ends = [end for mark in (". ", "。") if (end := self.description.find(mark)) > 0]
        return self.description[: min(ends) + 1] if ends else self.description


@dataclass(frozen=True)
class Grid:
    """A table as text: a caption, the heads of its columns, the rows, and which columns are figures."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    is_figure: list[bool]


@dataclass(frozen=True)
class Section:
    """One question of the report and its answer.

    Attributes:
        key: its anchor in the HTML.
        title: the question.
        sentences: the answer, made by a rule; the first two stand in the summary too. Never empty.
        picture: the chart, where there is something to draw.
        grids: the rows, where there are any.
        notes: what to know before it is believed.
    """

    key: str
    title: str
    sentences: list[str]
    picture: Picture | None = None
    grids: list[Grid] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """The week in review.

    Attributes:
        language: en or zh.
        title: of the document.
        subtitle: which week, and up to which day the marts know what happened.
        as_of: that day; None where no mart tells.
        published_at: when the marts were published (UTC); None where no mart tells.
        figures: label and text of the figures on top.
        sections: in the order of reading.
        notes: what holds for all of it.
    """

    language: str
    title: str
    subtitle: str
    as_of: date | None
    published_at: datetime | None
    figures: list[tuple[str, str]]
    sections: list[Section]
    notes: list[str]

    @property
    def summary(self) -> list[tuple[str, str, list[str]]]:
        """Key, title and the first two sentences of each section."""
        return [(section.key, section.title, section.sentences[:2]) for section in self.sections]


def grid(caption: str, data: pa.Table, words: Words, columns: dict[str, str], *, rows: int = 10) -> list[Grid]:
    """The first rows of an answer as a table, in the words of its room; none where there is no row.

    Args:
        caption: what the rows are.
        data: the answer.
        words: of the room that asks it.
        columns: which columns, in which order, each with a key of ``FORMATS``, or "text".
        rows: at most so many.
    """
    shown = spoken_reasons(data.slice(0, rows), words).to_pylist()
    if not shown:
        return []
    return [
        Grid(
            caption,
            [words.column(column) for column in columns],
            [[_told(column, row[column], kind, words) for column, kind in columns.items()] for row in shown],
            [kind in FORMATS for kind in columns.values()],
        )
    ]


def _told(column: str, value: Any, kind: str, words: Words) -> str:
    if value is None:
        return figures.MISSING
    if kind in FORMATS:
        return FORMATS[kind](value)
    if isinstance(value, date):
        return figures.day(value)
    return words.value(column, value)
