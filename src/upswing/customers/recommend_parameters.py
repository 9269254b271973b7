"""How the recommender is trained, measured and served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecommenderParameters:
    """Of the recommender.

    Attributes:
        test_weeks: weeks after a cut in which purchases are the label; the last such weeks test.
        active_weeks: a product sold within these weeks before a cut may be recommended.
        recent_weeks: what counts as recent.
        repeat_category_share: least share of a category's customers who bought it again, for repeats to be allowed.
        min_days: customers with fewer days of purchase are new.
        intent_days: how far ahead the probability of buying of a category looks, which the ranker knows.
        training_cuts: most cuts the ranker is trained on; they lie ``test_weeks`` apart.
        most_customers: most customers a cut that train, and that test; a sample by hash of id where there are more.
        min_customers: fewest test customers for which a measurement is worth anything.
        factors, iterations, regularization, purchase_weight: of ALS; the weight of log(1 + days bought).
        neighbours: products that are kept as alike in item-item.
        min_product_customers: products of fewer customers say nothing about who buys alike.
        half_life_days: after so many days a purchase weighs half.
        own_candidates, als_candidates, item_candidates, content_candidates, popular_candidates: most of each source a
            customer.
        most_per_category: most products of one category in a list.
        most_repeats: most of a list that may be repeats, as a share; the rest is left to what was never bought.
        min_described: of fewer customers no share is stated, and a segment of fewer has no favourites of its own.
        rounds, learning_rate, leaves, min_leaf_rows: of the boosted trees.
    """

    test_weeks: int
    active_weeks: int
    repeat_category_share: float
    min_days: int
    intent_days: int
    recent_weeks: int = 4
    training_cuts: int = 3
    most_customers: int = 2_500
    min_customers: int = 50
    factors: int = 64
    iterations: int = 15
    regularization: float = 0.05
    purchase_weight: float = 2.0
    neighbours: int = 50
    min_product_customers: int = 3
    half_life_days: float = 42.0
    own_candidates: int = 100
    als_candidates: int = 50
    item_candidates: int = 40
    content_candidates: int = 20
    popular_candidates: int = 40
    most_per_category: int = 5
    most_repeats: float = 0.75
    min_described: int = 30
    rounds: int = 100
    learning_rate: float = 0.1
    leaves: int = 15
    min_leaf_rows: int = 100

    def __post_init__(self) -> None:
        for name, var in (
            ("test_weeks", "recommendation_test_weeks"),
            ("active_weeks", "active_weeks"),
            ("min_days", "min_recommendation_days"),
            ("intent_days", "intent_days"),
            ("recent_weeks", "recent_weeks"),
            ("most_per_category", "max_recommendations_per_category"),
            ("min_described", "min_described_customers"),
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"var {var} is {getattr(self, name)}; expected at least 1")
        if not 0 <= self.repeat_category_share <= 1:
            raise ValueError(f"var repeat_category_share is {self.repeat_category_share}; expected a share from 0 to 1")
        for name in ("training_cuts", "factors", "neighbours", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if not 0 < self.most_repeats <= 1:
            raise ValueError(f"var max_repeat_share is {self.most_repeats}; expected a share above 0 up to 1")
        if self.half_life_days <= 0:
            raise ValueError(f"half_life_days is {self.half_life_days}; expected a number of days above 0")
