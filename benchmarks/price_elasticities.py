"""Price elasticities that are known, found again: shrunken against least squares and the category's mean, in one run.

Nobody knows a real elasticity, so demand is simulated in the weeks, categories, rates of sale and traffic of the
products of the built warehouse: elasticities differ by category and by product, regular prices drift, promotions take
8 to 40 % off and are sometimes on display besides, demand has a trend and weeks that are luckier than others. What is
seen is what a till sees: units and the price paid, in weeks with a sale. Each estimate is of products with 20 such
weeks.

The second part is the sample's real sales, every other week: what the even weeks say must be foretold by the odd ones.
The even weeks' own estimates are as noisy as any, alike for all who foretell them, so each counts by its precision.

The third part is the sample's competitors: their prices are synthetic and know nothing of our sales, so that they must
show no effect and no answers. The peer is what the rivals of another product show.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from _opportunities import table
from _report import Figure, judged, show
from numpy.typing import NDArray

from upswing.one_thread import hold_one_thread
from upswing.sales.competitor_positions import VERDICTS, MoveParameters, competitor_moves
from upswing.sales.price_elasticities import ElasticityParameters, price_elasticities

FloatArray = NDArray[np.float64]

WEEKS = 52
FEWEST_WEEKS = 20
SPARSE_BELOW = 1.5
"""Units a week."""
MOST_ERROR_OF_PEER = 0.8
COVERAGE = (0.90, 0.98)
CATEGORY_SPREAD = 0.6
PRODUCT_SPREAD = 0.7
MEAN_ELASTICITY = -1.8

CHANCE = 0.05


def real_products() -> tuple[pd.DataFrame, FloatArray]:
    """``product_id``, ``category`` and ``rate`` (orders a week) of products with enough weeks; traffic of each week."""
    weeks = table("from intermediate.int_price_weeks").to_pandas()
    found = weeks.groupby("product_id").agg(category=("category", "first"), orders=("orders", "sum")).reset_index()
    traffic = weeks.groupby("week_starting")["chain_orders"].first().sort_index().to_numpy(np.float64)[-WEEKS:]
    return found.assign(rate=found["orders"] / WEEKS), traffic


def simulate(products: pd.DataFrame, traffic: FloatArray, seed: int = 1) -> tuple[pa.Table, FloatArray]:
    """Weeks as of ``int_price_weeks``, and the true elasticity of each product."""
    rng = np.random.default_rng(seed)
    categories, group = np.unique(products["category"].to_numpy(str), return_inverse=True)
    of_category = rng.normal(MEAN_ELASTICITY, CATEGORY_SPREAD, len(categories))
    true = rng.normal(of_category[group], PRODUCT_SPREAD)
    shape = (len(products), WEEKS)
    regular = np.cumsum((rng.random(shape) < 1 / 20) * rng.normal(0, 0.06, shape), axis=1)
    starts = rng.random(shape) < rng.beta(1.2, 5, len(products))[:, None]
    depth, length = rng.uniform(0.08, 0.4, shape), rng.integers(1, 3, shape)
    displayed = (rng.random(shape) < 0.6) * rng.uniform(0.1, 1, shape)
    taken_off, reach = np.zeros(shape), np.zeros(shape)
    for later in range(2):
        runs = (starts & (length > later))[:, : WEEKS - later]
        taken_off[:, later:] = np.maximum(taken_off[:, later:], runs * depth[:, : WEEKS - later])
        reach[:, later:] = np.maximum(reach[:, later:], runs * displayed[:, : WEEKS - later])
    log_prices = regular + np.log1p(-taken_off)
    luck = rng.normal(0, 0.35, shape)
    for week in range(1, WEEKS):
        luck[:, week] = 0.3 * luck[:, week - 1] + np.sqrt(1 - 0.3**2) * luck[:, week]
    trend = rng.normal(0, 0.3, len(products))[:, None] * np.linspace(-0.5, 0.5, WEEKS)
    lift = rng.normal(0.6, 0.3, len(products))[:, None]
    logs = true[:, None] * log_prices + lift * reach + trend + luck + np.log(traffic / traffic.mean())
    logs -= np.log(np.exp(logs).mean(axis=1))[:, None]
    units = rng.poisson(products["rate"].to_numpy()[:, None] * np.exp(logs))
    paid = np.exp(log_prices + rng.normal(0, 0.06, shape) / np.sqrt(np.maximum(units, 1)))
    sold, when = np.nonzero((units > 0) & ((units > 0).sum(axis=1) >= FEWEST_WEEKS)[:, None])
    mondays = np.datetime64("2017-01-02") + 7 * np.arange(WEEKS)
    weeks = pa.table(
        {
            "product_id": pa.array(products["product_id"].to_numpy()[sold]),
            "category": pa.array(products["category"].to_numpy()[sold]),
            "week_starting": pa.array(mondays[when]),
            "units": units[sold, when].astype(np.float64),
            "orders": units[sold, when],
            "price_paid": paid[sold, when],
            "promotion_reach": reach[sold, when],
            "chain_orders": traffic[when].astype(np.int64),
            "rival_log_price": pa.nulls(len(sold), pa.float64()),
        }
    )
    return weeks, true


def compared(seed: int = 1) -> list[Figure]:
    """Errors and coverage of the three estimates."""
    products, traffic = real_products()
    weeks, true = simulate(products, traffic, seed)
    found = price_elasticities(weeks, ElasticityParameters(FEWEST_WEEKS)).to_pandas().set_index("product_id")
    true_of = pd.Series(true, products["product_id"]).reindex(found.index).to_numpy()
    rate_of = products.set_index("product_id")["rate"].reindex(found.index).to_numpy()
    estimates = {
        "shrunken": found["elasticity"].to_numpy(),
        "own data alone": found["own_elasticity"].to_numpy(),
        "least squares": found["ols_elasticity"].to_numpy(),
        "category": found["category_elasticity"].to_numpy(),
    }
    known = np.isfinite(np.stack(list(estimates.values()))).all(axis=0)
    figures = []
    for name, rows in (("all", known), ("sold less than 1.5 times a week", known & (rate_of < SPARSE_BELOW))):
        errors = {kind: np.abs(values - true_of)[rows] for kind, values in estimates.items()}
        rms = {kind: float(np.sqrt((of**2).mean())) for kind, of in errors.items()}
        median = {kind: float(np.median(of)) for kind, of in errors.items()}
        ours = f"rms {rms['shrunken']:.2f}, median {median['shrunken']:.2f}"
        for peer in ("least squares", "category", "own data alone"):
            ratio = rms["shrunken"] / rms[peer]
            goal = MOST_ERROR_OF_PEER if peer == "least squares" else 1.0
            figures.append(
                Figure(
                    f"error of known elasticities, {int(rows.sum()):,} products, {name}",
                    ours,
                    f"{peer}: rms {rms[peer]:.2f}, median {median[peer]:.2f}",
                    f"{ratio:.2f}",
                    f"at most {goal:.1f} times its rms",
                    judged(ratio <= goal),
                )
            )
    covered = ((found["lower_95"] <= true_of) & (true_of <= found["upper_95"])).to_numpy()
    bias = float((found["elasticity"] - true_of).mean())
    figures.append(
        Figure(
            f"95 % intervals that hold the known elasticity, {len(found):,} products",
            f"{covered.mean():.1%}",
            "95 %",
            f"bias {bias:+.2f}",
            f"{COVERAGE[0]:.0%} to {COVERAGE[1]:.0%}",
            judged(COVERAGE[0] <= float(covered.mean()) <= COVERAGE[1]),
        )
    )
    return figures


def foretold() -> list[Figure]:
    """Even weeks of the real sales by the odd ones: mean squared error in squared standard errors of the even weeks."""
    weeks = table("from intermediate.int_price_weeks order by product_id, week_starting")
    calendar = np.unique(weeks["week_starting"].to_numpy())
    is_even = np.searchsorted(calendar, weeks["week_starting"].to_numpy()) % 2 == 0
    odd, even = (
        price_elasticities(weeks.filter(pa.array(rows)), ElasticityParameters(FEWEST_WEEKS // 2))
        .to_pandas()
        .set_index("product_id")
        for rows in (~is_even, is_even)
    )
    both = odd.join(even[["own_elasticity", "own_standard_error"]], rsuffix="_even", how="inner")
    both = both.dropna(subset=["elasticity", "own_elasticity", "ols_elasticity", "own_elasticity_even"])
    error = {
        name: float((((both[name] - both["own_elasticity_even"]) / both["own_standard_error_even"]) ** 2).mean())
        for name in ("elasticity", "ols_elasticity", "own_elasticity", "category_elasticity")
    }
    # 1 is the noise of the even weeks themselves: no forecast is below it but by luck.
    return [
        Figure(
            f"elasticities of even weeks by odd ones, real sales, {len(both):,} products",
            f"mean square {error['elasticity']:.2f}",
            f"{peer} {error[column]:.2f}",
            f"{error['elasticity'] / error[column]:.2f}",
            "at most 1.0 times the peer",
            judged(error["elasticity"] <= error[column]),
        )
        for peer, column in (
            ("least squares", "ols_elasticity"),
            ("own data alone", "own_elasticity"),
            ("category", "category_elasticity"),
        )
    ]


def synthetic_rivals() -> list[Figure]:
    """What the sample's synthetic rivals show: products with an effect, and competitors who answer."""
    weeks = table("from intermediate.int_price_weeks")
    ours, others = (effects(rows) for rows in (weeks, rivals_of_others(weeks)))
    figures = [
        Figure(
            f"synthetic rivals' prices with p < {CHANCE:g}, {len(ours):,} products",
            f"{(ours['cross_p_value'] < CHANCE).mean():.1%}",
            f"rivals of another product: {(others['cross_p_value'] < CHANCE).mean():.1%}",
            f"{int(ours['is_cross_significant'].sum())} at a false discovery rate of {CHANCE:.0%}",
            f"at most {CHANCE:.0%}, and none",
            judged((ours["cross_p_value"] < CHANCE).mean() <= CHANCE and not ours["is_cross_significant"].any()),
        )
    ]
    moves = competitor_moves(table("from intermediate.int_price_comparisons"), MoveParameters()).to_pandas()
    for competitor, rows in moves.groupby("competitor"):
        answered = int(rows[["we_led", "they_led", "together"]].to_numpy().sum())
        chance = float(rows["answered_by_chance"].sum())
        figures.append(
            Figure(
                f"moves answered between us and the synthetic {competitor}, {len(rows):,} products",
                f"{answered:,}",
                f"by chance {chance:,.0f}",
                f"q {rows['competitor_answers_q_value'].iloc[0]:.2f}",
                "chance",
                judged(rows["competitor_verdict"].iloc[0] == VERDICTS[1]),
            )
        )
    return figures


def effects(weeks: pa.Table) -> pd.DataFrame:
    """Products with a cross-elasticity."""
    found = price_elasticities(weeks, ElasticityParameters()).to_pandas()
    return found[found["cross_p_value"].notna()]


def rivals_of_others(weeks: pa.Table) -> pa.Table:
    """The weeks with the rivals' prices of the next product that has any."""
    rows = weeks.to_pandas()
    watched = rows[rows["rival_log_price"].notna()][["product_id", "week_starting", "rival_log_price"]]
    ids = np.sort(watched["product_id"].unique())
    moved = watched.assign(product_id=watched["product_id"].map(dict(zip(np.roll(ids, 1), ids, strict=True))))
    joined = rows.drop(columns="rival_log_price").merge(moved, on=["product_id", "week_starting"], how="left")
    return pa.Table.from_pandas(joined, preserve_index=False).cast(weeks.select(joined.columns.to_list()).schema)


def main() -> list[Figure]:
    """Measure."""
    hold_one_thread()
    return [*compared(), *foretold(), *synthetic_rivals()]


if __name__ == "__main__":
    show(main())
