"""The synthetic campaigns with known effects: who is in which arm, what each arm does, how long it runs.

See :mod:`upswing.sample.experiments` for the process in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Arm:
    """What some of the customers of a campaign get.

    Attributes:
        variant: its name in the raw table.
        share: of the customers, above 0; the shares of a campaign add up to 1.
        strength: how much of the effect that the offer would have on a customer it has; 0 where nothing is offered.
        click_rate: mean share of clicks; 0 where there is nothing to click.
    """

    variant: str
    share: float
    strength: float
    click_rate: float = 0.0


@dataclass(frozen=True)
class TrialCampaign:
    """A campaign whose true effects are known.

    Attributes:
        campaign_id, name, campaign_type, channel: as in the raw table.
        starts_on, ends_on: first day of touches, last day of responses.
        budget: money that may be spent.
        arms: the first is the one that the others are compared with.
        lapsed_effect, promotion_effect: rise of the conversion probability of a customer who is wholly lapsed, wholly
            promotion-minded, and not loyal.
        enrolment_days: over how many days from the first the touches are spread.
        lost_share: of the first arm's customers who do not convert, the share whose rows the export loses.
    """

    campaign_id: int
    name: str
    campaign_type: str
    channel: str
    starts_on: date
    ends_on: date
    budget: float
    arms: tuple[Arm, ...]
    lapsed_effect: float
    promotion_effect: float
    enrolment_days: int = 1
    lost_share: float = 0.0


TRIALS = (
    TrialCampaign(
        900001,
        "Personal discount, held out",
        "personal_discount",
        "email",
        date(2017, 7, 17),
        date(2017, 8, 13),
        4000.0,
        (Arm("control", 0.2, 0.0), Arm("treatment", 0.8, 1.0, 0.16)),
        lapsed_effect=0.10,
        promotion_effect=0.24,
    ),
    TrialCampaign(
        900002,
        "Newsletter, twice the same",
        "newsletter",
        "email",
        date(2017, 8, 21),
        date(2017, 9, 10),
        300.0,
        (Arm("a", 0.5, 0.3, 0.10), Arm("b", 0.5, 0.3, 0.10)),
        lapsed_effect=0.05,
        promotion_effect=0.10,
    ),
    TrialCampaign(
        900003,
        "We miss you, held out",
        "win_back",
        "email",
        date(2017, 9, 11),
        date(2017, 10, 8),
        3000.0,
        (Arm("control", 0.5, 0.0), Arm("treatment", 0.5, 1.0, 0.12)),
        lapsed_effect=0.22,
        promotion_effect=0.14,
    ),
    TrialCampaign(
        900004,
        "Two subject lines",
        "subject_test",
        "email",
        date(2017, 10, 9),
        date(2017, 10, 29),
        300.0,
        (Arm("A", 0.5, 0.40, 0.11), Arm("B", 0.5, 0.45, 0.17)),
        lapsed_effect=0.08,
        promotion_effect=0.14,
    ),
    TrialCampaign(
        900005,
        "Depth of the discount",
        "discount_depth",
        "app",
        date(2017, 10, 30),
        date(2017, 11, 26),
        2500.0,
        (
            Arm("control", 1 / 3, 0.0),
            Arm("ten_percent", 1 / 3, 0.6, 0.10),
            Arm("twenty_percent", 1 / 3, 1.1, 0.15),
        ),
        lapsed_effect=0.10,
        promotion_effect=0.24,
    ),
    TrialCampaign(
        900006,
        "Reminder, its export broken",
        "reminder",
        "sms",
        date(2017, 11, 20),
        date(2017, 12, 10),
        500.0,
        (Arm("control", 0.5, 0.0), Arm("treatment", 0.5, 0.3)),
        lapsed_effect=0.10,
        promotion_effect=0.10,
        lost_share=0.25,
    ),
    TrialCampaign(
        900007,
        "Holiday discount, held out",
        "personal_discount",
        "app",
        date(2017, 12, 11),
        date(2018, 1, 14),
        3000.0,
        (Arm("holdout", 0.5, 0.0), Arm("treatment", 0.5, 1.0, 0.14)),
        lapsed_effect=0.10,
        promotion_effect=0.24,
        enrolment_days=14,
    ),
)
"""Two held-out tests, one twice the same, one of two messages, one of three arms, one broken, one that still runs."""
