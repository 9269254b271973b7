"""Touches of experiments as arrays, and how the learning of uplift is parametrised."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.customers.customer_snapshots import FEATURES, doubles

FloatArray = NDArray[np.float64]

DRIFTING = ("tenure_days", "orders", "revenue", "touches_active", "conversions_active")
UPLIFT_FEATURES = tuple(name for name in FEATURES if name not in DRIFTING)
"""What the effect of an offer is learned from. Not what grows with time or with the number of campaigns: in it the
customers of today lie beyond those of any experiment, and what it seems to do differed between the experiments."""

PRIOR_ROWS = 500
"""Rows of a campaign from which its own effect counts as much as the mean of all."""


@dataclass(frozen=True)
class UpliftParameters:
    """How uplift is learned and measured.

    Attributes:
        min_control_customers: least customers in the control groups, and among those with an offer, to learn from.
        effect_confidence: of intervals, above 0.5 and below 1.
        rounds: trees of each of the parts that a learner is made of.
        learning_rate: what one tree counts.
        leaves: of a tree.
        min_rows_per_leaf: least training rows in a leaf.
        l2: penalty on the leaves' values.
        ridge: penalty on the squared weights of the linear learner's standardised features.
        folds: of customers, on each of which the learners of the others are judged.
        test_share: share of the customers whom nothing is learned from or chosen by.
        most_customers: of more than these, a sample by hash of customer_id trains and tests.
    """

    min_control_customers: int
    effect_confidence: float
    rounds: int = 60
    learning_rate: float = 0.05
    leaves: int = 3
    min_rows_per_leaf: int = 50
    l2: float = 100.0
    ridge: float = 500.0
    folds: int = 5
    test_share: float = 0.3
    most_customers: int = 50_000

    def __post_init__(self) -> None:
        if self.min_control_customers < 50:
            raise ValueError(
                f"var min_control_customers is {self.min_control_customers}; expected a whole number of customers, "
                "at least 50"
            )
        if not 0.5 < self.effect_confidence < 1:
            raise ValueError(
                f"var effect_confidence is {self.effect_confidence}; expected a share above 0.5 and below 1"
            )
        if self.folds < 2 or not 0 < self.test_share < 1:
            raise ValueError(
                f"folds and test_share are {self.folds} and {self.test_share}; expected at least 2, and a share"
            )


@dataclass(frozen=True)
class UpliftRows:
    """Rows of ``int_uplift_touches``.

    Attributes:
        customers, campaigns: ids, shape (rows,).
        treated: 1 with the offer, 0 in the control group, shape (rows,).
        shares: share of the row's campaign with the offer, above 0 and below 1, shape (rows,).
        converted: 0/1, shape (rows,).
        revenue: of the conversion, 0 without one, shape (rows,).
        values: in the order of :data:`UPLIFT_FEATURES`, shape (rows, features), NaN where not known.
    """

    customers: NDArray[Any]
    campaigns: NDArray[Any]
    treated: FloatArray
    shares: FloatArray
    converted: FloatArray
    revenue: FloatArray
    values: FloatArray

    @classmethod
    def sorted_from_arrow(cls, rows: pa.Table) -> UpliftRows:
        """Rows by campaign and customer, so that their order in the warehouse does not matter."""
        ordered = rows.sort_by([("campaign_id", "ascending"), ("customer_id", "ascending")])
        return cls(
            np.array(ordered["customer_id"].to_pylist(), dtype=np.str_),
            np.array(ordered["campaign_id"].to_pylist(), dtype=np.str_),
            doubles(ordered, "is_treated"),
            doubles(ordered, "treated_share"),
            doubles(ordered, "is_converted"),
            doubles(ordered, "response_revenue"),
            np.column_stack([doubles(ordered, name) for name in UPLIFT_FEATURES]),
        )

    def __len__(self) -> int:
        return len(self.customers)

    def __getitem__(self, mask: Any) -> UpliftRows:
        return UpliftRows(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    @property
    def balance(self) -> FloatArray:
        """What each row weighs, shape (rows,), so that in each campaign both arms weigh the same."""
        return 0.5 / np.where(self.treated == 1, self.shares, 1 - self.shares)

    def customers_of(self, treated: int) -> int:
        """How many customers ever stood in an arm."""
        return len(np.unique(self.customers[self.treated == treated]))


@dataclass(frozen=True)
class CampaignRates:
    """How likely a conversion is in each arm of each campaign, so that what differs between campaigns is not taken for
    what differs between customers.

    Attributes:
        campaigns: ids, sorted, shape (campaigns,).
        log_odds: of a conversion in the control group and with an offer, shape (2, campaigns): those of the campaign,
            and what the arm lies off them, drawn towards the mean of all campaigns the more the fewer rows there are.
        effects: of the campaign's offer on the probability, drawn likewise, shape (campaigns,).
        average: mean of the log-odds over the rows, shape (2,): the average campaign, also for one not known.
        average_effect: mean of the campaigns' effects over the rows, none drawn anywhere.
    """

    campaigns: NDArray[Any]
    log_odds: FloatArray
    effects: FloatArray
    average: FloatArray
    average_effect: float

    @classmethod
    def train(cls, rows: UpliftRows) -> CampaignRates:
        """From rows with both arms."""
        campaigns, places, counts = np.unique(rows.campaigns, return_inverse=True, return_counts=True)
        own = [rows[places == place] for place in range(len(campaigns))]
        trust = counts / (counts + PRIOR_ROWS)
        both = np.array([_log_odds(part) for part in own])
        apart = np.array([[_log_odds(part[part.treated == arm]) for part in own] for arm in (0, 1)]) - both
        shifts = np.average(apart, axis=1, weights=counts)[:, None]
        log_odds = both + trust * apart + (1 - trust) * shifts
        differences = np.array([_difference(part) for part in own])
        effect = float(np.average(differences, weights=counts))
        effects = trust * differences + (1 - trust) * effect
        return cls(campaigns, log_odds, effects, np.average(log_odds, axis=1, weights=counts), effect)

    def of(self, campaigns: NDArray[Any], arm: int) -> FloatArray:
        """Log-odds of an arm in the campaign of each row, shape (rows,)."""
        return self._each(campaigns, self.log_odds[arm], float(self.average[arm]))

    def both(self, campaigns: NDArray[Any]) -> FloatArray:
        """Mean log-odds of the two arms in the campaign of each row, shape (rows,)."""
        return (self.of(campaigns, 0) + self.of(campaigns, 1)) / 2

    def effect_apart(self, campaigns: NDArray[Any]) -> FloatArray:
        """What the effect in the campaign of each row lies above that of all, shape (rows,)."""
        return self._each(campaigns, self.effects - self.average_effect, 0.0)

    def _each(self, campaigns: NDArray[Any], known: FloatArray, otherwise: float) -> FloatArray:
        places = np.minimum(np.searchsorted(self.campaigns, campaigns), len(self.campaigns) - 1)
        return np.where(self.campaigns[places] == campaigns, known[places], otherwise)


def comparable_touches(touches: pa.Table, experiments: pa.Table) -> pa.Table:
    """The touches of campaigns whose customers were split as planned: of others the arms cannot be compared.

    Args:
        touches: as ``int_uplift_touches`` holds them.
        experiments: ``campaign_id`` and ``is_split_wrong``, as ``score_experiments`` holds them.
    """
    wrong = pc.unique(experiments.filter(pc.equal(experiments["is_split_wrong"], True))["campaign_id"])
    return touches.filter(pc.invert(pc.is_in(touches["campaign_id"], value_set=wrong)))


def _difference(rows: UpliftRows) -> float:
    """Share of conversions with an offer less that without; 0 where an arm is empty."""
    arms = [rows.converted[rows.treated == arm] for arm in (0, 1)]
    return float(arms[1].mean() - arms[0].mean()) if all(len(arm) for arm in arms) else 0.0


def _log_odds(rows: UpliftRows) -> float:
    # Half a conversion and half a row without one more: a campaign that nobody answered has log-odds too.
    converted = float((rows.balance * rows.converted).sum()) + 0.5
    return float(np.log(converted / (float(rows.balance.sum()) + 1 - converted)))
