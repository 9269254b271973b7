"""Whether known promotions and the surge weeks of earlier launches help the forecast of products.

Gradient boosting is learned on all series three times: as it is served without plans of promotions; with the promotions
of the weeks ahead known in advance, as they are where plans are delivered; and with how often launches before the
origin had a surge week in the same week of their lives. Errors are those of the products, thirteen weeks ahead: at the
test origin, and over the three earlier windows, on which what is served was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
from _forecast_panels import HORIZON, as_of, served_panel
from _opportunities import table
from _report import Figure, judged, show

from upswing.sales import learned_features
from upswing.sales.forecast_accuracy import ErrorScales, mean_scaled_errors
from upswing.sales.forecast_panel import FloatArray, SalesPanel
from upswing.sales.learned_candidates import LearnedModels
from upswing.sales.learned_features_promotions import known_promotions

MODEL = "gradient_boosting"
WINDOWS = (18, 22, 26)
KNOWN = "promotions known in advance"
CYCLE_WEEKS = 26
EVEN_COUNT = 50.0
"""Launch weeks of a category whose own frequency counts as much as that of all."""

LAUNCH_WEEKS = """
    select
        launch_weeks.product_id,
        launches.category,
        launch_weeks.week_of_life,
        launch_weeks.natural_units,
        launch_weeks.week_starting
    from intermediate.int_launch_weeks as launch_weeks
    inner join intermediate.int_launches as launches using (product_id)
    order by launch_weeks.product_id, launch_weeks.week_of_life
"""


class SurgeFrequencies:
    """How often launches had a surge week, by category and week of life."""

    def __init__(self) -> None:
        found = table(LAUNCH_WEEKS)
        self.products = np.array(found["product_id"].to_pylist())
        self.categories = np.array([category or "" for category in found["category"].to_pylist()])
        self.life = found["week_of_life"].to_numpy() - 1
        self.units = found["natural_units"].to_numpy()
        self.weeks = found["week_starting"].to_numpy().astype("datetime64[D]")

    def feature(self, panel: SalesPanel) -> FloatArray:
        """Frequency of the week of life that each series is in, as known by the panel's last week, shape (n, T + H).

        A surge week is one whose natural units beat the mean of the category's launches; a series whose launch is not
        known, or past its cycle, has the frequency of all weeks.
        """
        known = self.weeks <= panel.weeks[-1]
        names, category = np.unique(self.categories, return_inverse=True)
        number = np.bincount(category[known], minlength=len(names))
        mean = np.bincount(category[known], self.units[known], len(names)) / np.maximum(number, 1)
        is_surge = (self.units > mean[category]).astype(np.float64)
        cell = category * CYCLE_WEEKS + self.life
        size = len(names) * CYCLE_WEEKS
        surges = np.bincount(cell[known], is_surge[known], size).reshape(-1, CYCLE_WEEKS)
        counts = np.bincount(cell[known], minlength=size).reshape(-1, CYCLE_WEEKS)
        of_all = surges.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
        frequency = (surges + EVEN_COUNT * of_all) / (counts + EVEN_COUNT)
        usual = float(is_surge[known].mean())
        launched = dict(zip(self.products[self.life == 0], self.weeks[self.life == 0], strict=True))
        found = np.full(panel.promotion_reach.shape, usual)
        place = {name: row for row, name in enumerate(names)}
        products, groups = panel.series["product_id"].to_pylist(), panel.series["category"].to_pylist()
        for row, (product, group) in enumerate(zip(products, groups, strict=True)):
            if product in launched and group in place:
                life = (panel.all_weeks - launched[product]).astype(np.int64) // 7
                inside = (life >= 0) & (life < CYCLE_WEEKS)
                found[row, inside] = frequency[place[group], life[inside]]
        return found


Way = Callable[[SalesPanel, int], FloatArray]


def forecast(panel: SalesPanel, origin: int, is_promotion_known: bool) -> FloatArray:
    """Of gradient boosting, shape (n, HORIZON)."""
    known = as_of(panel, origin, is_promotion_known)
    models = LearnedModels.learn(known, origin, (MODEL,), lambda _steps: None)
    return models.forecast(known, origin, HORIZON)[MODEL]


def with_surges(frequencies: SurgeFrequencies) -> Way:
    """The same with the frequency of surge weeks as a further feature."""

    def known(panel: SalesPanel, origin: int, planned_weeks: int) -> dict[str, FloatArray]:
        return known_promotions(panel, origin, planned_weeks) | {"surge_frequency": frequencies.feature(panel)}

    def way(panel: SalesPanel, origin: int) -> FloatArray:
        with patch.object(learned_features, "known_promotions", known):
            return forecast(panel, origin, False)

    return way


def errors(panel: SalesPanel, way: Way, origins: tuple[int, ...]) -> tuple[float, float]:
    """WAPE and mean MASE of the products over some origins."""
    rows = panel.levels == "product"
    sizes, actuals, scaled = [], [], []
    for origin in origins:
        actual = panel.revenue[rows, origin : origin + HORIZON]
        found = way(panel, origin)[rows]
        is_served = np.isfinite(found).all(axis=1) & np.isfinite(actual).all(axis=1)
        scales = ErrorScales.of(panel.revenue, origin, 1).absolute[rows]
        sizes.append(np.abs(found - actual)[is_served].sum())
        actuals.append(np.abs(actual[is_served]).sum())
        scaled.append(np.nanmean(mean_scaled_errors(actual, found, scales)[is_served]))
    return float(np.sum(sizes) / np.sum(actuals)), float(np.mean(scaled))


def main() -> list[Figure]:
    """Measure."""
    panel = served_panel()
    test = (len(panel.weeks) - HORIZON,)
    ways: dict[str, Way] = {
        KNOWN: lambda panel, origin: forecast(panel, origin, True),
        "surge frequency of earlier launches": with_surges(SurgeFrequencies()),
    }
    rows: list[Figure] = []
    for window, origins in (("three earlier windows", WINDOWS), ("test window", test)):
        plain = errors(panel, lambda panel, origin: forecast(panel, origin, False), origins)
        for name, way in ways.items():
            found = errors(panel, way, origins)
            is_served = name == KNOWN
            rows.extend(
                Figure(
                    f"products, {window}: {name}",
                    f"{measure} {with_it:.4f}",
                    f"without {without:.4f}",
                    f"{with_it / without - 1:+.1%}",
                    "below 0 %" if is_served else "- (left out)",
                    judged(with_it < without) if is_served else "-",
                )
                for measure, with_it, without in zip(("WAPE", "MASE"), found, plain, strict=True)
            )
    return rows


if __name__ == "__main__":
    show(main())
