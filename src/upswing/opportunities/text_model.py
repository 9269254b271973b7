"""The text model: BERT reads every record, a classification layer says what all of them mean together.

Source: conversion-probability patent, claims 1-3. Each visit is a window of its own (long notes are several), so that
nothing is cut off, what a visit changes can be told, and each text is read once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.bert import Bert, Progress, UnfitBertError
from upswing.opportunities.classification_layer import ClassificationLayer
from upswing.opportunities.encoded_visits import EncodedVisits, VisitVectors, encode_visits, visit_vectors
from upswing.opportunities.layer_tuning import TuningParameters, continued, tune_layers
from upswing.opportunities.opportunity_texts import OpportunityTexts

LAYER_PREFIX = "layer."


@dataclass(frozen=True)
class TextModelParameters:
    """How much of BERT is used and trained.

    Attributes:
        read_layers: how many of BERT's first layers read the texts; 0 for two thirds of them: the last ones have
            unlearned, for the task they were trained on, what a classification layer can use.
        trained_layers: how many of these, from the last, are tuned; 0 trains the classification layer alone.
        window_tokens: longest window, special tokens included; a longer note becomes several.
        recency: how much a visit weighs beside the next one, above 0 and up to 1.
        tuning: of the layers.
    """

    read_layers: int = 0
    trained_layers: int = 0
    window_tokens: int = 128
    recency: float = 0.9
    tuning: TuningParameters = field(default_factory=TuningParameters)

    def __post_init__(self) -> None:
        if self.read_layers < 0:
            raise ValueError(f"var bert_read_layers is {self.read_layers}; expected at least 1 layer, or null")
        if self.trained_layers < 0:
            raise ValueError(f"var bert_trained_layers is {self.trained_layers}; expected 0 or more layers")
        if self.window_tokens < 16:
            raise ValueError(f"window_tokens is {self.window_tokens}; expected at least 16")
        if not 0 < self.recency <= 1:
            raise ValueError(f"var visit_recency is {self.recency}; expected a weight above 0 and up to 1")

    def layers_of(self, bert: Bert) -> tuple[Any, Any]:
        """The layers of ``bert`` that stay as they are and those that are tuned.

        Raises:
            UnfitBertError: it has fewer layers.
        """
        read = self.read_layers or max(1, round(bert.layers * 2 / 3))
        if max(read, self.trained_layers) > bert.layers or self.trained_layers > read:
            raise UnfitBertError(
                f"vars bert_read_layers and bert_trained_layers are {self.read_layers} and {self.trained_layers}; the "
                f"BERT {bert.name} has {bert.layers} layers, of which {read} read: expected no more of either"
            )
        layers = list(bert.model.encoder.layer)
        return layers[: read - self.trained_layers], layers[read - self.trained_layers : read]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TextModelParameters:
        """What ``dataclasses.asdict`` made of them."""
        return cls(**values | {"tuning": TuningParameters(**values["tuning"])})


@dataclass(frozen=True)
class TextModel:
    """A trained model.

    Attributes:
        tuned_layers: of BERT; empty where it reads as pretrained.
        classification: on top.
    """

    tuned_layers: Any
    classification: ClassificationLayer

    def vectors(self, encoded: EncodedVisits) -> VisitVectors:
        """Vectors of visits from the states after the layers that stay as they are."""
        return vectors_after(self.tuned_layers, encoded)

    def read(
        self,
        bert: Bert,
        texts: OpportunityTexts,
        parameters: TextModelParameters,
        progress: Progress = lambda _done, _all: None,
    ) -> VisitVectors:
        """Vectors of visits that were not encoded before."""
        frozen, _ = parameters.layers_of(bert)
        layers = [*frozen, *self.tuned_layers]
        encoded = encode_visits(bert, texts, parameters.window_tokens, layers, check_language=False, progress=progress)
        return visit_vectors(encoded)

    def packed(self) -> dict[str, NDArray[Any]]:
        """What training changed, its arrays by name."""
        tuned = {f"{LAYER_PREFIX}{name}": tensor.numpy() for name, tensor in _state(self.tuned_layers).items()}
        return tuned | self.classification.packed()

    @classmethod
    def unpacked(cls, arrays: dict[str, NDArray[Any]], bert: Bert, parameters: TextModelParameters) -> TextModel:
        """What :meth:`packed` gave, on the BERT that it was trained on."""
        import torch

        _, pretrained = parameters.layers_of(bert)
        tuned = torch.nn.ModuleList(copy.deepcopy(pretrained))
        kept = {
            name.removeprefix(LAYER_PREFIX): array for name, array in arrays.items() if name.startswith(LAYER_PREFIX)
        }
        tuned.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in kept.items()})
        return cls(tuned, ClassificationLayer.unpacked(arrays))


def train_text_model(
    bert: Bert,
    texts: OpportunityTexts,
    encoded: EncodedVisits,
    parameters: TextModelParameters,
    progress: Progress = lambda _done, _all: None,
) -> TextModel:
    """Fit the classification layer on BERT as pretrained; then tune both together, where layers are to be trained.

    Args:
        bert: pretrained.
        texts: closed opportunities with at least one visit.
        encoded: their visits after the layers that stay as they are.
        parameters: see there.
        progress: told (steps done, steps in all).
    """
    import torch

    _, pretrained = parameters.layers_of(bert)
    layers = torch.nn.ModuleList(copy.deepcopy(pretrained))
    classification = ClassificationLayer.fit(vectors_after(layers, encoded), texts, parameters.recency)
    if len(layers):
        classification = tune_layers(layers, classification, texts, encoded, parameters.tuning, progress)
    return TextModel(layers, classification)


def vectors_after(layers: Any, encoded: EncodedVisits) -> VisitVectors:
    """Vectors of visits after the tuned layers, of which there may be none."""
    return visit_vectors(continued(layers, encoded) if len(layers) else encoded)


def _state(layers: Any) -> dict[str, Any]:
    return {name: tensor.detach() for name, tensor in layers.state_dict().items()}
