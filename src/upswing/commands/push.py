"""``upswing push``: the published pushes of a channel as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb
import pyarrow as pa

from upswing.interface.marts import Marts
from upswing.marketing.push_export import Exported, export_pushes
from upswing.marketing.push_files import FORMATS
from upswing.marketing.push_ledger import LedgerError
from upswing.nearest import did_you_mean
from upswing.privacy.keys import warehouse_folder
from upswing.privacy.vault import Identity
from upswing.privacy.vault_sealing import known_identities
from upswing.quality.audit import append
from upswing.user_errors import UserError

LEFT_OUT = {
    "exported before": "were exported before",
    "unknown": "are of customers whom the vault does not know: build anew, so that marts and vault are of one build",
    "repeated": "would be the same action again too soon (repeat_after_days in seeds/marketing_actions.csv)",
    "customer's cap": "would be more than the customer gets (var max_pushes_per_customer in push_days)",
    "channel's cap": "would be more than the channel allows (weekly_cap in seeds/marketing_channels.csv)",
    "budget": "would cost more than the action's weekly budget (seeds/marketing_actions.csv)",
}


@click.command()
@click.option("--channel", required=True, help="Channel of the pushes, as in seeds/marketing_channels.csv.")
@click.option("--dry-run", is_flag=True, help="Tell what would be exported, and write nothing.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default="pushes", show_default=True)
def push(channel: str, dry_run: bool, file_format: str, folder: Path) -> None:
    """Export the published pushes of a channel; the same push never twice.

    The audit keeps by whom, and the SHA-256 of each file, before the file is there.
    """
    pushes = _published_pushes(channel)
    today = date.today()

    def identify(pseudonyms: Iterable[str]) -> Mapping[str, Identity]:
        return known_identities(pseudonyms, "push --dry-run" if dry_run else "push")

    def record(details: Mapping[str, Any]) -> None:
        append(warehouse_folder(), "push", {"channel": channel, **details})

    try:
        exported = export_pushes(pushes, folder, today, identify, record, file_format, dry_run)
    except (LedgerError, UserError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"{folder} cannot be written: {wrong}; give --folder another") from wrong
    for line in _described(exported, channel, folder, today, dry_run):
        click.echo(line)


def _published_pushes(channel: str) -> pa.Table:
    marts = Marts.of_warehouse()
    with marts.opened() as connection:
        try:
            channels = connection.execute("select distinct channel from marketing_pushes order by channel").fetchall()
        except duckdb.CatalogException:
            missing = f"{marts.file} has no marketing_pushes; run `make build` or `dbt build`"
            raise click.ClickException(missing) from None
        if (channel,) not in channels:
            known = ", ".join(name for (name,) in channels) or "none by any"
            near = did_you_mean(channel, [name for (name,) in channels])
            raise click.ClickException(
                f"no pushes are published by channel {channel!r}; there are pushes by: {known}{near}"
            )
        rows = connection.execute("select * from marketing_pushes where channel = ?", [channel])
        return rows.to_arrow_table()


def _described(exported: Exported, channel: str, folder: Path, today: date, is_dry_run: bool) -> Iterator[str]:
    """The lines that tell what was, or would be, exported."""
    if is_dry_run:
        yield "Dry run: nothing is written."
    done = "would go" if is_dry_run else "exported"
    yield (
        f"{channel}: {exported.pushes:,} pushes {done}, at an expected cost of {exported.cost:,.2f}; "
        f"{exported.held_out:,} customers held out"
    )
    for reason, words in LEFT_OUT.items():
        if exported.left_out[reason]:
            yield f"  {exported.left_out[reason]:,} more {words}"
    if exported.unreachable:
        yield f"  {exported.unreachable:,} of them have no address for this channel in the raw table customers"
    if exported.overdue:
        yield f"  {exported.overdue:,} of them should have gone before today, {today}: build anew on fresh data?"
    for customer_id, send_on, message in exported.first:
        yield f"  {send_on}  customer {customer_id}: {message}"
    for path in exported.completed:
        yield f"{path} (of an earlier run that did not end)"
    for path in exported.files:
        yield f"{path}"
    if not is_dry_run:
        yield (
            f"{folder / 'campaign_touches.csv'}: {exported.touches:,} touches and hold-outs whose day has come; add "
            "what came of them, and deliver it with campaigns.csv"
        )
