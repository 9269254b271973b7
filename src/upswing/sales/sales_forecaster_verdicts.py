"""What the test says of the sales forecaster, in plain words."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from upswing.fits import Metric
from upswing.sales.forecast_accuracy import COVERAGES, covered_shares, level_accuracy, nan_mean
from upswing.sales.forecast_candidates import FALLBACK
from upswing.sales.forecast_groups import series_groups, sparse_series
from upswing.sales.forecast_panel import LEVELS, BoolArray, FloatArray, SalesPanel
from upswing.sales.sales_forecaster_measures import SERVED, UNRECONCILED, TestWindow
from upswing.sales.sales_forecaster_rules import ForecastRules, Served
from upswing.verdicts import RESAMPLES, compared

TOLD = {"total": "total", "category": "categories", "product": "products", "store_category": "stores x categories"}
"""Levels that the verdict tells of; the others are what is left of a category."""

SHARED = 0.9
"""A candidate is compared where it serves such a share of the series."""


def forecaster_verdict(panel: SalesPanel, test: TestWindow | None, rules: ForecastRules, served: Served) -> str:
    """How the served forecast did beside its best rival, whether reconciliation helped, coverage, who serves, and who
    fell back."""
    if test is None:
        measured = "not measured, for there are too few weeks to hold a test window back"
    else:
        levels = [level for level in TOLD if (panel.levels == level).any()]
        sentences = [_beside_rivals(test, panel, level) for level in levels]
        sentences += [_reconciliation(test, panel.levels, levels), _coverage(test, panel.levels, levels)]
        measured = "; ".join(sentences)
    return f"{measured}; {_who_serves(panel, rules, served)}; {_fallen_back(served)}"


def served_metrics(levels: NDArray[np.str_], rules: ForecastRules, served: Served) -> list[Metric]:
    """Of each level the mean weight of each candidate in what is served, and how many series fell back."""
    found = []
    for level in (level for level in LEVELS if (levels == level).any()):
        rows = levels == level
        mean = served.weights[rows].mean(axis=0)
        found += [
            Metric("served", level, name, "mean_weight", float(mean[place]))
            for place, name in enumerate(rules.candidates)
        ]
        notes = [note for note, within in zip(served.notes, rows, strict=True) if within and note is not None]
        fallen = sum(note.startswith("seasonal naive") for note in notes)
        found.append(Metric("served", level, "model", "fallen_back_series", float(fallen)))
    return found


def _beside_rivals(test: TestWindow, panel: SalesPanel, level: str) -> str:
    rows = panel.levels == level
    ours = test.mase(SERVED, rows)
    rivals = {name: test.mase(name, rows) for name in test.forecasts if name not in (SERVED, UNRECONCILED)}
    number = int(np.isfinite(ours).sum())
    rivals = {name: found for name, found in rivals.items() if np.isfinite(found).sum() >= max(SHARED * number, 1)}
    if not rivals or not number:
        return f"{TOLD[level]}: not measurable"
    figures = {name: nan_mean(found) for name, found in rivals.items()}
    best = min(figures, key=lambda name: (figures[name], name))
    beaten = sum(nan_mean(ours) < figure for figure in figures.values())
    told = f"{TOLD[level]}: MASE {nan_mean(ours):.3f}, lower than that of {beaten} of {len(figures)} single candidates"
    told += f" (seasonal naive {figures[FALLBACK]:.3f}); in hindsight "
    if number == 1:
        return f"{told}the best of them was {best} with {figures[best]:.3f}"
    low, high = _difference_interval(ours, rivals[best], np.array(panel.series["category"].to_pylist())[rows])
    interval = f"difference {low:+.3f} to {high:+.3f} on {number:,} series"
    return f"{told}it {compared(-high, -low)} the best of them, {best} with {figures[best]:.3f}, {interval}"


def _difference_interval(ours: FloatArray, theirs: FloatArray, categories: NDArray[np.object_]) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in mean MASE over resampled categories, each with all of its series."""
    known = np.isfinite(ours) & np.isfinite(theirs)
    names, place = np.unique(categories[known].astype(str), return_inverse=True)
    sums = np.bincount(place, (ours - theirs)[known], minlength=len(names))
    counts = np.bincount(place, minlength=len(names))
    generator = np.random.default_rng(7)
    drawn = generator.integers(0, len(names), (RESAMPLES, len(names)))
    differences = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(low), float(high)


def _reconciliation(test: TestWindow, levels: NDArray[np.str_], told: list[str]) -> str:
    changes = []
    for level in told:
        before, after = (_wape(test, name, levels == level) for name in (UNRECONCILED, SERVED))
        changes.append(f"{TOLD[level]} {before:.4f} to {after:.4f} ({'better' if after < before else 'not better'})")
    return f"reconciliation moved WAPE of {', '.join(changes)}"


def _wape(test: TestWindow, name: str, rows: BoolArray) -> float:
    return level_accuracy(test.actual[rows], test.forecasts[name][rows], test.scales.take(rows))["wape"]


def _coverage(test: TestWindow, levels: NDArray[np.str_], told: list[str]) -> str:
    shares = covered_shares(test.actual, test.bounds)
    found = [
        f"{TOLD[level]} {' and '.join(f'{nan_mean(shares[name][levels == level]):.0%}' for name in COVERAGES)}"
        for level in told
    ]
    return f"80 % and 95 % intervals held {', '.join(found)}"


def _who_serves(panel: SalesPanel, rules: ForecastRules, served: Served) -> str:
    mean = served.weights.mean(axis=0)
    order = np.argsort(-mean.round(6), kind="stable")
    shares = [f"{rules.candidates[place]} {mean[place]:.0%}" for place in order if mean[place] >= 0.005]
    groups = series_groups(panel.levels, sparse_series(panel.revenue, len(panel.weeks)))
    chosen = Counter(rules.strategies[group] for group in groups)
    strategies = ", ".join(f"{name} for {count:,}" for name, count in sorted(chosen.items()))
    return f"series are served by {strategies}; mean weights {', '.join(shares)}"


def _fallen_back(served: Served) -> str:
    number = len(served.notes)
    fallen = [note for note in served.notes if note is not None and note.startswith("seasonal naive")]
    told = Counter(note for note in served.notes if note is not None)
    why = ", ".join(f"{count:,} {note}" for note, count in sorted(told.items()))
    return f"{len(fallen):,} of {number:,} series fell back to seasonal naive" + (f" (notes: {why})" if why else "")
