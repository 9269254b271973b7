import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from unit.customer_rows import AS_OF, QUICK, category_rows, snapshot_rows
from upswing.customers.customer_predictor_evaluation import fit_customer_predictor
from upswing.fits import SliceMetric
from upswing.slices import (
    PEOPLE,
    SMALL,
    UNKNOWN,
    Groups,
    difference,
    mean,
    of_amounts,
    of_probabilities,
    reliability,
    roc_auc,
    share,
    slices,
    told_apart,
)


def drawn(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels that come true as often as promised, the promises, and a subject a row."""
    generator = np.random.default_rng(seed)
    promised = generator.uniform(0.05, 0.95, rows)
    return (generator.uniform(size=rows) < promised).astype(float), promised, np.arange(rows)


def gap_of(row: SliceMetric) -> tuple[float, float]:
    assert row.gap_lower is not None
    assert row.gap_upper is not None
    return row.gap_lower, row.gap_upper


def test_small_groups_are_one_and_never_to_be_had_by_subtraction() -> None:
    groups = np.array(["a"] * 50 + ["b"] * 40 + ["c"] * 5 + ["d"] * 4, dtype=object)
    merged, pooled = told_apart(groups, np.arange(99), 30)
    # c and d have 9 subjects together: b joins them.
    assert sorted(set(merged)) == [SMALL, "a"]
    assert pooled == 3
    assert (merged == SMALL).sum() == 49


def test_enough_small_groups_are_told_together() -> None:
    groups = np.array([name for name in "abcdef" for _ in range(10)] + ["g"] * 60, dtype=object)
    merged, pooled = told_apart(groups, np.arange(120), 30)
    assert (sorted(set(merged)), pooled) == ([SMALL, "g"], 6)


def test_a_group_is_as_large_as_its_subjects() -> None:
    groups = np.array(["a"] * 100 + ["b"] * 100, dtype=object)
    subjects = np.concatenate([np.arange(100), np.repeat(np.arange(100, 105), 20)])
    merged, _ = told_apart(groups, subjects, 30)
    assert set(merged) == {SMALL}


def test_the_gap_of_a_group_that_is_wronged_is_found_and_that_of_the_others_is_not() -> None:
    labels, promised, who = drawn(4000)
    group = np.array([f"g{number % 4}" for number in range(4000)], dtype=object)
    wronged = promised + np.where(group == "g1", 0.15, 0.0)
    found = slices("time", "t", {"c": group}, who, of_probabilities(labels, wronged, who), 30)
    gaps = {row.slice_value: row for row in found if row.metric == "calibration_gap"}
    bounds = {name: gap_of(row) for name, row in gaps.items()}
    assert bounds["g1"][0] > 0.05
    assert gaps["g1"].value == pytest.approx(0.15, abs=0.04)
    assert all(bounds[name][1] < 0.05 for name in ("g0", "g2", "g3"))
    for row in found:
        assert row.others is not None
        assert row.value - row.others == pytest.approx(sum(gap_of(row)) / 2, abs=0.02)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    hits = []
    for seed in range(200):
        labels, promised, who = drawn(300, seed)
        estimate = of_probabilities(labels, promised, who)(np.ones(300, dtype=bool), 1.96)["calibration_gap"]
        hits.append(estimate.lower <= 0 <= estimate.upper)
    # Given the promises, outcomes spread less than a share alone does: the interval is on the safe side.
    assert np.mean(hits) >= 0.94


def test_the_auc_is_that_of_scikit_learn_and_its_interval_grows_with_rows_of_one_subject() -> None:
    labels, promised, who = drawn(400)
    promised = promised.round(1)
    single = roc_auc(labels, promised, who, 1.96)
    assert single.value == pytest.approx(roc_auc_score(labels, promised))
    often = roc_auc(np.tile(labels, 4), np.tile(promised, 4), np.tile(who, 4), 1.96)
    assert often.upper - often.lower == pytest.approx(single.upper - single.lower)


def test_shares_of_none_and_of_all_are_in_doubt_too() -> None:
    none = share(np.zeros(20), np.arange(20), 1.96)
    assert (none.value, none.lower) == (0, 0)
    assert 0.1 < none.upper < 0.25
    assert share(np.ones(20), np.arange(20), 1.96).lower == pytest.approx(1 - none.upper)


def test_a_difference_of_means_is_that_of_the_normal() -> None:
    generator = np.random.default_rng(3)
    ours, theirs = (mean(generator.normal(size=1000), np.arange(1000), 1.96) for _ in range(2))
    low, high = difference(ours, theirs)
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(2 / 1000), rel=0.1)


def test_reliability_bins_hold_all_rows_in_order() -> None:
    labels, promised, who = drawn(1000)
    bins = [row for row in reliability("time", "t", labels, promised, who) if row.metric == "mean_prediction"]
    assert [row.slice_value for row in bins] == [f"{number:02d}" for number in range(1, 11)]
    assert sum(row.rows for row in bins) == 1000
    assert [row.value for row in bins] == sorted(row.value for row in bins)
    assert len({row.slice_value for row in reliability("time", "t", labels[:65], promised[:65], who[:65])}) == 2
    assert reliability("time", "t", labels[:0], promised[:0], who[:0]) == []


def test_a_column_that_nobody_delivered_is_said_and_not_compared() -> None:
    labels, promised, who = drawn(100)
    unknown = np.array([UNKNOWN] * 100, dtype=object)
    (row,) = slices("time", "t", {"region": unknown}, who, of_probabilities(labels, promised, who), 30)
    assert (row.metric, row.slice_value, row.subjects, row.others) == ("subjects", UNKNOWN, 100, None)


def test_the_customers_groups_slice_the_fit_and_change_nothing_of_it() -> None:
    snapshots, categories = snapshot_rows(), category_rows()
    customers = sorted(set(snapshots["customer_id"].to_pylist()))
    rows: dict[str, list[str | None]] = {name: [None] * len(customers) for name in PEOPLE}
    rows["income_band"] = [("low", "high", None)[number % 3] for number in range(len(customers))]
    groups = Groups.from_arrow(pa.table({"customer_id": customers} | rows), 10)
    plain = fit_customer_predictor(snapshots, categories, AS_OF, QUICK)
    sliced = fit_customer_predictor(snapshots, categories, AS_OF, QUICK, groups=groups)
    assert (sliced.weights, sliced.metrics, sliced.verdict) == (plain.weights, plain.metrics, plain.verdict)
    assert {row.slice_column for row in plain.slices} == {"predicted_tenth"}
    bands = {row.slice_value for row in sliced.slices if row.slice_column == "income_band"}
    assert {"low", "high", UNKNOWN} >= bands
    assert bands
    assert {row.slice_value for row in sliced.slices if row.slice_column == "region"} == {UNKNOWN}
    tested = {metric.target: metric.value for metric in plain.metrics if metric.metric == "rows"}
    for target in ("churn", "purchase_intent"):
        seen = {
            row.slice_value: row.rows
            for row in sliced.slices
            if row.target == target and row.slice_column == "income_band"
        }
        assert sum(seen.values()) == tested[target]


def test_who_spends_more_is_not_wronged_for_it() -> None:
    generator = np.random.default_rng(5)
    group = np.array(["rich", "poor"] * 500, dtype=object)
    scale = np.where(group == "rich", 10.0, 1.0)
    actual = scale * generator.uniform(5, 15, 1000)
    predicted = actual + scale * generator.normal(size=1000)
    found = slices("time", "t", {"c": group}, np.arange(1000), of_amounts(actual, predicted, np.arange(1000)), 30)
    (rich,) = [row for row in found if row.metric == "wape" and row.slice_value == "rich"]
    assert rich.value == pytest.approx(0.08, abs=0.01)
    low, high = gap_of(rich)
    assert low < 0 < high
