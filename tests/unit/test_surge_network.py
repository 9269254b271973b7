from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch.nn import functional

from upswing.calibration import PlattScaling
from upswing.products.surge_network import (
    NETWORK_ARRAYS,
    AnalogBatch,
    SurgeNetworkParameters,
    SurgeNetworks,
    _Descent,
    analog_log_odds,
    train_networks,
)
from upswing.torch_session import torch_session

FEATURES, WEEKS = 5, 4
QUICK = SurgeNetworkParameters(steps=24)


def make_batch(networks: int = 11, analogs: int = 20, seed: int = 0, signal: float = 0.0) -> AnalogBatch:
    """Analogs whose surges in all weeks depend on their first input, as strongly as ``signal`` says."""
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(networks, analogs, FEATURES)).astype(np.float32)
    probability = 1 / (1 + np.exp(1 - signal * inputs[:, :, :1]))
    surges = (draw.random((networks, analogs, WEEKS)) < probability).astype(np.float32)
    return AnalogBatch(inputs, surges, draw.uniform(0.2, 1, (networks, analogs)).astype(np.float32))


def train(batch: AnalogBatch, parameters: SurgeNetworkParameters = QUICK) -> tuple[SurgeNetworks, PlattScaling]:
    with torch_session():
        return train_networks(batch, parameters)


def descend(batch: AnalogBatch, steps: int, parameters: SurgeNetworkParameters = QUICK) -> _Descent:
    descent = _Descent(batch, batch.weight[:, None], parameters)
    for _step in range(steps):
        descent.advance()
    return descent


def test_analog_log_odds_by_hand() -> None:
    surges = np.array([[[1.0, 0.0], [1.0, 1.0]]], dtype=np.float32)
    weight = np.array([[1.0, 0.5]], dtype=np.float32)
    average = (1.5 + 0.5 + 0.5) / (1.5 * 2 + 1)
    share = np.array([(1.5 + 2 * average) / 3.5, (0.5 + 2 * average) / 3.5])
    np.testing.assert_allclose(analog_log_odds(surges, weight, 2.0)[0], np.log(share / (1 - share)), rtol=1e-5)


def test_no_analogs_are_even_odds() -> None:
    found = analog_log_odds(np.zeros((1, 2, 3), dtype=np.float32), np.zeros((1, 2), dtype=np.float32), 5.0)
    assert np.abs(found).max() < 1e-6


def test_networks_that_took_no_step_are_the_analogs_log_odds() -> None:
    batch = make_batch()
    networks = descend(batch, 0).networks()
    base = analog_log_odds(batch.surges, batch.weight, QUICK.prior_weight)
    np.testing.assert_array_equal(networks.log_odds(batch.inputs[:, 3]), base)
    assert networks.steps == 0


def test_nothing_is_learned_where_there_is_nothing_to_learn() -> None:
    networks, _ = train(make_batch(networks=60, signal=0.0))
    assert networks.steps == 0


def test_gradients_and_steps_are_those_of_autograd() -> None:
    batch = make_batch(networks=3, signal=2.0)
    descent = descend(batch, 6)
    x, y = torch.from_numpy(batch.inputs), torch.from_numpy(batch.surges)
    share = torch.from_numpy(batch.weight / batch.weight.sum(axis=1, keepdims=True))[:, :, None]
    base = torch.from_numpy(analog_log_odds(batch.surges, batch.weight, QUICK.prior_weight))[:, None]
    first = descend(batch, 0).networks().first
    weights = [torch.from_numpy(first.copy()), torch.zeros(3, QUICK.hidden, WEEKS)]
    biases = [torch.zeros(3, 1, QUICK.hidden), torch.zeros(3, 1, WEEKS)]
    for tensor in (*weights, *biases):
        tensor.requires_grad_(True)
    groups = [{"params": weights, "weight_decay": QUICK.weight_decay}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=QUICK.learning_rate)
    for _step in range(6):
        logits = torch.tanh(x @ weights[0] + biases[0]) @ weights[1] + biases[1] + base
        entropy = functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
        optimizer.zero_grad()
        torch.autograd.backward((entropy * share).sum())
        optimizer.step()
    found = descent.networks()
    expected = dict(zip(NETWORK_ARRAYS[1:], (weights[0], biases[0], weights[1], biases[1]), strict=True))
    for name, tensor in expected.items():
        np.testing.assert_allclose(found.arrays[name], tensor.detach().numpy(), atol=2e-5, err_msg=name)
    assert found.steps == 6


def test_log_odds_of_training_and_of_the_trained_networks_agree() -> None:
    batch = make_batch(signal=2.0)
    descent = descend(batch, 5)
    found = descent.log_odds()[:, 0].transpose(1, 2).numpy()
    np.testing.assert_allclose(descent.networks().log_odds(batch.inputs[:, 7]), found[:, 7], atol=1e-5)


def test_the_result_does_not_depend_on_how_many_are_trained_at_once() -> None:
    batch = make_batch(networks=75, analogs=13, signal=2.0)
    whole, scaling = train(batch)
    assert whole.steps > 0
    for at_once in (1, 33, 70):
        part, part_scaling = train(batch, replace(QUICK, networks_at_once=at_once))
        assert part.steps == whole.steps
        assert part_scaling == scaling
        for name in NETWORK_ARRAYS:
            np.testing.assert_array_equal(part.arrays[name], whole.arrays[name], err_msg=name)


def test_calibration_on_a_draw_of_the_held_out_pairs_is_close(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = make_batch(networks=60, analogs=40, signal=2.0)
    _, whole = train(batch)
    monkeypatch.setattr("upswing.products.surge_network.CALIBRATION_PAIRS", 4_000)
    _, drawn = train(batch)
    assert drawn != whole
    assert drawn.slope == pytest.approx(whole.slope, rel=0.2)
    assert drawn.intercept == pytest.approx(whole.intercept, abs=0.2)


def test_padded_rows_have_no_influence() -> None:
    batch = make_batch(signal=2.0)
    draw = np.random.default_rng(9)

    def padded(array: NDArray[np.float32], filler: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.concatenate([array, filler.astype(np.float32)], axis=1)

    longer = AnalogBatch(
        padded(batch.inputs, draw.normal(size=(len(batch), 6, FEATURES))),
        padded(batch.surges, draw.integers(0, 2, (len(batch), 6, WEEKS)).astype(np.float64)),
        padded(batch.weight, np.zeros((len(batch), 6))),
    )
    whole, scaling = train(batch)
    found, found_scaling = train(longer)
    assert found.steps == whole.steps
    assert found_scaling.slope == pytest.approx(scaling.slope, rel=1e-3)
    for name in NETWORK_ARRAYS:
        np.testing.assert_allclose(found.arrays[name], whole.arrays[name], atol=1e-3, err_msg=name)


def test_an_easy_signal_is_learned() -> None:
    batch = make_batch(networks=40, analogs=60, signal=3.0)
    networks, scaling = train(batch, replace(QUICK, steps=60))
    unseen = make_batch(networks=40, analogs=1, seed=1, signal=3.0)
    log_odds = networks.log_odds(unseen.inputs[:, 0])
    truth = unseen.surges[:, 0].ravel()
    learned = average_precision_score(truth, log_odds.ravel())
    assert learned > average_precision_score(truth, networks.base.ravel()) + 0.2
    found = scaling.probabilities(log_odds.astype(np.float64))
    assert ((found > 0) & (found < 1)).all()


def test_more_steps_lower_the_loss_on_what_is_learned() -> None:
    batch = make_batch(signal=3.0)

    def loss(steps: int) -> float:
        log_odds = descend(batch, steps).log_odds()[:, 0].transpose(1, 2)
        return float(functional.binary_cross_entropy_with_logits(log_odds, torch.from_numpy(batch.surges)))

    assert loss(40) < loss(10) < loss(0)


def test_patience_ends_validation_without_changing_an_earlier_best() -> None:
    batch = make_batch(networks=30, signal=0.0)
    seen: list[tuple[int, int]] = []
    with torch_session():
        train_networks(
            batch, replace(QUICK, steps=400, patience=2), lambda done, all_of_them: seen.append((done, all_of_them))
        )
    assert len(seen) < 20
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_no_networks_are_trained_without_a_fault() -> None:
    nothing = make_batch()
    empty = AnalogBatch(nothing.inputs[:0], nothing.surges[:0], nothing.weight[:0])
    networks, scaling = train(empty)
    assert networks.log_odds(np.zeros((0, FEATURES), dtype=np.float32)).shape == (0, WEEKS)
    assert (networks.steps, scaling.slope) == (0, 1)


def test_same_seed_same_networks_and_another_seed_others() -> None:
    batch = make_batch(signal=2.0)
    first, again = train(batch)[0], train(batch)[0]
    other = train(batch, replace(QUICK, seed=8))[0]
    np.testing.assert_array_equal(first.first, again.first)
    assert (first.first != other.first).any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": 0},
        {"steps": 0},
        {"check_every": 0},
        {"patience": 0},
        {"networks_at_once": 0},
        {"validation_folds": 1},
    ],
)
def test_parameters_name_what_is_wrong(wrong: dict[str, Any]) -> None:
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=f"^{name} is {value}; expected at least "):
        SurgeNetworkParameters(**wrong)
