import re
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from statsmodels.stats.proportion import proportion_confint

from upswing.marketing.campaign_rates import (
    RATES_SCHEMA,
    RateParameters,
    campaign_rates,
    mean_interval,
    shrunken_rates,
    wilson_interval,
)

COUNTS = (
    "impressions",
    "clicks",
    "customers",
    "conversions",
    "repurchases_known",
    "repurchases",
    "revenue",
    "squared_revenue",
)


def week_rows(rows: list[dict[str, Any]]) -> pa.Table:
    columns: dict[str, pa.Array] = {
        name: pa.array([row.get(name, fallback) for row in rows], kind)
        for name, fallback, kind in (
            ("campaign_id", "c", pa.string()),
            ("segment_name", "loyal", pa.string()),
            ("variant", "treatment", pa.string()),
            ("week_starting", date(2017, 5, 1), pa.date32()),
            ("campaign_type", None, pa.string()),
            ("is_control", False, pa.bool_()),
        )
    }
    return pa.table(columns | {name: pa.array([float(row.get(name, 0)) for row in rows]) for name in COUNTS})


WEEKS = [
    {"campaign_id": "b", "customers": 4, "conversions": 2, "revenue": 30.0, "squared_revenue": 500.0},
    {"campaign_id": "a", "customers": 200, "conversions": 1, "revenue": 7.0, "squared_revenue": 49.0},
    {"campaign_id": "a", "variant": "(untargeted)", "impressions": 10, "clicks": 10},
]


def test_a_confidence_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=re.escape("var effect_confidence is 95; expected a probability")):
        RateParameters(95)


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (7, 7), (1, 3), (150, 2000)])
def test_intervals_are_those_of_wilson(hits: int, trials: int) -> None:
    lower, upper = wilson_interval(np.array([float(hits)]), np.array([float(trials)]), 0.9)
    assert (lower[0], upper[0]) == pytest.approx(proportion_confint(hits, trials, 0.1, "wilson"), abs=1e-12)


def test_nothing_is_known_without_trials() -> None:
    lower, upper = wilson_interval(np.zeros(1), np.zeros(1), 0.95)
    assert np.isnan(lower[0])
    assert np.isnan(upper[0])


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    spent = np.array([10.0, 14.0, 12.0])
    sums = np.array([3.0]), np.array([spent.sum()]), np.array([(spent**2).sum()])
    lower, upper = mean_interval(*sums, 0.95)
    assert (lower[0], upper[0]) == pytest.approx((12 - 4.302653 * 2 / 3**0.5, 12 + 4.302653 * 2 / 3**0.5), abs=1e-5)


def test_one_purchase_says_nothing_of_how_much_they_differ() -> None:
    lower, upper = mean_interval(np.ones(1), np.array([10.0]), np.array([100.0]), 0.95)
    assert np.isnan(lower[0])
    assert np.isnan(upper[0])


def test_shrunken_rates_are_nearer_to_the_truth() -> None:
    chance = np.random.default_rng(3)
    truth = chance.beta(8, 92, 400)
    trials = chance.integers(5, 200, 400).astype(np.float64)
    hits = chance.binomial(trials.astype(int), truth).astype(np.float64)
    shrunken = shrunken_rates(hits, trials, np.zeros(400, np.int64))
    raw_error = np.mean((hits / trials - truth) ** 2)
    mean_error = np.mean((hits.sum() / trials.sum() - truth) ** 2)
    assert np.mean((shrunken - truth) ** 2) < 0.5 * raw_error
    assert np.mean((shrunken - truth) ** 2) < 0.8 * mean_error


def test_the_fewer_a_rate_rests_on_the_more_it_is_drawn() -> None:
    hits, trials = np.array([0.0, 0.0, 60.0, 10.0]), np.array([2.0, 100.0, 100.0, 100.0])
    shrunken = shrunken_rates(hits, trials, np.zeros(4, np.int64))
    assert 0 < shrunken[1] < shrunken[0] < 70 / 302
    assert 70 / 302 < shrunken[2] < 0.6


def test_rates_that_differ_by_chance_alone_are_all_that_of_the_type() -> None:
    shrunken = shrunken_rates(np.array([5.0, 5.0, 6.0]), np.array([50.0, 50.0, 50.0]), np.zeros(3, np.int64))
    assert shrunken == pytest.approx(16 / 150)


def test_a_group_alone_is_left_as_measured_and_types_do_not_mix() -> None:
    hits, trials = np.array([1.0, 5.0, 5.0]), np.array([2.0, 50.0, 50.0])
    assert shrunken_rates(hits, trials, np.array([0, 1, 1])) == pytest.approx([0.5, 0.1, 0.1])


def test_what_is_not_known_is_null() -> None:
    rates = campaign_rates(week_rows(WEEKS), RateParameters()).to_pylist()
    untargeted, lonely, couple = rates
    assert (untargeted["variant"], untargeted["ctr"], untargeted["cr"], untargeted["apu"]) == (
        "(untargeted)",
        1.0,
        None,
        None,
    )
    assert (lonely["cr"], lonely["apu"], lonely["apu_lower"], lonely["rpr"]) == (0.005, 7.0, None, None)
    assert (couple["cr"], couple["apu"], couple["apu_lower"], couple["ctr"]) == (0.5, 15.0, 0.0, None)


def test_a_mean_below_zero_lies_within_its_interval() -> None:
    """Two conversions that were both sent back, for 10 and for 30: the mean is -20."""
    lower, upper = mean_interval(np.array([2.0]), np.array([-40.0]), np.array([1000.0]), 0.95)
    assert lower[0] <= -20 <= upper[0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    forward, backward = (campaign_rates(week_rows(rows), RateParameters()) for rows in (WEEKS, WEEKS[::-1]))
    assert forward.equals(backward)


def test_a_company_without_campaigns_has_no_rates() -> None:
    assert campaign_rates(week_rows([]), RateParameters()).equals(RATES_SCHEMA.empty_table())
