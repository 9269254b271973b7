from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from upswing.sales.sales_anomalies import ANOMALY_SCHEMA, AnomalyParameters, find_anomalies
from upswing.sales.sales_anomalies_levels import chain_course, expected_levels
from upswing.sales.sales_anomalies_noise import (
    learned_spread,
    predictive_spread,
    shrunken_spread,
    stabilised,
    tail_scores,
    unstabilised,
)
from upswing.sales.sales_anomalies_panel import anomaly_panel
from upswing.sales.sales_anomalies_shifts import Shifts, cleaned, find_shifts, redated

WEEKS = 52
FIRST = date(2017, 1, 2)
PRICE = 2.5
DEFAULT = AnomalyParameters()

Found = set[tuple[str, date, str]]


def poisson_units(series: int, mean: float = 40, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, (series, WEEKS)).astype(np.float64)


def rows_of(units: np.ndarray, level: str = "product", first: int = 0, order: int | None = None) -> pa.Table:
    rows, columns = np.nonzero(np.ones(units.shape)[:, first:])
    columns = columns + first
    table = pa.table(
        {
            "series_level": [level] * len(rows),
            "series_id": [f"{level} {row:03d}" for row in rows],
            "week_starting": pa.array([FIRST + timedelta(weeks=int(week)) for week in columns], pa.date32()),
            "net_revenue": units[rows, columns] * PRICE,
            "units": units[rows, columns],
        }
    )
    return table if order is None else table.take(np.random.default_rng(order).permutation(len(rows)))


def found_in(units: np.ndarray, parameters: AnomalyParameters = DEFAULT) -> Found:
    table = find_anomalies(rows_of(units), parameters)
    return set(
        zip(
            table["series_id"].to_pylist(),
            table["week_starting"].to_pylist(),
            table["anomaly_kind"].to_pylist(),
            strict=True,
        )
    )


def monday(week: int) -> date:
    return FIRST + timedelta(weeks=week)


def test_each_kind_of_planted_fault_is_found_and_nothing_else() -> None:
    units = poisson_units(40)
    units[3, 20] *= 4
    units[5, 30] = np.round(units[5, 30] / 5)
    units[7, 10] = 0
    units[9, 26:] = np.round(units[9, 26:] * 2.5)
    assert found_in(units) == {
        ("product 003", monday(20), "spike"),
        ("product 005", monday(30), "drop"),
        ("product 007", monday(10), "missing"),
        ("product 009", monday(26), "level_shift"),
    }


def test_a_shift_says_what_it_brought_until_it_ended() -> None:
    units = np.full((12, WEEKS), 40.0) + poisson_units(12, 4)
    units[0, 20:30] += 60
    shifts = [row for row in find_anomalies(rows_of(units), DEFAULT).to_pylist() if row["series_id"] == "product 000"]
    assert [(row["week_starting"], row["anomaly_kind"], row["weeks_affected"]) for row in shifts] == [
        (monday(20), "level_shift", 10),
        (monday(30), "level_shift", WEEKS - 30),
    ]
    assert shifts[0]["observed"] == pytest.approx(units[0, 20:30].mean() * PRICE, abs=1e-3)
    assert shifts[0]["expected"] == pytest.approx(44 * PRICE, rel=0.05)
    assert shifts[0]["revenue_effect"] == pytest.approx(600 * PRICE, rel=0.05)
    assert shifts[0]["score"] > 0 > shifts[1]["score"]


def test_chance_alone_reports_next_to_nothing() -> None:
    for mean in (0.5, 4, 100):
        assert len(found_in(poisson_units(150, mean))) <= 3


def test_sparse_series_do_not_flood() -> None:
    units = poisson_units(200, 0.3, seed=4)
    three_sigma = np.abs(units - units.mean(axis=1, keepdims=True)) > 3 * units.std(axis=1, keepdims=True)
    assert three_sigma.sum() > 50
    assert len(found_in(units)) <= 3


def test_a_gradual_season_is_no_shift() -> None:
    course = 1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEKS) / WEEKS)
    assert not {kind for _, _, kind in found_in(np.round(poisson_units(30, 60) * course))}


def test_what_the_whole_chain_does_is_ordinary() -> None:
    course = np.where(np.arange(WEEKS) % 4 == 0, 1.6, 1.0)
    course[50] = 2.5
    units = np.random.default_rng(2).poisson(100 * np.broadcast_to(course, (30, WEEKS))).astype(np.float64)
    categories, alone = rows_of(units, "category"), rows_of(units)
    assert find_anomalies(categories, DEFAULT).num_rows == 0
    assert monday(50) in find_anomalies(alone, DEFAULT)["week_starting"].to_pylist()


def test_few_categories_are_no_chain() -> None:
    units = poisson_units(3, 100)
    units[:, 20] *= 3
    found = find_anomalies(rows_of(units, "category"), DEFAULT)
    assert found["week_starting"].to_pylist().count(monday(20)) == 3


def test_the_order_of_the_rows_changes_nothing() -> None:
    units = poisson_units(20)
    units[3, 20] *= 4
    units[9, 26:] *= 2
    tables = [find_anomalies(rows_of(units, order=seed), DEFAULT) for seed in (1, 2)]
    assert tables[0].num_rows
    assert tables[0].equals(tables[1])


def test_a_lower_rate_reports_no_more() -> None:
    units = poisson_units(60, 10)
    units[np.arange(60), np.arange(60) % 40 + 5] *= 2
    strict, lax = (found_in(units, AnomalyParameters(rate)) for rate in (0.001, 0.3))
    assert strict < lax


@pytest.mark.parametrize("weeks", [0, 1, 3, 11])
def test_short_series_are_not_judged(weeks: int) -> None:
    found = find_anomalies(rows_of(poisson_units(3)[:, :weeks]), DEFAULT)
    assert found.num_rows == 0
    assert found.schema == ANOMALY_SCHEMA


def test_other_levels_are_left_out() -> None:
    units = poisson_units(3)
    units[0, 20] *= 9
    assert find_anomalies(rows_of(units, "store_category"), DEFAULT).num_rows == 0


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_a_series_without_any_change_has_no_anomaly(level: float) -> None:
    assert find_anomalies(rows_of(np.full((1, WEEKS), level)), DEFAULT).num_rows == 0


def test_returns_and_unknown_units_do_no_harm() -> None:
    table = rows_of(poisson_units(12))
    revenue = table["net_revenue"].to_numpy().copy()
    revenue[15] = -80.0
    for units in (table["units"], pa.nulls(table.num_rows, pa.float64())):
        changed = table.set_column(3, "net_revenue", pa.array(revenue)).set_column(4, "units", units)
        found = find_anomalies(changed, DEFAULT).to_pylist()
        assert (-80.0, "drop") in [(row["observed"], row["anomaly_kind"]) for row in found]


def test_a_young_series_is_judged_from_its_first_week() -> None:
    units = poisson_units(1)
    units[0, 45] *= 5
    panel = anomaly_panel(rows_of(units, first=30), 12)
    assert panel.told.sum() == WEEKS - 30
    assert panel.weeks[0] == np.datetime64(monday(30))
    mixed = pa.concat_tables([rows_of(poisson_units(5, seed=3)), rows_of(units, "category", first=30)])
    assert find_anomalies(mixed, DEFAULT)["series_id"].to_pylist() == ["category 000"]


def test_a_week_twice_is_refused() -> None:
    table = rows_of(poisson_units(2))
    with pytest.raises(ValueError, match="a week of a series twice"):
        find_anomalies(pa.concat_tables([table, table.slice(0, 1)]), DEFAULT)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"anomaly_false_discovery_rate": 1.1}, "var anomaly_false_discovery_rate is 1.1; expected"),
        ({"anomaly_min_weeks": 2}, "var anomaly_min_weeks is 2; expected"),
    ],
)
def test_parameters_are_checked(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnomalyParameters(**wrong)  # type: ignore[arg-type]


def test_tails_are_those_of_the_negative_binomial() -> None:
    units, mean, spread = np.array([[0.0, 3.0, 12.0]]), np.array([[4.0, 4.0, 4.0]]), np.full((1, 3), 0.25)
    known = stats.nbinom(4, 4 / (4 + 4))
    expected = np.minimum(1, 2 * np.minimum(known.cdf(units), known.sf(units - 1)))
    score, p_value = tail_scores(units, mean, spread, np.zeros(1))
    assert p_value == pytest.approx(expected)
    assert score[0, 0] < score[0, 1] < score[0, 2]
    unsure = tail_scores(units, mean, spread, np.ones(1))[1]
    assert unsure[0, 2] > p_value[0, 2]


def test_the_stabilised_scale_is_one_wide_and_goes_back() -> None:
    rng = np.random.default_rng(3)
    for mean in (5, 50, 500):
        drawn = rng.negative_binomial(10, 10 / (10 + mean), 20_000).astype(np.float64)
        assert stabilised(drawn, 0.1).std() == pytest.approx(1, abs=0.1)
    assert unstabilised(stabilised(drawn, 0.1), 0.1) == pytest.approx(drawn, abs=1e-6)


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.5])
def test_the_spread_is_learned_through_outliers(spread: float) -> None:
    rng = np.random.default_rng(5)
    mean = np.full((200, WEEKS), 80.0)
    units = rng.negative_binomial(1 / spread, 1 / (1 + 80 * spread), mean.shape).astype(np.float64)
    units[:, ::13] *= 6
    learned = learned_spread(units, mean, np.full(mean.shape, 12.0), units >= 0)
    assert spread / 2 < np.median(learned) < spread * 2


def test_who_is_known_little_is_drawn_to_the_typical_spread() -> None:
    levels = np.array(["product"] * 5)
    spread = np.array([0.1, 0.1, 0.1, 1.0, 1.0])
    shrunken, unknown = shrunken_spread(
        spread, np.array([50.0, 50, 50, 50, 0.5]), np.array([52.0, 52, 52, 52, 12]), levels
    )
    assert shrunken[0] == pytest.approx(0.1)
    assert 0.1 < shrunken[4] < shrunken[3] < 1
    assert unknown[4] > unknown[3]


def test_a_level_known_from_fewer_weeks_is_less_sure() -> None:
    mean = np.full((1, 2), 10.0)
    few, many = predictive_spread(mean, np.full((1, 1), 0.1), np.array([[3.0, 12.0]]))[0]
    assert few == pytest.approx(0.1 + 0.2 / 3)
    assert many == pytest.approx(0.1 + 0.2 / 12)


def test_a_week_does_not_raise_its_own_expectation() -> None:
    units = np.full((1, 20), 10.0)
    units[0, 9] = 1000
    mean, neighbours = expected_levels(
        units, np.ones(20), units > 0, np.zeros((1, 20), dtype=np.int64), np.full(1, 0.1)
    )
    assert mean[0, 9] == pytest.approx(10)
    assert mean[0, 8] == pytest.approx(10, rel=0.1)
    assert neighbours[0, 9] == pytest.approx(12)


def test_the_level_stops_at_a_shift() -> None:
    units = np.repeat([[10.0, 50.0]], 10, axis=1).reshape(1, 20)
    segment = (np.arange(20) >= 10).astype(np.int64)[None]
    mean, _ = expected_levels(units, np.ones(20), units > 0, segment, np.full(1, 0.1))
    assert mean[0] == pytest.approx(units[0])


def test_the_course_is_what_most_do() -> None:
    revenue = np.full((15, 30), 10.0)
    revenue[:, 12] = 13
    revenue[0, 20] = 1000
    course = chain_course(revenue, np.ones(15, dtype=np.bool_))
    assert course[12] == pytest.approx(1.3)
    assert course[20] == pytest.approx(1)
    assert (chain_course(revenue[:9], np.ones(9, dtype=np.bool_)) == 1).all()


def test_no_shift_is_closer_than_four_weeks_to_an_end() -> None:
    values = np.random.default_rng(8).normal(size=(30, WEEKS))
    values[0, WEEKS - 2 :] += 30
    values[1, WEEKS - 4 :] += 30
    told = np.ones(values.shape, dtype=np.bool_)
    shifts = find_shifts(cleaned(values, told), told, np.array(["product"] * 30), 0.05)
    assert list(zip(shifts.rows, shifts.weeks, strict=True)) == [(1, WEEKS - 4)]
    assert shifts.segments(values.shape)[1].tolist() == [0] * (WEEKS - 4) + [1] * 4


def test_cleaning_keeps_steps_and_cuts_spikes() -> None:
    values = np.random.default_rng(9).normal(size=(1, WEEKS))
    values[0, 26:] += 20
    values[0, 10] += 50
    kept = cleaned(values, np.ones(values.shape, dtype=np.bool_))
    assert kept[0, 10] < 5
    assert kept[0, 26:].min() > 15


def test_a_shift_is_dated_by_the_weeks_as_they_were() -> None:
    values = np.repeat([[8.0, 1.0]], 20, axis=1).reshape(1, 40)
    values[0, 19] = 5.5
    told = np.ones(values.shape, dtype=np.bool_)
    early = Shifts(np.array([0]), np.array([19]), np.array([-9.0]), np.array([0.001]))
    assert redated(early, values, told).weeks.tolist() == [20]
    right = Shifts(np.array([0]), np.array([20]), np.array([-9.0]), np.array([0.001]))
    assert redated(right, values, told).weeks.tolist() == [20]


def test_shifts_side_by_side_stay_apart() -> None:
    values = np.random.default_rng(10).normal(size=(300, 24)) * 4
    told = np.ones(values.shape, dtype=np.bool_)
    rows = np.repeat(np.arange(300), 5)
    close = Shifts(rows, np.tile([4, 8, 12, 16, 20], 300), np.ones(len(rows)), np.ones(len(rows)))
    moved = redated(close, values, told).weeks.reshape(300, 5)
    assert (np.diff(moved, axis=1) > 0).all()
    assert (np.abs(moved - [4, 8, 12, 16, 20]) <= 2).all()
    assert moved.max() <= 20
