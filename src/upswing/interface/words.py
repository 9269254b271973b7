"""The words of the interface, in English and Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from upswing.reasons.words import worded_json

REASON_CODES = {
    "churn_reasons": "churn_reason_codes",
    "purchase_reasons": "purchase_reason_codes",
    "uplift_reasons": "uplift_reason_codes",
    "top_reasons": "top_reason_codes",
    "cause_evidence": "cause_codes",
    "details": "detail_codes",
}
"""Columns of reasons in English, each with the column that holds them as codes, worded in the language of the page."""

LANGUAGES = {"en": "English", "zh": "中文"}
"""Each language, as it calls itself."""

ROOMS = ("today", "products", "opportunities", "customers", "sales", "marketing", "quality")
"""The pages, in the order of the menu; each has a folder of this name."""


@dataclass(frozen=True)
class Words:
    """The words of one room in one language; what the room does not say itself, all rooms share.

    Attributes:
        language: a key of ``LANGUAGES``.
        room: a folder below ``upswing.interface``, or "" for what all share.
    """

    language: str
    room: str = ""

    def __call__(self, key: str, **values: Any) -> str:
        """The words of ``key``, with ``{name}`` filled in.

        Raises:
            KeyError: nobody has written them.
        """
        own = spoken(self.room, self.language) if self.room else {}
        found = own[key] if key in own else spoken("", self.language)[key]
        return str(found).format(**values) if values else str(found)

    def value(self, column: str, value: Any) -> str:
        """What a mart calls ``value`` in a column of few values, in words; itself where no word is known.

        A segment's name may be its kind and a trait, as in ``occasional, small baskets``: each has its own words.
        """
        known = self._values(column)
        kind, comma, trait = str(value).partition(", ")
        if comma and column == "segment_name" and kind in known:
            return f"{known[kind]}{self('trait_separator')}{self._values('segment_trait').get(trait, trait)}"
        return str(known.get(str(value), value))

    def _values(self, column: str) -> dict[str, str]:
        shared = spoken("", self.language).get("values", {}).get(column, {})
        own = spoken(self.room, self.language).get("values", {}).get(column, {})
        return {**shared, **own}

    def reasons(self, row: Mapping[str, Any], column: str) -> str | None:
        """The reasons of a row in a column of ``REASON_CODES``, in words; those of the mart where it has no codes."""
        codes = row.get(REASON_CODES[column])
        said = row[column]
        return said if codes is None else worded_json(codes, self.language)

    def knows_values(self, column: str) -> bool:
        """Whether there are words for the values of a column."""
        return any(column in spoken(room, self.language).get("values", {}) for room in {"", self.room})

    def column(self, name: str) -> str:
        """What a column of a mart is called in the head of a table; its own name where nobody has written one."""
        shared = spoken("", self.language).get("columns", {})
        own = spoken(self.room, self.language).get("columns", {})
        return str((shared | own).get(name, name))

    def has(self, key: str) -> bool:
        """Whether there are words of ``key``."""
        return key in spoken("", self.language) or bool(self.room and key in spoken(self.room, self.language))

    def of(self, room: str) -> Words:
        """The words of another room in the same language."""
        return Words(self.language, room)


def spoken_reasons(data: pa.Table, words: Words) -> pa.Table:
    """The table with its reasons in the language of the words, and without their codes."""
    for column, codes in REASON_CODES.items():
        if column in data.column_names and codes in data.column_names:
            said = [words.reasons(row, column) for row in data.select([column, codes]).to_pylist()]
            place = data.column_names.index(column)
            data = data.set_column(place, column, pa.array(said, pa.string())).drop_columns([codes])
    return data


@cache
def spoken(room: str, language: str) -> dict[str, Any]:
    """All words of a room: of its ``en.toml`` or ``zh.toml``."""
    folder = files("upswing.interface")
    file = (folder / room if room else folder) / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
