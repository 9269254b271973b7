"""What dbt-duckdb loads before it opens the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.exceptions.connection import FailedToConnectError

from upswing.database_files import explained_error
from upswing.warning_log import prepare


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.warehouse_plugin}]``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002
        """Send Python's warnings to dbt's log file, and say in one line why the warehouse cannot be opened.

        Raises:
            FailedToConnectError: another process has the warehouse open, or its file is damaged.
        """
        prepare()
        file = Path(self.creds.path if self.creds else "")
        if not file.is_file():
            return
        try:
            duckdb.connect(str(file)).close()
        except duckdb.IOException as error:
            raise FailedToConnectError(explained_error(error, file) or str(error)) from None
        except duckdb.ConnectionException:
            pass  # This process has it open, with settings of its own.
