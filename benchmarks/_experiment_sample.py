"""The sample's experiments as the model sees them, by its own SQL, and what was planted in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import jinja2
import pyarrow as pa

from upswing.sample.experiment_campaigns import TRIALS
from upswing.sample.experiments import conduct

ACTIVE_WEEKS = 13
MODEL = Path(__file__).parent.parent / "models" / "intermediate" / "marketing" / "int_experiment_arms.sql"


_TOUCHES = """
    create table int_campaign_touches as
    with last_rows as (
        select *, row_number() over (partition by campaign_id, customer_id, variant) as number, rowid
        from (select *, row_number() over () as rowid from raw_touches)
        qualify row_number() over (partition by campaign_id, customer_id, variant order by rowid desc) = 1
    ),
    touches as (
        select
            cast(campaign_id as varchar) as campaign_id,
            campaign_type,
            channel,
            customer_id,
            coalesce(lower(variant), '(none)') as variant,
            cast(touched_at as date) as touched_on,
            response_ends_on,
            clicked_at,
            converted_at,
            coalesce(revenue, 0) as revenue
        from last_rows
        inner join starts using (campaign_id)
    ),
    orders as (
        select customer_id, cast(ordered_at as date) as ordered_on, sum(cast(net_amount as decimal(18, 4))) as revenue
        from '{folder}/order_lines.parquet'
        group by all
    )
    select
        touches.* exclude (clicked_at, converted_at),
        cast(clicked_at is not null as integer) as clicks,
        converted_at is not null as is_converted,
        variant in ('control', 'holdout') as is_control,
        count(*) over (partition by campaign_id, customer_id) > 1 as is_in_several_variants,
        response_ends_on <= date '2017-12-31' as is_over,
        coalesce(bought.order_revenue, 0) as order_revenue,
        coalesce(bought.prior_revenue, 0) as prior_revenue
    from touches
    left join (
        select
            campaign_id,
            customer_id,
            variant,
            cast(sum(case when ordered_on between touched_on and response_ends_on then orders.revenue end) as double)
                as order_revenue,
            cast(
                sum(
                    case
                        when ordered_on < touched_on and ordered_on >= touched_on - interval '{active_weeks} weeks'
                            then orders.revenue
                    end
                ) as double
            ) as prior_revenue
        from touches
        inner join orders using (customer_id)
        group by all
    ) as bought using (campaign_id, customer_id, variant)
"""


def sample_arms(folder: Path) -> tuple[pa.Table, pa.Table]:
    """Rows of ``int_experiment_arms`` of the sample's campaigns, by the SQL of the model, and the truth."""
    touches, truth = conduct(folder)
    context = {"ref": str, "no_variant": lambda: "(none)", "dbt": _Dbt()}
    sql = jinja2.Environment().from_string(MODEL.read_text(encoding="utf-8")).render(**context)
    starts = pa.table(
        {
            "campaign_id": [trial.campaign_id for trial in TRIALS],
            "response_ends_on": [trial.ends_on for trial in TRIALS],
            "campaign_type": [trial.campaign_type for trial in TRIALS],
            "channel": [trial.channel for trial in TRIALS],
        }
    )
    with duckdb.connect() as connection:
        connection.register("raw_touches", touches)
        connection.register("starts", starts)
        connection.execute(_TOUCHES.format(folder=folder, active_weeks=ACTIVE_WEEKS))
        connection.register("base_raw__clock", pa.table({"as_of_date": [date(2017, 12, 31)]}))
        connection.register("experiment_splits", _planned())
        return connection.sql(sql).to_arrow_table(), truth


def true_effects_of(truth: pa.Table) -> dict[tuple[str, str, str], float]:
    """By campaign, variant and metric: what the arm adds on average over all customers of the campaign."""
    rows = truth.to_pandas()
    rows["revenue_per_customer"] = rows["effect_of_offer"] * rows["expected_revenue"]
    mean = rows.rename(columns={"effect_of_offer": "conversion_rate"}).groupby("campaign_id").mean(numeric_only=True)
    return {
        (str(trial.campaign_id), arm.variant.lower(), metric): arm.strength * mean.loc[trial.campaign_id, metric]
        for trial in TRIALS
        for arm in trial.arms
        for metric in ("conversion_rate", "revenue_per_customer")
    }


class _Dbt:
    """What the model's SQL asks of dbt."""

    @staticmethod
    def datediff(first: str, second: str, part: str) -> str:
        return f"date_diff('{part}', {first}, {second})"


def _planned() -> pa.Table:
    rows = [
        {"campaign_id": str(trial.campaign_id), "variant": arm.variant.lower(), "planned_share": arm.share}
        for trial in TRIALS
        for arm in trial.arms
    ]
    return pa.Table.from_pylist(rows)
