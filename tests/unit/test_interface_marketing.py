"""The marketing page: its answers on small marts made by hand, its charts' descriptions, its empty states."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from unit.contracts import Rows, published
from unit.contracts import marts as contracted
from upswing.interface import theme
from upswing.interface.marketing import answers, charts, effect_answers, effect_charts
from upswing.interface.marts import Marts
from upswing.interface.words import LANGUAGES, Words

MONDAY = date(2024, 1, 8)


def drawn(chart: Any) -> str:
    """A chart as SVG, which holds its texts."""
    written = StringIO()
    theme.at_width(chart, 760).save(written, format="svg")
    return written.getvalue()


def performance(**row: Any) -> dict[str, Any]:
    usual = {"segment_name": "loyal", "variant": "a", "week_starting": MONDAY, "is_control": False}
    counts = dict.fromkeys(
        ["impressions", "clicks", "customers", "conversions", "revenue", "repurchases_known", "repurchases"], 0
    )
    return {"campaign_id": "c", "campaign_name": "Tea"} | usual | counts | row


CAMPAIGNS: Rows = [
    performance(
        impressions=50, clicks=20, customers=60, conversions=6, revenue=90.0, repurchases_known=4, repurchases=1,
        cost=100.0, roi=1.0,
    ),
    performance(segment_name="new", impressions=30, clicks=0, customers=40, conversions=4, revenue=30.0, cost=50.0,
                roi=-0.4),
    performance(variant="control", is_control=True, customers=50, conversions=1, cost=0.0),
    performance(variant="(untargeted)", impressions=500, clicks=5, cost=0.0),
    performance(campaign_id="d", campaign_name=None, week_starting=date(2024, 1, 15), customers=10),
]  # fmt: skip


def test_a_campaign_is_summed_without_the_held_out_and_the_untargeted(tmp_path: Path) -> None:
    newest, tea = answers.campaigns(published(tmp_path, room="marketing", campaign_performance=CAMPAIGNS)).to_pylist()
    assert (tea["customers"], tea["impressions"], tea["clicks"], tea["conversions"]) == (100, 80, 20, 10)
    assert (tea["ctr"], tea["cr"], tea["rpr"], tea["apu"]) == (0.25, 0.1, 0.25, 12.0)
    # Wilson's interval of 10 in 100, as in any table of it.
    assert tea["cr_lower"] == pytest.approx(0.0552, abs=5e-5)
    assert tea["cr_upper"] == pytest.approx(0.1744, abs=5e-5)
    # Gains of 100 and of -20 for 150 spent.
    assert tea["roi"] == pytest.approx(80 / 150)
    assert newest["campaign_name"] == "d"
    unknown = ("ctr", "ctr_lower", "ctr_upper", "rpr", "rpr_lower", "rpr_upper", "apu", "cost", "roi")
    assert [newest[name] for name in unknown] == [None] * len(unknown)
    assert (newest["cr"], newest["cr_lower"]) == (0, 0)


def test_campaigns_and_funnel_keep_to_what_is_chosen(tmp_path: Path) -> None:
    marts = published(tmp_path, room="marketing", campaign_performance=CAMPAIGNS)
    (of_new,) = answers.campaigns(marts, segment_name="new").to_pylist()
    assert (of_new["customers"], of_new["conversions"], of_new["ctr"]) == (40, 4, 0.0)
    (everything,) = answers.funnel(marts).to_pylist()
    assert (everything["campaigns"], everything["customers"], everything["conversions"]) == (2, 110, 10)
    (loyal,) = answers.funnel(marts, campaign_id="c", segment_name="loyal").to_pylist()
    assert (loyal["customers"], loyal["cr"]) == (60, 0.1)
    assert answers.funnel(marts, campaign_id="nobody's").num_rows == 0
    groups = answers.campaign_groups(marts, campaign_id="c").to_pylist()
    assert [(row["variant"], row["segment_name"], row["is_control"], row["cr"]) for row in groups] == [
        ("control", "loyal", True, 0.02),
        ("a", "loyal", False, 0.1),
        ("a", "new", False, 0.1),
    ]
    filters = [(row["kind"], row["id"], row["name"]) for row in answers.campaign_filters(marts).to_pylist()]
    assert filters == [
        ("campaign", "d", "d"),
        ("campaign", "c", "Tea"),
        ("segment", "loyal", "loyal"),
        ("segment", "new", "new"),
    ]


def experiment(campaign: str, **row: Any) -> dict[str, Any]:
    usual = {"campaign_name": f"Test {campaign}", "variant": "b", "reference_variant": "a", "metric": "conversion_rate"}
    rest = {"is_significant": False, "is_split_wrong": False, "is_final": True, "first_touched_on": MONDAY}
    return {"campaign_id": campaign} | usual | rest | row


EXPERIMENTS: Rows = [
    experiment("1", effect=0.05, lower=0.02, upper=0.08, is_significant=True, verdict="raises it"),
    experiment("2", effect=-0.05, lower=-0.08, upper=-0.02, is_significant=True, is_final=False),
    experiment("3", effect=0.01, lower=None, upper=None),
    experiment("4", effect=0.2, lower=0.1, upper=0.3, is_split_wrong=True, split_p_value=1e-9),
    experiment("5", effect=0.0, lower=-0.1, upper=0.1, customers_in_several_variants=3),
    experiment("1", metric="revenue_per_customer", effect=1.5, lower=1.0, upper=2.0, is_significant=True),
]


def test_an_experiment_says_in_one_word_what_it_found(tmp_path: Path) -> None:
    marts = published(tmp_path, room="marketing", experiment_results=EXPERIMENTS)
    found = {row["campaign_id"]: row["outcome"] for row in effect_answers.experiments(marts).to_pylist()}
    assert found == {"1": "raises", "2": "lowers", "3": "not_told", "4": "split_wrong", "5": "not_told"}
    (money,) = effect_answers.experiments(marts, metric="revenue_per_customer").to_pylist()
    assert (money["campaign_id"], money["outcome"], money["effect"]) == ("1", "raises", 1.5)
    assert effect_answers.experiment_metrics(marts)["metric"].to_pylist() == ["conversion_rate", "revenue_per_customer"]
    alarms = [
        (row["campaign_id"], row["is_split_wrong"]) for row in effect_answers.experiment_alarms(marts).to_pylist()
    ]
    assert alarms == [("4", True), ("5", False)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_of_experiments_tells_effects_in_words_and_shapes(tmp_path: Path, language: str) -> None:
    words = Words(language, "marketing")
    data = effect_answers.experiments(published(tmp_path, room="marketing", experiment_results=EXPERIMENTS))
    chart = effect_charts.experiments(data, words)
    for told in ("+5.0", "+2.0 … +8.0", "-5.0", "+20.0"):
        assert told in chart.description
    assert words("experiments.running") in chart.description
    told = str(chart.to_dict())
    for shape in ("circle", "triangle-down", "square", "cross"):
        assert shape in told
    assert theme.picture(chart, "png").startswith(b"\x89PNG")


ADJUSTMENTS: Rows = [
    {"action_id": "x", "action_name": "Win back", "measured_week": MONDAY, "decided_on": date(2024, 1, 20),
     "adjustment_factor": 0.1, "strength_before": 1.0, "strength_after": 1.03, "decision": "stronger", "reason": "why"},
    {"action_id": "x", "action_name": "Win back", "measured_week": date(2024, 1, 15), "decided_on": date(2024, 1, 27),
     "adjustment_factor": -0.2, "strength_before": 1.03, "strength_after": 1.03,
     "decision": "sent before the last change", "reason": "why not"},
    {"action_id": "x", "action_name": "Win back", "measured_week": date(2024, 1, 22), "decided_on": date(2024, 2, 3),
     "adjustment_factor": None, "strength_before": 1.03, "strength_after": 1.03, "decision": "nothing measured",
     "reason": "nothing measured, 1.03"},
    {"action_id": "y", "action_name": "Gift", "measured_week": MONDAY, "decided_on": date(2024, 1, 20),
     "adjustment_factor": 0.0, "strength_before": 1.0, "strength_after": 1.0, "decision": "within the band",
     "reason": "-"},
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_adjustments_are_told_week_by_week(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="marketing", strategy_adjustments=ADJUSTMENTS)
    assert [row["action_id"] for row in effect_answers.adjusted_actions(marts).to_pylist()] == ["x", "y"]
    assert effect_answers.adjustments(marts).num_rows == 4
    data = effect_answers.adjustments(marts, action_id="x")
    assert data["measured_week"].to_pylist() == [MONDAY, date(2024, 1, 15), date(2024, 1, 22)]
    words = Words(language, "marketing")
    factors = effect_charts.adjustment_factors(data, words)
    assert "2024-01-08 +10.0 %" in factors.description
    assert "2024-01-15 -20.0 %" in factors.description
    assert "2024-01-22" not in factors.description
    strengths = effect_charts.strengths(data, words)
    assert "1.00" in strengths.description
    assert "1.03" in strengths.description
    for chart in (factors, strengths):
        assert drawn(chart)


def test_days_of_a_chart_are_the_same_in_every_time_zone(tmp_path: Path) -> None:
    data = effect_answers.adjustments(
        published(tmp_path, room="marketing", strategy_adjustments=ADJUSTMENTS), action_id="x"
    )
    chart = effect_charts.strengths(data, Words("en", "marketing")).to_dict()
    scales = [layer["encoding"]["x"]["scale"] for layer in chart["layer"] if "x" in layer["encoding"]]
    assert {scale["type"] for scale in scales} == {"utc"}


def strategy(identity: str, **row: Any) -> dict[str, Any]:
    customers = [name for name in contracted()["marketing_strategies"] if name.endswith("_customers")]
    usual = {"action_id": "x", "action_name": "Win back", "target_kind": "segment", "is_active": True}
    return {"strategy_id": identity, "priority_rank": 1} | usual | dict.fromkeys(customers, 0) | row


STRATEGIES: Rows = [
    strategy("x:a", matched_customers=20, pushed_customers=10, control_customers=2, outranked_customers=3,
             frequency_cap_customers=1, quiet_customers=4, expected_cost=2.5),
    strategy("x:b", matched_customers=8, pushed_customers=8, expected_cost=0.5),
    strategy("y:p", action_id="y", action_name="Gift", target_kind="product", is_active=False, priority_rank=2),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_matched_customers_are_all_accounted_for(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="marketing", marketing_strategies=STRATEGIES)
    data = answers.strategy_actions(marts)
    first, second = data.to_pylist()
    assert (first["matched_customers"], first["active_strategies"], first["expected_cost"]) == (28, 2, 3.0)
    fates = [first[f"{fate}_customers"] for fate in charts.FATES]
    assert fates == [18, 2, 4, 4]
    assert sum(fates) == first["matched_customers"]
    assert second["active_strategies"] == 0
    chart = charts.strategy_actions(data, Words(language, "marketing"))
    assert "18" in chart.description
    assert [row["strategy_id"] for row in answers.strategies(marts).to_pylist()] == ["x:a", "x:b", "y:p"]
    assert answers.strategies(marts, target_kind="product")["strategy_id"].to_pylist() == ["y:p"]
    assert answers.strategies(marts, action_id="x", is_active=False).num_rows == 0


def push(identity: str, **row: Any) -> dict[str, Any]:
    return {"push_id": identity, "send_on": MONDAY, "channel": "email", "is_control": False, "cost": 0.5} | row


PUSHES: Rows = [
    push("1", expected_gain=1.0),
    push("2", expected_gain=3.0),
    push("3", channel="app", expected_gain=2.0),
    push("4", is_control=True, cost=0.0, expected_gain=None),
    push("5", send_on=date(2024, 1, 9), expected_gain=0.1),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pushes_are_counted_by_day_with_the_held_out_apart(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="marketing", marketing_pushes=PUSHES)
    data = answers.pushes_by_day(marts)
    assert [(row["send_on"].day, row["push_kind"], row["pushes"], row["cost"]) for row in data.to_pylist()] == [
        (8, "app", 1, 0.5),
        (8, "email", 2, 1.0),
        (8, "held_out", 1, 0.0),
        (9, "email", 1, 0.5),
    ]
    assert answers.pushes_by_day(marts, channel="app").num_rows == 1
    assert answers.push_channels(marts)["channel"].to_pylist() == ["app", "email"]
    assert answers.pushes(marts, rows=2)["push_id"].to_pylist() == ["2", "3"]
    words = Words(language, "marketing")
    chart = charts.pushes_by_day(data, words)
    assert f"{words.value('push_kind', 'held_out')} 1" in chart.description
    assert "2024-01-08" in chart.description


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_of_uplift_are_means_over_their_customers(tmp_path: Path, language: str) -> None:
    scores: Rows = [
        {"customer_id": "1", "uplift": 0.2, "uplift_rank": 1, "uplift_revenue": 4.0, "base_probability": 0.1,
         "response_probability": 0.3, "uplift_group": "persuadable"},
        {"customer_id": "2", "uplift": 0.1, "uplift_rank": 2, "uplift_revenue": 1.0, "base_probability": 0.3,
         "response_probability": 0.4, "uplift_group": "persuadable"},
        {"customer_id": "3", "uplift": 0.0, "uplift_rank": 3, "uplift_revenue": 0.0, "base_probability": 0.5,
         "response_probability": 0.5, "uplift_group": "sure thing"},
    ]  # fmt: skip
    runs = [{"model_name": "uplift_predictor", "verdict": "loses", "is_newest": True}]
    marts = published(tmp_path, room="marketing", uplift_scores=scores, model_runs=runs)
    data = effect_answers.uplift_groups(marts)
    first, second = data.to_pylist()
    assert (first["uplift_group"], first["customers"], first["uplift_revenue"]) == ("persuadable", 2, 5.0)
    assert first["base_probability"] == pytest.approx(0.2)
    assert first["response_probability"] == pytest.approx(0.35)
    assert second["uplift_group"] == "sure thing"
    assert "20.0 % → 35.0 %" in effect_charts.uplift_groups(data, Words(language, "marketing")).description
    assert effect_answers.most_moved(marts, uplift_group="sure thing")["customer_id"].to_pylist() == ["3"]
    assert effect_answers.uplift_verdict(marts)["verdict"].to_pylist() == ["loses"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_feedback_is_ranked_by_how_sure_it_is(tmp_path: Path, language: str) -> None:
    signals: Rows = [
        {"subject_kind": "product", "subject_id": "1", "subject_name": "Tea", "signal": 0.3, "signal_error": 0.1},
        {"subject_kind": "product", "subject_id": "2", "subject_name": "Tea", "signal": -0.5, "signal_error": 0.1},
        {"subject_kind": "campaign", "subject_id": "c", "subject_name": None, "signal": 0.1, "signal_error": 0.1},
        {"subject_kind": "campaign", "subject_id": "d", "subject_name": None, "signal": 0.0, "signal_error": 0.0},
    ]
    marts = published(tmp_path, room="marketing", feedback_signals=signals)
    data = effect_answers.feedback(marts)
    assert [(row["subject_id"], row["opinion"]) for row in data.to_pylist()] == [
        ("2", "worse"),
        ("1", "better"),
        ("c", "usual"),
        ("d", "usual"),
    ]
    assert data["signal_lower"][0].as_py() == pytest.approx(-0.7)
    assert effect_answers.feedback(marts, subject_kind="product", opinion="better")["subject_id"].to_pylist() == ["1"]
    # Two products of one name stand on two lines.
    described = effect_charts.feedback(data, Words(language, "marketing")).description
    assert "Tea (1) +0.30" in described
    assert "Tea (2) -0.50" in described


@pytest.mark.parametrize("language", LANGUAGES)
def test_funnel_and_rates_tell_their_numbers(tmp_path: Path, language: str) -> None:
    marts = published(tmp_path, room="marketing", campaign_performance=CAMPAIGNS)
    words = Words(language, "marketing")
    funnel = charts.funnel(answers.funnel(marts, campaign_id="c"), words)
    for told in ("100", "80", "20", "25.0 %", "10.0 %"):
        assert told in funnel.description
    rates = charts.rates(answers.campaign_groups(marts, campaign_id="c"), words)
    assert "2.0 %" in rates.description
    assert words.value("treatment", "held_out") in str(rates.to_dict())
    for rate in ("ctr", "rpr"):
        assert drawn(charts.rates(answers.campaigns(marts), words, rate=rate))
    nobody = answers.campaigns(marts).slice(0, 0)
    assert words("rates.described_none", rate=words("rates.cr")) == charts.rates(nobody, words).description


def app(file: str, language: str) -> None:
    from pathlib import Path

    from upswing.interface.dashboard import show_room
    from upswing.interface.marts import Marts

    show_room("marketing", Marts(Path(file)), language)


def opened(marts: Marts, part: str, language: str = "en") -> AppTest:
    page = AppTest.from_function(app, args=(str(marts.file), language), default_timeout=60)
    page.query_params["marketing_view"] = part
    shown = page.run()
    assert not shown.exception
    assert not shown.error
    return shown


def test_the_page_of_empty_marts_says_so(tmp_path: Path) -> None:
    """In Chinese; the page with rows is read in English."""
    marts = published(tmp_path, room="marketing")
    words = Words("zh", "marketing")
    sections = {
        "campaigns": ("funnel", "rates", "campaigns"),
        "experiments": ("experiments", "verdicts", "alarms"),
        "strategies": ("strategy_actions", "strategies"),
        "pushes": ("pushes_by_day", "pushes"),
        "adjustments": ("adjustments",),
        "uplift": ("uplift_groups", "most_moved"),
        "feedback": ("feedback", "feedback_rows"),
    }
    for part, names in sections.items():
        told = [info.value for info in opened(marts, part, "zh").info]
        assert told == [words(f"{name}.empty") for name in names]


def test_the_page_shows_what_the_marts_hold_and_follows_its_filters(tmp_path: Path) -> None:
    marts = published(
        tmp_path,
        room="marketing",
        campaign_performance=CAMPAIGNS,
        experiment_results=EXPERIMENTS,
        strategy_adjustments=ADJUSTMENTS,
    )
    shown = opened(marts, "campaigns")
    assert [metric.value for metric in shown.metric][:3] == ["110", "25.0 %", "9.1 %"]
    shown.selectbox(key="marketing_campaign").select("c").run()
    assert not shown.exception
    assert [metric.value for metric in shown.metric][:3] == ["100", "25.0 %", "10.0 %"]
    shown = opened(marts, "experiments")
    assert len(shown.dataframe[1].value) == 5
    shown.selectbox(key="marketing_metric").select("revenue_per_customer").run()
    assert len(shown.dataframe[1].value) == 1
    shown = opened(marts, "adjustments")
    assert len(shown.dataframe[2].value) == 3
    shown.selectbox(key="marketing_adjusted").select("y").run()
    assert not shown.exception
    assert len(shown.dataframe[2].value) == 1
