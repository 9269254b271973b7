"""How customers are segmented."""

from __future__ import annotations

from dataclasses import dataclass

from upswing.shared_terms import LEAST_SUBJECTS, check_least_subjects


@dataclass(frozen=True)
class DensityRules:
    """How HDBSCAN finds the customers who belong to no dense group.

    Attributes:
        customers: most that it clusters; of more, those with the lowest hashes of their ids.
        cluster_share: least share of these in a cluster.
        neighbours: that it takes the density from.
    """

    customers: int = 5_000
    cluster_share: float = 0.02
    neighbours: int = 5


@dataclass(frozen=True)
class SegmentParameters:
    """How segments are found and measured.

    Attributes:
        min_segments, max_segments: bounds of the number of clusters.
        active_weeks: what a customer does lately is counted over; twice as many are as far as recency, days between
            orders and tenure are told apart.
        style_weight: weight of a feature that says how a customer buys, beside 1 of how much and how often.
        winsor: how many scales from the median a feature lies at most.
        customers_per_segment: least customers to learn from, for each of ``min_segments``.
        training_customers: where there are more, those with the lowest hashes of their ids train.
        density_customers: most customers that HDBSCAN clusters and the silhouette is measured on, likewise.
        density_cluster_share: least share of these in a cluster of HDBSCAN's.
        density_neighbours: neighbours that HDBSCAN takes the density from.
        half_samples: how many times the customers are halved to see whether both halves find the same segments.
        least_customers: of each segment (var ``k_anonymity``): a centre of fewer would tell of single customers.
        restarts: starts of k-means, of which the best counts.
        seed: of k-means.
    """

    min_segments: int = 4
    max_segments: int = 8
    active_weeks: int = 13
    style_weight: float = 0.25
    winsor: float = 3.0
    customers_per_segment: int = 10
    training_customers: int = 50_000
    density_customers: int = 5_000
    density_cluster_share: float = 0.02
    density_neighbours: int = 5
    half_samples: int = 3
    least_customers: int = LEAST_SUBJECTS
    restarts: int = 10
    seed: int = 7

    def __post_init__(self) -> None:
        if not 2 <= self.min_segments <= self.max_segments:
            raise ValueError(
                f"vars min_segments and max_segments are {self.min_segments} and {self.max_segments}; "
                "expected at least 2 segments and a maximum that is no smaller"
            )
        if self.active_weeks < 1:
            raise ValueError(f"var active_weeks is {self.active_weeks}; expected at least 1 week")
        for name in ("style_weight", "winsor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a number above 0")
        if not 0 < self.density_cluster_share <= 1:
            raise ValueError(f"density_cluster_share is {self.density_cluster_share}; expected a share above 0")
        for name in ("customers_per_segment", "density_neighbours", "half_samples", "restarts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        check_least_subjects("least_customers", self.least_customers)
        for name in ("training_customers", "density_customers"):
            if getattr(self, name) < self.min_customers:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least {self.min_customers} customers")

    @property
    def density(self) -> DensityRules:
        """How outliers are found."""
        return DensityRules(self.density_customers, self.density_cluster_share, self.density_neighbours)

    @property
    def cap_days(self) -> int:
        """Days beyond which recency, days between orders and tenure are not told apart."""
        return 2 * 7 * self.active_weeks

    @property
    def min_customers(self) -> int:
        """Least customers to learn from."""
        return self.min_segments * self.customers_per_segment
