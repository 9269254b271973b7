"""What dbt-duckdb calls for each connection: it learns the key of the pseudonyms, which no SQL and no log holds."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from upswing.privacy.keys import key_id, pseudonym_key
from upswing.privacy.pseudonyms import pads


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.privacy.duckdb_plugin}]``."""

    def configure_cursor(self, cursor: Any) -> None:
        """Give a connection the pads of the key as variables, which views read when they are read."""
        key = pseudonym_key()
        cursor.execute("set variable upswing_inner_pad = $1::blob", [pads(key).inner])
        cursor.execute("set variable upswing_outer_pad = $1::blob", [pads(key).outer])
        cursor.execute("set variable upswing_key_id = $1", [key_id(key)])
