from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from unit.segments import EARLIER, QUICK, customer, drawn, table, two_days
from upswing.customers.segment_clusters import DensityClusters
from upswing.customers.segment_evaluation import agreement
from upswing.customers.segment_features import snapshots_of
from upswing.customers.segment_fit import fit_customer_segments, training_customers
from upswing.customers.segment_model import SegmentModel
from upswing.customers.segment_parameters import SegmentParameters
from upswing.fits import Fit, NotEnoughHistory

COMPETITORS = {"model", "hdbscan", "rfm_quintiles"}


@pytest.fixture(scope="module")
def fit() -> Fit:
    return fit_customer_segments(two_days(), QUICK, None)


def figures(fit: Fit) -> dict[tuple[str, str], float]:
    return {(metric.competitor, metric.metric): metric.value for metric in fit.metrics}


def test_all_competitors_are_measured_on_the_same_rows(fit: Fit) -> None:
    found = figures(fit)
    assert {(metric.split, metric.target) for metric in fit.metrics} == {("two snapshots", "segments")}
    assert {competitor for competitor, _ in found} == COMPETITORS
    assert {found[name, "rows"] for name in COMPETITORS} == {240}
    assert len({metric for _, metric in found}) * len(COMPETITORS) == len(found) == len(fit.metrics)


def test_groups_that_stay_are_found_again(fit: Fit) -> None:
    found = figures(fit)
    for metric in ("adjusted_rand", "adjusted_rand_same_fit", "adjusted_rand_half_samples"):
        assert found["model", metric] > 0.95, metric
        assert found["rfm_quintiles", metric] < found["model", metric], metric
    assert found["model", "clusters"] == 4
    assert found["model", "noise_share"] == 0
    assert found["model", "silhouette"] > found["rfm_quintiles", "silhouette"]
    assert fit.verdict.count("its best baseline") == 2
    assert fit.verdict.startswith("4 segments; silhouette: the model ")


def test_only_who_was_there_on_both_days_is_compared() -> None:
    came = [row | {"customer_id": f"new {row['customer_id']}"} for row in drawn(40, seed=3)]
    left = [row | {"customer_id": f"old {row['customer_id']}"} for row in drawn(40, EARLIER, seed=4)]
    never = [customer("never"), customer("never", EARLIER)]
    rows = table(drawn(240) + drawn(240, EARLIER, seed=2) + came + left + never)
    assert figures(fit_customer_segments(rows, QUICK, None))["model", "rows"] == 240


def test_fit_does_not_depend_on_the_order_of_the_rows(fit: Fit) -> None:
    rows = two_days()
    shuffled = rows.take(pa.array(np.random.default_rng(0).permutation(rows.num_rows)))
    assert repr(fit_customer_segments(shuffled, QUICK, None)) == repr(fit)


def test_without_an_earlier_day_nothing_is_said_of_lasting() -> None:
    alone = fit_customer_segments(table(drawn(240)), QUICK, None)
    found = figures(alone)
    assert np.isnan(found["model", "adjusted_rand"])
    assert found["model", "adjusted_rand_half_samples"] > 0.95
    assert "two days: not measurable" in alone.verdict
    assert alone.verdict.count("best baseline") == 2


def test_too_few_on_the_earlier_day_are_no_day() -> None:
    found = figures(fit_customer_segments(table(drawn(240) + drawn(39, EARLIER)), QUICK, None))
    assert found["model", "rows"] == 240
    assert np.isnan(found["model", "adjusted_rand"])


def test_an_earlier_fit_keeps_its_numbers(fit: Fit) -> None:
    before = SegmentModel.from_bytes(fit.weights)
    renumbered = replace(before, numbers=np.array([4, 8, 2, 6]), highest_number=8).to_bytes()
    again = SegmentModel.from_bytes(fit_customer_segments(two_days(), QUICK, renumbered).weights)
    assert again.numbers.tolist() == [2, 4, 6, 8]


@pytest.mark.parametrize("customers", [0, 39])
def test_too_few_customers_are_not_learned_from(customers: int) -> None:
    rows = table([*drawn(customers), *(customer(f"never {number}") for number in range(customers))])
    told = f"{customers} customers who bought, at least 40 needed: 10 for each of min_segments 4"
    with pytest.raises(NotEnoughHistory, match=told):
        fit_customer_segments(rows, QUICK, None)


def test_the_least_number_of_customers_is_learned_from() -> None:
    assert len(SegmentModel.from_bytes(fit_customer_segments(table(drawn(40)), QUICK, None).weights).numbers) == 4


def test_customers_who_are_all_alike_are_not_learned_from() -> None:
    rows = table([customer(f"c{number}", orders=1, recency_days=3) for number in range(40)])
    with pytest.raises(NotEnoughHistory, match="of whom fewer than min_segments 4 differ"):
        fit_customer_segments(rows, QUICK, None)


def test_more_customers_than_train_are_sampled() -> None:
    snapshot = snapshots_of(table(drawn(240)), QUICK.cap_days)[0]
    few = replace(QUICK, training_customers=100, density_customers=50)
    assert len(training_customers(snapshot, few)) == 100
    assert len(DensityClusters.fit(snapshot, few).points) == 50


def test_no_segment_is_of_so_few_customers_that_its_centre_tells_of_them() -> None:
    strange = [
        customer(f"z{number}", orders=900, recency_days=1, orders_active=900, revenue_active=9e6, average_basket=1e4)
        for number in range(4)
    ]
    rows = table([*drawn(240), *strange])
    alone = SegmentModel.from_bytes(fit_customer_segments(rows, replace(QUICK, least_customers=1), None).weights)
    among = SegmentModel.from_bytes(fit_customer_segments(rows, QUICK, None).weights)
    values = snapshots_of(rows, QUICK.cap_days)[0].values
    assert np.bincount(alone.clusters.assign(values)).min() == 4
    assert np.bincount(among.clusters.assign(values)).min() >= 5
    with pytest.raises(NotEnoughHistory, match="fewer than k_anonymity 200 are in one of them"):
        fit_customer_segments(rows, replace(QUICK, least_customers=200), None)


def test_agreement_is_not_told_of_a_single_cluster() -> None:
    two = np.array([0, 0, 1, 1])
    assert agreement(two, 1 - two) == 1
    assert np.isnan(agreement(two, np.zeros(4, dtype=np.int64)))
    assert np.isnan(agreement(two, None))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"min_segments": 1}, "vars min_segments and max_segments are 1 and 8; expected"),
        ({"min_segments": 9}, "vars min_segments and max_segments are 9 and 8; expected"),
        ({"active_weeks": 0}, "var active_weeks is 0; expected"),
        ({"style_weight": 0.0}, "style_weight is 0.0; expected"),
        ({"winsor": -1.0}, "winsor is -1.0; expected"),
        ({"density_cluster_share": 0.0}, "density_cluster_share is 0.0; expected"),
        ({"half_samples": 0}, "half_samples is 0; expected"),
        ({"restarts": 0}, "restarts is 0; expected"),
        ({"density_customers": 39}, "density_customers is 39; expected"),
    ],
)
def test_parameters_name_what_is_wrong(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}"):
        SegmentParameters(**wrong)
