"""Small back-propagation networks, one a breakout product, trained together as one batched computation.

Source: visual sales analysis patent, claims 5-7. The network of a product learns from its analogs: input their launch
windows, output the later weeks of the cycle in which they surged. It starts at the analogs' own log-odds of a surge per
week and learns what the launch window adds to them; how long it may learn is what pooled validation rewards.

The gradients are written out: for one hidden layer they are four batched matrix products a step, and no graph is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import PlattScaling

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class SurgeNetworkParameters:
    """How the networks are built and trained.

    Attributes:
        hidden: units of the hidden layer.
        steps: most full-batch steps of Adam.
        check_every: steps between two looks at the validation loss.
        learning_rate, weight_decay: of Adam, the decay decoupled and on the weights, not on the biases.
        prior_weight: analogs' worth of belief that a week is like the average later week of the analogs.
        validation_folds: parts of the analogs held out in turn to choose the steps and to calibrate.
        networks_at_once: networks in one batched computation; the result does not depend on it.
        seed: of the random start.
    """

    hidden: int = 16
    steps: int = 60
    check_every: int = 4
    learning_rate: float = 0.01
    weight_decay: float = 0.02
    prior_weight: float = 15.0
    validation_folds: int = 4
    networks_at_once: int = 250
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("hidden", "steps", "check_every", "networks_at_once"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if self.validation_folds < 2:
            raise ValueError(f"validation_folds is {self.validation_folds}; expected at least 2")


@dataclass(frozen=True)
class AnalogBatch:
    """Training rows of many networks, padded to the same number of analogs.

    Attributes:
        inputs: shape (networks, analogs, features).
        surges: 0/1, shape (networks, analogs, weeks).
        weight: of each analog, 0 where padded, shape (networks, analogs).
    """

    inputs: FloatArray
    surges: FloatArray
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class SurgeNetworks:
    """Trained networks: log-odds = base + second · tanh(first · inputs + first_bias) + second_bias.

    Attributes:
        base: log-odds per week among the analogs, shape (networks, weeks).
        first: shape (networks, features, hidden); first_bias: (networks, 1, hidden).
        second: shape (networks, hidden, weeks); second_bias: (networks, 1, weeks).
        steps: steps each was trained for; 0 leaves the analogs' log-odds.
    """

    base: FloatArray
    first: FloatArray
    first_bias: FloatArray
    second: FloatArray
    second_bias: FloatArray
    steps: int

    def log_odds(self, inputs: FloatArray) -> FloatArray:
        """Log-odds of a surge, one row of ``inputs`` (networks, features) a network; shape (networks, weeks)."""
        hidden = np.tanh(inputs[:, None] @ self.first + self.first_bias)
        return np.asarray((hidden @ self.second + self.second_bias)[:, 0] + self.base, dtype=np.float32)


def analog_log_odds(surges: FloatArray, weight: FloatArray, prior_weight: float) -> FloatArray:
    """Log-odds per week of the weighted share of analogs that surged, drawn to their average later week.

    Args:
        surges: shape (networks, analogs, weeks).
        weight: shape (networks, analogs); rows of nothing but zeros give the log-odds of one half.
        prior_weight: see :class:`SurgeNetworkParameters`.
    """
    total = weight.sum(axis=1, keepdims=True)
    hits = np.einsum("na,naw->nw", weight, surges)
    weeks = surges.shape[2]
    average = (hits.sum(axis=1, keepdims=True) + 0.5) / (total * weeks + 1)
    share = (hits + prior_weight * average) / (total + prior_weight)
    share = np.clip(share, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float32)


def train_networks(
    batch: AnalogBatch, parameters: SurgeNetworkParameters, progress: Progress = lambda _done, _all: None
) -> tuple[SurgeNetworks, PlattScaling]:
    """Train one network a row of ``batch`` and calibrate them together.

    First the networks learn with each fold of their analogs held out in turn, and the loss on what was held out is added up
    over all of them; then all learn from all their analogs, for the steps at which that loss was least. Nothing is learned
    where no steps beat the analogs' log-odds. The scaling to probabilities is fitted on the held-out analogs.

    Args:
        batch: analogs of the networks.
        parameters: see there.
        progress: told networks done and networks in all, every fold counted.
    """
    parts = [
        AnalogBatch(batch.inputs[part], batch.surges[part], batch.weight[part])
        for part in _parts(len(batch), parameters.networks_at_once)
    ]
    rounds = len(batch) * (parameters.validation_folds + 1)
    done = 0
    losses = np.zeros(parameters.steps // parameters.check_every + 1)
    for part in parts:
        for held_out in _folds(part, parameters):
            losses += _train(part, held_out, parameters, parameters.steps)[1]
            done += len(part)
            progress(done, rounds)
    steps = int(np.argmin(losses)) * parameters.check_every
    trained, log_odds, surges = [], [np.zeros(0)], [np.zeros(0)]
    for part in parts:
        for held_out in _folds(part, parameters):
            _, _, found = _train(part, held_out, parameters, steps)
            log_odds.append(found[held_out].ravel().astype(np.float64))
            surges.append(part.surges[held_out].ravel().astype(np.float64))
        trained.append(_train(part, np.zeros(part.weight.shape, dtype=np.bool_), parameters, steps)[0])
        done += len(part)
        progress(done, rounds)
    calibration = PlattScaling.fit(np.concatenate(log_odds), np.concatenate(surges))
    return _joined(trained, batch, parameters, steps), calibration


def _parts(networks: int, at_once: int) -> list[slice]:
    return [slice(start, start + at_once) for start in range(0, networks, at_once)]


def _folds(batch: AnalogBatch, parameters: SurgeNetworkParameters) -> list[NDArray[np.bool_]]:
    present = batch.weight > 0
    rank = np.cumsum(present, axis=1) - 1
    return [present & (rank % parameters.validation_folds == fold) for fold in range(parameters.validation_folds)]


def _joined(
    parts: list[SurgeNetworks], batch: AnalogBatch, parameters: SurgeNetworkParameters, steps: int
) -> SurgeNetworks:
    if not parts:
        features, weeks, hidden = batch.inputs.shape[2], batch.surges.shape[2], parameters.hidden
        shapes = [(0, weeks), (0, features, hidden), (0, 1, hidden), (0, hidden, weeks), (0, 1, weeks)]
        return SurgeNetworks(*(np.zeros(shape, dtype=np.float32) for shape in shapes), steps=0)
    names = ("base", "first", "first_bias", "second", "second_bias")
    return SurgeNetworks(*(np.concatenate([getattr(part, name) for part in parts]) for name in names), steps=steps)


def _train(
    batch: AnalogBatch, held_out: NDArray[np.bool_], parameters: SurgeNetworkParameters, steps: int
) -> tuple[SurgeNetworks, NDArray[np.float64], FloatArray]:
    """Full-batch Adam on all networks at once.

    Returns the networks, the summed loss on the held-out analogs at each look, and the log-odds of all analogs.
    """
    import torch
    from torch.nn import functional

    learned = np.where(held_out, 0, batch.weight).astype(np.float32)
    base = analog_log_odds(batch.surges, learned, parameters.prior_weight)
    x, y = torch.from_numpy(batch.inputs), torch.from_numpy(batch.surges)
    row_weight = torch.from_numpy(learned / np.maximum(learned.sum(axis=1, keepdims=True), 1e-6))
    watched = torch.from_numpy(np.where(held_out, batch.weight, 0).astype(np.float32))
    offset = torch.from_numpy(base)[:, None]
    networks, _, features = batch.inputs.shape
    generator = torch.Generator().manual_seed(parameters.seed)
    start = torch.randn(features, parameters.hidden, generator=generator) / features**0.5
    tensors = [
        start.expand(networks, -1, -1).clone(),
        torch.zeros(networks, 1, parameters.hidden),
        torch.zeros(networks, parameters.hidden, batch.surges.shape[2]),
        torch.zeros(networks, 1, batch.surges.shape[2]),
    ]
    moments = [(torch.zeros_like(tensor), torch.zeros_like(tensor)) for tensor in tensors]
    losses = np.zeros(parameters.steps // parameters.check_every + 1)
    with torch.inference_mode():
        for step in range(steps + 1):
            hidden = torch.tanh(torch.baddbmm(tensors[1], x, tensors[0]))
            logits = torch.baddbmm(tensors[3] + offset, hidden, tensors[2])
            if step % parameters.check_every == 0 and held_out.any():
                loss = functional.binary_cross_entropy_with_logits(logits, y, reduction="none").sum(dim=2)
                losses[step // parameters.check_every] = float((loss * watched).sum())
            if step == steps:
                break
            error = (torch.sigmoid(logits) - y).mul_(row_weight[:, :, None])
            back = torch.bmm(error, tensors[2].transpose(1, 2)).mul_(1 - hidden * hidden)
            gradients = [
                torch.bmm(x.transpose(1, 2), back),
                back.sum(dim=1, keepdim=True),
                torch.bmm(hidden.transpose(1, 2), error),
                error.sum(dim=1, keepdim=True),
            ]
            _adam_step(tensors, gradients, moments, step + 1, parameters)
    return SurgeNetworks(base, *(tensor.numpy() for tensor in tensors), steps=steps), losses, logits.numpy()


def _adam_step(
    tensors: list[torch.Tensor],
    gradients: list[torch.Tensor],
    moments: list[tuple[torch.Tensor, torch.Tensor]],
    step: int,
    parameters: SurgeNetworkParameters,
) -> None:
    rate = parameters.learning_rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
    for tensor, gradient, (mean, square) in zip(tensors, gradients, moments, strict=True):
        mean.mul_(0.9).add_(gradient, alpha=0.1)
        square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        is_bias = tensor.shape[1] == 1
        if not is_bias:
            tensor.mul_(1 - parameters.learning_rate * parameters.weight_decay)
        tensor.addcdiv_(mean, square.sqrt().add_(1e-8), value=-rate)
