"""What BERT reads in the texts of products: one vector a distinct text, read once.

Source: dynamic marketing strategy patent, step S3: the functional attributes of a product are in its words.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from upswing.bert import Bert, Progress, equal_length_batches, in_half_precision, in_threads, run_layers
from upswing.torch_session import torch_session

WINDOW_TOKENS = 128
"""The longest window; a longer text becomes several, and nothing of it is cut off."""

CHUNK_ROWS = 1_000_000

TEXT_SCHEMA = pa.schema(
    [
        pa.field("product_text", pa.string()),
        pa.field("embedding", pa.list_(pa.float32())),
        pa.field("unknown_share", pa.float64()),
        pa.field("bert_digest", pa.string()),
    ]
)


def read_texts(
    bert: Bert, texts: Sequence[str], progress: Progress = lambda _done, _all: None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The mean of BERT's last hidden states over all tokens of each text, and the share of tokens it does not know.

    Args:
        bert: pretrained, as it is.
        texts: in any language; none is refused.
        progress: told (batches done, batches in all).

    Returns:
        Vectors of length 1, shape (texts, width), and shares in [0, 1], shape (texts,).
    """
    import torch

    if not texts:
        return np.zeros((0, 0), dtype=np.float32), np.zeros(0)
    windows = bert.windows(texts, WINDOW_TOKENS)
    layers = in_half_precision(torch.nn.ModuleList(copy.deepcopy(list(bert.model.encoder.layer))).eval())
    embeddings = bert.model.embeddings
    batches = equal_length_batches([len(ids) for ids in windows.tokens])

    def run(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        ids = torch.from_numpy(np.stack([windows.tokens[row] for row in rows]))
        with torch.inference_mode():
            hidden = run_layers(layers, embeddings(input_ids=ids))
            return np.asarray(hidden.sum(dim=1).numpy(), dtype=np.float64)

    tokens, unknown = np.zeros(len(texts)), np.zeros(len(texts))
    unknown_token = bert.tokenizer.unk_token_id
    sums = np.zeros((len(texts), int(bert.model.config.hidden_size)))
    for rows, found in zip(batches, in_threads(run, batches, progress), strict=True):
        of_text = windows.text_of_window[rows]
        np.add.at(sums, of_text, found)
        np.add.at(tokens, of_text, [len(windows.tokens[row]) for row in rows])
        np.add.at(unknown, of_text, [float((windows.tokens[row] == unknown_token).sum()) for row in rows])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return (sums / np.where(lengths, lengths, 1)).astype(np.float32), unknown / tokens


def score_texts(
    text_rows: pa.Table,
    standing: pa.Table | None,
    bert: Bert,
    new_progress: Callable[[], Progress] = lambda: lambda _done, _all: None,
) -> pa.Table:
    """Rows of :data:`TEXT_SCHEMA`, one a text in order; only texts that this BERT has not read yet are read.

    Args:
        text_rows: rows of ``int_product_texts``.
        standing: rows of :data:`TEXT_SCHEMA` from the build before, None where there are none.
        bert: see :func:`read_texts`.
        new_progress: makes the callback, once there is something to read.
    """
    texts = text_rows.select(["product_text"]).sort_by("product_text")["product_text"].combine_chunks()
    kept = (standing if standing is not None else TEXT_SCHEMA.empty_table()).select(TEXT_SCHEMA.names)
    wanted = pc.is_in(kept["product_text"], value_set=texts)
    kept = kept.filter(pc.and_(wanted, pc.equal(kept["bert_digest"], bert.digest)))
    new = texts.filter(pc.invert(pc.is_in(texts, value_set=kept["product_text"].combine_chunks())))
    if not len(new):
        return kept.sort_by("product_text")
    with torch_session():
        vectors, unknown_shares = read_texts(bert, new.to_pylist(), new_progress())
    read = pa.Table.from_arrays(
        [
            pc.cast(new, pa.string()),
            vector_lists(vectors),
            pa.array(np.round(unknown_shares, 6)),
            pa.array([bert.digest] * len(new), type=pa.string()),
        ],
        schema=TEXT_SCHEMA,
    )
    return pa.concat_tables([kept.cast(TEXT_SCHEMA), read]).sort_by("product_text")


def vector_lists(vectors: NDArray[np.float32]) -> pa.ChunkedArray:
    """The rows of a matrix as an Arrow column of lists, in chunks that 32-bit offsets reach across."""
    pieces = [vectors[start : start + CHUNK_ROWS] for start in range(0, len(vectors), CHUNK_ROWS)]
    return pa.chunked_array([_list_array(piece) for piece in pieces], type=pa.list_(pa.float32()))


def vector_matrix(lists: Any) -> NDArray[np.float32]:
    """An Arrow column of lists of one length, without nulls, as a matrix."""
    chunks = [chunk for chunk in lists.chunks if len(chunk)]
    if not chunks:
        return np.zeros((0, 0), dtype=np.float32)
    matrices = [np.asarray(chunk.flatten().to_numpy(zero_copy_only=False)).reshape(len(chunk), -1) for chunk in chunks]
    return np.concatenate(matrices).astype(np.float32, copy=False)


def _list_array(vectors: NDArray[np.float32]) -> pa.ListArray:
    offsets = pa.array(np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1], type=pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(vectors).ravel(), type=pa.float32()))
