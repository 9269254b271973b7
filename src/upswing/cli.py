"""The command ``upswing``: what a person runs beside dbt."""

from __future__ import annotations

from importlib import import_module

import click

from upswing.quality.modes import private_umask

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
    "query": "published:query",
    "report": "report:report",
    "restore": "backup:restore_command",
    "sample": "sample:sample",
    "superset": "superset:superset",
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


@click.group(cls=Commands)
def main() -> None:
    """Upswing: what to push, when, to whom, and which deal to visit first."""
    private_umask()
