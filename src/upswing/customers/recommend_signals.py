"""How strongly each product is suggested to each customer: by who buys alike, by what is bought together, by likeness.

Sources: Hu, Koren and Volinsky, Collaborative filtering for implicit feedback datasets (2008), for ALS; Sarwar et al.,
Item-based collaborative filtering recommendation algorithms (2001), with TF-IDF weights, for item-item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.customers.purchase_matrix import IntArray, positions, texts
from upswing.customers.recommend_knowledge import BoolArray, Known
from upswing.customers.recommend_parameters import RecommenderParameters
from upswing.one_thread import hold_one_thread

SEED = 7
DECIMALS = 6

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Signals:
    """What one cut taught about which products go with which customers and with each other.

    Attributes:
        offered: places of the products that may be recommended, ascending; the columns of all that follows.
        customer_factors, product_factors: of ALS, shape (customers, factors) and (offered, factors).
        history: sparse, log(1 + days bought) of each customer and offered product.
        own: sparse, days bought weighed by age, see ``Known.weights``.
        together, alike: sparse, similarity of two offered products by who buys them, and by what they are.
        popularity: customers of each offered product in the last active_weeks.
    """

    offered: IntArray
    customer_factors: Scores
    product_factors: Scores
    history: Any
    own: Any
    together: Any
    alike: Any
    popularity: Scores

    @classmethod
    def learn(cls, known: Known, similarities: pa.Table, parameters: RecommenderParameters) -> Signals:
        """From what is known on the day of a cut.

        Args:
            known: see there.
            similarities: rows of ``score_product_similarities``; may be empty.
            parameters: see there.
        """
        from scipy.sparse import csr_matrix

        offered = np.flatnonzero(known.is_offered)
        products, customers = len(known.is_offered), len(known.days_of_purchase)
        column = np.full(products, -1, dtype=np.int64)
        column[offered] = np.arange(len(offered))
        pair_customer, pair_column = known.pairs.keys // products, column[known.pairs.keys % products]
        is_held = pair_column >= 0
        shape = (customers, len(offered))

        def matrix(values: NDArray[Any]) -> Any:
            held = values[is_held].astype(np.float32)
            return csr_matrix((held, (pair_customer[is_held], pair_column[is_held])), shape=shape)

        history = matrix(np.log1p(known.pairs.days))
        told = np.asarray(history.getnnz(axis=0)) >= parameters.min_product_customers
        customer_factors, product_factors = _factors(history, told, parameters)
        return cls(
            offered,
            customer_factors,
            product_factors,
            history,
            matrix(known.weights(parameters.half_life_days)),
            _bought_together(history, told, parameters.neighbours),
            _alike(similarities, known.purchases.catalogue.product_ids, column, len(offered)),
            known.active_customers[offered].astype(np.float32),
        )

    def of(self, customers: IntArray) -> SignalBatch:
        """Dense scores of all offered products for some customers."""
        hold_one_thread()
        als = self.customer_factors[customers] @ self.product_factors.T
        return SignalBatch(
            np.round(als, DECIMALS),
            np.round((self.history[customers] @ self.together).toarray(), DECIMALS),
            np.round((self.own[customers] @ self.alike).toarray(), DECIMALS),
            np.round(self.own[customers].toarray(), DECIMALS),
            np.broadcast_to(self.popularity, als.shape),
        )


@dataclass(frozen=True)
class SignalBatch:
    """Scores of all offered products for some customers, each of shape (customers, offered); higher is stronger.

    Attributes:
        als, together, alike: by who buys alike, by what is bought together, by what the products are.
        own: days bought weighed by age; 0 where never bought.
        popularity: the same for all customers.
    """

    als: Scores
    together: Scores
    alike: Scores
    own: Scores
    popularity: Scores


def _factors(history: Any, told: BoolArray, parameters: RecommenderParameters) -> tuple[Scores, Scores]:
    """ALS of the products that enough customers bought; the others get zeros."""
    from implicit.cpu.als import AlternatingLeastSquares

    customer_factors = np.zeros((history.shape[0], parameters.factors), dtype=np.float32)
    product_factors = np.zeros((history.shape[1], parameters.factors), dtype=np.float32)
    if told.any():
        hold_one_thread()
        model = AlternatingLeastSquares(
            factors=parameters.factors,
            regularization=parameters.regularization,
            iterations=parameters.iterations,
            random_state=SEED,
            num_threads=1,
            dtype=np.float32,
        )
        model.fit((history[:, told] * parameters.purchase_weight).tocsr(), show_progress=False)
        customer_factors, product_factors[told] = model.user_factors, model.item_factors
    return customer_factors, product_factors


def _bought_together(history: Any, told: BoolArray, neighbours: int) -> Any:
    """Similarity of each product to its nearest ones by TF-IDF cosine; none is its own neighbour."""
    from implicit.nearest_neighbours import all_pairs_knn, normalize, tfidf_weight
    from scipy.sparse import csr_matrix

    if not told.any():
        return csr_matrix((history.shape[1], history.shape[1]), dtype=np.float32)
    weighted = normalize(tfidf_weight(history[:, told].T)).T.tocsr()
    weighted.data = np.nan_to_num(weighted.data)
    found = all_pairs_knn(weighted, neighbours + 1, show_progress=False, num_threads=1).tocoo()
    place = np.flatnonzero(told)
    other = found.row != found.col
    cells = (place[found.row[other]], place[found.col[other]])
    values = found.data[other].astype(np.float32)
    return csr_matrix((values, cells), shape=(history.shape[1], history.shape[1]))


def _alike(similarities: pa.Table, product_ids: NDArray[Any], column: IntArray, offered: int) -> Any:
    """Similarity of each offered product to the offered ones like it."""
    from scipy.sparse import csr_matrix

    if not similarities.num_rows:
        return csr_matrix((offered, offered), dtype=np.float32)
    first, second = (positions(product_ids, texts(similarities[name])) for name in ("product_id", "similar_product_id"))
    columns = [np.where(place >= 0, column[place], -1) for place in (first, second)]
    both = (columns[0] >= 0) & (columns[1] >= 0)
    values = np.asarray(similarities["similarity"].to_numpy(), dtype=np.float32)
    return csr_matrix((values[both], (columns[0][both], columns[1][both])), shape=(offered, offered))
