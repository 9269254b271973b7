"""Seeded raw deliveries of any size that follow the statistics of the sample, for benchmarks alone.

Every product, store and customer of the generated company stands at a rank, and holds the share of lines or orders
that the sample's holders of that rank hold (the Lorenz curve stays). A product is modelled on the sample's product of
its rank: price, typical quantity, description, first sale and how often it is promoted. Its lines are drawn from the
lines of the sample's products about its rank, promoted or not, which give quantity and price relative to their
product's, discount and coupon together.

``order_lines`` comes in one part a business day. A late line is delivered days after it was ordered; a corrected line
is delivered again under the same key, days after the first time. Each day has a random stream of its own, so that
days are made in any order and by several processes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from upswing.sample.complete_journey import SAMPLE_FOLDER

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)

FIRST_DAY = date(2023, 1, 2)
"""A Monday, so that weeks of the delivery are weeks of the calendar."""

LATEST_DELAY = 14
DELAYS = np.arange(1, LATEST_DELAY + 1)
DELAY_PROBABILITY = 0.7**DELAYS / (0.7**DELAYS).sum()
"""Geometric: each further day of delay is 0.7 times as likely."""

LATE_SHARE = 0.01
CORRECTED_SHARE = 0.001
ANONYMOUS_SHARE = 0.05
"""Share of orders without a known customer; the sample knows all."""

PROMOTIONS_PER_LINE = 0.1
PLANNED_WEEKS = 4
"""Promotions are delivered ahead, so that a further day of sales needs no other delivery of promotions."""

STORE_GROWTH = 0.25
"""Stores grow with this power of the order lines."""

KNOWN_BY_WEEK = 5
"""A product that first sold up to this week of the sample was there before; a later one was launched."""

PROCESSES = 2
LINES_WORTH_A_PROCESS = 1_000_000

POOL_ROWS = 200
"""The fewest of the sample's lines that a product's lines are drawn from."""

MEASURED_LINES = f"""
    create temp table lines as
    select
        order_lines.*,
        net_amount + discount_amount as gross_amount,
        exists (
            from promotions
            where
                promotions.product_id = order_lines.product_id
                and promotions.store_id = order_lines.store_id
                and promotions.week_starting = cast(date_trunc('week', order_lines.ordered_at) as date)
        ) as is_promoted,
    from order_lines
    semi join products on order_lines.product_id = products.product_id;

    create temp table sold as
    with span as (
        select
            min(cast(ordered_at as date)) as first_day,
            max(cast(ordered_at as date)) - min(cast(ordered_at as date)) + 1 as days
        from lines
    ),
    counted as (
        select
            product_id,
            count(*) as lines,
            count(*) filter (where is_promoted) as promoted_lines,
            median(gross_amount / quantity) filter (where quantity > 0 and gross_amount > 0) as price,
            greatest(median(quantity), 1) as quantity,
            min(cast(ordered_at as date)) as first_sold_on,
        from lines
        group by product_id
    ),
    promotion_counts as (select product_id, count(*) as promotions from promotions group by product_id)
    select
        row_number() over (order by lines desc, product_id) as product_rank,
        product_id,
        lines,
        promoted_lines,
        coalesce(price, median(price) over ()) as price,
        quantity,
        case
            when datediff('week', first_day, first_sold_on) >= {KNOWN_BY_WEEK} then (first_sold_on - first_day) / days
            else 0
        end as launched_at,
        coalesce(promotions, 0) as promotions,
    from counted
    cross join span
    left join promotion_counts using (product_id);
"""

POOL = """
    select
        lines.quantity / sold.quantity as relative_quantity,
        gross_amount / price / greatest(lines.quantity, 1) as relative_price,
        case when gross_amount > 0 then discount_amount / gross_amount else 0 end as discount_share,
        case when gross_amount > 0 then coupon_amount / gross_amount else 0 end as coupon_share,
    from lines
    inner join sold using (product_id)
    order by is_promoted, product_rank, ordered_at, order_id
"""

PRODUCTS = """
    select sold.* exclude (product_id, product_rank), products.* exclude (product_id)
    from sold
    inner join products using (product_id)
    order by product_rank
"""


@dataclass(frozen=True)
class ScaleParameters:
    """How large a delivery.

    Attributes:
        order_lines: about how many order lines.
        products: how many products; None: one for 2,000 order lines.
        customers: how many customers; None: one for 100 order lines.
        days: how many business days, a part each.
        seed: of all that is drawn.
    """

    order_lines: int
    products: int | None = None
    customers: int | None = None
    days: int = 730
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("order_lines", "products", "customers", "days"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; expected at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected at least 0")

    @property
    def product_count(self) -> int:
        """Products, by default in proportion to the order lines."""
        return self.products or max(1, self.order_lines // 2000)

    @property
    def customer_count(self) -> int:
        """Customers, by default in proportion to the order lines."""
        return self.customers or max(1, self.order_lines // 100)

    @property
    def weeks(self) -> int:
        """Weeks that the days span."""
        return ceil(self.days / 7)


@dataclass(frozen=True)
class SampleStatistics:
    """What the sample says of a company; holders of a rank come in falling order of what they hold.

    Attributes:
        products: one row a sold product by rank: lines, promoted_lines, price, quantity, launched_at (share of the span
            before its first sale, 0 for one that was there before), promotions, and columns of the raw contract.
        pool: one row an order line: quantity and price relative to its product's, shares of discount and coupon; lines
            without promotion first, each by rank of their product.
        order_sizes: lines of each order.
        orders_of_customers, orders_of_stores: orders by rank.
        weekday_weights, week_weights, hour_weights: relative lines by weekday from Monday, week of the year, hour.
        channels: channel and share of lines.
        promotion_store_share: share of stores that ever promote.
        promoted_share: share of lines in those stores whose product was on display or in the mailer there that week.
        promoted_store_share: share of those stores that promote a product, where one does.
        placements: display, mailer and how often the two go together.
        customers: one row a described customer.
    """

    products: pa.Table
    pool: NDArray[np.float32]
    order_sizes: Integers
    orders_of_customers: Floats
    orders_of_stores: Floats
    weekday_weights: Floats
    week_weights: Floats
    hour_weights: Floats
    channels: pa.Table
    promotion_store_share: float
    promoted_share: float
    promoted_store_share: float
    placements: pa.Table
    customers: pa.Table


def measure_sample(folder: Path) -> SampleStatistics:
    """Statistics of the raw tables in ``folder``."""
    with duckdb.connect() as connection:
        for table in ("order_lines", "products", "customers", "promotions"):
            connection.from_parquet(str(folder / f"{table}.parquet")).create_view(table)
        connection.execute(MEASURED_LINES)

        def column(query: str) -> Floats:
            return connection.sql(query).fetchnumpy()["value"].astype(np.float64)

        pool = connection.sql(POOL).fetchnumpy()
        return SampleStatistics(
            products=connection.sql(PRODUCTS).to_arrow_table(),
            pool=np.column_stack([values.astype(np.float32) for values in pool.values()]),
            order_sizes=column("select count(*) as value from lines group by order_id order by all").astype(np.int64),
            orders_of_customers=column(
                "select count(distinct order_id) as value from lines group by customer_id order by value desc"
            ),
            orders_of_stores=column(
                "select count(distinct order_id) as value from lines group by store_id order by value desc"
            ),
            weekday_weights=column(
                "select count(*) as value from lines group by isodow(ordered_at) order by isodow(ordered_at)"
            ),
            # The 52nd week takes the day or two that 52 weeks of seven days leave over.
            week_weights=column("""
                select count(*) / count(distinct cast(ordered_at as date)) as value
                from lines
                group by least((dayofyear(ordered_at) - 1) // 7, 51)
                order by least((dayofyear(ordered_at) - 1) // 7, 51)
            """),
            hour_weights=column("""
                select count(order_id) as value
                from range(24) as hours (number)
                left join lines on hours.number = hour(ordered_at)
                group by number
                order by number
            """),
            channels=connection.sql(
                "select channel, count(*) as lines from lines group by all order by all"
            ).to_arrow_table(),
            promotion_store_share=column("""
                select count(distinct store_id) filter (where store_id in (select store_id from promotions))
                    / count(distinct store_id) as value
                from lines
            """)[0],
            promoted_share=column("""
                select avg(cast(is_promoted as integer)) as value
                from lines
                where store_id in (select store_id from promotions)
            """)[0],
            promoted_store_share=column("""
                select avg(stores) / (select count(distinct store_id) from promotions) as value
                from (select count(distinct store_id) as stores from promotions group by product_id, week_starting)
            """)[0],
            placements=connection.sql(
                "select display, mailer, count(*) as rows from promotions group by all order by all"
            ).to_arrow_table(),
            customers=connection.sql("from customers order by customer_id").to_arrow_table(),
        )


@dataclass(frozen=True)
class Promotions:
    """The products on display or in the mailer in one week, ordered by store; both by their rank."""

    products: Integers
    stores: Integers


@dataclass(frozen=True)
class Company:
    """What stays the same over all days of a generated company; its arrays go by rank."""

    parameters: ScaleParameters
    statistics: SampleStatistics
    models: Integers
    """The sample's product that each product is modelled on."""
    product_ids: Integers
    customer_ids: Integers
    weekly_weights: Floats
    """Relative lines of a product in a week in which it is sold."""
    launch_weeks: Integers
    prices: Floats
    quantities: Floats
    pool_starts: Integers
    pool_ends: Integers
    """Rows of the pool that a product's lines are drawn from; first those for lines without promotion, then with."""
    customers_below: Floats
    stores_below: Floats
    promotion_stores: int
    lines_before: Integers
    """Order lines before each day."""

    @classmethod
    def of(cls, statistics: SampleStatistics, parameters: ScaleParameters) -> Company:
        """The company that these statistics and parameters describe."""
        draw = np.random.default_rng([parameters.seed, 0])
        sold = statistics.products
        count = parameters.product_count
        models = ((np.arange(count) + 0.5) * sold.num_rows / count).astype(np.int64)
        launch_weeks = (sold["launched_at"].to_numpy()[models] * parameters.weeks).astype(np.int64)
        shares = np.diff(_shares_below(sold["lines"].to_numpy(), count), prepend=0)
        promoted = sold["promoted_lines"].to_numpy()
        unpromoted = sold["lines"].to_numpy() - promoted
        pools = np.stack([_pool_rows(unpromoted, count), unpromoted.sum() + _pool_rows(promoted, count)])
        stores = max(1, round(statistics.orders_of_stores.size * _growth(statistics, parameters) ** STORE_GROWTH))
        return cls(
            parameters,
            statistics,
            models,
            product_ids=100_000 + draw.permutation(count),
            customer_ids=1 + draw.permutation(parameters.customer_count),
            weekly_weights=shares * parameters.weeks / (parameters.weeks - launch_weeks),
            launch_weeks=launch_weeks,
            prices=sold["price"].to_numpy()[models],
            quantities=sold["quantity"].to_numpy()[models],
            pool_starts=pools[:, 0],
            pool_ends=pools[:, 1],
            customers_below=_shares_below(statistics.orders_of_customers, parameters.customer_count),
            stores_below=_shares_below(statistics.orders_of_stores, stores),
            promotion_stores=max(1, round(stores * statistics.promotion_store_share)),
            lines_before=_lines_before(statistics, parameters),
        )

    def promotions(self, week: int) -> Promotions:
        """Products on promotion in a week: some of those on sale, each in some of the stores that promote."""
        draw = np.random.default_rng([self.parameters.seed, 1, week])
        often = self.statistics.products["promotions"].to_numpy()[self.models] * (self.launch_weeks <= week)
        candidates = np.flatnonzero(often)
        stores_each = self.promotion_stores * self.statistics.promoted_store_share
        rows = self.parameters.order_lines * PROMOTIONS_PER_LINE / self.parameters.weeks
        wanted = min(candidates.size, max(1, round(rows / stores_each)))
        # The least of exponential waiting times are a draw without replacement.
        waits = draw.exponential(size=candidates.size) / often[candidates]
        chosen = candidates[np.argsort(waits)[:wanted]]
        promotes = draw.random((self.promotion_stores, wanted)) < self.statistics.promoted_store_share
        stores, numbers = np.nonzero(promotes)
        return Promotions(chosen[numbers], stores)


def _growth(statistics: SampleStatistics, parameters: ScaleParameters) -> float:
    return float(parameters.order_lines / statistics.order_sizes.sum())


def _shares_below(held: Floats, count: int) -> Floats:
    """Share that the first 1, 2, ... ``count`` ranks hold, where the given holders are stretched to ``count``."""
    below = np.concatenate([[0.0], np.cumsum(held) / held.sum()])
    ranks = np.arange(1, count + 1) * held.size / count
    shares: Floats = np.interp(ranks, np.arange(held.size + 1), below)
    return shares


def _pool_rows(lines: Integers, count: int) -> Integers:
    """First and end row of each of ``count`` ranks among lines by rank, given the lines of each of the sample's ranks.

    A rank has the lines of the sample's products that it stands for, and of its neighbours where these have few.
    """
    below = np.concatenate([[0], np.cumsum(lines)])
    edges = np.arange(count + 1) * lines.size / count
    starts, ends = below[np.floor(edges[:-1]).astype(int)], below[np.ceil(edges[1:]).astype(int)]
    middles, halves = (starts + ends) // 2, np.maximum(ends - starts + 1, POOL_ROWS) // 2
    return np.stack([np.maximum(middles - halves, 0), np.minimum(middles + halves, below[-1])])


def _lines_before(statistics: SampleStatistics, parameters: ScaleParameters) -> Integers:
    """Order lines before each day; days after the delivery, for later parts, included."""
    days = [FIRST_DAY + timedelta(day) for day in range(parameters.days + 366)]
    weekday = statistics.weekday_weights[[day.weekday() for day in days]]
    week = statistics.week_weights[[min((day.timetuple().tm_yday - 1) // 7, 51) for day in days]]
    weights = weekday * week
    before = np.concatenate([[0.0], np.cumsum(weights)]) / weights[: parameters.days].sum()
    lines: Integers = np.round(before * parameters.order_lines).astype(np.int64)
    return lines


class WeekOfSales:
    """Draws the order lines of the days of one week."""

    def __init__(self, company: Company, week: int) -> None:
        self.company = company
        weights = np.where(company.launch_weeks <= week, company.weekly_weights, 0)
        self.products_below = np.cumsum(weights)
        promotions = company.promotions(week)
        self.promoted = promotions.products
        self.promoted_below = np.concatenate([[0.0], np.cumsum(weights[promotions.products])])
        stores = np.arange(company.stores_below.size + 1)
        self.first_promoted = np.searchsorted(promotions.stores, stores)
        by_chance = np.diff(self.promoted_below[self.first_promoted]) / self.products_below[-1]
        # Lines meet a promotion by chance; so many more are drawn from promotions that the sample's share does.
        missing = (company.statistics.promoted_share - by_chance) / (1 - by_chance)
        self.promoted_odds = np.where(by_chance > 0, np.maximum(missing, 0), 0)

    def order_lines(self, day: int) -> tuple[pa.Table, Integers, Integers]:
        """Lines ordered on a day by time, the days each is delivered late, and after how many days again (0: never)."""
        company, statistics = self.company, self.company.statistics
        draw = np.random.default_rng([company.parameters.seed, 2, day])
        lines = int(company.lines_before[day + 1] - company.lines_before[day])
        sizes = _order_sizes(draw, statistics, lines)
        orders = sizes.size

        def of_lines(values: NDArray[Value]) -> NDArray[Value]:
            return np.repeat(values, sizes)

        stores = np.searchsorted(company.stores_below, draw.random(orders), side="right")
        customers = np.searchsorted(company.customers_below, draw.random(orders), side="right")
        hours = draw.choice(24, orders, p=statistics.hour_weights / statistics.hour_weights.sum())
        seconds = np.sort(hours * 3600 + draw.integers(0, 3600, orders))
        channel_lines = statistics.channels["lines"].to_numpy()
        channels = draw.choice(channel_lines.size, orders, p=channel_lines / channel_lines.sum()).astype(np.int8)
        midnight = np.datetime64(FIRST_DAY + timedelta(day), "us")
        order_ids = (FIRST_DAY.toordinal() + day) * 10_000_000 + np.arange(orders)
        products, is_promoted = self._products(draw, of_lines(stores))

        starts, ends = company.pool_starts[is_promoted, products], company.pool_ends[is_promoted, products]
        pool_rows = statistics.pool[starts + (draw.random(lines) * (ends - starts)).astype(np.int64)]
        relative_quantity, relative_price, discount_share, coupon_share = pool_rows.T
        # A fraction of a typical quantity of one is still one; nothing stays nothing.
        quantity = np.maximum(np.round(company.quantities[products] * relative_quantity), relative_quantity > 0)
        gross = company.prices[products] * relative_price * np.maximum(quantity, 1)
        discount = np.round(gross * discount_share, 2)
        table = pa.table(
            {
                "order_id": of_lines(order_ids),
                "line_number": np.arange(1, lines + 1) - of_lines(np.cumsum(sizes) - sizes),
                "customer_id": pa.array(
                    of_lines(company.customer_ids[customers]), mask=of_lines(draw.random(orders) < ANONYMOUS_SHARE)
                ),
                "store_id": of_lines(stores + 1),
                "channel": pa.DictionaryArray.from_arrays(
                    of_lines(channels), statistics.channels["channel"].combine_chunks()
                ),
                "product_id": company.product_ids[products],
                "ordered_at": of_lines(midnight + seconds.astype("timedelta64[s]")),
                "quantity": quantity.astype(np.int64),
                "net_amount": np.round(gross - discount, 2),
                "discount_amount": discount,
                "coupon_amount": np.round(gross * coupon_share, 2),
            }
        )
        late, again = _delays(draw, lines, LATE_SHARE), _delays(draw, lines, CORRECTED_SHARE)
        return table, late, np.where(late == 0, again, 0)

    def _products(self, draw: np.random.Generator, stores: Integers) -> tuple[Integers, NDArray[np.int8]]:
        """Product of each line by rank, and whether it was drawn from its store's promotions."""
        products = np.searchsorted(
            self.products_below, draw.random(stores.size) * self.products_below[-1], side="right"
        )
        is_promoted = draw.random(stores.size) < self.promoted_odds[stores]
        start, end = (self.first_promoted[stores[is_promoted] + offset] for offset in (0, 1))
        lowest, highest = self.promoted_below[start], self.promoted_below[end]
        found = np.searchsorted(
            self.promoted_below, lowest + draw.random(start.size) * (highest - lowest), side="right"
        )
        products[is_promoted] = self.promoted[np.clip(found - 1, start, end - 1)]
        return products, is_promoted.astype(np.int8)


def _order_sizes(draw: np.random.Generator, statistics: SampleStatistics, lines: int) -> Integers:
    """Sizes of the orders that make up exactly so many lines; the last is cut to fit."""
    # Twice the orders that the mean asks for, so that they suffice.
    sizes = draw.choice(statistics.order_sizes, 2 * ceil(lines / statistics.order_sizes.mean()) + 100)
    ends = np.minimum(np.cumsum(sizes), lines)
    cut: Integers = np.diff(ends, prepend=0)
    return cut[cut > 0]


def _delays(draw: np.random.Generator, lines: int, share: float) -> Integers:
    """Days of delay of each line, 0 for most."""
    delays = np.zeros(lines, np.int64)
    chosen = np.flatnonzero(draw.random(lines, np.float32) < share)
    delays[chosen] = draw.choice(DELAYS, chosen.size, p=DELAY_PROBABILITY)
    return delays


def _corrected(lines: pa.Table) -> pa.Table:
    """The lines with one unit more, at the same price."""
    quantity = lines["quantity"].to_numpy()
    more = np.where(quantity > 0, (quantity + 1) / np.maximum(quantity, 1), 1)
    net_amount = np.round(lines["net_amount"].to_numpy() * more, 2)
    for name, values in (("quantity", quantity + 1), ("net_amount", net_amount)):
        lines = lines.set_column(lines.schema.get_field_index(name), name, pa.array(values))
    return lines


def _parts(company: Company, first: int, end: int) -> Iterator[tuple[date, pa.Table]]:
    """Parts of the days from ``first`` up to before ``end``; the days before are drawn for their late lines alone."""
    waiting: defaultdict[int, list[pa.Table]] = defaultdict(list)
    sales: WeekOfSales | None = None
    for day in range(max(0, first - LATEST_DELAY), end):
        if sales is None or day % 7 == 0:
            sales = WeekOfSales(company, day // 7)
        lines, late, again = sales.order_lines(day)
        for delays, delayed in ((late, lines.filter(late > 0)), (again, _corrected(lines.filter(again > 0)))):
            for delay in range(1, LATEST_DELAY + 1):
                waiting[day + delay].append(delayed.filter(delays[delays > 0] == delay))
        before = waiting.pop(day, [])
        if day >= first:
            yield FIRST_DAY + timedelta(day), pa.concat_tables([lines.filter(late == 0), *before])


def _write(table: pa.Table, path: Path) -> int:
    unfinished = path.with_name(f".{path.name}")
    # Without the Arrow schema the channel is read as text, as in the sample, although it was a dictionary here.
    pq.write_table(table, unfinished, compression="zstd", store_schema=False)
    unfinished.replace(path)
    return int(table.num_rows)


def _write_parts(company: Company, folder: Path, first: int, end: int) -> int:
    return sum(_write(part, folder / f"{day}.parquet") for day, part in _parts(company, first, end))


def _write_promotions(company: Company, path: Path) -> int:
    placements = company.statistics.placements
    odds = placements["rows"].to_numpy() / placements["rows"].to_numpy().sum()
    schema = pa.schema(
        [
            ("product_id", pa.int64()),
            ("store_id", pa.int64()),
            ("week_starting", pa.date32()),
            ("display", pa.string()),
            ("mailer", pa.string()),
        ]
    )
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for week in range(company.parameters.weeks + PLANNED_WEEKS):
            draw = np.random.default_rng([company.parameters.seed, 3, week])
            promotions = company.promotions(week)
            placed = placements.take(draw.choice(odds.size, promotions.stores.size, p=odds))
            week_starting = np.full(placed.num_rows, np.datetime64(FIRST_DAY + timedelta(weeks=week), "D"))
            columns = [company.product_ids[promotions.products], promotions.stores + 1, week_starting]
            writer.write_table(pa.table([*columns, placed["display"], placed["mailer"]], schema=schema))
            rows += placed.num_rows
    return rows


def _write_order_lines(company: Company, folder: Path, progress: Callable[[int, int], None] | None) -> int:
    days = company.parameters.days
    folder.mkdir(parents=True, exist_ok=True)
    if company.parameters.order_lines < LINES_WORTH_A_PROCESS:
        return _write_parts(company, folder, 0, days)
    # Each span draws the days before it once more, so that few are cheaper than many.
    bounds = np.linspace(0, days, 2 * PROCESSES + 1).astype(int).tolist()
    rows = 0
    # A fresh process does not inherit locks that a thread of this one may hold.
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as processes:
        spans = {
            processes.submit(_write_parts, company, folder, first, end): end - first for first, end in pairwise(bounds)
        }
        done = 0
        for span in as_completed(spans):
            rows += span.result()
            done += spans[span]
            if progress:
                progress(done, days)
    return rows


def write_scale_sample(
    folder: Path,
    parameters: ScaleParameters,
    progress: Callable[[int, int], None] | None = None,
    sample: Path = SAMPLE_FOLDER,
) -> dict[str, int]:
    """Write the raw tables of a company into ``folder``, and return the rows of each.

    ``progress`` is told the days that are written, and of how many. Statistics come from the raw tables in ``sample``.
    """
    if any((folder / "order_lines").glob("*")):
        raise FileExistsError(f"{folder} holds order lines already; name an empty folder")
    company = Company.of(measure_sample(sample), parameters)
    folder.mkdir(parents=True, exist_ok=True)
    described = company.statistics.customers.schema.names[1:]
    draw = np.random.default_rng([parameters.seed, 4])
    products = company.statistics.products.take(company.models)
    customers = company.statistics.customers.take(
        draw.integers(0, company.statistics.customers.num_rows, parameters.customer_count)
    )
    contract = products.schema.names[products.schema.get_field_index("promotions") + 1 :]
    return {
        "products": _write(
            pa.table({"product_id": company.product_ids} | {name: products[name] for name in contract}),
            folder / "products.parquet",
        ),
        "customers": _write(
            pa.table({"customer_id": company.customer_ids} | {name: customers[name] for name in described}),
            folder / "customers.parquet",
        ),
        "promotions": _write_promotions(company, folder / "promotions.parquet"),
        "order_lines": _write_order_lines(company, folder / "order_lines", progress),
    }


def write_next_day(folder: Path, parameters: ScaleParameters, sample: Path = SAMPLE_FOLDER) -> int:
    """Write the part of the day after the last that ``write_scale_sample`` wrote, and return its rows."""
    last = max((folder / "order_lines").glob("*.parquet")).stem
    day = (date.fromisoformat(last) - FIRST_DAY).days + 1
    return _write_parts(Company.of(measure_sample(sample), parameters), folder / "order_lines", day, day + 1)


def main() -> None:
    """Write a delivery from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, required=True, help="about how many order lines")
    parser.add_argument("--products", type=int)
    parser.add_argument("--customers", type=int)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=Path, default=SAMPLE_FOLDER, help="the raw tables that statistics come from")
    told = parser.parse_args()
    parameters = ScaleParameters(told.lines, told.products, told.customers, told.days, told.seed)

    def progress(done: int, days: int) -> None:
        print(f"{done} of {days} days", file=sys.stderr, flush=True)

    for table, rows in write_scale_sample(told.folder, parameters, progress, told.sample).items():
        print(f"{table}: {rows:,} rows")


if __name__ == "__main__":
    main()
