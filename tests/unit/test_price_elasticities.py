from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from upswing.sales.price_elasticities import (
    ELASTICITY_SCHEMA,
    ElasticityParameters,
    price_elasticities,
)
from upswing.sales.price_elasticities_regression import count_regressions, line_regressions
from upswing.sales.price_elasticities_shrinkage import shrink
from upswing.sales.price_elasticities_verdicts import price_verdicts

FloatArray = NDArray[np.float64]
FIRST_WEEK = date(2017, 1, 2)
WEEKS = 52


def simulated(
    elasticities: list[float],
    rate: float = 8.0,
    cross: float = 0.0,
    lift: float = 0.0,
    seed: int = 3,
) -> pa.Table:
    """Weeks with a sale of products of one category whose elasticities are known."""
    rng = np.random.default_rng(seed)
    rows = []
    for product, elasticity in enumerate(elasticities):
        prices = np.exp(rng.normal(0, 0.15, WEEKS))
        reach = np.where(rng.random(WEEKS) < 0.25, 0.5, 0.0)
        rivals = rng.normal(0, 0.15, WEEKS)
        traffic = rng.integers(800, 1200, WEEKS)
        expected = rate * prices**elasticity * np.exp(lift * reach + cross * rivals) * traffic / 1000
        units = rng.poisson(expected)
        for week in np.flatnonzero(units > 0):
            rows.append(
                {
                    "product_id": f"p{product:03d}",
                    "category": "tea",
                    "week_starting": FIRST_WEEK + timedelta(weeks=int(week)),
                    "units": float(units[week]),
                    "orders": int(units[week]),
                    "price_paid": float(prices[week]),
                    "promotion_reach": float(reach[week]),
                    "chain_orders": int(traffic[week]),
                    "rival_log_price": float(rivals[week]),
                }
            )
    return pa.Table.from_pylist(rows)


def column(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=float)


def test_known_elasticities_are_found_and_lie_within_their_intervals() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(-2, 0.5, 60)
    found = price_elasticities(simulated(list(true)), ElasticityParameters())
    errors = column(found, "elasticity") - true
    assert np.sqrt((errors**2).mean()) < 0.35
    covered = (column(found, "lower_95") <= true) & (true <= column(found, "upper_95"))
    assert 0.85 <= covered.mean() <= 1
    assert column(found, "category_elasticity")[0] == pytest.approx(-2, abs=0.2)


def test_weeks_without_a_sale_do_not_flatten_the_elasticity_of_what_sells_seldom() -> None:
    found = price_elasticities(simulated([-2.0] * 150, rate=0.8), ElasticityParameters())
    assert found.num_rows > 100
    assert column(found, "category_elasticity")[0] == pytest.approx(-2, abs=0.35)
    assert np.nanmean(column(found, "ols_elasticity")) > -1.2


def test_own_data_weigh_more_where_they_say_more() -> None:
    rich, poor = simulated([-2.0] * 20, rate=40), simulated([-1.0] * 20, rate=1.5, seed=4)
    renamed = poor.set_column(0, "product_id", pa.array([f"q{name}" for name in poor["product_id"].to_pylist()]))
    found = price_elasticities(pa.concat_tables([rich, renamed]), ElasticityParameters())
    weights = column(found, "own_data_weight")
    is_rich = np.array([name.startswith("p") for name in found["product_id"].to_pylist()])
    assert weights[is_rich].min() > weights[~is_rich].max()
    drawn = np.abs(column(found, "elasticity") - column(found, "category_elasticity"))
    own = np.abs(column(found, "own_elasticity") - column(found, "category_elasticity"))
    assert (drawn <= own + 1e-5).all()


def test_a_price_that_never_moved_has_the_elasticity_of_its_category() -> None:
    weeks = simulated([-2.0] * 10)
    still = np.array(weeks["product_id"].to_pylist()) == "p000"
    prices = np.where(still, 1.5, weeks["price_paid"].to_numpy())
    weeks = weeks.set_column(weeks.schema.get_field_index("price_paid"), "price_paid", pa.array(prices))
    first = price_elasticities(weeks, ElasticityParameters()).to_pylist()[0]
    assert first["own_elasticity"] is None
    assert first["own_data_weight"] == 0
    assert first["elasticity"] == pytest.approx(first["category_elasticity"])
    assert "from its category" in first["verdict"]


def test_no_price_that_moved_gives_nulls() -> None:
    weeks = simulated([0.0] * 3)
    still = pa.array(np.full(weeks.num_rows, 2.0))
    weeks = weeks.set_column(weeks.schema.get_field_index("price_paid"), "price_paid", still)
    for row in price_elasticities(weeks, ElasticityParameters()).to_pylist():
        assert row["elasticity"] is None
        assert row["is_significant"] is None
        assert row["verdict"] == "not known, for prices did not move"


def test_a_rival_whose_price_counts_is_found_and_one_whose_does_not_is_not() -> None:
    with_effect = price_elasticities(simulated([-2.0] * 40, cross=1.5), ElasticityParameters())
    assert column(with_effect, "cross_elasticity").mean() == pytest.approx(1.5, abs=0.2)
    assert column(with_effect, "is_cross_significant").mean() > 0.9
    without = price_elasticities(simulated([-2.0] * 400), ElasticityParameters())
    assert (column(without, "cross_p_value") < 0.05).mean() < 0.08
    assert column(without, "is_cross_significant").sum() == 0


def test_rivals_that_were_never_seen_leave_the_cross_elasticity_open() -> None:
    weeks = simulated([-2.0] * 3)
    unseen = pa.array([None] * weeks.num_rows, pa.float64())
    weeks = weeks.set_column(weeks.schema.get_field_index("rival_log_price"), "rival_log_price", unseen)
    for row in price_elasticities(weeks, ElasticityParameters()).to_pylist():
        assert row["rival_weeks"] == 0
        assert row["cross_elasticity"] is None
        assert row["is_cross_significant"] is None
        assert row["elasticity"] is not None


def test_the_lift_of_a_promotion_is_told_apart_from_its_price() -> None:
    found = price_elasticities(simulated([-2.0] * 40, lift=1.0), ElasticityParameters())
    assert column(found, "usual_promotion_reach") == pytest.approx(0.5)
    assert column(found, "promotion_lift").mean() == pytest.approx(np.expm1(0.5), abs=0.08)


def test_the_order_of_the_rows_does_not_matter() -> None:
    weeks = simulated([-2.0, -1.0, -3.0])
    turned = weeks.take(np.random.default_rng(0).permutation(weeks.num_rows))
    assert price_elasticities(turned, ElasticityParameters()).equals(price_elasticities(weeks, ElasticityParameters()))


def test_units_in_another_measure_have_the_same_elasticity() -> None:
    weeks = simulated([-2.0] * 5)
    grams = pa.array(weeks["units"].to_numpy() * 1000)
    found = price_elasticities(
        weeks.set_column(weeks.schema.get_field_index("units"), "units", grams), ElasticityParameters()
    )
    assert column(found, "elasticity") == pytest.approx(
        column(price_elasticities(weeks, ElasticityParameters()), "elasticity"), abs=1e-5
    )


@pytest.mark.parametrize("rows", [0, 5])
def test_too_few_weeks_give_no_row(rows: int) -> None:
    found = price_elasticities(simulated([-2.0]).slice(0, rows), ElasticityParameters())
    assert found.schema.equals(ELASTICITY_SCHEMA)
    assert found.num_rows == 0


def test_a_truncated_count_is_no_straight_line() -> None:
    rng = np.random.default_rng(2)
    prices = rng.normal(0, 0.3, (1, 4000))
    counts = rng.poisson(0.5 * np.exp(-2 * prices)).astype(float)
    used = counts > 0
    found = count_regressions(counts, prices[..., None], np.zeros_like(prices), used)
    assert found.coefficients[0, 0] == pytest.approx(-2, abs=4 * found.errors[0, 0])
    assert found.errors[0, 0] < 0.15
    line = line_regressions(np.log(np.where(used, counts, 1)), prices[..., None], used)
    assert line.coefficients[0, 0] > -1


def test_least_squares_are_those_of_numpy() -> None:
    rng = np.random.default_rng(5)
    columns, logs = rng.normal(size=(1, 30, 2)), rng.normal(size=(1, 30))
    design = np.column_stack([np.ones(30), columns[0]])
    expected = np.linalg.lstsq(design, logs[0], rcond=None)[0][1:]
    found = line_regressions(logs, columns, np.ones((1, 30), bool))
    assert found.coefficients[0] == pytest.approx(expected, abs=1e-4)


def test_one_week_far_from_all_others_does_not_look_certain() -> None:
    rng = np.random.default_rng(6)
    counts = rng.poisson(4.0, (1, 50)).astype(float) + 1
    rival = np.zeros((1, 50))
    rival[0, 30] = -1.0
    counts[0, 30] = 40
    found = count_regressions(counts, rival[..., None], np.zeros((1, 50)), np.ones((1, 50), bool))
    assert abs(found.coefficients[0, 0] / found.cautious_errors[0, 0]) < 2
    assert found.cautious_errors[0, 0] > found.errors[0, 0]


def test_shrinking_ends_at_the_category_where_all_is_noise_and_at_the_product_where_none_is() -> None:
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(20), 50)
    noise = shrink(rng.normal(0, 1, 1000) - 2, np.ones(1000), groups)
    assert noise is not None
    assert noise.within < 0.1
    assert np.abs(noise.effects + 2).max() < 0.5
    own = rng.normal(-2, 1, 1000)
    certain = shrink(own, np.full(1000, 0.01), groups)
    assert certain is not None
    assert certain.effects == pytest.approx(own, abs=0.01)
    assert certain.within == pytest.approx(1, abs=0.15)


def test_shrinking_nothing_gives_nothing() -> None:
    assert shrink(np.array([np.nan]), np.array([np.nan]), np.array([0])) is None


def test_one_product_alone_keeps_its_estimate() -> None:
    found = shrink(np.array([-1.5]), np.array([0.3]), np.array([0]))
    assert found is not None
    assert found.effects == pytest.approx([-1.5])
    assert np.isfinite(found.errors).all()


@pytest.mark.parametrize(
    ("elasticity", "lower", "upper", "weight", "expected"),
    [
        (-2.0, -2.5, -1.5, 0.5, "elastic: a price 10% lower goes with about 23% more units"),
        (-0.5, -0.9, -0.1, 0.5, "inelastic: a price 10% lower goes with about 5% more units"),
        (-1.0, -1.5, -0.5, 0.5, "about 11% more units; whether"),
        (-0.5, -1.5, 0.5, 0.5, "no effect of price"),
        (1.0, 0.5, 1.5, 0.5, "more is sold at higher prices"),
        (-0.5, -1.5, 0.5, 0.05, "; from its category"),
    ],
)
def test_verdicts(elasticity: float, lower: float, upper: float, weight: float, expected: str) -> None:
    (found,) = price_verdicts(*(np.array([value]) for value in (elasticity, lower, upper, weight)))
    assert expected in found


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_weeks": 7}, "var min_elasticity_weeks is 7; expected"),
        ({"false_discovery_rate": 1.0}, "var market_false_discovery_rate is 1.0; expected"),
    ],
)
def test_parameters_out_of_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ElasticityParameters(**values)
