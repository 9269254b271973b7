"""What customers write beside a rating: phrases by what it is about and how content they are, with slips of the hand.

See ``feedback`` for the whole process.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import numpy as np

from upswing.sample.browsing_queries import Queries
from upswing.sample.raw_files import mistyped
from upswing.sample.visit_phrases import LANGUAGES, pick

CONTENT = ("bad", "middling", "good")

OF_ITS_KIND_SHARE = 0.4
SHORT_SHARE = 0.08
SECOND_SENTENCE_SHARE = 0.3
SERVICE_SHARE = 0.1
TYPO_RATE = 0.6
"""Mean slips of the hand in an English text."""

SHOUTED_SHARE = 0.02
LOWERED_SHARE = 0.15
LONGEST_NAME = 2
"""Words of a product's kind that a customer says."""

KINDS = {
    "food": r"bag snacks|frzn potatoes|ice cream|milk by|popcorn|shelf stable",
    "any": r"batteries|book|candles|cigar|electric|film|firework|floral|garden|gift|glass|greeting|hardware|home"
    r"|kitchen|magazine|newspaper|photo|seasonal|sewing|shoe|sport|stationery|tobacco|toys|watches",
    "household": r"air care|bath|bleach|broom|cleang|deodor|detergent|diaper|facial|fem|hair|hand|hygiene|laundry"
    r"|makeup|oral|paper|pet care|plastic|shav|soap|tissue|towel|vitamin|wrap",
    "fresh": r"apple|beef|berries|carrot|celery|chicken|citrus|corn|deli |fruit|grape|herb|lamb|lettuce|melon|mushroom"
    r"|onion|organic|pears|pepper|pork|potato|produce|salad|seafood-fresh|squash|sushi|tomato|turkey|veal"
    r"|vegetables - all",
    "drink": r"beer|beverage|coffee|drink|drnk|juice|liquor|milk|tea\b|teas|water|wine",
}
"""What a category is told apart by in the words of the phrases, in this order; all else is ``food``."""


def kind_of(category: str) -> str:
    """The kind of product, of those the phrases know."""
    return next((kind for kind, words in KINDS.items() if re.search(words, category.lower())), "food")


class FeedbackWriter:
    """Writes texts, seeded by the generator given."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._queries = Queries()
        self._phrases = {
            language: tomllib.loads(
                (resources.files("upswing.sample") / "phrases" / f"feedback_{language}.toml").read_text("utf-8")
            )
            for language in LANGUAGES
        }
        self._kinds: dict[str, str] = {}

    def write(self, level: int, language: str, name: str | None, category: str | None) -> str:
        """A text of someone as content as ``CONTENT[level]``, on a product of this category, or on a campaign.

        Args:
            name: of the kind of product, as the source has it; None: unknown.
            category: None: it is about a campaign.
        """
        rng, content, phrases = self._rng, CONTENT[level], self._phrases[language]
        if rng.random() < SHORT_SHARE:
            return str(pick(rng, phrases["short"][content]))
        topic = "campaign"
        if category is not None:
            if category not in self._kinds:
                self._kinds[category] = kind_of(category)
            topic = self._kinds[category] if rng.random() < OF_ITS_KIND_SHARE else "any"
        sentences = [pick(rng, phrases[topic][content])]
        if topic != "campaign" and rng.random() < SECOND_SENTENCE_SHARE:
            second = pick(rng, phrases["any"][content])
            sentences += [second] if second not in sentences else []
        if rng.random() < SERVICE_SHARE:
            sentences.append(pick(rng, phrases["service"][CONTENT[int(rng.integers(len(CONTENT)))]]))
        text = ("" if language == "zh" else " ").join(sentences)
        text = text.replace("{product}", self._spoken(name))
        return text if language == "zh" else self._typed(text)

    def _spoken(self, name: str | None) -> str:
        words = self._queries.words(name) if name else ["product"]
        return " ".join(words[:LONGEST_NAME])

    def _typed(self, text: str) -> str:
        for _ in range(int(self._rng.poisson(TYPO_RATE))):
            text = mistyped(self._rng, text)
        manner = self._rng.random()
        if manner < SHOUTED_SHARE:
            return text.upper()
        return text.lower().rstrip(".") if manner < SHOUTED_SHARE + LOWERED_SHARE else text
