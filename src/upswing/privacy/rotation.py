"""New keys: for the vault's rows, and for the pseudonyms; whoever is killed in between has the old or the new.

A new key first stands beside the old one as ``<name>-next.key``. The vault then changes in one transaction, with the id
of its key; only after that the new key takes the old one's place. Whichever key the vault names is the one that counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from upswing.marketing.push_ledger import LEDGER_FILE, open_ledger
from upswing.privacy import erasures
from upswing.privacy.keys import (
    PSEUDONYM_SECRET,
    VAULT_SECRET,
    Secret,
    decoded,
    key_id,
    new_key,
    pseudonym_key,
    vault_key,
    write_key,
)
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.spark_pads import remove_pads
from upswing.privacy.vault import Box, Vault, open_vault
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError

RENAMED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Rotated:
    """What a rotation did.

    Attributes:
        old: id of the key before.
        new: id of the key that stands now.
        identities: rows of the vault that were sealed anew.
        erased: erased customers whose erasure was carried over.
        pushes: rows of ledgers that were carried over.
        lost: erased customers whom the vault does not know, so that their erasure stays under the old pseudonym.
    """

    old: str
    new: str
    identities: int = 0
    erased: int = 0
    pushes: int = 0
    lost: int = 0


def rotate_vault_key(file: Path) -> Rotated:
    """Seal every row of the vault with a new key.

    Args:
        file: of the vault.

    Raises:
        UserError: there is no vault, or the old key is lost.
    """
    with locked(file.parent, "keys rotate"):
        _check_vault(file)
        old = standing_vault_key(file)
        new = next_key(VAULT_SECRET)
        with open_vault(file, old) as vault:
            rows = _resealed(vault, Box(new))
        _take_over(VAULT_SECRET)
    return Rotated(key_id(old), key_id(new), rows)


def rotate_pseudonyms(file: Path, push_folders: Iterable[Path]) -> Rotated:
    """Give every customer a new pseudonym, in the vault, the list of erasures and the ledgers of pushes.

    Args:
        file: of the vault.
        push_folders: of ``upswing push``; those without a ledger are passed over.

    Raises:
        UserError: there is no vault, or a key is lost.
        LedgerError: a ledger cannot be used; the command can be given again.
    """
    with locked(file.parent, "keys rotate"):
        _check_vault(file)
        return _rotated_pseudonyms(file, push_folders)


def _rotated_pseudonyms(file: Path, push_folders: Iterable[Path]) -> Rotated:
    folders = [folder for folder in push_folders if (folder / LEDGER_FILE).exists()]
    with open_vault(file, standing_vault_key(file)) as vault:
        old = vault.fact("pseudonym_key_id") or key_id(pseudonym_key())
        under_way = vault.connection.execute("select exists (select 1 from renamed)").fetchone()[0]
        if not under_way:
            # A key that stands but is not the vault's was brought by hand or by a restore: all is carried over to it.
            new = pseudonym_key() if old != key_id(pseudonym_key()) else next_key(PSEUDONYM_SECRET)
            rename(vault, new, "keys rotate --pseudonyms")
    with open_vault(file, standing_vault_key(file)) as vault:
        renamed, identities = vault.renamed(), len(vault)
        names = vault.fact("pseudonym_key_id") or ""
        if _waiting(PSEUDONYM_SECRET) and key_id(_waiting_key(PSEUDONYM_SECRET)) == names:
            _take_over(PSEUDONYM_SECRET)
    carried = erasures.carry_over(file.parent, renamed)
    pushes = 0
    for folder in folders:
        with open_ledger(folder) as ledger:
            pushes += ledger.carry_over(renamed)
    lost = len(set(erasures.read(file.parent)) - set(renamed.values()))
    remove_pads()
    with open_vault(file, standing_vault_key(file)) as vault:
        vault.connection.execute("delete from renamed")
    return Rotated(old, names, identities, carried, pushes, lost)


def rename(vault: Vault, key: bytes, purpose: str) -> None:
    """Give each identity, and each erased one, the pseudonym of a key; the old ones are noted beside the new."""
    identities = vault.all_identities(purpose)
    erased = vault.erased_ids(purpose)
    while known := dict(islice(identities, RENAMED_AT_ONCE)):
        new = {name: pseudonym(key, identity.customer_id) for name, identity in known.items()}
        vault.connection.executemany("delete from identities where pseudonym = ?", ((name,) for name in new))
        vault.write({new[name]: identity for name, identity in known.items()})
        vault.connection.executemany("insert into renamed values (?, ?)", new.items())
    vault.connection.execute("delete from erased")
    for name, customer_id in erased.items():
        vault.write_erased(pseudonym(key, customer_id), customer_id)
        vault.connection.execute("insert or replace into renamed values (?, ?)", (name, pseudonym(key, customer_id)))
    vault.set_fact("pseudonym_key_id", key_id(key))
    vault.set_fact("sealed_from", "")


def standing_vault_key(file: Path) -> bytes:
    """The key that the vault is sealed with; brings a rotation to its end that was killed behind its transaction.

    Raises:
        UserError: the key is lost, or none.
    """
    key = vault_key()
    if not file.exists() or not _waiting(VAULT_SECRET):
        return key
    waiting = _waiting_key(VAULT_SECRET)
    try:
        with open_vault(file, waiting):
            pass
    except UserError:
        return key
    _take_over(VAULT_SECRET)
    return waiting


def next_key(secret: Secret) -> bytes:
    """The key that is to follow: of the environment where that gives the standing one, else a new one in a file.

    Raises:
        UserError: the environment gives the standing key, and none to follow it.
    """
    given_now = secret.given()
    if given_now is None:
        key = new_key()
        write_key(_next(secret), key)
        return key
    variable = f"{secret.variable}_NEXT"
    given = os.environ.get(variable)
    if not given:
        raise UserError(
            f"the {secret.name} key comes from {given_now[1]}, which this command cannot change: set {variable} to "
            "the new key (`openssl rand -hex 32` prints one), run this again, then put that key there"
        )
    return decoded(given, f"the environment variable {variable}")


def _next(secret: Secret) -> Secret:
    return Secret(f"{secret.name}-next", secret.variable)


def _waiting(secret: Secret) -> bool:
    """Whether a new key lies beside the old one, which neither the environment nor systemd gives."""
    return secret.given() is None and _next(secret).file.exists()


def _waiting_key(secret: Secret) -> bytes:
    file = _next(secret).file
    return decoded(file.read_text(encoding="ascii", errors="replace").strip(), str(file))


def _take_over(secret: Secret) -> None:
    """The new key takes the old one's place; the old one is gone."""
    if _waiting(secret):
        _next(secret).file.replace(secret.file)


def _check_vault(file: Path) -> None:
    if not file.exists():
        raise UserError(
            f"there is no vault at {file} yet; run `dbt build` first, or set UPSWING_WAREHOUSE to its folder"
        )


def _resealed(vault: Vault, box: Box) -> int:
    """Seal all of a vault with another box; how many identities."""
    purpose, count = "keys rotate --vault", len(vault)
    identities, erased = vault.all_identities(purpose), vault.erased_ids(purpose)
    vault.box = box
    while known := dict(islice(identities, RENAMED_AT_ONCE)):
        vault.write(known)
    for name, customer_id in erased.items():
        vault.write_erased(name, customer_id)
    vault.set_fact("vault_key_id", box.key_id)
    vault.set_fact("sealed_from", "")
    return count
