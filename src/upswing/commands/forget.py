"""``upswing forget``: a customer asks to be forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from upswing.commands.beforehand import existing_warehouse
from upswing.marketing.push_ledger import LedgerError
from upswing.nearest import near_path
from upswing.privacy.erasures_forget import Forgotten, Places, forget, record_of
from upswing.user_errors import UserError

FOLDER = click.Path(path_type=Path)


@click.command(name="forget")
@click.argument("customers", nargs=-1, required=True, metavar="CUSTOMER...")
@click.option("--dry-run", is_flag=True, help="Tell what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--pushes",
    type=FOLDER,
    multiple=True,
    default=["pushes"],
    show_default=True,
    help="Folder of the exports; may be given several times.",
)
@click.option("--reports", type=FOLDER, default="reports", show_default=True, help="Folder of the reports.")
@click.option("--logs", type=FOLDER, help="Folder of dbt's logs. [default: DBT_LOG_PATH, else logs]")
@click.option("--target", type=FOLDER, help="Folder of dbt's artifacts. [default: DBT_TARGET_PATH, else target]")
def forget_command(
    customers: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    pushes: tuple[Path, ...],
    reports: Path,
    logs: Path | None,
    target: Path | None,
) -> None:
    """Erase customers everywhere, by the company's own ids or by pseudonyms; the audit keeps that it was done.

    Their rows leave the warehouse and the published marts, their identities the vault, their pushes the ledger and the
    exported files; sales stay, without their customer. No later build lets them in again. Reports, logs and dbt's
    target are looked through. Exits with 1 where a file names them still or cannot be looked through.
    """
    try:
        _check_folders({"pushes": pushes, "reports": (reports,), "logs": (logs,), "target": (target,)})
        searched = (
            reports,
            logs or Path(os.environ.get("DBT_LOG_PATH", "logs")),
            target or Path(os.environ.get("DBT_TARGET_PATH", "target")),
        )
        places = Places(existing_warehouse(), pushes, searched)
        would = forget(customers, places, is_dry_run=True)
        for line in _told(would, "would go" if dry_run or not yes else "go"):
            click.echo(line)
        if dry_run:
            click.echo("Dry run: nothing is changed.")
            return
        if not yes:
            click.confirm("Erase them for good?", abort=True)
        done = forget(customers, places)
        _record(places.warehouse, done)
    except (UserError, LedgerError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for line in _left(done):
        click.echo(line)
    if done.to_look_at:
        raise click.ClickException(
            f"they are erased, but look at these files yourself: {', '.join(done.to_look_at)}. Remove or rewrite what "
            "names them, then run it again; it looks for their ids then, for their addresses are forgotten"
        )


def _check_folders(folders: dict[str, tuple[Path | None, ...]]) -> None:
    """Stop where a folder that was asked for is not there: nobody would look where the customers are named."""
    context = click.get_current_context()
    for option, given in folders.items():
        if context.get_parameter_source(option) is ParameterSource.DEFAULT:
            continue
        for folder in given:
            if folder is not None and not folder.is_dir():
                raise UserError(f"--{option} {folder}: there is no such folder{near_path(folder)}")


def _told(found: Forgotten, goes: str) -> Iterator[str]:
    yield f"{', '.join(found.pseudonyms)}: {found.in_vault} in the vault, {sum(found.rows.values()):,} rows {goes}:"
    for table, rows in sorted(found.rows.items()):
        yield f"  {rows:>9,}  {table}"
    if found.pushes:
        yield f"  {found.pushes:>9,}  pushes and hold-outs in the ledger; their costs stay, for the budgets"
    for path, rows in found.files.items():
        yield f"  {rows:>9,}  rows of {path}: who has that file must forget them too"
    for path in found.half_written:
        yield f"  {path} goes whole: a push wrote it that was killed"
    if found.fits:
        yield f"  learned from rows of customers: {', '.join(found.fits)}; they serve until `dbt build` fits them again"
    yield from _elsewhere(found)


def _elsewhere(found: Forgotten) -> Iterator[str]:
    for path in sorted(found.others):
        yield f"  {path} names them, and is no file of rows that this command changes: remove or rewrite it"
    for path, why in sorted(found.unreadable.items()):
        yield f"  {path} cannot be read: look at it yourself ({why})"


def _left(done: Forgotten) -> Iterator[str]:
    left = "traces are left:" if done.to_look_at else "nothing is left."
    yield f"Erased. Looked through every table and file of the warehouse, the exports, reports, logs and target: {left}"
    for place, rows in sorted(done.traces.items()):
        yield f"  {place}: {rows:,}"
    yield from _elsewhere(done)
    for place, rows in sorted(done.namesakes.items()):
        yield f"  {place}: {rows:,} rows hold the words of a name, of these people or of others: look at them"
    for place, rows in sorted(done.raw.items()):
        yield f"{place} still names them in {rows:,} rows. No build reads them any more; erase them there too."
    yield "Run `dbt build`: it computes counts and scores without them, and fits again what learned from them."


def _record(warehouse: Path, done: Forgotten) -> None:
    from upswing.quality.audit import append

    append(warehouse, "forget", record_of(done))
