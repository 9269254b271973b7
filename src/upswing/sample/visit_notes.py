"""Text of visits: from the levels of the factors, as a rep perceives them, to a note in that rep's manner.

Phrases come from ``phrases/<language>.toml``. A factor is spoken of only through what was seen or said, never by name,
and nothing tells the outcome. See ``sales_visits`` for the whole process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from upswing.sample.visit_phrases import LANGUAGES, PhraseBank, Phrasing, pick
from upswing.sample.visit_records import FACTORS, Rep, Visit

LEVELS = ("unfavourable", "mixed", "favourable")
PERCEPTION_NOISE = 0.6
LEVEL_BOUND = 0.5
"""A factor perceived beyond this, on either side, is favourable or unfavourable; in between it is mixed."""

CONTRAST_SHARE = 0.35
HEDGE_SHARE = 0.1
FOREIGN_SHARE = 0.01
NO_FEEDBACK_SHARE = 0.4
NO_CONTACT_SHARE = 0.03
EMPTY_HONEST_SHARE = 0.004
STYLES = {"flowing": 0.4, "terse": 0.25, "bullets": 0.2, "long_winded": 0.15}
LATE_AFTER_DAYS = 4

PIECE = re.compile(r"(?<=[.!?;])(?=\s)|(?<=[\n\u3002\uff01\uff1f\uff1b\uff0c])")


@dataclass(frozen=True)
class Manner:
    """How a rep writes."""

    style: str
    typo_rate: float
    opener: str | None


class NoteWriter:
    """Writes the notes and the feedback of visits, which must come in order of time."""

    def __init__(self, rng: np.random.Generator, language: str) -> None:
        self._rng = rng
        self._bank = PhraseBank.load(language)
        self._phrasing = Phrasing(rng, self._bank)
        foreign = next(other for other in LANGUAGES if other != language)
        self._foreign = Phrasing(rng, PhraseBank.load(foreign))
        self._space = "" if language == "zh" else " "
        self._manners: dict[str, Manner] = {}
        self._spoken: dict[tuple[str, str], tuple[str, str]] = {}

    def write(self, visit: Visit) -> None:
        """Write an honest visit."""
        rng = self._rng
        if visit.is_courtesy:
            visit.note = self._finish(visit, [self._phrasing.sentence("courtesy", visit), *self._filler(visit, 0.4)])
        elif rng.random() < NO_CONTACT_SHARE:
            visit.is_contact = False
            visit.note = self._phrasing.sentence("no_contact", visit)
        elif rng.random() < EMPTY_HONEST_SHARE:
            visit.note = self._phrasing.sentence("empty", visit)
        else:
            visit.note = self._account_of(visit, visit.state, remembers=True)
            if rng.random() >= NO_FEEDBACK_SHARE:
                visit.feedback = self._said(visit, visit.state)

    def invent(self, visit: Visit) -> None:
        """Write a visit that never was: whatever the rep likes, whatever the state."""
        state = self._rng.normal(0.2, 0.8, len(FACTORS))
        visit.note = self._account_of(visit, state, remembers=False)
        if self._rng.random() < 0.25:
            visit.feedback = self._said(visit, state)

    def nothing(self, visit: Visit) -> None:
        """Write a visit of which nothing is told."""
        visit.note = self._phrasing.sentence("empty", visit)

    def copy(self, visit: Visit, original: str) -> None:
        """Write a visit as a slightly edited copy of another note."""
        pieces = [piece for piece in PIECE.split(original) if piece]
        if len(pieces) > 4 and self._rng.random() < 0.6:
            del pieces[int(self._rng.integers(len(pieces)))]
        note = "".join(pieces).strip()
        if self._rng.random() < 0.4:
            note += self._space + self._phrasing.sentence("closers", visit)
        visit.note = self._mistype(note, 0.01)

    def _account_of(self, visit: Visit, state: NDArray[np.float64], *, remembers: bool) -> str:
        rng, manner = self._rng, self._manner(visit.rep)
        core = []
        for index in rng.choice(len(FACTORS), int(rng.integers(2, 5)), replace=False):
            factor = FACTORS[index]
            level = self._level(float(state[index]) + visit.rep.optimism)
            phrase = self._phrasing.fill(pick(rng, self._bank.tables["note"][factor][level]), visit)
            said = phrase
            key = (visit.opportunity.opportunity_id, factor)
            if remembers:
                before = self._spoken.get(key)
                if before and before[0] != level and rng.random() < CONTRAST_SHARE:
                    template = pick(rng, self._bank.tables["contrast"]["templates"])
                    said = template.format(before=before[1], now=phrase)
                self._spoken[key] = (level, phrase)
            if rng.random() < HEDGE_SHARE:
                said += self._space + self._phrasing.sentence("hedges", visit)
            core.append(said)
        for filler in self._filler(visit, 0.6 if manner.style == "long_winded" else 0.35):
            core.insert(int(rng.integers(len(core) + 1)), filler)
        if manner.style == "long_winded":
            for padding in rng.choice(self._bank.sentences("padding"), 2, replace=False).tolist():
                core.insert(int(rng.integers(len(core) + 1)), padding)
        if manner.opener:
            core.insert(0, self._phrasing.fill(manner.opener, visit))
        elif rng.random() < 0.45:
            core.insert(0, self._phrasing.sentence("openers", visit))
        if rng.random() < 0.4:
            core.append(self._phrasing.sentence("closers", visit))
        return self._finish(visit, core)

    def _said(self, visit: Visit, state: NDArray[np.float64]) -> str:
        chosen = self._rng.choice(len(FACTORS), int(self._rng.integers(1, 3)), replace=False)
        feedback = self._bank.tables["feedback"]
        return self._space.join(
            self._phrasing.fill(pick(self._rng, feedback[FACTORS[index]][self._level(float(state[index]))]), visit)
            for index in chosen
        )

    def _level(self, value: float) -> str:
        perceived = value + self._rng.normal(0, PERCEPTION_NOISE)
        return LEVELS[int(perceived > -LEVEL_BOUND) + int(perceived > LEVEL_BOUND)]

    def _filler(self, visit: Visit, share: float) -> list[str]:
        kinds = ("small_talk", "small_talk", "logistics", "logistics")
        return [self._phrasing.sentence(kind, visit) for kind in kinds if self._rng.random() < share]

    def _finish(self, visit: Visit, sentences: list[str]) -> str:
        rng, manner = self._rng, self._manner(visit.rep)
        if (visit.entered_at - visit.ended_at).days >= LATE_AFTER_DAYS and rng.random() < 0.7:
            sentences.insert(0, self._phrasing.sentence("late", visit))
        if manner.style == "terse":
            sentences = [self._shorten(sentence) for sentence in sentences]
            note = ("\uff0c" if self._bank.language == "zh" else ". ").join(sentences)
        elif manner.style == "bullets":
            note = "\n".join(f"- {sentence}" for sentence in sentences)
        else:
            note = self._space.join(sentences)
        note = self._mistype(note, manner.typo_rate)
        if rng.random() < FOREIGN_SHARE:
            kind = ("small_talk", "logistics")[int(rng.integers(2))]
            note += " " + self._foreign.sentence(kind, visit)
        return note

    def _manner(self, rep: Rep) -> Manner:
        if rep.rep_id not in self._manners:
            style = str(self._rng.choice(list(STYLES), p=list(STYLES.values())))
            opener = pick(self._rng, self._bank.sentences("openers")) if self._rng.random() < 0.3 else None
            self._manners[rep.rep_id] = Manner(style, float(self._rng.gamma(1.5, 0.006)), opener)
        return self._manners[rep.rep_id]

    def _shorten(self, sentence: str) -> str:
        terse, rng = self._bank.tables["terse"], self._rng
        if self._bank.language == "zh":
            for long, short in terse["shortened"].items():
                if rng.random() < 0.7:
                    sentence = sentence.replace(long, short)
            kept = [letter for letter in sentence if letter not in terse["dropped"] or rng.random() < 0.5]
            return "".join(kept).rstrip("\u3002")
        words = []
        for word in sentence.rstrip(".").split(" "):
            # Addresses and references are kept as they are.
            plain = word if "@" in word or any(letter.isdigit() for letter in word) else word.lower()
            if plain not in terse["dropped"] or rng.random() < 0.3:
                words.append(terse["shortened"].get(plain, plain) if rng.random() < 0.8 else plain)
        return " ".join(words)

    def _mistype(self, text: str, rate: float) -> str:
        confused: dict[str, str] = self._bank.tables["typos"]["confused"]
        letters = list(text)
        for position in self._rng.integers(len(letters), size=self._rng.poisson(rate * len(letters) / 5)):
            here = letters[position]
            if confused:
                places = [place for place, letter in enumerate(letters) if letter in confused]
                if places:
                    place = pick(self._rng, places)
                    letters[place] = confused[letters[place]]
            elif here.isalpha() and 0 < position < len(letters) - 1 and letters[position + 1].isalpha():
                after = letters[position + 1]
                slips = ([after, here], [here, ""], [here, here + after])
                letters[position : position + 2] = slips[int(self._rng.integers(len(slips)))]
        return "".join(letters)
