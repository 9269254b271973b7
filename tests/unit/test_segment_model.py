from dataclasses import replace

import numpy as np
import pytest

from unit.segments import QUICK, customer, drawn, table
from upswing.customers.segment_clusters import DensityClusters, IntArray, KMeansClusters, rfm_clusters
from upswing.customers.segment_features import FEATURE_NAMES, FloatArray, SnapshotFeatures, snapshots_of
from upswing.customers.segment_model import SegmentModel, earlier_model, segment_numbers, value_order
from upswing.one_thread import hold_one_thread
from upswing.tensors import pack, unpack

REVENUE = FEATURE_NAMES.index("revenue_active")


@pytest.fixture(scope="module")
def customers() -> SnapshotFeatures:
    return snapshots_of(table(drawn(240)), QUICK.cap_days)[0]


def learned(customers: SnapshotFeatures, earlier: SegmentModel | None = None) -> SegmentModel:
    hold_one_thread()
    clusters = KMeansClusters.fit(customers, QUICK)
    assert clusters is not None
    return SegmentModel.numbered(clusters, QUICK.density, customers, QUICK.cap_days, earlier)


@pytest.fixture(scope="module")
def model(customers: SnapshotFeatures) -> SegmentModel:
    return learned(customers)


def groups_of(labels: IntArray) -> list[set[int]]:
    return [set(labels[group::4].tolist()) for group in range(4)]


def test_what_differs_is_told_apart(customers: SnapshotFeatures, model: SegmentModel) -> None:
    found = groups_of(model.numbers[model.distances(customers.values).argmin(axis=1)])
    assert len(model.numbers) == 4
    assert all(len(group) == 1 for group in found)
    assert len(set.union(*found)) == 4


def test_segments_are_numbered_by_revenue(model: SegmentModel) -> None:
    assert model.numbers.tolist() == [1, 2, 3, 4]
    revenue = model.clusters.centroids[:, REVENUE]
    assert revenue.tolist() == sorted(revenue, reverse=True)


def test_ties_in_revenue_and_orders_are_broken() -> None:
    centroids = np.zeros((2, len(FEATURE_NAMES)))
    centroids[1, FEATURE_NAMES.index("stores_active")] = 1
    assert value_order(centroids).tolist() == [1, 0]
    assert value_order(centroids[::-1]).tolist() == [0, 1]


def test_bytes_round_trip(customers: SnapshotFeatures, model: SegmentModel) -> None:
    found = SegmentModel.from_bytes(model.to_bytes())
    assert found.to_bytes() == model.to_bytes()
    np.testing.assert_array_equal(found.distances(customers.values), model.distances(customers.values))
    for one, other in zip(found.outliers(customers), model.outliers(customers), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fit_keeps_no_row_of_a_customer(customers: SnapshotFeatures, model: SegmentModel) -> None:
    arrays, _facts = unpack(model.to_bytes())
    assert not [name for name, array in arrays.items() if len(array) == len(customers)]
    points = {tuple(point) for point in model.clusters.space.points(customers.values).round(6).tolist()}
    for name, array in arrays.items():
        if array.ndim == 2:
            assert points.isdisjoint(tuple(row) for row in array.round(6).tolist()), name


def test_numbers_outlive_a_refit(model: SegmentModel) -> None:
    """All buy more by now, so that every centroid moved, and the third segment past the second in revenue."""
    permuted = replace(model, numbers=np.array([7, 3, 5, 2]), highest_number=9)
    later = snapshots_of(table(drawn(260, seed=5, shift=2.0)), QUICK.cap_days)[0]
    refitted = learned(later, permuted)
    assert refitted.highest_number == 9
    assert refitted.numbers.tolist() == [2, 3, 5, 7]
    by_revenue = refitted.numbers[np.argsort(-refitted.clusters.centroids[:, REVENUE])]
    assert by_revenue.tolist() == [7, 5, 3, 2]


def with_centroids(model: SegmentModel, centroids: FloatArray) -> KMeansClusters:
    return KMeansClusters(model.clusters.space, centroids)


def test_a_new_segment_gets_a_number_that_no_other_had(model: SegmentModel) -> None:
    away = model.clusters.centroids[:1] + 50.0
    earlier = replace(model, highest_number=6)
    numbers, highest = segment_numbers(with_centroids(model, np.vstack([away, model.clusters.centroids])), earlier)
    assert numbers.tolist() == [7, 1, 2, 3, 4]
    assert highest == 7


def test_a_centroid_that_moved_past_the_next_one_is_another_segment(model: SegmentModel) -> None:
    moved = model.clusters.centroids.copy()
    moved[3] = moved[3] - 50.0
    assert segment_numbers(with_centroids(model, moved), model)[0].tolist() == [1, 2, 3, 5]


def test_fewer_segments_leave_a_gap(model: SegmentModel) -> None:
    numbers, highest = segment_numbers(with_centroids(model, model.clusters.centroids[[0, 2, 3]]), model)
    assert numbers.tolist() == [1, 3, 4]
    assert highest == 4


def test_a_fit_that_knew_other_features_numbers_nothing(model: SegmentModel) -> None:
    arrays, facts = unpack(model.to_bytes())
    assert earlier_model(pack(arrays, facts | {"features": ["shoe_size"]})) is None
    assert earlier_model(None) is None
    assert earlier_model(model.to_bytes()) is not None


def test_who_is_like_nobody_is_an_outlier(customers: SnapshotFeatures, model: SegmentModel) -> None:
    strange = customer("z", orders=9, recency_days=180, orders_active=90, revenue_active=0.0, average_basket=0.0)
    beside = snapshots_of(table([*drawn(240), strange]), QUICK.cap_days)[0]
    is_outlier, score = model.outliers(beside)
    lonely = beside.customer_ids == "z"
    assert is_outlier[lonely].tolist() == [True]
    assert score[lonely][0] > 3
    assert np.median(score) == pytest.approx(1)
    is_outlier, _score = model.outliers(customers)
    np.testing.assert_array_equal(is_outlier, DensityClusters.fit(customers, QUICK).labels == -1)


def test_among_a_handful_nobody_is_an_outlier(customers: SnapshotFeatures, model: SegmentModel) -> None:
    is_outlier, score = model.outliers(customers[np.arange(9)])
    assert not is_outlier.any()
    assert np.isnan(score).all()


def test_rfm_scores_rank_recent_frequent_and_valuable_customers_first(customers: SnapshotFeatures) -> None:
    found = rfm_clusters(customers, 4)(customers.values)
    assert found.min() == 0
    assert found.max() == 3
    means = [found[group::4].mean() for group in range(4)]
    assert means == sorted(means, reverse=True)


def test_customers_who_are_all_alike_are_no_segments() -> None:
    alike = table([customer(f"c{number}", orders=1, recency_days=3) for number in range(100)])
    hold_one_thread()
    assert KMeansClusters.fit(snapshots_of(alike, QUICK.cap_days)[0], QUICK) is None
