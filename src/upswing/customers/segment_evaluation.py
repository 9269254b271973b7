"""How good and how lasting the segments are, beside HDBSCAN's and those of a manager's RFM scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from upswing.customers.segment_clusters import (
    NOISE,
    Assign,
    DensityClusters,
    IntArray,
    KMeansClusters,
    rfm_clusters,
    silhouette,
)
from upswing.customers.segment_features import FloatArray, SnapshotFeatures
from upswing.customers.segment_parameters import SegmentParameters
from upswing.fits import Metric
from upswing.splits import hash_folds, lowest_hashes
from upswing.verdicts import compared

SPLIT = "two snapshots"
TARGET = "segments"
MODEL = "model"

RESAMPLES = 200

Learn = Callable[[SnapshotFeatures], Assign | None]


@dataclass(frozen=True)
class Clustering:
    """What one competitor made of the customers who were there on both days.

    Attributes:
        now: clusters of the customers now.
        anew: clusters on the earlier day, learned on that day; None where there is no such day.
        same: clusters on the earlier day by what was learned now; None likewise.
        halves: a pair of clusterings now for each halving, each learned on one half.
    """

    now: IntArray
    anew: IntArray | None
    same: IntArray | None
    halves: list[tuple[IntArray, IntArray]]


def competitors(clusters: KMeansClusters, parameters: SegmentParameters) -> dict[str, Learn]:
    """What learns to assign customers; the model's number of clusters is chosen anew each time."""

    def kmeans(customers: SnapshotFeatures) -> Assign | None:
        found = KMeansClusters.fit(customers, parameters)
        return None if found is None else found.assign

    return {
        MODEL: kmeans,
        "hdbscan": lambda customers: DensityClusters.fit(customers, parameters).assign,
        "rfm_quintiles": lambda customers: rfm_clusters(customers, len(clusters.centroids)),
    }


def agreement(these: IntArray | None, those: IntArray | None) -> float:
    """Adjusted Rand index of two clusterings of the same customers: 1 the same, 0 no better than chance.

    NaN where one is missing or has a single cluster, which would agree with any other of that kind and say nothing.
    """
    if these is None or those is None or min(len(np.unique(these)), len(np.unique(those))) < 2:
        return float("nan")
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(these, those))


def clustering_of(
    learn: Learn,
    assign: Assign,
    now: SnapshotFeatures,
    earlier: SnapshotFeatures | None,
    both: SnapshotFeatures,
    parameters: SegmentParameters,
) -> Clustering:
    """One competitor's clusters.

    Args:
        learn: the competitor.
        assign: what it learned on ``now``.
        now, earlier: all customers of the two days who had bought.
        both: the customers of both days, as they are now.
        parameters: see there.
    """
    anew = same = None
    if earlier is not None:
        then = earlier[np.isin(earlier.customer_ids, both.customer_ids)].values
        learned_then = learn(earlier)
        anew = None if learned_then is None else learned_then(then)
        same = assign(then)
    halves = []
    for number in range(parameters.half_samples):
        half = hash_folds(now.customer_ids, 2, f"half {number}")
        first, second = (learn(now[half == side]) if np.any(half == side) else None for side in (0, 1))
        if first is not None and second is not None:
            halves.append((first(both.values), second(both.values)))
    return Clustering(assign(both.values), anew, same, halves)


def metrics_of(name: str, found: Clustering, points: FloatArray, judged: IntArray) -> list[Metric]:
    """The figures of one competitor.

    Args:
        name: of the competitor.
        found: its clusters.
        points: of the same customers, in the space of the served fit: one space for all competitors.
        judged: rows that the silhouette is measured on.
    """
    halves = [agreement(*pair) for pair in found.halves]
    figures = {
        "silhouette": silhouette(points[judged], found.now[judged]),
        "adjusted_rand": agreement(found.now, found.anew),
        "adjusted_rand_same_fit": agreement(found.now, found.same),
        "adjusted_rand_half_samples": float(np.mean(halves)) if halves else float("nan"),
        "clusters": float(len(np.unique(found.now[found.now != NOISE]))),
        "noise_share": float((found.now == NOISE).mean()) if len(found.now) else float("nan"),
        "rows": float(len(found.now)),
    }
    return [Metric(SPLIT, TARGET, name, metric, value) for metric, value in figures.items()]


def evaluate(
    clusters: KMeansClusters,
    density: DensityClusters,
    now: SnapshotFeatures,
    earlier: SnapshotFeatures | None,
    parameters: SegmentParameters,
) -> tuple[list[Metric], str]:
    """Metrics of all competitors on the customers who had bought by both days, and a verdict.

    Args:
        clusters, density: as they are served, learned on ``now``.
        now: customers who bought.
        earlier: the same on the earlier day; None where the data do not reach back.
        parameters: see there.
    """
    both = now if earlier is None else now[np.isin(now.customer_ids, earlier.customer_ids)]
    learners = competitors(clusters, parameters)
    learned = {MODEL: clusters.assign, "hdbscan": density.assign, "rfm_quintiles": learners["rfm_quintiles"](now)}
    found = {
        name: clustering_of(learn, assign, now, earlier, both, parameters)
        for name, learn in learners.items()
        if (assign := learned[name]) is not None
    }
    points = clusters.space.points(both.values)
    judged = lowest_hashes(both.customer_ids, parameters.density_customers, "silhouette")
    metrics = [metric for name, each in found.items() for metric in metrics_of(name, each, points, judged)]
    return metrics, segment_verdict(found, metrics, points[judged], judged)


def segment_verdict(found: dict[str, Clustering], metrics: list[Metric], points: FloatArray, judged: IntArray) -> str:
    """One sentence: the model against its best baseline by silhouette and by agreement between the two days.

    Args:
        found: clusters by competitor.
        metrics: as of :func:`metrics_of`.
        points: of the customers that the silhouette is measured on.
        judged: their rows.
    """
    values = {(metric.competitor, metric.metric): metric.value for metric in metrics}
    rows = f"on {len(found[MODEL].now):,} customers"
    parts = [f"{values[MODEL, 'clusters']:.0f} segments"]
    for metric, words in (("silhouette", "silhouette"), ("adjusted_rand", "adjusted Rand index of the two days")):
        figures = {name: values[name, metric] for name in found}
        rivals = {name: value for name, value in figures.items() if name != MODEL and not np.isnan(value)}
        if not rivals or np.isnan(figures[MODEL]):
            parts.append(f"{words}: not measurable, so that no best baseline is known")
            continue
        rival = max(rivals, key=lambda name: rivals[name])
        if metric == "silhouette":
            low, high = _silhouette_interval(points, found[MODEL].now[judged], found[rival].now[judged])
        else:
            low, high = _agreement_interval(found[MODEL], found[rival])
        parts.append(
            f"{words}: the model {compared(low, high)} its best baseline {rival} "
            f"({values[rival, 'clusters']:.0f} clusters), {figures[MODEL]:.3f} against {rivals[rival]:.3f}, "
            f"difference {low:+.3f} to {high:+.3f}"
        )
    return f"{'; '.join(parts)}; {rows}"


def _silhouette_interval(points: FloatArray, ours: IntArray, theirs: IntArray) -> tuple[float, float]:
    from sklearn.metrics import silhouette_samples

    differences = silhouette_samples(points, ours) - silhouette_samples(points, theirs)
    draws = [differences[rows].mean() for rows in _resamples(len(differences))]
    return _middle(draws)


def _agreement_interval(ours: Clustering, theirs: Clustering) -> tuple[float, float]:
    pairs = [(each.now, each.anew) for each in (ours, theirs)]
    draws = []
    for rows in _resamples(len(ours.now)):
        first, second = (agreement(now[rows], None if anew is None else anew[rows]) for now, anew in pairs)
        draws.append(first - second)
    return _middle([draw for draw in draws if not np.isnan(draw)])


def _resamples(rows: int) -> list[IntArray]:
    generator = np.random.default_rng(7)
    return [generator.integers(0, rows, rows) for _resample in range(RESAMPLES)]


def _middle(draws: list[float]) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.025, 0.975]) if draws else (float("nan"), float("nan"))
    return float(low), float(high)
