"""The command ``upswing``: what a person runs beside dbt."""

from __future__ import annotations

import sqlite3
from importlib import import_module
from typing import Any

import click
import duckdb

from upswing.database_files import explained_error
from upswing.nearest import did_you_mean
from upswing.quality.modes import private_umask
from upswing.user_errors import UserError

COMMANDS = {
    "audit": "audit:audit",
    "backup": "backup:backup_command",
    "cards": "cards:cards",
    "check": "check:check",
    "compliance": "compliance:compliance",
    "dashboard": "dashboard:dashboard",
    "forget": "forget:forget_command",
    "identify": "identify:identify",
    "keys": "keys:keys_group",
    "publish": "publish_to:publish",
    "published": "published:published",
    "push": "push:push",
    "query": "query:query",
    "report": "report:report",
    "restore": "backup:restore_command",
    "sample": "sample:sample",
    "superset": "superset:superset",
    "tables": "query:tables",
    "watch": "watch:watch",
}
"""Where each command is: a module below ``upswing.commands``, and a name in it."""


class Commands(click.Group):
    """Commands that are imported when they are asked for: each needs other libraries."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        command = getattr(import_module(f"upswing.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, context: click.Context, words: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first word, or the nearest one to a word that is none."""
        name = words[0]
        if not name.startswith("-") and name not in COMMANDS:
            context.fail(f"there is no command {name}{did_you_mean(name, COMMANDS)}")
        return super().resolve_command(context, words)

    def invoke(self, context: click.Context) -> Any:
        """Run the command; what its user can mend is one line, and all other errors keep their traceback."""
        try:
            return super().invoke(context)
        except UserError as error:
            raise click.ClickException(str(error)) from None
        except (duckdb.Error, sqlite3.Error, OSError) as error:
            if (explanation := explained_error(error)) is None:
                raise
            raise click.ClickException(explanation) from None


@click.group(cls=Commands)
def main() -> None:
    """Upswing: what to push, when, to whom, and which deal to visit first."""
    private_umask()
