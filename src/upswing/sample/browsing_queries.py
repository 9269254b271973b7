"""What people type into the search box: the words of a product's kind as they would say them, at times in Chinese."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import numpy as np

from upswing.sample.raw_files import Longs, Products, mistyped

TYPO_SHARE = 0.12
CHINESE_SHARE = 0.07
NEVER_MEANT_SHARE = 0.01
"""Searches of a single letter, entered too early."""

WORDS = (0.45, 0.4, 0.15)
"""Share of queries of one, two and three words."""

SHORTEST_WORD = 3


class Queries:
    """Writes the search that could have led to a product."""

    def __init__(self) -> None:
        path = resources.files("upswing.sample") / "phrases" / "queries.toml"
        phrases = tomllib.loads(path.read_text(encoding="utf-8"))
        self._dropped = frozenset(phrases["dropped"])
        self._spelled_out: dict[str, str] = phrases["spelled_out"]
        self._in_chinese: dict[str, str] = phrases["in_chinese"]

    def words(self, name: str) -> list[str]:
        """The words of a name of the source, spelled out, those left out that nobody types."""
        spelled = [self._spelled_out.get(word, word) for word in re.findall(r"[a-z]+", name.lower())]
        kept = [word for word in spelled if len(word) >= SHORTEST_WORD and word not in self._dropped]
        return list(dict.fromkeys(kept)) or ["groceries"]

    def chinese(self, words: list[str]) -> str | None:
        """The first word that has one, in Chinese."""
        known = (chinese for word, chinese in self._in_chinese.items() if word in words)
        return next(known, None)

    def write(self, rng: np.random.Generator, targets: Longs, products: Products) -> list[str]:
        """A query for each target (number in ``products``)."""
        lengths = rng.choice(len(WORDS), size=len(targets), p=WORDS) + 1
        styles, slips = rng.random((2, len(targets)))
        of_name: dict[str, list[str]] = {}
        queries = []
        for target, length, style, slip in zip(targets.tolist(), lengths, styles, slips, strict=True):
            name = products.names[target] or products.kinds[target]
            if name not in of_name:
                of_name[name] = self.words(name)
            words = of_name[name]
            in_chinese = self.chinese(words) if style < CHINESE_SHARE else None
            query = in_chinese or " ".join(words[: int(length)])
            if style > 1 - NEVER_MEANT_SHARE:
                query = query[:1]
            elif slip < TYPO_SHARE:
                query = mistyped(rng, query)
            queries.append(query)
        return queries
