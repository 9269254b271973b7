"""What dbt-duckdb loads when it starts: Python's warnings then go to dbt's log file."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from upswing.warning_log import prepare


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.warnings_plugin}]``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002
        """Send the warnings of this process to dbt's log file."""
        prepare()
