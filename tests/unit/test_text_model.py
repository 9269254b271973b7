"""From notes to log-odds: encoding, the classification layer, and the tuning of both."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from unit.opportunities import ENGLISH, all_texts, make_rows, opportunity, texts_of, tiny_bert
from upswing.bert import Bert, UnfitBertError
from upswing.calibration import sigmoid
from upswing.opportunities.classification_layer import ClassificationLayer, visit_weights
from upswing.opportunities.encoded_visits import EncodedVisits, VisitVectors, encode_visits, visit_vectors
from upswing.opportunities.layer_tuning import TuningParameters, tune_layers
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.opportunities.text_model import TextModel, TextModelParameters, train_text_model, vectors_after
from upswing.torch_session import torch_session

FloatArray = NDArray[np.float64]

TUNED = TextModelParameters(
    read_layers=3, trained_layers=1, tuning=TuningParameters(epochs=4, learning_rate=1e-3, head_learning_rate=1e-3)
)
FROZEN = replace(TUNED, trained_layers=0)
HALF_PRECISION = 0.03


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    return tiny_bert(tmp_path_factory.mktemp("bert"), all_texts(make_rows(100)))


@pytest.fixture
def _single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upswing.bert.has_fast_bfloat16", lambda: False)


def long_note(words: int, seed: int) -> str:
    return " ".join(np.random.default_rng(seed).choice(ENGLISH.neutral, words))


def encode(bert: Bert, texts: OpportunityTexts, parameters: TextModelParameters = FROZEN) -> EncodedVisits:
    frozen, tuned = parameters.layers_of(bert)
    return encode_visits(bert, texts, parameters.window_tokens, frozen, bool(tuned))


def state(layers: Any) -> dict[str, FloatArray]:
    return {name: tensor.detach().numpy().copy() for name, tensor in layers.state_dict().items()}


# Encoding


@pytest.mark.usefixtures("_single_precision")
@pytest.mark.parametrize("layers", [1, 3])
def test_a_note_gets_the_greatest_value_over_all_tokens_of_all_its_windows(bert: Bert, layers: int) -> None:
    import torch

    texts = texts_of([opportunity("a", [long_note(40, 1), "met"], [None, long_note(20, 2)])])
    found = visit_vectors(encode_visits(bert, texts, 16, list(bert.model.encoder.layer)[:layers]))

    def expected(text: str) -> FloatArray:
        greatest = np.full(32, -np.inf)
        for ids in bert.windows([text], 16).tokens:
            with torch.no_grad():
                states = bert.model(torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states
            greatest = np.maximum(greatest, states[layers][0].numpy().max(axis=0))
        return greatest

    assert len(bert.windows([texts.notes[0]], 16).tokens) > 3
    np.testing.assert_allclose(found.notes, [expected(note) for note in texts.notes], atol=1e-5)
    np.testing.assert_allclose(found.feedback[1], expected(texts.feedback[1]), atol=1e-5)


def test_no_feedback_is_zeros(bert: Bert) -> None:
    texts = texts_of([opportunity("a", ["met", "called"], [None, "signed"]), opportunity("b", ["office"])])
    vectors = visit_vectors(encode(bert, texts))
    assert vectors.has_feedback.tolist() == [0, 1, 0]
    assert (np.abs(vectors.feedback).sum(axis=1) > 0).tolist() == [False, True, False]
    assert (np.abs(vectors.notes).sum(axis=1) > 0).all()


def test_a_record_reads_the_same_whatever_stands_beside_it(bert: Bert) -> None:
    texts = texts_of([*make_rows(60), opportunity("long", [long_note(150, 4)])])
    order = np.random.default_rng(0).permutation(len(texts))
    whole = visit_vectors(encode(bert, texts))
    shuffled = visit_vectors(encode(bert, texts[order]))
    visits = np.concatenate([np.arange(texts.offsets[row], texts.offsets[row + 1]) for row in order])
    for name in ("notes", "feedback", "has_feedback"):
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(whole, name)[visits])


def test_some_of_the_visits_keep_their_texts(bert: Bert) -> None:
    encoded = encode(bert, texts_of(make_rows(20)))
    rows = np.array([7, 0, 3])
    part, whole = visit_vectors(encoded.of_visits(rows)), visit_vectors(encoded)
    np.testing.assert_array_equal(part.notes, whole.notes[rows])
    np.testing.assert_array_equal(part.feedback, whole.feedback[rows])
    np.testing.assert_array_equal(part.has_feedback, whole.has_feedback[rows])


@pytest.mark.usefixtures("_single_precision")
def test_layers_in_two_goes_are_as_in_one(bert: Bert) -> None:
    texts = texts_of([*make_rows(20), opportunity("long", [long_note(150, 4)])])
    _, last = TUNED.layers_of(bert)
    found, expected = vectors_after(last, encode(bert, texts, TUNED)), visit_vectors(encode(bert, texts))
    np.testing.assert_allclose(found.notes, expected.notes, atol=1e-5)
    np.testing.assert_allclose(found.feedback, expected.feedback, atol=1e-5)


# The classification layer


def drawn(visits: list[int], width: int = 5, seed: int = 1) -> VisitVectors:
    draw = np.random.default_rng(seed)
    heard = (draw.random(sum(visits)) < 0.5).astype(np.float64)
    feedback = draw.normal(size=(sum(visits), width)) * heard[:, None]
    return VisitVectors(draw.normal(size=(sum(visits), width)), feedback, heard)


LAYER = ClassificationLayer(np.arange(5) / 5, np.array([0.5, -1, 2, 0, 1]), heard=0.7, bias=-0.3, recency=0.8)


def by_hand(layer: ClassificationLayer, vectors: VisitVectors, first: int, last: int, without: int = -1) -> float:
    """Log-odds after visit ``last`` of an opportunity whose first visit is ``first``."""
    odds = layer.bias
    for values, there, weights, added in (
        (vectors.notes, np.ones(len(vectors.notes)), layer.note_weights, 0.0),
        (vectors.feedback, vectors.has_feedback, layer.feedback_weights, layer.heard),
    ):
        total = summed = 0.0
        for visit in range(first, last + 1):
            if there[visit] and visit != without:
                weight = layer.recency ** (last - visit)
                total += weight
                summed += weight * float(values[visit] @ weights)
        if total:
            odds += summed / total + added
    return odds


def test_visits_weigh_less_the_older_they_are() -> None:
    found = visit_weights(np.array([2, 0, 3]), 0.5).toarray()
    expected = [[1, 0, 0, 0, 0], [0.5, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0.5, 1, 0], [0, 0, 0.25, 0.5, 1]]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(visit_weights(np.array([3]), 1.0).toarray(), np.tril(np.ones((3, 3))))


def test_log_odds_are_linear_in_recent_means() -> None:
    visits = [3, 1, 6, 2]
    vectors = drawn(visits)
    starts = np.repeat(np.cumsum(visits) - visits, visits)
    expected = [by_hand(LAYER, vectors, int(first), last) for last, first in enumerate(starts)]
    np.testing.assert_allclose(LAYER.log_odds(vectors, np.array(visits)), expected)


def test_log_odds_without_a_visit_leave_the_weights_of_the_others() -> None:
    visits = [3, 1, 6, 2]
    vectors = drawn(visits)
    starts, ends = np.repeat(np.cumsum(visits) - visits, visits), np.repeat(np.cumsum(visits) - 1, visits)
    expected = [
        by_hand(LAYER, vectors, int(first), int(last), without)
        for without, (first, last) in enumerate(zip(starts, ends, strict=True))
    ]
    found = LAYER.log_odds_without(vectors, np.array(visits))
    np.testing.assert_allclose(found, expected)
    assert found[3] == LAYER.bias


def test_log_odds_after_a_visit_do_not_know_the_next() -> None:
    visits = np.array([4, 3])
    vectors = drawn([4, 3])
    other = VisitVectors(vectors.notes.copy(), vectors.feedback.copy(), vectors.has_feedback.copy())
    other.notes[2:4], other.feedback[2:4], other.has_feedback[2:4] = 9, 9, 1
    same = LAYER.log_odds(vectors, visits) == LAYER.log_odds(other, visits)
    assert same.tolist() == [True, True, False, False, True, True, True]


def easy(seed: int, said: bool = True) -> tuple[VisitVectors, OpportunityTexts]:
    texts = texts_of(make_rows(200, seed=seed, prefix=f"{seed}-"))
    draw = np.random.default_rng(seed)
    won = texts.is_won[texts.opportunity_of_visit]
    notes, feedback = draw.normal(size=(2, len(won), 12))
    notes[:, 3] += 100 + won
    feedback[:, 5] -= 1.5 * won
    heard = np.array([bool(text) and said for text in texts.feedback], dtype=np.float64)
    return VisitVectors(notes, feedback * heard[:, None], heard), texts


@pytest.mark.parametrize("said", [True, False])
def test_classification_learns_what_the_vectors_say(said: bool) -> None:
    vectors, texts = easy(1, said)
    layer = ClassificationLayer.fit(vectors, texts, 0.9)
    unseen, others = easy(2, said)
    found = layer.log_odds(unseen, others.visits)[others.offsets[1:] - 1]
    assert roc_auc_score(others.is_won, found) > 0.8
    assert abs(sigmoid(found).mean() - others.is_won.mean()) < 0.15
    assert (layer.feedback_weights[5] < -0.1) == said
    assert layer.recency == 0.9


def test_classification_is_the_same_twice_and_after_packing() -> None:
    layer, again = (ClassificationLayer.fit(*easy(1), 0.9) for _time in range(2))
    unpacked = ClassificationLayer.unpacked(layer.packed())
    vectors, texts = easy(2)
    for other in (again, unpacked):
        assert (layer.heard, layer.bias, layer.recency) == (other.heard, other.bias, other.recency)
        np.testing.assert_array_equal(layer.log_odds(vectors, texts.visits), other.log_odds(vectors, texts.visits))


# Training


def test_bert_with_a_classification_layer_reads_easy_notes(bert: Bert) -> None:
    texts, others = texts_of(make_rows(300)), texts_of(make_rows(200, seed=2))
    with torch_session():
        model = train_text_model(bert, texts, encode(bert, texts), FROZEN)
    found = model.classification.log_odds(model.read(bert, others, FROZEN), others.visits)
    assert roc_auc_score(others.is_won, found[others.offsets[1:] - 1]) > 0.8
    assert len(model.tuned_layers) == 0


def test_tuning_lowers_the_loss_and_changes_its_own_layers_alone(bert: Bert) -> None:
    texts = texts_of(make_rows(120))
    encoded = encode(bert, texts, TUNED)
    before = state(bert.model.encoder)
    steps: list[tuple[int, int]] = []
    with torch_session():
        start = ClassificationLayer.fit(visit_vectors(encode(bert, texts)), texts, TUNED.recency)
        model = train_text_model(bert, texts, encoded, TUNED, lambda done, of: steps.append((done, of)))
    assert steps == [(done, 32) for done in range(1, 33)]
    after = state(bert.model.encoder)
    assert all((before[name] == after[name]).all() for name in before)
    pretrained = state(TUNED.layers_of(bert)[1][0])
    for name, tensor in state(model.tuned_layers[0]).items():
        assert (tensor != pretrained[name]).any() or name.endswith("key.bias"), name

    def loss(layer: ClassificationLayer, vectors: VisitVectors) -> float:
        odds = layer.log_odds(vectors, texts.visits)[texts.offsets[1:] - 1]
        return float(log_loss(texts.is_won, sigmoid(odds)))

    assert loss(model.classification, model.vectors(encoded)) < loss(start, visit_vectors(encode(bert, texts))) - 0.05


def test_tuned_twice_gives_the_same_bytes_and_another_seed_others(bert: Bert) -> None:
    texts = texts_of(make_rows(40))
    encoded = encode(bert, texts, TUNED)

    def trained(parameters: TextModelParameters) -> dict[str, bytes]:
        with torch_session():
            model = train_text_model(bert, texts, encoded, parameters)
        return {name: array.tobytes() for name, array in model.packed().items()}

    first = trained(TUNED)
    assert trained(TUNED) == first
    assert trained(replace(TUNED, tuning=replace(TUNED.tuning, seed=8))) != first


@pytest.mark.usefixtures("_single_precision")
def test_tuning_steps_down_the_slope_of_the_loss_that_is_measured(bert: Bert) -> None:
    """The first step of AdamW has the sign of the gradient alone: that of the whole batch, here by differences."""
    import torch

    rows = [*make_rows(30), opportunity("long", [long_note(150, 4), long_note(90, 5)], [long_note(70, 6)], "lost")]
    texts = texts_of(rows)
    layers = torch.nn.ModuleList(TUNED.layers_of(bert)[1])
    encoded = encode(bert, texts, TUNED)
    vectors = vectors_after(layers, encoded)
    draw = np.random.default_rng(1)
    start = ClassificationLayer(draw.normal(size=32) / 30, draw.normal(size=32) / 30, 0.2, -0.1, 0.1)

    def loss(layer: ClassificationLayer) -> float:
        odds = layer.log_odds(vectors, texts.visits)[texts.offsets[1:] - 1]
        return float(log_loss(texts.is_won, sigmoid(odds), normalize=False))

    def slope(name: str, by: Any) -> float:
        there, back = (replace(start, **{name: getattr(start, name) + sign * 1e-5 * by}) for sign in (1, -1))
        return (loss(there) - loss(back)) / 2e-5

    step = 1e-3
    tuning = TuningParameters(1, learning_rate=0.0, head_learning_rate=step, batch_opportunities=len(texts))
    with torch_session():
        found = tune_layers(layers, start, texts, encoded, tuning)
    slopes = [slope(name, unit) for name in ("note_weights", "feedback_weights") for unit in np.eye(32)]
    slopes += [slope(name, 1.0) for name in ("heard", "bias")]
    steps = [
        *(found.note_weights - start.note_weights),
        *(found.feedback_weights - start.feedback_weights),
        found.heard - start.heard,
        found.bias - start.bias,
    ]
    steep = np.abs(slopes) > 0.02
    assert steep.sum() > 55
    np.testing.assert_allclose(np.array(steps)[steep], -step * np.sign(slopes)[steep], rtol=0.01)


def test_a_tuned_model_is_the_same_after_packing_and_reads_what_was_not_encoded(bert: Bert) -> None:
    texts = texts_of(make_rows(40))
    boldly = replace(TUNED, tuning=replace(TUNED.tuning, learning_rate=0.05))
    encoded = encode(bert, texts, boldly)
    with torch_session():
        model = train_text_model(bert, texts, encoded, boldly)
    unpacked = TextModel.unpacked(model.packed(), bert, boldly)
    np.testing.assert_array_equal(unpacked.vectors(encoded).notes, model.vectors(encoded).notes)
    np.testing.assert_array_equal(unpacked.classification.note_weights, model.classification.note_weights)
    found = unpacked.read(bert, texts, boldly).notes
    np.testing.assert_allclose(found, model.vectors(encoded).notes, atol=HALF_PRECISION)
    assert np.abs(found - visit_vectors(encode(bert, texts)).notes).max() > 5 * HALF_PRECISION


# Parameters


@pytest.mark.parametrize(
    ("read", "trained", "expected"), [(0, 0, (2, 0)), (0, 2, (0, 2)), (3, 1, (2, 1)), (1, 0, (1, 0))]
)
def test_layers_that_stay_and_layers_that_are_tuned(
    bert: Bert, read: int, trained: int, expected: tuple[int, int]
) -> None:
    layers = list(bert.model.encoder.layer)
    stay, tuned = TextModelParameters(read, trained).layers_of(bert)
    assert (len(stay), len(tuned)) == expected
    assert [*stay, *tuned] == layers[: sum(expected)]


@pytest.mark.parametrize(("read", "trained"), [(4, 0), (0, 3), (0, 4), (3, 4), (1, 2)])
def test_more_layers_than_there_are(bert: Bert, read: int, trained: int) -> None:
    told = f"^vars bert_read_layers and bert_trained_layers are {read} and {trained}; the BERT .* has 3 layers"
    with pytest.raises(UnfitBertError, match=told):
        TextModelParameters(read, trained).layers_of(bert)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"read_layers": -1}, "var bert_read_layers"),
        ({"trained_layers": -1}, "var bert_trained_layers"),
        ({"window_tokens": 15}, "window_tokens"),
        ({"recency": 0}, "var visit_recency"),
        ({"recency": 1.1}, "var visit_recency"),
        ({"recency": math.nan}, "var visit_recency"),
    ],
)
def test_parameters_name_what_is_wrong(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {next(iter(wrong.values()))}; expected "):
        TextModelParameters(**wrong)


@pytest.mark.parametrize("name", ["epochs", "batch_opportunities"])
def test_tuning_parameters_name_what_is_wrong(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} of the tuning is 0; expected at least 1"):
        TuningParameters(**{name: 0})
