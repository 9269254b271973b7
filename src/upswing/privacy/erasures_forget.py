"""Forgetting customers: in the warehouse, the published marts, the vault and the exports, at once and for good."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upswing.database_files import open_database
from upswing.marketing.push_erasure import Marks, forget_pushes
from upswing.marketing.push_ledger import LEDGER_FILE
from upswing.privacy import erasures
from upswing.privacy.erasures_fits import fits_of_customers
from upswing.privacy.erasures_traces import (
    SHORTEST_TRACE,
    Traces,
    Wanted,
    traces_in_exports,
    traces_in_files,
    traces_in_warehouse,
)
from upswing.privacy.erasures_warehouse import held, raw_tables_naming, rewrite_without, rows_naming, rows_of
from upswing.privacy.keys import key_id, pseudonym_key
from upswing.privacy.pseudonyms import PSEUDONYM_DIGITS, pseudonym
from upswing.privacy.rotation import rename, standing_vault_key
from upswing.privacy.vault import Identity, UnrecordedError, open_vault
from upswing.privacy.vault_sealing import check_pseudonyms
from upswing.quality.backup_swap import discard_replaced, finish
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError

DATABASES = ("upswing.duckdb", "marts.duckdb")


@dataclass(frozen=True)
class Places:
    """Where a customer may be named.

    Attributes:
        warehouse: its folder.
        exports: folders of ``upswing push``; one that does not exist is passed over.
        searched: folders that are looked through and not changed: reports, logs, dbt's target.
    """

    warehouse: Path
    exports: tuple[Path, ...] = ()
    searched: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Known:
    """Whom a command is about.

    Attributes:
        identities: who they are, by pseudonym; None: the vault does not know them, or not any more.
        ids: the company's own ids, as far as they are known.
        are_ids_whole: whether the ids of all are known.
    """

    identities: dict[str, Identity | None]
    ids: frozenset[str]
    are_ids_whole: bool

    @property
    def people(self) -> list[Identity]:
        """Those whom the vault knows."""
        return [identity for identity in self.identities.values() if identity is not None]


@dataclass
class Forgotten:
    """What forgetting customers did, or, where it was a dry run, would do.

    Attributes:
        pseudonyms: of the customers.
        in_vault: how many of them the vault knew.
        rows: of each table, by file, that were deleted or, of sales, made anonymous.
        pushes: pushes and hold-outs of theirs in the ledgers.
        files: exported files that named them, and in how many rows.
        half_written: files of a push that was killed; they are removed whole.
        others: files of exports, reports, logs and dbt's target that name them, and that no command changes.
        unreadable: files of these that cannot be looked through, and why.
        raw: rows that name them, by where they were delivered: the company's own, which no command changes.
        traces: rows or files of the warehouse that still hold a pseudonym, an e-mail address or a telephone number:
            none, it is hoped.
        fits: that learned from rows of customers and serve until the next build has fitted them again.
        namesakes: rows that hold the words of a name: of these people, or of others.
    """

    pseudonyms: list[str]
    in_vault: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    pushes: int = 0
    files: dict[Path, int] = field(default_factory=dict)
    half_written: list[Path] = field(default_factory=list)
    others: Counter[Path] = field(default_factory=Counter)
    unreadable: dict[Path, str] = field(default_factory=dict)
    raw: Counter[str] = field(default_factory=Counter)
    traces: Counter[str] = field(default_factory=Counter)
    fits: list[str] = field(default_factory=list)
    namesakes: Counter[str] = field(default_factory=Counter)

    @property
    def to_look_at(self) -> list[str]:
        """Files that name them still, or that nobody can say of whether they do."""
        tables_and_files = {place.partition(":")[0] for place in self.traces}
        return [*sorted(tables_and_files), *map(str, sorted({*self.others, *self.unreadable}))]


def forget(customers: Sequence[str], places: Places, is_dry_run: bool = False) -> Forgotten:
    """Take customers out of all that the warehouse keeps, and put them on the list that keeps them out.

    The list comes first: who is killed behind it has kept the customers out of the next build. The vault comes last:
    who is killed before it finds the rest by running it again, also by address. After it, only ids are known.

    Args:
        customers: the company's own ids, or pseudonyms.
        places: where they may be named.
        is_dry_run: change nothing.

    Raises:
        UserError: a build is running, a key is lost, or nobody is known by such an id.
        LedgerError: the ledger of the pushes cannot be used.
    """
    if is_dry_run:
        return _forget(customers, places, is_dry_run=True)
    with locked(places.warehouse, "forget"):
        finish(places.warehouse)
        done = _forget(customers, places, is_dry_run=False)
        discard_replaced(places.warehouse)
    return done


def _forget(customers: Sequence[str], places: Places, is_dry_run: bool) -> Forgotten:
    warehouse, vault = places.warehouse, places.warehouse / "vault.sqlite"
    with held(warehouse / DATABASES[0]):
        pass  # A build that runs is noticed before anything is looked at.
    known = _known(vault, warehouse, customers, "forget (preview)" if is_dry_run else "forget")
    names, marks = list(known.identities), _marks(known)
    files = [warehouse / name for name in DATABASES if (warehouse / name).exists()]
    done = Forgotten(names, len(known.people))
    if (warehouse / DATABASES[0]).exists():
        done.raw = raw_tables_naming(warehouse / DATABASES[0], names, pseudonym_key())
        with open_database(warehouse / DATABASES[0]) as connection:
            done.fits = fits_of_customers(connection)
    for file in files:
        done.rows += Counter({f"{file.name}: {table}": rows for table, rows in rows_of(file, names).items()})
    exports = forget_pushes(places.exports, marks, is_dry_run=True)
    done.pushes, done.files, done.half_written = exports.pushes, exports.files, exports.half_written
    _check_found(done, known, set(erasures.read(warehouse)), customers)
    wanted = Wanted((*names, *_addresses(known.people)), known.ids, frozenset(exports.push_ids))
    if is_dry_run:
        ledgers = {folder / LEDGER_FILE for folder in places.exports}
        _look_around(places, wanted, exports.unreadable, done, {*done.files, *done.half_written, *ledgers})
        return done
    with held(warehouse / DATABASES[0]):
        erasures.add(warehouse, names)
        exports = forget_pushes(places.exports, marks)
        for file in files:
            rewrite_without(file, names)
        for left_over in (warehouse / "spill").glob("*"):
            left_over.unlink()
        if vault.exists():
            with open_vault(vault, standing_vault_key(vault)) as opened:
                opened.forget({name: one for name, one in known.identities.items() if one is not None})
    done.traces = traces_in_warehouse(warehouse, files, wanted.texts)
    _look_around(places, wanted, exports.unreadable, done)
    for file in files:
        named = [one.full_name for one in known.people if one.full_name and len(one.full_name) >= 6]
        done.namesakes += Counter({f"{file.name}: {place}": rows for place, rows in rows_naming(file, named).items()})
    return done


def replay(warehouse: Path, audited_in: Path | None = None) -> Counter[str]:
    """Forget once more who was erased, in a warehouse that was brought back from before; the rows it was, by table.

    Where the pseudonyms have changed since, the vault that was brought back is carried over to the key that stands. A
    vault that was sealed with another key is removed: the next build seals it anew.

    Args:
        warehouse: the folder that was brought back, with the list of erasures as it is now; the keys are those of the
            environment.
        audited_in: folder of the warehouse whose audit keeps what is unsealed; by default the same.

    Raises:
        UserError: a key is lost, a build is running, or the audit cannot be written.
    """
    listed, vault = set(erasures.read(warehouse)), warehouse / "vault.sqlite"
    names, key = set(listed), pseudonym_key()
    if vault.exists():
        try:
            with open_vault(vault, standing_vault_key(vault), audited_in) as opened:
                if opened.fact("pseudonym_key_id") not in (None, key_id(key)):
                    rename(opened, key, "restore")
                names |= {old for old, new in opened.renamed().items() if new in listed}
                opened.connection.execute("delete from renamed")
                opened.forget(opened.identities(listed, "restore"))
        except UnrecordedError:
            raise
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
        "other_files": len(done.others),
        "unreadable_files": len(done.unreadable),
    }


def _known(vault: Path, warehouse: Path, customers: Iterable[str], purpose: str) -> Known:
    """Whom customers stand for; the company's own id goes before a pseudonym that looks like it."""
    key, listed = pseudonym_key(), erasures.read(warehouse)
    asked = {customer: [pseudonym(key, customer), customer] for customer in customers}
    identities: dict[str, Identity] = {}
    erased: dict[str, str] = {}
    if vault.exists():
        with open_vault(vault, standing_vault_key(vault)) as opened:
            check_pseudonyms(opened, key_id(key))
            candidates = {name for names in asked.values() for name in names}
            identities = opened.identities(candidates, purpose)
            erased = opened.erased_ids(purpose, candidates - identities.keys())
    found: dict[str, Identity | None] = {}
    ids: dict[str, str] = {}
    of_known = {name: identity.customer_id for name, identity in identities.items()}
    for customer, (own, given) in asked.items():
        is_pseudonym = re.fullmatch(f"[0-9a-f]{{{PSEUDONYM_DIGITS}}}", customer) is not None
        standing = next((name for name in (own, given) if name in identities or name in listed), None)
        name = standing or (given if is_pseudonym else own)
        found[name] = identities.get(name)
        own_id = (of_known | erased).get(name, customer if name == own else None)
        if own_id is not None:
            ids[name] = own_id.strip()
    return Known(found, frozenset(ids.values()), ids.keys() == found.keys())


def _marks(known: Known) -> Marks:
    key = pseudonym_key()
    contacts = (text for one in known.people for text in (one.email, one.phone) if text and text.strip())
    return Marks(
        frozenset(known.identities),
        known.ids,
        frozenset(text.strip().lower() for text in contacts),
        None if known.are_ids_whole else lambda customer_id: pseudonym(key, customer_id),
    )


def _look_around(
    places: Places, wanted: Wanted, unreadable: dict[Path, str], done: Forgotten, passed_over: Collection[Path] = ()
) -> None:
    """Note what names customers outside the warehouse."""
    looked = [traces_in_exports(folder, wanted, passed_over) for folder in places.exports]
    looked += [traces_in_files(folder, wanted) for folder in places.searched]
    for traces in (*looked, Traces(unreadable=unreadable)):
        done.others |= traces.found
        done.unreadable |= traces.unreadable


def _check_found(done: Forgotten, known: Known, listed: Collection[str], customers: Sequence[str]) -> None:
    named = done.in_vault or done.rows or done.pushes or done.files or done.raw
    if not (named or listed & known.identities.keys()):
        raise UserError(
            f"nobody is known by {', '.join(customers)}: neither the vault nor the warehouse, the exports of pushes or "
            "a raw table names them. Give the customer's id as the company's files have it, or the marts' pseudonym."
        )


def _addresses(people: Iterable[Identity]) -> Iterator[str]:
    """What is one person's alone, as far as it is long enough not to stand anywhere by chance."""
    for identity in people:
        yield from (text for text in (identity.email, identity.phone) if text and len(text) >= SHORTEST_TRACE)
