import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.segments import EARLIER, NOW, customer, drawn, table
from upswing.customers.segment_features import (
    FEATURE_NAMES,
    SEGMENT_COLUMNS,
    FeatureSpace,
    quantile_grid,
    snapshots_of,
)

CAP_DAYS = 182


def test_nothing_of_the_person_is_learned_from() -> None:
    assert not {"age_band", "gender", "income_band", "household_size", "region", "birth_year"} & set(SEGMENT_COLUMNS)
    assert not [name for name in SEGMENT_COLUMNS if name.endswith("_window")], "what came after is no feature"


def test_the_current_snapshot_comes_first_and_customers_by_id() -> None:
    rows = [customer("b", EARLIER, orders=1), customer("b", NOW, orders=1), customer("a", NOW)]
    now, before = snapshots_of(table(rows), CAP_DAYS)
    assert now.customer_ids.tolist() == ["a", "b"]
    assert now.has_bought.tolist() == [False, True]
    assert before.customer_ids.tolist() == ["b"]


def test_days_are_capped_and_a_missing_rhythm_is_the_cap() -> None:
    rows = [
        customer("a", recency_days=900, tenure_days=900),
        customer("b", recency_days=182, mean_days_between_orders=182),
    ]
    (now,) = snapshots_of(table(rows), CAP_DAYS)
    for name in ("recency_days", "mean_days_between_orders"):
        column = now.values[:, FEATURE_NAMES.index(name)]
        assert column[0] == column[1], name
    assert now.values[0, FEATURE_NAMES.index("tenure_days")] == pytest.approx(np.log1p(182))
    assert now.values[0, FEATURE_NAMES.index("recency_days")] == pytest.approx(np.log1p(26))


def test_a_missing_share_lies_in_the_middle() -> None:
    (now,) = snapshots_of(table([*drawn(40), customer("z", orders=3, recency_days=3)]), CAP_DAYS)
    space = FeatureSpace.fit(now.values, 0.25, 3.0)
    assert space.points(now.values)[-1, FEATURE_NAMES.index("promoted_share")] == 0


def test_a_feature_that_nobody_has_or_all_alike_lies_at_nothing() -> None:
    (now,) = snapshots_of(table(drawn(40)), CAP_DAYS)
    points = FeatureSpace.fit(now.values, 0.25, 3.0).points(now.values)
    for name in ("online_share", "sessions_active", "tenure_days"):
        assert (points[:, FEATURE_NAMES.index(name)] == 0).all(), name


@given(st.integers(1, 30), st.integers(0, 1000))
def test_coordinates_are_bounded_and_go_back(customers: int, seed: int) -> None:
    (now,) = snapshots_of(table(drawn(customers, seed=seed)), CAP_DAYS)
    space = FeatureSpace.fit(now.values, 0.25, 3.0)
    points = space.points(now.values)
    assert np.isfinite(points).all()
    assert (np.abs(points) <= 3.0 * space.weight + 1e-9).all()
    inside = (np.abs(points) < 3.0 * space.weight - 1e-6) & ~np.isnan(now.values)
    np.testing.assert_allclose(space.features(points)[inside], now.values[inside], atol=1e-4)
    np.testing.assert_allclose(space.moved_from(space, points), points, atol=1e-6)


def test_quantiles_run_from_the_least_to_the_most() -> None:
    points = np.arange(22, dtype=np.float64).reshape(11, 2)
    grid = quantile_grid(points, steps=10)
    np.testing.assert_array_equal(grid, points)


def test_no_rows_are_no_snapshots() -> None:
    assert snapshots_of(table([]), CAP_DAYS) == []
    assert isinstance(table([]), pa.Table)
