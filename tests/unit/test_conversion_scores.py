import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from unit.opportunities import CHINESE, Row, all_texts, day, make_rows, opportunity, table, texts_of, tiny_bert
from upswing.bert import Bert
from upswing.opportunities.conversion_classifier import ConversionClassifier, ConversionParameters
from upswing.opportunities.conversion_evaluation import fit_conversion_classifier
from upswing.opportunities.conversion_scores import CONVERSION_SCHEMA, WITHOUT_VISIT, conversion_scorer, visit_reasons
from upswing.opportunities.encoded_visits import encode_visits
from upswing.opportunities.known_courses import KnownCourses
from upswing.opportunities.text_model import TextModelParameters
from upswing.reasons.codes import from_json, to_json
from upswing.reasons.words import worded
from upswing.tensors import unpack

TEXT = TextModelParameters(read_layers=2)
CLOSED = make_rows(120)
OPEN = [row | {"status": "open", "closed_at": None} for row in make_rows(30, seed=2, prefix="open")]
UNVISITED = opportunity("unvisited", [], status="open")
ROWS = [*CLOSED, *OPEN[:15], UNVISITED, *OPEN[15:]]

FitRow = dict[str, Any]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    return tiny_bert(tmp_path_factory.mktemp("bert"), all_texts(CLOSED), layers=2)


@pytest.fixture(scope="module")
def fit(bert: Bert) -> FitRow:
    """As much of a row of ``fit_conversion_classifier`` as is scored with."""
    given = ConversionParameters(bert.name, bert.digest, TEXT, calibration_folds=2, min_training_opportunities=100)
    weights = fit_conversion_classifier(table(CLOSED), bert, given).weights
    told = json.dumps(dataclasses.asdict(given))
    return {"model_version": "00001-aaaaaaaa", "weights": weights, "parameters": told}


def score(
    fit: FitRow | None,
    bert: Bert,
    rows: Sequence[Row],
    earlier: pa.Table | None = None,
    tell: Callable[[str], None] = lambda _line: None,
    batch_rows: int = 50,
) -> pa.Table:
    scorer = conversion_scorer(fit, bert, earlier, tell)
    return pa.Table.from_batches(scorer(iter(table(rows).to_batches(max_chunksize=batch_rows))), CONVERSION_SCHEMA)


@pytest.fixture(scope="module")
def scored(fit: FitRow, bert: Bert) -> pa.Table:
    return score(fit, bert, ROWS)


def by_id(scores: pa.Table) -> dict[str, Row]:
    return {row["opportunity_id"]: row for row in scores.to_pylist()}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the opportunities whose texts BERT reads from here on."""
    ids: list[str] = []

    def encode_and_tell(bert: Bert, texts: Any, *more: Any, **named: Any) -> Any:
        ids.extend(texts.opportunity_ids)
        return encode_visits(bert, texts, *more, **named)

    monkeypatch.setattr("upswing.opportunities.text_model.encode_visits", encode_and_tell)
    return ids


def known_courses(fit: FitRow) -> KnownCourses:
    return KnownCourses.unpacked(unpack(fit["weights"])[0])


def test_without_a_fit_there_is_no_row(bert: Bert) -> None:
    told: list[str] = []
    assert score(None, bert, ROWS, tell=told.append).num_rows == 0
    (line,) = told
    assert line.startswith("conversion_classifier: there is no fit")


def test_each_opportunity_gets_a_row_in_their_order(scored: pa.Table) -> None:
    assert scored.schema == CONVERSION_SCHEMA
    assert scored["opportunity_id"].to_pylist() == [row["opportunity_id"] for row in ROWS]
    for row, found in zip(ROWS, scored.to_pylist(), strict=True):
        assert 0 < found["conversion_probability"] < 1
        course = found["probabilities_after_visits"]
        assert len(course) == row["visits"]
        if course:
            assert found["conversion_probability"] == course[-1]
            assert found["probability_source"] == "model"
        assert found["model_version"] == "00001-aaaaaaaa"


def test_without_a_visit_the_base_rate(fit: FitRow, bert: Bert, scored: pa.Table, read: list[str]) -> None:
    found = by_id(scored)["unvisited"]
    won = np.mean([row["status"] == "won" for row in CLOSED])
    assert found["conversion_probability"] == pytest.approx(won, abs=1e-5)
    assert found["probability_source"] == "base_rate"
    assert found["top_reasons"] == worded(WITHOUT_VISIT)
    assert found["top_reason_codes"] == to_json(WITHOUT_VISIT)
    assert (found["probabilities_after_visits"], found["visit_effects"]) == ([], None)
    assert found["is_out_of_sample"]
    alone = score(fit, bert, [UNVISITED])
    assert by_id(alone)["unvisited"]["conversion_probability"] == found["conversion_probability"]
    assert read == []


def test_open_ones_are_read_and_closed_ones_take_their_course(fit: FitRow, bert: Bert, read: list[str]) -> None:
    told: list[str] = []
    found = by_id(score(fit, bert, ROWS, tell=told.append))
    assert sorted(read) == sorted(row["opportunity_id"] for row in OPEN)
    assert "00001-aaaaaaaa read 31 of 151" in told[0]
    courses = known_courses(fit)
    assert len(courses.courses) == len(ROWS) - len(OPEN) - 1
    for name, row in found.items():
        course = courses.find(name, row["text_fingerprint"])
        if course is None:
            assert row["is_out_of_sample"]
            continue
        assert found[name]["probabilities_after_visits"] == list(course.probabilities)
        assert found[name]["is_out_of_sample"] == course.is_out_of_sample
        assert found[name]["visit_effects"] is None
    assert {found[row["opportunity_id"]]["is_out_of_sample"] for row in OPEN} == {True}
    assert {row["is_out_of_sample"] for row in found.values()} == {True, False}


def test_scores_are_what_the_classifier_says(fit: FitRow, bert: Bert, scored: pa.Table) -> None:
    classifier = ConversionClassifier.from_bytes(fit["weights"], bert, TEXT)
    texts = texts_of(OPEN)
    vectors = classifier.members.text.read(bert, texts, TEXT)
    probabilities, effects = classifier.probabilities(texts, vectors), classifier.visit_effects(texts, vectors)
    found = by_id(scored)
    rows = [found[name] for name in texts.opportunity_ids]
    np.testing.assert_allclose(
        np.concatenate([row["probabilities_after_visits"] for row in rows]), probabilities, atol=0.02
    )
    np.testing.assert_allclose(np.concatenate([row["visit_effects"] for row in rows]), effects, atol=0.02)
    for number, row in enumerate(rows):
        visits = slice(texts.offsets[number], texts.offsets[number + 1])
        is_raised = row["conversion_probability"] >= classifier.base_rate
        reasons = visit_reasons(np.array(row["visit_effects"]), texts.visited_on[visits], is_raised)
        assert from_json(row["top_reason_codes"]) == list(reasons)
        assert row["top_reasons"] == worded(reasons)


def test_unchanged_rows_stand_and_bert_reads_nothing(
    fit: FitRow, bert: Bert, scored: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: Any, **_named: Any) -> Any:
        raise AssertionError("read")

    monkeypatch.setattr("upswing.opportunities.text_model.encode_visits", fail)
    monkeypatch.setattr(ConversionClassifier, "from_bytes", fail)
    told: list[str] = []
    assert score(fit, bert, ROWS, scored, told.append).equals(scored)
    assert "00001-aaaaaaaa read 0 of 151" in told[0]


def test_what_changed_is_read_anew_and_the_rest_stands(
    fit: FitRow, bert: Bert, scored: pa.Table, read: list[str]
) -> None:
    changed = OPEN[3] | {"amount": 123.0}
    rows = [changed if row is OPEN[3] else row for row in ROWS]
    before, after = by_id(scored), by_id(score(fit, bert, rows, scored))
    name = changed["opportunity_id"]
    assert read == [name]
    assert after[name]["scored_at"] > before[name]["scored_at"]
    assert after[name]["text_fingerprint"] != before[name]["text_fingerprint"]
    assert [other for other in after if after[other] != before[other]] == [name]


def test_one_that_closes_after_the_fit_keeps_what_was_said_of_it(
    fit: FitRow, bert: Bert, scored: pa.Table, read: list[str]
) -> None:
    ended = OPEN[0] | {"status": "won", "closed_at": datetime(2020, 1, 1)}
    assert by_id(score(fit, bert, [ended], scored)) == {ended["opportunity_id"]: by_id(scored)[ended["opportunity_id"]]}
    assert by_id(score(fit, bert, [ended]))[ended["opportunity_id"]]["is_out_of_sample"]
    assert read == [ended["opportunity_id"]]


def test_another_model_version_scores_all_anew(fit: FitRow, bert: Bert, scored: pa.Table, read: list[str]) -> None:
    found = score(fit | {"model_version": "00002-bbbbbbbb"}, bert, ROWS, scored)
    assert len(read) == len(OPEN)
    assert set(found["model_version"].to_pylist()) == {"00002-bbbbbbbb"}
    assert min(found["scored_at"].to_pylist()) > max(scored["scored_at"].to_pylist())


def test_a_closed_one_with_another_text_is_read_anew(
    fit: FitRow, bert: Bert, scored: pa.Table, read: list[str]
) -> None:
    row = next(row for row in CLOSED if row["visits"] == 2)
    changed = row | {"note_texts": [row["note_texts"][0], "[visit 2, +7 days] signed budget agreed"]}
    found = by_id(score(fit, bert, [changed], scored))[row["opportunity_id"]]
    assert read == [row["opportunity_id"]]
    assert len(found["visit_effects"]) == 2
    assert found["probabilities_after_visits"] != by_id(scored)[row["opportunity_id"]]["probabilities_after_visits"]


def test_an_open_one_does_not_take_the_course_of_its_closed_past(fit: FitRow, bert: Bert, read: list[str]) -> None:
    reopened = CLOSED[0] | {"status": "open", "closed_at": None}
    score(fit, bert, [reopened])
    assert read == [reopened["opportunity_id"]]


def test_one_whose_end_was_learned_from_is_in_sample_whatever_changes_in_it(fit: FitRow, bert: Bert) -> None:
    changed = CLOSED[0] | {"amount": 123.0}
    assert not by_id(score(fit, bert, [changed]))[changed["opportunity_id"]]["is_out_of_sample"]


def test_another_bert_of_the_same_shape_is_refused(fit: FitRow, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tiny_bert(tmp_path_factory.mktemp("other"), all_texts(CLOSED), layers=2, seed=1)
    with pytest.raises(ValueError, match="bert_model"):
        score(fit, other, ROWS)


def test_one_note_in_another_language_does_not_stop_the_scoring(fit: FitRow, bert: Bert, scored: pa.Table) -> None:
    foreign = opportunity("foreign", [CHINESE.sentence(CHINESE.neutral)], status="open")
    assert score(fit, bert, [*ROWS, foreign], scored).num_rows == len(ROWS) + 1


def test_batches_do_not_matter(fit: FitRow, bert: Bert, scored: pa.Table) -> None:
    one, others = by_id(score(fit, bert, ROWS, batch_rows=7)), by_id(scored)
    for name, row in one.items():
        assert row["conversion_probability"] == pytest.approx(others[name]["conversion_probability"], abs=0.02)
        assert row["text_fingerprint"] == others[name]["text_fingerprint"]


def test_no_opportunities_no_rows(fit: FitRow, bert: Bert) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from table(ROWS).slice(0, 0).combine_chunks().to_batches()
        yield pa.RecordBatch.from_pylist([], schema=table(ROWS).schema)

    told: list[str] = []
    assert list(conversion_scorer(fit, bert, None, told.append)(batches())) == []
    assert "00001-aaaaaaaa read 0 of 0" in told[0]


@pytest.mark.parametrize(
    ("effects", "is_raised", "visits"),
    [
        ([0.123, -0.3], True, [1]),
        ([0.123, -0.3], False, [2]),
        ([0.0049, -0.0049], True, []),
        ([0.0, 0.005], True, [2]),
        ([0.1, 0.1, -0.1, 0.2, 0.1], True, [4, 1, 2]),
        ([], True, []),
        ([], False, []),
    ],
)
def test_the_visits_that_point_the_way_of_the_probability(
    effects: list[float], is_raised: bool, visits: list[int]
) -> None:
    days = np.array([day(number + 1) for number in range(len(effects))], dtype="datetime64[D]")
    found = visit_reasons(np.array(effects), days, is_raised)
    if not visits:
        assert worded(found) == "no single visit moves it that way"
        return
    assert [reason.parameters for reason in found] == [{"visit": n, "day": str(day(n))} for n in visits]
    assert [reason.effect for reason in found] == [effects[n - 1] for n in visits]
