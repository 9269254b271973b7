import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from unit.shoppers import AS_OF, CUT, NO_SIMILARITIES, PARAMETERS, make_products, make_purchases
from upswing.customers.purchase_matrix import Purchases
from upswing.customers.recommend_batches import Cut
from upswing.customers.recommend_evaluation import TARGETS, compare
from upswing.customers.recommend_fit import TrainingData, cut_days, fit_recommender, from_bytes
from upswing.customers.recommend_intents import INTENT_SCHEMA, snapshot_rows
from upswing.customers.recommend_metrics import Measured, figures, measured, verdict_of
from upswing.fits import Fit, NotEnoughHistory, metrics_json

NO_SNAPSHOTS = pa.table(
    {
        "customer_id": pa.array([], type=pa.string()),
        "snapshot_on": pa.array([], type=pa.date32()),
        "category": pa.array([], type=pa.string()),
    }
    | {
        name: pa.array([], type=pa.int64())
        for name in (
            "category_rank",
            "order_days",
            "order_days_recent",
            "order_days_active",
            "recency_days",
            "views_recent",
            "order_days_in_intent_window",
        )
    }
    | {
        name: pa.array([], type=pa.float64())
        for name in ("revenue_active", "mean_days_between", "lateness", "affinity")
    }
)


def data_of(purchases: pa.Table) -> TrainingData:
    return TrainingData(purchases, make_products(), NO_SIMILARITIES, NO_SNAPSHOTS)


def shuffled(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(3).permutation(table.num_rows)))


@pytest.fixture(scope="module")
def purchases() -> pa.Table:
    return make_purchases()


@pytest.fixture(scope="module")
def fit(purchases: pa.Table) -> Fit:
    return fit_recommender(data_of(purchases), AS_OF, PARAMETERS)


def test_the_same_rows_in_another_order_give_the_same_bytes(purchases: pa.Table, fit: Fit) -> None:
    data = data_of(shuffled(purchases))
    again = fit_recommender(replace(data, products=shuffled(data.products)), AS_OF, PARAMETERS)
    assert (again.weights, again.verdict) == (fit.weights, fit.verdict)
    assert metrics_json(again.metrics) == metrics_json(fit.metrics)


def test_every_competitor_is_measured_on_the_same_customers(fit: Fit) -> None:
    rows = {(metric.target, metric.competitor): metric.value for metric in fit.metrics if metric.metric == "rows"}
    for target in TARGETS:
        assert len({value for (of, _competitor), value in rows.items() if of == target}) == 1
    assert {competitor for target, competitor in rows if target == "purchases"} >= {
        "model",
        "own_history",
        "popularity",
    }
    assert ("new_purchases", "own_history") not in rows


def test_what_is_sure_to_be_bought_again_is_found(fit: Fit) -> None:
    found = {(metric.target, metric.competitor, metric.metric): metric.value for metric in fit.metrics}
    assert found["purchases", "model", "ndcg_at_10"] > found["purchases", "popularity", "ndcg_at_10"]
    assert found["purchases", "model", "recall_at_10"] > 0.5
    assert all(0 <= value <= 1 for (_of, _who, name), value in found.items() if name not in ("novelty", "rows"))
    assert [sentence.split(":")[0].strip() for sentence in fit.verdict.split(";")] == list(TARGETS)


def test_the_test_weeks_train_nothing_that_is_measured(purchases: pa.Table, fit: Fit) -> None:
    history = Purchases.from_arrow(purchases, make_products())
    days = cut_days(history, CUT + 28, PARAMETERS)
    assert days[0] == CUT
    # The labels of the measured ranker's newest cut end where the test weeks begin.
    assert days[1] + 28 == CUT
    # Nothing bought in the test weeks may change a score of the test cut: only what counts as bought.
    cut = Cut.at(history, CUT, NO_SIMILARITIES, lambda _day: None, PARAMETERS)
    earlier = Cut.at(history.between(0, CUT), CUT, NO_SIMILARITIES, lambda _day: None, PARAMETERS)
    customers = cut.customers()
    np.testing.assert_array_equal(customers, earlier.customers())
    for batch, alone in zip(cut.batches(customers), earlier.batches(customers), strict=True):
        np.testing.assert_array_equal(batch.features, alone.features)
    ranker, intent = from_bytes(fit.weights)
    assert intent is None
    assert set(compare(cut, history, ranker)) == set(TARGETS)


def test_a_change_of_any_purchase_changes_the_fingerprint(purchases: pa.Table) -> None:
    data = data_of(purchases)
    revenue = purchases["revenue"].to_pylist()
    dearer = purchases.set_column(5, "revenue", pa.array([revenue[0] + 0.01, *revenue[1:]]))

    def rows(table: pa.Table) -> list[str]:
        return sorted(str(row) for told in data_of(table).fingerprinted() for row in told.to_pylist())

    assert rows(shuffled(purchases)) == rows(purchases)
    assert rows(dearer) != rows(purchases)
    assert rows(purchases.slice(1)) != rows(purchases)
    assert data.fingerprinted()[0].num_rows > 100


def test_too_little_is_said_in_words(purchases: pa.Table) -> None:
    with pytest.raises(NotEnoughHistory, match="no purchases of known customers"):
        fit_recommender(data_of(purchases.slice(0, 0)), AS_OF, PARAMETERS)
    with pytest.raises(
        NotEnoughHistory, match=r"purchases since 2024-01-01 until 2024-05-19, at least 44 weeks needed"
    ):
        fit_recommender(data_of(purchases), AS_OF, replace(PARAMETERS, active_weeks=36))
    with pytest.raises(NotEnoughHistory, match=r"80 customers to test and .* at least 500 each needed"):
        fit_recommender(data_of(purchases), AS_OF, replace(PARAMETERS, min_customers=500))


def test_figures_of_a_list_are_those_of_their_definition() -> None:
    # Customer 0 bought products 1 and 2 and is named 2, 0; customer 1 bought nothing; customer 2 is named nothing.
    found = measured(3, np.array([0, 0, 1]), np.array([2, 0, 2]), np.array([0, 1, 0]), np.array([1, 2, 2 * 4 + 3]), 4)
    assert found.recall.tolist() == [0.5, 0]
    assert found.hit.tolist() == [1, 0]
    assert found.ndcg.tolist() == pytest.approx([1 / (1 + 1 / math.log2(3)), 0])
    assert found.named.tolist() == [2, 0]
    told = figures(found, np.array([1, 0, 4, 0]), 4, 4)
    assert told["coverage"] == 0.5
    assert told["novelty"] == pytest.approx((2 + 0) / 2)
    assert told["rows"] == 2


def test_only_the_first_ten_count() -> None:
    rank = np.arange(12)
    found = measured(1, np.zeros(12, dtype=np.int64), rank, rank, np.array([9, 10]), 20)
    assert found.recall.tolist() == [0.5]


def scores(ndcg: list[float]) -> Measured:
    column = np.array(ndcg)
    return Measured(column, column, column, np.zeros(0, dtype=np.int64))


def test_a_model_that_loses_is_said_to_lose() -> None:
    found = {"model": scores([0.1] * 40), "own_history": scores([0.3] * 40), "popularity": scores([0.2] * 40)}
    told = verdict_of("purchases", found)
    assert told.startswith("purchases: the model loses to its best baseline own_history")
    for figure in ("0.100 against 0.300", "-0.200 to -0.200", "40 customers"):
        assert figure in told
    found["model"] = scores([0.5] * 40)
    assert "beats its best baseline own_history" in verdict_of("purchases", found)
    found["model"] = scores([0.2, 0.4] * 20)
    assert "is not clearly different from" in verdict_of("purchases", found)
    assert "not measurable" in verdict_of("purchases", {name: scores([]) for name in found})


def test_the_snapshot_of_a_cut_is_the_latest_until_then() -> None:
    days = pa.array([19_700, 19_728, 19_756], type=pa.int32()).cast(pa.date32())
    rows = pa.table({"snapshot_on": days, "customer_id": ["a", "b", "c"]})
    at = {
        day: snapshot_rows(rows, days[1].as_py().fromordinal(719_163 + day))["customer_id"].to_pylist()
        for day in (19_699, 19_727, 19_728, 20_000)
    }
    assert at == {19_699: [], 19_727: ["a"], 19_728: ["b"], 20_000: ["c"]}
    assert INTENT_SCHEMA.names == ["customer_id", "category", "intent_probability"]
