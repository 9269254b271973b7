"""The sample's raw files, as its synthetic tables need them: real purchases to read, whole tables to write.

Real purchases are those that a company could also sell to order ahead: of a known customer, of a positive quantity,
and of a thing (not petrol, coupons, deposits or tickets).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

NOT_THINGS = (
    "bottle deposits|charitable|coupon|fuel|long distance|lottery|photofin|postage|prepaid|tickets"
    "|gasoline|misc items|non edible"
)
"""Categories, by part of their name, that nobody orders, rates or compares."""

NEEDED = ("order_lines", "products", "campaign_touches")

Longs = NDArray[np.int64]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

_VIEWS = """
    create view listed as
    select product_id, product_name, category, subcategory
    from read_parquet('{folder}/products.parquet');

    create view touches as
    select campaign_id, customer_id, touched_at, converted_at
    from read_parquet('{folder}/campaign_touches.parquet')
    where {is_real};

    create temporary table bought as
    select
        lines.customer_id,
        lines.product_id,
        lines.order_id,
        lines.ordered_at,
        lines.quantity,
        lines.net_amount,
    from read_parquet('{folder}/order_lines.parquet') as lines
    left join listed using (product_id)
    where
        lines.quantity > 0
        and not regexp_matches(lower(coalesce(listed.category, 'unknown')), '{not_things}');
"""


@dataclass(frozen=True)
class Products:
    """The products that can be browsed, in order of category and id.

    Attributes:
        ids: of each product.
        names: readable names of the kind of product; None where the source has none.
        kinds: name of the category.
        categories: number of the category, from 0, never falling.
        lines: how many real order lines it has.
    """

    ids: list[str]
    names: list[str | None]
    kinds: list[str]
    categories: Longs
    lines: Longs

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Purchases:
    """Real purchases in order of customer, time, order and product: each product once an order.

    Attributes:
        customer_ids: the customers, in order of their number.
        customers, orders, products: number of the customer, of the order (rising), and of the product in ``Products``.
        moments: of the order, in microseconds since 1970.
    """

    customer_ids: list[str]
    customers: Longs
    orders: Longs
    products: Longs
    moments: Longs

    def __len__(self) -> int:
        return len(self.customers)


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection that knows ``bought``, ``listed`` and ``touches``, of the real rows in ``folder``.

    Raises:
        FileNotFoundError: a real table is missing.
        ValueError: no known customer bought anything.
    """
    for table in NEEDED:
        if not (folder / f"{table}.parquet").exists():
            raise FileNotFoundError(
                f"{folder / f'{table}.parquet'} is missing: the synthetic tables are drawn around it; "
                "write the sample's real tables first"
            )
    connection = duckdb.connect()
    tells = "is_synthetic" in pq.read_schema(folder / "campaign_touches.parquet").names
    connection.execute(
        _VIEWS.format(
            folder=str(folder).replace("'", "''"),
            not_things=NOT_THINGS,
            is_real="not is_synthetic" if tells else "true",
        )
    )
    if connection.execute("select count(customer_id) from bought").fetchall() == [(0,)]:
        raise ValueError(f"{folder / 'order_lines.parquet'} holds no purchase of a known customer to draw around")
    return connection


def read_products(connection: duckdb.DuckDBPyConnection) -> Products:
    """All products that are things, whether they sold or not."""
    rows = connection.execute(
        f"""
        select
            coalesce(listed.product_id, sold.product_id) as product_id,
            coalesce(listed.subcategory, listed.product_name) as product_name,
            coalesce(listed.category, 'unknown') as category,
            coalesce(sold.order_lines, 0) as order_lines,
        from listed
        full join (select product_id, count(*) as order_lines from bought group by all) as sold using (product_id)
        where not regexp_matches(lower(coalesce(listed.category, 'unknown')), '{NOT_THINGS}')
        order by category, product_id
        """
    ).fetchnumpy()
    kinds = [str(kind) for kind in rows["category"]]
    _, categories = np.unique(np.array(kinds), return_inverse=True)
    return Products(
        [str(product) for product in rows["product_id"]],
        [None if _is_null(name) else str(name) for name in rows["product_name"]],
        kinds,
        categories.astype(np.int64),
        np.asarray(rows["order_lines"], np.int64),
    )


def read_purchases(connection: duckdb.DuckDBPyConnection, products: Products) -> Purchases:
    """The real purchases of known customers."""
    rows = connection.execute(
        """
        select
            customer_id,
            order_id,
            product_id,
            epoch_us(min(ordered_at)) as moment,
        from bought
        where customer_id is not null
        group by all
        order by customer_id, moment, order_id, product_id
        """
    ).fetchnumpy()
    customer_ids, customers = np.unique(rows["customer_id"], return_inverse=True)
    starts = np.r_[True, (np.diff(customers) != 0) | (np.diff(rows["order_id"]) != 0)][: len(customers)]
    ids = np.array([int(product) for product in products.ids], np.int64)
    by_id = np.argsort(ids, kind="stable")
    return Purchases(
        [str(customer) for customer in customer_ids],
        customers.astype(np.int64),
        np.cumsum(starts).astype(np.int64) - 1,
        by_id[np.searchsorted(ids[by_id], rows["product_id"])].astype(np.int64),
        np.asarray(rows["moment"], np.int64),
    )


def write_table(folder: Path, name: str, table: pa.Table) -> int:
    """Write a raw table, swapped in whole so that an interrupted run leaves no torn file; returns its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.parquet"
    pq.write_table(table, unfinished, compression="zstd")
    unfinished.replace(folder / f"{name}.parquet")
    return int(table.num_rows)


def chosen(values: list[Any], positions: Longs, kind: pa.DataType | None = None) -> pa.Array:
    """The value at each position; null where the position is below 0."""
    return pa.array(values, kind or pa.string()).take(pa.array(positions, mask=positions < 0))


def numbered(prefix: str, numbers: Longs, width: int) -> pa.Array:
    """Ids such as ``EV-00000001``."""
    return pa.array(np.char.add(prefix, np.char.zfill(numbers.astype(str), width)), pa.string())


def mistyped(rng: np.random.Generator, text: str) -> str:
    """The text with one slip: two letters swapped, one dropped, or one doubled."""
    places = [place.start() for place in re.finditer(r"(?<=[^\W\d_])[^\W\d_](?=[^\W\d_])", text)]
    if not places:
        return text
    place = places[int(rng.integers(len(places)))]
    here, after = text[place], text[place + 1]
    slips = (after + here, after, here + here + after)
    return text[:place] + slips[int(rng.integers(len(slips)))] + text[place + 2 :]


def _is_null(value: Any) -> bool:
    return value is None or value is np.ma.masked or value != value
