"""What dbt-duckdb calls for each connection: SQL can then ask whether a delivered file is whole."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from upswing.raw_files import csv_problem, csv_start, file_problem


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.raw_files_plugin}]``."""

    def configure_connection(self, conn: Any) -> None:
        """Teach a connection ``file_problem(path)``, ``csv_start(path)`` and ``csv_problem(path)``."""
        for function in (file_problem, csv_start, csv_problem):
            conn.create_function(
                function.__name__, function, ["VARCHAR"], "VARCHAR", null_handling="special", side_effects=True
            )
