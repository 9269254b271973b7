"""Small back-propagation networks, one a breakout product, trained together as one batched computation.

Source: visual sales analysis patent, claims 5-7. The network of a product learns from its analogs: input their launch
windows, output the later weeks of the cycle in which they surged. It starts at the analogs' own log-odds of a surge per
week and learns what the launch window adds to them; how long it may learn is what pooled validation rewards.

The gradients are written out: for one hidden layer they are four batched matrix products a step, and no graph is built.
"""

from __future__ import annotations

import math
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

BLOCK = 32
"""Networks are trained in multiples of it. Torch computes the last few numbers of a tensor, and of each thread's share
of it, by other instructions that round otherwise; in whole blocks there are no last few, and the bits do not depend on
which networks are trained together."""

CALIBRATION_PAIRS = 200_000
"""Most pairs of a held-out analog and a week that the scaling is fitted on: its two numbers need no more."""

NETWORK_ARRAYS = ("base", "first", "first_bias", "second", "second_bias")
"""Arrays of :class:`SurgeNetworks`, one row a network."""


@dataclass(frozen=True)
class SurgeNetworkParameters:
    """How the networks are built and trained.

    Attributes:
        hidden: units of the hidden layer.
        steps: most full-batch steps of Adam.
        check_every: steps between two looks at the validation loss.
        patience: looks without a lower validation loss before the steps after it are no longer tried.
        learning_rate, weight_decay: of Adam, the decay decoupled and on the weights, not on the biases.
        prior_weight: analogs' worth of belief that a week is like the average later week of the analogs.
        validation_folds: parts of the analogs held out in turn to choose the steps and to calibrate.
        networks_at_once: networks in one batched computation, in blocks of 32; the result does not depend on it.
        seed: of the random start.
    """

    hidden: int = 16
    steps: int = 60
    check_every: int = 4
    patience: int = 2
    learning_rate: float = 0.01
    weight_decay: float = 0.02
    prior_weight: float = 15.0
    validation_folds: int = 4
    networks_at_once: int = 64
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("hidden", "steps", "check_every", "patience", "networks_at_once"):
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

    @property
    def arrays(self) -> dict[str, FloatArray]:
        """The arrays by name, see :data:`NETWORK_ARRAYS`."""
        return {name: getattr(self, name) for name in NETWORK_ARRAYS}

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

    First the networks learn with each fold of their analogs held out in turn, and the loss on what was held out is
    added up over all of them; then all learn from all their analogs, for the steps at which that loss was least.
    Nothing is learned where no steps beat the analogs' log-odds. The scaling to probabilities is fitted on the held-out
    analogs.

    Args:
        batch: analogs of the networks.
        parameters: see there.
        progress: told networks done and networks in all; each counts once in validation and once in training.
    """
    parts = _parts(batch, parameters.networks_at_once)
    everything = 2 * len(batch)
    steps, calibration = _validate(parts, parameters, lambda share: progress(int(share * len(batch)), everything))
    trained: list[SurgeNetworks] = []
    done = len(batch)
    for part in parts:
        descent = _Descent(part, part.weight[:, None], parameters)
        for _step in range(steps):
            descent.advance()
        trained.append(descent.networks())
        done = min(done + len(part), everything)
        progress(done, everything)
    return _joined(trained, batch, parameters, steps), calibration


def _validate(
    parts: list[AnalogBatch], parameters: SurgeNetworkParameters, progress: Callable[[float], None]
) -> tuple[int, PlattScaling]:
    """Steps with the least loss on held-out analogs, and the scaling fitted on the log-odds they had there.

    All parts go on together from look to look, so that the loss is that of all networks and steps long after its least
    need not be taken.
    """
    courses = [_HeldOut(part, parameters) for part in parts]
    best_look, best_loss, best_log_odds = 0, np.inf, [np.zeros(0)]
    looks = parameters.steps // parameters.check_every + 1 if parts else 0
    for look in range(looks):
        if look:
            for course in courses:
                course.advance(parameters.check_every)
        found = [course.look() for course in courses]
        loss = sum(part_loss for part_loss, _ in found)
        if loss < best_loss:
            best_look, best_loss, best_log_odds = look, loss, [log_odds for _, log_odds in found]
        elif look - best_look >= parameters.patience:
            break
        progress((look + 1) / looks)
    log_odds = np.concatenate(best_log_odds)
    surges = np.concatenate(
        [part.surges[part.weight > 0].ravel().astype(np.float64) for part in parts] or [np.zeros(0)]
    )
    every = -(-len(surges) // CALIBRATION_PAIRS) or 1
    while parts and math.gcd(every, parts[0].surges.shape[2]) > 1:
        every += 1  # or some weeks would never be among them
    return best_look * parameters.check_every, PlattScaling.fit(log_odds[::every], surges[::every])


def _parts(batch: AnalogBatch, at_once: int) -> list[AnalogBatch]:
    """Parts of whole blocks, the last filled up with networks without analogs."""
    missing = -len(batch) % BLOCK
    whole = AnalogBatch(
        *(np.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)]) for array in vars(batch).values())
    )
    size = at_once + -at_once % BLOCK
    starts = range(0, len(whole), size)
    return [AnalogBatch(*(array[start : start + size] for array in vars(whole).values())) for start in starts]


def _joined(
    parts: list[SurgeNetworks], batch: AnalogBatch, parameters: SurgeNetworkParameters, steps: int
) -> SurgeNetworks:
    if not parts:
        features, weeks, hidden = batch.inputs.shape[2], batch.surges.shape[2], parameters.hidden
        shapes = [(0, weeks), (0, features, hidden), (0, 1, hidden), (0, hidden, weeks), (0, 1, weeks)]
        empty = {name: np.zeros(shape, dtype=np.float32) for name, shape in zip(NETWORK_ARRAYS, shapes, strict=True)}
        return SurgeNetworks(**empty, steps=0)
    whole = {name: np.concatenate([part.arrays[name] for part in parts])[: len(batch)] for name in NETWORK_ARRAYS}
    return SurgeNetworks(**whole, steps=steps)


class _HeldOut:
    """Copies of the networks of a part, one a fold of their analogs, each learning from the other folds."""

    def __init__(self, part: AnalogBatch, parameters: SurgeNetworkParameters) -> None:
        import torch

        self.part = part
        folds = parameters.validation_folds
        fold = np.maximum(np.cumsum(part.weight > 0, axis=1) - 1, 0) % folds
        learned = np.stack([np.where(fold == held_out, 0, part.weight) for held_out in range(folds)], axis=1)
        self.descent = _Descent(part, learned, parameters)
        self.fold = torch.from_numpy(fold)[:, None, None].expand(-1, 1, part.surges.shape[2], -1)

    def advance(self, steps: int) -> None:
        for _step in range(steps):
            self.descent.advance()

    def look(self) -> tuple[float, NDArray[np.float64]]:
        """Loss on the analogs, each by the copy that did not learn from it, and its log-odds, analog by analog."""
        import torch
        from torch.nn import functional

        found = self.descent.log_odds().gather(1, self.fold)[:, 0]
        entropy = (functional.softplus(found) - found * self.descent.surges[:, 0]).sum(dim=1)
        loss = float((entropy.double() * torch.from_numpy(self.part.weight)).sum())
        return loss, found.transpose(1, 2).numpy()[self.part.weight > 0].ravel().astype(np.float64)


class _Descent:
    """Full-batch AdamW on all networks of a part at once, each in one or more copies that learn from other analogs.

    Rows stand in the last dimension, so that the copies of a network are one matrix product over its inputs.

    Args:
        part: the networks' analogs.
        learned: weight of each analog in each copy, shape (networks, copies, analogs).
        parameters: see there.
    """

    def __init__(self, part: AnalogBatch, learned: FloatArray, parameters: SurgeNetworkParameters) -> None:
        import torch

        networks, copies, analogs = learned.shape
        features, weeks, hidden = part.inputs.shape[2], part.surges.shape[2], parameters.hidden
        self.by_copy = (networks, copies, weeks, analogs)
        self.by_output = (networks * copies, weeks, analogs)
        self.by_hidden = (networks * copies, hidden, analogs)
        self.inputs = torch.from_numpy(np.ascontiguousarray(part.inputs.transpose(0, 2, 1)))
        self.surges = torch.from_numpy(np.ascontiguousarray(part.surges.transpose(0, 2, 1)))[:, None]
        share = learned / np.maximum(learned.sum(axis=2, keepdims=True), 1e-6)
        self.share = torch.from_numpy(share.astype(np.float32))[:, :, None]
        base = [analog_log_odds(part.surges, learned[:, copy], parameters.prior_weight) for copy in range(copies)]
        self.base = torch.from_numpy(np.stack(base, axis=1)).view(networks * copies, weeks, 1)
        generator = torch.Generator().manual_seed(parameters.seed)
        start = torch.randn(features, hidden, generator=generator) / features**0.5
        self.first = start.T.repeat(networks, copies, 1)
        self.first_bias = torch.zeros(networks, copies * hidden, 1)
        self.second = torch.zeros(networks * copies, weeks, hidden)
        self.second_bias = torch.zeros(networks * copies, weeks, 1)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [self.first, self.second], "weight_decay": parameters.weight_decay},
                {"params": [self.first_bias, self.second_bias], "weight_decay": 0.0},
            ],
            lr=parameters.learning_rate,
            fused=True,
        )
        self.steps = 0
        self.found: tuple[torch.Tensor, torch.Tensor] | None = None

    def log_odds(self) -> torch.Tensor:
        """Log-odds of all analogs, shape (networks, copies, weeks, analogs)."""
        return self._forward()[1].view(self.by_copy)

    def advance(self) -> None:
        """One step."""
        import torch

        hidden, log_odds = self._forward()
        error = (torch.sigmoid(log_odds).view(self.by_copy) - self.surges).mul_(self.share).view(self.by_output)
        back = torch.bmm(self.second.transpose(1, 2), error).mul_(1 - hidden * hidden)
        back = back.view(len(self.inputs), -1, back.shape[2])
        self.first.grad = torch.bmm(back, self.inputs.transpose(1, 2))
        self.first_bias.grad = back.sum(dim=2, keepdim=True)
        self.second.grad = torch.bmm(error, hidden.transpose(1, 2))
        self.second_bias.grad = error.sum(dim=2, keepdim=True)
        self.optimizer.step()
        self.steps += 1
        self.found = None

    def networks(self) -> SurgeNetworks:
        """The networks of the first copy."""
        networks, copies, weeks, _ = self.by_copy
        hidden = self.by_hidden[1]
        return SurgeNetworks(
            self.base.view(networks, copies, weeks)[:, 0].numpy().copy(),
            self.first.view(networks, copies, hidden, -1)[:, 0].transpose(1, 2).contiguous().numpy(),
            self.first_bias.view(networks, copies, 1, hidden)[:, 0].numpy().copy(),
            self.second.view(networks, copies, weeks, hidden)[:, 0].transpose(1, 2).contiguous().numpy(),
            self.second_bias.view(networks, copies, 1, weeks)[:, 0].numpy().copy(),
            self.steps,
        )

    def _forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        if self.found is None:
            hidden = torch.baddbmm(self.first_bias, self.first, self.inputs).tanh_().view(self.by_hidden)
            self.found = hidden, torch.baddbmm(self.second_bias + self.base, self.second, hidden)
        return self.found
