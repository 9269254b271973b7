"""Keyed pseudonyms of customers: the same customer, the same pseudonym, and no way back without the vault.

HMAC-SHA256 (RFC 2104), of which the first 96 bits are kept: among a hundred million customers the chance that two get
one pseudonym is below one in ten trillion.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import pyarrow as pa

PSEUDONYM_DIGITS = 24
_BLOCK_BYTES = 64
_SPACES = " \u00a0\u1680" + "".join(chr(code) for code in range(0x2000, 0x200B)) + "\u202f\u205f\u3000"


@dataclass(frozen=True)
class Pads:
    """The key as HMAC uses it, so that SQL can compute it of two SHA-256: sha256(outer, sha256(inner, text))."""

    inner: bytes
    outer: bytes


def pads(key: bytes) -> Pads:
    """Both pads of a key of at most 64 bytes."""
    block = key.ljust(_BLOCK_BYTES, b"\0")
    return Pads(bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block))


def pseudonym(key: bytes, identity: str) -> str:
    """The pseudonym of a customer's id, 24 hex digits; spaces around the id do not count."""
    return hmac.new(key, trimmed(identity).encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]


def trimmed(identity: str) -> str:
    """An id without the spaces around it, as the raw tables' texts are trimmed (tabs and line ends stay)."""
    return identity.strip(_SPACES)


def pseudonyms(key: bytes, identities: pa.Array) -> pa.Array:
    """The pseudonyms of ids, text or numbers; null where there is no id or an empty one."""
    texts = (None if value is None else trimmed(str(value)) for value in identities.to_pylist())
    return pa.array([pseudonym(key, text) if text else None for text in texts], pa.string())
