from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from unit.customer_rows import shuffled
from unit.uplift_touches import QUICK, Campaign, touch_rows
from upswing.fits import Fit, NotEnoughHistory
from upswing.marketing.uplift_candidates import AVERAGE, MEAN, UNPACKED, train_learners
from upswing.marketing.uplift_curves import LEAST_T, Curve, Slope, effect_scores, resampled_weights, slope_of
from upswing.marketing.uplift_evaluation import fit_uplift_predictor
from upswing.marketing.uplift_learners import ArmModels
from upswing.marketing.uplift_predictor import MEAN_AHEAD, UpliftPredictor, choose, customer_mask
from upswing.marketing.uplift_rows import (
    UPLIFT_FEATURES,
    CampaignRates,
    UpliftParameters,
    UpliftRows,
    comparable_touches,
)
from upswing.tensors import pack, unpack

CAMPAIGNS = [Campaign(share=0.8), Campaign(base=0.9)]
TOUCHES, EFFECTS = touch_rows(CAMPAIGNS)
ROWS = UpliftRows.sorted_from_arrow(TOUCHES)


@pytest.fixture(scope="module")
def fit() -> Fit:
    return fit_uplift_predictor(TOUCHES, QUICK)


@pytest.fixture(scope="module")
def arms() -> ArmModels:
    return ArmModels.train(ROWS, QUICK)


def figures(fit: Fit, metric: str) -> dict[str, float]:
    return {found.competitor: found.value for found in fit.metrics if found.metric == metric}


def test_who_answers_because_of_the_offer_is_found(fit: Fit) -> None:
    predictor = UpliftPredictor.from_bytes(fit.weights)
    said = predictor.effects(ROWS.values)
    assert said[EFFECTS > 0].mean() - said[EFFECTS == 0].mean() > 0.15
    assert np.sqrt(((said - EFFECTS) ** 2).mean()) < 0.7 * EFFECTS.std()
    assert said.mean() == pytest.approx(EFFECTS.mean(), abs=0.06)


def test_the_ranking_beats_chance_and_the_ranking_by_response(fit: Fit) -> None:
    qini = figures(fit, "qini")
    assert qini["model"] > qini["response_ranking"]
    assert figures(fit, "qini_lower")["model"] > 0
    assert qini["random"] == pytest.approx(0, abs=1e-12)
    assert qini["average_effect"] == pytest.approx(0, abs=1e-12)


def test_every_competitor_is_measured_on_the_same_rows(fit: Fit) -> None:
    rows, names = defaultdict(set), defaultdict(set)
    for metric in fit.metrics:
        names[metric.target].add(metric.competitor)
        if metric.metric == "rows":
            rows[metric.target].add(metric.value)
    assert all(len(values) == 1 for values in rows.values())
    assert names == {
        "uplift": {
            *("model", *UNPACKED, "average_effect"),
            *("random", "response_ranking", "longest_away_first"),
        },
        "conversion": {"model", "share_of_the_arm"},
        "response_revenue": {"model", "linear_model", "mean"},
    }
    assert rows["uplift"] == {float(customer_mask(ROWS.customers, QUICK.test_share).sum())}


def test_no_customer_is_learned_from_and_measured_on() -> None:
    tested = customer_mask(ROWS.customers, 0.3)
    assert not set(ROWS.customers[tested]) & set(ROWS.customers[~tested])
    assert tested.mean() == pytest.approx(0.3, abs=0.05)


def test_the_verdict_names_the_best_baseline(fit: Fit) -> None:
    assert "its best baseline" in fit.verdict
    assert "not chosen: " in fit.verdict


def test_the_order_of_rows_does_not_matter(fit: Fit) -> None:
    assert fit_uplift_predictor(shuffled(TOUCHES), QUICK) == fit


def test_it_comes_back_from_its_bytes(fit: Fit) -> None:
    assert UpliftPredictor.from_bytes(fit.weights).to_bytes() == fit.weights


def test_every_learner_comes_back_from_its_arrays(arms: ArmModels) -> None:
    for name, learner in train_learners(ROWS, arms, QUICK).items():
        again = UNPACKED[name](unpack(pack(learner.packed(), {}))[0])
        np.testing.assert_array_equal(again.effects(ROWS.values), learner.effects(ROWS.values))


def test_every_learner_finds_the_effect_and_a_row_does_not_depend_on_the_others(arms: ArmModels) -> None:
    for learner in train_learners(ROWS, arms, QUICK).values():
        said = learner.effects(ROWS.values)
        assert np.corrcoef(said, EFFECTS)[0, 1] > 0.5
        np.testing.assert_array_equal(learner.effects(ROWS.values[:7]), said[:7])


def test_where_all_customers_are_alike_all_have_the_average_effect() -> None:
    touches, _ = touch_rows([Campaign(effect=0.2, effect_on_lapsed=0.2)], seed=1)
    fit = fit_uplift_predictor(touches, QUICK)
    predictor = UpliftPredictor.from_bytes(fit.weights)
    said = predictor.effects(UpliftRows.sorted_from_arrow(touches).values)
    assert predictor.learner_name == AVERAGE
    assert len(np.unique(said)) == 1
    assert said[0] == pytest.approx(0.2, abs=0.1)
    assert "no learner's differences between customers were confirmed" in fit.verdict


def test_what_differs_between_campaigns_is_no_effect() -> None:
    touches, _ = touch_rows(
        [Campaign(share=0.9, base=0.8, effect_on_lapsed=0), Campaign(share=0.1, base=0.1, effect_on_lapsed=0)]
    )
    rows = UpliftRows.sorted_from_arrow(touches)
    pooled = rows.converted[rows.treated == 1].mean() - rows.converted[rows.treated == 0].mean()
    assert pooled > 0.25
    assert abs(CampaignRates.train(rows).average_effect) < 0.05
    for learner in train_learners(rows, ArmModels.train(rows, QUICK), QUICK).values():
        assert abs(learner.effects(rows.values).mean()) < 0.06


def test_a_feature_that_tells_campaigns_apart_is_not_taken_for_their_effects() -> None:
    touches, _ = touch_rows(
        [Campaign(effect=0.4, effect_on_lapsed=0.4, shift=20), Campaign(effect_on_lapsed=0)], customers=1500
    )
    rows = UpliftRows.sorted_from_arrow(touches)
    shifted = rows.values[:, UPLIFT_FEATURES.index("stores_active")] > 10
    for learner in train_learners(rows, ArmModels.train(rows, QUICK), QUICK).values():
        said = learner.effects(rows.values)
        assert abs(said[shifted].mean() - said[~shifted].mean()) < 0.1


def test_too_few_customers_held_out_train_nothing() -> None:
    touches, _ = touch_rows([Campaign(share=0.8)], customers=300)
    held_out = int(300 - np.asarray(touches["is_treated"]).sum())
    exactly, more = (replace(QUICK, min_control_customers=least) for least in (held_out, held_out + 1))
    assert fit_uplift_predictor(touches, exactly).weights
    with pytest.raises(NotEnoughHistory, match=f"{held_out} customers in control groups .* min_control_customers"):
        fit_uplift_predictor(touches, more)
    with pytest.raises(NotEnoughHistory, match=r"^0 customers"):
        fit_uplift_predictor(touches.slice(0, 0), QUICK)


def test_campaigns_that_were_not_split_as_planned_are_left_out() -> None:
    experiments = pa.table({"campaign_id": ["p0", "p1", "p1"], "is_split_wrong": [False, True, True]})
    assert comparable_touches(TOUCHES, experiments)["campaign_id"].unique().to_pylist() == ["p0"]
    assert comparable_touches(TOUCHES, experiments.slice(0, 0)) == TOUCHES


def test_of_too_many_customers_a_sample_is_taken() -> None:
    fit = fit_uplift_predictor(TOUCHES, replace(QUICK, most_customers=600))
    assert 2 * 0.25 * 600 < figures(fit, "rows")["random"] < 2 * 0.35 * 600


def test_nobody_answered_is_no_error() -> None:
    touches, _ = touch_rows([Campaign(base=0, effect_on_lapsed=0)], customers=300)
    fit = fit_uplift_predictor(touches, QUICK)
    predictor = UpliftPredictor.from_bytes(fit.weights)
    assert predictor.effects(ROWS.values[:3]).tolist() == [0, 0, 0]
    assert predictor.conversion_revenue(ROWS.values[:3]).tolist() == [0, 0, 0]


def test_effect_scores_have_the_effect_as_mean_however_bad_the_models_are(arms: ArmModels) -> None:
    rates = arms.rates
    absurd = ArmModels(arms.trees, replace(rates, log_odds=rates.log_odds - 3 * np.array([[1.0], [-1.0]])))
    for models in (arms, absurd):
        assert effect_scores(ROWS, models).mean() == pytest.approx(EFFECTS.mean(), abs=0.04)


def test_the_slope_tells_how_far_differences_are_real(arms: ArmModels) -> None:
    scores = effect_scores(ROWS, arms)
    truth = slope_of(scores, EFFECTS, ROWS)
    assert truth.slope == pytest.approx(1, abs=0.25)
    assert slope_of(scores, 2 * EFFECTS, ROWS).slope == pytest.approx(truth.slope / 2)
    assert slope_of(scores, 2 * EFFECTS, ROWS).t == pytest.approx(truth.t)
    assert slope_of(scores, np.ones(len(ROWS)), ROWS) == Slope(0.0, 0.0)


@pytest.mark.parametrize(
    ("slope", "t", "trusted"),
    [(0.8, LEAST_T, 0.0), (0.8, LEAST_T + 1e-9, 0.504), (0.8, 2.0, 0.6), (4.0, 4.0, 1.0), (-0.8, -4.0, 0.0)],
)
def test_a_slope_is_trusted_less_the_noisier_it_is(slope: float, t: float, trusted: float) -> None:
    assert Slope(slope, t).trusted == pytest.approx(trusted, abs=5e-4)


def test_the_choice_is_the_mean_of_learners_unless_one_is_clearly_ahead() -> None:
    choice = choose(ROWS, QUICK)
    single = max(choice.slopes, key=lambda name: choice.slopes[name].t)
    is_clear = choice.slopes[single].t > choice.slopes[MEAN].t + MEAN_AHEAD
    assert choice.learner == (single if is_clear else MEAN)
    assert 0 < choice.slope == choice.slopes[choice.learner].trusted
    assert choice.uses_spend_model


def ones(rows: int) -> NDArray[np.float64]:
    return np.ones(rows)


def test_the_area_below_a_curve() -> None:
    effects = np.array([1.0, 0.0, 0.0, -1.0])
    best = Curve(np.array([4.0, 3.0, 2.0, 1.0]), effects)
    shares, gains = best.points(ones(4))
    assert shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert gains.tolist() == [0, 0.25, 0.25, 0.25, 0]
    assert best.qini(ones(4)) == pytest.approx(0.1875)
    assert Curve(np.array([1.0, 2.0, 3.0, 4.0]), effects).qini(ones(4)) == pytest.approx(-0.1875)
    assert Curve(np.zeros(4), effects).qini(ones(4)) == 0
    assert best.metrics()["effect_at_30pct"] == pytest.approx(0.25 / 0.3)


def test_rows_of_the_same_score_come_together() -> None:
    scores = np.array([2.0, 1.0, 1.0])
    one, other = (Curve(scores, np.array(effects)) for effects in ([1.0, 5.0, 0.0], [1.0, 0.0, 5.0]))
    assert one.qini(ones(3)) == other.qini(ones(3))


def test_a_weight_of_two_is_the_row_twice() -> None:
    scores, effects = np.array([3.0, 2.0, 1.0]), np.array([0.5, -0.2, 0.1])
    twice = Curve(np.append(scores, 2.0), np.append(effects, -0.2))
    assert Curve(scores, effects).qini(np.array([1.0, 2.0, 1.0])) == pytest.approx(twice.qini(ones(4)))


def test_resampled_customers_keep_their_rows_together() -> None:
    for weights in resampled_weights(np.array(["a", "b", "a"]))[:20]:
        assert weights[0] == weights[2]
        assert weights[0] + weights[1] == 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((49, 0.95), "var min_control_customers is 49; expected"),
        ((500, 0.5), "var effect_confidence is 0.5; expected"),
        ((500, 1.0), "var effect_confidence is 1.0; expected"),
    ],
)
def test_parameters_are_checked(values: tuple[int, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        UpliftParameters(*values)


def test_what_is_read_is_sorted_and_unknown_is_not_a_number() -> None:
    rows = UpliftRows.sorted_from_arrow(shuffled(TOUCHES))
    np.testing.assert_array_equal(rows.customers, ROWS.customers)
    missing = np.isnan(rows.values[:, UPLIFT_FEATURES.index("promoted_share")])
    assert missing.sum() == TOUCHES["promoted_share"].null_count > 0
