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
from upswing.quality.audit_check import Examined, examine
from upswing.quality.audit_heads import heads_file
from upswing.user_errors import UserError

SHOWN_CHARACTERS = 120


@click.group()
def audit() -> None:
    """What was done to the warehouse, by whom, when: a record that only grows."""


@audit.command()
@click.option(
    "--backups", type=click.Path(path_type=Path), default="backups", show_default=True, help="Folder of the backups."
)
@click.option(
    "--heads",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Another file with heads: `journalctl -t upswing -o cat > FILE`, or a copy; may be given several times.",
)
def verify(backups: Path, heads: tuple[Path, ...]) -> None:
    """Check that no entry was changed, taken out or cut off, and that the published marts are those recorded.

    Exits with 1 where something is wrong.
    """
    try:
        warehouse = existing_warehouse()
        found = examine(warehouse, backups, heads)
    except (UserError, OSError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for broken in found.breaks:
        click.echo(f"entry {broken.entry}: {broken.what}" if broken.entry else broken.what)
    _tell_lost(found)
    file = chain.audit_file(warehouse)
    if found.breaks:
        first = next((f"; the first is entry {broken.entry}" for broken in found.breaks if broken.entry), "")
        if any(broken.entry == 1 for broken in found.breaks):
            click.echo(
                f"If the warehouse was deleted and built again, move {heads_file(warehouse)} to where you keep old "
                "audits: it is of the one before."
            )
        raise click.ClickException(f"{file} does not hold: {len(found.breaks)} found{first}")
    head = found.head
    if head is None:
        click.echo(f"{file} has no entry yet; the first `dbt build` writes it")
        return
    click.echo(f"{file}: {head.entry:,} entries, none changed; the newest is {head.kind} of {head.recorded_at[:19]}")
    signed = f"signed with the audit key {head.key_id}" if head.key_id else "not signed: an earlier version wrote it"
    click.echo(f"  hash {head.entry_hash.rpartition(':')[2]}, {signed}")
    click.echo("  who else knows of it:")
    for place, anchor in sorted(found.newest.items(), key=lambda known: (-known[1].entry, known[0])):
        since = f", {head.entry - anchor.entry:,} before the newest" if anchor.entry < head.entry else ""
        click.echo(f"    {place}: entry {anchor.entry:,} of {anchor.recorded_at[:19]}{since}")
    if not found.newest:
        click.echo("    no other file: a cut would go unnoticed")
    if heads and not {str(named) for named in heads} & found.newest.keys():
        click.echo(f"  {', '.join(map(str, heads))} knows nothing of this warehouse")


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


def _tell_lost(found: Examined) -> None:
    """Name what restores lost: it is no break, for each is recorded, and it is gone for good."""
    if found.lost:
        numbers = [anchor.entry for anchor in found.lost]
        places = ", ".join(sorted({anchor.place for anchor in found.lost}))
        click.echo(
            f"lost when a restore brought back an older audit: entries {min(numbers):,} to {max(numbers):,} "
            f"of {max(anchor.recorded_at for anchor in found.lost)[:19]} and before; {places} knew of them"
        )


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
