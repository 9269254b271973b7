"""The page of the opportunities: what it asks of the marts, its pictures, and what it says where there is nothing."""

from __future__ import annotations

from math import sqrt

import pytest
from streamlit.testing.v1 import AppTest

from unit.contracts import published
from upswing.interface.marts import Marts
from upswing.interface.opportunities import answers, charts
from upswing.interface.theme import picture
from upswing.interface.words import Words

ROWS = """
insert into opportunity_priorities (opportunity_id, owner_id, as_of_date, conversion_probability, probability_source,
    visit_priority, owner_priority, amount, expected_value, visits, last_visited_at, top_reasons) values
    ('likely', 'ann', '2024-06-30', 0.8, 'model', 1, 1, 100, 80, 3, '2024-06-20 10:00', 'visit 3 <b>raised</b> it'),
    ('even', 'bob', '2024-06-30', 0.5, 'model', 2, 1, null, null, 1, '2024-06-01 09:00', 'visit 1 lowered it'),
    ('unseen', 'ann', '2024-06-30', 0.4, 'base_rate', 3, 2, 50, 20, 0, null, null);
insert into conversion_history (opportunity_id, visit_number, visit_id, sales_rep_id, visited_at, status,
    conversion_probability, probability_change, is_out_of_sample) values
    ('likely', 2, 'v2', 'ann', '2024-05-02 10:00', 'open', 0.3, -0.1, true),
    ('likely', 1, 'v1', 'ann', '2024-04-01 10:00', 'open', 0.4, null, true),
    ('likely', 3, 'v3', 'bob', '2024-06-20 10:00', 'open', 0.8, 0.5, true),
    ('even', 1, 'v4', 'bob', '2024-06-01 09:00', 'open', 0.5, null, true),
    ('gone', 1, 'v5', 'bob', '2024-01-01 09:00', 'lost', 0.25, null, false);
insert into visit_audits (opportunity_id, sales_rep_id, status, visits, suspect_visits, evidence,
    conversion_probability, finding, reasons) values
    ('likely', 'ann', 'open', 2, 1, 1.5, 0.8, 'fake_visits', 'of 2 visits: 1 copied'),
    ('likely', 'bob', 'open', 1, 0, 0, 0.8, 'sound', null),
    ('even', 'bob', 'open', 1, 0, 0, 0.5, 'sound', null),
    ('gone', 'bob', 'lost', 9, 3, 4, 0.25, 'fake_visits', 'of 9 visits: 3 copied'),
    ('gone', 'ann', 'lost', 4, 0, 0, 0.25, 'fruitless_visits', '4 sound visits');
insert into sales_rep_scorecard (sales_rep_id, open_opportunities, open_expected_value, closed_opportunities, wins,
    judged_opportunities, judged_wins, expected_wins, wins_above_expected, visits, suspect_visits, fake_findings,
    fruitless_findings) values
    ('ann', 2, 100, 12, 6, 8, 7, 4, 3, 20, 3, 1, 1),
    ('bob', 1, null, 9, 2, 4, 1, 2, -1, 11, 3, 1, 0),
    ('new', 0, null, 0, 0, 0, 0, null, null, 0, 0, 0, 0);
insert into model_runs (model_name, model_version, verdict, is_newest) values
    ('conversion_classifier', 'old', 'was best', false), ('conversion_classifier', 'new', 'loses', true);
insert into model_metrics (model_name, model_version, target, competitor, metric, value) values
    ('conversion_classifier', 'old', 'won', 'model', 'pr_auc', 0.9),
    ('conversion_classifier', 'new', 'won', 'model', 'pr_auc', 0.5),
    ('conversion_classifier', 'new', 'won', 'model', 'rows', 40),
    ('conversion_classifier', 'new', 'won', 'visit_count', 'pr_auc', 0.6),
    ('conversion_classifier', 'new', 'won_after_1_visits', 'model', 'pr_auc', 0.1),
    ('breakout_classifier', 'new', 'won', 'model', 'brier', 0.1);
insert into visit_audit_metrics (model_name, model_version, target, metric, value) values
    ('conversion_classifier', 'new', 'fake_visits', 'precision', 0.75),
    ('conversion_classifier', 'new', 'fake_visits', 'recall', 0.5),
    ('conversion_classifier', 'old', 'fake_visits', 'recall', 1);
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return published(tmp_path_factory.mktemp("marts"), ROWS, "opportunities")


@pytest.fixture(scope="module")
def empty_marts(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    return published(tmp_path_factory.mktemp("empty"), room="opportunities")


def test_open_opportunities_are_summed_for_all_and_for_one_owner(marts: Marts) -> None:
    (known,) = answers.open_in_figures(marts).to_pylist()
    assert (known["open_opportunities"], known["open_amount"], known["expected_value"]) == (3, 150, 100)
    assert known["expected_wins"] == pytest.approx(1.7)
    (known,) = answers.open_in_figures(marts, owner_id="bob").to_pylist()
    assert (known["open_opportunities"], known["expected_value"], known["expected_wins"]) == (1, None, 0.5)


def test_priorities_are_ranked_with_the_worst_finding_on_their_visits(marts: Marts) -> None:
    listed = answers.priorities(marts, rows=10)
    assert listed["opportunity_id"].to_pylist() == ["likely", "even", "unseen"]
    assert listed["finding"].to_pylist() == ["fake_visits", "sound", None]
    assert answers.priorities(marts, rows=10, owner_id="ann")["visit_priority"].to_pylist() == [1, 3]
    assert answers.priorities(marts, rows=1)["opportunity_id"].to_pylist() == ["likely"]
    assert answers.owners(marts)["owner_id"].to_pylist() == ["ann", "bob"]


def test_value_is_told_by_tenths_of_the_probability(marts: Marts) -> None:
    assert answers.value_by_probability(marts).to_pylist() == [
        {"probability_from": 0.4, "open_opportunities": 1, "open_amount": 50, "expected_value": 20},
        {"probability_from": 0.5, "open_opportunities": 1, "open_amount": None, "expected_value": None},
        {"probability_from": 0.8, "open_opportunities": 1, "open_amount": 100, "expected_value": 80},
    ]


@pytest.mark.parametrize(
    ("opportunity_id", "status", "place", "probability", "visits"),
    [("likely", "open", 1, 0.8, 3), ("unseen", "open", 3, 0.4, 0), ("gone", "lost", None, 0.25, 1)],
)
def test_an_opportunity_is_found_open_or_closed(
    marts: Marts, opportunity_id: str, status: str, place: int | None, probability: float, visits: int
) -> None:
    (found,) = answers.opportunity(marts, opportunity_id=opportunity_id).to_pylist()
    assert (found["opportunity_id"], found["status"], found["visit_priority"]) == (opportunity_id, status, place)
    assert (found["conversion_probability"], found["visits"]) == (probability, visits)


def test_an_unknown_opportunity_is_not_found(marts: Marts) -> None:
    assert not answers.opportunity(marts, opportunity_id="' or true --").num_rows
    assert not answers.conversion_course(marts, opportunity_id="nobody").num_rows


def test_a_course_begins_with_the_first_visit(marts: Marts) -> None:
    course = answers.conversion_course(marts, opportunity_id="likely")
    assert course["visit_number"].to_pylist() == [1, 2, 3]
    assert course["conversion_probability"].to_pylist() == [0.4, 0.3, 0.8]


def test_findings_of_open_opportunities_come_first_and_are_filtered(marts: Marts) -> None:
    found = answers.findings(marts, rows=10)
    assert found["opportunity_id"].to_pylist() == ["likely", "gone", "gone"]
    assert found["evidence"].to_pylist() == [1.5, 4, 0]
    assert answers.findings(marts, rows=10, sales_rep_id="ann")["finding"].to_pylist() == [
        "fake_visits",
        "fruitless_visits",
    ]
    assert answers.findings(marts, rows=10, finding="fruitless_visits")["sales_rep_id"].to_pylist() == ["ann"]
    assert not answers.findings(marts, rows=10, opportunity_id="even").num_rows
    assert answers.audited_reps(marts)["sales_rep_id"].to_pylist() == ["ann", "bob"]
    assert answers.findings_in_figures(marts).to_pylist() == [
        {"audited": 5, "fake_findings": 2, "fruitless_findings": 1, "open_findings": 1}
    ]


def test_wins_beyond_chance_are_told(marts: Marts) -> None:
    """Four of eight expected: the spread is the root of 2, so that seven are beyond chance; one of four is not."""
    ann, bob, new = answers.scorecard(marts, rows=10).to_pylist()
    assert (ann["sales_rep_id"], ann["is_beyond_chance"]) == ("ann", True)
    assert ann["expected_low"] == pytest.approx(4 - 1.96 * sqrt(2))
    assert ann["expected_high"] == pytest.approx(4 + 1.96 * sqrt(2))
    assert (bob["is_beyond_chance"], bob["expected_high"]) == (False, pytest.approx(3.96))
    assert (new["expected_low"], new["is_beyond_chance"]) == (None, False)
    assert answers.scorecard_in_figures(marts).to_pylist() == [
        {"judged_opportunities": 12, "judged_wins": 8, "expected_wins": 6}
    ]


def test_the_newest_fit_stands_beside_its_baselines(marts: Marts) -> None:
    quality = answers.probability_quality(marts)
    assert quality["competitor"].to_pylist() == ["model", "visit_count"]
    assert quality["pr_auc"].to_pylist() == [0.5, 0.6]
    assert quality["tested_opportunities"].to_pylist() == [40, None]
    assert answers.probability_verdict(marts)["verdict"].to_pylist() == ["loses"]
    (audited,) = answers.audit_quality(marts).to_pylist()
    assert (audited["finding"], audited["right_share"], audited["found_share"]) == ("fake_visits", 0.75, 0.5)


def test_pictures_say_in_words_what_they_show(marts: Marts) -> None:
    english, chinese = Words("en", "opportunities"), Words("zh", "opportunities")
    course = answers.conversion_course(marts, opportunity_id="likely")
    told = charts.conversion_course(course, english).description
    assert "likely" in told
    assert "from 40 % after the first visit on 2024-04-01 to 80 % on 2024-06-20" in told
    told = charts.conversion_course(course, chinese).description
    assert "共 3 次拜访" in told
    assert told.index("40 %") < told.index("80 %")
    value = answers.value_by_probability(marts)
    assert "80-90 %: 80 in 1 deals" in charts.value_by_probability(value, english).description
    assert "1 个商机" in charts.value_by_probability(value, chinese).description
    judged = answers.scorecard(marts, rows=2)
    assert "1 won more than chance explains and 0 fewer" in charts.scorecard(judged, english).description
    assert "1 名多于偶然所能解释" in charts.scorecard(judged, chinese).description


def test_pictures_are_drawn_of_one_visit_and_of_many(marts: Marts) -> None:
    words = Words("en", "opportunities")
    one = charts.conversion_course(answers.conversion_course(marts, opportunity_id="even"), words)
    assert picture(one, "png").startswith(b"\x89PNG")
    assert charts._labelled([0.1 * place for place in range(8)]) == set(range(8))
    assert charts._labelled([0.5, 0.4, 0.1, 0.2, 0.9, 0.3, 0.3, 0.3, 0.35]) == {0, 2, 4, 8}


def drawn(marts: Marts, language: str, tab: str, **address: str) -> AppTest:
    """The page as a browser with this address gets it."""

    def app(file: str, language: str) -> None:
        from pathlib import Path

        from upswing.interface.dashboard import show_room
        from upswing.interface.marts import Marts

        show_room("opportunities", Marts(Path(file)), language)

    page = AppTest.from_function(app, args=(str(marts.file), language), default_timeout=60)
    page.session_state[f"opportunities_view_{language}"] = Words(language, "opportunities")(f"tab.{tab}")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert not page.error
    return page


@pytest.mark.parametrize("tab", ["deals", "doubts", "reps", "trust"])
def test_empty_marts_are_told_in_words(empty_marts: Marts, tab: str) -> None:
    page = drawn(empty_marts, "zh", tab)
    assert page.info
    assert not page.dataframe


def test_an_opportunity_of_the_address_is_shown_and_an_unknown_one_is_told(marts: Marts) -> None:
    shown = drawn(marts, "en", "deals", opportunity="gone")
    assert "gone" in [metric.value for metric in shown.metric]
    unknown = drawn(marts, "zh", "deals", opportunity="nobody")
    assert [warning.value for warning in unknown.warning] == [Words("zh", "opportunities")("opportunity.unknown")]


def test_the_first_of_the_list_is_shown_unasked(marts: Marts) -> None:
    page = drawn(marts, "en", "deals")
    assert "likely" in [metric.value for metric in page.metric]
    assert page.dataframe[0].value["opportunity_id"].to_list() == ["likely", "even", "unseen"]
