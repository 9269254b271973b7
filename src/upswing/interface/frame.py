"""What a page of the dashboard is made of: answers, figures, charts, tables, filters, each with its empty state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import pyarrow as pa
import streamlit as st
from pyarrow import compute, csv

from upswing.interface import figures
from upswing.interface.marts import Marts
from upswing.interface.plain import plain
from upswing.interface.theme import picture
from upswing.interface.words import Words, spoken_reasons
from upswing.spreadsheets import neutral

Answer = Callable[..., pa.Table]
Question = tuple[tuple[str, int, int], str, tuple[tuple[str, Any], ...]]
"""The version of the marts, the name of the answer and its parameters."""


@dataclass(frozen=True)
class Page:
    """One page while it is drawn.

    Whatever comes from the marts passes through here: as text, never as Markdown or HTML.

    Attributes:
        marts: what it reads.
        words: of its room and language.
    """

    marts: Marts
    words: Words

    def answer(self, ask: Answer, **parameters: Any) -> pa.Table:
        """What ``ask(marts, **parameters)`` finds; kept until other marts are published.

        Raises:
            UserError: nothing is published, or it lacks what is asked for.
        """
        with st.spinner(self.words("loading")):
            question = (self.marts.version, f"{ask.__module__}.{ask.__qualname__}", tuple(sorted(parameters.items())))
            return _kept(question, self.marts, ask)

    def as_of(self, day: date | None) -> None:
        """Say up to which day the marts know what happened."""
        self.note(self.words("as_of", day=figures.day(day)))

    def say(self, text: str) -> None:
        """A paragraph."""
        st.markdown(plain(text))

    def name(self, name: str, own_id: str) -> None:
        """What the next lines are about."""
        st.markdown(f"**{plain(name)}** ({plain(own_id)})")

    def tell(self, facts: Iterable[tuple[str, str | None]]) -> None:
        """A line for each label and its text; none where there is no text."""
        # Two spaces at the end of a line of Markdown break it.
        lines = [f"**{plain(label)}**: {plain(text)}" for label, text in facts if text]
        if lines:
            st.markdown("  \n".join(lines))

    def note(self, text: str, **more: Any) -> None:
        """A paragraph in small letters; ``more`` is what ``st.caption`` takes."""
        st.caption(plain(text), **more)

    def inform(self, text: str) -> None:
        """Something to know, in a box."""
        st.info(plain(text), icon=":material/info:")

    def not_found(self, text: str) -> None:
        """What was asked for is not there."""
        st.warning(plain(text), icon=":material/search_off:")

    def fail(self, text: str) -> None:
        """The page cannot be shown."""
        st.error(plain(text), icon=":material/error:")

    def offer(self, label: str, key: str, chosen: Callable[[], None]) -> None:
        """A button that looks like a link."""
        st.button(plain(label), key=key, on_click=chosen, type="tertiary")

    def figures(self, told: Sequence[tuple[str, str]]) -> None:
        """A row of single figures: the key of the label (its ``<key>.help``, if any, explains it), and the text."""
        with st.container(key=f"figures_{told[0][0]}"):
            for key, text in told:
                explained = self.words(f"{key}.help") if self.words.has(f"{key}.help") else None
                st.metric(self.words(key), plain(text), help=explained, border=True)

    def section(self, name: str) -> None:
        """The title ``<name>.title`` and, where there is one, the text ``<name>.lead`` below it."""
        st.header(self.words(f"{name}.title"))
        if self.words.has(f"{name}.lead"):
            st.caption(self.words(f"{name}.lead"))

    def empty(self, name: str) -> None:
        """Say that there is nothing, and why: ``<name>.empty``."""
        key = f"{name}.empty"
        self.inform(self.words(key if self.words.has(key) else "empty"))

    def chart(self, name: str, draw: Callable[[pa.Table, Words], Any], data: pa.Table, **formats: str) -> None:
        """Section ``name``: the chart that ``draw(data, words)`` makes, its rows, and both as files."""
        self.section(name)
        if not data.num_rows:
            self.empty(name)
            return
        chart = draw(data, self.words)
        st.altair_chart(chart, theme=None, key=f"{name}_chart")
        with st.expander(self.words("rows_and_downloads")):
            self.rows(name, data, **formats)
            self.download(name, "png", lambda: picture(chart, "png"))

    def table(self, name: str, data: pa.Table, **formats: str) -> None:
        """Section ``name``: the rows of ``data``, and they as a file."""
        self.section(name)
        if not data.num_rows:
            self.empty(name)
            return
        self.rows(name, data, **formats)

    def rows(self, name: str, data: pa.Table, **formats: str) -> None:
        """Rows with their columns named in words; ``formats`` are Streamlit's number formats by column."""
        told = spoken_reasons(data, self.words)
        spoken = spoken_values(told, self.words)
        long = {column for column in spoken.column_names if _longest(spoken[column]) > LONG_TEXT}
        st.dataframe(
            spoken,
            hide_index=True,
            column_config={column: self._configured(told, column, formats, long) for column in told.column_names},
            key=f"{name}_rows",
            alt=self.words(f"{name}.title"),
            height=_height(data.num_rows, THREE_LINES if long else ONE_LINE),
            row_height=THREE_LINES if long else ONE_LINE,
            placeholder=figures.MISSING,
        )
        self.download(name, "csv", lambda: as_csv(data))

    def download(self, name: str, kind: str, make: Callable[[], bytes]) -> None:
        """A button that makes a file when it is pressed: ``csv`` or ``png``."""
        st.download_button(
            self.words(f"download_{kind}"),
            make,
            file_name=f"upswing_{name}.{kind}",
            mime={"csv": "text/csv", "png": "image/png"}[kind],
            key=f"{name}_{kind}",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
        )

    def choose(self, name: str, options: Sequence[str], *, labels: dict[str, str] | None = None) -> str | None:
        """A filter of one of ``options``, labelled ``<name>.filter``; it stands in the address of the page.

        Returns:
            None where there are no options.
        """
        with kept_in_address(name, options):
            return st.selectbox(
                self.words(f"{name}.filter"),
                list(options),
                format_func=lambda option: (labels or {}).get(option, option),
                key=name,
                persist_state="session",
                disabled=not options,
            )

    def parts(self, name: str, parts: Mapping[str, Callable[[Page], None]]) -> None:
        """Tabs, titled ``tab.<part>``; only the one that is open is drawn, so that the others ask nothing of the marts.

        Args:
            name: of the parameter of the address that says which part is open.
            parts: what draws each of them.
        """
        titles = {part: self.words(f"tab.{part}") for part in parts}
        key = f"{name}_{self.words.language}"
        asked = st.query_params.get(name)
        if key not in st.session_state and asked in titles:
            st.session_state[key] = titles[asked]
        tabs = st.tabs(list(titles.values()), key=key, on_change="rerun")
        for tab, (part, draw) in zip(tabs, parts.items(), strict=True):
            if not tab.open:
                continue
            if part != next(iter(parts)):
                st.query_params[name] = part
            elif name in st.query_params:
                del st.query_params[name]
            with tab:
                draw(self)

    def choose_any(self, name: str, column: str, options: Sequence[str]) -> str | None:
        """A filter of one value of a column, or all of them (None)."""
        with kept_in_address(name, ["", *options]):
            chosen = st.selectbox(
                self.words(f"{name}.filter"),
                ["", *options],
                format_func=lambda option: self.words.value(column, option) if option else self.words("all"),
                key=name,
                persist_state="session",
            )
        return chosen or None

    def _configured(self, data: pa.Table, column: str, formats: dict[str, str], long: set[str]) -> Any:
        label = self.words.column(column)
        kind = data.schema.field(column).type
        if pa.types.is_boolean(kind):
            return st.column_config.CheckboxColumn(label)
        if pa.types.is_date(kind):
            return st.column_config.DateColumn(label, format="YYYY-MM-DD")
        if pa.types.is_timestamp(kind):
            return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm")
        if pa.types.is_integer(kind):
            return st.column_config.NumberColumn(label, format=formats.get(column, "localized"))
        if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            # No step: it cuts digits off instead of rounding.
            usual = "percent" if column.endswith(SHARES) else "%,.2f"
            return st.column_config.NumberColumn(label, format=formats.get(column, usual))
        return st.column_config.TextColumn(label, width="large" if column in long else None)


SHARES = ("probability", "share", "_rate")
"""How the names of columns end that hold numbers from 0 to 1, shown as percent."""

LONG_TEXT = 60
"""Letters of a text that gets a wide column and three lines a row, so that it is read and not cut."""

ONE_LINE, THREE_LINES = 35, 66
"""Pixels of a row."""


def spoken_values(data: pa.Table, words: Words) -> pa.Table:
    """The table with what marts call their values in words; other texts stand as they are."""
    for place, field in enumerate(data.schema):
        if pa.types.is_string(field.type) and words.knows_values(field.name):
            said = [None if value is None else words.value(field.name, value) for value in data[field.name].to_pylist()]
            data = data.set_column(place, field.name, pa.array(said, pa.string()))
    return data


def as_csv(data: pa.Table) -> bytes:
    """A table as a CSV file, with the names and values of the mart but no formula; UTF-8 as Excel knows it."""
    columns = [
        pa.array(map(neutral, column.to_pylist()), column.type) if pa.types.is_string(column.type) else column
        for column in data.columns
    ]
    written = BytesIO()
    csv.write_csv(pa.table(columns, [neutral(name) for name in data.column_names]), written)
    return b"\xef\xbb\xbf" + written.getvalue()


@contextmanager
def kept_in_address(name: str, options: Sequence[str]) -> Iterator[None]:
    """Around a widget with the key ``name``: what the address asks for is chosen, and what is chosen stands there.

    Streamlit's own binding writes the words of an option into the address, so that it would mean nothing in the other
    language, and two options of the same words would be one.

    Args:
        name: key of the widget and of the parameter.
        options: of the widget; the first one, which is chosen at first, does not stand in the address.
    """
    asked = st.session_state.get(name, st.query_params.get(name))
    if asked in options:
        st.session_state[name] = asked
    elif name in st.session_state:
        del st.session_state[name]
    yield
    chosen = st.session_state.get(name)
    if chosen is not None and chosen != options[0]:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]


def _longest(column: pa.ChunkedArray) -> int:
    """Letters of the longest text; 0 for what is no text."""
    return (compute.max(compute.utf8_length(column)).as_py() or 0) if pa.types.is_string(column.type) else 0


def _height(rows: int, row: int, *, most: int = 460) -> int:
    return min(ONE_LINE + 3 + row * rows, most)


@st.cache_resource(max_entries=512, show_spinner=False)
def _kept(question: Question, _marts: Marts, _ask: Answer) -> pa.Table:
    """Streamlit tells answers apart by the argument without a leading underscore."""
    return _ask(_marts, **dict(question[2]))
