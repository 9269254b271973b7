from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans

from unit.launches import history_table, make_history, windows_table
from upswing.products.analogs import (
    ANALOG_SCHEMA,
    AnalogParameters,
    analog_space,
    analogs_from_arrow,
    analogs_to_arrow,
    find_analogs,
    nearest_centres,
    refine_centres,
    score_analogs,
)
from upswing.products.launch_windows import CHANNELS, LaunchWindows


def windows(units: list[list[float]], prefix: str = "p") -> LaunchWindows:
    """Products whose analog-space coordinates are log(1 + units)."""
    count = len(units)
    series = np.zeros((count, len(CHANNELS), len(units[0])))
    series[:, CHANNELS.index("natural_units")] = units
    return LaunchWindows(
        np.array([f"{prefix}{number:02d}" for number in range(count)]),
        np.full(count, "c"),
        np.full(count, 2400),
        series,
        np.full(count, np.nan),
    )


def test_nearest_centres_equal_brute_force() -> None:
    draw = np.random.default_rng(0)
    points, centres = draw.random((500, 8)).astype(np.float32), draw.random((30, 8)).astype(np.float32)
    labels, distances = nearest_centres(points, centres)
    exact = np.linalg.norm(points[:, None].astype(np.float64) - centres[None], axis=2)
    np.testing.assert_array_equal(labels, exact.argmin(axis=1))
    np.testing.assert_allclose(distances, exact.min(axis=1), atol=1e-4)


def test_among_equally_near_centres_the_first_is_taken() -> None:
    centres = np.repeat(np.random.default_rng(0).random((20, 8)), 3, axis=0).astype(np.float32)
    labels, _ = nearest_centres(np.random.default_rng(1).random((100, 8)).astype(np.float32), centres)
    assert (labels % 3 == 0).all()


def test_one_lloyd_step_moves_centres_as_kmeans_does() -> None:
    draw = np.random.default_rng(0)
    points = draw.random((400, 8)).astype(np.float32)
    centres = points[:12].copy()
    fitted = KMeans(12, init=centres, n_init=1, max_iter=1, tol=0).fit(points)
    np.testing.assert_allclose(refine_centres(points, centres, 1), fitted.cluster_centers_, atol=1e-5)


def test_an_empty_cluster_keeps_its_centre_and_is_filled_with_the_nearest() -> None:
    points = np.array([[0.0], [1.0]], dtype=np.float32)
    centres = np.array([[0.5], [100.0]], dtype=np.float32)
    np.testing.assert_array_equal(refine_centres(points, centres, 3)[1], [100])
    history = windows([[1.0], [2.0], [3.0]])
    found = find_analogs(windows([[2.0], [500.0]], "new"), history, AnalogParameters(min_analogs=2))
    far = found.product == 1
    assert history.product_ids[found.analog[far]].tolist() == ["p02", "p01"]
    assert not found.in_cluster[far].any()


def test_members_of_a_cluster_all_stay_and_only_fill_is_flagged() -> None:
    history = windows([[1.0], [1.1], [1.2], [50.0], [60.0]])
    found = find_analogs(windows([[1.0], [50.0]], "new"), history, AnalogParameters(min_analogs=3))
    first, second = found.product == 0, found.product == 1
    assert found.in_cluster[first].tolist() == [True, True, True]
    assert found.in_cluster[second].tolist() == [True, True, False]
    assert history.product_ids[found.analog[second]].tolist() == ["p03", "p04", "p02"]
    expected = [0, np.log(61 / 51), np.log(51 / 2.2)]
    np.testing.assert_allclose(found.distance[second], expected, atol=1e-5)


def test_ties_go_to_the_lower_product_id() -> None:
    history = windows([[5.0]] * 6)
    found = find_analogs(windows([[5.0], [5.0]], "new"), history, AnalogParameters(min_analogs=3))
    for product in (0, 1):
        rows = found.product == product
        assert found.rank[rows].tolist() == list(range(1, rows.sum() + 1))
        assert found.analog[rows].tolist() == list(range(rows.sum()))
    assert (found.product == 1).sum() == 3


def test_a_product_is_never_its_own_analog_and_history_may_be_short() -> None:
    history = make_history(20).windows
    found = find_analogs(history, history, AnalogParameters(min_analogs=100))
    assert (found.product != found.analog).all()
    assert np.bincount(found.product).tolist() == [19] * 20
    assert (np.diff(found.distance)[np.diff(found.product) == 0] >= 0).all()


@pytest.mark.parametrize("refine", [0, 2])
def test_each_product_has_at_least_the_least_number(refine: int) -> None:
    products, history = make_history(15, seed=2).windows, make_history(100).windows
    found = find_analogs(products, history, AnalogParameters(min_analogs=12, analog_refine=refine))
    assert np.bincount(found.product, minlength=15).min() == 12
    assert len(set(zip(found.product.tolist(), found.analog.tolist(), strict=True))) == len(found.product)


def test_nobody_or_no_history_means_no_analogs() -> None:
    some = make_history(5).windows
    none = some[np.zeros(5, dtype=np.bool_)]
    assert len(find_analogs(none, some, AnalogParameters()).product) == 0
    assert len(find_analogs(some, none, AnalogParameters()).product) == 0


def test_arrow_round_trip_in_any_order() -> None:
    products, history = make_history(10, seed=2).windows, make_history(50).windows
    found = find_analogs(products, history, AnalogParameters(min_analogs=5))
    rows = analogs_to_arrow(found, products, history)
    assert rows.schema == ANALOG_SCHEMA
    shuffled = rows.take(pa.array(np.random.default_rng(0).permutation(rows.num_rows)))
    told, analogs = analogs_from_arrow(shuffled, products, history)
    np.testing.assert_array_equal(told.product_ids, products.product_ids)
    for name in ("product", "analog", "distance", "rank", "in_cluster"):
        np.testing.assert_array_equal(getattr(analogs, name), getattr(found, name))


def test_only_predicted_breakout_products_are_given_analogs() -> None:
    products, history = make_history(10, seed=2), make_history(50)
    scores = pa.table(
        {"product_id": products.windows.product_ids.tolist(), "is_breakout": [number < 3 for number in range(10)]}
    )
    windows_rows, history_rows = windows_table(products.windows), history_table(history)
    found = score_analogs(scores, windows_rows, history_rows, AnalogParameters(min_analogs=4))
    assert sorted(set(found["product_id"].to_pylist())) == ["p0000", "p0001", "p0002"]
    assert score_analogs(scores.slice(5), windows_rows, history_rows, AnalogParameters()).num_rows == 0
    assert score_analogs(scores, windows_rows, history_rows.slice(0, 0), AnalogParameters()).schema == ANALOG_SCHEMA


def test_the_space_is_logarithmic() -> None:
    np.testing.assert_allclose(analog_space(windows([[0.0, 1.0, 9.0]])), [[0, np.log(2), np.log(10)]], rtol=1e-6)


@pytest.mark.parametrize("wrong", [{"min_analogs": 0}, {"analog_refine": -1}])
def test_parameters_name_the_var_that_is_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"var {next(iter(wrong))} is "):
        AnalogParameters(**wrong)
