"""``upswing backup`` and ``upswing restore``."""

from __future__ import annotations

from pathlib import Path

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.privacy.keys import keys_folder, warehouse_folder
from upswing.quality.backup import BackedUp, back_up
from upswing.quality.backup_restore import check, check_there, restore
from upswing.user_errors import UserError

MEGABYTE = 1_000_000

pushes_folder = click.option(
    "--pushes",
    type=click.Path(path_type=Path),
    default="pushes",
    show_default=True,
    help="Where their ledger is.",
)


@click.command("backup")
@click.option("--folder", type=click.Path(path_type=Path), default="backups", show_default=True)
@click.option("--encrypt/--plain", default=True, show_default=True, help="By age, to the backup key.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    envvar="UPSWING_BACKUP_RECIPIENTS",
    metavar="age1…",
    help="A public key that it is encrypted to instead; this machine cannot open it then. May be given several times.",
)
@click.option("--keep", type=click.IntRange(min=1), default=7, show_default=True, help="Backups that stay.")
@click.option(
    "--pushes", type=click.Path(path_type=Path), default="pushes", show_default=True, help="Folder of pushes."
)
def backup_command(folder: Path, encrypt: bool, recipients: tuple[str, ...], keep: int, pushes: Path) -> None:
    """Write a backup of the warehouse and read it again; the oldest ones go.

    It is encrypted to the backup key, which is made on first use, unless you say --plain. The keys are in no backup.
    """
    if recipients and not encrypt:
        raise click.UsageError("give one of --plain and --recipient (UPSWING_BACKUP_RECIPIENTS is set, or --recipient)")
    try:
        done = back_up(existing_warehouse(), folder, pushes, keep=keep, encrypt=encrypt, recipients=recipients)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"no backup was made: {wrong}") from wrong
    _tell(done)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--check", "only_check", is_flag=True, help="Read the backup and check every byte; change nothing.")
@click.option("--without-vault", is_flag=True, help="For those who lost the keys: restore all but the vault.")
@click.option(
    "--pushes", type=click.Path(path_type=Path), default="pushes", show_default=True, help="Folder of pushes."
)
def restore_command(file: Path, yes: bool, only_check: bool, without_vault: bool, pushes: Path) -> None:
    """Put a backup in the place of the warehouse, after every byte and every row of it was checked."""
    warehouse = warehouse_folder()
    try:
        if only_check:
            manifest = check(file)
            click.echo(f"{file} is sound: made {manifest.created_at} by {manifest.actor}, {len(manifest.files)} files")
            return
        check_there(file)
        if not yes and warehouse.exists():
            click.confirm(f"Replace the warehouse in {warehouse} by {file}?", abort=True)
        done = restore(file, warehouse, pushes, without_vault=without_vault)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"nothing was restored: {wrong}") from wrong
    click.echo(f"Restored {file} of {done.manifest.created_at} to {warehouse}:")
    click.echo(f"  {done.tables} tables, {done.rows:,} rows, each compared with what was backed up")
    for name, why in sorted(done.kept.items()):
        click.echo(f"  {name} stays as it is: {why}")
    if done.has_other_pseudonyms:
        click.echo("  customers got new pseudonyms after the backup: run `dbt build` before anything is exported")
    if done.erased:
        click.echo(
            f"  {len(done.erased)} customers were erased after the backup and were taken out of it again; models that "
            "learned from them are trained anew by `dbt build`"
        )


def _tell(done: BackedUp) -> None:
    tables = [rows for of_file in done.manifest.tables.values() for rows, _ in of_file.values()]
    size = sum(size for size, _ in done.manifest.files.values())
    click.echo(f"{done.archive}: {done.bytes / MEGABYTE:,.0f} MB of {size / MEGABYTE:,.0f}, read again and sound")
    click.echo(f"  {', '.join(done.manifest.files)}: {len(tables)} tables, {sum(tables):,} rows")
    if done.removed:
        click.echo(f"  {len(done.removed)} older removed: {', '.join(path.name for path in done.removed)}")
    if done.encryption is None:
        click.echo("  It is not encrypted: whoever has the file can read it.")
    elif done.encryption.place is None:
        click.echo(f"  It opens with the secret key of {' or '.join(done.encryption.recipients)} alone.")
    else:
        made = "A new key was made for it. " if done.encryption.has_new_key else ""
        click.echo(f"  {made}It opens with the key in {done.encryption.place} alone, and is worth nothing without it:")
        click.echo("  keep a copy of the key where neither the warehouse nor the backups are.")
    click.echo(f"  The keys in {keys_folder()} are in no backup: keep a copy of them elsewhere.")
