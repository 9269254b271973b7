"""``upswing forget``: a customer asks to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.marketing.push_ledger import LedgerError
from upswing.privacy.erasures_forget import Forgotten, forget, record_of
from upswing.user_errors import UserError


@click.command(name="forget")
@click.argument("customers", nargs=-1, required=True, metavar="CUSTOMER...")
@click.option("--dry-run", is_flag=True, help="Tell what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--pushes", type=click.Path(path_type=Path), default="pushes", show_default=True, help="Folder of the exports."
)
def forget_command(customers: tuple[str, ...], dry_run: bool, yes: bool, pushes: Path) -> None:
    """Erase customers everywhere, by the company's own ids or by pseudonyms; the audit keeps that it was done.

    Their rows leave the warehouse and the published marts, their identities the vault, their pushes the ledger and the
    exported files; sales stay, without their customer. No later build lets them in again.
    """
    today = date.today()
    try:
        warehouse = existing_warehouse()
        would = forget(warehouse, customers, pushes, today, is_dry_run=True)
        for line in _told(would, "would go" if dry_run or not yes else "go"):
            click.echo(line)
        if dry_run:
            click.echo("Dry run: nothing is changed.")
            return
        if not yes:
            click.confirm("Erase them for good?", abort=True)
        done = forget(warehouse, customers, pushes, today)
        _record(warehouse, done)
    except (UserError, LedgerError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for line in _left(done):
        click.echo(line)
    if done.traces:
        raise click.ClickException("traces are left, see above; run it again, and look at what names them still")


def _told(found: Forgotten, goes: str) -> Iterator[str]:
    yield f"{', '.join(found.pseudonyms)}: {found.in_vault} in the vault, {sum(found.rows.values()):,} rows {goes}:"
    for table, rows in sorted(found.rows.items()):
        yield f"  {rows:>9,}  {table}"
    if found.pushes:
        yield f"  {found.pushes:>9,}  pushes and hold-outs in the ledger; their costs stay, for the budgets"
    for path in found.files:
        yield f"  exported in {path}: who has that file must forget them too"
    if found.fits:
        yield f"  learned from rows of customers: {', '.join(found.fits)}; they serve until `dbt build` fits them again"


def _left(done: Forgotten) -> Iterator[str]:
    left = "traces are left:" if done.traces else "nothing is left."
    yield f"Erased. Looked through every table and file of the warehouse: {left}"
    for place, rows in sorted(done.traces.items()):
        yield f"  {place}: {rows:,}"
    for place, rows in sorted(done.namesakes.items()):
        yield f"  {place}: {rows:,} rows hold the words of a name, of these people or of others: look at them"
    for place, rows in sorted(done.raw.items()):
        yield f"{place} still names them in {rows:,} rows. No build reads them any more; erase them there too."
    yield "Run `dbt build`: it computes counts and scores without them, and fits again what learned from them."


def _record(warehouse: Path, done: Forgotten) -> None:
    from upswing.quality.audit import append

    append(warehouse, "forget", record_of(done))
