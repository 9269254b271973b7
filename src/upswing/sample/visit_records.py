"""What the process of the sample is made of: reps, accounts, opportunities, visits, and the reps' diary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

FACTORS = ("need", "budget", "authority", "timing", "rival", "champion")

City = tuple[str, float, float]


@dataclass(frozen=True)
class Rep:
    """A seller with a territory around one city."""

    rep_id: str
    city: int
    skill: float
    optimism: float
    fabricates: bool


@dataclass(frozen=True)
class Account:
    """A customer, looked after by one rep."""

    account_id: str
    rep: Rep
    latitude: float
    longitude: float
    effect: float


@dataclass
class Opportunity:
    """A pursuit with its whole future: ``closes_at`` may lie after the last known day."""

    opportunity_id: str
    account: Account
    owner: Rep
    opened_at: datetime
    amount: float
    is_dead: bool
    closes_at: datetime = datetime.max
    is_won: bool = False
    win_probability: float = 0.0
    visits: list[Visit] = field(default_factory=list)


@dataclass(eq=False)
class Visit:
    """A visit as it stands in the diary, with the latent state right after it."""

    opportunity: Opportunity
    rep: Rep
    began_at: datetime
    minutes: int
    latitude: float
    longitude: float
    state: NDArray[np.float64]
    win_probability: float
    is_courtesy: bool = False
    fake_kind: str | None = None
    is_evidence: bool = False
    is_contact: bool = True
    entered_at: datetime = datetime.max
    visit_id: str = ""
    note: str = ""
    feedback: str | None = None

    @property
    def ended_at(self) -> datetime:
        return self.began_at + timedelta(minutes=self.minutes)


class Diary:
    """The reps' working days: visits of one rep keep apart, with time to travel between them."""

    FIRST_MINUTE, LAST_MINUTE, TRAVEL = 510, 1080, timedelta(minutes=20)

    def __init__(self, rng: np.random.Generator, utc_offset_hours: int) -> None:
        self._rng = rng
        self._offset = timedelta(hours=utc_offset_hours)
        self._days: dict[tuple[str, date], list[tuple[datetime, datetime]]] = {}

    def book(self, rep: Rep, day: date, minutes: int) -> datetime:
        """First free time (UTC) of this rep on a working day from ``day`` on."""
        while True:
            taken = self._days.setdefault((rep.rep_id, day), [])
            for _ in range(6 if day.weekday() < 5 else 0):
                steps = (self.LAST_MINUTE - minutes - self.FIRST_MINUTE) // 5
                minute = self.FIRST_MINUTE + 5 * int(self._rng.integers(steps + 1))
                begin = datetime.combine(day, time()) + timedelta(minutes=minute) - self._offset
                end = begin + timedelta(minutes=minutes)
                if all(end + self.TRAVEL <= other[0] or other[1] + self.TRAVEL <= begin for other in taken):
                    taken.append((begin, end))
                    return begin
            day += timedelta(days=1)
