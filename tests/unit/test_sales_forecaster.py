"""The forecaster as a whole: fitted once on small series, then served, disturbed and starved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from unit.sales_series import PLANNED_SCHEMA, SERIES_SCHEMA, WEEKS_SCHEMA, Key, all_series, leaves, monday, tables
from upswing.fits import Fit, NotEnoughHistory
from upswing.sales import sales_forecaster_fit, sales_forecaster_scores
from upswing.sales.forecast_candidates import CANDIDATES, learn_candidates
from upswing.sales.forecast_drift import forecast_drift
from upswing.sales.forecast_panel import BoolArray, FloatArray, SalesPanel, sales_panel
from upswing.sales.sales_forecaster import SalesForecaster, SalesForecasterParameters
from upswing.sales.sales_forecaster_fit import fit_sales_forecaster
from upswing.sales.sales_forecaster_learning import learn_rules
from upswing.sales.sales_forecaster_scores import score_forecast_accuracy, score_sales_forecasts

WEEKS = 44
PARAMETERS = SalesForecasterParameters(
    forecast_weeks=5, forecast_windows=2, forecast_window_step_weeks=5, arima_series=1
)
BOTTOM = leaves(WEEKS + 4)
Tables = tuple[pa.Table, pa.Table, pa.Table]


def until(weeks: int, bottom: dict[Key, NDArray[np.float64]] = BOTTOM) -> Tables:
    return tables(all_series({key: revenue[:weeks] for key, revenue in bottom.items()}))


@pytest.fixture(scope="module")
def fit() -> Fit:
    return fit_sales_forecaster(*until(WEEKS), PARAMETERS)


@pytest.fixture(scope="module")
def row(fit: Fit) -> dict[str, Any]:
    return {"weights": fit.weights, "model_version": "00001-abc"}


def score(row: dict[str, Any] | None, given: Tables) -> pa.Table:
    return score_sales_forecasts(row, *given, PARAMETERS, 13)


def of_level(table: pa.Table, level: str) -> pa.Table:
    return table.filter(pc.equal(table["series_level"], level))


def sums(table: pa.Table, *levels: str) -> NDArray[np.float64]:
    """Forecast by week of all series of some levels."""
    taken = table.filter(pc.is_in(table["series_level"], pa.array(levels)))
    weeks, forecast = taken["horizon_week"].to_numpy(), taken["forecast"].to_numpy()
    return np.array([forecast[weeks == week].sum() for week in range(1, weeks.max() + 1)])


def test_every_candidate_is_measured_beside_what_is_served(fit: Fit) -> None:
    found = {(metric.target, metric.competitor) for metric in fit.metrics if metric.metric == "mase"}
    for level in ("total", "category", "product", "store_category"):
        measured = {"model", "unreconciled", *CANDIDATES} - ({"arima"} if level != "total" else set())
        assert {name for target, name in found if target == level} >= measured
    assert "of 12 single candidates" in fit.verdict
    assert "reconciliation moved WAPE" in fit.verdict
    assert "0 of 17 series fell back" in fit.verdict


def test_the_order_of_rows_does_not_matter(fit: Fit) -> None:
    generator = np.random.default_rng(1)
    series, weeks, planned = (table.take(generator.permutation(table.num_rows)) for table in until(WEEKS))
    again = fit_sales_forecaster(series, weeks, planned, PARAMETERS)
    assert again.weights == fit.weights
    assert again.verdict == fit.verdict


def test_it_comes_back_from_its_bytes(fit: Fit) -> None:
    assert SalesForecaster.from_bytes(fit.weights).to_bytes() == fit.weights


def test_forecasts_add_up_and_lie_within_their_bounds(row: dict[str, Any]) -> None:
    found = score(row, until(WEEKS))
    total = sums(found, "total")
    for levels in (("category",), ("product", "other_products"), ("store_category", "other_stores")):
        np.testing.assert_allclose(sums(found, *levels), total, atol=1e-3)
    lower_95, lower_80, forecast, upper_80, upper_95 = (
        found[name].to_numpy() for name in ("lower_95", "lower_80", "forecast", "upper_80", "upper_95")
    )
    assert (lower_95 >= 0).all()
    for below, above in ((lower_95, lower_80), (lower_80, forecast), (forecast, upper_80), (upper_80, upper_95)):
        assert (below <= above).all()
    assert found["week_starting"].to_pylist()[:5] == [monday(WEEKS + week) for week in range(5)]


def test_units_are_revenue_over_the_recent_price(row: dict[str, Any]) -> None:
    found = score(row, until(WEEKS))
    products = of_level(found, "product")
    np.testing.assert_allclose(products["forecast_units"].to_numpy(), products["forecast"].to_numpy() / 2, atol=1e-4)
    assert of_level(found, "category")["forecast_units"].null_count == 2 * 5


def test_new_weeks_are_forecast_without_learning(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(*_: Any, **__: Any) -> None:
        raise AssertionError("something was learned")

    monkeypatch.setattr(sales_forecaster_scores, "learn_candidates", learn)
    later = score(row, until(WEEKS + 2))
    assert later["week_starting"].to_pylist()[0] == monday(WEEKS + 2)
    assert later["forecast"].to_pylist() != score(row, until(WEEKS))["forecast"].to_pylist()


def test_a_series_that_is_new_since_the_fit_is_served_and_says_so(row: dict[str, Any]) -> None:
    name = "bread9"
    revenue = np.where(np.arange(WEEKS + 4) < WEEKS - 9, 0.0, 40.0)
    found = score(row, until(WEEKS, BOTTOM | {("product", name, "bread", name, None): revenue}))
    new = found.filter(pc.equal(found["series_id"], name))
    assert new["note"].to_pylist() == ["new since the fit: served like its level"] * 5
    assert (new["forecast"].to_numpy() > 10).all()


def test_accuracy_has_every_competitor_and_band(row: dict[str, Any]) -> None:
    found = score_forecast_accuracy(row)
    assert set(found["competitor"].to_pylist()) == {"served", "unreconciled", *CANDIDATES}
    assert set(found["horizon_weeks"].to_pylist()) == {"1-4", "5-5", "1-5"}
    served = found.filter(pc.equal(found["competitor"], "served"))
    assert pc.all(served["is_served_model"]).as_py()
    assert served["coverage_80"].null_count == 0
    others = found.filter(pc.invert(pc.is_in(found["competitor"], pa.array(["served"]))))
    assert others["coverage_80"].null_count == others.num_rows


def test_too_little_history_is_seasonal_naive_and_says_so() -> None:
    with pytest.raises(NotEnoughHistory, match="9 whole weeks"):
        fit_sales_forecaster(*until(9), PARAMETERS)
    found = score(None, until(9))
    assert set(found["model"].to_pylist()) == {"seasonal_naive"}
    assert found["note"].to_pylist()[0].startswith("seasonal naive")
    assert found["upper_95"].null_count == found.num_rows
    last = of_level(until(9)[1], "total")["net_revenue"].to_numpy()[-1]
    np.testing.assert_allclose(sums(found, "product", "other_products"), last, rtol=1e-3)


@pytest.mark.parametrize("weeks", [1, 2])
def test_one_week_is_enough_to_say_something(weeks: int) -> None:
    assert score(None, until(weeks)).num_rows == 17 * 5


def test_a_history_without_test_window_is_fitted_but_not_measured() -> None:
    fit = fit_sales_forecaster(*until(15), PARAMETERS)
    assert fit.verdict.startswith("not measured")
    assert score_forecast_accuracy({"weights": fit.weights, "model_version": "1"}).num_rows == 0
    assert score({"weights": fit.weights, "model_version": "1"}, until(15)).num_rows == 17 * 5


def test_no_rows_give_no_rows(row: dict[str, Any]) -> None:
    nothing = (SERIES_SCHEMA.empty_table(), WEEKS_SCHEMA.empty_table(), PLANNED_SCHEMA.empty_table())
    with pytest.raises(NotEnoughHistory):
        fit_sales_forecaster(*nothing, PARAMETERS)
    for given in (None, row):
        assert score(given, nothing).num_rows == 0
    assert score_forecast_accuracy(None).num_rows == 0


def test_rules_know_nothing_after_the_newest_window() -> None:
    panel = sales_panel(*until(WEEKS), 5)
    later = panel.revenue.copy()
    later[:, 35:] *= 9.0
    changed = SalesPanel(
        panel.series, panel.weeks, later, panel.promoted_share, panel.price_ratio, panel.promotion_reach
    )
    forecasts = {
        origin: {name: panel.revenue[:, origin - back : origin - back + 5] for back, name in enumerate("abc", start=5)}
        for origin in (25, 30)
    }
    ours, theirs = (learn_rules(given, forecasts, 1)[0].to_tensors() for given in (panel, changed))
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


class Failing:
    """Learned candidates of which all but seasonal naive fail on the first product."""

    def __init__(self, learned: Any, panel: SalesPanel) -> None:
        self.learned, self.keys, self.parameters = learned, learned.keys, learned.parameters
        self.row = int(np.flatnonzero(panel.levels == "product")[0])
        self.failures = {name: [self.row] for name in CANDIDATES if name != "seasonal_naive"}

    def forecast(self, panel: SalesPanel, origin: int) -> dict[str, FloatArray]:
        found: dict[str, FloatArray] = self.learned.forecast(panel, origin)
        for name in self.failures:
            found[name][self.row] = np.nan
        return found

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        tensors: dict[str, NDArray[Any]] = self.learned.to_tensors()
        return tensors


def test_a_failed_series_falls_back_and_the_fit_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(
        panel: SalesPanel, origin: int, parameters: Any, wanted: Mapping[str, BoolArray] | None = None, told: Any = None
    ) -> Any:
        learned = learn_candidates(panel, origin, parameters, wanted, told)
        return Failing(learned, panel) if wanted is not None else learned

    monkeypatch.setattr(sales_forecaster_fit, "learn_candidates", learn)
    few = SalesForecasterParameters(forecast_weeks=5, forecast_windows=1, arima_series=0)
    fit = fit_sales_forecaster(*until(14), few)
    assert "1 of 17 series fell back to seasonal naive" in fit.verdict
    assert "failed on it" in fit.verdict


def test_drift_calls_for_a_fit_where_the_errors_grow(row: dict[str, Any]) -> None:
    calm = until(WEEKS + 4)
    assert forecast_drift(row, *until(WEEKS), 1.5) is None
    assert forecast_drift(row, *calm, 1.5) is None
    broken = {key: np.append(revenue[:WEEKS], revenue[WEEKS:] * 4.0) for key, revenue in BOTTOM.items()}
    told = forecast_drift(row, *until(WEEKS + 4, broken), 1.5)
    assert told is not None
    assert "of the 4 weeks since the fit" in told
    with pytest.raises(ValueError, match="var forecast_drift_ratio is 1"):
        forecast_drift(row, *calm, 1)


@pytest.mark.parametrize("name", ["forecast_weeks", "forecast_windows", "forecast_window_step_weeks", "season_weeks"])
def test_parameters_say_which_var_is_wrong(name: str) -> None:
    with pytest.raises(ValueError, match=f"var {name} is 0; expected"):
        SalesForecasterParameters(**{name: 0})


def test_windows_end_where_the_history_does_and_the_test_comes_after_them() -> None:
    given = SalesForecasterParameters()
    assert given.origins(52) == (31, 35, 39)
    assert given.origins(52 - 13) == (18, 22, 26)
    assert given.origins(22) == (9,)
    assert given.origins(20) == ()
    assert given.season(52) == 1
    assert given.season(52 + 13 + 13 + 13 + 8) == 52
    assert given.season(52 + 13 + 13 + 13 + 7) == 1
