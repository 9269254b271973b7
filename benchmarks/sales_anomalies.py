"""Planted faults in weekly sales: how many are found, and how many reports are false, beside the usual detectors.

Two panels. In the drawn one the truth is known: series with the levels and unevenness of the sample's (Poisson counts
with log-normal weeks, which is not the noise that ours assumes) under a common course, and nothing else but what is
planted: what is reported beside that is false. Every peer's threshold is set, in hindsight, to the lowest at which
its reports are no more often false than ours. What could be found at best is what the true means and noise tell, at
the same false discovery rate. The other panel is the sample itself, whose own events nobody has marked; there every
peer reports as many weeks of the untouched series as ours does, and recall is what differs. Peers: three standard
deviations; the fences of the box plot (1.5 interquartile ranges); the Hampel filter (rolling median, 3 deviations);
isolation forest; 99 % intervals of AutoETS (statsforecast) around its fitted values. A shift counts as found where
the right direction is reported within two weeks of its beginning.

`python benchmarks/sales_anomalies.py faults` prints the recall of each kind and size in the sample as well, of all
series and of those with 10 units a week or more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from _report import Figure, judged, show
from numpy.typing import NDArray
from scipy import special, stats

from upswing.sales.sales_anomalies import AnomalyParameters, find_anomalies
from upswing.sales.sales_anomalies_levels import chain_course, running_median
from upswing.sample.complete_journey import SAMPLE_FOLDER

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SEED = 6
PLANTED_SHARE = 0.3
NEAR = 2
EDGE = 8
PERSISTS = 13
BUSY_UNITS = 10

FAULTS = {
    "spike x2": (2.0, False),
    "spike x3": (3.0, False),
    "spike x5": (5.0, False),
    "drop x0.5": (0.5, False),
    "drop x0.2": (0.2, False),
    "missing": (0.0, False),
    "shift x0.3": (0.3, True),
    "shift x0.5": (0.5, True),
    "shift x2": (2.0, True),
    "shift x3": (3.0, True),
}

WEEKLY = """
    with lines as (
        select
            cast(order_lines.product_id as varchar) as product_id,
            coalesce(products.category, '(none)') as category,
            cast(date_trunc('week', ordered_at) as date) as week_starting,
            cast(order_lines.net_amount as double) as net_revenue,
            cast(order_lines.quantity as double) as units
        from '{folder}/order_lines.parquet' as order_lines
        inner join '{folder}/products.parquet' as products
            on cast(order_lines.product_id as varchar) = cast(products.product_id as varchar)
    ),
    levelled as (
        select 'product' as series_level, product_id as series_id, * exclude (product_id, category) from lines
        union all
        select 'category', category, * exclude (product_id, category) from lines
    ),
    weekly as (
        select series_level, series_id, week_starting, round(sum(net_revenue), 4) as net_revenue, sum(units) as units
        from levelled
        where week_starting between date '2017-01-02' and date '2017-12-25'
        group by all
    ),
    chosen as (
        select series_level, series_id, min(week_starting) as first_week
        from weekly
        where net_revenue > 0
        group by all
        having series_level = 'category' or count(*) >= 26
        order by sum(net_revenue) desc
        limit 2800
    ),
    weeks as (select distinct week_starting from weekly)
    select
        series_level,
        series_id,
        weeks.week_starting,
        coalesce(net_revenue, 0) as net_revenue,
        coalesce(units, 0) as units
    from chosen
    inner join weeks on first_week <= weeks.week_starting
    left join weekly using (series_level, series_id, week_starting)
    order by all
"""


@dataclass(frozen=True)
class Panel:
    """Weekly revenue and units, shape (n, T); nothing before a series' first week."""

    levels: NDArray[np.str_]
    ids: NDArray[np.str_]
    weeks: NDArray[np.datetime64]
    revenue: FloatArray
    units: FloatArray
    told: BoolArray

    def table(self) -> pa.Table:
        """As rows of int_forecast_weeks."""
        rows, columns = np.nonzero(self.told)
        return pa.table(
            {
                "series_level": self.levels[rows],
                "series_id": self.ids[rows],
                "week_starting": pa.array(self.weeks[columns], pa.date32()),
                "net_revenue": self.revenue[rows, columns],
                "units": self.units[rows, columns],
            }
        )


@dataclass(frozen=True)
class Fault:
    """One planted fault."""

    row: int
    week: int
    name: str

    @property
    def direction(self) -> int:
        """1 where there is more than before, else -1."""
        return 1 if FAULTS[self.name][0] > 1 else -1

    @property
    def lasts(self) -> bool:
        """Whether it is a shift."""
        return FAULTS[self.name][1]


def real_panel() -> Panel:
    """The sample's series."""
    with duckdb.connect() as connection:
        rows = connection.sql(WEEKLY.format(folder=SAMPLE_FOLDER)).fetchnumpy()
    keys = np.char.add(np.char.add(rows["series_level"].astype(str), "|"), rows["series_id"].astype(str))
    names, row = np.unique(keys, return_inverse=True)
    weeks, column = np.unique(rows["week_starting"].astype("datetime64[D]"), return_inverse=True)
    laid = {name: np.zeros((len(names), len(weeks))) for name in ("net_revenue", "units", "told")}
    for name, values in laid.items():
        values[row, column] = rows[name] if name != "told" else 1
    levels, _, ids = np.char.partition(names, "|").T
    return Panel(levels, ids, weeks, np.maximum(laid["net_revenue"], 0), np.maximum(laid["units"], 0), laid["told"] > 0)


def drawn_panel(real: Panel) -> tuple[Panel, FloatArray, FloatArray]:
    """Series like the real ones of which each week is ordinary, their mean units, and how uneven their weeks are."""
    rng = np.random.default_rng(SEED)
    sold = real.revenue.sum(axis=1) / np.maximum(real.units.sum(axis=1), 1e-9)
    price = np.where(sold > 0, sold, 1.0)[:, None]
    course = chain_course(real.revenue, (real.levels == "category") & (real.revenue > 0).all(axis=1))
    units = np.where(real.told, real.revenue / price, 0)
    around = sum(np.roll(units, shift, axis=1) for shift in range(-6, 7)) / 13
    typical = np.maximum(np.median(units, axis=1), units.mean(axis=1) / 2)[:, None]
    mean = np.clip(around, typical / 2, typical * 2) * course
    deviation = np.abs(units - mean) / np.maximum(mean, 0.1)
    uneven = np.clip(1.4826 * np.median(deviation, axis=1) - 1 / np.sqrt(np.maximum(typical[:, 0], 1)), 0.05, 0.8)
    effect = np.exp(rng.normal(0, 1, units.shape) * uneven[:, None] - uneven[:, None] ** 2 / 2)
    drawn = rng.poisson(np.minimum(mean * effect, 1e6)).astype(np.float64)
    panel = Panel(real.levels, real.ids, real.weeks, drawn * price, drawn, np.ones_like(real.told))
    return panel, mean, uneven


def best_point_recall(panel: Panel, faults: list[Fault], mean: FloatArray, uneven: FloatArray) -> float:
    """Share of the point faults that the true means and noise tell, at our false discovery rate."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    lower, upper = np.zeros(mean.shape), np.zeros(mean.shape)
    units = np.floor(panel.units + 1e-9)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        rate = mean * np.exp(node * uneven - uneven**2 / 2)[:, None]
        lower += weight * special.gammaincc(units + 1, rate)
        upper += weight * np.where(units > 0, special.gammainc(np.maximum(units, 1), rate), 1)
    p_values = np.minimum(1, 2 * np.minimum(lower, upper))
    unshifted = np.ones(len(mean), dtype=np.bool_)
    unshifted[[fault.row for fault in faults if fault.lasts]] = False
    adjusted = np.ones(mean.shape)
    adjusted[unshifted] = stats.false_discovery_control(p_values[unshifted], axis=None).reshape(-1, mean.shape[1])
    rate_allowed = AnomalyParameters().anomaly_false_discovery_rate
    return float(np.mean([adjusted[fault.row, fault.week] <= rate_allowed for fault in faults if not fault.lasts]))


def plant(panel: Panel) -> tuple[Panel, list[Fault]]:
    """One fault in some of the series, kinds and sizes in turn, each in a week with sales."""
    rng = np.random.default_rng(SEED + 1)
    rows = rng.permutation(len(panel.ids))[: int(PLANTED_SHARE * len(panel.ids))]
    factor = np.ones(panel.revenue.shape)
    faults = []
    for turn, row in enumerate(rows):
        name = list(FAULTS)[turn % len(FAULTS)]
        size, lasts = FAULTS[name]
        weeks = np.flatnonzero((panel.revenue[row] > 0) & panel.told[row])
        weeks = weeks[(weeks >= np.argmax(panel.told[row]) + EDGE) & (weeks < len(panel.weeks) - EDGE)]
        if not len(weeks):
            continue
        week = int(rng.choice(weeks))
        factor[row, week : None if lasts else week + 1] = size
        faults.append(Fault(int(row), week, name))
    changed = Panel(panel.levels, panel.ids, panel.weeks, panel.revenue * factor, panel.units * factor, panel.told)
    return changed, faults


def ours(panel: Panel, with_shifts: bool = True) -> FloatArray:
    """Score of each week that is reported, signed; 0 elsewhere. A shift stands at its first week."""
    found = find_anomalies(panel.table(), AnomalyParameters())
    if not with_shifts:
        found = found.filter(pc.not_equal(found["anomaly_kind"], "level_shift"))
    place = {(str(a), str(b)): row for row, (a, b) in enumerate(zip(panel.levels, panel.ids, strict=True))}
    scores = np.zeros(panel.revenue.shape)
    keys = zip(found["series_level"].to_pylist(), found["series_id"].to_pylist(), strict=True)
    columns = np.searchsorted(panel.weeks, found["week_starting"].to_numpy().astype("datetime64[D]"))
    for key, column, score in zip(keys, columns, found["score"].to_numpy(), strict=True):
        scores[place[key], column] = score
    return scores


def three_sigma(panel: Panel) -> FloatArray:
    """Deviation from the mean in standard deviations over 3: reported beyond 1."""
    values = np.where(panel.told, panel.revenue, np.nan)
    spread = np.nanstd(values, axis=1, keepdims=True)
    return np.asarray(
        np.nan_to_num((values - np.nanmean(values, axis=1, keepdims=True)) / np.maximum(spread, 1e-9)) / 3
    )


def box_plot(panel: Panel) -> FloatArray:
    """Distance from the quartiles in 1.5 interquartile ranges: reported beyond 1."""
    values = np.where(panel.told, panel.revenue, np.nan)
    low, high = np.nanquantile(values, [0.25, 0.75], axis=1, keepdims=True)
    fence = 1.5 * np.maximum(high - low, 1e-9)
    return np.asarray(
        np.nan_to_num(np.where(values > high, (values - high) / fence, np.minimum(values - low, 0) / fence))
    )


def hampel(panel: Panel) -> FloatArray:
    """Distance from the median of 13 weeks in 3 of their deviations: reported beyond 1."""
    values = np.where(panel.told, panel.revenue, np.nan)
    middle = running_median(values, 6)
    spread = 1.4826 * running_median(np.abs(values - middle), 6)
    least = 0.01 * np.nanmean(values, axis=1, keepdims=True) + 1e-9
    return np.asarray(np.nan_to_num((values - middle) / (3 * np.maximum(spread, least))))


def isolation_forest(panel: Panel) -> FloatArray:
    """Isolation forest over level, distance from the level and from the weeks beside: reported where it says so."""
    from sklearn.ensemble import IsolationForest

    logs = np.log1p(panel.revenue)
    middle = running_median(np.where(panel.told, logs, np.nan), 6)
    middle = np.where(np.isnan(middle), 0, middle)
    before = np.concatenate([logs[:, :1], logs[:, :-1]], axis=1)
    after = np.concatenate([logs[:, 1:], logs[:, -1:]], axis=1)
    features = np.stack([middle, logs - middle, logs - before, logs - after], axis=-1)[panel.told]
    forest = IsolationForest(n_estimators=100, contamination=0.01, random_state=SEED).fit(features)
    scores = np.zeros(panel.revenue.shape)
    scores[panel.told] = 1 - forest.decision_function(features)
    return np.where(logs >= middle, scores, -scores)


def ets_interval(panel: Panel) -> FloatArray:
    """Distance from AutoETS's fitted value in half widths of its 99 % interval: reported beyond 1."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    rows, columns = np.nonzero(panel.told)
    frame = pd.DataFrame({"unique_id": rows, "ds": columns + 1, "y": panel.revenue[rows, columns]})
    forecast = StatsForecast(models=[AutoETS(season_length=1)], freq=1, n_jobs=1)
    forecast.forecast(df=frame, h=1, fitted=True, level=[99])
    fitted: Any = forecast.forecast_fitted_values()  # type: ignore[no-untyped-call]
    half = (fitted["AutoETS-hi-99"] - fitted["AutoETS-lo-99"]) / 2
    scores = np.zeros(panel.revenue.shape)
    scores[fitted["unique_id"], fitted["ds"] - 1] = (fitted["y"] - fitted["AutoETS"]) / np.maximum(half, 1e-9)
    return np.asarray(np.nan_to_num(scores))


PEERS: dict[str, Callable[[Panel], FloatArray]] = {
    "3 sigma": three_sigma,
    "box plot": box_plot,
    "Hampel filter": hampel,
    "isolation forest": isolation_forest,
    "AutoETS 99 %": ets_interval,
}


def are_found(reported: FloatArray, faults: list[Fault]) -> BoolArray:
    """Which faults are reported, in the right direction."""
    found = []
    for fault in faults:
        slack = NEAR if fault.lasts else 0
        near = reported[fault.row, max(0, fault.week - slack) : fault.week + slack + 1]
        found.append(bool((np.sign(near) == fault.direction).any()))
    return np.array(found)


def false_reports(reported: FloatArray, faults: list[Fault]) -> int:
    """Reports that are of no planted fault; those of the quarters before and after a shift are of it."""
    rest = reported.copy()
    for fault in faults:
        around = PERSISTS if fault.lasts else 0
        rest[fault.row, max(0, fault.week - around) : fault.week + around + 1] = 0
    return int(np.count_nonzero(rest))


def precision_and_recall(reported: FloatArray, faults: list[Fault]) -> tuple[float, float]:
    """Share of reports that are of a fault, each fault counted once, and of faults that are reported."""
    hits = are_found(reported, faults)
    return float(hits.sum() / max(hits.sum() + false_reports(reported, faults), 1)), float(hits.mean())


def beyond(scores: FloatArray, threshold: float) -> FloatArray:
    """The scores that reach it; 0 elsewhere."""
    return np.where(np.abs(scores) >= threshold, scores, 0)


def at_precision(scores: FloatArray, faults: list[Fault], wanted: float) -> tuple[float, float]:
    """Precision and recall at the threshold of most recall among those of at least the precision wanted."""
    ranked = np.sort(np.abs(scores[scores != 0]))[::-1]
    best = (1.0, 0.0)
    for reports in np.unique(np.geomspace(5, min(len(ranked), 4000), 80).astype(int)):
        precision, recall = precision_and_recall(beyond(scores, ranked[reports - 1]), faults)
        if precision >= wanted and recall > best[1]:
            best = (precision, recall)
    return best


def known_truth(real: Panel) -> list[Figure]:
    """Precision and recall of all where everything unusual was planted."""
    drawn, mean, uneven = drawn_panel(real)
    panel, faults = plant(drawn)
    reported = ours(panel)
    precision, recall = precision_and_recall(reported, faults)
    points = [fault for fault in faults if not fault.lasts]
    point_recall, best = are_found(reported, points).mean(), best_point_recall(panel, faults, mean, uneven)
    promised = 1 - AnomalyParameters().anomaly_false_discovery_rate
    figures = [
        Figure(
            f"share of reports that are of a fault, {len(faults)} faults in drawn series",
            f"{precision:.2f}",
            f"promised {promised:.2f}",
            f"{precision - promised:+.2f}",
            ">= +0",
            judged(precision >= promised),
        ),
        Figure(
            f"{len(points)} point faults in drawn series, vs the truth",
            f"recall {point_recall:.2f}",
            f"recall {best:.2f} with means and noise known",
            f"{point_recall / best:.2f}x",
            "-",
            "-",
        ),
    ]
    for name, method in PEERS.items():
        scores = method(panel)
        own = precision_and_recall(beyond(scores, 1), faults)
        at_ours = at_precision(scores, faults, precision)
        figures.append(
            Figure(
                f"{len(faults)} faults in drawn series at precision {precision:.2f}, vs {name}",
                f"recall {recall:.2f}",
                f"recall {at_ours[1]:.2f} (its own threshold: precision {own[0]:.2f}, recall {own[1]:.2f})",
                f"{recall - at_ours[1]:+.2f}",
                ">= +0",
                judged(recall >= at_ours[1]),
            )
        )
    return figures


def same_reports(real: Panel, is_listed: bool) -> list[Figure]:
    """Recall in the sample's own series, all reporting as many weeks of the untouched ones as ours does.

    Of point faults alone as well; peers then report as many weeks as ours does without shifts.
    """
    panel, faults = plant(real)
    busy = np.array([real.units[fault.row].mean() >= BUSY_UNITS for fault in faults])
    points = np.array([not fault.lasts for fault in faults])
    reports = np.count_nonzero(ours(real))
    point_reports = np.count_nonzero(ours(real, with_shifts=False))
    hits = {"ours": are_found(ours(panel), faults)}
    figures = []
    for name, method in PEERS.items():
        untouched = np.sort(np.abs(method(real)[real.told]))
        scores = method(panel)
        hits[name] = are_found(beyond(scores, untouched[-reports]), faults)
        by_points = are_found(beyond(scores, untouched[-point_reports]), faults)
        for what, rows, mine, theirs, count in (
            ("faults", points | True, hits["ours"], hits[name], reports),
            ("point faults", points, hits["ours"], by_points, point_reports),
        ):
            gain = mine[rows].mean() - theirs[rows].mean()
            figures.append(
                Figure(
                    f"{rows.sum()} {what} in real series at {count} reports, vs {name}",
                    f"recall {mine[rows].mean():.2f}, {mine[rows & busy].mean():.2f} from {BUSY_UNITS} units a week",
                    f"recall {theirs[rows].mean():.2f}, {theirs[rows & busy].mean():.2f} "
                    f"(its own threshold: {(untouched > 1).sum():,} reports)",
                    f"{gain:+.2f}",
                    ">= +0",
                    judged(bool(gain >= 0)),
                )
            )
    if is_listed:
        for kind in FAULTS:
            of_kind = np.array([fault.name == kind for fault in faults])
            cells = [
                f"{name} {found[of_kind].mean():.2f} / {found[of_kind & busy].mean():.2f}"
                for name, found in hits.items()
            ]
            print(f"{kind}: {', '.join(cells)}")
    return figures


def main(is_listed: bool = False) -> list[Figure]:
    """Measure."""
    real = real_panel()
    return [*known_truth(real), *same_reports(real, is_listed)]


if __name__ == "__main__":
    show(main("faults" in sys.argv[1:]))
