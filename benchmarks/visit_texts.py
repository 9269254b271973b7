"""Visit records read by BERT, against the transformers pipeline with the same layers at batch 32.

Both turn the notes and the feedback of the later opportunities of the sample into vectors; one classification layer,
fitted on the earlier ones, says from either set which were won. Windows are as long as the BERT can read, so that both
read the same.
"""

from __future__ import annotations

import copy
import time

import numpy as np
from _opportunities import opportunities
from _report import Figure, judged, show
from sklearn.metrics import roc_auc_score

from upswing.bert import Bert
from upswing.opportunities.classification_layer import ClassificationLayer
from upswing.opportunities.conversion_evaluation import closed_later, closed_with_visits
from upswing.opportunities.encoded_visits import VisitVectors, encode_visits, visit_vectors
from upswing.opportunities.opportunity_texts import OpportunityTexts
from upswing.opportunities.text_model import TextModelParameters
from upswing.torch_session import torch_session

TEST_SHARE = 0.25
BATCH = 32
LONGEST_WINDOW = 512
GOAL = 7
LARGEST_LOSS = 0.002


def ours(bert: Bert, texts: OpportunityTexts, parameters: TextModelParameters) -> VisitVectors:
    """Vectors as scoring makes them."""
    layers, _ = parameters.layers_of(bert)
    with torch_session():
        return visit_vectors(encode_visits(bert, texts, parameters.window_tokens, layers))


def theirs(bert: Bert, texts: OpportunityTexts, parameters: TextModelParameters) -> VisitVectors:
    """Vectors by the pipeline, in the order of the texts."""
    import transformers

    layers, _ = parameters.layers_of(bert)
    model = copy.deepcopy(bert.model)
    model.encoder.layer = model.encoder.layer[: len(layers)]
    model.config.num_hidden_layers = len(layers)
    reader = transformers.pipeline("feature-extraction", model=model, tokenizer=bert.tokenizer)
    said = np.array([bool(text) for text in texts.feedback])
    both = [*texts.notes, *texts.feedback[said]]
    read = reader(both, batch_size=BATCH, tokenize_kwargs={"truncation": True}, return_tensors=True)
    # What the pipeline gives includes the padding of its batch.
    tokens = [len(ids) for ids in bert.tokenizer(both, truncation=True)["input_ids"]]
    vectors = np.array([found[0, :count].amax(dim=0).numpy() for found, count in zip(read, tokens, strict=True)])
    feedback = np.zeros((len(said), vectors.shape[1]))
    feedback[said] = vectors[len(said) :]
    return VisitVectors(vectors[: len(said)], feedback, said.astype(float))


def main() -> list[Figure]:
    """Measure."""
    bert, parameters = Bert.find(None), TextModelParameters(window_tokens=LONGEST_WINDOW)
    closed = closed_with_visits(opportunities())
    testing = closed_later(closed, TEST_SHARE)
    train, test = closed[~testing], closed[testing]
    layer = ClassificationLayer.fit(ours(bert, train, parameters), train, parameters.recency)
    texts = len(test.notes) + int((test.feedback != "").sum())

    started = time.perf_counter()
    our_vectors = ours(bert, test, parameters)
    our_speed = texts / (time.perf_counter() - started)
    started = time.perf_counter()
    their_vectors = theirs(bert, test, parameters)
    their_speed = texts / (time.perf_counter() - started)

    last = test.offsets[1:] - 1
    our_auc, their_auc = (
        float(roc_auc_score(test.is_won, layer.log_odds(vectors, test.visits)[last]))
        for vectors in (our_vectors, their_vectors)
    )
    return [
        Figure(
            f"visit records read by BERT: {texts:,} texts",
            f"{our_speed:,.0f} texts/s",
            f"transformers pipeline, batch {BATCH}, {their_speed:,.0f} texts/s",
            f"{our_speed / their_speed:.1f}x",
            f">= {GOAL}x",
            judged(our_speed >= GOAL * their_speed),
        ),
        Figure(
            "visit records: ROC-AUC of the classification layer",
            f"{our_auc:.4f}",
            f"on the pipeline's vectors {their_auc:.4f}",
            f"{our_auc - their_auc:+.4f}",
            f">= -{LARGEST_LOSS}",
            judged(our_auc - their_auc >= -LARGEST_LOSS),
        ),
    ]


if __name__ == "__main__":
    show(main())
