"""The fit of the recommender: measured on the last weeks, then trained with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from upswing.customers.category_intent import CategoryIntent
from upswing.customers.purchase_matrix import Purchases, day_number
from upswing.customers.ranking_model import Ranker, RankingRows
from upswing.customers.recommend_batches import Cut, Progress
from upswing.customers.recommend_evaluation import evaluate
from upswing.customers.recommend_intents import intents_by_day, trained_intent
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.fits import Fit, NotEnoughHistory
from upswing.slices import NO_GROUPS, Groups
from upswing.tensors import pack, unpack

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class TrainingData:
    """Tables that the recommender learns from, as rows of the models they are named after.

    Attributes:
        purchases: ``int_merchandise_purchases``.
        products: ``int_product_features``, of which product_id and category are looked at.
        similarities: ``score_product_similarities``; may be empty.
        category_snapshots: ``int_customer_category_snapshots``; may be empty.
    """

    purchases: pa.Table
    products: pa.Table
    similarities: pa.Table
    category_snapshots: pa.Table

    def fingerprinted(self) -> list[pa.Table]:
        """Counts and exact sums of the tables that change where these do, for hashing every row takes too long.

        The growth that a refit waits for is that of the first: purchases of each customer and week.
        """
        purchases = self.purchases.append_column("units_sum", _whole(self.purchases["units"]))
        purchases = purchases.append_column("revenue_sum", _whole(self.purchases["revenue"]))
        weeks = purchases.group_by(["customer_id", "week_starting"]).aggregate(
            [("product_id", "count"), ("units_sum", "sum"), ("revenue_sum", "sum")]
        )
        similarities = self.similarities.append_column("similarity_sum", _whole(self.similarities["similarity"]))
        followed = ("order_days", "order_days_recent", "order_days_active", "recency_days", "views_recent")
        return [
            weeks,
            self.products.group_by("category").aggregate([("product_id", "count")]),
            similarities.group_by("similarity_rank").aggregate([("product_id", "count"), ("similarity_sum", "sum")]),
            self.category_snapshots.group_by("snapshot_on").aggregate([(name, "sum") for name in followed]),
        ]


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ten-thousandths as whole numbers, whose sums do not depend on the order of the rows."""
    return pc.cast(pc.round(pc.multiply(column, 10_000)), pa.int64())


def fit_recommender(
    data: TrainingData,
    as_of_date: date,
    parameters: RecommenderParameters,
    progress: Progress = lambda _done, _all: None,
    groups: Groups = NO_GROUPS,
) -> Fit:
    """Measure on the purchases of the last ``test_weeks``, then train on the newest cuts whose labels are known.

    Args:
        data: see there.
        as_of_date: the build's clock.
        parameters: of the recommender.
        progress: told the steps done, and all.
        groups: of customers, by which the lists are compared; nothing is learned from them.

    Raises:
        NotEnoughHistory: purchases of too few weeks or customers to train and to test.
    """
    if not data.purchases.num_rows:
        raise NotEnoughHistory("no purchases of known customers")
    today = day_number(as_of_date)
    everything = Purchases.from_arrow(data.purchases, data.products)
    history = everything.between(int(everything.day.min()), today)
    days = cut_days(history, today, parameters)
    intents = intents_by_day(data.category_snapshots, parameters.intent_days)
    steps = 2 * len(days) + 2
    progress(0, steps)
    rows: list[RankingRows] = []
    tested: Cut | None = None
    for number, day in enumerate(days):
        cut = Cut.at(history, day, data.similarities, intents, parameters)
        rows.append(cut.ranking_rows(history))
        tested = tested or cut
        progress(2 * number + 2, steps)
    assert tested is not None
    _check(rows, parameters)
    metrics, verdicts, sliced = evaluate(tested, history, Ranker.train(rows[1:], parameters), groups=groups)
    progress(steps - 1, steps)
    ranker = Ranker.train(rows[: parameters.training_cuts], parameters)
    weights = to_bytes(ranker, trained_intent(data.category_snapshots, as_of_date, parameters.intent_days))
    progress(steps, steps)
    return Fit(weights, metrics, "; ".join(verdicts), sliced)


def cut_days(history: Purchases, today: int, parameters: RecommenderParameters) -> list[int]:
    """Days of the cuts, newest first: the first tests, all but the last train what is served, all but the first what
    is measured.

    Raises:
        NotEnoughHistory: fewer than two cuts have ``active_weeks`` of purchases before them.
    """
    first = int(history.day.min(initial=today)) + 7 * parameters.active_weeks - 1
    planned = [today - 7 * parameters.test_weeks * number for number in range(1, parameters.training_cuts + 2)]
    days = [day for day in planned if day >= first]
    if len(days) < 2:
        weeks = parameters.active_weeks + 2 * parameters.test_weeks
        since = EPOCH + timedelta(days=int(history.day.min(initial=today)))
        raise NotEnoughHistory(
            f"purchases since {since} until {EPOCH + timedelta(days=today)}, at least {weeks} weeks needed"
        )
    return days


def _check(rows: list[RankingRows], parameters: RecommenderParameters) -> None:
    customers = [len(np.unique(of_cut.customer)) for of_cut in rows]
    if min(customers[0], sum(customers[1:])) < parameters.min_customers:
        raise NotEnoughHistory(
            f"{customers[0]} customers to test and {sum(customers[1:])} to train on have {parameters.min_days} days of "
            f"purchase before a cut and any after it, at least {parameters.min_customers} each needed"
        )


def to_bytes(ranker: Ranker, intent: CategoryIntent | None) -> bytes:
    """What is served as safetensors."""
    arrays: dict[str, Any] = {"ranker": np.frombuffer(ranker.to_text().encode(), dtype=np.uint8)}
    return pack(arrays | (intent.packed() if intent else {}), {"has_intent": intent is not None})


def from_bytes(blob: bytes) -> tuple[Ranker, CategoryIntent | None]:
    """What :func:`to_bytes` wrote."""
    arrays, facts = unpack(blob)
    ranker = Ranker.from_text(arrays["ranker"].tobytes().decode())
    return ranker, CategoryIntent.unpacked(arrays) if facts["has_intent"] else None
