"""``upswing audit``: what was done to the warehouse, and whether that record holds."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.nearest import did_you_mean
from upswing.privacy.keys import warehouse_folder
from upswing.quality import audit as chain
from upswing.quality.audit_publish import changed_marts, published_anchors
from upswing.quality.backup import known_anchors
from upswing.user_errors import UserError

SHOWN_CHARACTERS = 120


@click.group()
def audit() -> None:
    """What was done to the warehouse, by whom, when: a record that only grows."""


@audit.command()
@click.option(
    "--backups", type=click.Path(path_type=Path), default="backups", show_default=True, help="Folder of the backups."
)
def verify(backups: Path) -> None:
    """Check that no entry was changed, taken out or cut off, and that the published marts are those recorded.

    Exits with 1 where something is wrong.
    """
    try:
        warehouse = existing_warehouse()
        anchors = [*published_anchors(warehouse), *known_anchors(backups)]
        breaks = chain.verify(warehouse, anchors)
        # What the record says of the marts counts only while the record holds.
        breaks = breaks or changed_marts(warehouse)
    except (UserError, OSError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for broken in breaks:
        click.echo(f"entry {broken.entry}: {broken.what}" if broken.entry else broken.what)
    file = chain.audit_file(warehouse)
    if breaks:
        raise click.ClickException(f"{file} does not hold: {len(breaks)} found; the first is entry {breaks[0].entry}")
    head = chain.head(warehouse)
    if head is None:
        click.echo(f"{file} has no entry yet; the first `dbt build` writes it")
        return
    places = sorted({anchor.place for anchor in anchors})
    click.echo(f"{file}: {head.entry:,} entries, none changed; the newest is {head.kind} of {head.recorded_at[:19]}")
    click.echo(f"  hash {head.entry_hash}")
    click.echo(f"  its end is known to: {', '.join(places) or 'no other file, so that a cut would go unnoticed'}")


@audit.command()
@click.option("--kind", help="Only entries of a kind: run_started, run_finished, publish, push, unsealed …")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="The newest so many.")
@click.option("--format", "file_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def log(kind: str | None, last: int, file_format: str) -> None:
    """Print entries, the oldest first."""
    try:
        found = chain.entries(existing_warehouse(), kind, last)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if not found and chain.head(warehouse_folder()) is None:
        click.echo(
            f"{chain.audit_file(warehouse_folder())} has no entry yet; the first `dbt build` writes it", err=True
        )
    elif not found and kind is not None:
        kinds = _kinds()
        raise click.ClickException(
            f"no entry is of the kind {kind!r}; there are: {', '.join(kinds)}{did_you_mean(kind, kinds)}"
        )
    for entry in found:
        if file_format == "json":
            click.echo(json.dumps(asdict(entry) | {"details": entry.content()}, ensure_ascii=False))
        else:
            told = _told(entry.kind, entry.content())
            shown = told if len(told) <= SHOWN_CHARACTERS else f"{told[:SHOWN_CHARACTERS]}…"
            click.echo(f"{entry.entry:>6}  {entry.recorded_at[:19]}  {entry.kind:<14}{entry.actor:<12}{shown}")


def _told(kind: str, details: dict[str, Any]) -> str:
    """What an entry says, in a line."""
    if kind == "run_started":
        return f"dbt {details['command']} {' '.join(details['select'])}".rstrip() + f" by {details['code_version']}"
    if kind == "run_finished":
        counts = ", ".join(f"{count} {status}" for status, count in sorted(details["counts"].items()))
        return f"{counts}; failed: {', '.join(details['failed'])}" if details["failed"] else counts
    if kind == "publish":
        return f"{len(details['marts'])} marts, {sum(rows for rows, _ in details['marts'].values()):,} rows"
    if kind == "unsealed":
        names = ("identities", "erased_ids")
        unsealed = [f"{details[name]:,} {name.replace('_', ' ')}" for name in names if name in details]
        return f"{', '.join(unsealed)} for {details['purpose']}"
    if kind == "push":
        earlier = f", {details['completed']} of an earlier run" if details["completed"] else ""
        return (
            f"{details['channel']}: {details['pushes']:,} pushes as {details['format']}, {details['held_out']:,} held "
            f"out; {len(details['files'])} files of {details['folder']}{earlier}"
        )
    return ", ".join(f"{name} {value}" for name, value in details.items() if not isinstance(value, dict))


def _kinds() -> list[str]:
    with sqlite3.connect(chain.audit_file(warehouse_folder())) as connection:
        return [kind for (kind,) in connection.execute("select distinct kind from entries order by kind")]
