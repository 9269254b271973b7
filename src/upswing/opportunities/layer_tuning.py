"""Tuning of BERT's last layers together with the classification layer; the same bytes on any number of cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from upswing.bert import Progress, equal_length_batches, in_threads, run_layers
from upswing.opportunities.classification_layer import ClassificationLayer
from upswing.opportunities.encoded_visits import EncodedVisits
from upswing.opportunities.opportunity_texts import OpportunityTexts, runs

if TYPE_CHECKING:
    import torch

HALVES = 2
"""A batch is learned from in two halves side by side, whatever the number of cores, and their gradients are added."""
WARM_UP_SHARE = 0.1
LARGEST_STEP = 1.0


@dataclass(frozen=True)
class TuningParameters:
    """How layers are tuned.

    Attributes:
        epochs: passes over the training opportunities.
        learning_rate: of BERT's layers, at its peak.
        head_learning_rate: of the classification layer, at its peak.
        weight_decay: of BERT's layers, towards 0.
        batch_opportunities: opportunities a step.
        seed: of the order of the opportunities.
    """

    epochs: int = 2
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-4
    weight_decay: float = 0.01
    batch_opportunities: int = 16
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_opportunities"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} of the tuning is {getattr(self, name)}; expected at least 1")


def tune_layers(
    layers: Any,
    classification: ClassificationLayer,
    texts: OpportunityTexts,
    encoded: EncodedVisits,
    parameters: TuningParameters,
    progress: Progress = lambda _done, _all: None,
) -> ClassificationLayer:
    """Tune ``layers`` in place on the ends of the opportunities, and return the classification layer tuned with them.

    Args:
        layers: of BERT, as pretrained.
        classification: fitted on what they gave.
        texts: closed opportunities with at least one visit.
        encoded: their visits before these layers.
        parameters: see there.
        progress: told (steps done, steps in all).
    """
    import torch

    head = {
        "note_weights": torch.tensor(classification.note_weights, dtype=torch.float32, requires_grad=True),
        "feedback_weights": torch.tensor(classification.feedback_weights, dtype=torch.float32, requires_grad=True),
        "heard": torch.tensor(classification.heard, dtype=torch.float32, requires_grad=True),
        "bias": torch.tensor(classification.bias, dtype=torch.float32, requires_grad=True),
    }
    groups: list[dict[str, Any]] = [
        {"params": list(layers.parameters()), "lr": parameters.learning_rate, "weight_decay": parameters.weight_decay},
        {"params": list(head.values()), "lr": parameters.head_learning_rate, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    learned = [tensor for group in groups for tensor in group["params"]]
    steps = parameters.epochs * -(-len(texts) // parameters.batch_opportunities)
    warm_up = max(1, round(WARM_UP_SHARE * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))
    )

    def gradients(rows: NDArray[np.int64]) -> tuple[torch.Tensor, ...]:
        loss = _loss(layers, head, classification.recency, texts, encoded, rows)
        return torch.autograd.grad(loss, learned, allow_unused=True, materialize_grads=True)

    generator = np.random.default_rng(parameters.seed)
    done = 0
    with ThreadPoolExecutor(HALVES) as pool:
        for _epoch in range(parameters.epochs):
            order = generator.permutation(len(texts))
            for start in range(0, len(order), parameters.batch_opportunities):
                batch = order[start : start + parameters.batch_opportunities]
                halves = [half for half in np.array_split(batch, HALVES) if len(half)]
                for tensor, *parts in zip(learned, *pool.map(gradients, halves), strict=True):
                    tensor.grad = sum(parts[1:], parts[0]) / len(batch)
                torch.nn.utils.clip_grad_norm_(learned, LARGEST_STEP)
                optimizer.step()
                schedule.step()
                done += 1
                progress(done, steps)
    tuned = {name: tensor.detach().double().numpy() for name, tensor in head.items()}
    return replace(
        classification,
        note_weights=tuned["note_weights"],
        feedback_weights=tuned["feedback_weights"],
        heard=float(tuned["heard"]),
        bias=float(tuned["bias"]),
    )


def continued(layers: Any, encoded: EncodedVisits) -> EncodedVisits:
    """The same visits after more layers."""
    import torch

    states: list[Any] = [None] * len(encoded.states)
    batches = equal_length_batches([len(state) for state in encoded.states])

    def run(rows: NDArray[np.int64]) -> Any:
        with torch.inference_mode():
            return _greatest_after(layers, [encoded.states[row] for row in rows])

    for rows, found in zip(batches, in_threads(run, batches, lambda _done, _all: None), strict=True):
        for place, row in enumerate(rows):
            states[row] = found[place : place + 1]
    return replace(encoded, states=states)


def _loss(
    layers: Any,
    head: dict[str, torch.Tensor],
    recency: float,
    texts: OpportunityTexts,
    encoded: EncodedVisits,
    rows: NDArray[np.int64],
) -> torch.Tensor:
    """Sum of the cross-entropy of some opportunities after their last visits."""
    import torch

    visits = texts.visits[rows]
    numbers = runs(texts.offsets[rows], visits)
    of_visit = torch.from_numpy(np.repeat(np.arange(len(rows)), visits))
    ages = np.repeat(np.cumsum(visits), visits) - 1 - np.arange(len(numbers))
    weights = torch.from_numpy(recency**ages).float()
    odds = head["bias"].expand(len(rows))
    channels = (
        (encoded.note_of_visit[numbers], head["note_weights"], None),
        (encoded.feedback_of_visit[numbers], head["feedback_weights"], head["heard"]),
    )
    for text_of_visit, classify, added in channels:
        there = np.flatnonzero(text_of_visit >= 0)
        if len(there):
            said = _text_vectors(layers, encoded, text_of_visit[there]) @ classify
            owner, weight = of_visit[there], weights[there]
            total = torch.zeros(len(rows)).index_add(0, owner, weight)
            summed = torch.zeros(len(rows)).index_add(0, owner, weight * said)
            odds = odds + summed / total.clamp(min=1e-9)
            odds = odds if added is None else odds + added * (total > 0)
    ends = torch.from_numpy(texts.is_won[rows]).float()
    return torch.nn.functional.binary_cross_entropy_with_logits(odds, ends, reduction="sum")


def _text_vectors(layers: Any, encoded: EncodedVisits, texts: NDArray[np.int64]) -> torch.Tensor:
    import torch

    first = encoded.windows_of_text[texts]
    counts = encoded.windows_of_text[texts + 1] - first
    windows, owner = runs(first, counts), np.repeat(np.arange(len(texts)), counts)
    states = [encoded.states[window] for window in windows]
    batches = equal_length_batches([len(state) for state in states])
    found = torch.cat([_greatest_after(layers, [states[row] for row in batch]) for batch in batches])
    owners = torch.from_numpy(owner[np.concatenate(batches)])[:, None].expand_as(found)
    return torch.full((len(texts), found.shape[1]), -1e4).scatter_reduce(0, owners, found, "amax")


def _greatest_after(layers: Any, states: list[Any]) -> torch.Tensor:
    import torch

    found: torch.Tensor = run_layers(layers, torch.stack(states)).amax(dim=1)
    return found
