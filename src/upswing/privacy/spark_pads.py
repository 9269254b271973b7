"""What a Spark session does when it starts: hold the warehouse, and leave the key where the raw views read it."""

from __future__ import annotations

import atexit
from typing import Any

from upswing.privacy.keys import PADS_FILE, key_id, keys_folder, pseudonym_key, warehouse_folder, write_private
from upswing.privacy.pseudonyms import pads
from upswing.quality.backup_swap import finish
from upswing.quality.modes import close_outputs, private_umask
from upswing.quality.warehouse_lock import WarehouseLock


def prepare(session: Any) -> None:
    """Hold the warehouse as long as the session lives, finish a restore that was killed, and write the pads of the key.

    The file of the pads holds the id of the key too. Its owner alone can read it, and it goes when this process ends.

    A view that Spark keeps in its catalog can read a file, and no variable of a session. Executors on other machines
    read the file too, so that ``UPSWING_KEYS`` must name a folder that all of them see.
    """
    private_umask()
    close_outputs()
    if not hasattr(session, "upswing_lock"):
        session.upswing_lock = WarehouseLock(warehouse_folder(), "dbt")
        finish(warehouse_folder())
    key = pseudonym_key()
    atexit.unregister(remove_pads)
    atexit.register(remove_pads)
    write_private(keys_folder() / PADS_FILE, f"{pads(key).inner.hex()} {pads(key).outer.hex()} {key_id(key)}\n")


def pads_file() -> str:
    """The path of the pads, for the macros that read them."""
    return str((keys_folder() / PADS_FILE).absolute())


def remove_pads() -> None:
    """Remove the pads, which are as good as the key, where there are any."""
    (keys_folder() / PADS_FILE).unlink(missing_ok=True)
