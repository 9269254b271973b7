"""The file of a backup: a tar of the warehouse's files, compressed by zstd, encrypted where that is asked for.

The last member is the manifest: what each file must be, byte for byte, and what each table must hold. A copy of it
stands beside the archive as ``<archive>.json``. Both directions run in constant memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from upswing.quality.backup_crypto import Decrypting, Encrypting, backup_key, is_encrypted
from upswing.user_errors import UserError

MANIFEST = "manifest.json"
FORMAT = 1
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What is in a backup.

    Attributes:
        created_at: when it was begun (UTC, ISO 8601).
        actor: who made it.
        code_version: of Upswing.
        engine: of the checksums of tables.
        files: bytes and SHA-256 of each file by name.
        tables: rows and checksum of each table by ``schema.table``, for each DuckDB file by name.
        audit: number and hash of the newest entry of the audit in it; none where there was no audit.
        keys: the ids of the keys without which it is of little use: ``pseudonym`` and ``vault``.
    """

    created_at: str
    actor: str
    code_version: str
    engine: str
    files: dict[str, list[Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    audit: list[Any] | None = None
    keys: dict[str, str | None] = field(default_factory=dict)
    format: int = FORMAT

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def read_manifest(text: str | bytes, name: str) -> Manifest:
    """A manifest of its JSON.

    Raises:
        UserError: it is none, or a later version wrote it.
    """
    try:
        content = json.loads(text)
        if content.get("format", 0) > FORMAT:
            raise UserError(
                f"{name} was written by a later version of Upswing (format {content['format']}); upgrade first"
            )
        return Manifest(**content)
    except (ValueError, TypeError, AttributeError) as wrong:
        if isinstance(wrong, UserError):
            raise
        raise UserError(f"{name} has no manifest that can be read: {wrong}") from None


def write_archive(
    target: IO[bytes],
    files: Mapping[str, IO[bytes]],
    manifest: Callable[[dict[str, list[Any]]], Manifest],
    key: bytes | None,
) -> Manifest:
    """Write an archive.

    Args:
        target: an empty file.
        files: what goes into it, by name, each read from where it stands.
        manifest: the manifest, given bytes and SHA-256 of each file as it was read.
        key: to encrypt with; None: not.
    """
    with ExitStack() as stack:
        sink = stack.enter_context(Encrypting(target, key) if key else _Unclosed(target))
        compressed = stack.enter_context(pa.CompressedOutputStream(pa.PythonFile(sink, "w"), "zstd"))
        archive = stack.enter_context(tarfile.open(fileobj=compressed, mode="w|", bufsize=BLOCK_BYTES))
        checked = {}
        for name, file in files.items():
            hashed = _Hashed(file)
            member = tarfile.TarInfo(name)
            member.size, member.mode = os.fstat(file.fileno()).st_size, 0o600
            archive.addfile(member, hashed)
            checked[name] = [member.size, hashed.digest()]
        written = manifest(checked)
        text = written.text().encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(text), 0o600
        archive.addfile(member, io.BytesIO(text))
    return written


def read_archive(archive: Path, take: Callable[[str], IO[bytes]]) -> Manifest:
    """Read an archive to its end and check each file against the manifest.

    Args:
        archive: its path.
        take: opens what a file of this name is written to; it is closed here.

    Raises:
        UserError: it is none, it is damaged or cut off, or its key is missing or another.
    """
    found: dict[str, list[Any]] = {}
    manifest = None
    try:
        with _members(archive) as members:
            for name, content in members:
                if name == MANIFEST:
                    manifest = read_manifest(content.read(), archive.name)
                    continue
                hashed = _Hashed(content)
                with take(name) as target:
                    while block := hashed.read(BLOCK_BYTES):
                        target.write(block)
                found[name] = [hashed.bytes, hashed.digest()]
    except (tarfile.TarError, EOFError, OSError, pa.ArrowException) as wrong:
        # An error of the disk has a number; one of the compression, which pyarrow tells alike, has none.
        if isinstance(wrong, OSError) and wrong.errno is not None:
            raise
        raise UserError(f"{archive} is damaged or no backup: {wrong}. Take another backup.") from None
    if manifest is None:
        raise UserError(f"{archive} is cut off: its manifest is missing. Take another backup.")
    for name in sorted(found.keys() | manifest.files.keys()):
        if found.get(name) != manifest.files.get(name):
            raise UserError(
                f"{archive} is damaged: {name} is {_told(found.get(name))}, but the manifest says "
                f"{_told(manifest.files.get(name))}. Take another backup."
            )
    return manifest


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(archive.open("rb", buffering=BLOCK_BYTES))
        if is_encrypted(file):
            file = Decrypting(file, backup_key(may_make=False), str(archive))  # type: ignore[assignment]
        compressed = stack.enter_context(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
        members = stack.enter_context(tarfile.open(fileobj=compressed, mode="r|", bufsize=BLOCK_BYTES))
        yield ((member.name, content) for member in members if (content := members.extractfile(member)) is not None)


def _told(checked: list[Any] | None) -> str:
    return "missing" if checked is None else f"{checked[0]:,} bytes, SHA-256 {checked[1][:16]}…"


class _Unclosed(io.RawIOBase):
    """A file to write to that is left open by who closes it: Arrow closes what it writes to."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._target.write(data)


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.bytes = file, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._hash.update(block)
        self.bytes += len(block)
        return block

    def digest(self) -> str:
        return self._hash.hexdigest()
