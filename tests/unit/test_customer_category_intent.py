from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from unit.customer_rows import AS_OF, QUICK_BOOSTING, category_rows, category_schema, shuffled
from upswing.customers.category_intent import (
    CategoryIntent,
    CategoryIntentParameters,
    complete_rows,
    labels_of,
    usual_gaps,
)
from upswing.fits import NotEnoughHistory

PARAMETERS = CategoryIntentParameters(30, boosting=QUICK_BOOSTING, min_customers=20)
ROWS = category_rows()


@pytest.fixture(scope="module")
def intent() -> CategoryIntent:
    return CategoryIntent.train(ROWS, AS_OF, PARAMETERS)


def test_who_is_due_is_likelier_to_buy(intent: CategoryIntent) -> None:
    rows = complete_rows(ROWS, AS_OF, 30)
    found = intent.probabilities(rows)
    labels = labels_of(rows)
    assert found[labels == 1].mean() > found[labels == 0].mean() + 0.05
    assert ((found > 0) & (found < 1)).all()


def test_the_order_of_rows_does_not_matter(intent: CategoryIntent) -> None:
    assert CategoryIntent.train(shuffled(ROWS), AS_OF, PARAMETERS).to_bytes() == intent.to_bytes()
    mixed = shuffled(ROWS)
    by_key = dict(zip(keys(ROWS), intent.probabilities(ROWS), strict=True))
    assert [by_key[key] for key in keys(mixed)] == intent.probabilities(mixed).tolist()


def keys(rows: pa.Table) -> list[tuple[object, ...]]:
    names = ("customer_id", "snapshot_on", "category")
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def test_what_was_not_known_by_the_day_changes_nothing() -> None:
    known_until = AS_OF - timedelta(weeks=8)
    later = pc.greater(ROWS["snapshot_on"], pa.scalar(known_until - timedelta(days=30)))
    place = ROWS.schema.get_field_index("order_days_in_intent_window")
    changed = ROWS.set_column(place, ROWS.schema.field(place), pc.if_else(later, 7, ROWS.column(place)))
    trained = [CategoryIntent.train(rows, known_until, PARAMETERS).to_bytes() for rows in (ROWS, changed)]
    assert trained[0] == trained[1]
    assert CategoryIntent.train(changed, AS_OF, PARAMETERS).to_bytes() != trained[0]


def test_a_window_is_over_on_its_last_day() -> None:
    newest = max(complete_rows(ROWS, AS_OF, 30)["snapshot_on"].to_pylist())
    for day, expected in ((newest + timedelta(days=30), newest), (newest + timedelta(days=29), newest - timedelta(28))):
        assert max(complete_rows(ROWS, day, 30)["snapshot_on"].to_pylist()) == expected


def test_it_comes_back_from_its_bytes(intent: CategoryIntent) -> None:
    assert CategoryIntent.from_bytes(intent.to_bytes()) == intent


def test_a_category_never_seen_is_bought_as_often_as_all(intent: CategoryIntent) -> None:
    unseen = ROWS.slice(0, 3).set_column(3, "category", pa.array(["caviar"] * 3))
    assert np.isfinite(intent.probabilities(unseen)).all()


def test_gaps_of_nothing_known_come_back_too() -> None:
    place = ROWS.schema.get_field_index("mean_days_between")
    unknown = ROWS.set_column(place, ROWS.schema.field(place), pa.nulls(ROWS.num_rows, pa.float64()))
    intent = CategoryIntent.train(unknown, AS_OF, PARAMETERS)
    assert intent.gaps == {}
    assert CategoryIntent.from_bytes(intent.to_bytes()) == intent


def test_a_gap_is_drawn_to_that_of_all() -> None:
    gaps, overall = usual_gaps(ROWS, 1e9)
    assert gaps["wine"] == pytest.approx(overall, abs=1e-4)
    own, _ = usual_gaps(ROWS, 0.0)
    assert own["bread"] < own["milk"] < own["wine"]


def test_more_customers_than_most_are_sampled_by_id() -> None:
    few = CategoryIntentParameters(30, boosting=QUICK_BOOSTING, min_customers=20, most_customers=40)
    one, other = (CategoryIntent.train(rows, AS_OF, few).to_bytes() for rows in (ROWS, shuffled(ROWS)))
    assert one == other != CategoryIntent.train(ROWS, AS_OF, PARAMETERS).to_bytes()


@pytest.mark.parametrize(("rows", "customers"), [(category_schema().empty_table(), 0), (category_rows(7), 7)])
def test_too_little_history_says_how_little(rows: pa.Table, customers: int) -> None:
    with pytest.raises(NotEnoughHistory, match=f"{customers} customers .* for 30 days by 2024-12-29, at least 20"):
        CategoryIntent.train(rows, AS_OF, PARAMETERS)


def test_everything_after_the_day_is_too_little() -> None:
    with pytest.raises(NotEnoughHistory):
        CategoryIntent.train(ROWS, date(2024, 1, 1), PARAMETERS)


def test_a_wrong_window_names_its_var() -> None:
    with pytest.raises(ValueError, match="var intent_days is 0"):
        CategoryIntentParameters(0)
