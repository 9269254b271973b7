"""Why a customer is taken to churn, or to buy soon: what each fact does to the number, against what is usual.

Each fact in turn is set to what is usual, the customer's own usual where there is one and that of the training rows
else, and the number is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from upswing.customers.boosted_trees import BoostedTrees
from upswing.customers.customer_predictor import Typical
from upswing.customers.customer_snapshots import BROWSING_FEATURES, CustomerSnapshots
from upswing.reasons.codes import Mask, Reason, pointing, strongest

FloatArray = NDArray[np.float64]

LEAST_EFFECT = 0.01
LEAST_OWN_ORDERS = 2
"""Orders in the active weeks from which a customer has a pace of their own."""

DECIMALS = 6
BASE_RATE = (Reason("base_rate", {}),)

Own = Callable[[CustomerSnapshots, "Weeks"], dict[str, FloatArray]]


@dataclass(frozen=True)
class Weeks:
    """Lengths of the windows that the words name, in weeks."""

    recent: int
    active: int


@dataclass(frozen=True)
class Factor:
    """What a person would name as one reason: features that say much the same of a customer.

    Attributes:
        code: where compared with the customer's own usual if there is one, else with what is typical.
        fact: the feature that the words name.
        features: what is set to the usual together.
        rises_with_churn: whether everybody expects that churn rises (1) or falls (-1) with the fact, 0 if neither.
        least_apart: a smaller difference from the usual is no reason.
        weeks: which of :class:`Weeks` the words name, "" for none.
        own: the customer's own usual of the features, NaN where there is none.
        typical_code: the code where there is none.
    """

    code: str
    fact: str
    features: tuple[str, ...]
    rises_with_churn: int = 0
    least_apart: float = 0.1
    weeks: str = ""
    own: Own | None = None
    typical_code: str = ""


def _own_rhythm(snapshots: CustomerSnapshots, _weeks: Weeks) -> dict[str, FloatArray]:
    rhythm = snapshots.column("mean_days_between_orders")
    return {"recency_days": rhythm, "lateness": np.where(np.isnan(rhythm), np.nan, 1.0)}


def _own_pace(snapshots: CustomerSnapshots, weeks: Weeks) -> dict[str, FloatArray]:
    orders = snapshots.column("orders_active")
    usual = np.where(orders >= LEAST_OWN_ORDERS, orders * weeks.recent / weeks.active, np.nan)
    return {
        "orders_recent": usual,
        "order_trend": np.where(np.isnan(usual), np.nan, 0.0),
        "revenue_recent": usual * snapshots.column("average_basket"),
    }


FACTORS = (
    Factor(
        "last_purchase",
        "recency_days",
        ("recency_days", "lateness"),
        rises_with_churn=1,
        own=_own_rhythm,
        typical_code="only_purchase",
    ),
    Factor("rhythm", "mean_days_between_orders", ("mean_days_between_orders",), rises_with_churn=1),
    Factor(
        "orders_recent",
        "orders_recent",
        ("orders_recent", "order_trend", "revenue_recent"),
        rises_with_churn=-1,
        weeks="recent",
        own=_own_pace,
        typical_code="orders_recent_typical",
    ),
    Factor(
        "orders_active",
        "orders_active",
        ("orders_active", "orders", "order_days_active"),
        rises_with_churn=-1,
        weeks="active",
    ),
    Factor(
        "spending",
        "revenue_active",
        ("revenue_active", "revenue", "average_basket", "products_per_order"),
        rises_with_churn=-1,
        least_apart=0.01,
        weeks="active",
    ),
    Factor("tenure", "tenure_days", ("tenure_days",)),
    Factor("promoted_share", "promoted_share", ("promoted_share",), least_apart=0.01),
    Factor("online_share", "online_share", ("online_share",), least_apart=0.01),
    Factor("weekend_share", "weekend_share", ("weekend_share",), least_apart=0.01),
    Factor("stores", "stores_active", ("stores_active",)),
    Factor("browsing", "sessions_recent", BROWSING_FEATURES, rises_with_churn=-1, weeks="recent"),
    Factor("campaigns", "touches_active", ("touches_active", "conversions_active"), weeks="active"),
)


def probability_reasons(
    trees: BoostedTrees,
    features: tuple[str, ...],
    typical: Typical,
    snapshots: CustomerSnapshots,
    weeks: Weeks,
    rises_with_churn: int,
) -> list[tuple[Reason, ...]]:
    """The up to three things that move each customer's probability most in the direction in which it lies.

    A probability from the share of the training rows on is explained by what raises it, any other by what lowers it.

    Args:
        trees: of the target.
        features: names of the features that they look at.
        typical: of the rows that they were trained on.
        snapshots: the customers.
        weeks: windows that the words name.
        rises_with_churn: 1 where the target is churn, -1 where it is its opposite.
    """
    if trees.is_base_rate:
        return [BASE_RATE] * len(snapshots)
    numbers = trees.probabilities(snapshots.matrix(features))
    # Rounded as the published numbers are, so that those who read them see the same sides.
    is_raised = np.round(numbers, DECIMALS) >= round(typical.share, DECIMALS)
    natural = [rises_with_churn * factor.rises_with_churn for factor in FACTORS]
    usual = dict(zip(features, typical.values.tolist(), strict=True))
    numbers_of = Number(trees.probabilities, features, usual, typical.share, natural, LEAST_EFFECT)
    return reasons_of(numbers_of, snapshots, weeks, is_raised)


@dataclass(frozen=True)
class Number:
    """A number whose reasons are asked for.

    Attributes:
        of: from rows of features to the number.
        features: their names.
        typical: value of each of them that counts as usual where a customer has no usual of their own.
        base: what it is on average.
        natural: of each of :data:`FACTORS`, the direction in which everybody expects it to move the number.
        least_effect: smaller ones are no reason.
    """

    of: Callable[[FloatArray], FloatArray]
    features: tuple[str, ...]
    typical: Mapping[str, float]
    base: float
    natural: Sequence[int]
    least_effect: float


def reasons_of(number: Number, snapshots: CustomerSnapshots, weeks: Weeks, is_raised: Mask) -> list[tuple[Reason, ...]]:
    """The reasons of a number of each customer; a customer's do not depend on the others.

    Args:
        number: see there.
        snapshots: the customers.
        weeks: windows that the words name.
        is_raised: whether the number counts as high, so that what raises it is listed; shape (customers,).
    """
    matrix = snapshots.matrix(number.features)
    found = number.of(matrix)
    effects = np.zeros((len(snapshots), len(FACTORS)))
    apart = np.zeros((len(snapshots), len(FACTORS)))
    usual = np.full((len(snapshots), len(FACTORS)), np.nan)
    is_own = np.zeros((len(snapshots), len(FACTORS)), dtype=np.bool_)
    facts = np.column_stack([snapshots.column(factor.fact) for factor in FACTORS])
    for place, factor in enumerate(FACTORS):
        if factor.fact not in number.features:
            continue
        changed, usual[:, place], is_own[:, place] = _with_usual(factor, matrix, number, snapshots, weeks)
        apart[:, place] = _apart(factor, facts[:, place], usual[:, place])
        moved = apart[:, place] != 0
        effects[moved, place] = found[moved] - number.of(changed[moved])
    listed = strongest(pointing(effects, is_raised, apart, number.natural, number.least_effect))

    def reason(row: int, place: int) -> Reason:
        factor = FACTORS[place]
        value = float(facts[row, place])
        if np.isnan(value):
            return Reason("no_purchase", {}, float(effects[row, place]))
        code = factor.code if factor.own is None or is_own[row, place] else factor.typical_code
        parameters = {"value": value, "usual": float(usual[row, place])}
        if factor.weeks:
            parameters["weeks"] = getattr(weeks, factor.weeks)
        return Reason(code, parameters, float(effects[row, place]))

    nothing = [Reason("nothing_raises" if raised else "nothing_lowers", {"base": number.base}) for raised in is_raised]
    return [tuple(reason(row, place) for place in places) or (nothing[row],) for row, places in enumerate(listed)]


def _with_usual(
    factor: Factor,
    matrix: FloatArray,
    number: Number,
    snapshots: CustomerSnapshots,
    weeks: Weeks,
) -> tuple[FloatArray, FloatArray, Mask]:
    """The customers with the factor as usual, the usual fact, and whether that is the customer's own."""
    own = factor.own(snapshots, weeks) if factor.own is not None else {}
    is_own = ~np.isnan(own[factor.fact]) if own else np.zeros(len(snapshots), dtype=np.bool_)
    changed = matrix.copy()
    for name in factor.features:
        if name in number.features:
            place = number.features.index(name)
            # What is not known beside the fact stays so.
            known = ~np.isnan(matrix[:, place]) | (name == factor.fact)
            changed[:, place] = np.where(is_own, own.get(name, np.nan), np.where(known, number.typical[name], np.nan))
    return changed, changed[:, number.features.index(factor.fact)], is_own


def _apart(factor: Factor, fact: FloatArray, usual: FloatArray) -> FloatArray:
    """The fact less the usual, 0 where no reader would see a difference or one of the two is not known."""
    if factor.code == "last_purchase":
        # Who never bought bought longer ago than anybody.
        fact = np.where(np.isnan(fact), np.inf, fact)
    apart = fact - usual
    return np.where(np.isnan(apart) | (np.abs(apart) < factor.least_apart), 0.0, apart)
