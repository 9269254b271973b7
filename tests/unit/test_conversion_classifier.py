from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from unit.opportunities import (
    CHINESE,
    Row,
    all_texts,
    make_rows,
    opportunity,
    table,
    texts_of,
    tiny_bert,
)
from upswing.bert import Bert, UnfitBertError
from upswing.calibration import sigmoid
from upswing.fits import Fit, NotEnoughHistory
from upswing.opportunities.classification_layer import ClassificationLayer
from upswing.opportunities.conversion_baselines import BASELINES, train_baselines
from upswing.opportunities.conversion_classifier import (
    BERT,
    CANDIDATES,
    MEMBERS,
    WORDS,
    ConversionClassifier,
    ConversionParameters,
)
from upswing.opportunities.conversion_evaluation import (
    AFTER_VISITS,
    closed_later,
    closed_with_visits,
    fit_conversion_classifier,
)
from upswing.opportunities.encoded_visits import VisitVectors
from upswing.opportunities.known_courses import DECIMALS, Course, KnownCourses, course_key
from upswing.opportunities.layer_tuning import TuningParameters
from upswing.opportunities.opportunity_texts import KNOWN_AFTER_VISITS, OpportunityTexts
from upswing.opportunities.score_stack import ScoreStack
from upswing.opportunities.text_model import TextModelParameters
from upswing.tensors import unpack

ROWS = make_rows(300, open_share=0.1)
TUNING = TextModelParameters(3, 1, tuning=TuningParameters(1, learning_rate=1e-3, head_learning_rate=1e-3))
READING = TextModelParameters(read_layers=2)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    return tiny_bert(tmp_path_factory.mktemp("bert"), all_texts(ROWS))


def parameters(bert: Bert, text: TextModelParameters = READING, **given: Any) -> ConversionParameters:
    usual: dict[str, Any] = {"calibration_folds": 3, "min_training_opportunities": 30}
    return ConversionParameters(bert.name, bert.digest, text, **usual | given)


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    """How far the fit of this module said it was."""
    return []


@pytest.fixture(scope="module")
def fit(bert: Bert, steps: list[tuple[int, int]]) -> Fit:
    return fit_conversion_classifier(
        table(ROWS), bert, parameters(bert, min_training_opportunities=200), lambda done, of: steps.append((done, of))
    )


@pytest.fixture(scope="module")
def classifier(bert: Bert, fit: Fit) -> ConversionClassifier:
    return ConversionClassifier.from_bytes(fit.weights, bert, READING)


@pytest.fixture
def _single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upswing.bert.has_fast_bfloat16", lambda: False)


def read(classifier: ConversionClassifier, bert: Bert, texts: OpportunityTexts) -> VisitVectors:
    return classifier.members.text.read(bert, texts, READING)


# What is learned from


def test_an_end_a_day_and_a_visit_are_needed() -> None:
    rows = [
        opportunity("won", ["met"]),
        opportunity("open", ["met"], status="open"),
        opportunity("lost", ["met"], status="lost"),
        opportunity("undated", ["met"], closed_at=None),
        opportunity("unvisited", []),
    ]
    assert closed_with_visits(texts_of(rows)).opportunity_ids.tolist() == ["won", "lost"]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_none_that_trains_closed_after_one_that_tests(share: float) -> None:
    texts = closed_with_visits(texts_of(ROWS))
    testing = closed_later(texts, share)
    assert texts.closed_at[~testing].max() < texts.closed_at[testing].min()
    assert abs(testing.mean() - share) < 0.02


def test_what_closed_in_one_moment_is_not_split() -> None:
    moments = [datetime(2017, 6, 1) + timedelta(days=min(number, 6)) for number in range(10)]
    texts = texts_of([opportunity(f"o{n}", ["met"], closed_at=moment) for n, moment in enumerate(moments)])
    assert closed_later(texts, 0.25).tolist() == [False] * 6 + [True] * 4


def test_too_few_are_not_learned_from(bert: Bert) -> None:
    told = "^29 closed opportunities with a visit, at least 30 needed$"
    rows = [*[row for row in ROWS if row["status"] != "open"][:29], opportunity("open", ["met"], status="open")]
    with pytest.raises(NotEnoughHistory, match=told):
        fit_conversion_classifier(table(rows), bert, parameters(bert))
    undated = [opportunity("u", ["met"], closed_at=None), opportunity("v", ["met"], status="lost", closed_at=None)]
    with pytest.raises(NotEnoughHistory, match=r"29 closed .* needed; 2 more are closed without closed_at$"):
        fit_conversion_classifier(table([*rows, *undated]), bert, parameters(bert))
    with pytest.raises(NotEnoughHistory, match=r"^0 closed opportunities"):
        fit_conversion_classifier(table([]), bert, parameters(bert))


@pytest.mark.parametrize("status", ["won", "lost"])
def test_all_ended_alike_are_not_learned_from(bert: Bert, status: str) -> None:
    alike = [row | {"status": status} for row in ROWS if row["status"] != "open"]
    with pytest.raises(NotEnoughHistory, match="at least 10 won and as many lost are needed"):
        fit_conversion_classifier(table(alike), bert, parameters(bert))


def test_hardly_any_won_are_not_learned_from(bert: Bert) -> None:
    rows = [row | {"status": "lost"} for row in ROWS if row["closed_at"] is not None]
    for row in sorted(rows, key=lambda row: row["closed_at"])[:1]:
        row["status"] = "won"
    with pytest.raises(NotEnoughHistory, match="learn from 1 were won"):
        fit_conversion_classifier(table(rows), bert, parameters(bert))


def without(row: Row, *names: str) -> Row:
    """An opportunity of a company that does not record these."""
    nothing = {"amount": None, "feedback_texts": [""] * row["visits"]}
    return row | {name: nothing.get(name, [None] * row["visits"]) for name in names}


@pytest.mark.parametrize("name", ["amount", "feedback_texts", *KNOWN_AFTER_VISITS])
def test_baselines_do_without_what_nobody_records(name: str) -> None:
    texts = texts_of([without(row, name) for row in make_rows(60)])
    folds = np.arange(len(texts)) % 2
    for baseline, score in train_baselines(texts, folds).items():
        assert np.isfinite(score(texts)).all(), baseline
        # What is recorded from some day on is unknown to the training rows alone.
        assert np.isfinite(score(texts_of(make_rows(20)))).all(), baseline


def test_three_columns_and_visits_of_four_are_learned_from(bert: Bert) -> None:
    rows = [without(row, "amount", "feedback_texts", *KNOWN_AFTER_VISITS) for row in ROWS]
    found = fit_conversion_classifier(table(rows), bert, parameters(bert))
    assert all(np.isfinite(metric.value) for metric in found.metrics if metric.metric == "brier")
    assert {metric.competitor for metric in found.metrics} >= {"model", *BASELINES}


def test_another_language_is_told_before_anything_is_trained(bert: Bert) -> None:
    with pytest.raises(UnfitBertError, match="set the var bert_model to a BERT of their language"):
        fit_conversion_classifier(table(make_rows(60, language=CHINESE)), bert, parameters(bert))


@pytest.mark.parametrize(
    ("wrong", "name"), [({"calibration_folds": 1}, "calibration_folds"), ({"test_share": 0}, "test_share")]
)
def test_parameters_name_what_is_wrong(bert: Bert, wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {next(iter(wrong.values()))}; expected "):
        parameters(bert, **wrong)


# How it is measured


def test_all_competitors_are_measured_on_the_same_rows(fit: Fit) -> None:
    found = {(metric.target, metric.competitor, metric.metric): metric.value for metric in fit.metrics}
    assert len(found) == len(fit.metrics)
    assert {metric.split for metric in fit.metrics} == {"closed_later"}
    closed = closed_with_visits(texts_of(ROWS))
    test = closed[closed_later(closed, 0.25)]
    rows = {"won": len(test)} | {f"won_after_{k}_visits": int((test.visits >= k).sum()) for k in AFTER_VISITS if k < 5}
    competitors = {"model", "bert_alone", *BASELINES}
    assert {(target, competitor) for target, competitor, _ in found} == {(t, c) for t in rows for c in competitors}
    for (target, _, metric), value in found.items():
        assert metric != "rows" or value == rows[target]
    rates = {value for (target, _, metric), value in found.items() if (target, metric) == ("won", "base_rate")}
    assert rates == {test.is_won.mean()}
    assert found["won", "model", "roc_auc"] > 0.8
    assert found["won", "model", "brier"] < test.is_won.var()
    assert found["won", "model", "roc_auc"] > found["won_after_1_visits", "model", "roc_auc"]


def test_the_verdict_tells_what_is_served(fit: Fit) -> None:
    assert "the model " in fit.verdict
    assert f" on {sum(course.is_out_of_sample for course in courses(fit).values())} rows" in fit.verdict
    assert "served: bert" in fit.verdict
    for members in CANDIDATES:
        assert f"{' + '.join(members)} 0." in fit.verdict


def test_two_fits_are_the_same_in_any_order_and_chunks_of_the_rows(bert: Bert) -> None:
    rows = ROWS[:60]
    shuffled = [rows[number] for number in np.random.default_rng(0).permutation(len(rows))]
    chunked = pa.concat_tables([table(shuffled[:20]), table(shuffled[20:])])
    closed = chunked.filter(pa.compute.not_equal(chunked["status"], "open"))
    given = parameters(bert, TUNING, calibration_folds=2)
    assert fit_conversion_classifier(table(rows), bert, given) == fit_conversion_classifier(closed, bert, given)


@pytest.mark.usefixtures("fit")
def test_progress_goes_forward_to_the_end(steps: list[tuple[int, int]]) -> None:
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


# The courses that are kept


def courses(fit: Fit) -> dict[int, Course]:
    return KnownCourses.unpacked(unpack(fit.weights)[0]).courses


def keys_of(texts: OpportunityTexts) -> list[int]:
    return [course_key(*named) for named in zip(texts.opportunity_ids, texts.fingerprints, strict=True)]


def test_what_tested_is_out_of_sample_and_the_others_are_not(fit: Fit) -> None:
    closed = closed_with_visits(texts_of(ROWS))
    testing = closed_later(closed, 0.25)
    found = courses(fit)
    assert set(found) == set(keys_of(closed))
    for row, key in enumerate(keys_of(closed)):
        course = found[key]
        assert course.is_out_of_sample == testing[row]
        assert len(course.probabilities) == closed.visits[row]


def test_no_opportunity_is_named_in_a_fit(fit: Fit) -> None:
    ids = texts_of(ROWS).opportunity_ids
    assert len(ids) > 100
    assert not [name for name in ids if name.encode() in fit.weights]


def test_in_sample_courses_are_of_the_classifier_that_is_kept(
    fit: Fit, classifier: ConversionClassifier, bert: Bert
) -> None:
    closed = closed_with_visits(texts_of(ROWS))
    found = classifier.probabilities(closed, read(classifier, bert, closed))
    kept = courses(fit)
    differences = {True: [0.0], False: [0.0]}
    for row, key in enumerate(keys_of(closed)):
        course = kept[key]
        again = found[closed.offsets[row] : closed.offsets[row + 1]]
        differences[course.is_out_of_sample].append(float(np.abs(np.array(course.probabilities) - again).max()))
    assert max(differences[False]) < 0.02
    assert max(differences[True]) > 0.03


def test_courses_after_packing() -> None:
    texts = texts_of([opportunity("a b", ["met", "met"]), opportunity("签约", ["met"])])
    known = KnownCourses.of(texts, np.array([0.123456789, 1.0, 0.25]), False)
    (first, second), (mark, other) = texts.opportunity_ids, texts.fingerprints
    assert known.find(first, mark) == Course((round(0.123456789, DECIMALS), 1.0), False)
    both = known.replaced_by(KnownCourses.of(texts[np.array([1])], np.array([0.5]), True))
    assert both.find(second, other) == Course((0.5,), True)
    assert both.find(first, mark) == known.find(first, mark)
    assert both.find(first, other) is None
    assert KnownCourses.unpacked(both.packed()) == both
    assert both.may_have_trained(np.datetime64("2017-06-01T00:00:00"))
    assert not both.may_have_trained(np.datetime64("2017-06-01T00:00:01"))
    assert not KnownCourses({}).may_have_trained(np.datetime64("2017-06-01"))


def test_a_fit_of_an_older_version_has_no_courses() -> None:
    assert KnownCourses.unpacked({"courses.ids": np.zeros(1)}) == KnownCourses({})


# What it says


def test_bytes_round_trip(fit: Fit, classifier: ConversionClassifier, bert: Bert) -> None:
    texts = texts_of(make_rows(30, seed=2))
    again = ConversionClassifier.from_bytes(classifier.to_bytes(), bert, READING)
    vectors = read(classifier, bert, texts)
    np.testing.assert_array_equal(again.probabilities(texts, vectors), classifier.probabilities(texts, vectors))
    assert again.to_bytes() == classifier.to_bytes()
    assert len(classifier.to_bytes()) < len(fit.weights)
    closed = closed_with_visits(texts_of(ROWS))
    assert classifier.base_rate == pytest.approx(closed.is_won.mean())


def reads_well(classifier: ConversionClassifier, bert: Bert, others: OpportunityTexts) -> bool:
    vectors = read(classifier, bert, others)
    last = others.offsets[1:] - 1
    by_bert = classifier.members.log_odds(others, vectors)[BERT][last]
    found = classifier.probabilities(others, vectors)[last]
    return bool(roc_auc_score(others.is_won, found) > 0.75 and roc_auc_score(others.is_won, by_bert) > 0.7)


def test_easy_notes_are_read(bert: Bert, classifier: ConversionClassifier) -> None:
    assert reads_well(classifier, bert, texts_of(make_rows(150, seed=2)))


def test_easy_notes_are_read_in_chinese(tmp_path: Path) -> None:
    rows = make_rows(160, language=CHINESE)
    bert = tiny_bert(tmp_path, all_texts(rows))
    fit = fit_conversion_classifier(table(rows), bert, parameters(bert))
    classifier = ConversionClassifier.from_bytes(fit.weights, bert, READING)
    assert reads_well(classifier, bert, texts_of(make_rows(150, seed=2, language=CHINESE)))


def test_what_no_note_tells_is_told_as_the_base_rate(bert: Bert) -> None:
    """The stack is fitted on what the members say of ends that they did not see."""
    ends = np.random.default_rng(5).choice(["won", "lost"], 200).tolist()
    rows = [row | {"status": end} for row, end in zip(make_rows(200), ends, strict=True)]
    fit = fit_conversion_classifier(table(rows), bert, parameters(bert))
    classifier = ConversionClassifier.from_bytes(fit.weights, bert, READING)
    others = texts_of(make_rows(100, seed=2))
    found = classifier.probabilities(others, read(classifier, bert, others))
    assert np.abs(found - classifier.base_rate).max() < 0.2


@pytest.mark.usefixtures("_single_precision")
@pytest.mark.parametrize("known", [1, 2])
def test_a_probability_does_not_know_later_visits(bert: Bert, classifier: ConversionClassifier, known: int) -> None:
    whole = replace(classifier, stack=ScoreStack(MEMBERS, (1.0, 1.0, 1.0), 0.0, {}))
    rows = [row for row in make_rows(60, seed=3) if row["visits"] > known]
    lists = [name for name, column in rows[0].items() if isinstance(column, list)]

    def otherwise(row: Row) -> Row:
        other = opportunity("o", ["rival signed"] * 6, ["silent"] * 6, amount=row["amount"], mean_minutes=[500.0] * 6)
        return row | {name: row[name][:known] + other[name][known:] for name in lists}

    texts, others = texts_of(rows), texts_of([otherwise(row) for row in rows])
    alone = texts.first_visits(known)
    found, changed, cut = (whole.probabilities(each, read(whole, bert, each)) for each in (texts, others, alone))
    asked = texts.visit_numbers <= known
    np.testing.assert_allclose(changed[others.visit_numbers <= known], found[asked], atol=1e-5)
    np.testing.assert_allclose(cut, found[asked], atol=1e-5)
    later = texts.visit_numbers == known + 1
    assert np.abs(changed[others.visit_numbers == known + 1] - found[later]).max() > 0.05


@pytest.mark.usefixtures("_single_precision")
def test_effects_are_what_leaving_a_visit_out_changes(bert: Bert, classifier: ConversionClassifier) -> None:
    rows = [row for row in make_rows(40, seed=3) if row["visits"] > 1][:15]
    texts = texts_of(rows)
    vectors = read(classifier, bert, texts)
    stack = ScoreStack(MEMBERS, (0.8, 0.6, 0.4), -0.2, {})
    found = replace(classifier, stack=stack).visit_effects(texts, vectors)
    members = classifier.members
    layer = members.text.classification
    for visit, row in enumerate(texts.opportunity_of_visit):
        first, end = int(texts.offsets[row]), int(texts.offsets[row + 1])
        numbers = np.arange(first, end)
        odds = {name: values[end - 1] for name, values in members.log_odds(texts, vectors).items()}
        fewer = {
            name: column[: visit - first] + column[visit - first + 1 :]
            for name, column in rows[row].items()
            if isinstance(column, list)
        }
        without = odds | {
            BERT: weighted(layer, vectors, numbers, visit, end - 1),
            WORDS: members.words.log_odds(texts_of([rows[row] | fewer]))[-1],
        }
        with_it, without_it = (sigmoid(stack.log_odds(each)) for each in (odds, without))
        assert found[visit] == pytest.approx(float(with_it - without_it), abs=1e-9)
    assert np.abs(found).max() > 0.05


def weighted(
    layer: ClassificationLayer, vectors: VisitVectors, numbers: NDArray[np.int64], without: int, last: int
) -> float:
    """Log-odds after the last visit, had one not been recorded."""
    weights = np.where(numbers == without, 0.0, layer.recency ** (last - numbers))
    heard = weights * vectors.has_feedback[numbers]
    odds = float(layer.bias) + float(weights @ (vectors.notes[numbers] @ layer.note_weights)) / float(weights.sum())
    if heard.sum():
        odds += float(heard @ (vectors.feedback[numbers] @ layer.feedback_weights)) / float(heard.sum()) + layer.heard
    return odds


def test_without_its_only_visit_an_opportunity_would_have_the_base_rate(
    bert: Bert, classifier: ConversionClassifier
) -> None:
    texts = texts_of([opportunity("once", ["they asked for a price"], status="open")])
    vectors = classifier.members.text.read(bert, texts, READING)
    expected = classifier.probabilities(texts, vectors) - classifier.base_rate
    np.testing.assert_allclose(classifier.visit_effects(texts, vectors), expected)
