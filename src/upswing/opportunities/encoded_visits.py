"""The texts of visits as BERT gives them: read once, used by every training and every score."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.bert import Bert, Progress, equal_length_batches, in_half_precision, in_threads, run_layers
from upswing.opportunities.opportunity_texts import OpportunityTexts, runs


@dataclass(frozen=True)
class EncodedVisits:
    """Notes and feedback of visits after some of BERT's layers.

    Attributes:
        states: of each window the hidden states, shape (tokens, width); or, where no layer is to follow, their greatest
            values, shape (1, width).
        windows_of_text: first window of each text and, last, the number of windows; shape (texts + 1,).
        note_of_visit: row of the text of each visit's note.
        feedback_of_visit: row of the text of what the customer said at each visit, -1 where nothing.
    """

    states: list[Any]
    windows_of_text: NDArray[np.int64]
    note_of_visit: NDArray[np.int64]
    feedback_of_visit: NDArray[np.int64]

    def of_visits(self, rows: NDArray[np.int64]) -> EncodedVisits:
        """Some of the visits, with their texts alone."""
        notes, feedback = self.note_of_visit[rows], self.feedback_of_visit[rows]
        said = feedback >= 0
        texts = np.concatenate([notes, feedback[said]])
        first = self.windows_of_text[texts]
        counts = self.windows_of_text[texts + 1] - first
        feedback_of_visit = np.full(len(rows), -1, dtype=np.int64)
        feedback_of_visit[said] = len(rows) + np.arange(said.sum())
        return EncodedVisits(
            states=[self.states[window] for window in runs(first, counts)],
            windows_of_text=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            note_of_visit=np.arange(len(rows)),
            feedback_of_visit=feedback_of_visit,
        )


@dataclass(frozen=True)
class VisitVectors:
    """One vector a text: the greatest value of each feature over all of its tokens.

    Attributes:
        notes: shape (visits, width).
        feedback: shape (visits, width); zeros where the customer said nothing.
        has_feedback: 1 where the customer said something, else 0; shape (visits,).
    """

    notes: NDArray[np.float64]
    feedback: NDArray[np.float64]
    has_feedback: NDArray[np.float64]


def encode_visits(
    bert: Bert,
    texts: OpportunityTexts,
    window_tokens: int,
    layers: Any,
    keep_states: bool = False,
    check_language: bool = True,
    progress: Progress = lambda _done, _all: None,
) -> EncodedVisits:
    """Run layers of BERT over all notes and feedback, shortest first.

    Args:
        bert: pretrained.
        texts: opportunities; the note of each of their visits is a text, and what the customer said is another.
        window_tokens: longest window; a longer text becomes several.
        layers: those of BERT that read the texts, in order, as pretrained or tuned.
        keep_states: whether other layers are to follow.
        check_language: whether texts that the BERT does not know are an error; the one odd note of a day is not.
        progress: told (batches done, batches in all).

    Raises:
        UnfitBertError: the texts are in a language that the BERT does not know.
    """
    import torch

    said = np.array([bool(text) for text in texts.feedback], dtype=bool)
    feedback_of_visit = np.full(len(texts.notes), -1, dtype=np.int64)
    feedback_of_visit[said] = len(texts.notes) + np.arange(said.sum())
    cut = bert.readable_windows if check_language else bert.windows
    windows = cut([*texts.notes, *texts.feedback[said]], window_tokens)

    embeddings = bert.model.embeddings
    stacked = in_half_precision(torch.nn.ModuleList(copy.deepcopy(list(layers))).eval())
    batches = equal_length_batches([len(ids) for ids in windows.tokens])

    def run(rows: NDArray[np.int64]) -> list[Any]:
        with torch.inference_mode():
            ids = torch.from_numpy(np.stack([windows.tokens[row] for row in rows]))
            hidden = run_layers(stacked, embeddings(input_ids=ids))
            return list(hidden if keep_states else hidden.amax(dim=1, keepdim=True))

    states: list[Any] = [None] * len(windows.tokens)
    for rows, found in zip(batches, in_threads(run, batches, progress), strict=True):
        for row, state in zip(rows, found, strict=True):
            states[row] = state
    return EncodedVisits(
        states=states,
        windows_of_text=np.searchsorted(windows.text_of_window, np.arange(windows.texts + 1)),
        note_of_visit=np.arange(len(texts.notes)),
        feedback_of_visit=feedback_of_visit,
    )


def visit_vectors(encoded: EncodedVisits) -> VisitVectors:
    """One vector a text, from windows that no layer is to follow."""
    import torch

    windows = torch.cat(encoded.states).numpy()
    starts = encoded.windows_of_text[:-1]
    by_text = np.maximum.reduceat(windows, starts, axis=0).astype(np.float64)
    said = encoded.feedback_of_visit >= 0
    feedback = np.zeros((len(said), by_text.shape[1]))
    feedback[said] = by_text[encoded.feedback_of_visit[said]]
    return VisitVectors(by_text[encoded.note_of_visit], feedback, said.astype(np.float64))
