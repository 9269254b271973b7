"""What a watch knows of the warehouse, in a file beside it, so that a new watch begins where the last one ended."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from upswing.user_errors import UserError

STATE_FILE = "watch.json"
LOCK_FILE = "watch.lock"


@dataclass
class WatchState:
    """What is settled, that is built, tested and published.

    Attributes:
        code: digest of the code and the vars it was built with.
        invocation_id: dbt command after which this was written; where the warehouse knows of another one, somebody else
            has built since, and nothing here holds.
        as_of_date: the clock that all stands on, as text.
        deliveries: what of each raw table is settled, as the table's state (its parts and its contract, hashed).
        unsettled: unique ids of models that a round built, or meant to build, and did not bring to a green end.
    """

    code: str = ""
    invocation_id: str | None = None
    as_of_date: str | None = None
    deliveries: dict[str, str] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)


def read_state(warehouse: Path) -> WatchState | None:
    """The state beside the warehouse; None where there is none that can be read."""
    try:
        return WatchState(**json.loads((warehouse / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_state(warehouse: Path, state: WatchState) -> None:
    """Put the state beside the warehouse, whole or not at all; only its owner can read it."""
    unfinished = warehouse / f".{STATE_FILE}.unfinished"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(dataclasses.asdict(state), file)
    unfinished.replace(warehouse / STATE_FILE)


@contextmanager
def only_watch(warehouse: Path) -> Iterator[None]:
    """Hold the lock that one watch of a warehouse has; a killed one lets go of it.

    Raises:
        UserError: another watch has it.
    """
    warehouse.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(warehouse / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode() or "unknown"
            raise UserError(
                f"another `upswing watch` (process {holder}) watches {warehouse}; stop it first, or give this one a "
                "warehouse of its own: UPSWING_WAREHOUSE=folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
