"""Answers and pictures of the page of sales, on marts small enough to reckon by hand."""

from __future__ import annotations

from datetime import date

import pytest

from unit.contracts import published
from upswing.interface.marts import Marts
from upswing.interface.sales import answers, charts, market_answers, market_charts
from upswing.interface.weeks import moment
from upswing.interface.words import Words

# The first week of the data, 2024-01-01, is left out of histories, and so is the last, which has not ended.
ROWS = """
insert into model_runs (as_of_date) values ('2024-01-24');
insert into products (product_id, product_name, category, net_revenue) values
    ('a', 'Green tea', 'tea', 60), ('b', null, 'nails', 30);
insert into product_weeks (product_id, week_starting, net_revenue, is_complete_week) values
    ('a', '2024-01-01', 1, true), ('a', '2024-01-08', 10, true), ('a', '2024-01-15', 20, true),
    ('b', '2024-01-15', 5, true), ('a', '2024-01-22', 999, false);
insert into sales_forecasts (series_level, series_id, product_id, week_starting, model, forecast, lower_80, upper_80,
    lower_95, upper_95, note) values
    ('total', 'total', null, '2024-01-22', 'theta', 30, 20, 40, 10, 50, null),
    ('total', 'total', null, '2024-01-29', 'theta', 31, 19, 44, 9, 55, null),
    ('product', 'a', 'a', '2024-01-22', 'ets', 21, 11, 31, 1, 41, null),
    ('category', 'tea', null, '2024-01-22', 'ets', 22, null, null, null, null, null),
    ('store_category', '7 · tea', null, '2024-01-22', 'croston', 4, 2, 6, 1, 9, null);
insert into forecast_accuracy (series_level, series_id, competitor, weeks, mase, wape, bias, coverage_80, coverage_95,
    is_served_model) values
    ('total', 'total', 'served', 2, 0.9, 0.2, 0.1, 0.5, 1, true),
    ('total', 'total', 'seasonal_naive', 2, 1, 0.1, 0, null, null, false),
    ('total', 'total', 'theta', 2, 1, 0.3, 0, null, null, true),
    ('total', 'total', 'served', 1, 0.9, 0.01, 0.1, 1, 1, true),
    ('product', 'a', 'served', 2, 0.5, 0.4, 0, 1, 1, true),
    ('product', 'b', 'served', 2, 0.7, 0.6, 0, 0, 1, true),
    ('product', 'a', 'arima', 2, 0.1, 0.1, 0, null, null, false);
insert into sales_anomalies (series_level, series_id, product_id, week_starting, anomaly_kind, observed, expected,
    revenue_effect, weeks_affected, probable_cause, cause_evidence, is_new) values
    ('category', 'tea', null, '2024-01-15', 'spike', 20, 8, 12, 1, 'price', 'price paid 20 % lower', true),
    ('product', 'b', 'b', '2024-01-08', 'drop', 0, 5, -5, 1, 'none known', null, false);
insert into market_trends (category, active_revenue, growth, growth_lower_95, growth_upper_95, revenue_share,
    share_change, momentum, direction, promoted_share, products_sold, top_product_share) values
    ('tea', 30, 0.5, 0.1, 0.9, 0.75, 0.1, 2, 'growing, gaining share', 0, 1, 1),
    ('nails', 10, -0.2, -0.5, 0.1, 0.25, -0.1, -1, 'no clear trend', 0, 1, 1);
insert into competitor_positions (product_id, product_name, category, competitor, our_price, rival_price, price_index,
    our_position, compared_weeks, our_promotion_pressure, rival_promotion_pressure, competitor_verdict) values
    ('a', 'Green tea', 'tea', 'Rival', 2.2, 2, 1.1, 'dearer', 3, 0, 0, 'too few moves to tell'),
    ('b', null, 'nails', 'Rival', 1, 1, 1, 'level', 3, 0, 0, 'too few moves to tell');
insert into price_elasticities (product_id, product_name, category, elasticity, lower_95, upper_95, is_significant,
    own_data_weight, average_price, promotion_lift, weeks, verdict) values
    ('b', null, 'nails', -0.5, -1.5, 0.5, false, 0.2, 1, null, 20, 'no effect'),
    ('a', 'Green tea', 'tea', -2, -3, -1, true, 0.8, 2, 0.1, 30, 'elastic');
insert into inventory_plan (product_id, store_id, product_name, category, status, reason, order_quantity, order_value,
    on_hand, reorder_point, safety_stock, daily_demand, days_of_cover, stockout_probability, money_tied_up,
    excess_money, counted_on) values
    ('a', null, 'Green tea', 'tea', 'reorder_now', 'low', 10, 20, 3, 5, 1, 1, 3, 0.5, 6, 0, '2024-01-21'),
    ('b', null, null, 'nails', 'dead_stock', 'none sold', 0, 0, 9, 0, 0, 0, null, 0, 9, 9, '2024-01-21'),
    ('a', '7', 'Green tea', 'tea', 'stock_out', 'none', 4, 8, 0, 2, 1, 1, 0, 1, 0, 0, '2024-01-21');
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """The hand-made marts."""
    return published(tmp_path_factory.mktemp("marts"), ROWS, "sales")


@pytest.fixture(scope="module")
def empty_marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """The same marts without a row."""
    return published(tmp_path_factory.mktemp("empty"), room="sales")


def test_the_page_is_told_in_figures(marts: Marts) -> None:
    """The whole company's stock is counted, not the stores' once more; the error is that of the longest horizon."""
    (told,) = answers.sales_in_figures(marts).to_pylist()
    assert told == {
        "as_of_date": date(2024, 1, 24),
        "expected_revenue": 61,
        "forecast_weeks": 2,
        "wape": 0.2,
        "new_anomalies": 1,
        "growing_categories": 1,
        "shrinking_categories": 0,
        "products_to_order": 1,
    }


@pytest.mark.parametrize(
    ("level", "series", "history"),
    [
        ("total", "total", [10, 25]),
        ("category", "tea", [10, 20]),
        ("product", "a", [10, 20]),
        ("store_category", "7 · tea", []),
    ],
)
def test_a_forecast_follows_the_history_that_a_mart_knows(
    marts: Marts, level: str, series: str, history: list[float]
) -> None:
    """Sums of the products' whole weeks; of stores nothing is known."""
    found = answers.forecast_course(marts, series_level=level, series_id=series).to_pylist()
    assert [row["actual"] for row in found if row["actual"] is not None] == history
    ahead = [row for row in found if row["forecast"] is not None]
    assert ahead[0]["week_starting"] == date(2024, 1, 22)
    assert [row["week_starting"] for row in found] == sorted(row["week_starting"] for row in found)


def test_weeks_without_a_sale_brought_nothing(marts: Marts) -> None:
    """Nails were sold in the second week alone; only as much history is told as is asked for."""
    course = answers.anomaly_course(marts, series_level="product", series_id="b").to_pylist()
    assert [(row["actual"], row["anomaly_kind"]) for row in course] == [(0, "drop"), (5, None)]
    newest = answers.forecast_course(marts, history_weeks=1)["actual"].to_pylist()
    assert newest == [25, None, None]


def test_an_unknown_series_has_no_forecast(marts: Marts) -> None:
    """Whatever stands in the address."""
    assert answers.forecast_course(marts, series_level="product", series_id="nobody").num_rows == 0
    assert answers.forecast_course(marts, series_level="nothing", series_id="total").num_rows == 0


def test_series_are_chosen_by_what_they_will_bring(marts: Marts) -> None:
    """With the product's name."""
    (one,) = answers.series_to_choose(marts, series_level="product").to_pylist()
    assert one == {"series_id": "a", "product_name": "Green tea", "expected_revenue": 21}


def test_accuracy_is_the_median_over_the_series_of_a_level(marts: Marts) -> None:
    """0.4 and 0.6 are 0.5; a candidate that ran on one series of two is not comparable."""
    arima, served = answers.accuracy(marts, series_level="product").to_pylist()
    assert (served["wape"], served["mase"], served["coverage_80"], served["series"]) == (0.5, 0.6, 0.5, 2)
    assert (arima["competitor"], arima["is_comparable"], served["is_comparable"]) == ("arima", False, True)
    total = answers.accuracy(marts, series_level="total")
    assert total["competitor"].to_pylist() == ["seasonal_naive", "served", "theta"]
    assert total["wape"].to_pylist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(("language", "said"), [("en", "did not earn its keep"), ("zh", "没有体现出价值")])
def test_a_model_behind_a_simple_rule_is_told_so(marts: Marts, language: str, said: str) -> None:
    """The seasonal naive was nearer."""
    verdict, bands = charts.accuracy_in_words(answers.accuracy(marts), Words(language, "sales"))
    assert said in verdict
    assert "20.0 %" in verdict
    assert "10.0 %" in verdict
    assert "50 %" in bands


def test_anomalies_are_found_by_kind_and_age(marts: Marts) -> None:
    """The newest first."""
    assert answers.anomalies(marts)["series_name"].to_pylist() == ["tea", "b"]
    assert answers.anomalies(marts, anomaly_kind="drop")["series_name"].to_pylist() == ["b"]
    assert answers.anomalies(marts, only_new=True)["anomaly_kind"].to_pylist() == ["spike"]
    assert answers.anomalous_series(marts)["series_id"].to_pylist() == ["tea", "b"]


def test_the_market_prices_and_stock_are_answered(marts: Marts) -> None:
    """Filters narrow; products come by revenue; stores are told apart from the whole company."""
    assert market_answers.market_growth(marts)["category"].to_pylist() == ["tea", "nails"]
    assert market_answers.market_growth(marts, direction="no clear trend")["category"].to_pylist() == ["nails"]
    assert market_answers.directions(marts).num_rows == 2
    assert market_answers.positions(marts)["our_position"].to_pylist() == ["dearer", "level"]
    assert market_answers.positions(marts)["product_share"].to_pylist() == [0.5, 0.5]
    assert market_answers.positions(marts, category="tea")["product_share"].to_pylist() == [1]
    assert market_answers.dearest_products(marts)["product_id"].to_pylist() == ["a", "b"]
    assert market_answers.elasticities(marts)["product_id"].to_pylist() == ["a", "b"]
    assert market_answers.price_categories(marts)["category"].to_pylist() == ["nails", "tea"]
    assert market_answers.stock_status(marts)["status"].to_pylist() == ["dead_stock", "reorder_now"]
    assert market_answers.what_to_order(marts)["order_quantity"].to_pylist() == [10]
    assert market_answers.what_to_order(marts, store_id="7")["order_quantity"].to_pylist() == [4]
    assert market_answers.what_to_order(marts, status="dead_stock")["product_id"].to_pylist() == ["b"]
    assert market_answers.what_to_order(marts, category="nails").num_rows == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_say_their_figures(marts: Marts, language: str) -> None:
    """Each chart is a valid one, and its description holds the numbers to take away."""
    words = Words(language, "sales")
    course = answers.anomaly_course(marts, series_level="category", series_id="tea")
    for chart, figures in (
        (charts.forecast_course(answers.forecast_course(marts), words), ["61", "19", "44"]),
        (charts.accuracy(answers.accuracy(marts), words), ["3", "20.0 %", "10.0 %"]),
        (charts.anomaly_course(course, words), ["2024-01-15", "20", "8"]),
        (market_charts.market_growth(market_answers.market_growth(marts), words), ["tea", "50 %"]),
        (market_charts.positions(market_answers.positions(marts), words), ["Rival 50 %"]),
        (market_charts.elasticities(market_answers.elasticities(marts), words), ["Green tea (a)", "-2.00"]),
        (market_charts.stock_status(market_answers.stock_status(marts), words), ["2", "1", "20"]),
    ):
        told = chart.to_dict()["description"]
        assert all(figure in told for figure in figures), told


@pytest.mark.parametrize(("series_level", "series_id"), [("category", "tea"), ("store_category", "7 · tea")])
def test_a_forecast_without_bounds_or_history_is_still_drawn(marts: Marts, series_level: str, series_id: str) -> None:
    """Bounds may be null, and stores have no history."""
    found = answers.forecast_course(marts, series_level=series_level, series_id=series_id)
    charts.forecast_course(found, Words("en", "sales")).to_dict()


def test_a_week_is_the_same_moment_in_every_time_zone() -> None:
    """2024-01-01 is 19723 days after 1970-01-01."""
    assert moment(date(2024, 1, 1)) == 19723 * 24 * 60 * 60 * 1000
    assert moment(None) is None


def test_empty_marts_have_empty_answers(empty_marts: Marts) -> None:
    """No row, and no error; the figures of the page are one row all the same."""
    (told,) = answers.sales_in_figures(empty_marts).to_pylist()
    assert (told["expected_revenue"], told["products_to_order"]) == (None, 0)
    for ask in (
        answers.forecast_course,
        answers.accuracy,
        answers.anomalies,
        answers.anomalous_series,
        market_answers.market_growth,
        market_answers.directions,
        market_answers.positions,
        market_answers.dearest_products,
        market_answers.elasticities,
        market_answers.price_categories,
        market_answers.stock_places,
        market_answers.stock_categories,
        market_answers.stock_status,
        market_answers.what_to_order,
    ):
        assert ask(empty_marts).num_rows == 0
    assert answers.series_to_choose(empty_marts, series_level="total").num_rows == 0
    assert answers.anomaly_course(empty_marts, series_level="product", series_id="a").num_rows == 0
    assert charts.accuracy_in_words(answers.accuracy(empty_marts), Words("en", "sales")) == []
