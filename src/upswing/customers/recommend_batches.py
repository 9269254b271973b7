"""Signals, candidates and features of customers, a batch at a time, so that memory does not grow with customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.candidates import Candidates, candidates_of
from upswing.customers.purchase_matrix import IntArray, Purchases
from upswing.customers.ranking_features import intents_of, ranking_features
from upswing.customers.ranking_model import RankingRows
from upswing.customers.recommend_knowledge import Known, bought_after
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.customers.recommend_signals import SignalBatch, Signals
from upswing.splits import lowest_hashes

BATCH_CELLS = 8_000_000
"""Scores held at once of each signal: customers of a batch times products that may be recommended."""

Progress = Callable[[int, int], None]
Intents = Callable[[int], pa.Table | None]
"""From a day to the probabilities of buying of a category that were known on it, see ``intents_of``."""


@dataclass(frozen=True)
class Batch:
    """Some customers of one cut.

    Attributes:
        customers: their places, ascending.
        signals: of all offered products.
        candidates: of theirs.
        features: of the candidates.
    """

    customers: IntArray
    signals: SignalBatch
    candidates: Candidates
    features: NDArray[np.float32]


@dataclass(frozen=True)
class Cut:
    """All that is needed to recommend from what was known on one day.

    Attributes:
        known, signals: on that day.
        intents: see :data:`Intents`.
        parameters: see there.
    """

    known: Known
    signals: Signals
    intents: pa.Table | None
    parameters: RecommenderParameters

    @classmethod
    def at(
        cls, history: Purchases, day: int, similarities: pa.Table, intents: Intents, parameters: RecommenderParameters
    ) -> Cut:
        """From the purchases until ``day``."""
        known = Known.at(history, day, parameters)
        return cls(known, Signals.learn(known, similarities, parameters), intents(day), parameters)

    def customers(self) -> IntArray:
        """Places of those with enough days of purchase; a sample by hash of id where they are too many."""
        places = np.flatnonzero(self.known.days_of_purchase >= self.parameters.min_days)
        ids = self.known.purchases.customer_ids[places]
        return places[lowest_hashes(ids, self.parameters.most_customers, "recommender")]

    def batches(self, customers: IntArray, progress: Progress = lambda _done, _all: None) -> Iterator[Batch]:
        """The customers, a batch at a time."""
        size = max(1, BATCH_CELLS // max(1, len(self.signals.offered)))
        for start in range(0, len(customers), size):
            some = customers[start : start + size]
            batch = self.signals.of(some)
            candidates = candidates_of(some, self.known, self.signals, batch, self.parameters)
            intents = intents_of(self.intents, self.known.purchases, candidates)
            yield Batch(some, batch, candidates, ranking_features(self.known, candidates, intents))
            progress(start + len(some), len(customers))

    def ranking_rows(self, history: Purchases) -> RankingRows:
        """Rows to learn from: candidates of the customers who bought in the weeks after the cut.

        Args:
            history: purchases of the same customers and products that hold these weeks.
        """
        bought = bought_after(history, self.known.cut, self.parameters.test_weeks)
        products = len(history.catalogue.product_ids)
        customers = np.intersect1d(self.customers(), bought // products)
        features, labels, customer = [], [], []
        for batch in self.batches(customers):
            keys = batch.candidates.customer * products + batch.candidates.product
            features.append(batch.features)
            labels.append(np.isin(keys, bought).astype(np.float64))
            customer.append(batch.candidates.customer)
        if not features:
            return RankingRows(np.zeros((0, 0), dtype=np.float32), np.zeros(0), np.zeros(0, dtype=np.int64))
        return RankingRows(np.concatenate(features), np.concatenate(labels), np.concatenate(customer))
