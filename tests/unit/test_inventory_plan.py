import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from upswing.sales.inventory_plan import (
    DEMAND_COLUMNS,
    PLAN_SCHEMA,
    InventoryPlanParameters,
    demand_above,
    demand_quantile,
    plan_stock,
)

SHELVES: list[dict[str, Any]] = [
    {"product_id": "b", "store_id": None, "on_hand": 4.0, "delivery": (3.0, 3.0), "protection": (10.0, 30.0)},
    {"product_id": "a", "store_id": "2", "on_hand": 0.0, "delivery": (0.0, 0.0), "protection": (0.0, 0.0)},
    {"product_id": "a", "store_id": None, "on_hand": 0.0, "delivery": (2.0, 8.0), "protection": (4.5, 16.0)},
]


def demand_table(shelves: list[dict[str, Any]]) -> pa.Table:
    columns = {
        "product_id": pa.array([shelf["product_id"] for shelf in shelves], pa.string()),
        "store_id": pa.array([shelf["store_id"] for shelf in shelves], pa.string()),
        "on_hand": pa.array([shelf["on_hand"] for shelf in shelves], pa.float64()),
    }
    for span in ("delivery", "protection"):
        for place, name in enumerate(("units", "variance")):
            columns[f"{span}_{name}"] = pa.array([shelf[span][place] for shelf in shelves], pa.float64())
    return pa.table(columns)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_service_level_that_is_no_share_is_named(level: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"var service_level is {level}; expected")):
        InventoryPlanParameters(level)


def test_the_reorder_point_is_the_least_stock_that_lasts() -> None:
    rng = np.random.default_rng(1)
    mean, variance = np.array([10.0]), np.array([30.0])
    drawn = rng.negative_binomial(mean**2 / (variance - mean), mean / variance, 400_000)
    assert drawn.mean() == pytest.approx(10, abs=0.05)
    assert drawn.var() == pytest.approx(30, rel=0.02)
    for share in (0.5, 0.9, 0.95, 0.99):
        point = demand_quantile(mean, variance, share)[0]
        assert point == round(point)
        assert (drawn <= point).mean() >= share - 0.002
        assert (drawn <= point - 1).mean() < share
    assert demand_above(mean, variance, np.array([12.0]))[0] == pytest.approx((drawn > 12).mean(), abs=0.003)


def test_demand_that_varies_no_more_than_poisson_is_poisson() -> None:
    mean = np.array([3.0, 3.0, 3.0])
    variance = np.array([0.0, 3.0, 2.0])
    assert demand_quantile(mean, variance, 0.95).tolist() == [stats.poisson.ppf(0.95, 3)] * 3
    assert demand_above(mean, variance, np.zeros(3)) == pytest.approx([1 - np.exp(-3)] * 3)


def test_more_variance_or_service_never_needs_less_stock() -> None:
    mean = np.full(5, 6.0)
    points = demand_quantile(mean, np.array([6.0, 9.0, 20.0, 60.0, 100.0]), 0.95)
    assert (np.diff(points) >= 0).all()
    assert points[-1] > points[0]
    services = [demand_quantile(mean[:1], np.array([9.0]), share)[0] for share in (0.5, 0.8, 0.95, 0.999)]
    assert services == sorted(set(services))


def test_without_demand_nothing_is_kept_or_ordered_or_missed() -> None:
    nothing = np.zeros(1)
    assert demand_quantile(nothing, nothing, 0.99)[0] == 0
    assert demand_above(nothing, nothing, nothing)[0] == 0


def test_a_plan_adds_up() -> None:
    plan = plan_stock(demand_table(SHELVES), InventoryPlanParameters())
    assert plan.schema == PLAN_SCHEMA
    rows = {(row["product_id"], row["store_id"]): row for row in plan.to_pylist()}
    assert list(rows) == [("a", "2"), ("a", None), ("b", None)]
    busy, idle, sudden = rows["b", None], rows["a", "2"], rows["a", None]
    assert busy["reorder_point"] == stats.nbinom.ppf(0.95, 100 / 20, 1 / 3)
    assert busy["safety_stock"] == busy["reorder_point"] - 10
    assert busy["order_up_to_level"] == busy["reorder_point"] + 7
    assert busy["stockout_probability"] == pytest.approx(stats.poisson.sf(4, 3), abs=1e-6)
    assert sudden["order_up_to_level"] == sudden["reorder_point"] + 3
    assert idle == {
        "product_id": "a",
        "store_id": "2",
        "safety_stock": 0,
        "reorder_point": 0,
        "order_up_to_level": 0,
        "stockout_probability": 0,
    }


def test_the_order_of_the_rows_does_not_matter() -> None:
    parameters = InventoryPlanParameters(0.9)
    one = plan_stock(demand_table(SHELVES), parameters)
    assert one.equals(plan_stock(demand_table(SHELVES[::-1]), parameters))


def test_no_stock_is_no_plan() -> None:
    plan = plan_stock(demand_table([]), InventoryPlanParameters())
    assert plan.schema == PLAN_SCHEMA
    assert plan.num_rows == 0


def test_whatever_is_delivered_the_plan_is_finite() -> None:
    rng = np.random.default_rng(2)
    values = {
        name: rng.exponential(scale, 500) for name, scale in zip(DEMAND_COLUMNS, (9, 0.1, 0.3, 50, 900), strict=True)
    }
    values["protection_units"][:20] = 1e6
    values["protection_variance"][20:40] = 1e-12
    ids = pa.array([str(number) for number in range(500)], pa.string())
    plan = plan_stock(pa.table({"product_id": ids, "store_id": ids, **values}), InventoryPlanParameters(0.999))
    for name in PLAN_SCHEMA.names[2:]:
        assert np.isfinite(plan[name].to_numpy()).all()
        assert (plan[name].to_numpy() >= 0).all()
