"""What dbt-duckdb calls for each connection: the database of the raw tables is attached, where one is named."""

from __future__ import annotations

import os
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.events.logging import AdapterLogger
from dbt_common.exceptions import DbtRuntimeError

from upswing.databases import ALIAS, attach, named_source
from upswing.user_errors import UserError


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.databases_plugin}]``."""

    has_warned = False

    def configure_connection(self, conn: Any) -> None:
        """Attach what UPSWING_SOURCE names, read-only, and warn once where the way to it is not protected."""
        try:
            source = named_source(os.environ)
            if source is not None:
                if source.warning and not self.has_warned:
                    self.has_warned = True
                    AdapterLogger("Upswing").warning(source.warning)
                attach(conn, source, ALIAS, schema=source.schema)
        except UserError as wrong:
            raise DbtRuntimeError(str(wrong)) from None

    def configure_cursor(self, cursor: Any) -> None:
        """Tell each connection in which schema the raw tables are."""
        source = named_source(os.environ)
        if source is not None:
            cursor.execute("set variable upswing_source_schema = $1", [source.schema])
