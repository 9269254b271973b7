"""The fit of the uplift predictor: chosen on some customers, measured on others, then trained on all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from upswing.fits import Fit, Metric, NotEnoughHistory, SliceMetric
from upswing.marketing.uplift_candidates import AVERAGE, LINEAR, UNPACKED, train_learners
from upswing.marketing.uplift_curves import Curve, effect_scores, interval, resampled_weights, slope_of
from upswing.marketing.uplift_learners import ArmModels
from upswing.marketing.uplift_predictor import (
    Choice,
    UpliftPredictor,
    choose,
    customer_mask,
    train_predictor,
    train_spend,
)
from upswing.marketing.uplift_rows import UPLIFT_FEATURES, CampaignRates, UpliftParameters, UpliftRows
from upswing.one_thread import hold_one_thread
from upswing.slices import NO_GROUPS, Groups, of_probabilities, reliability, slices
from upswing.splits import lowest_hashes
from upswing.verdicts import compared

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None]

SPLIT = "customers"
UPLIFT, CONVERSION, REVENUE = "uplift", "conversion", "response_revenue"
RANDOM, RESPONSE, RULE = "random", "response_ranking", "longest_away_first"
NEVER = 1e6
"""Days that who never bought is taken to be away."""


@dataclass(frozen=True)
class Tested:
    """What was learned on some customers, and the others.

    Attributes:
        known, asked: rows of the customers learned from, and of the others.
        predictor: as chosen among the former, and trained on them.
        effects: effect scores of the latter, shape (rows,).
        said: effects that each candidate, and the model, says of the latter, as chosen.
        rankings: scores by which each competitor ranks the latter.
    """

    known: UpliftRows
    asked: UpliftRows
    predictor: UpliftPredictor
    effects: FloatArray
    said: dict[str, FloatArray]
    rankings: dict[str, FloatArray]


def fit_uplift_predictor(
    touches: pa.Table,
    parameters: UpliftParameters,
    progress: Progress = lambda _done, _all: None,
    groups: Groups = NO_GROUPS,
) -> Fit:
    """Choose and measure, then train on all rows.

    Args:
        touches: as ``int_uplift_touches`` holds them.
        parameters: see there.
        progress: told (stages done, stages in all).
        groups: of customers, by which errors are compared; nothing is learned from them.

    Raises:
        NotEnoughHistory: fewer than ``min_control_customers`` customers in one of the arms.
    """
    rows = UpliftRows.sorted_from_arrow(touches)
    offered, held_out = rows.customers_of(1), rows.customers_of(0)
    if min(offered, held_out) < parameters.min_control_customers:
        raise NotEnoughHistory(
            f"{held_out} customers in control groups of campaigns that are over and {offered} with their offers, at "
            f"least {parameters.min_control_customers} of each needed (var min_control_customers): who answers because "
            "of an offer cannot be told without"
        )
    hold_one_thread()
    customers = np.unique(rows.customers)
    if len(customers) > parameters.most_customers:
        sample = customers[lowest_hashes(customers, parameters.most_customers, "uplift_predictor")]
        rows = rows[np.isin(rows.customers, sample)]
    tested = customer_mask(rows.customers, parameters.test_share)
    choice = choose(rows[~tested], parameters)
    progress(1, 3)
    measured = measure(rows[~tested], rows[tested], choice, parameters)
    metrics = [*uplift_metrics(measured, choice, parameters), *conversion_metrics(measured), *revenue_metrics(measured)]
    verdict = verdict_of(measured, parameters.effect_confidence)
    progress(2, 3)
    arms = ArmModels.train(rows, parameters)
    predictor = train_predictor(rows, choice, train_learners(rows, arms, parameters), parameters)
    progress(3, 3)
    return Fit(predictor.to_bytes(), metrics, verdict, conversion_slices(measured, groups))


def measure(known: UpliftRows, asked: UpliftRows, choice: Choice, parameters: UpliftParameters) -> Tested:
    """Train all that compete on the known rows and ask it of the others."""
    arms = ArmModels.train(known, parameters)
    learners = train_learners(known, arms, parameters)
    predictor = train_predictor(known, choice, learners, parameters)
    said = {name: learner.effects(asked.values) for name, learner in learners.items()}
    said[AVERAGE] = np.full(len(asked), CampaignRates.train(known).average_effect)
    said["model"] = predictor.effects(asked.values)
    away = asked.values[:, UPLIFT_FEATURES.index("recency_days")]
    rankings = said | {
        RANDOM: np.zeros(len(asked)),
        RESPONSE: arms.probabilities(asked.values, 1),
        RULE: np.where(np.isnan(away), NEVER, away),
    }
    return Tested(known, asked, predictor, effect_scores(asked, arms), said, rankings)


def uplift_metrics(tested: Tested, choice: Choice, parameters: UpliftParameters) -> list[Metric]:
    """Of each competitor its curve; of those that say an effect also how right it is, beside the average effect."""
    found: list[Metric] = []
    resampled = resampled_weights(tested.asked.customers)
    constant = float(((tested.effects - tested.said[AVERAGE]) ** 2).mean())
    for name, scores in tested.rankings.items():
        curve = Curve(scores, tested.effects)
        low, high = interval([curve.qini(weights) for weights in resampled], parameters.effect_confidence)
        values = curve.metrics() | {"qini_lower": low, "qini_upper": high}
        if name in tested.said:
            said = tested.said[name]
            slope = slope_of(tested.effects, said, tested.asked)
            loss = float(((tested.effects - said) ** 2).mean())
            values |= {"loss_over_average": loss / constant, "slope": slope.slope if slope.t else math.nan}
        if name in choice.slopes:
            values |= {"validation_slope": choice.slopes[name].slope, "validation_t": choice.slopes[name].t}
        if name == "model":
            values |= {"mean_uplift": float(tested.said[name].mean()), "measured_effect": float(tested.effects.mean())}
        found.extend(Metric(SPLIT, UPLIFT, name, metric, value) for metric, value in values.items())
    return found


def conversion_metrics(tested: Tested) -> list[Metric]:
    """Brier score of the probability of a conversion in the row's own arm, beside the share of the arm."""
    asked, effects = tested.asked, tested.said["model"]
    base = tested.predictor.base_probabilities(asked.values, effects)
    shares = [float(tested.known.converted[tested.known.treated == arm].mean()) for arm in (0, 1)]
    said = {"model": base + asked.treated * effects, "share_of_the_arm": np.where(asked.treated == 1, *shares[::-1])}
    return [
        Metric(SPLIT, CONVERSION, name, metric, value)
        for name, probabilities in said.items()
        for metric, value in {
            "brier": float(((probabilities - asked.converted) ** 2).mean()),
            "mean_probability": float(probabilities.mean()),
            "base_rate": float(asked.converted.mean()),
            "rows": float(len(asked)),
        }.items()
    ]


def conversion_slices(tested: Tested, groups: Groups) -> list[SliceMetric]:
    """What came of the probability of a conversion in the row's own arm, by its height and by group of customers."""
    asked, effects = tested.asked, tested.said["model"]
    said = tested.predictor.base_probabilities(asked.values, effects) + asked.treated * effects
    who = asked.customers
    figures = of_probabilities(asked.converted, said, who)
    return [
        *reliability(SPLIT, CONVERSION, asked.converted, said, who),
        *slices(SPLIT, CONVERSION, groups.of(who), who, figures, groups.least),
    ]


def revenue_metrics(tested: Tested) -> list[Metric]:
    """Errors of a conversion's revenue, on those that came, beside the mean."""
    answered = tested.asked[tested.asked.converted == 1]
    if not len(answered):
        return []
    said = {
        "model": tested.predictor.conversion_revenue(answered.values),
        "linear_model": train_spend(tested.known, True).predict(answered.values),
        "mean": train_spend(tested.known, False).predict(answered.values),
    }
    return [
        Metric(SPLIT, REVENUE, name, metric, value)
        for name, revenue in said.items()
        for metric, value in {
            "rmse": float(np.sqrt(((revenue - answered.revenue) ** 2).mean())),
            "mae": float(np.abs(revenue - answered.revenue).mean()),
            "rows": float(len(answered)),
        }.items()
    ]


def verdict_of(tested: Tested, confidence: float) -> str:
    """What is served, and its Qini coefficient against that of its best baseline, with the doubt that remains."""
    served = tested.predictor.learner_name
    learners = [name for name in UNPACKED if name != served]
    curves = {name: Curve(scores, tested.effects) for name, scores in tested.rankings.items()}
    ones = np.ones(len(tested.asked))
    found = {name: curve.qini(ones) for name, curve in curves.items()}
    baselines = [name for name in (RANDOM, RESPONSE, RULE, *([LINEAR] if served != LINEAR else []))]
    rival = max(baselines, key=lambda name: found[name])
    resampled = resampled_weights(tested.asked.customers)
    ours = [curves["model"].qini(weights) for weights in resampled]
    apart = [own - curves[rival].qini(weights) for own, weights in zip(ours, resampled, strict=True)]
    effects = [float(np.average(tested.effects, weights=weights)) for weights in resampled]
    bounds, (low, high), (least, most) = (interval(values, confidence) for values in (ours, apart, effects))
    customers = len(np.unique(tested.asked.customers))
    verb = compared(low, high)
    return (
        f"uplift: {_served(tested.predictor)}; the model {verb} its best baseline {rival}: Qini {found['model']:.4f} "
        f"({bounds[0]:.4f} to {bounds[1]:.4f}, 0 is chance) against {found[rival]:.4f}, difference {low:+.4f} to "
        f"{high:+.4f} on {len(tested.asked):,} rows of {customers:,} customers; not chosen: "
        + ", ".join(f"{name} {found[name]:.4f}" for name in learners)
        + f"; average effect {100 * tested.effects.mean():+.1f} points, {100 * least:+.1f} to {100 * most:+.1f}"
    )


def _served(predictor: UpliftPredictor) -> str:
    if predictor.learner is None:
        return "no learner's differences between customers were confirmed, all have the average effect"
    return f"{predictor.learner_name}, its differences counted {predictor.slope:.2f} of what it says"
