"""Synthetic prices of competitors for the sample's best-selling products: the raw table ``competitor_prices``.

Nobody publishes what a price watch sees, so it is drawn from a stated process around the real average prices paid.
Every row carries ``is_synthetic``; a figure that rests on these prices says something about this generator, not about
a market. The competitors' names are invented.

The process
    *What is watched.* The products with the most real order lines, 1,500 at most, of 100 lines at least. Each of three
    competitors carries each of them with probability 0.8, and is watched once a week, on a weekday of its own or, one
    week in seven, on the day before or after. 4 % of what it carries is taken on during the year, 6 % dropped.

    *Price.* In logs: our average price paid over the year, plus the competitor's level (a discounter at 0.92 of our
    price, one at 1.01, an upmarket one at 1.10), plus a deviation of the product ~ N(0, 0.08), plus a slow walk
    ``w ← 0.98 w + N(0, 0.012)`` a week that reaches the shelf only when the label is changed, one week in eight. It
    knows nothing of our price in that week, nor of what we sold.

    *Promotions* begin in 3 % of the weeks, last one to three weeks, and take 10 to 35 % off.

    *Rounding.* The discounter ends its prices on 9 cents, the upmarket one on 99 from a price of 3 on, the other not.

    *Mess.* Gaps (4 % of the observations, and two whole weeks of each competitor); prices a hundredfold (no decimal
    point) or 0; a few negative or missing ones; days in a wrong century; observations entered again with another price
    (the later row is the correction); a few product ids that we never had; promotions not noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from upswing.sample.raw_files import Doubles, Longs, connect, write_table

LEVELS = {"Pennyfield": 0.92, "Marrowby": 1.01, "Goldcrest": 1.10}
WATCHED_WEEKDAY = {"Pennyfield": 1, "Marrowby": 3, "Goldcrest": 5}
"""0 is Monday."""

FEWEST_LINES = 100
LOWEST_PRICE = 0.1
"""An average price paid below this, in the major unit of money, is no price."""

CARRIED_SHARE = 0.8
OTHER_DAY_SHARE = 1 / 7
TAKEN_ON_SHARE = 0.04
DROPPED_SHARE = 0.06
DEVIATION = 0.08
PERSISTENCE = 0.98
DRIFT = 0.012
LABEL_CHANGE_SHARE = 1 / 8
PROMOTION_SHARE = 0.03
PROMOTION_WEEKS = 3
PROMOTION_DEPTH = (0.10, 0.35)
CHARM_FROM = 3.0

GAP_SHARE = 0.04
WEEKS_MISSED = 2
HUNDREDFOLD_SHARE = 0.0015
ZERO_SHARE = 0.001
NEGATIVE_SHARE = 0.0002
NO_PRICE_SHARE = 0.0005
WRONG_CENTURY_SHARE = 0.0001
REPEATED_SHARE = 0.008
UNKNOWN_PRODUCT_SHARE = 0.001
NOT_NOTED_SHARE = 0.05
CENTURY_DAYS = 36_524


@dataclass(frozen=True)
class CompetitorPriceParameters:
    """What is drawn.

    Attributes:
        products: how many products are watched at most, at least 1.
        seed: the same seed gives the same file.
    """

    products: int = 1500
    seed: int = 20171231

    def __post_init__(self) -> None:
        if self.products < 1:
            raise ValueError(f"products is {self.products}; expected at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or above")


def write_competitor_price_sample(folder: Path, parameters: CompetitorPriceParameters | None = None) -> dict[str, int]:
    """Write ``competitor_prices`` into ``folder``, around the real tables there; returns its rows.

    The same real tables and parameters write the same file.

    Raises:
        FileNotFoundError, ValueError: the real tables are not there, or hold no purchase.
    """
    return {"competitor_prices": write_table(folder, "competitor_prices", watch(folder, parameters))}


def watch(folder: Path, parameters: CompetitorPriceParameters | None = None) -> pa.Table:
    """Draw the raw table around the real tables in ``folder``."""
    parameters = parameters or CompetitorPriceParameters()
    for_prices, for_mess = np.random.default_rng(parameters.seed).spawn(2)
    ours, first, last = _our_prices(folder, parameters.products)
    weeks = np.arange(first - (first + 3) % 7, last + 1, 7)  # 1970 began on a Thursday.
    observed = pd.concat([_observed(for_prices, name, ours, weeks) for name in LEVELS], ignore_index=True)
    rows = _spoiled(for_mess, observed[observed["day"].between(first, last)])
    return pa.table(
        {
            "observed_on": pa.array(rows["day"].to_numpy(np.int32), pa.int32()).cast(pa.date32()),
            "competitor": pa.array(rows["competitor"].to_list(), pa.string()),
            "product_id": pa.array(rows["product_id"].to_list(), pa.string()),
            "price": pa.array(rows["price"].to_numpy(np.float64), pa.float64(), from_pandas=True),
            "is_promoted": pa.array(rows["is_promoted"].to_list(), pa.bool_()),
            "is_synthetic": pa.array(np.ones(len(rows), np.bool_)),
        }
    )


def _our_prices(folder: Path, products: int) -> tuple[pd.DataFrame, int, int]:
    """``product_id`` and ``price`` of the products watched, and the first and last day sold, in days since 1970."""
    with connect(folder) as connection:
        ours = connection.execute(
            """
            select
                cast(product_id as varchar) as product_id,
                cast(sum(cast(net_amount as decimal(18, 4))) as double) / cast(sum(quantity) as double) as price,
            from bought
            group by bought.product_id
            having count(*) >= $fewest and price >= $lowest
            order by count(*) desc, bought.product_id
            limit $products
            """,
            {"fewest": FEWEST_LINES, "lowest": LOWEST_PRICE, "products": products},
        ).df()
        days = connection.execute(
            "select epoch_us(min(ordered_at)) // 86400000000, epoch_us(max(ordered_at)) // 86400000000 from bought"
        ).fetchall()
    ((first, last),) = days
    return ours, int(first), int(last)


def _observed(rng: np.random.Generator, competitor: str, ours: pd.DataFrame, weeks: Longs) -> pd.DataFrame:
    """What is seen at one competitor, by product and week."""
    carried = ours[rng.random(len(ours)) < CARRIED_SHARE]
    shape = (len(carried), len(weeks))
    week = np.arange(len(weeks))
    begins = np.where(rng.random(shape[0]) < TAKEN_ON_SHARE, rng.integers(len(weeks), size=shape[0]), 0)
    ends = np.where(rng.random(shape[0]) < DROPPED_SHARE, rng.integers(len(weeks), size=shape[0]), len(weeks))
    seen = (week >= begins[:, None]) & (week < ends[:, None]) & (rng.random(shape) >= GAP_SHARE)
    seen &= ~np.isin(week, rng.choice(len(weeks), min(WEEKS_MISSED, len(weeks) - 1), replace=False))

    centre = np.log(carried["price"].to_numpy() * LEVELS[competitor]) + rng.normal(0, DEVIATION, shape[0])
    shelf = np.exp(centre[:, None] + _labelled(rng, _walk(rng, shape)))
    starts = rng.random(shape) < PROMOTION_SHARE
    length = rng.integers(1, PROMOTION_WEEKS + 1, shape)
    depth = rng.uniform(*PROMOTION_DEPTH, shape)
    taken_off = np.zeros(shape)
    for weeks_ago in range(PROMOTION_WEEKS):
        runs = np.where(starts & (length > weeks_ago), depth, 0.0)
        taken_off[:, weeks_ago:] = np.maximum(taken_off[:, weeks_ago:], runs[:, : shape[1] - weeks_ago])
    price = _rounded(competitor, shelf * (1 - taken_off))

    shift = np.where(rng.random(shape) < OTHER_DAY_SHARE, rng.choice([-1, 1], shape), 0)
    day = weeks + WATCHED_WEEKDAY[competitor] + shift
    product = np.broadcast_to(carried["product_id"].to_numpy()[:, None], shape)
    return pd.DataFrame(
        {
            "day": day[seen],
            "competitor": competitor,
            "product_id": product[seen],
            "price": price[seen],
            "is_promoted": (taken_off > 0)[seen],
        }
    )


def _walk(rng: np.random.Generator, shape: tuple[int, int]) -> Doubles:
    """A slow walk of each product over the weeks, at rest at the start."""
    steps = rng.normal(0, DRIFT, shape)
    walk = np.zeros(shape)
    for week in range(1, shape[1]):
        walk[:, week] = PERSISTENCE * walk[:, week - 1] + steps[:, week]
    return walk


def _labelled(rng: np.random.Generator, walk: Doubles) -> Doubles:
    """The walk as it stood when the label was last changed."""
    changed = rng.random(walk.shape) < LABEL_CHANGE_SHARE
    since = np.maximum.accumulate(np.where(changed, np.arange(walk.shape[1]), 0), axis=1)
    return np.take_along_axis(walk, since, axis=1)


def _rounded(competitor: str, prices: Doubles) -> Doubles:
    """Prices as the competitor writes them."""
    if competitor == "Pennyfield":
        prices = np.floor(prices * 10) / 10 + 0.09
    elif competitor == "Goldcrest":
        prices = np.where(prices >= CHARM_FROM, np.round(prices) - 0.01, prices)
    return np.asarray(np.maximum(np.round(prices, 2), 0.01))


def _spoiled(rng: np.random.Generator, observed: pd.DataFrame) -> pd.DataFrame:
    """The rows as delivered, in order of day: values wrong or missing, and rows entered again later."""
    rows = observed.sort_values(["day", "competitor", "product_id"], ignore_index=True)
    count = len(rows)
    rows["is_promoted"] = rows["is_promoted"].astype(object).where(rng.random(count) >= NOT_NOTED_SHARE, None)
    twice = rows[rng.random(count) < REPEATED_SHARE]
    chance = rng.random(count)
    price = rows["price"].to_numpy(np.float64)
    kinds = [
        (HUNDREDFOLD_SHARE, np.round(100 * price, 2)),
        (ZERO_SHARE, np.zeros(count)),
        (NEGATIVE_SHARE, -price),
        (NO_PRICE_SHARE, np.full(count, np.nan)),
    ]
    for share, wrong in kinds:
        price = np.where((chance >= 0) & (chance < share), wrong, price)
        chance = chance - share
    first_price = price.copy()
    first_price[twice.index] = np.round(
        twice["price"].to_numpy(np.float64) * rng.choice([0.5, 0.9, 1.1, 2.0], len(twice)), 2
    )
    rows["price"] = first_price
    rows.loc[rng.random(count) < WRONG_CENTURY_SHARE, "day"] += CENTURY_DAYS
    unknown = rng.random(count) < UNKNOWN_PRODUCT_SHARE
    rows.loc[unknown, "product_id"] = "9900" + rows.loc[unknown, "product_id"]
    entered = np.r_[np.arange(count), twice.index.to_numpy() + rng.integers(1, 400, len(twice)) + 0.5]
    return pd.concat([rows, twice], ignore_index=True).iloc[np.argsort(entered, kind="stable")]
