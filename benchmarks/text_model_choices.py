"""How much of BERT to train: ROC-AUC per minute, on two cores, validated on the later of the training opportunities.

The opportunities that the reported figures are measured on have no part in it. Run it by hand; it takes about six
minutes.
"""

from __future__ import annotations

import time

import numpy as np
from _opportunities import opportunities
from sklearn.metrics import roc_auc_score

from upswing.bert import Bert
from upswing.opportunities.conversion_classifier import visits_of
from upswing.opportunities.conversion_evaluation import closed_later, closed_with_visits
from upswing.opportunities.encoded_visits import encode_visits
from upswing.opportunities.layer_tuning import TuningParameters
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.opportunities.text_model import TextModelParameters, train_text_model
from upswing.opportunities.word_model import WordModel
from upswing.torch_session import torch_session

TEST_SHARE, VALIDATION_SHARE = 0.25, 0.3

CHOICES = {
    "classification layer, on 2 of 6 layers": TextModelParameters(read_layers=2),
    "classification layer, on 4 of 6 layers (default)": TextModelParameters(),
    "classification layer, on 6 of 6 layers": TextModelParameters(read_layers=6),
    "classification layer, all visits weigh alike": TextModelParameters(recency=1.0),
    "classification layer, recency 0.7": TextModelParameters(recency=0.7),
    "last layer of 4, 1 epoch": TextModelParameters(trained_layers=1, tuning=TuningParameters(epochs=1)),
    "last 2 layers of 4, 1 epoch": TextModelParameters(trained_layers=2, tuning=TuningParameters(epochs=1)),
}


def validate(
    bert: Bert, texts: OpportunityTexts, later: np.ndarray, parameters: TextModelParameters
) -> tuple[float, float]:
    """Minutes of reading and training, and ROC-AUC on the later opportunities."""
    started = time.perf_counter()
    frozen, tuned = parameters.layers_of(bert)
    encoded = encode_visits(bert, texts, parameters.window_tokens, frozen, bool(tuned))
    model = train_text_model(bert, texts[~later], visits_of(encoded, texts, ~later), parameters)
    minutes = (time.perf_counter() - started) / 60
    held = texts[later]
    log_odds = model.classification.log_odds(model.vectors(visits_of(encoded, texts, later)), held.visits)
    return minutes, float(roc_auc_score(held.is_won, log_odds[held.offsets[1:] - 1]))


if __name__ == "__main__":
    closed = closed_with_visits(opportunities())
    known = closed[~closed_later(closed, TEST_SHARE)]
    later = closed_later(known, VALIDATION_SHARE)
    words = WordModel.fit(known[~later]).log_odds(known[later])[known[later].offsets[1:] - 1]
    print(f"{(~later).sum():,} opportunities train, {later.sum():,} validate")
    print(f"{'words in a logistic regression':<52} ROC-AUC {roc_auc_score(known[later].is_won, words):.3f}")
    with torch_session():
        for name, parameters in CHOICES.items():
            minutes, auc = validate(Bert.find(None), known, later, parameters)
            print(
                f"{name:<52} ROC-AUC {auc:.3f} in {minutes:.1f} minutes: {(auc - 0.5) / minutes:.3f} a minute",
                flush=True,
            )
