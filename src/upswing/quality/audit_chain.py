"""The chain of the audit: each entry carries a hash of itself and of the one before it, made with the audit key.

Without the key nobody can compute the hash of another content. Entries of an earlier version carry a plain SHA-256; the
first entry that is signed with the key covers the hash before it, and so all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from upswing.privacy.keys import AUDIT_SECRET, key_id

BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True)
class Signer:
    """Signs with the audit key.

    Attributes:
        key: 32 bytes.
        key_id: what tells the key apart from others.
    """

    key: bytes = field(repr=False)
    key_id: str

    @classmethod
    def of(cls, key: bytes) -> Signer:
        """The signer of a key."""
        return cls(key, key_id(key))

    def signature(self, text: str) -> str:
        """HMAC-SHA256 of a text, 64 hex digits."""
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


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
        entry_hash: the id of the audit key, a colon, and HMAC-SHA256 over all of this, 64 hex digits; of an earlier
            version SHA-256 alone.
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

    @property
    def key_id(self) -> str | None:
        """The id of the key that it was signed with; None for an entry of an earlier version."""
        return signed_with(self.entry_hash)


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
        recorded_at: when that hash was the newest, or soon after (UTC, ISO 8601).
    """

    place: str
    entry: int
    entry_hash: str
    recorded_at: str


@dataclass(frozen=True)
class TakenBack:
    """A restore that brought the audit back from a backup, because no audit was there to go on with.

    Attributes:
        last: the last entry that came back; 0 where none did.
        recorded_at: when (UTC, ISO 8601 to the microsecond).
    """

    last: int
    recorded_at: str

    def has_lost(self, anchor: Anchor) -> bool:
        """Whether an entry that is known elsewhere was lost by this restore."""
        return anchor.entry > self.last and anchor.recorded_at < self.recorded_at


def canonical(details: dict[str, Any]) -> str:
    """JSON that is the same for the same details: keys sorted, no spaces."""
    return json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def signed_with(entry_hash: str) -> str | None:
    """The id of the key that a hash was made with; None where it is a plain one."""
    key, colon, _ = entry_hash.partition(":")
    return key if colon else None


def chained(head: Entry | None, kind: str, who: str, details: str, signer: Signer) -> Entry:
    """The entry that follows another, or is the first, as of now."""
    number, previous = (head.entry + 1, head.entry_hash) if head else (1, BEFORE_THE_FIRST)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return Entry(
        number, now, kind, who, details, previous, _hash(number, now, kind, who, details, previous, signer=signer)
    )


def is_signed(entry: Entry, signer: Signer) -> bool:
    """Whether an entry is what was signed with the key."""
    return entry.entry_hash == _hash_of(entry, signer)


def broken(chain: Iterable[Entry], anchors: Iterable[Anchor], signer: Signer | None) -> Iterator[Break]:
    """Where a chain does not hold, or does not hold what anchors know.

    Args:
        chain: the entries by their numbers.
        anchors: hashes that are kept elsewhere.
        signer: of the audit key; None where there is no key.
    """
    expected, previous, key, is_rewritten = 1, BEFORE_THE_FIRST, None, False
    anchored: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        anchored.setdefault(anchor.entry, []).append(anchor)
    for entry in chain:
        if entry.entry != expected:
            yield Break(expected, _missing(expected, entry.entry - 1))
        elif entry.previous_hash != previous:
            yield Break(entry.entry, "it does not follow the entry before it, which was changed or put in its place")
        yield from _wrongly_signed(entry, key, signer)
        others = [anchor for anchor in anchored.pop(entry.entry, []) if anchor.entry_hash != entry.entry_hash]
        if others and not is_rewritten:
            places = ", ".join(sorted({anchor.place for anchor in others}))
            yield Break(entry.entry, f"it is not the entry that {places} knows: the chain was rewritten from here on")
        is_rewritten = bool(others) or is_rewritten
        expected, previous, key = entry.entry + 1, entry.entry_hash, entry.key_id or key
    cut = [anchor for number, known in anchored.items() if number >= expected for anchor in known]
    if cut:
        places = ", ".join(sorted({anchor.place for anchor in cut}))
        missing = _missing(expected, max(anchor.entry for anchor in cut))
        yield Break(expected, f"{missing}, but {places} knows of it: the end was cut off")


def _wrongly_signed(entry: Entry, key_before: str | None, signer: Signer | None) -> Iterator[Break]:
    """What is wrong with the hash of an entry, after entries that were signed with a key, or with none."""
    key = entry.key_id
    if key is None and key_before is not None:
        yield Break(entry.entry, "it is not signed, but entries before it are: somebody wrote it without the audit key")
    elif key is not None and (signer is None or key != signer.key_id):
        # One break for all that follow with the same key.
        if key != key_before:
            here = f"the one here is {signer.key_id}" if signer else "there is none here"
            yield Break(entry.entry, f"it was signed with the audit key {key}, and {here}: {put_key_back()}")
    elif entry.entry_hash != _hash_of(entry, signer if key else None):
        yield Break(entry.entry, "its content is not what was recorded: its hash is another")


def put_key_back() -> str:
    """What helps where the audit key is another one, or is gone."""
    return f"put that key back in {AUDIT_SECRET.file}, or in {AUDIT_SECRET.variable}"


def _missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"it is missing, and so are all up to entry {last}"


def _hash_of(entry: Entry, signer: Signer | None) -> str:
    return _hash(
        entry.entry,
        entry.recorded_at,
        entry.kind,
        entry.actor,
        entry.details,
        entry.previous_hash,
        signer=signer,
    )


def _hash(
    entry: int, recorded_at: str, kind: str, actor: str, details: str, previous_hash: str, *, signer: Signer | None
) -> str:
    content = json.dumps([previous_hash, entry, recorded_at, kind, actor, details], ensure_ascii=False)
    if signer is not None:
        return f"{signer.key_id}:{signer.signature(content)}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
