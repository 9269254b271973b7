"""``upswing identify``: who stands behind a pseudonym, for those who may read the vault."""

from __future__ import annotations

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.privacy.keys import pseudonym_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.vault_sealing import known_identities
from upswing.user_errors import UserError


@click.command()
@click.argument("customers", nargs=-1, required=True, metavar="CUSTOMER...")
def identify(customers: tuple[str, ...]) -> None:
    """Say who customers are: CUSTOMER is a pseudonym of the marts or the company's own id.

    The audit keeps who asked for whom, and when.
    """
    try:
        existing_warehouse()
        key = pseudonym_key()
        asked = {name: (name, pseudonym(key, name)) for name in customers}
        # The vault writes who is asked for to the audit before it opens a row.
        known = known_identities({candidate for candidates in asked.values() for candidate in candidates}, "identify")
        shown = {name: next((one for one in asked[name] if one in known), None) for name in customers}
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    for name, found in shown.items():
        if found is None:
            click.echo(f"{name}: the vault knows no such pseudonym and no such customer_id")
            continue
        identity = known[found]
        click.echo(f"{found}  customer_id {identity.customer_id}")
        for what, told in (("name", identity.full_name), ("e-mail", identity.email), ("phone", identity.phone)):
            if told:
                click.echo(f"  {what}: {told}")
    if not all(shown.values()):
        raise click.exceptions.Exit(1)
