"""What dbt-duckdb calls for each connection: SQL can then ask whether a delivered file is whole."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from upswing.raw_files import csv_problem, csv_start, file_problem


class Plugin(BasePlugin):
    """Named in the profile: ``plugins: [{module: upswing.raw_files_plugin}]``."""

    def configure_connection(self, conn: Any) -> None:
        """Teach a connection ``file_problem(path, folder)``, ``csv_start(path)`` and ``csv_problem(path)``."""
        for function, arguments in ((file_problem, 2), (csv_start, 1), (csv_problem, 1)):
            conn.create_function(
                function.__name__,
                function,
                ["VARCHAR"] * arguments,
                "VARCHAR",
                null_handling="special",
                side_effects=True,
            )
