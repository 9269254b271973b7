"""Phrases of one language, and their slots filled with the names, numbers and addresses of a customer.

The phrases are in ``phrases/<language>.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

import numpy as np

from upswing.sample.visit_records import City, Visit

LANGUAGES = ("en", "zh")
SLOT = re.compile(r"\{(\w+)\}")
CONTACTS = 3
"""People known by name at each account."""

Item = TypeVar("Item")


def pick(rng: np.random.Generator, items: list[Item]) -> Item:
    return items[int(rng.integers(len(items)))]


@dataclass(frozen=True)
class PhraseBank:
    """One language's phrases and the places where its reps travel."""

    language: str
    tables: dict[str, Any]

    @classmethod
    def load(cls, language: str) -> PhraseBank:
        """Read the phrases of ``language`` from the package."""
        text = (resources.files("upswing.sample") / "phrases" / f"{language}.toml").read_text(encoding="utf-8")
        return cls(language, tomllib.loads(text))

    @property
    def cities(self) -> list[City]:
        return [
            (name, float(latitude), float(longitude)) for name, latitude, longitude in self.tables["place"]["cities"]
        ]

    @property
    def utc_offset_hours(self) -> int:
        return int(self.tables["place"]["utc_offset_hours"])

    def sentences(self, kind: str) -> list[str]:
        return list(self.tables[kind]["sentences"])

    def slot(self, name: str) -> list[str]:
        return list(self.tables["slots"][name])


class Phrasing:
    """Draws phrases of one language and fills their slots."""

    def __init__(self, rng: np.random.Generator, bank: PhraseBank) -> None:
        self._rng = rng
        self.bank = bank
        self._contacts: dict[str, list[str]] = {}

    def sentence(self, kind: str, visit: Visit) -> str:
        """One of the sentences of this kind."""
        return self.fill(pick(self._rng, self.bank.sentences(kind)), visit)

    def fill(self, text: str, visit: Visit) -> str:
        """The phrase with every slot filled for this visit."""
        filled = SLOT.sub(lambda match: self._value(match[1], visit), text)
        return filled[:1].upper() + filled[1:]

    def _value(self, slot: str, visit: Visit) -> str:
        rng, bank = self._rng, self.bank
        if slot == "person":
            return pick(rng, self._contacts_of(visit.opportunity.account.account_id))
        if slot == "number":
            return str(int(rng.integers(3, 30)))
        if slot == "month":
            return bank.slot("months")[(visit.began_at.month - 1 + int(rng.integers(1, 6))) % 12]
        if slot == "email":
            return f"{pick(rng, bank.slot('mailboxes'))}@{pick(rng, bank.slot('domains'))}"
        if slot in ("phone", "reference"):
            return re.sub("#", lambda _: str(int(rng.integers(10))), pick(rng, bank.slot(f"{slot}_formats")))
        return pick(rng, bank.slot(slot))

    def _contacts_of(self, account_id: str) -> list[str]:
        if account_id not in self._contacts:
            self._contacts[account_id] = [
                pick(self._rng, self.bank.slot("person_forms")).format(
                    first=pick(self._rng, self.bank.slot("first_names")),
                    last=pick(self._rng, self.bank.slot("last_names")),
                )
                for _ in range(CONTACTS)
            ]
        return self._contacts[account_id]
