"""Reading a backup: whoever wrote the file, it takes no more memory and no more of the disk than it may.

Nothing in it is believed before it was checked: a member has a known name, comes once and is a plain file; what its
header announces must fit on the disk and is all that is read; the manifest, the last one, has at most
:data:`~upswing.quality.backup_archive.MANIFEST_BYTES`.
"""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import tarfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyrage import x25519

from upswing.quality.backup_archive import (
    BLOCK_BYTES,
    MANIFEST,
    MANIFEST_BYTES,
    Manifest,
    known_manifest,
    read_manifest,
)
from upswing.quality.backup_crypto import EARLIER_COMMIT, EARLIER_MAGIC, MAGIC, backup_keys, decrypting
from upswing.quality.backup_sources import ARCHIVED, opened
from upswing.user_errors import UserError

EXTENDED_BYTES = 1 << 12
"""At most so long is the extended header of a member: earlier backups give the size of a large file there."""

PADDING_BYTES = BLOCK_BYTES
MEGABYTE = 1_000_000
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def read_archive(archive: Path, into: Path | None = None, key: x25519.Identity | None = None) -> Manifest:
    """Read an archive to its end and check each file against the manifest.

    Args:
        archive: its path.
        into: the folder that its files are laid out in; None: none is.
        key: that opens it; by default those of :func:`~upswing.quality.backup_crypto.backup_keys`.

    Raises:
        UserError: it is none, it is damaged or cut off, its key is missing or another, or the disk has no room for it.
    """
    found: dict[str, list[Any]] = {}
    manifest = None
    try:
        with _content(archive, key) as content:
            while manifest is None and (member := _next_member(content)) is not None:
                _check_member(archive, member, found, into)
                if member.name == MANIFEST:
                    manifest = read_manifest(_exactly(content, member.size), archive.name)
                else:
                    found[member.name] = [member.size, _laid_out(content, member, into)]
                _exactly(content, -member.size % tarfile.BLOCKSIZE)
            _check_end(archive, content)
    except UserError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError, pa.ArrowException) as wrong:
        # An error of the disk has a number; one of the compression, which pyarrow reports alike, has none.
        if isinstance(wrong, OSError) and wrong.errno is not None:
            raise
        raise UserError(f"{archive} is damaged or no backup: {wrong}. Take another backup.") from None
    if manifest is None:
        raise UserError(f"{archive} is cut off: its manifest is missing. Take another backup.")
    for name in sorted(found.keys() | manifest.files.keys()):
        if found.get(name) != manifest.files.get(name):
            raise UserError(
                f"{archive} is damaged: {name} is {_shown(found.get(name))}, but the manifest says "
                f"{_shown(manifest.files.get(name))}. Take another backup."
            )
    return manifest


def check_room(archive: Path, folder: Path) -> None:
    """Check that the disk has room for what the manifest beside a backup announces, where there is one.

    Raises:
        UserError: it has not.
    """
    manifest = None
    with suppress(UserError):
        manifest = known_manifest(archive)
    if manifest is not None:
        _check_free(archive, sum(size for size, _ in manifest.files.values()), folder)


def sha256(file: Path) -> str:
    """Of all that is in a file, as ``sha256sum`` prints it."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def full_disk_explained(folder: Path, message: str) -> Iterator[None]:
    """Make one line of the error that a full disk, a quota or a limit of the size of files is.

    Args:
        folder: that is written to.
        message: what was not done, and what helps.

    Raises:
        UserError: there is no room.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as wrong:
        # SQLite and DuckDB have classes of their own for it, and their words.
        is_full = any(words in str(wrong) for words in ("No space left on device", "disk is full", "File too large"))
        if is_full or (isinstance(wrong, OSError) and wrong.errno in NO_ROOM):
            free = shutil.disk_usage(folder).free
            raise UserError(f"{folder} has no room left ({free / MEGABYTE:,.0f} MB are free): {message}") from None
        raise


@contextmanager
def _content(archive: Path, key: x25519.Identity | None) -> Iterator[IO[bytes]]:
    """The tar in an archive."""
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(archive.open("rb", buffering=BLOCK_BYTES))
        begins = file.read(max(len(MAGIC), len(EARLIER_MAGIC)))
        file.seek(0)
        if begins.startswith(EARLIER_MAGIC):
            raise UserError(
                f"{archive} is encrypted in the format of an earlier version, which this one does not read. Restore it "
                f"by that one, with its key (`git checkout {EARLIER_COMMIT}`), and make a new backup."
            )
        if begins.startswith(MAGIC):
            recipients = _recipients(archive)
            keys = [key] if key is not None else backup_keys(str(archive), recipients)
            file = stack.enter_context(decrypting(file, str(archive), keys, recipients))
        yield stack.enter_context(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
        if file.read(1):
            raise UserError(f"{archive} is damaged or no backup: it goes on after its end. Take another backup.")


def _recipients(archive: Path) -> str | None:
    """Whom the manifest beside a backup says that it is encrypted to."""
    with suppress(UserError):
        manifest = known_manifest(archive)
        return manifest.keys.get("backup") if manifest else None
    return None


def _next_member(content: IO[bytes]) -> tarfile.TarInfo | None:
    """The header of the next member, None at the end; tarfile parses it, but only what was read for it."""
    blocks = _exactly(content, tarfile.BLOCKSIZE)
    if not any(blocks):
        return None
    header = tarfile.TarInfo.frombuf(blocks, tarfile.ENCODING, "surrogateescape")
    if header.type != tarfile.XHDTYPE:
        return header
    if not 0 <= header.size <= EXTENDED_BYTES:
        raise tarfile.HeaderError(f"an extended header of {header.size:,} bytes")
    padded = header.size + -header.size % tarfile.BLOCKSIZE
    blocks += _exactly(content, padded + tarfile.BLOCKSIZE)
    with tarfile.open(fileobj=io.BytesIO(blocks), mode="r:") as parsed:
        return parsed.next()


def _check_member(archive: Path, member: tarfile.TarInfo, found: Collection[str], into: Path | None) -> None:
    refused = None
    if member.name not in (*ARCHIVED, MANIFEST):
        refused = f"{member.name[:80]!r}, which is no file of a warehouse"
    elif member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse() or member.size < 0:
        refused = f"{member.name} as something else than a plain file"
    elif member.name in found:
        refused = f"{member.name} twice"
    elif member.name == MANIFEST and member.size > MANIFEST_BYTES:
        refused = f"a manifest of {member.size:,} bytes, where {MANIFEST_BYTES:,} are expected at most"
    if refused:
        raise UserError(f"{archive} holds {refused}: it is damaged, or not one of Upswing's. Take another backup.")
    if into is not None:
        _check_free(archive, member.size, into)


def _check_end(archive: Path, content: IO[bytes]) -> None:
    """Nothing but what pads a tar may follow the manifest; it is read, for age proves at its end that it is whole."""
    follows = 0
    while block := content.read(PADDING_BYTES):
        follows += len(block)
        if follows > PADDING_BYTES or any(block):
            raise UserError(f"{archive} is damaged or no backup: it goes on after its manifest. Take another backup.")


def _check_free(archive: Path, needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{archive} needs {needed / MEGABYTE:,.0f} MB in {folder}, where {free / MEGABYTE:,.0f} MB are free. "
            "Nothing was changed; make room, or restore it to another disk: UPSWING_WAREHOUSE=folder upswing restore …"
        )


def _laid_out(content: IO[bytes], member: tarfile.TarInfo, into: Path | None) -> str:
    """The SHA-256 of a member, which is written to a folder where there is one."""
    digest = hashlib.sha256()
    with ExitStack() as stack:
        target = stack.enter_context(opened(into / member.name)) if into is not None else None
        for block in _blocks(content, member.size):
            digest.update(block)
            if target is not None:
                target.write(block)
    return digest.hexdigest()


def _blocks(content: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        block = content.read(min(size, BLOCK_BYTES))
        if not block:
            raise EOFError("it ends too early")
        size -= len(block)
        yield block


def _exactly(content: IO[bytes], size: int) -> bytes:
    return b"".join(_blocks(content, size))


def _shown(checked: list[Any] | None) -> str:
    return "missing" if checked is None else f"{checked[0]:,} bytes, SHA-256 {checked[1][:16]}…"
