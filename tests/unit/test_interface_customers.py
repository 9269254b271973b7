"""The page of the customers: what it asks of the marts, its pictures, and what it says where there is nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from unit.contracts import published
from upswing.interface.customers import answers, charts
from upswing.interface.marts import Marts
from upswing.interface.theme import picture
from upswing.interface.words import Words

ROWS = """
insert into customers (
    customer_id, is_anonymous, as_of_date, demographics_withheld, recency_days, orders, revenue, orders_active,
    revenue_active, favourite_weekday, spending_power
) values
    ('a', false, '2024-06-30', 0, 1, 10, 100, 4, 40, 'Monday', 5),
    ('b', false, '2024-06-30', 2, 9, 3, 30, 2, 60, null, 2),
    ('c', false, '2024-06-30', 0, 200, 1, 5, 0, 0, null, 1),
    ('(anonymous)', true, '2024-06-30', 0, null, 7, 70, 0, 0, null, null);
insert into customer_segments (customer_id, segment_number, segment_name, previous_segment_name, has_moved,
    is_outlier, segment_margin) values
    ('a', 1, 'loyal', 'loyal', false, false, 0.5), ('b', 2, 'our <own> name', 'loyal', true, false, 0.2),
    ('c', 3, 'dormant', 'dormant', false, true, 0.1);
insert into segment_profiles (segment_number, segment_name, portrait, customers, share_of_customers, share_of_revenue,
    joined_customers, new_customers, left_customers, outliers) values
    (2, 'our <own> name', '1 customer & more', 1, 0.25, 0.6, 1, 0, 0, 0),
    (1, 'loyal', '1 loyal', 1, 0.25, 0.4, 0, 0, 1, 0),
    (3, 'dormant', '2 dormant', 2, 0.5, null, 0, 0, 0, 1);
insert into customer_scores (customer_id, is_active, recency_days, revenue_active, churn_probability, is_churn_risk,
    revenue_at_risk, churn_reasons, churn_reason_codes, purchase_probability, expected_spend, purchase_reasons,
    top_categories) values
    ('a', true, 1, 40, 0.04, false, 1, 'typical', '[{"code": "no_purchase", "parameters": {}, "effect": -0.05}]', 0.9,
        20, 'buys often', 'tea (50 %)'),
    ('b', true, 9, 60, 0.3, true, 18, 'late <i>now</i>', null, 0.5, 30, 'late', null),
    ('c', false, 200, 0, null, false, null, null, null, 0.1, 1, 'gone', null);
insert into uplift_scores (customer_id, uplift, uplift_group, uplift_reasons, learner) values
    ('b', 0.1, 'persuadable', 'late', 'mean_of_learners');
insert into customer_interests (customer_id, interest_rank, category, order_days, revenue, affinity) values
    ('a', 1, 'tea', 5, 50, 3), ('a', 2, 'wine', 2, 20, 2);
insert into category_intents (customer_id, category, intent_rank, category_purchase_probability, order_days,
    recency_days, mean_days_between, lateness) values
    ('a', 'tea', 1, 0.5, 5, 1, 7, 0.1), ('a', 'bread', 2, 0.4, 3, 2, 7, 1.5), ('b', 'tea', 1, 0.25, 1, 9, null, null);
insert into recommendations (customer_id, recommendation_rank, product_id, product_name, category, score, source,
    is_repeat, reason) values
    ('a', 2, 'p2', 'Wine', 'wine', 0.2, 'best sellers', false, 'sells best'),
    ('a', 1, 'p1', 'Tea', 'tea', 0.9, 'own history', true, 'bought 5 times'),
    ('b', 1, 'p1', 'Tea', 'tea', 0.5, 'own history', false, 'bought once');
insert into marketing_pushes (push_id, customer_id, priority_rank, send_on, channel, action_name, product_name,
    offer_price, is_control, message, reason) values
    ('u2', 'a', 1, '2024-07-02', 'email', 'Gift', 'Tea', 1.5, false, 'Tea!', 'loyal'),
    ('u1', 'a', 2, '2024-07-01', 'app', 'Discount', null, null, true, 'Less', 'loyal');
insert into basket_rules (rule_level, rule_rank, antecedent_name, consequent_name, confidence, lift, later_confidence,
    later_lift, holds, both_orders) values
    ('category', 2, 'tea', 'bread', 0.4, 1.5, 0.3, 1.2, false, 10),
    ('category', 1, 'bread', 'tea', 0.5, 2, 0.5, 2, true, 20),
    ('product', 1, 'Tea', 'Wine', 0.5, 2, 0.5, 2, true, 5);
insert into product_similarities (product_id, product_name, similar_product_id, similar_product_name,
    similar_category, similar_price_paid, similarity_rank, similarity, reason) values
    ('p1', 'Tea', 'p3', 'Green tea', 'tea', 2, 2, 0.7, 'same category'),
    ('p1', 'Tea', 'p4', 'Black tea', 'tea', 3, 1, 0.8, 'same brand');
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return published(tmp_path_factory.mktemp("marts"), ROWS, "customers")


@pytest.fixture(scope="module")
def empty_marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return published(tmp_path_factory.mktemp("empty"), room="customers")


def test_figures_leave_out_what_is_anonymous(marts: Marts) -> None:
    (known,) = answers.customers_in_figures(marts).to_pylist()
    assert (known["customers"], known["active_customers"], known["customers_at_risk"]) == (3, 2, 1)
    assert (known["revenue_at_risk"], known["expected_spend"], known["moved_customers"]) == (18, 51, 1)


def test_the_map_holds_who_bought_lately_with_the_revenue_an_order(marts: Marts) -> None:
    placed = answers.segments(marts)
    assert placed["customer_id"].to_pylist() == ["a", "b"]
    assert placed["basket_active"].to_pylist() == [10, 30]
    assert answers.segments(marts, rows=1)["customer_id"].to_pylist() == ["a"]


def test_segments_are_told_by_number(marts: Marts) -> None:
    profiles = answers.segment_profiles(marts)
    assert profiles["segment_number"].to_pylist() == [1, 2, 3]
    assert profiles["revenue_share"].to_pylist() == [0.4, 0.6, None]
    assert answers.segment_names(marts)["segment_name"].to_pylist() == ["loyal", "our <own> name", "dormant"]


def test_churn_is_told_of_the_active_by_twentieths(marts: Marts) -> None:
    assert answers.churn_distribution(marts).to_pylist() == [
        {"probability_from": 0, "is_churn_risk": False, "customers": 1, "revenue_at_risk": 1},
        {"probability_from": 0.3, "is_churn_risk": True, "customers": 1, "revenue_at_risk": 18},
    ]


def test_who_is_at_risk_is_listed_by_segment(marts: Marts) -> None:
    assert answers.at_risk(marts, rows=10)["customer_id"].to_pylist() == ["b"]
    assert answers.at_risk(marts, rows=10, segment_name="our <own> name").num_rows == 1
    assert not answers.at_risk(marts, rows=10, segment_name="loyal").num_rows


def test_intents_add_up_to_expected_buyers(marts: Marts) -> None:
    assert answers.category_intents(marts, rows=10).to_pylist() == [
        {
            "category": "tea",
            "regular_customers": 2,
            "expected_buyers": 0.75,
            "mean_probability": 0.375,
            "late_customers": 0,
        },
        {
            "category": "bread",
            "regular_customers": 1,
            "expected_buyers": 0.4,
            "mean_probability": 0.4,
            "late_customers": 1,
        },
    ]


def test_likely_buyers_are_those_of_a_category_or_who_spend_most(marts: Marts) -> None:
    assert answers.likely_buyers(marts, rows=2)["customer_id"].to_pylist() == ["b", "a"]
    of_tea = answers.likely_buyers(marts, rows=10, category="tea")
    assert of_tea["purchase_probability"].to_pylist() == [0.5, 0.25]
    assert not answers.likely_buyers(marts, rows=10, category="nothing").num_rows


def test_one_customer_is_found_in_all_marts(marts: Marts) -> None:
    (found,) = answers.customer(marts, customer_id="b").to_pylist()
    assert (found["segment_name"], found["churn_probability"], found["uplift_group"]) == (
        "our <own> name",
        0.3,
        "persuadable",
    )
    liked = answers.interests(marts, customer_id="a")
    assert liked["category"].to_pylist() == ["tea", "wine", "bread"]
    assert liked["category_purchase_probability"].to_pylist() == [0.5, None, 0.4]
    assert liked["order_days"].to_pylist() == [5, 2, 3]
    assert answers.recommendations(marts, customer_id="a")["product_id"].to_pylist() == ["p1", "p2"]
    assert answers.pushes(marts, customer_id="a")["is_control"].to_pylist() == [True, False]


@pytest.mark.parametrize("customer_id", ["(anonymous)", "nobody", "", "' or true --"])
def test_who_is_no_customer_is_not_found(marts: Marts, customer_id: str) -> None:
    assert not answers.customer(marts, customer_id=customer_id).num_rows


def test_examples_begin_with_those_at_risk(marts: Marts) -> None:
    assert answers.examples(marts, rows=3)["customer_id"].to_pylist() == ["b", "a", "c"]


def test_what_goes_together_is_ranked(marts: Marts) -> None:
    assert answers.basket_rules(marts, rows=10, rule_level="category")["rule_rank"].to_pylist() == [1, 2]
    assert answers.basket_rules(marts, rows=10, rule_level="product")["consequent_name"].to_pylist() == ["Wine"]
    assert answers.products_alike(marts, product_id="p1")["similar_product_id"].to_pylist() == ["p4", "p3"]
    (first, second) = answers.most_recommended(marts, rows=10).to_pylist()
    assert (first["product_id"], first["customers"], first["repeat_share"], first["mean_rank"]) == ("p1", 2, 0.5, 1)
    assert (second["product_id"], second["mean_rank"]) == ("p2", 2)
    sources = answers.recommendation_sources(marts)
    assert sources["source"].to_pylist() == ["own history", "best sellers"]
    assert sources["recommendation_share"].to_pylist() == pytest.approx([2 / 3, 1 / 3])
    assert sources["customers"].to_pylist() == [2, 1]


def test_pictures_say_in_words_what_they_show(marts: Marts) -> None:
    english, chinese = Words("en", "customers"), Words("zh", "customers")
    placed = answers.segments(marts)
    told = charts.segment_map(placed, english).description
    assert "2 customers" in told
    assert "1 Loyal: 4 orders of 10; 2 our <own> name: 2 orders of 30" in told
    assert "忠诚" in charts.segment_map(placed, chinese).description
    profiles = answers.segment_profiles(marts)
    told = charts.segment_sizes(profiles, english).description
    assert "4 customers in 3 segments" in told
    assert "2 our <own> name: 25 % of the customers, 60 % of the revenue" in told
    assert "3 个群体" in charts.segment_sizes(profiles, chinese).description
    churn = answers.churn_distribution(marts)
    assert "Of 2 active customers 1 are" in charts.churn_distribution(churn, english).description
    assert "18" in charts.churn_distribution(churn, chinese).description
    intents = answers.category_intents(marts, rows=10)
    assert "tea comes first: 1 of 2 customers" in charts.category_intents(intents, english).description
    assert "常买它的 2 位客户" in charts.category_intents(intents, chinese).description


def test_a_bar_of_both_kinds_is_as_high_as_both_and_labelled_once() -> None:
    both = [
        {"probability_from": 0.3, "is_churn_risk": is_risk, "customers": customers, "revenue_at_risk": 1}
        for is_risk, customers in ((False, 40), (True, 30))
    ]
    chart = charts.churn_distribution(pa.Table.from_pylist(both), Words("en", "customers")).to_dict()
    bars, labels = chart["layer"]
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, pytest.approx(77)]
    assert [row["label"] for row in chart["datasets"][labels["data"]["name"]]] == ["70"]


def test_a_picture_without_anyone_at_risk_is_drawn(marts: Marts) -> None:
    steady = answers.churn_distribution(marts).slice(0, 1)
    assert picture(charts.churn_distribution(steady, Words("en", "customers")), "png").startswith(b"\x89PNG")


def drawn(marts: Marts, language: str, tab: str | None, **address: str) -> AppTest:
    """The page as a browser with this address gets it."""

    def app(file: str, language: str) -> None:
        from pathlib import Path

        from upswing.interface.dashboard import show_room
        from upswing.interface.marts import Marts

        show_room("customers", Marts(Path(file)), language)

    page = AppTest.from_function(app, args=(str(marts.file), language), default_timeout=60)
    if tab:
        page.session_state[f"customers_view_{language}"] = Words(language, "customers")(f"tab.{tab}")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert not page.error
    return page


@pytest.mark.parametrize("tab", ["segments", "intents", "customer", "together"])
def test_empty_marts_are_told_in_words(empty_marts: Marts, tab: str) -> None:
    page = drawn(empty_marts, "zh", tab)
    assert page.info
    assert not page.dataframe


@pytest.mark.parametrize(("customer_id", "language"), [("a", "zh"), ("b", "en"), ("c", "en")])
def test_a_customer_of_the_address_is_shown_at_once(marts: Marts, language: str, customer_id: str) -> None:
    page = drawn(marts, language, None, customer=customer_id)
    assert not page.warning
    assert any(f"**: {customer_id}" in paragraph.value for paragraph in page.markdown)


def test_reasons_are_told_in_the_language_of_the_page(marts: Marts) -> None:
    for language, reason in (("zh", "还没有购买过"), ("en", "no purchase yet (lowers it by 5 points)")):
        told = "".join(paragraph.value for paragraph in drawn(marts, language, None, customer="a").markdown)
        assert reason in told


def test_an_unknown_customer_is_told(marts: Marts) -> None:
    page = drawn(marts, "zh", None, customer="nobody")
    assert [warning.value for warning in page.warning] == [Words("zh", "customers")("customer.unknown")]


def test_what_marts_say_is_text_and_never_markup(marts: Marts) -> None:
    told = "".join(paragraph.value for paragraph in drawn(marts, "en", None, customer="b").markdown)
    assert r"late \<i>now\</i>" in told


def test_an_example_is_chosen_by_a_button(marts: Marts) -> None:
    page = drawn(marts, "en", "customer")
    page.button(key="example_c").click().run()
    assert page.text_input(key="customer").value == "c"
