"""All candidates of the sales forecast, learned at one origin and run forward from it (source: big-data sales article).

Statistical candidates learn each series by itself; learned candidates learn one model over all series.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.sales.forecast_candidates_parameters import (
    CANDIDATES,
    FALLBACK,
    LEARNED,
    STATISTICAL,
    CandidateParameters,
    Progress,
    season_length,
    wanted_masks,
)
from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray, SalesPanel
from upswing.sales.learned_candidates import COST, LearnedModels
from upswing.sales.statistical_candidates import StatisticalCandidates, moving_average, seasonal_naive
from upswing.sales.statistical_candidates_calendar import SalesCalendar
from upswing.sales.statistical_candidates_models import OWN_MODELS
from upswing.tensors import pack_texts, unpack_texts

__all__ = [
    "CANDIDATES",
    "FALLBACK",
    "CandidateParameters",
    "LearnedCandidates",
    "learn_candidates",
    "season_length",
]

PREFIX = "candidates."


@dataclass(frozen=True)
class LearnedCandidates:
    """Parameters of all candidates as learned at one origin.

    Attributes:
        parameters: what they were learned with.
        keys: level and id of each series they were learned on (:attr:`SalesPanel.keys`).
        calendar: what statistical candidates take out of revenue first.
        statistical: what was learned of each series.
        learned: models of all series.
        failures: of a candidate, the rows (of the panel it was learned on) of the series that it failed on; there it
            forecasts NaN.
    """

    parameters: CandidateParameters
    keys: tuple[str, ...]
    calendar: SalesCalendar
    statistical: StatisticalCandidates
    learned: LearnedModels
    failures: dict[str, list[int]]

    def forecast(self, panel: SalesPanel, origin: int) -> dict[str, FloatArray]:
        """Forecast of every candidate for the weeks after the first ``origin`` ones, without learning anything.

        Args:
            panel: may hold more weeks than there were when they were learned, and other series: a series that is new
                since has no ETS, Theta and ARIMA, whose parameters are its own.
            origin: weeks known; only ``panel.revenue[:, :origin]`` and the plan of promotions is looked at.

        Returns:
            Of each of :data:`CANDIDATES` an array of shape (n, forecast_weeks); NaN where it does not serve a series.
            Values may be below 0 where a series has negative weeks, never elsewhere. ``seasonal_naive`` is a number
            for every series with at least one week by the origin.
        """
        weeks, revenue = self.parameters.forecast_weeks, panel.revenue[:, :origin]
        found = {
            "seasonal_naive": seasonal_naive(revenue, self.parameters.season_length, weeks),
            "moving_average": moving_average(revenue, self.parameters.moving_average_weeks, weeks),
        }
        course = self.calendar.course(panel)
        statistical = self.statistical.forecast(revenue / course[:, :origin], self._known(panel), weeks)
        found |= {name: values * course[:, origin : origin + weeks] for name, values in statistical.items()}
        year = self.calendar.year(panel)
        learned = self.learned.forecast(_without(panel, year), origin, weeks)
        found |= {name: values * year[:, origin : origin + weeks] for name, values in learned.items()}
        least = np.where((revenue < 0).any(axis=1), -np.inf, 0.0)[:, None]
        return {name: np.maximum(found[name], least) for name in CANDIDATES}

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Everything as named arrays for :func:`upswing.tensors.pack`; names begin with ``candidates.``."""
        facts = {"parameters": asdict(self.parameters), "failures": self.failures}
        parts: dict[str, Any] = {"calendar": self.calendar, "statistical": self.statistical, "learned": self.learned}
        arrays: dict[str, NDArray[Any]] = {
            f"{PREFIX}facts": pack_texts([json.dumps(facts, sort_keys=True)]),
            f"{PREFIX}keys": pack_texts(self.keys),
        }
        for part, value in parts.items():
            arrays |= {f"{PREFIX}{part}.{name}": array for name, array in value.packed().items()}
        return arrays

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> LearnedCandidates:
        """What :meth:`to_tensors` gave; other names are left alone."""
        facts = json.loads(unpack_texts(tensors[f"{PREFIX}facts"])[0])
        failures: dict[str, list[int]] = facts["failures"]
        keys = tuple(unpack_texts(tensors[f"{PREFIX}keys"])) if tensors[f"{PREFIX}keys"].size else ()
        statistical = StatisticalCandidates.unpacked(
            _part(tensors, "statistical"), {name: rows for name, rows in failures.items() if name in STATISTICAL}
        )
        learned = LearnedModels.unpacked(_part(tensors, "learned"), tuple(name for name in LEARNED if name in failures))
        calendar = SalesCalendar.unpacked(_part(tensors, "calendar"))
        return cls(CandidateParameters(**facts["parameters"]), keys, calendar, statistical, learned, failures)

    def _known(self, panel: SalesPanel) -> IntArray:
        """Row at learning of each series of the panel, -1 where it is new since, shape (n,)."""
        position = {key: row for row, key in enumerate(self.keys)}
        return np.array([position.get(key, -1) for key in panel.keys], dtype=np.int64)


def _without(panel: SalesPanel, course: FloatArray) -> SalesPanel:
    """The panel with revenue divided by a course of the calendar."""
    return replace(panel, revenue=panel.revenue / course[:, : len(panel.weeks)])


def _part(tensors: Mapping[str, NDArray[Any]], part: str) -> dict[str, NDArray[Any]]:
    """Arrays of a part, by their own names."""
    prefix = f"{PREFIX}{part}."
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}


def learn_candidates(
    panel: SalesPanel,
    origin: int,
    parameters: CandidateParameters,
    wanted: Mapping[str, BoolArray] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> LearnedCandidates:
    """Learn at an origin; sees nothing after ``panel.weeks[:origin]`` but the plan of promotions.

    Args:
        panel: all series.
        origin: weeks known, 1 to T.
        parameters: see there.
        wanted: of a candidate, the series that it is learned for, shape (n,); a candidate that is not named is learned
            for all series where ``wanted`` is None, and for none where it is not. Global models are learned on all
            series where any is wanted. Baselines, Croston's method and TSB have nothing to learn and always serve.
        told: told how many of how many steps are done.

    Raises:
        ValueError: an origin outside the panel.
    """
    if not 1 <= origin <= len(panel.weeks):
        raise ValueError(f"origin is {origin}; expected 1 to {len(panel.weeks)} weeks")
    masks = wanted_masks(panel, origin, parameters, wanted)
    learned_names = [name for name in LEARNED if masks[name].any()]
    everything = sum(model.cost * int(masks[name].sum()) for name, model in OWN_MODELS.items())
    progress = Progress(everything + COST * len(learned_names), told)
    calendar = SalesCalendar.learn(panel, origin, parameters.season_length)
    revenue = panel.revenue[:, :origin] / calendar.course(panel)[:, :origin]
    statistical = StatisticalCandidates.learn(revenue, masks, progress.add)
    learned = LearnedModels.learn(_without(panel, calendar.year(panel)), origin, learned_names, progress.add)
    failures = dict(statistical.failures)
    failures |= {name: np.flatnonzero(masks[name]).tolist() for name in learned.failures}
    progress.end()
    return LearnedCandidates(parameters, tuple(panel.keys), calendar, statistical, learned, failures)
