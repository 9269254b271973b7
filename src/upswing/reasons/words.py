"""The words of reasons, in each language: ``en.toml`` and ``zh.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from upswing.reasons.codes import Reason, from_json

MOST_FACTOR = 999.0
"""Odds that were multiplied by more than this are called "over 999"."""


def worded(reasons: Iterable[Reason], language: str = "en") -> str:
    """All reasons of a number in one text."""
    words = _words(language)
    return str(words["separator"]).join(_sentence(reason, words) for reason in reasons)


def worded_json(text: str, language: str) -> str:
    """All reasons of a number, as a mart holds their codes, in one text."""
    return worded(from_json(text), language)


def known_codes(language: str) -> dict[str, str]:
    """The template of each code."""
    words = _words(language)
    return {code: template for kind in words["effects"] for code, template in words[kind].items()}


@cache
def _words(language: str) -> dict[str, Any]:
    return tomllib.loads((files("upswing.reasons") / f"{language}.toml").read_text(encoding="utf-8"))


def _sentence(reason: Reason, words: dict[str, Any]) -> str:
    kind = next(kind for kind in words["effects"] if reason.code in words[kind])
    spoken = {name: _Spoken(value, words) for name, value in reason.parameters.items()}
    sentence = words[kind][reason.code].format(**spoken)
    if not reason.effect:
        return str(sentence)
    way = "raises" if reason.effect > 0 else "lowers"
    return str(words["effects"][kind][way].format(reason=sentence, effect=_Spoken(reason.effect, words)))


@dataclass(frozen=True)
class _Spoken:
    """A value in a template: with ``{value:day}`` 12.5 is "12.5 days", with ``{value:percent}`` 0.62 is "62 %"."""

    value: Any
    words: dict[str, Any]

    def __format__(self, form: str) -> str:
        if isinstance(self.value, str):
            return self.value
        if form == "percent":
            return f"{abs(self.value) * 100:.0f} %"
        if form == "money":
            return f"{self.value:,.2f}"
        if form == "factor":
            return self._factor()
        if form == "point":
            points = abs(self.value) * 100
            return self._counted(round(points) if points >= 1 else round(points, 1), form)
        number = round(self.value, 1) if abs(self.value) >= 1 or self.value == 0 else float(f"{self.value:.2g}")
        return self._counted(number, form) if form else f"{number:,.10g}"

    def _counted(self, number: float, unit: str) -> str:
        one, many = self.words["units"][unit]
        return f"{number:,.10g}{one if number == 1 else many}"

    def _factor(self) -> str:
        factor = math.exp(min(abs(self.value), math.log(MOST_FACTOR)))
        if factor >= MOST_FACTOR:
            return str(self.words["over"]).format(factor=f"{MOST_FACTOR:.0f}")
        return f"{factor:.{0 if factor >= 10 else 1}f}"
