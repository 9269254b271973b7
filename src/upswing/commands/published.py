"""``upswing published``: what a build published, and queries to look at it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from upswing.interface.marts import Marts

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


@click.command()
def published() -> None:
    """Say what is published, where, and how to look at it."""
    published_marts = Marts.of_warehouse()
    with published_marts.opened() as connection:
        marts = connection.execute("select table_name from duckdb_tables() order by table_name").fetchall()
        click.echo(f"\nPublished {published_marts.file} ({len(marts)} marts):")
        for (mart,) in marts:
            (rows,) = connection.execute(f'select count(*) from "{mart}"').fetchone() or (0,)
            click.echo(f"  {mart:<22}{rows:>12,} rows")
    for question, sql in QUESTIONS.items():
        click.echo(f'\nLook at {question}:\n  {_command()} query "{sql}"')
    click.echo(f"\nAll marts and what they hold: {_command()} tables. See it all: make dashboard, or make report")


def _command() -> str:
    """How this command was started, so that the line can be pasted as it is."""
    started = Path(sys.argv[0])
    return (
        str(started.relative_to(Path.cwd()))
        if started.is_absolute() and started.is_relative_to(Path.cwd())
        else str(started)
    )
