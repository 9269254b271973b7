"""Forgetting customers: in the warehouse, the published marts, the vault and the exports, at once and for good."""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from upswing.database_files import open_database
from upswing.marketing.push_erasure import forget_pushes
from upswing.privacy import erasures
from upswing.privacy.erasures_fits import fits_of_customers
from upswing.privacy.erasures_warehouse import held, raw_tables_naming, rewrite_without, rows_naming, rows_of
from upswing.privacy.keys import key_id, pseudonym_key
from upswing.privacy.pseudonyms import PSEUDONYM_DIGITS, pseudonym
from upswing.privacy.rotation import rename, standing_vault_key
from upswing.privacy.vault import Identity, open_vault
from upswing.privacy.vault_sealing import check_pseudonyms, known_identities
from upswing.quality.backup_swap import discard_replaced, finish
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError

DATABASES = ("upswing.duckdb", "marts.duckdb")
NOT_LOOKED_THROUGH = frozenset({erasures.ERASURES_FILE, "vault.sqlite"})
"""The list of the erased, which is of pseudonyms, and what is encrypted."""

SHORTEST_TRACE = 8
"""Shorter texts stand anywhere by chance."""


@dataclass
class Forgotten:
    """What forgetting customers did, or, where it was a dry run, would do.

    Attributes:
        pseudonyms: of the customers.
        in_vault: how many of them the vault knew.
        rows: of each table, by file, that were deleted or, of sales, made anonymous.
        pushes: pushes and hold-outs of theirs in the ledger.
        files: exported files that named them.
        raw: rows that name them, by where they were delivered: the company's own, which no command changes.
        traces: rows or files that still hold a pseudonym, an e-mail address or a telephone number: none, it is hoped.
        fits: that learned from rows of customers and serve until the next build has fitted them again.
        namesakes: rows that hold the words of a name: of these people, or of others.
    """

    pseudonyms: list[str]
    in_vault: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    pushes: int = 0
    files: list[Path] = field(default_factory=list)
    raw: Counter[str] = field(default_factory=Counter)
    traces: Counter[str] = field(default_factory=Counter)
    fits: list[str] = field(default_factory=list)
    namesakes: Counter[str] = field(default_factory=Counter)


def forget(warehouse: Path, customers: Sequence[str], pushes: Path, today: date, is_dry_run: bool = False) -> Forgotten:
    """Take customers out of all that the warehouse keeps, and put them on the list that keeps them out.

    The list comes first: who is killed behind it has kept the customers out of the next build, and finds the rest by
    running it again.

    Args:
        warehouse: the folder.
        customers: the company's own ids, or pseudonyms.
        pushes: folder of ``upswing push``.
        today: up to when results of pushes are written anew.
        is_dry_run: change nothing.

    Raises:
        UserError: a build is running, a key is lost, or nobody is known by such an id.
        LedgerError: the ledger of the pushes cannot be used.
    """
    if is_dry_run:
        return _forget(warehouse, customers, pushes, today, is_dry_run=True)
    with locked(warehouse, "forget"):
        finish(warehouse)
        done = _forget(warehouse, customers, pushes, today, is_dry_run=False)
        discard_replaced(warehouse)
    return done


def _forget(warehouse: Path, customers: Sequence[str], pushes: Path, today: date, is_dry_run: bool) -> Forgotten:
    vault = warehouse / "vault.sqlite"
    known = _known(vault, warehouse, customers)
    names = list(known)
    files = [warehouse / name for name in DATABASES if (warehouse / name).exists()]
    with held(warehouse / DATABASES[0]):
        pass  # A build that runs is noticed before anything is looked at.
    done = Forgotten(names, sum(identity is not None for identity in known.values()))
    if (warehouse / DATABASES[0]).exists():
        done.raw = raw_tables_naming(warehouse / DATABASES[0], names, pseudonym_key())
        with open_database(warehouse / DATABASES[0]) as connection:
            done.fits = fits_of_customers(connection)
    for file in files:
        done.rows += Counter({f"{file.name}: {table}": rows for table, rows in rows_of(file, names).items()})
    done.pushes, done.files = forget_pushes(pushes, names, known_identities, today, is_dry_run=True)
    _check_found(done, known, set(erasures.read(warehouse)), customers)
    if is_dry_run:
        return done
    with held(warehouse / DATABASES[0]):
        erasures.add(warehouse, names)
        if vault.exists():
            with open_vault(vault, standing_vault_key(vault)) as opened:
                opened.forget(names)
        forget_pushes(pushes, names, known_identities, today)
        for file in files:
            rewrite_without(file, names)
        for left_over in (warehouse / "spill").glob("*"):
            left_over.unlink()
    people = [identity for identity in known.values() if identity is not None]
    done.traces = _traces(warehouse, files, [*names, *_addresses(people)])
    for file in files:
        named = [identity.full_name for identity in people if identity.full_name and len(identity.full_name) >= 6]
        done.namesakes += Counter({f"{file.name}: {place}": rows for place, rows in rows_naming(file, named).items()})
    return done


def replay(warehouse: Path) -> Counter[str]:
    """Forget once more who was erased, in a warehouse that was brought back from before; the rows it was, by table.

    Where the pseudonyms have changed since, the vault that was brought back is carried over to the key that stands. A
    vault that was sealed with another key is removed: the next build seals it anew.

    Args:
        warehouse: the folder that was brought back, with the list of erasures as it is now; the keys are those of the
            environment.

    Raises:
        UserError: a key is lost, or a build is running.
    """
    listed, vault = set(erasures.read(warehouse)), warehouse / "vault.sqlite"
    names, key = set(listed), pseudonym_key()
    if vault.exists():
        try:
            with open_vault(vault, standing_vault_key(vault)) as opened:
                if opened.fact("pseudonym_key_id") not in (None, key_id(key)):
                    rename(opened, key)
                names |= {old for old, new in opened.renamed().items() if new in listed}
                opened.connection.execute("delete from renamed")
                opened.forget(listed)
        except UserError:
            vault.unlink()
    done: Counter[str] = Counter()
    with held(warehouse / DATABASES[0]):
        for file in (warehouse / name for name in DATABASES if names and (warehouse / name).exists()):
            done += Counter({f"{file.name}: {table}": rows for table, rows in rewrite_without(file, names).items()})
    return done


def record_of(done: Forgotten) -> dict[str, object]:
    """What the audit keeps of it; of a customer a hash that the list of erasures can be held against."""
    return {
        "customers": [erasures.in_audit(name) for name in done.pseudonyms],
        "in_vault": done.in_vault,
        "rows": dict(done.rows),
        "pushes": done.pushes,
        "files": len(done.files),
        "fits": done.fits,
        "traces": dict(done.traces),
    }


def _known(vault: Path, warehouse: Path, customers: Iterable[str]) -> dict[str, Identity | None]:
    """Pseudonyms of customers, and who they are; the company's own id goes before a pseudonym that looks like it."""
    key, listed = pseudonym_key(), erasures.read(warehouse)
    asked = {customer: [pseudonym(key, customer), customer] for customer in customers}
    identities: dict[str, Identity] = {}
    if vault.exists():
        with open_vault(vault, standing_vault_key(vault)) as opened:
            check_pseudonyms(opened, key_id(key))
            identities = opened.identities(name for names in asked.values() for name in names)
    known: dict[str, Identity | None] = {}
    for customer, (own, given) in asked.items():
        is_pseudonym = re.fullmatch(f"[0-9a-f]{{{PSEUDONYM_DIGITS}}}", customer) is not None
        found = next((name for name in (own, given) if name in identities or name in listed), None)
        name = found or (given if is_pseudonym else own)
        known[name] = identities.get(name)
    return known


def _check_found(
    done: Forgotten, known: dict[str, Identity | None], listed: Collection[str], customers: Sequence[str]
) -> None:
    if not (done.in_vault or done.rows or done.pushes or done.raw or listed & known.keys()):
        raise UserError(
            f"nobody is known by {', '.join(customers)}: neither the vault nor the warehouse, the ledger of pushes or "
            "a raw table names them. Give the customer's id as the company's files have it, or the marts' pseudonym."
        )


def _addresses(people: Iterable[Identity]) -> Iterator[str]:
    """What is one person's alone, as far as it is long enough not to stand anywhere by chance."""
    for identity in people:
        yield from (text for text in (identity.email, identity.phone) if text and len(text) >= SHORTEST_TRACE)


def _traces(warehouse: Path, databases: Iterable[Path], texts: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in databases:
        found += Counter({f"{file.name}: {place}": rows for place, rows in rows_naming(file, texts).items()})
    for path in sorted(warehouse.rglob("*")):
        if path.is_file() and path.name not in NOT_LOOKED_THROUGH and path.stat().st_size:
            with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                found[str(path.relative_to(warehouse))] += sum(content.find(text.encode()) >= 0 for text in texts)
    return +found
