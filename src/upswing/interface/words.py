"""The words of the interface, in English and Chinese."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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
        """What a mart calls ``value`` in a column of few values, in words; itself where no word is known."""
        shared = spoken("", self.language).get("values", {}).get(column, {})
        own = spoken(self.room, self.language).get("values", {}).get(column, {})
        return str((shared | own).get(str(value), value))

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


@cache
def spoken(room: str, language: str) -> dict[str, Any]:
    """All words of a room: of its ``en.toml`` or ``zh.toml``."""
    folder = files("upswing.interface")
    file = (folder / room if room else folder) / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
