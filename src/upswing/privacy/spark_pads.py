"""What a Spark session does when it starts: leave the key where the views of the raw tables read it."""

from __future__ import annotations

from typing import Any

from upswing.privacy.keys import key_id, keys_folder, pseudonym_key, write_private
from upswing.privacy.pseudonyms import pads
from upswing.quality.modes import private_umask


def prepare(_session: Any) -> None:
    """Write the pads of the key, and its id, to a file that its owner alone can read.

    A view that Spark keeps in its catalog can read a file, and no variable of a session. Executors on other machines
    read the file too, so that ``UPSWING_KEYS`` must name a folder that all of them see.
    """
    private_umask()
    key = pseudonym_key()
    write_private(keys_folder() / "pseudonym.pads", f"{pads(key).inner.hex()} {pads(key).outer.hex()} {key_id(key)}\n")
