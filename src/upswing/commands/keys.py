"""``upswing keys``: which keys stand, and new ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.marketing.push_ledger import LedgerError
from upswing.privacy.keys import (
    PSEUDONYM_SECRET,
    SECRETS,
    VAULT_SECRET,
    Secret,
    move_keys,
    vault_file,
    vault_key,
    warehouse_folder,
)
from upswing.privacy.rotation import Rotated, rotate_pseudonyms, rotate_vault_key, standing_vault_key
from upswing.privacy.vault_sealing import sealed_rows
from upswing.quality.backup_sources import standing_key_id
from upswing.quality.warehouse_lock import locked
from upswing.user_errors import UserError


@click.group(name="keys")
def keys_group() -> None:
    """The keys of the pseudonyms, the vault, the backups and the audit; no command ever shows one."""


@keys_group.command()
def show() -> None:
    """List the keys by their ids, and where they come from; no key is made."""
    file = vault_file()
    try:
        existing_warehouse()
        if file.exists():
            standing_vault_key(file)  # A rotation that was killed comes to its end.
        for secret in SECRETS:
            click.echo(f"{secret.name:<10}  {standing_key_id(secret) or '':<8}  {_origin(secret)}")
        sealed = f"{sealed_rows(file, vault_key()):,} identities" if file.exists() else "not there yet"
        click.echo(f"{file}: {sealed}")
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong


@keys_group.command()
@click.option("--vault", is_flag=True, help="Seal every identity with a new key.")
@click.option("--pseudonyms", is_flag=True, help="Give every customer a new pseudonym.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--pushes",
    type=click.Path(path_type=Path),
    multiple=True,
    default=["pushes"],
    show_default=True,
    help="Folder of the exports; may be given several times.",
)
def rotate(vault: bool, pseudonyms: bool, yes: bool, pushes: tuple[Path, ...]) -> None:
    """Put a new key in the place of one."""
    if vault == pseudonyms:
        raise click.UsageError("give one of --vault and --pseudonyms")
    secret = VAULT_SECRET if vault else PSEUDONYM_SECRET
    try:
        existing_warehouse()
        if pseudonyms and not yes:
            click.echo(
                "Every customer gets a new pseudonym. The next build parses all raw tables and computes all scores "
                "anew, fits again the models whose training rows name customers, and draws the hold-outs anew. Until "
                "then no push can be exported."
            )
            click.confirm("Go on?", abort=True)
        done = rotate_vault_key(vault_file()) if vault else rotate_pseudonyms(vault_file(), pushes)
        _record(warehouse_folder(), secret, done)
    except (UserError, LedgerError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    click.echo(f"{secret.name} key {done.old} -> {done.new}: {done.identities:,} identities sealed anew")
    if pseudonyms:
        click.echo(f"  carried over: {done.pushes:,} pushes of the ledgers, {done.erased:,} erased customers")
        if done.lost:
            click.echo(
                f"  {done.lost:,} erased customers the vault never knew: their erasure stays under the old pseudonym. "
                "If a raw table still names them, run `upswing forget` with their ids again."
            )
        click.echo("  now run `dbt build`: the warehouse and the marts have the old pseudonyms until then")
    if given := secret.given():
        click.echo(f"  now put the key that {secret.variable}_NEXT holds in {given[1]}")
    click.echo("  backups made before hold what the old key made: docs/privacy.md says what that means")


@keys_group.command()
def move() -> None:
    """Move the keys out of the folder of the warehouse, where earlier versions kept them."""
    try:
        existing_warehouse()
        with locked(warehouse_folder(), "keys move"):
            moved = move_keys()
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"no key was moved: {wrong}; name another folder in UPSWING_KEYS") from wrong
    for file in moved:
        click.echo(f"{file}")
    click.echo("Copies of the warehouse made before hold these keys: `upswing keys rotate` makes new ones.")


def _origin(secret: Secret) -> str:
    if given := secret.given():
        return f"from {given[1]}"
    if not secret.file.exists():
        return f"not there yet; it is made in {secret.file} when it is needed"
    made = datetime.fromtimestamp(secret.file.stat().st_mtime, UTC)
    return f"from {secret.file}, of {made:%Y-%m-%d %H:%M} UTC"


def _record(warehouse: Path, secret: Secret, done: Rotated) -> None:
    from upswing.quality.audit import append

    details = {"secret": secret.name, "old_key_id": done.old, "new_key_id": done.new, "identities": done.identities}
    append(warehouse, "keys_rotated", details)
