"""What the vault costs: a million identities sealed, looked through again, changed, sealed with a new key, renamed.

    .venv/bin/python benchmarks/vault.py [IDENTITIES]

Beside it, in the same run, what the simplest store would do: Fernet tokens of the same JSON, one a row.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from cryptography.fernet import Fernet

from upswing.privacy.keys import key_id, pseudonym_key, vault_file, vault_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.rotation import rotate_pseudonyms, rotate_vault_key
from upswing.privacy.vault import Identity, open_vault, text_of
from upswing.privacy.vault_sealing import COLUMNS, known_identities, seal

BATCH_ROWS = 50_000


def identities(count: int, changed_every: int = 0) -> Iterator[pa.RecordBatch]:
    """Made-up customers; of every so many the e-mail address is another."""
    key = pseudonym_key()
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    for start in range(0, count, BATCH_ROWS):
        rows = []
        for number in range(start, min(start + BATCH_ROWS, count)):
            domain = "new.example" if changed_every and number % changed_every == 0 else "mail.example"
            values = (str(number), f"Name {number} Family", f"customer{number}@{domain}", f"+49 170 {number:08d}")
            rows.append(dict(zip(COLUMNS, (pseudonym(key, str(number)), *values), strict=True)))
        yield pa.RecordBatch.from_pylist(rows, schema=schema)


def measured(what: str, work: Callable[[], Any]) -> Any:
    """Do something, and say how long it took, and how long a processor worked at it."""
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what:<46}{time.perf_counter() - began:8.1f} s, of a processor {time.process_time() - worked:6.1f} s")
    return result


def sealed(batches: list[pa.RecordBatch]) -> tuple[int, int]:
    """Bring the vault up to date."""
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", key_id(pseudonym_key()))
        return seal(vault, batches, set())


def with_fernet(file: Path, batches: list[pa.RecordBatch]) -> None:
    """The same rows as Fernet tokens (AES-128-CBC and HMAC) in SQLite."""
    box = Fernet(Fernet.generate_key())
    with sqlite3.connect(file) as connection:
        connection.execute("create table identities (pseudonym text primary key, token blob) without rowid")
        for batch in batches:
            rows = zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True)
            tokens = ((name, box.encrypt(text_of(Identity(*values)))) for name, *values in rows)
            connection.executemany("insert into identities values (?, ?)", tokens)


def main() -> None:
    """Measure in a folder of its own."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UPSWING_WAREHOUSE"] = folder
        for variable in ("UPSWING_KEYS", "UPSWING_VAULT_KEY", "UPSWING_PSEUDONYM_KEY"):
            os.environ.pop(variable, None)
        first = measured(f"{count:,} identities made up, with pseudonyms", lambda: list(identities(count)))
        print("written, removed:", measured("sealed for the first time", lambda: sealed(first)))
        print(f"vault: {vault_file().stat().st_size / 1e6:,.0f} MB")
        print("written, removed:", measured("looked through again, nothing changed", lambda: sealed(first)))
        changed = list(identities(count, changed_every=100))
        print("written, removed:", measured("one in a hundred changed", lambda: sealed(changed)))
        some = [name for batch in changed for name in batch.column(0).to_pylist()[:5000]][:100_000]
        found = measured(f"{len(some):,} looked up", lambda: known_identities(some, "benchmark"))
        assert len(found) == len(some)
        measured("keys rotate --vault", lambda: rotate_vault_key(vault_file()))
        measured("keys rotate --pseudonyms", lambda: rotate_pseudonyms(vault_file(), []))
        measured("Fernet tokens in SQLite, for the first time", lambda: with_fernet(Path(folder) / "f.sqlite", first))


if __name__ == "__main__":
    main()
