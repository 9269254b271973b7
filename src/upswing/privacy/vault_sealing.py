"""Sealing: the identities that the raw tables name, into the vault; only what is new or changed is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from upswing import engine
from upswing.privacy import erasures
from upswing.privacy.keys import key_id, pseudonym_key, vault_file
from upswing.privacy.rotation import standing_vault_key
from upswing.privacy.vault import Identity, Vault, open_vault, text_of
from upswing.user_errors import UserError

SEALED_SCHEMA = pa.schema(
    [
        pa.field("identities", pa.int64()),
        pa.field("written", pa.int64()),
        pa.field("removed", pa.int64()),
        pa.field("vault_key_id", pa.string()),
        pa.field("pseudonym_key_id", pa.string()),
        pa.field("sealed_at", pa.timestamp("us")),
    ]
)
ARRIVING_TABLES = (
    "create temporary table if not exists arriving (pseudonym text primary key, digest blob not null) without rowid",
    "create temporary table if not exists arrived (pseudonym text primary key) without rowid",
    "delete from arrived",
)
CHANGED = """
    select pseudonym
    from arriving
    where not exists (
        select 1 from identities
        where identities.pseudonym = arriving.pseudonym and identities.digest = arriving.digest
    )
"""


def seal_identities(identities: Any, deliveries: Any) -> pa.Table:
    """Bring the vault up to what the raw tables say; a customer whom none of them names any more leaves it.

    Args:
        identities: relation of the engine: pseudonym, customer_id, full_name, email, phone; read only where the raw
            tables, the erasures or the keys are others than at the last sealing.
        deliveries: relation raw.deliveries.

    Returns:
        One row of :data:`SEALED_SCHEMA`: how many identities the vault holds, how many rows were written and removed.

    Raises:
        UserError: a key is lost or another one, or a change of pseudonyms did not come to its end.
    """
    file = vault_file()
    names = key_id(pseudonym_key())
    with open_vault(file, standing_vault_key(file)) as vault:
        check_pseudonyms(vault, names)
        erased = set(erasures.read(file.parent))
        sealed_from = _delivered(deliveries, [names, *sorted(erased)])
        written = removed = 0
        if sealed_from is None or vault.fact("sealed_from") != sealed_from:
            written, removed = seal(vault, _batches(identities), erased)
            vault.set_fact("pseudonym_key_id", names)
            vault.set_fact("sealed_from", sealed_from or "")
        row = {
            "identities": len(vault),
            "written": written,
            "removed": removed,
            "vault_key_id": vault.box.key_id,
            "pseudonym_key_id": names,
            "sealed_at": datetime.now(UTC).replace(tzinfo=None),
        }
    return pa.Table.from_pylist([row], schema=SEALED_SCHEMA)


def seal(vault: Vault, batches: Iterable[pa.RecordBatch], erased: set[str]) -> tuple[int, int]:
    """Write the identities that are new or changed, remove those that did not come; how many of each.

    Args:
        vault: open.
        batches: of columns pseudonym, customer_id, full_name, email, phone; each pseudonym once.
        erased: pseudonyms of customers who were erased: they are left out.
    """
    written = 0
    for statement in ARRIVING_TABLES:
        vault.connection.execute(statement)
    for batch in batches:
        texts = {
            pseudonym: text_of(Identity(*values))
            for pseudonym, *values in zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True)
            if pseudonym not in erased
        }
        digests = {pseudonym: vault.box.digest(text) for pseudonym, text in texts.items()}
        vault.connection.execute("delete from arriving")
        vault.connection.executemany("insert into arriving values (?, ?)", digests.items())
        vault.connection.execute("insert into arrived select pseudonym from arriving")
        changed = [pseudonym for (pseudonym,) in vault.connection.execute(CHANGED)]
        vault.write_texts((pseudonym, texts[pseudonym], digests[pseudonym]) for pseudonym in changed)
        written += len(changed)
    gone = "delete from identities where pseudonym not in (select pseudonym from arrived)"
    return written, vault.connection.execute(gone).rowcount


COLUMNS = ("pseudonym", "customer_id", "full_name", "email", "phone")


def check_pseudonyms(vault: Vault, names: str) -> None:
    """Stop where the vault's pseudonyms were not made with the key that stands, or are being changed.

    Args:
        vault: open.
        names: id of the key of the pseudonyms.

    Raises:
        UserError: names the command that mends it.
    """
    made_with = vault.fact("pseudonym_key_id")
    if vault.connection.execute("select exists (select 1 from renamed)").fetchone()[0]:
        raise UserError("a change of the pseudonyms was cut short; run `upswing keys rotate --pseudonyms` again")
    if made_with not in (None, names):
        raise UserError(
            f"the vault's pseudonyms were made with the key {made_with}, but the key given is {names}. Give the right "
            "key (pseudonym.key, or UPSWING_PSEUDONYM_KEY), or carry all over to the key that "
            "stands: `upswing keys rotate --pseudonyms`"
        )


def check_build_key(sealed: Any) -> None:
    """Check that the key of the pseudonyms is still the one that the build began with.

    Args:
        sealed: relation of :data:`SEALED_SCHEMA`, of this build.

    Raises:
        UserError: it was changed since, so that what was built mixes pseudonyms of two keys.
    """
    (row,) = engine.read(sealed).to_pylist()
    now = key_id(pseudonym_key())
    if row["pseudonym_key_id"] != now:
        raise UserError(
            f"the pseudonym key was changed from {row['pseudonym_key_id']} to {now} while this build ran, so that "
            "nothing was published; run `dbt build` again"
        )


def known_identities(pseudonyms: Iterable[str], purpose: str) -> dict[str, Identity]:
    """Who stands behind pseudonyms, out of the warehouse's vault; nobody where there is none.

    Args:
        pseudonyms: of customers.
        purpose: what they are unsealed for, as the audit keeps it: the command.

    Raises:
        UserError: a key is lost or another one, a change of pseudonyms did not come to its end, or the audit cannot be
            written.
    """
    file = vault_file()
    if not file.exists():
        return {}
    with open_vault(file, standing_vault_key(file)) as vault:
        check_pseudonyms(vault, key_id(pseudonym_key()))
        return vault.identities(pseudonyms, purpose)


def _delivered(deliveries: Any, others: list[str]) -> str | None:
    """A hash of what was delivered of the tables that name customers; None where no state of it is known."""
    rows = [row for row in engine.read(deliveries).to_pylist() if _names_customers(row["contract"])]
    if any(row["is_present"] and not row["part_count"] for row in rows):
        return None
    columns = ("table_name", "is_present", "location", "contract_hash", "part_count", "parts_hash")
    told = sorted([str(row[column]) for column in columns] for row in rows)
    return hashlib.sha256(json.dumps([told, others]).encode()).hexdigest()


def _names_customers(contract: str) -> bool:
    return any(column.get("pseudonym") for column in json.loads(contract)["columns"])


def _batches(identities: Any) -> Iterator[pa.RecordBatch]:
    if engine.is_spark(identities):
        yield from engine.read(identities).to_batches(engine.BATCH_ROWS)
    else:
        yield from identities.to_arrow_reader(engine.BATCH_ROWS)


def sealed_rows(file: Path, key: bytes) -> int:
    """How many identities a vault holds."""
    with open_vault(file, key) as vault:
        return len(vault)
