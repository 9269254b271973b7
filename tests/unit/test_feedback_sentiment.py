from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from unit.opportunities import tiny_bert
from upswing.bert import Bert
from upswing.fits import NotEnoughHistory
from upswing.marketing.feedback_sentiment import (
    CLASSES,
    SentimentClassifier,
    SentimentLayer,
    SentimentParameters,
    bert_of,
)
from upswing.marketing.feedback_sentiment_fit import figures, fit_sentiment_classifier, verdict
from upswing.marketing.feedback_sentiment_scores import SENTIMENT_SCHEMA, score_sentiments
from upswing.marketing.feedback_sentiment_split import alike_groups
from upswing.marketing.feedback_terms import Terms
from upswing.marketing.feedback_texts import FEEDBACK_TEXT_SCHEMA, score_feedback_texts
from upswing.user_errors import UserError

PARAMETERS = SentimentParameters(min_texts=30, min_class_texts=5, penalties=(1.0, 10.0))
LEARNED = '{"bert_digest": "b"}'
SAID = {
    "bad": ("stale", "awful", "broken", "mouldy", "sour", "rotten"),
    "middling": ("ordinary", "average", "passable", "unremarkable", "plain", "medium"),
    "good": ("lovely", "fresh", "crisp", "superb", "excellent", "tasty"),
}
THINGS = ("apple", "bread", "cheese", "tofu", "soap", "juice", "butter", "onion", "grape", "melon")


def made_texts() -> tuple[pa.Table, pa.Table]:
    """Texts of one word each that says it; BERT reads the class with noise."""
    generator = np.random.default_rng(3)
    texts, counts, readings = [], [], []
    for place, name in enumerate(CLASSES):
        for word in SAID[name]:
            for thing in THINGS:
                texts.append(f"{thing} {word}")
                counts.append(np.eye(3, dtype=np.int64)[place] * (1 + len(texts) % 2))
                vector = np.eye(3)[place] + generator.normal(0, 0.3, 3)
                readings.append(np.append(vector, generator.normal(0, 0.1, 3)))
    rows = pa.table(
        {
            "feedback_text": texts,
            "customer_ids": [[f"c{row % 7}", f"c{row % 11}"] for row in range(len(texts))],
            "answers": [int(count.sum()) for count in counts],
        }
        | {f"{name}_answers": [int(count[place]) for count in counts] for place, name in enumerate(CLASSES)}
    )
    return rows, readings_of(texts, readings)


def readings_of(texts: list[str], vectors: Any, unknown: float = 0.0, digest: str = "b") -> pa.Table:
    rows = [
        {"feedback_text": text, "embedding": list(map(float, vector)), "unknown_share": unknown, "bert_digest": digest}
        for text, vector in zip(texts, vectors, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FEEDBACK_TEXT_SCHEMA)


def shuffled(table: pa.Table) -> pa.Table:
    return table.take(np.random.default_rng(0).permutation(table.num_rows))


def fit_row(made: tuple[pa.Table, pa.Table]) -> dict[str, Any]:
    weights = fit_sentiment_classifier(*made, PARAMETERS).weights
    return {"weights": weights, "model_version": "00001-x", "parameters": LEARNED}


@pytest.fixture(scope="module")
def made() -> tuple[pa.Table, pa.Table]:
    return made_texts()


def test_a_fit_does_not_depend_on_the_order_of_rows(made: tuple[pa.Table, pa.Table]) -> None:
    first = fit_sentiment_classifier(*made, PARAMETERS)
    second = fit_sentiment_classifier(shuffled(made[0]), shuffled(made[1]), PARAMETERS)
    assert first.weights == second.weights
    assert first.metrics == second.metrics
    assert first.verdict == second.verdict


def test_every_competitor_is_measured_on_the_same_answers(made: tuple[pa.Table, pa.Table]) -> None:
    fit = fit_sentiment_classifier(*made, PARAMETERS)
    rows = {metric.competitor: metric.value for metric in fit.metrics if metric.metric == "rows"}
    assert rows == dict.fromkeys(("model", "encoder_alone", "tfidf_logistic", "majority"), float(270))
    accuracy = {metric.competitor: metric.value for metric in fit.metrics if metric.metric == "accuracy"}
    # A word never stands on both sides, so that words alone cannot know what BERT does.
    assert accuracy["model"] > accuracy["tfidf_logistic"] + 0.1
    assert accuracy["majority"] < 0.5
    assert "beats its best baseline" in fit.verdict or "best baseline encoder_alone" in fit.verdict


def test_noise_for_readings_does_not_beat_the_words(made: tuple[pa.Table, pa.Table]) -> None:
    texts, _readings = made
    names = texts["feedback_text"].to_pylist()
    # A thing tells all here: each word stands in every fold.
    counts = {name: [0] * len(names) for name in CLASSES}
    for row in range(len(names)):
        counts[CLASSES[row % 10 % 3]][row] = 1
    rows = texts.select(["feedback_text", "customer_ids", "answers"])
    for name in CLASSES:
        rows = rows.append_column(f"{name}_answers", pa.array(counts[name]))
    noise = readings_of(names, np.random.default_rng(1).normal(0, 1, (len(names), 6)))
    fit = fit_sentiment_classifier(rows, noise, PARAMETERS)
    accuracy = {metric.competitor: metric.value for metric in fit.metrics if metric.metric == "accuracy"}
    assert accuracy["tfidf_logistic"] > accuracy["encoder_alone"] + 0.2
    assert "best baseline tfidf_logistic" in fit.verdict
    assert "beats" not in fit.verdict


def test_too_little_is_said_and_trains_nothing(made: tuple[pa.Table, pa.Table]) -> None:
    texts, readings = made
    with pytest.raises(NotEnoughHistory, match=r"180 texts with stars \(60 bad, 60 middling, 60 good\), at least 200"):
        fit_sentiment_classifier(texts, readings, SentimentParameters())
    with pytest.raises(NotEnoughHistory, match="0 texts with stars"):
        fit_sentiment_classifier(texts.slice(0, 0), readings.slice(0, 0), PARAMETERS)
    one_class = texts.slice(0, 60)
    with pytest.raises(NotEnoughHistory, match="0 middling"):
        fit_sentiment_classifier(one_class, readings, PARAMETERS)


def test_texts_that_bert_does_not_know_train_nothing(made: tuple[pa.Table, pa.Table]) -> None:
    texts, readings = made
    foreign = readings_of(["一般般"], np.ones((1, 6)), unknown=0.5)
    more = pa.concat_tables([texts, texts.slice(0, 1).set_column(0, "feedback_text", pa.array(["一般般"]))])
    with_foreign = fit_sentiment_classifier(more, pa.concat_tables([readings, foreign]), PARAMETERS)
    assert with_foreign.weights == fit_sentiment_classifier(texts, readings, PARAMETERS).weights


def test_a_sentiment_is_the_chance_of_good_less_that_of_bad(made: tuple[pa.Table, pa.Table]) -> None:
    fit = {
        "weights": fit_sentiment_classifier(*made, PARAMETERS).weights,
        "model_version": "00001-x",
        "parameters": LEARNED,
    }
    readings = pa.concat_tables([made[1], readings_of(["一般般"], np.ones((1, 6)), unknown=0.5)])
    scores = score_sentiments(fit, shuffled(readings))
    assert scores.equals(score_sentiments(fit, readings))
    assert scores["feedback_text"].to_pylist() == sorted(readings["feedback_text"].to_pylist())
    rows = {row["feedback_text"]: row for row in scores.to_pylist()}
    assert rows["bread stale"]["sentiment"] < -0.5 < rows["bread plain"]["sentiment"] < 0.5
    assert rows["bread lovely"]["sentiment"] > 0.5
    one = rows["bread lovely"]
    assert one["sentiment"] == pytest.approx(one["good_probability"] - one["bad_probability"], abs=1e-6)
    assert rows["一般般"]["sentiment"] is None


def test_without_a_fit_or_texts_nothing_is_read(made: tuple[pa.Table, pa.Table]) -> None:
    scores = score_sentiments(None, made[1])
    assert scores["sentiment"].null_count == scores.num_rows == 180
    fit = {
        "weights": fit_sentiment_classifier(*made, PARAMETERS).weights,
        "model_version": "00001-x",
        "parameters": LEARNED,
    }
    assert score_sentiments(fit, made[1].slice(0, 0)).equals(SENTIMENT_SCHEMA.empty_table())
    with pytest.raises(UserError, match=r"00001-x learned from what another BERT read \(b, now c\)"):
        score_sentiments(fit, readings_of(["a"], np.ones((1, 6)), digest="c"))


def test_texts_put_alike_stand_on_one_side_in_any_order() -> None:
    texts = [
        "best peas in the store",
        "stale when i opened it",
        "best corn in the store",
        "stale when i opned it",
        "no",
    ]
    # Of one length the first of the alphabet leads.
    groups = alike_groups(texts, 0.6)
    assert groups.tolist() == [2, 3, 2, 3, 4]
    turned = alike_groups(texts[::-1], 0.6)
    assert [len(texts) - 1 - leader for leader in turned[::-1].tolist()] == groups.tolist()
    # A longer text joins what it holds most of.
    assert alike_groups([*texts, "stale when i opened it. no."], 0.6).tolist()[-1] in (3, 4)
    assert alike_groups([], 0.6).tolist() == []


def test_figures_count_answers_not_texts() -> None:
    counts = np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.2, 0.2, 0.6]])
    found = figures(counts, probabilities)
    assert found["rows"] == 5
    assert found["accuracy"] == pytest.approx(4 / 5)
    assert found["macro_f1"] == pytest.approx((6 / 7 + 0 + 1) / 3)
    assert found["log_loss"] == pytest.approx(-(3 * np.log(0.8) + np.log(0.1) + np.log(0.6)) / 5)
    assert found["brier"] == pytest.approx((4 * 0.01 + 0.16) / 5)


def test_a_losing_model_is_said_to_lose() -> None:
    counts = np.tile(np.eye(3), (30, 1))
    right, wrong = counts.copy(), np.roll(counts, 1, axis=1)
    told = verdict(counts, {"model": wrong, "majority": right}, np.arange(90))
    assert told.startswith("the model loses to its best baseline majority: accuracy 0.000 against 1.000")
    # All answers of one wording say no more than one.
    half = np.vstack([right[:45], wrong[45:]])
    told = verdict(counts, {"model": right, "majority": half}, np.r_[np.arange(89), 88] // 45)
    assert "is not clearly different from" in told


def test_words_come_back_from_their_bytes() -> None:
    terms = Terms.of(["good corn", "good peas", "bad peas", "一般般"], [["a"]] * 4, 1)
    again = Terms.unpacked(terms.packed())
    assert again.terms == terms.terms
    assert np.array_equal(again.weights(["good peas"]).toarray(), terms.weights(["good peas"]).toarray())
    assert np.linalg.norm(terms.weights(["good peas"]).toarray()) == pytest.approx(1)
    nothing = Terms.unpacked(Terms.of([""], [["a"]], 1).packed())
    assert nothing.weights(["good"]).shape == (1, 0)
    layer = SentimentLayer(np.arange(9.0).reshape(3, 3), np.zeros(3))
    classifier = SentimentClassifier.from_bytes(SentimentClassifier(nothing, layer).to_bytes())
    assert classifier.probabilities(["good"], np.ones((1, 3))).sum() == pytest.approx(1)


def test_a_word_is_learned_from_where_enough_customers_wrote_it() -> None:
    texts = ["quiche by garland", "quiche again by garland", "quiche of olga", "quiche of rhys"]
    writers = [["a"], ["a"], ["b"], ["c"]]
    assert Terms.of(texts, writers, 1).terms != Terms.of(texts, writers, 2).terms
    assert Terms.of(texts, writers, 2).terms == ("of", "quiche", "quiche of")
    assert Terms.of(texts, writers, 3).terms == ("quiche",)
    assert Terms.of(texts, writers, 4).terms == ()
    # Two texts of one customer each are of two customers; of the first two the fits look no further.
    assert "fine" in Terms.of(["fine", "fine too"], [["a", "b"], ["b"]], 2).terms


def test_a_fit_keeps_no_word_of_a_few_customers(made: tuple[pa.Table, pa.Table]) -> None:
    texts, readings = made
    named = [f"{text} garland" if row < 4 else text for row, text in enumerate(texts["feedback_text"].to_pylist())]
    known = texts.set_column(0, "feedback_text", pa.array(named))
    read = readings.set_column(0, "feedback_text", pa.array(named))
    classifier = SentimentClassifier.from_bytes(fit_sentiment_classifier(known, read, PARAMETERS).weights)
    assert "apple" in classifier.terms.terms
    assert "garland" in " ".join(named)
    # Rows 0 to 3 are of c0 to c3, each of them twice.
    assert not [term for term in classifier.terms.terms if "garland" in term.split()]


def test_texts_are_read_once(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    bert: Bert = tiny_bert(tmp_path_factory.mktemp("bert"), ["red apple", "bread"], layers=1, width=16, positions=16)
    rows = pa.table({"feedback_text": ["red apple", "bread"], "answers": [1, 2]})
    first = score_feedback_texts(rows, None, bert)
    assert first.schema.equals(FEEDBACK_TEXT_SCHEMA)
    assert first["feedback_text"].to_pylist() == ["bread", "red apple"]
    assert bert_of(first) == bert.digest
    assert bert_of(first.slice(0, 0)) == ""
    monkeypatch.setattr("upswing.customers.product_features_texts.read_texts", None)
    assert score_feedback_texts(rows, first, bert).equals(first)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"penalties": ()}, "expected numbers above 0"),
        ({"penalties": (0.0,)}, "expected numbers above 0"),
        ({"folds": 2}, "folds is 2; expected"),
        ({"alike_share": 0.0}, "expected a share above 0 up to 1"),
        ({"min_texts": 0}, "min_texts is 0; expected"),
        ({"least_customers": 0}, r"least_customers \(var k_anonymity\) is 0; expected"),
    ],
)
def test_parameters_say_what_is_expected(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PARAMETERS, **setting)
