"""``upswing sample``: the raw tables of the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from upswing.sample.browsing import write_browsing_sample
from upswing.sample.competitor_prices import write_competitor_price_sample
from upswing.sample.complete_journey import SAMPLE_FOLDER, SampleParameters, write_sample
from upswing.sample.experiments import has_experiments, write_experiment_sample
from upswing.sample.feedback import write_feedback_sample
from upswing.sample.inventory import write_inventory_sample
from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample

AROUND_PURCHASES: dict[str, Callable[[Path], dict[str, int]]] = {
    "campaign_touches": write_experiment_sample,
    "events": write_browsing_sample,
    "feedback": write_feedback_sample,
    "competitor_prices": write_competitor_price_sample,
    "inventory": write_inventory_sample,
}
"""The synthetic raw tables that are drawn around the real ones, and what writes each."""


@click.command()
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


def _stands(folder: Path, table: str) -> bool:
    """Whether the synthetic rows of a raw table are there; those of campaigns stand behind the real ones."""
    return has_experiments(folder) if table == "campaign_touches" else (folder / f"{table}.parquet").exists()
