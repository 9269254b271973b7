import numpy as np
import pytest
from scipy import stats

from upswing.marketing.experiment_splits import split_of, split_p_value, usual_shares
from upswing.marketing.experiment_statistics import (
    Sums,
    adjusted_means,
    false_discovery_rates,
    least_detectable,
    means_differ,
    read_while_running,
    shares_differ,
)
from upswing.user_errors import UserError


def share(hits: int, customers: int) -> Sums:
    return Sums(customers, hits, hits, 0.0, 0.0, 0.0)


def money(values: np.ndarray, prior: np.ndarray | None = None) -> Sums:
    prior = np.zeros(len(values)) if prior is None else prior
    totals = (values.sum(), (values**2).sum(), prior.sum(), (prior**2).sum(), (values * prior).sum())
    return Sums(len(values), *(float(total) for total in totals))


def test_the_interval_of_shares_is_newcombes() -> None:
    """His table of 1998: 56 of 70 against 48 of 80."""
    found = shares_differ(share(56, 70), share(48, 80), 0.95)
    assert found.effect == pytest.approx(0.2)
    assert (found.lower, found.upper) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_shares_are_tested_by_the_pooled_score_and_exactly_where_few_are_expected() -> None:
    found = shares_differ(share(60, 400), share(40, 400), 0.95)
    pooled = 100 / 800
    z = 0.05 / np.sqrt(pooled * (1 - pooled) * 2 / 400)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-6)
    few = shares_differ(share(5, 40), share(0, 40), 0.95)
    assert few.p_value == pytest.approx(stats.fisher_exact([[5, 35], [0, 40]])[1])
    none = shares_differ(share(0, 40), share(0, 40), 0.95)
    assert none.p_value == 1.0
    assert none.lower is not None
    assert none.upper is not None
    assert none.lower < 0 < none.upper


def test_means_without_history_are_tested_by_welch() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(3, 1, 50), rng.normal(2.5, 4, 80)
    found = means_differ(money(one), money(other), 0.9)
    theirs = stats.ttest_ind(one, other, equal_var=False)
    interval = theirs.confidence_interval(0.9)
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high))
    assert found.variance_reduction == 0


def test_history_takes_out_what_differed_before() -> None:
    rng = np.random.default_rng(2)
    prior = rng.gamma(2, 10, 400)
    after = 0.8 * prior + rng.normal(0, 3, 400)
    variant = np.argsort(prior) % 2 == 0
    variant[np.argsort(prior)[-40:]] = True
    after[variant] += 1.0
    found = means_differ(money(after[variant], prior[variant]), money(after[~variant], prior[~variant]), 0.95)
    assert abs(found.effect - 1.0) < 0.7 < abs(found.unadjusted - 1.0)
    assert found.variance_reduction > 0.9
    effect, variances, reduction = adjusted_means(money(after[variant]), money(after[~variant]))
    assert effect == pytest.approx(found.unadjusted)
    assert reduction == 0
    assert variances[0] == pytest.approx(np.var(after[variant], ddof=1))


def test_one_customer_or_no_difference_among_them_is_not_told() -> None:
    for one, other in (([5.0], [1.0, 2.0]), ([3.0, 3.0], [3.0, 3.0, 3.0])):
        found = means_differ(money(np.array(one)), money(np.array(other)), 0.95)
        assert found.p_value is None
        assert found.lower is None
        assert read_while_running(found, 0.5, 0.95).p_value is None


def test_the_running_interval_leaves_out_0_just_where_its_p_value_is_below() -> None:
    for passed in (0.05, 0.5, 1.0):
        for hits in range(60, 120, 3):
            fixed = shares_differ(share(hits, 500), share(60, 500), 0.95)
            found = read_while_running(fixed, passed, 0.95)
            assert found.lower is not None
            assert found.upper is not None
            assert fixed.p_value is not None
            assert found.p_value is not None
            assert (found.p_value < 0.05) == (found.lower > 0)
            assert found.p_value >= fixed.p_value
            assert found.upper - found.lower > 1.5 * 2 * 1.96 * fixed.standard_error


def test_a_small_variant_in_which_nothing_has_happened_yet_proves_nothing() -> None:
    """Its own variance is 0, that of all customers is not; and of two small arms the exact test knows more."""
    for hits, held_out in ((54, 21), (8, 21), (30, 5)):
        for passed in (0.08, 1.0):
            fixed = shares_differ(share(hits, 200), share(0, held_out), 0.95)
            found = read_while_running(fixed, passed, 0.95)
            assert found.p_value is not None
            assert found.p_value >= (fixed.p_value or 0.0)
            assert (found.lower or 0.0) <= (fixed.lower or 0.0)
    early = read_while_running(shares_differ(share(54, 200), share(0, 21), 0.95), 0.08, 0.95)
    assert early.p_value is not None
    assert early.p_value > 0.05
    rng = np.random.default_rng(5)
    spent = means_differ(money(rng.binomial(1, 0.27, 200) * 12.5), money(np.zeros(21)), 0.95)
    read = read_while_running(spent, 0.08, 0.95)
    assert read.p_value is not None
    assert read.p_value > 0.05


def test_what_is_read_early_is_read_more_widely() -> None:
    fixed = shares_differ(share(90, 500), share(60, 500), 0.95)
    widths = []
    for passed in (0.05, 0.2, 0.6, 1.0):
        found = read_while_running(fixed, passed, 0.95)
        widths.append((found.upper or 0.0) - (found.lower or 0.0))
    assert widths == sorted(widths, reverse=True)


def test_a_walk_without_drift_is_rarely_called_however_often_it_is_looked_at() -> None:
    rng = np.random.default_rng(3)
    walks = np.cumsum(rng.normal(0, 1, (2_000, 200)), axis=1) / np.sqrt(np.arange(1, 201))
    template = shares_differ(share(60, 500), share(60, 500), 0.95)
    half = np.array([(read_while_running(template, look / 200, 0.95).upper or 0.0) for look in range(1, 201)])
    bounds = half / template.standard_error
    assert 0.001 < (np.abs(walks) > bounds).any(axis=1).mean() < 0.05
    assert (np.abs(walks) > 1.96).any(axis=1).mean() > 0.3


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    assert false_discovery_rates([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.04, 0.04])
    assert false_discovery_rates([None]) == [None]


def test_the_least_detectable_effect_is_found_with_the_power_asked_for() -> None:
    effect = least_detectable(0.01, 0.95, 0.8)
    assert stats.norm.sf(stats.norm.ppf(0.975) - effect / 0.01) == pytest.approx(0.8, abs=1e-3)


def test_a_split_is_wrong_just_beyond_the_alarm() -> None:
    rows = [
        {"variant": "control", "customers": 1_000, "planned_share": 0.5},
        {"variant": "treatment", "customers": 1_150, "planned_share": 0.5},
    ]
    p_value = split_p_value([1_000, 1_150], [0.5, 0.5])
    assert p_value == pytest.approx(stats.chi2.sf(150**2 / 2_150, 1))
    assert split_of("c", rows, p_value * 1.01)["control"]["is_split_wrong"]
    assert not split_of("c", rows, p_value * 0.99)["control"]["is_split_wrong"]


@pytest.mark.parametrize(
    ("counts", "shares"),
    [([203, 797], [0.2, 0.8]), ([331, 335, 329], [1 / 3] * 3), ([52, 470, 480], [0.05, 0.475, 0.475])],
)
def test_without_a_plan_the_nearest_usual_split_is_meant(counts: list[int], shares: list[float]) -> None:
    assert usual_shares(counts) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("planned", "message"),
    [
        ((0.5, None), "tells planned_share of campaign c but not of its variants treatment"),
        ((0.5, 0.6), "planned_share of campaign c adds up to 1.1 over control, treatment; expected"),
    ],
)
def test_a_plan_that_does_not_add_up_is_named(planned: tuple[float | None, ...], message: str) -> None:
    rows = [
        {"variant": variant, "customers": 10, "planned_share": share}
        for variant, share in zip(("control", "treatment"), planned, strict=True)
    ]
    with pytest.raises(UserError, match=message):
        split_of("c", rows, 0.001)
