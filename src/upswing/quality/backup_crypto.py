"""Encryption of backups by age (https://age-encryption.org), so that the command ``age`` opens them too.

pyrage encrypts from one open file into another. A pipe and a thread turn that into a file to write to, or to read from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import IO

import pyrage
from pyrage import x25519

from upswing.privacy.keys import BACKUP_SECRET, write_private
from upswing.user_errors import UserError

MAGIC = b"age-encryption.org/v1\n"
EARLIER_MAGIC = b"UPSWING BACKUP 1"
EARLIER_COMMIT = "8092f38"
"""The last version that encrypted in a format of its own, and the one that still reads it."""

HEADER_BYTES = 1 << 14
"""At most so many bytes name who may open a file: pyrage takes minutes for a header of some megabytes."""

PIPE_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Encryption:
    """Whom a backup is encrypted to.

    Attributes:
        recipients: the public keys (``age1…``) whose secret keys open it.
        reader: the secret key that reads it again once it is written.
        place: where the secret key is kept; None where only the recipients have theirs.
        has_new_key: whether the secret key was just made.
    """

    recipients: tuple[str, ...]
    reader: x25519.Identity = field(repr=False)
    place: str | None = None
    has_new_key: bool = False


def encryption_to(recipients: Sequence[str]) -> Encryption:
    """How the next backup is encrypted.

    Without recipients: to the backup key, which is made on first use. With recipients: to them, and to a key that is
    kept in memory alone until the backup was read again, so that this machine cannot open it later.

    Args:
        recipients: public keys.

    Raises:
        UserError: a recipient or the backup key is none, or a new key cannot be written.
    """
    if recipients:
        for recipient in recipients:
            _recipient(recipient)
        return Encryption(tuple(dict.fromkeys(recipients)), x25519.Identity.generate())
    has_new_key = BACKUP_SECRET.found() is None
    if has_new_key:
        _make_key()
    text, place = BACKUP_SECRET.found() or ("", str(BACKUP_SECRET.file))
    (own, *_) = _identities(text, place)
    return Encryption((str(own.to_public()),), own, place, has_new_key)


def backup_keys(name: str, recipients: str | None) -> list[x25519.Identity]:
    """The secret keys that can open a backup: ``UPSWING_BACKUP_KEY``, else the file ``backup.key`` beside the others.

    Args:
        name: of the backup.
        recipients: whom it is encrypted to, as far as known.

    Raises:
        UserError: there is none, or it is no key.
    """
    found = BACKUP_SECRET.found()
    if found is None:
        raise UserError(
            f"{name} is encrypted{_to(recipients)}, and there is no key: {BACKUP_SECRET.file} does not exist and "
            f"{BACKUP_SECRET.variable} is not set. Put the file back, or set the variable to its content."
        )
    return _identities(*found)


@contextmanager
def encrypting(target: IO[bytes], encryption: Encryption) -> Iterator[IO[bytes]]:
    """A file to write to; what arrives in ``target`` is encrypted.

    Raises:
        OSError: ``target`` cannot be written.
    """
    # The reader of a backup for others is a recipient like them.
    names = dict.fromkeys((*encryption.recipients, str(encryption.reader.to_public())))
    public = [_recipient(name) for name in names]
    reads, writes = os.pipe()
    failed: list[Exception] = []

    def encrypt() -> None:
        with os.fdopen(reads, "rb", buffering=PIPE_BUFFER_BYTES) as source:
            try:
                pyrage.encrypt_io(source, _Noted(target, failed), public)
            except Exception as wrong:
                failed.append(wrong)

    thread = Thread(target=encrypt, name="age")
    thread.start()
    try:
        with os.fdopen(writes, "wb", buffering=PIPE_BUFFER_BYTES) as sink:
            yield sink
    finally:
        thread.join()
        if failed:  # What went wrong there broke the pipe here.
            raise failed[0] from None


@contextmanager
def decrypting(
    source: IO[bytes], name: str, keys: Sequence[x25519.Identity], recipients: str | None
) -> Iterator[IO[bytes]]:
    """A file to read from, of what ``source`` holds encrypted; every byte of it was authenticated.

    Args:
        source: an encrypted file, at its beginning.
        name: of it.
        keys: secret ones, of which one must open it.
        recipients: whom it is encrypted to, as far as known.

    Raises:
        UserError: no key opens it, or it is not what was written.
    """
    if not re.search(rb"\n--- [^\n]+\n", source.read(HEADER_BYTES)):
        raise UserError(f"{name} is damaged: it has no header of age. Take another backup.")
    source.seek(0)
    reads, writes = os.pipe()
    failed: list[Exception] = []

    def decrypt() -> None:
        with os.fdopen(writes, "wb", buffering=0) as sink:
            try:
                pyrage.decrypt_io(_Noted(source, failed), _Noted(sink, failed), keys)
            except Exception as wrong:
                failed.append(wrong)

    thread = Thread(target=decrypt, name="age")
    thread.start()
    try:
        with os.fdopen(reads, "rb", buffering=PIPE_BUFFER_BYTES) as content:
            yield content
    finally:
        thread.join()
        # A broken pipe only says that the reader stopped first.
        if failed and not isinstance(failed[0], BrokenPipeError):
            raise _explained(failed[0], name, keys, recipients) from None


def _explained(wrong: Exception, name: str, keys: Sequence[x25519.Identity], recipients: str | None) -> Exception:
    if isinstance(wrong, OSError) and wrong.errno is not None:
        return wrong
    if "No matching keys" in str(wrong):
        given = ", ".join(str(key.to_public()) for key in keys)
        needed = _to(recipients) or " to another key"
        return UserError(
            f"{name} is encrypted{needed}, but the backup key given is that of {given}. Give the right one in "
            f"{BACKUP_SECRET.variable} or {BACKUP_SECRET.file}."
        )
    return UserError(
        f"{name} is damaged: it is not what was written, or its end is missing ({wrong}). Take another backup."
    )


def _to(recipients: str | None) -> str:
    return f" to {recipients}" if recipients else ""


def _make_key() -> None:
    made = x25519.Identity.generate()
    try:
        write_private(BACKUP_SECRET.file, f"# public key: {made.to_public()}\n{made}\n")
    except OSError as wrong:
        raise UserError(
            f"the backup key cannot be kept in {BACKUP_SECRET.file.parent}: {wrong.strerror}; name another folder "
            "outside the warehouse in UPSWING_KEYS, or give --recipient"
        ) from None


def _identities(text: str, place: str) -> list[x25519.Identity]:
    """The secret keys of a text as ``age-keygen`` writes it; the first is the one to encrypt to."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) == 1 and re.fullmatch("[0-9a-fA-F]{64}", lines[0]):
        kept = BACKUP_SECRET.file.with_name("backup-earlier.key")
        raise UserError(
            f"The backup key in {place} is one of an earlier version (64 hex digits), for backups named .enc; those "
            f"of today need a key of age. Keep it elsewhere (mv {BACKUP_SECRET.file} {kept}, or unset "
            f"{BACKUP_SECRET.variable}); the next `upswing backup` makes a new one."
        )
    try:
        found = [x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError:
        found = []
    if not found:
        is_public = text.startswith("age1")
        raise UserError(
            f"The backup key in {place} is none: expected a line AGE-SECRET-KEY-1…, as `age-keygen` writes it"
            + ("; this is a public key: give it as --recipient, or in UPSWING_BACKUP_RECIPIENTS" if is_public else "")
        )
    return found


def _recipient(text: str) -> x25519.Recipient:
    try:
        return x25519.Recipient.from_str(text)
    except pyrage.RecipientError as wrong:
        # Its beginning says what it is; more of it might be a secret key.
        raise UserError(
            f"--recipient {text[:12]}… is no public key of age ({wrong}); expected age1…, as `age-keygen -y KEYFILE` "
            "prints it"
        ) from None


class _Noted:
    """A file whose own errors are noted, for pyrage makes other ones of them."""

    def __init__(self, file: IO[bytes], failed: list[Exception]) -> None:
        self._file, self._failed = file, failed

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError as wrong:
            self._failed.append(wrong)
            raise

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as wrong:
            self._failed.append(wrong)
            raise

    def flush(self) -> None:
        """Nothing: who opened the file flushes it."""
