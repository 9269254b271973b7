"""The vault: who stands behind each pseudonym, encrypted row by row (AES-256-GCM) in a SQLite file.

A row is bound to its pseudonym, so that none can be moved to another. A keyed digest of its content tells whether it
has changed; without the key it tells nothing. Of an erased customer the vault keeps the sealed id alone, so that the
erasure holds on when the pseudonyms change (:mod:`upswing.privacy.rotation`) and a second ``upswing forget`` can look
for the id.

Nothing is unsealed in secret: each method that unseals takes a purpose, and writes an entry of the kind ``unsealed`` to
the audit before it opens a row. Where that cannot be written, nothing is opened.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upswing.privacy.erasures import in_audit
from upswing.privacy.keys import key_id, private_folder
from upswing.quality import audit
from upswing.user_errors import UserError

BUSY_SECONDS = 30.0
NONCE_BYTES = 12
DIGEST_BYTES = 16
ASKED_AT_ONCE = 500
NAMED_IN_AUDIT = 20
"""Of more customers than these an entry has no hashes, only their number."""

TABLES = """
    create table if not exists identities (
        pseudonym text primary key,
        key_id text not null,
        digest blob not null,
        sealed blob not null
    ) without rowid;
    create table if not exists erased (
        pseudonym text primary key,
        sealed blob not null
    ) without rowid;
    create table if not exists facts (
        name text primary key,
        value text not null
    ) without rowid;
    create table if not exists renamed (
        pseudonym text primary key,
        new_pseudonym text not null
    ) without rowid;
"""
"""`facts`: the ids of both keys and what the rows were sealed from. `renamed`: a change of pseudonyms under way."""


SETTINGS = "pragma secure_delete = on; pragma temp_store = memory; pragma cache_size = -256000;"
"""Pseudonyms come in no order: a million of them go everywhere in the file, of which 256 MB are kept at hand."""


@dataclass(frozen=True)
class Identity:
    """A customer as the company knows them; None: not delivered."""

    customer_id: str
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None


class UnrecordedError(UserError):
    """The audit cannot be written, so that nothing was unsealed."""


class Box:
    """Seals texts with a key of 32 bytes, and opens them."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.key_id = key_id(key)
        self._cipher = AESGCM(hmac.digest(key, b"upswing vault: seal", "sha256"))
        self._digest_key = hmac.digest(key, b"upswing vault: digest", "sha256")

    def seal(self, text: bytes, bound_to: str) -> bytes:
        """A text that only this key opens, and only beside what it is bound to."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The text of a seal.

        Raises:
            UserError: it was changed, or sealed with another key or beside something else.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except InvalidTag:
            raise UserError(
                f"A row of the vault ({bound_to}) cannot be opened: the file was changed, or the row was sealed with "
                "another key. Remove vault.sqlite: the next `dbt build` seals the identities anew from the raw tables."
            ) from None

    def digest(self, text: bytes) -> bytes:
        """16 bytes that change with a text, and tell nothing of it without the key."""
        return hashlib.blake2b(text, key=self._digest_key, digest_size=DIGEST_BYTES).digest()


class Vault:
    """An open vault; what it is told is kept when :func:`open_vault` ends without an error."""

    def __init__(self, connection: sqlite3.Connection, box: Box, audited_in: Path) -> None:
        self.connection = connection
        self.box = box
        self._audited_in = audited_in

    def __len__(self) -> int:
        return int(self.connection.execute("select count(*) from identities").fetchone()[0])

    def identities(self, pseudonyms: Iterable[str], purpose: str) -> dict[str, Identity]:
        """Who stands behind pseudonyms; those that the vault does not know are left out.

        Args:
            pseudonyms: of customers.
            purpose: what they are unsealed for, as the audit keeps it: the command.

        Raises:
            UnrecordedError: the audit cannot be written.
            UserError: a row cannot be opened.
        """
        rows = list(self._sealed(list(dict.fromkeys(pseudonyms))))
        self._record(purpose, [pseudonym for pseudonym, _ in rows])
        return {pseudonym: self._opened(self.box, pseudonym, sealed) for pseudonym, sealed in rows}

    def all_identities(self, purpose: str) -> Iterator[tuple[str, Identity]]:
        """Every pseudonym with who stands behind it; rows may be written meanwhile, with another box too.

        Args:
            purpose: what they are unsealed for, as the audit keeps it: the command.

        Raises:
            UnrecordedError: the audit cannot be written.
            UserError: a row cannot be opened.
        """
        names = [name for (name,) in self.connection.execute("select pseudonym from identities")]
        self._record(purpose, names)
        box = self.box
        return ((name, self._opened(box, name, sealed)) for name, sealed in self._sealed(names))

    def write(self, identities: Mapping[str, Identity]) -> None:
        """Seal identities under their pseudonyms; what stood there is replaced."""
        texts = ((pseudonym, text_of(identity)) for pseudonym, identity in identities.items())
        self.write_texts((pseudonym, text, self.box.digest(text)) for pseudonym, text in texts)

    def write_texts(self, rows: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Seal identities, given as pseudonym, :func:`text_of` and the digest of that."""
        self.connection.executemany(
            "insert or replace into identities values (?, ?, ?, ?)",
            (
                (pseudonym, self.box.key_id, digest, self.box.seal(text, f"identity|{pseudonym}"))
                for pseudonym, text, digest in rows
            ),
        )

    def forget(self, known: Mapping[str, Identity]) -> None:
        """Remove identities for good, but for the sealed ids.

        Args:
            known: the identities by their pseudonyms, as :meth:`identities` gave them.
        """
        for pseudonym, identity in known.items():
            self.write_erased(pseudonym, identity.customer_id)
        self.connection.executemany("delete from identities where pseudonym = ?", ((name,) for name in known))

    def write_erased(self, pseudonym: str, customer_id: str) -> None:
        """Keep the sealed id of an erased customer."""
        sealed = self.box.seal(customer_id.encode(), f"erased|{pseudonym}")
        self.connection.execute("insert or replace into erased values (?, ?)", (pseudonym, sealed))

    def erased_ids(self, purpose: str, pseudonyms: Collection[str] | None = None) -> dict[str, str]:
        """Ids of erased customers by their pseudonyms: of all, or of some.

        Args:
            purpose: what they are unsealed for, as the audit keeps it: the command.
            pseudonyms: of the customers; None: of all.

        Raises:
            UnrecordedError: the audit cannot be written.
            UserError: an id cannot be opened.
        """
        rows = self.connection.execute("select pseudonym, sealed from erased").fetchall()
        asked = [(name, sealed) for name, sealed in rows if pseudonyms is None or name in pseudonyms]
        if asked:
            self._record(purpose, [name for name, _ in asked], "erased_ids")
        return {name: self.box.open(sealed, f"erased|{name}").decode() for name, sealed in asked}

    def fact(self, name: str) -> str | None:
        """A fact of the vault, or None."""
        row = self.connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact of the vault."""
        self.connection.execute("insert or replace into facts values (?, ?)", (name, value))

    def renamed(self) -> dict[str, str]:
        """New pseudonyms by the old ones, while a change of them is under way; else none."""
        return dict(self.connection.execute("select pseudonym, new_pseudonym from renamed").fetchall())

    def _sealed(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(names), ASKED_AT_ONCE):
            part = names[start : start + ASKED_AT_ONCE]
            places = ", ".join("?" * len(part))
            yield from self.connection.execute(
                f"select pseudonym, sealed from identities where pseudonym in ({places})", part
            ).fetchall()

    def _record(self, purpose: str, names: Sequence[str], what: str = "identities") -> None:
        """Say in the audit that these are about to be unsealed."""
        details: dict[str, Any] = {"purpose": purpose, what: len(names)}
        if len(names) <= NAMED_IN_AUDIT:
            details["customers"] = sorted(in_audit(name) for name in names)
        try:
            audit.append(self._audited_in, "unsealed", details)
        except UserError as wrong:
            raise UnrecordedError(str(wrong)) from wrong

    @staticmethod
    def _opened(box: Box, pseudonym: str, sealed: bytes) -> Identity:
        return Identity(**json.loads(box.open(sealed, f"identity|{pseudonym}")))


def text_of(identity: Identity) -> bytes:
    """An identity as the vault seals it; the same one, the same bytes."""
    kept = {name: value for name, value in vars(identity).items() if value is not None}
    return json.dumps(kept, ensure_ascii=False).encode()


@contextmanager
def open_vault(file: Path, key: bytes, audited_in: Path | None = None) -> Iterator[Vault]:
    """The vault of a file, made where there is none, for its owner's eyes alone; all that is done is kept, or nothing.

    Args:
        file: of the vault.
        key: that its rows are sealed with, 32 bytes.
        audited_in: folder of the warehouse whose audit keeps what is unsealed; by default the file's.

    Raises:
        UserError: the key is another one than the vault's, the file is no vault, or another process holds it.
    """
    private_folder(file.parent)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        try:
            connection.executescript(SETTINGS + TABLES)
            connection.execute("begin immediate")
            vault = Vault(connection, Box(key), audited_in or file.parent)
            _check_key(vault, file)
            yield vault
            connection.execute("commit")
        except sqlite3.OperationalError as wrong:
            raise UserError(f"{file}: {wrong}; another command works on the vault, or the disk is full") from wrong
        except sqlite3.DatabaseError as wrong:
            raise UserError(
                f"{file} is no vault ({wrong}). Bring it back from a backup, or remove it: the next `dbt build` seals "
                "the identities anew from the raw tables."
            ) from wrong


def _check_key(vault: Vault, file: Path) -> None:
    sealed_with = vault.fact("vault_key_id")
    if sealed_with is None:
        vault.set_fact("vault_key_id", vault.box.key_id)
    elif sealed_with != vault.box.key_id:
        raise UserError(
            f"{file} is sealed with the vault key {sealed_with}, but the key given is {vault.box.key_id}. Give the "
            "right key (vault.key, or UPSWING_VAULT_KEY). If it is lost for good, remove the "
            "file: the next `dbt build` seals the identities anew from the raw tables."
        )
