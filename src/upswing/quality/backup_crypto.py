"""Encryption of a backup as it is written: AES-256-GCM in chunks, in constant memory.

A file has a key of its own, derived (HKDF-SHA256) from the backup key and a random salt, so that no two files share a
nonce. A chunk's nonce is its number and whether it is the last: chunks that are changed, swapped, repeated or cut off
do not open.
"""

from __future__ import annotations

import io
import secrets
from typing import IO, Any

from upswing.privacy.keys import BACKUP_SECRET, KEY_BYTES, decoded, key_id, new_key, write_key
from upswing.user_errors import UserError

MAGIC = b"UPSWING BACKUP 1"
SALT_BYTES = 16
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
HEADER_BYTES = len(MAGIC) + 8 + SALT_BYTES


def backup_key(*, may_make: bool) -> bytes:
    """The key that backups are encrypted with: ``UPSWING_BACKUP_KEY``, else the file ``backup.key`` beside the others.

    Args:
        may_make: whether a new one is made where there is none.

    Raises:
        UserError: there is none, or it is no key.
    """
    if BACKUP_SECRET.found() is None:
        if not may_make:
            raise UserError(
                f"The backup is encrypted, and there is no key: {BACKUP_SECRET.file} does not exist and "
                f"{BACKUP_SECRET.variable} is not set. Put the file back, or set the variable to its 64 hex digits."
            )
        write_key(BACKUP_SECRET, new_key())
    text, place = BACKUP_SECRET.found() or ("", str(BACKUP_SECRET.file))
    return decoded(text, place)


def is_encrypted(file: IO[bytes]) -> bool:
    """Whether a file begins as an encrypted backup; it is read from its beginning again."""
    begins = file.read(len(MAGIC))
    file.seek(0)
    return begins == MAGIC


class Encrypting(io.RawIOBase):
    """A file to write to; what arrives in ``target`` is encrypted. Closing it writes the last chunk, and leaves
    ``target`` open."""

    def __init__(self, target: IO[bytes], key: bytes) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._header = MAGIC + key_id(key).encode() + salt
        self._box = _box(key, salt)
        self._target = target
        self._waiting = bytearray()
        self._chunks = 0
        target.write(self._header)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take bytes; each full chunk is encrypted and written."""
        self._waiting += data
        # A full chunk waits until there is more, for the last one is marked.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        """Write what is left, as the last chunk."""
        if not self.closed:
            self._seal(bytes(self._waiting), is_last=True)
            self._waiting.clear()
        super().close()

    def _seal(self, chunk: bytes, is_last: bool) -> None:
        self._target.write(self._box.encrypt(_nonce(self._chunks, is_last), chunk, self._header))
        self._chunks += 1


class Decrypting(io.RawIOBase):
    """A file to read from, of what ``source`` holds encrypted.

    Raises:
        UserError: it was encrypted with another key, or it is not what was written.
    """

    def __init__(self, source: IO[bytes], key: bytes, name: str) -> None:
        self._source, self._name = source, name
        self._header = source.read(HEADER_BYTES)
        encrypted_with = self._header[len(MAGIC) : len(MAGIC) + 8].decode("ascii", "replace")
        if encrypted_with != key_id(key):
            raise UserError(
                f"{name} is encrypted with the backup key {encrypted_with}, but the key given is {key_id(key)}. "
                f"Give the right one in {BACKUP_SECRET.variable}."
            )
        self._box = _box(key, self._header[-SALT_BYTES:])
        self._next = source.read(CHUNK_BYTES + TAG_BYTES)
        self._opened, self._place, self._chunks, self._is_over = b"", 0, 0, False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next; 0 at the end, which was marked as such when it was written."""
        while self._place == len(self._opened) and not self._is_over:
            self._open_next()
        taken = self._opened[self._place : self._place + len(buffer)]
        buffer[: len(taken)] = taken
        self._place += len(taken)
        return len(taken)

    def _open_next(self) -> None:
        from cryptography.exceptions import InvalidTag

        sealed, self._next = self._next, self._source.read(CHUNK_BYTES + TAG_BYTES)
        self._is_over = not self._next
        try:
            self._opened = self._box.decrypt(_nonce(self._chunks, self._is_over), sealed, self._header)
        except InvalidTag:
            raise UserError(
                f"{self._name} is damaged: block {self._chunks + 1} (of {CHUNK_BYTES + TAG_BYTES:,} bytes) "
                "is not what was written there, or the end is missing. Take another backup."
            ) from None
        self._place = 0
        self._chunks += 1


def _box(key: bytes, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"upswing backup file").derive(key))


def _nonce(chunk: int, is_last: bool) -> bytes:
    return chunk.to_bytes(11, "big") + bytes([is_last])
