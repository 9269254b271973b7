"""The command ``upswing``: what a person runs beside dbt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import duckdb
import pyarrow as pa

from upswing.marketing.push_export import export_pushes
from upswing.marketing.push_files import FORMATS
from upswing.marketing.push_ledger import LedgerError
from upswing.push_command import described
from upswing.sample.browsing import write_browsing_sample
from upswing.sample.competitor_prices import write_competitor_price_sample
from upswing.sample.complete_journey import SAMPLE_FOLDER, SampleParameters, write_sample
from upswing.sample.experiments import has_experiments, write_experiment_sample
from upswing.sample.feedback import write_feedback_sample
from upswing.sample.inventory import write_inventory_sample
from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample


def marts_file() -> Path:
    """The published marts: ``marts.duckdb`` in the folder of the warehouse (``UPSWING_WAREHOUSE``)."""
    return Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")) / "marts.duckdb"


QUESTIONS = {
    "what to push first": (
        "select breakout_rank, product_id, product_name, round(breakout_probability, 2) as probability, top_reasons "
        "from breakout_products order by breakout_rank limit 5"
    ),
    "who is about to leave": (
        "select customer_id, round(churn_probability, 2) as probability, round(revenue_at_risk, 2) as revenue_at_risk, "
        "churn_reasons from customer_scores where is_churn_risk order by revenue_at_risk desc limit 5"
    ),
    "what to offer to whom": (
        "select customer_id, recommendation_rank, product_name, reason from recommendations "
        "where recommendation_rank <= 2 order by customer_id, recommendation_rank limit 6"
    ),
    "who gets which offer": (
        "select send_on, customer_id, channel, message, reason from marketing_pushes where not is_control "
        "order by expected_gain desc, push_id limit 5"
    ),
    "what will sell": (
        "select series_id as category, round(sum(forecast)) as net_revenue, round(sum(lower_80)) as weekly_lows, "
        "round(sum(upper_80)) as weekly_highs from sales_forecasts where series_level = 'category' group by series_id "
        "order by net_revenue desc limit 5"
    ),
    "what to order now": (
        "select product_id, round(on_hand) as on_hand, round(reorder_point) as reorder_point, "
        "round(order_quantity) as order_quantity, round(stockout_probability, 2) as probability, reason "
        "from inventory_plan where status in ('stock_out', 'reorder_now') order by stockout_probability desc, "
        "order_quantity desc, product_id limit 5"
    ),
    "which deal to visit first": (
        "select visit_priority, opportunity_id, owner_id, round(conversion_probability, 2) as probability, top_reasons "
        "from opportunity_priorities order by visit_priority limit 5"
    ),
}
"""What people come for, and the query that answers it from the published marts."""


AROUND_PURCHASES: dict[str, Callable[[Path], dict[str, int]]] = {
    "campaign_touches": write_experiment_sample,
    "events": write_browsing_sample,
    "feedback": write_feedback_sample,
    "competitor_prices": write_competitor_price_sample,
    "inventory": write_inventory_sample,
}
"""The synthetic raw tables that are drawn around the real ones, and what writes each."""


@click.group()
def main() -> None:
    """Upswing: what to push, when, to whom, and which deal to visit first."""


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), default=SAMPLE_FOLDER, show_default=True)
@click.option("--product-share", type=float, default=1.0, show_default=True, help="Share of the products, by hash.")
@click.option("--opportunities", type=int, default=3000, show_default=True, help="Synthetic sales opportunities.")
@click.option("--language", default="en", show_default=True, help="Language of the synthetic visit notes: en or zh.")
@click.option("--missing-only", is_flag=True, help="Write only the tables that are not there yet.")
def sample(folder: Path, product_share: float, opportunities: int, language: str, missing_only: bool) -> None:
    """Write the sample's raw tables as Parquet.

    Real: purchases, products, customers, promotions, campaigns. Synthetic, each with a column is_synthetic: sales
    visits; and, drawn around the real purchases in the folder, campaigns with a control group beside the real ones,
    browsing events, feedback, competitors' prices, and stock.
    """
    try:
        purchases = SampleParameters(product_share)
        visits = VisitSampleParameters(opportunities=opportunities, language=language)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from wrong
    rows: dict[str, int] = {}
    if not (missing_only and (folder / "order_lines.parquet").exists()):
        rows |= write_sample(folder, purchases)
    if not (missing_only and (folder / "visits.parquet").exists()):
        rows |= write_visit_sample(folder, visits)
    for table, write_table in AROUND_PURCHASES.items():
        if not (missing_only and _stands(folder, table)):
            try:
                rows |= write_table(folder)
            except (FileNotFoundError, ValueError) as wrong:
                raise click.ClickException(str(wrong)) from wrong
    for table, count in rows.items():
        click.echo(f"{folder / f'{table}.parquet'}: {count:,} rows")


@main.command()
@click.argument("sql")
def query(sql: str) -> None:
    """Run SQL on the published marts and print the rows."""
    with _published() as connection:
        try:
            connection.sql(sql).show(max_width=_width(), max_rows=50)
        except duckdb.Error as wrong:
            raise click.ClickException(str(wrong)) from wrong
        except AttributeError:
            raise click.ClickException("that statement returns no rows; the published marts are read-only") from None


@main.command()
@click.option("--channel", required=True, help="Channel of the pushes, as in seeds/marketing_channels.csv.")
@click.option("--dry-run", is_flag=True, help="Tell what would be exported, and write nothing.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default="pushes", show_default=True)
def push(channel: str, dry_run: bool, file_format: str, folder: Path) -> None:
    """Export the published pushes of a channel; the same push never twice."""
    pushes = _published_pushes(channel)
    today = date.today()
    try:
        exported = export_pushes(pushes, folder, today, file_format, dry_run)
    except LedgerError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"{folder} cannot be written: {wrong}; give --folder another") from wrong
    for line in described(exported, channel, folder, today, dry_run):
        click.echo(line)


@main.command()
def published() -> None:
    """Say what is published, where, and how to look at it."""
    with _published() as connection:
        marts = connection.execute("select table_name from duckdb_tables() order by table_name").fetchall()
        click.echo(f"\nPublished {marts_file()} ({len(marts)} marts):")
        for (mart,) in marts:
            (rows,) = connection.execute(f'select count(*) from "{mart}"').fetchone() or (0,)
            click.echo(f"  {mart:<22}{rows:>12,} rows")
    for question, sql in QUESTIONS.items():
        click.echo(f'\nLook at {question}:\n  {_command()} query "{sql}"')


def _stands(folder: Path, table: str) -> bool:
    """Whether the synthetic rows of a raw table are there; those of campaigns stand behind the real ones."""
    return has_experiments(folder) if table == "campaign_touches" else (folder / f"{table}.parquet").exists()


def _published() -> duckdb.DuckDBPyConnection:
    if not marts_file().exists():
        raise click.ClickException(f"nothing is published at {marts_file()}; run `make build` or `dbt build`")
    return duckdb.connect(str(marts_file()), read_only=True)


def _published_pushes(channel: str) -> pa.Table:
    with _published() as connection:
        try:
            channels = connection.execute("select distinct channel from marketing_pushes order by channel").fetchall()
        except duckdb.CatalogException:
            missing = f"{marts_file()} has no marketing_pushes; run `make build` or `dbt build`"
            raise click.ClickException(missing) from None
        if (channel,) not in channels:
            known = ", ".join(name for (name,) in channels) or "none by any"
            raise click.ClickException(f"no pushes are published by channel {channel!r}; there are pushes by: {known}")
        rows = connection.execute("select * from marketing_pushes where channel = ?", [channel])
        return rows.to_arrow_table()


def _width() -> int:
    return os.get_terminal_size().columns if sys.stdout.isatty() else 200


def _command() -> str:
    """How this command was started, so that the line can be pasted as it is."""
    started = Path(sys.argv[0])
    return (
        str(started.relative_to(Path.cwd()))
        if started.is_absolute() and started.is_relative_to(Path.cwd())
        else str(started)
    )
