"""The chain of the audit: each entry carries a hash of itself and of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One entry of the audit.

    Attributes:
        entry: its number, from 1 on without a gap.
        recorded_at: when (UTC, ISO 8601 to the microsecond).
        kind: of what was done: run_started, run_finished, publish, backup, restore, forget …
        actor: who did it: ``UPSWING_USER``, else the user of the operating system.
        details: JSON, as it was hashed.
        previous_hash: the hash of the entry before, :data:`BEFORE_THE_FIRST` for the first.
        entry_hash: SHA-256 over all of this, 64 hex digits.
    """

    entry: int
    recorded_at: str
    kind: str
    actor: str
    details: str
    previous_hash: str
    entry_hash: str

    def content(self) -> dict[str, Any]:
        """The details, decoded."""
        decoded: dict[str, Any] = json.loads(self.details)
        return decoded


@dataclass(frozen=True)
class Break:
    """Where the audit does not hold.

    Attributes:
        entry: the number of the entry that is wrong, missing or changed; 0 where the file as a whole is.
        what: what is wrong with it, in words.
    """

    entry: int
    what: str


@dataclass(frozen=True)
class Anchor:
    """A hash of the chain that is kept elsewhere.

    Attributes:
        place: where it is kept.
        entry: the number of the entry it belongs to.
        entry_hash: the hash that entry had.
    """

    place: str
    entry: int
    entry_hash: str


def canonical(details: dict[str, Any]) -> str:
    """JSON that is the same for the same details: keys sorted, no spaces."""
    return json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def entry_hash(entry: int, recorded_at: str, kind: str, actor: str, details: str, previous_hash: str) -> str:
    """The hash that chains an entry to the one before, 64 hex digits."""
    content = json.dumps([previous_hash, entry, recorded_at, kind, actor, details], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def broken(chain: Iterable[Entry], anchors: Iterable[Anchor]) -> Iterator[Break]:
    """Where a chain does not hold, or does not hold what anchors know."""
    expected, previous = 1, BEFORE_THE_FIRST
    anchored: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        anchored.setdefault(anchor.entry, []).append(anchor)
    for entry in chain:
        if entry.entry != expected:
            yield Break(expected, _missing(expected, entry.entry - 1))
        elif entry.previous_hash != previous:
            yield Break(entry.entry, "it does not follow the entry before it, which was changed or put in its place")
        if entry.entry_hash != _hash_of(entry):
            yield Break(entry.entry, "its content is not what was recorded: its hash is another")
        for anchor in anchored.pop(entry.entry, []):
            if anchor.entry_hash != entry.entry_hash:
                yield Break(entry.entry, f"it is not the entry that {anchor.place} knows: the chain was written anew")
        expected, previous = entry.entry + 1, entry.entry_hash
    for number in sorted(anchored):
        yield Break(number, f"it is missing, but {anchored[number][0].place} knows of it: the end was cut off")


def _missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"it is missing, and so are all up to entry {last}"


def _hash_of(entry: Entry) -> str:
    return entry_hash(entry.entry, entry.recorded_at, entry.kind, entry.actor, entry.details, entry.previous_hash)


def chained(head: Entry | None, kind: str, who: str, details: str) -> Entry:
    """The entry that follows another, or is the first, as of now."""
    number, previous = (head.entry + 1, head.entry_hash) if head else (1, BEFORE_THE_FIRST)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return Entry(number, now, kind, who, details, previous, entry_hash(number, now, kind, who, details, previous))
