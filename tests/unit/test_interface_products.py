"""Answers and pictures of the page of products, on marts small enough to reckon by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from unit.contracts import published
from upswing.interface.marts import Marts
from upswing.interface.products import answers, charts
from upswing.interface.words import Words

# The cycle has 5 weeks; 'new' is in its third, which is the newest whole one. Of tea E is 2, of anything else 1.
ROWS = """
insert into model_runs (as_of_date) values ('2024-01-21');
insert into products (product_id, product_name, category, launch_week, weeks_on_sale) values
    ('new', 'New tea', 'tea', '2024-01-01', 3),
    ('odd', null, 'nails', '2024-01-15', 1),
    ('old', 'Old tea', 'tea', '2023-01-02', 54),
    ('older', 'Older nails', 'rope', '2023-01-02', 54);
insert into product_weeks (product_id, week_starting, week_of_life, natural_units, is_complete_week) values
    ('new', '2024-01-01', 1, 5, true),
    ('new', '2024-01-15', 3, 3, true),
    ('new', '2024-01-22', 4, 90, false),
    ('odd', '2024-01-15', 1, 1.5, true),
    ('old', '2023-01-02', 1, 4, true),
    ('old', '2023-01-09', 2, 2, true),
    ('old', '2024-01-15', 55, 70, true),
    ('older', '2023-01-02', 1, 8, true);
insert into breakout_products (product_id, product_name, category, as_of_date, launched_on, weeks_on_sale,
    launch_units, breakout_probability, later_breakout_probability, is_breakout, breakout_rank, top_reasons) values
    ('new', 'New tea', 'tea', '2024-01-21', '2024-01-02', 3, 8, 0.9, 0.4, true, 1, '5 natural units in week 1'),
    ('odd', null, 'nails', '2024-01-21', '2024-01-15', 1, 1.5, 0.1, 0.05, false, 2, null);
insert into product_analogs (product_id, analog_product_id, analog_product_name, distance, analog_rank, in_cluster,
    analog_launched_on, analog_positive_weeks, analog_was_breakout) values
    ('new', 'old', 'Old tea', 0.5, 1, true, '2023-01-02', 1, true),
    ('new', 'older', 'Older nails', 1.5, 2, false, '2023-01-02', 1, false);
insert into surge_calendar (product_id, week_of_life, week_starting, surge_probability, is_surge, is_upcoming) values
    ('new', 4, '2024-01-22', 0.2, false, true),
    ('new', 5, '2024-01-29', 0.6, true, true);
insert into promotion_windows (product_id, window_number, starts_on, ends_on, first_week_of_life, last_week_of_life)
    values ('new', 1, '2024-01-29', '2024-02-04', 5, 5);
insert into positive_increments (product_id, category, launched_on, expected_units, expectation_source,
    positive_weeks, positive_increment, breakout_threshold, is_breakout, is_later_breakout) values
    ('old', 'tea', '2023-01-02', 2, 'category_history', 1, 4, 10, true, false),
    ('older', 'rope', '2023-01-02', 1, 'all_history', 1, 49, 10, false, false);
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """The hand-made marts."""
    return published(tmp_path_factory.mktemp("marts"), ROWS, "products")


@pytest.fixture(scope="module")
def empty_marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """The same marts without a row."""
    return published(tmp_path_factory.mktemp("empty"), room="products")


def test_the_page_is_told_in_figures(marts: Marts) -> None:
    """Counts, and the share of the past that broke out."""
    (told,) = answers.products_in_figures(marts).to_pylist()
    assert told == {
        "as_of_date": date(2024, 1, 21),
        "products_in_cycle": 2,
        "breakout_products": 1,
        "products_with_a_surge_ahead": 1,
        "historical_launches": 2,
        "breakout_share": 0.5,
        "breakout_threshold": 10,
    }


def test_products_are_ranked_with_their_next_window(marts: Marts) -> None:
    """All of them by rank, or those of one category."""
    first, second = answers.ranked_products(marts).to_pylist()
    assert (first["product_id"], first["promote_from"], first["promote_until"]) == (
        "new",
        date(2024, 1, 29),
        date(2024, 2, 4),
    )
    assert (second["product_id"], second["promote_from"]) == ("odd", None)
    assert answers.ranked_products(marts, category="nails")["product_id"].to_pylist() == ["odd"]
    assert answers.ranked_products(marts, rows=1).num_rows == 1
    assert answers.categories(marts)["category"].to_pylist() == ["nails", "tea"]
    assert answers.products_to_choose(marts)["product_name"].to_pylist() == ["New tea", "odd"]


def test_a_products_d_counts_the_whole_weeks_of_its_life(marts: Marts) -> None:
    """E is 2: weeks of 5 and 3 units are positive, D = (3² + 1²) / 2; the week that has not ended does not count."""
    (told,) = answers.product_in_figures(marts, product_id="new").to_pylist()
    assert (told["expected_units"], told["expectation_source"]) == (2, "category_history")
    assert (told["positive_weeks"], told["positive_increment"]) == (2, 5)
    assert (told["analogs"], told["analogs_that_broke_out"], told["analogs_increment"]) == (2, 1, 26.5)
    assert told["ranked_products"] == 2


def test_a_category_without_a_launch_expects_what_all_do(marts: Marts) -> None:
    """No nail was ever launched: E is that of all launches."""
    (told,) = answers.product_in_figures(marts, product_id="odd").to_pylist()
    assert (told["expected_units"], told["expectation_source"]) == (1, "all_history")
    assert (told["positive_weeks"], told["positive_increment"], told["analogs"]) == (1, 0.25, 0)


def test_a_launch_is_told_by_week_of_life_with_its_analogs(marts: Marts) -> None:
    """Weeks without a sale count 0; analogs go to the end of the cycle; the median is of all analogs, shown or not."""
    found = answers.launch_course(marts, product_id="new", analogs=1).to_pylist()
    own = [row for row in found if row["course"] == "product"]
    assert [(row["natural_units"], row["is_positive"]) for row in own] == [(5, True), (0, False), (3, True)]
    assert [row["week_starting"] for row in own] == [date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15)]
    assert [row["natural_units"] for row in found if row["course"] == "analog"] == [4, 2, 0, 0, 0]
    assert [row["natural_units"] for row in found if row["course"] == "median"] == [6, 1, 0, 0, 0]


def test_surge_weeks_know_their_window(marts: Marts) -> None:
    """Week 5 lies in the window, week 4 in none."""
    fourth, fifth = answers.surge_course(marts, product_id="new").to_pylist()
    assert (fourth["window_number"], fourth["is_surge"]) == (None, False)
    assert (fifth["window_number"], fifth["promote_from"], fifth["surge_probability"]) == (1, date(2024, 1, 29), 0.6)


def test_analogs_tell_what_became_of_them(marts: Marts) -> None:
    """The nearest first, with D."""
    found = answers.analogs_of(marts, product_id="new")
    assert found["analog_product_id"].to_pylist() == ["old", "older"]
    assert found["positive_increment"].to_pylist() == [4, 49]


def test_what_surged_last_week_beat_its_expectation_in_its_cycle(marts: Marts) -> None:
    """3 against 2 and 1.5 against 1; 70 units in week 55 are no surge, nor is a week that has not ended."""
    found = answers.surged_last_week(marts).to_pylist()
    assert [(row["product_id"], row["units_above"]) for row in found] == [("new", 1), ("odd", 0.5)]
    assert {row["week_starting"] for row in found} == {date(2024, 1, 15)}
    assert answers.surged_last_week(marts, rows=1).num_rows == 1


def test_history_is_told_by_category(marts: Marts) -> None:
    """One tea of one broke out, no rope."""
    rope, tea = answers.history_by_category(marts).to_pylist()
    assert (rope["category"], rope["launches"], rope["breakouts"], rope["breakout_share"]) == ("rope", 1, 0, 0)
    assert (tea["category"], tea["breakout_share"], tea["expected_units"]) == ("tea", 1, 2)
    assert tea["usual_breakout_share"] == 0.5
    assert answers.historic_breakouts(marts)["product_id"].to_pylist() == ["older", "old"]
    assert answers.historic_breakouts(marts, category="tea")["product_id"].to_pylist() == ["old"]
    assert answers.past_categories(marts)["category"].to_pylist() == ["rope", "tea"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_say_their_figures(marts: Marts, language: str) -> None:
    """Each chart is a valid one, and its description holds the numbers to take away."""
    words = Words(language, "products")
    launch = charts.launch_course(answers.launch_course(marts, product_id="new"), words)
    surge = charts.surge_course(answers.surge_course(marts, product_id="new"), words)
    surged = charts.surged_last_week(answers.surged_last_week(marts), words)
    history = charts.history_by_category(answers.history_by_category(marts), words)
    for chart, figures in (
        (launch, ["3", "2.0", "5"]),
        (surge, ["60 %", "2024-01-29", "2024-02-04"]),
        (surged, ["2024-01-15", "New tea", "2.0"]),
        (history, ["50 %", "tea", "100 %", "rope", "0 %"]),
    ):
        told = chart.to_dict()["description"]
        assert all(figure in told for figure in figures), told


def test_empty_marts_have_empty_answers(empty_marts: Marts) -> None:
    """No row, and no error; the figures of the page are one row all the same."""
    (told,) = answers.products_in_figures(empty_marts).to_pylist()
    assert (told["products_in_cycle"], told["breakout_share"]) == (0, None)
    for ask in (
        answers.categories,
        answers.past_categories,
        answers.ranked_products,
        answers.products_to_choose,
        answers.surged_last_week,
        answers.history_by_category,
        answers.historic_breakouts,
    ):
        assert ask(empty_marts).num_rows == 0
    for ask_of in (answers.product_in_figures, answers.launch_course, answers.surge_course, answers.analogs_of):
        assert ask_of(empty_marts, product_id="new").num_rows == 0


def test_a_launch_before_any_history_has_no_expectation(tmp_path: Path) -> None:
    """Where no launch has ended E is not known: no week is positive, and the picture leaves its line out."""
    marts = published(tmp_path, ROWS + "delete from positive_increments; delete from product_analogs;", "products")
    found = answers.launch_course(marts, product_id="new")
    assert {(row["expected_units"], row["is_positive"]) for row in found.to_pylist()} == {(None, None)}
    (told,) = answers.product_in_figures(marts, product_id="new").to_pylist()
    assert (told["expected_units"], told["positive_weeks"], told["positive_increment"]) == (None, None, None)
    assert answers.surged_last_week(marts).num_rows == 0
    charts.launch_course(found, Words("en", "products")).to_dict()
