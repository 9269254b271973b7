"""The file of a backup: a tar of the warehouse's files, compressed by zstd, encrypted by age.

The last member is the manifest: what each file must be, byte for byte, and what each table must hold. A copy of it is
kept beside the archive as ``<archive>.json``. :mod:`upswing.quality.backup_unpack` reads what is written here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from upswing.quality.backup_crypto import Encryption, encrypting
from upswing.user_errors import UserError

MANIFEST = "manifest.json"
MANIFEST_BYTES = 4 << 20
"""No manifest is longer: 100 bytes name a table."""

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
        keys: the ids of the keys without which it is of little use, ``pseudonym`` and ``vault``, and the public keys
            that it is encrypted to, ``backup``.
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
        manifest = Manifest(**content)
        if not _is_well_formed(manifest):
            raise ValueError("a value is not of the kind that is written there")
    except UserError:
        raise
    except (ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise UserError(f"{name} has no manifest that can be read: {wrong}") from None
    return manifest


def manifest_beside(archive: Path) -> Path:
    """The copy of a backup's manifest that can be read without its key."""
    return archive.with_name(f"{archive.name}.json")


def known_manifest(archive: Path) -> Manifest | None:
    """The manifest beside a backup; None where there is none.

    Raises:
        UserError: it cannot be read.
    """
    beside = manifest_beside(archive)
    if not beside.exists():
        return None
    with beside.open("rb") as content:
        return read_manifest(content.read(MANIFEST_BYTES), str(beside))


def write_archive(
    target: IO[bytes],
    files: Mapping[str, IO[bytes]],
    manifest: Callable[[dict[str, list[Any]]], Manifest],
    encryption: Encryption | None,
) -> Manifest:
    """Write an archive, in constant memory.

    Args:
        target: an empty file.
        files: what goes into it, by name, each read from where its file is.
        manifest: the manifest, given bytes and SHA-256 of each file as it was read.
        encryption: whom it is encrypted to; None: it is not.
    """
    with ExitStack() as stack:
        if encryption is not None:
            sink = stack.enter_context(encrypting(target, encryption))
        else:  # Arrow closes what it writes to, so that it gets a descriptor of its own.
            sink = stack.enter_context(os.fdopen(os.dup(target.fileno()), "wb", buffering=BLOCK_BYTES))
        compressed = stack.enter_context(pa.CompressedOutputStream(pa.PythonFile(sink, "w"), "zstd"))
        # Of the formats of tar the one whose header alone gives the size of a file of 8 GiB and more.
        archive = stack.enter_context(
            tarfile.open(fileobj=compressed, mode="w|", bufsize=BLOCK_BYTES, format=tarfile.GNU_FORMAT)
        )
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


def _is_well_formed(manifest: Manifest) -> bool:
    tables = [pair for of_file in manifest.tables.values() for pair in of_file.values()]
    pairs = [*manifest.files.values(), *tables, *([manifest.audit] if manifest.audit is not None else [])]
    texts = [manifest.created_at, manifest.actor, manifest.code_version, manifest.engine]
    keys = [key for key in manifest.keys.values() if key is not None]
    return all(isinstance(text, str) for text in texts + keys) and all(map(_is_number_and_text, pairs))


def _is_number_and_text(pair: object) -> bool:
    return isinstance(pair, list) and [type(value) for value in pair] == [int, str]


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._hash.update(block)
        return block

    def digest(self) -> str:
        return self._hash.hexdigest()
