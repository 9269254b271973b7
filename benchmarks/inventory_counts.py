"""What a count of stock is worth where the truth is known: the sample's synthetic counts, before and after their mess.

Which counts the plan's rule doubts, against the usual three standard deviations; and how far a count lies from the
stock some weeks later as it is, and less what was sold since.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from _report import Figure, judged, show

from upswing.sample.complete_journey import SAMPLE_FOLDER
from upswing.sample.inventory import delivered_counts, true_counts
from upswing.sample.inventory_shelves import NO_STORE, InventoryParameters, read_shelves
from upswing.sample.raw_files import connect

MULTIPLE, FEWEST_COUNTS, MOST_COUNTS, FEWEST_UNITS = 5, 3, 8, 2
"""As in ``int_stock_levels``."""

STANDARD_DEVIATIONS = 3
SHELF = ["product_id", "store_id"]


def counts_of(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts as they should be, and as they stand after the delivery, with the right value beside."""
    parameters = InventoryParameters()
    for_counts, for_mess = np.random.default_rng(parameters.seed).spawn(2)
    true = true_counts(for_counts, folder, parameters)
    true = true.assign(product_id=true["product_id"].astype(str))
    standing = delivered_counts(for_mess, true).drop_duplicates([*SHELF, "day"], keep="last").dropna(subset=["on_hand"])
    right = true[[*SHELF, "day", "on_hand"]].rename(columns={"on_hand": "right"})
    return true, standing.merge(right, on=[*SHELF, "day"]).sort_values([*SHELF, "day"], ignore_index=True)


def doubted(standing: pd.DataFrame) -> list[Figure]:
    """Share of the tenfold counts that a rule doubts, and of the doubted ones that are tenfold."""
    before = standing.groupby(SHELF)["on_hand"].shift(1).groupby([standing[name] for name in SHELF])
    window = before.rolling(MOST_COUNTS, min_periods=FEWEST_COUNTS)
    most, mean, spread = (getattr(window, name)().droplevel([0, 1]).sort_index() for name in ("max", "mean", "std"))
    on_hand = standing["on_hand"]
    tenfold = (on_hand == 10 * standing["right"]) & (on_hand > 0)
    rules = {
        "ours": (most >= FEWEST_UNITS) & (on_hand > MULTIPLE * most),
        "theirs": (spread > 0) & (on_hand > mean + STANDARD_DEVIATIONS * spread),
    }
    found = {name: float((rule & tenfold).sum() / tenfold.sum()) for name, rule in rules.items()}
    right = {name: float((rule & tenfold).sum() / rule.sum()) for name, rule in rules.items()}
    peer = f"{STANDARD_DEVIATIONS} standard deviations"
    return [
        Figure(
            f"{tenfold.sum():,} tenfold counts: doubted",
            f"{found['ours']:.0%}",
            f"{peer} {found['theirs']:.0%}",
            "-",
            "-",
            "-",
        ),
        Figure(
            "doubted counts: tenfold",
            f"{right['ours']:.0%}",
            f"{peer} {right['theirs']:.0%}",
            f"{right['ours'] / right['theirs']:.1f}x",
            "more than the peer",
            judged(right["ours"] > right["theirs"]),
        ),
    ]


def aged(folder: Path, true: pd.DataFrame) -> list[Figure]:
    """How far a count of the company lies from the stock later: as counted, and less the sales since."""
    with connect(folder) as connection:
        sold = read_shelves(connection, folder, InventoryParameters())[2]
    company = true[true["store_id"] == NO_STORE]
    first = int(sold["day"].min())
    units = sold.assign(product_id=sold["product_id"].astype(str)).groupby(["product_id", "day"])["units"].sum()
    cells = units.unstack("day", fill_value=0).reindex(columns=range(first, int(sold["day"].max()) + 1), fill_value=0)
    until = cells.cumsum(axis=1).stack().rename("sold_until")
    company = company.join(until, on=["product_id", "day"])
    figures = []
    for days in (7, 28):
        later = company.assign(day=company["day"] - days)
        both = company.merge(later, on=["product_id", "day"], suffixes=("", "_later"))
        less = both["on_hand"] - (both["sold_until_later"] - both["sold_until"])
        kept, taken = (
            float((value - both["on_hand_later"]).mean()) for value in (both["on_hand"], np.maximum(less, 0))
        )
        figures.append(
            Figure(
                f"a count after {days} days, of {both['on_hand_later'].mean():.0f} units",
                f"{kept:+.1f} units off on average",
                f"less what was sold {taken:+.1f}",
                "-",
                "nearer",
                judged(abs(kept) < abs(taken)),
            )
        )
    return figures


def main() -> list[Figure]:
    """Measure."""
    true, standing = counts_of(Path(SAMPLE_FOLDER))
    return [*doubted(standing), *aged(Path(SAMPLE_FOLDER), true)]


if __name__ == "__main__":
    show(main())
