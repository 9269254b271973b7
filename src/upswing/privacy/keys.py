"""The keys: of the pseudonyms, of the vault that knows who has which, of the backups and of the audit.

Each comes from the environment, from a credential of systemd, or from a file that is made on first use in a folder that
its owner alone can read, outside the warehouse. Whoever has the key of the pseudonyms can recompute a pseudonym from an
id; whoever has that of the vault can read it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import click

from upswing.user_errors import UserError

KEY_BYTES = 32
PADS_FILE = "pseudonym.pads"
"""The key of the pseudonyms as the views of Spark read it, while a session runs."""


@dataclass(frozen=True)
class Secret:
    """One of the keys: what its file is called, and the environment variable that goes before the file."""

    name: str
    variable: str

    @property
    def file(self) -> Path:
        """Where the key is kept unless the environment or systemd gives it."""
        return keys_folder() / f"{self.name}.key"

    def given(self) -> tuple[str, str] | None:
        """The key as text and where it comes from, where no command can change it: the environment, or systemd."""
        text = os.environ.get(self.variable)
        if text:
            return text.strip(), f"the environment variable {self.variable}"
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        credential = Path(credentials) / f"{self.name}.key" if credentials else None
        if credential is None or not credential.exists():
            return None
        return _text_of(credential), f"the credential {credential}"

    def found(self) -> tuple[str, str] | None:
        """The key as text and where it comes from; None where there is none yet."""
        given = self.given()
        if given is None and (file := self.file).exists():
            return _text_of(file), str(file)
        return given


PSEUDONYM_SECRET = Secret("pseudonym", "UPSWING_PSEUDONYM_KEY")
VAULT_SECRET = Secret("vault", "UPSWING_VAULT_KEY")
BACKUP_SECRET = Secret("backup", "UPSWING_BACKUP_KEY")
AUDIT_SECRET = Secret("audit", "UPSWING_AUDIT_KEY")
SECRETS = (PSEUDONYM_SECRET, VAULT_SECRET, BACKUP_SECRET, AUDIT_SECRET)


def warehouse_folder() -> Path:
    """The folder of the warehouse's files (``UPSWING_WAREHOUSE``, else ``warehouse``)."""
    return Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse"))


def vault_file() -> Path:
    """The encrypted vault of identities."""
    return warehouse_folder() / "vault.sqlite"


def keys_folder() -> Path:
    """The folder of the key files.

    It is the one that ``UPSWING_KEYS`` names, else ``keys`` in :func:`private_home`. A warehouse of an earlier version
    has them in its own folder, until ``upswing keys move``.
    """
    named = os.environ.get("UPSWING_KEYS")
    if named:
        return Path(named)
    inside = warehouse_folder() / "keys"
    return inside if any(inside.glob("*.key")) else private_home() / "keys"


def private_home(warehouse: Path | None = None) -> Path:
    """The folder of what belongs to a warehouse and must not lie in it, below the user's own configuration.

    Args:
        warehouse: folder of the warehouse; by default the one of :func:`warehouse_folder`.
    """
    place = (warehouse or warehouse_folder()).resolve()
    digest = hashlib.sha256(str(place).encode()).hexdigest()[:8]
    return Path(click.get_app_dir("upswing")) / f"{place.name}-{digest}"


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


def audit_key(lost: str | None) -> bytes:
    """The key that the entries of the audit are signed with, 32 bytes.

    Args:
        lost: what to do where there is no key although entries were signed with one; None: none was, and a key is made
            where there is none.

    Raises:
        UserError: the key is none, or it is gone.
    """
    if AUDIT_SECRET.found() is None:
        if lost is not None:
            raise UserError(
                f"The audit key is gone: {AUDIT_SECRET.file} does not exist and {AUDIT_SECRET.variable} is not set, "
                "but the audit was signed with it. Put the file back, or set the variable to its 64 hex digits."
                f"{_elsewhere(AUDIT_SECRET)} {lost}"
            )
        _make(AUDIT_SECRET)
    text, place = AUDIT_SECRET.found() or ("", str(AUDIT_SECRET.file))
    return decoded(text, place)


def key_id(key: bytes) -> str:
    """Eight hex digits that tell keys apart and say nothing of them."""
    return hashlib.sha256(b"upswing key id" + key).hexdigest()[:8]


def new_key() -> bytes:
    """A key nobody has seen."""
    return secrets.token_bytes(KEY_BYTES)


def write_key(secret: Secret, key: bytes) -> None:
    """Keep a key in its file."""
    write_private(secret.file, key.hex() + "\n")


def move_keys() -> list[Path]:
    """Move the files of the keys out of the folder of the warehouse; where each of them is now.

    Raises:
        UserError: the keys are not in the warehouse, or other keys are where they belong.
    """
    inside, outside = warehouse_folder() / "keys", private_home() / "keys"
    if os.environ.get("UPSWING_KEYS"):
        outside = Path(os.environ["UPSWING_KEYS"])
    files = sorted(inside.glob("*.key"))
    if not files or outside.resolve() == inside.resolve():
        raise UserError(f"no key lies in {inside}; `upswing keys show` says where the keys are")
    for file in files:
        there = outside / file.name
        if there.exists() and there.read_bytes() != file.read_bytes():
            raise UserError(f"{there} is another key than {file}; put one of them away, and run this again")
    for file in files:
        write_private(outside / file.name, file.read_text(encoding="ascii"))
    for file in (*files, inside / PADS_FILE):
        file.unlink(missing_ok=True)
    return [outside / file.name for file in files]


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
    if secret.found() is None:
        if vault_file().exists():
            raise UserError(
                f"The {secret.name} key is gone: {secret.file} does not exist and {secret.variable} is not set, but "
                f"{vault_file()} was made with it. Put the file back, or set {secret.variable} to its 64 hex digits."
                f"{_elsewhere(secret)} If the key is lost for good, remove {vault_file()}: customers then get new "
                "pseudonyms, and what was known by the old ones (pushes sent, customers erased) can no longer be tied "
                "to them."
            )
        _make(secret)
    text, place = secret.found() or ("", str(secret.file))
    return decoded(text, place)


def _make(secret: Secret) -> None:
    try:
        write_key(secret, new_key())
    except OSError as wrong:
        raise UserError(
            f"the {secret.name} key cannot be kept in {secret.file.parent}: {wrong.strerror}; name another folder "
            "outside the warehouse in UPSWING_KEYS"
        ) from None


def _elsewhere(secret: Secret) -> str:
    """Where keys of other warehouses are: one that was moved has its keys under the place where it was."""
    if os.environ.get("UPSWING_KEYS"):
        return ""
    others = sorted(file.parent for file in private_home().parent.glob(f"*/keys/{secret.name}.key"))
    named = ", ".join(map(str, others[:5]))
    return (
        f" If the warehouse was moved, name the folder of its keys in UPSWING_KEYS: one of {named}." if others else ""
    )


def _text_of(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace").strip()


def decoded(text: str, place: str) -> bytes:
    """The key of 64 hex digits.

    Raises:
        UserError: it is none; the message names the place and not the text.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            f"The key in {place} is none: expected {2 * KEY_BYTES} hex digits, found {len(text)} characters. "
            "`openssl rand -hex 32` prints a new one."
        )
    return key
