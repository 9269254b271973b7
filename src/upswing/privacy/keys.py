"""The two secrets: the key of the pseudonyms, and the key of the vault that knows who stands behind them.

Each comes from the environment, or from a file that is made on first use in a folder that its owner alone can read.
Whoever has the first key can recompute a pseudonym from an id; whoever has the second can read the vault.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from upswing.user_errors import UserError

KEY_BYTES = 32


@dataclass(frozen=True)
class Secret:
    """One of the two secrets: what its file is called, and the environment variable that goes before the file."""

    name: str
    variable: str

    @property
    def file(self) -> Path:
        """Where the key is kept unless the environment gives it."""
        return keys_folder() / f"{self.name}.key"


PSEUDONYM_SECRET = Secret("pseudonym", "UPSWING_PSEUDONYM_KEY")
VAULT_SECRET = Secret("vault", "UPSWING_VAULT_KEY")


def warehouse_folder() -> Path:
    """The folder of the warehouse's files (``UPSWING_WAREHOUSE``, else ``warehouse``)."""
    return Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse"))


def vault_file() -> Path:
    """The encrypted vault of identities."""
    return warehouse_folder() / "vault.sqlite"


def keys_folder() -> Path:
    """The folder of the key files (``UPSWING_KEYS``, else ``keys`` in the folder of the warehouse)."""
    return Path(os.environ.get("UPSWING_KEYS") or warehouse_folder() / "keys")


def pseudonym_key() -> bytes:
    """The key of the pseudonyms, 32 bytes; made on first use.

    Raises:
        UserError: the key is none, or it is gone while a vault stands whose pseudonyms were made with it.
    """
    return _key(PSEUDONYM_SECRET)


def vault_key() -> bytes:
    """The key that the vault's rows are encrypted with, 32 bytes; made on first use.

    Raises:
        UserError: the key is none, or it is gone while a vault stands.
    """
    return _key(VAULT_SECRET)


def key_id(key: bytes) -> str:
    """Eight hex digits that tell keys apart and say nothing of them."""
    return hashlib.sha256(b"upswing key id" + key).hexdigest()[:8]


def new_key() -> bytes:
    """A key nobody has seen."""
    return secrets.token_bytes(KEY_BYTES)


def write_key(secret: Secret, key: bytes) -> None:
    """Keep a key in its file."""
    write_private(secret.file, key.hex() + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file, whole or not at all, that its owner alone can read, in a folder that its owner alone can enter."""
    private_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def private_file(path: Path) -> None:
    """Let the owner alone read and write a file."""
    path.chmod(0o600)


def private_folder(path: Path) -> None:
    """A folder, made where it is not there, that its owner alone can enter."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def _key(secret: Secret) -> bytes:
    given = os.environ.get(secret.variable)
    if given:
        return decoded(given, f"the environment variable {secret.variable}")
    if not secret.file.exists():
        if vault_file().exists():
            raise UserError(
                f"The {secret.name} key is gone: {secret.file} does not exist and {secret.variable} is not set, but "
                f"{vault_file()} was made with it. Put the file back, or set {secret.variable} to its 64 hex digits. "
                f"If the key is lost for good, remove {vault_file()}: customers then get new pseudonyms, and what was "
                "known by the old ones (pushes sent, customers erased) can no longer be tied to them."
            )
        write_key(secret, new_key())
    return decoded(secret.file.read_text(encoding="ascii", errors="replace").strip(), str(secret.file))


def decoded(text: str, place: str) -> bytes:
    """The key of 64 hex digits.

    Raises:
        UserError: it is none; the message names the place and not the text.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            f"The key in {place} is none: expected {2 * KEY_BYTES} hex digits, found {len(text)} characters. "
            "`openssl rand -hex 32` prints a new one."
        )
    return key
