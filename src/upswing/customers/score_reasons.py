"""Why a customer is taken to churn, or to buy soon: the customer's own numbers, and what they do to the probability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from upswing.customers.boosted_trees import BoostedTrees
from upswing.customers.customer_snapshots import FEATURES, CustomerSnapshots

FloatArray = NDArray[np.float64]

REASONS = 3
LEAST_EFFECT = 0.01
BASE_RATE = "the share of all customers: there was too little of one kind to learn from"
NOTHING = "no single thing moves it by a point"

Facts = dict[str, float]


@dataclass(frozen=True)
class Weeks:
    """Lengths of the windows that the words name, in weeks."""

    recent: int
    active: int


@dataclass(frozen=True)
class Theme:
    """Features that say much the same of a customer, so that they are one reason, and its words."""

    features: tuple[str, ...]
    words: Callable[[Facts, Weeks], str]


def _timing(facts: Facts, _weeks: Weeks) -> str:
    if np.isnan(facts["recency_days"]):
        return "no purchase yet"
    usual = facts["mean_days_between_orders"]
    rhythm = "on the only day of purchase" if np.isnan(usual) else f"usually every {_counted(round(usual, 1), 'day')}"
    return f"last purchase {_counted(facts['recency_days'], 'day')} ago, {rhythm}"


def _frequency(facts: Facts, weeks: Weeks) -> str:
    return (
        f"{_counted(facts['orders_recent'], 'order')} in {_counted(weeks.recent, 'week')}, "
        f"{facts['orders_active']:.0f} in {weeks.active}"
    )


def _spending(facts: Facts, weeks: Weeks) -> str:
    told = f"{facts['revenue_active']:,.2f} spent in {_counted(weeks.active, 'week')}"
    basket = facts["average_basket"]
    return told if np.isnan(basket) else f"{told}, {basket:,.2f} an order"


def _share(name: str, of_what: str) -> Callable[[Facts, Weeks], str]:
    def words(facts: Facts, weeks: Weeks) -> str:
        if np.isnan(facts[name]):
            return f"no order in {_counted(weeks.active, 'week')}"
        return f"{facts[name] * 100:.0f} % {of_what}"

    return words


def _browsing(facts: Facts, weeks: Weeks) -> str:
    since = facts["days_since_session"]
    if np.isnan(since):
        return f"no visit to the shop online in {_counted(weeks.active, 'week')}"
    return (
        f"{_counted(facts['sessions_recent'], 'visit')} online in {_counted(weeks.recent, 'week')} with "
        f"{_counted(facts['views_recent'], 'product view')}, the last {_counted(since, 'day')} ago"
    )


def _campaigns(facts: Facts, weeks: Weeks) -> str:
    touches = _counted(facts["touches_active"], "campaign touch", "campaign touches")
    return f"{touches} in {_counted(weeks.active, 'week')}, {facts['conversions_active']:.0f} of them followed"


THEMES = (
    Theme(("recency_days", "lateness", "mean_days_between_orders"), _timing),
    Theme(("orders", "orders_recent", "orders_active", "order_days_active", "order_trend"), _frequency),
    Theme(("revenue", "revenue_recent", "revenue_active", "average_basket", "products_per_order"), _spending),
    Theme(("tenure_days",), lambda facts, _: f"a customer for {_counted(facts['tenure_days'], 'day')}"),
    Theme(("promoted_share",), _share("promoted_share", "of the spend on coupon or promotion")),
    Theme(("online_share",), _share("online_share", "of the orders online")),
    Theme(("weekend_share",), _share("weekend_share", "of the orders at the weekend")),
    Theme(("stores_active",), lambda facts, _: f"bought in {_counted(facts['stores_active'], 'store')}"),
    Theme(
        (
            "sessions_recent",
            "sessions_active",
            "views_recent",
            "carts_recent",
            "searches_recent",
            "days_since_session",
        ),
        _browsing,
    ),
    Theme(("touches_active", "conversions_active"), _campaigns),
)


def top_reasons(
    trees: BoostedTrees, features: tuple[str, ...], snapshots: CustomerSnapshots, weeks: Weeks
) -> list[str]:
    """The up to three things that move each customer's probability most, in words, with their effect in points.

    What the features of a theme add to the log-odds (exact TreeSHAP) is taken away; the effect is how far the
    probability falls or rises by it, in percentage points.

    Args:
        trees: of the target.
        features: names of the features they look at.
        snapshots: the customers.
        weeks: windows that the words name.
    """
    if trees.is_base_rate:
        return [BASE_RATE] * len(snapshots)
    matrix = snapshots.matrix(features)
    added = trees.contributions(matrix)
    probabilities = trees.probabilities(matrix)
    log_odds = np.log(probabilities / (1 - probabilities))
    effects = np.zeros((len(snapshots), len(THEMES)))
    for number, theme in enumerate(THEMES):
        places = [features.index(name) for name in theme.features if name in features]
        without = log_odds - added[:, places].sum(axis=1)
        effects[:, number] = np.round(probabilities - 1 / (1 + np.exp(-without)), 6)
    return strongest_reasons(snapshots, effects, weeks, LEAST_EFFECT, _whole_points, NOTHING)


def strongest_reasons(
    snapshots: CustomerSnapshots,
    effects: FloatArray,
    weeks: Weeks,
    least_effect: float,
    points: Callable[[float], str],
    nothing: str,
) -> list[str]:
    """The up to three themes that move each customer most, in words.

    Args:
        snapshots: the customers.
        effects: of each of :data:`THEMES`, as a change of a probability, shape (customers, themes).
        weeks: windows that the words name.
        least_effect: the smallest that is told.
        points: the words for the size of an effect.
        nothing: said of who is moved by none.
    """
    strongest = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :REASONS]

    def sentence(row: int) -> str:
        facts = dict(zip(FEATURES, snapshots.values[row].tolist(), strict=True))
        told = [
            f"{THEMES[theme].words(facts, weeks)} ({'raises' if effects[row, theme] > 0 else 'lowers'} it by "
            f"{points(abs(effects[row, theme]))})"
            for theme in strongest[row]
            if abs(effects[row, theme]) >= least_effect
        ]
        return "; ".join(told) or nothing

    return [sentence(row) for row in range(len(snapshots))]


def _whole_points(effect: float) -> str:
    return _counted(round(effect * 100), "point")


def _counted(number: float, one: str, many: str | None = None) -> str:
    return f"{number:,.10g} {one if number == 1 else many or one + 's'}"
