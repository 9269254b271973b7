"""What dbt-duckdb calls for each connection: it learns to make pseudonyms, by a key that no SQL and no log holds."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from upswing.privacy.keys import key_id, pseudonym_key, warehouse_folder
from upswing.privacy.pseudonym_function import register_pseudonym
from upswing.quality.audit import check_ready
from upswing.quality.audit_runs import register
from upswing.quality.backup_swap import finish
from upswing.quality.modes import close_outputs, private_umask
from upswing.quality.warehouse_lock import WarehouseLock
from upswing.user_errors import UserError


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.privacy.duckdb_plugin}]``."""

    def initialize(self, _config: dict[str, Any]) -> None:
        """Before the file is opened: hold the warehouse, finish a restore that was killed, read the key once.

        What is written from here on is its owner's alone. The lock ends with the plugin, which dbt keeps as long as
        the file is open.
        """
        private_umask()
        close_outputs()
        try:
            self._lock = WarehouseLock(warehouse_folder(), "dbt")
            finish(warehouse_folder())
            check_ready(warehouse_folder())
            self._key = pseudonym_key()
        except UserError as wrong:
            # Of any other error dbt shows a traceback.
            raise DbtRuntimeError(str(wrong)) from None

    def configure_connection(self, conn: Any) -> None:
        """Once for the file: the functions that record runs in the audit and make pseudonyms."""
        register(conn)
        register_pseudonym(conn, self._key)

    def configure_cursor(self, cursor: Any) -> None:
        """Tell a connection by which key pseudonyms are made."""
        cursor.execute("set variable upswing_key_id = $1", [key_id(self._key)])

    def release(self) -> None:
        """Let go of the warehouse before the plugin ends."""
        self._lock.release()
