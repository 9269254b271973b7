"""The 1-D CNN that tells breakout products from their launch window (source: visual sales analysis patent, claim 3).

An ensemble: the members differ in their random start and in the fold they watch to stop early. The output for the
whole cycle starts from a logistic regression of the same inputs, which stays as it is beside the convolutions: they
learn what a linear model misses. Validation on later launches found that start better there and worse for the weeks
after the launch window, whose output starts from nothing (benchmarks/model_choices.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from upswing.products.launch_features import LaunchFeatures
from upswing.splits import hash_folds

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]

ROWS_AT_ONCE = 2048
"""Rows predicted at once: few enough for what the convolutions give to stay in the processor's cache."""


@dataclass(frozen=True)
class BreakoutNetworkParameters:
    """How the CNN is built and trained.

    Attributes:
        filters: channels of the two convolutions.
        members: networks in the ensemble, each with a fold of its own to stop on.
        epochs: most passes over the training rows.
        patience: passes without a better loss on the stopping fold before a member stops.
        batch_rows: rows a step.
        learning_rate, weight_decay: of AdamW.
        dropout: share of inputs to the output layer dropped while training.
        regression_starts: so many outputs, the first ones, start from a logistic regression; the others from their
            share of positives.
        linear_penalty: inverse strength C of the ridge penalty of the logistic regression that is the start.
        seed: of every random number.
    """

    filters: int = 24
    members: int = 5
    epochs: int = 80
    patience: int = 12
    batch_rows: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    dropout: float = 0.3
    linear_penalty: float = 0.1
    regression_starts: int = 1
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("filters", "members", "epochs", "patience", "batch_rows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if self.members < 2:
            raise ValueError(f"members is {self.members}; expected at least 2, each stops on a fold of its own")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; expected a share from 0 up to, not including, 1")


Weights = dict[str, NDArray[np.float32]]


def initial_weights(
    channels: int, context: int, outputs: int, filters: int, generator: torch.Generator
) -> dict[str, torch.Tensor]:
    """Start of one member: He-normal convolutions, their path to the output next to nothing."""
    import torch

    def he(*shape: int) -> torch.Tensor:
        fan_in = int(np.prod(shape[1:]))
        start: torch.Tensor = torch.randn(*shape, generator=generator) * (2 / fan_in) ** 0.5
        return start

    return {
        "first": he(filters, channels, 3),
        "first_bias": torch.zeros(filters),
        "second": he(filters, filters, 3),
        "second_bias": torch.zeros(filters),
        "output": torch.randn(outputs, 2 * filters + context, generator=generator) * 0.01,
        "output_bias": torch.zeros(outputs),
    }


def linear_weights(
    features: LaunchFeatures, labels: NDArray[np.float64], parameters: BreakoutNetworkParameters
) -> dict[str, torch.Tensor]:
    """What a member starts from: a logistic regression, or the log-odds of the label's share and no slope."""
    import torch
    from sklearn.linear_model import LogisticRegression

    slopes, intercepts = [], []
    for output, column in enumerate(labels.T):
        if output < parameters.regression_starts and len(np.unique(column)) == 2:
            fitted = LogisticRegression(C=parameters.linear_penalty, max_iter=2000).fit(features.flat, column)
            slopes.append(fitted.coef_[0])
            intercepts.append(fitted.intercept_[0])
        else:
            share = np.clip(column.mean(), 1e-3, 1 - 1e-3)
            slopes.append(np.zeros(features.flat.shape[1]))
            intercepts.append(np.log(share / (1 - share)))
    return {
        "linear": torch.from_numpy(np.stack(slopes).astype(np.float32)),
        "linear_bias": torch.from_numpy(np.array(intercepts, dtype=np.float32)),
    }


def forward(
    weights: dict[str, torch.Tensor], series: torch.Tensor, context: torch.Tensor, dropout: torch.Tensor | None = None
) -> torch.Tensor:
    """Log-odds, shape (rows, outputs).

    Args:
        weights: as of :func:`initial_weights` and :func:`linear_weights`.
        series: shape (rows, channels, weeks).
        context: shape (rows, context).
        dropout: mask over the pooled convolutions, already scaled; None when predicting.
    """
    import torch
    from torch.nn import functional

    hidden = functional.relu(functional.conv1d(series, weights["first"], weights["first_bias"], padding=1))
    hidden = functional.relu(functional.conv1d(hidden, weights["second"], weights["second_bias"], padding=1))
    pooled = torch.cat([hidden.mean(dim=2), hidden.amax(dim=2)], dim=1)
    if dropout is not None:
        pooled = pooled * dropout
    convolved = functional.linear(torch.cat([pooled, context], dim=1), weights["output"], weights["output_bias"])
    flat = torch.cat([series.flatten(1), context], dim=1)
    return convolved + functional.linear(flat, weights["linear"], weights["linear_bias"])


def train_ensemble(
    features: LaunchFeatures,
    labels: NDArray[np.float64],
    product_ids: NDArray[np.str_],
    parameters: BreakoutNetworkParameters,
    progress: Progress = lambda _done, _all: None,
) -> Weights:
    """Train all members; a tensor a name, the members stacked in front.

    Args:
        features: training rows.
        labels: 0/1, shape (rows, outputs). The rarer class of each weighs more: by the square root of its odds against,
            a middle way between blindness to it and probabilities far from the truth.
        product_ids: decide the stopping folds, by hash.
        parameters: see there.
        progress: told members done and members in all.
    """
    import torch
    from torch.nn import functional

    folds = hash_folds(product_ids, parameters.members, "stopping")
    series = torch.from_numpy(features.series.astype(np.float32))
    context = torch.from_numpy(features.context.astype(np.float32))
    target = torch.from_numpy(labels.astype(np.float32))
    share = np.clip(labels.mean(axis=0), 1e-3, 1 - 1e-3)
    positive_weight = torch.from_numpy(np.sqrt((1 - share) / share).astype(np.float32))

    def loss_of(logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return functional.binary_cross_entropy_with_logits(logits, target[rows], pos_weight=positive_weight)

    trained: list[Weights] = []
    for member in range(parameters.members):
        generator = torch.Generator().manual_seed(parameters.seed * 1000 + member)
        training = torch.from_numpy(np.flatnonzero(folds != member))
        stopping = torch.from_numpy(np.flatnonzero(folds == member))
        learned = initial_weights(series.shape[1], context.shape[1], target.shape[1], parameters.filters, generator)
        for tensor in learned.values():
            tensor.requires_grad_(True)
        rows_learned = training.numpy()
        weights = learned | linear_weights(features[rows_learned], labels[rows_learned], parameters)
        optimizer = torch.optim.AdamW(
            learned.values(), lr=parameters.learning_rate, weight_decay=parameters.weight_decay
        )
        best, best_loss, waited = {name: tensor.detach().clone() for name, tensor in weights.items()}, np.inf, 0
        for _epoch in range(parameters.epochs):
            order = training[torch.randperm(len(training), generator=generator)]
            for rows in torch.split(order, parameters.batch_rows):
                kept = torch.rand(len(rows), 2 * parameters.filters, generator=generator) >= parameters.dropout
                logits = forward(weights, series[rows], context[rows], kept / (1 - parameters.dropout))
                optimizer.zero_grad()
                torch.autograd.backward(loss_of(logits, rows))
                optimizer.step()
            with torch.no_grad():
                watched = stopping if len(stopping) else training
                loss = float(loss_of(forward(weights, series[watched], context[watched]), watched))
            if loss < best_loss - 1e-4:
                best, best_loss, waited = {name: t.detach().clone() for name, t in weights.items()}, loss, 0
            else:
                waited += 1
                if waited >= parameters.patience:
                    break
        trained.append({name: tensor.numpy() for name, tensor in best.items()})
        progress(member + 1, parameters.members)
    return {name: np.stack([member[name] for member in trained]) for name in trained[0]}


def ensemble_log_odds(weights: Weights, features: LaunchFeatures) -> NDArray[np.float64]:
    """Mean log-odds of the members, shape (rows, outputs)."""
    import torch

    series = torch.from_numpy(features.series.astype(np.float32))
    context = torch.from_numpy(features.context.astype(np.float32))
    members = len(weights["output_bias"])
    with torch.inference_mode():
        networks = [
            {name: torch.from_numpy(tensor[member]) for name, tensor in weights.items()} for member in range(members)
        ]
        pieces = [
            torch.stack([forward(network, *piece) for network in networks]).mean(dim=0)
            for piece in zip(torch.split(series, ROWS_AT_ONCE), torch.split(context, ROWS_AT_ONCE), strict=True)
        ]
        return torch.cat(pieces).numpy().astype(np.float64)
