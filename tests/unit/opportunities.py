"""Small opportunities with visit notes drawn with a seed, and small BERTs that know their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from upswing.bert import Bert
from upswing.opportunities.opportunity_texts import KNOWN_AFTER_VISITS, OpportunityTexts

FIRST_DAY = datetime(2017, 1, 2, 9)
DAYS_BETWEEN = 7
LISTS = ("note_texts", "feedback_texts", "visited_on", *KNOWN_AFTER_VISITS)

SCHEMA = pa.schema(
    [
        pa.field("opportunity_id", pa.string()),
        pa.field("customer_id", pa.string()),
        pa.field("owner_id", pa.string()),
        pa.field("status", pa.string()),
        pa.field("opened_at", pa.timestamp("us")),
        pa.field("closed_at", pa.timestamp("us")),
        pa.field("amount", pa.float64()),
        pa.field("visits", pa.int64()),
        pa.field("first_visited_at", pa.timestamp("us")),
        pa.field("last_visited_at", pa.timestamp("us")),
        pa.field("note_texts", pa.list_(pa.string())),
        pa.field("feedback_texts", pa.list_(pa.string())),
        pa.field("visited_on", pa.list_(pa.date32())),
        *(pa.field(name, pa.list_(pa.float64())) for name in KNOWN_AFTER_VISITS),
        pa.field("opportunity_text", pa.string()),
    ]
)
"""As ``int_opportunity_texts`` has it."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Language:
    """Words of which some go with winning and some with losing."""

    neutral: tuple[str, ...]
    winning: tuple[str, ...]
    losing: tuple[str, ...]
    between: str

    def sentence(self, words: Iterable[str]) -> str:
        return self.between.join(words)


ENGLISH = Language(
    neutral=("called", "met", "discussed", "plant", "shelf", "manager", "lorry", "invoice", "coffee", "office"),
    winning=("budget", "signed", "eager", "agreed"),
    losing=("rival", "postponed", "doubts", "silent"),
    between=" ",
)
CHINESE = Language(
    neutral=("拜访", "经理", "电话", "仓库", "会议", "产品", "样品", "下周"),
    winning=("预算", "签约", "满意", "同意"),
    losing=("竞争", "推迟", "怀疑", "沉默"),
    between="",
)


def opportunity(
    opportunity_id: str,
    notes: Sequence[str],
    feedback: Sequence[str | None] = (),
    status: str = "won",
    closed_at: datetime | None = datetime(2017, 6, 1),
    amount: float | None = 1000.0,
    customer_id: str | None = None,
    **known: Any,
) -> Row:
    """One row; the markers that the warehouse puts before notes and feedback are put here."""
    count = len(notes)
    said = [*feedback, *[None] * (count - len(feedback))]
    visited = [FIRST_DAY + timedelta(days=DAYS_BETWEEN * number) for number in range(count)]
    markers = ["[visit 1]", *(f"[visit {number}, +{DAYS_BETWEEN} days]" for number in range(2, count + 1))]
    values: dict[str, Any] = {
        "note_texts": [f"{marker} {note}" for marker, note in zip(markers[:count], notes, strict=True)],
        "feedback_texts": [f"[customer] {text}" if text else "" for text in said],
        "visited_on": [moment.date() for moment in visited],
        "days_open": [float(DAYS_BETWEEN * number) for number in range(count)],
        "days_since_previous": [nan, *[float(DAYS_BETWEEN)] * (count - 1)],
        "mean_minutes": [45.0] * count,
        "feedback_share": [sum(map(bool, said[:number])) / number for number in range(1, count + 1)],
        "mean_note_length": [sum(map(len, notes[:number])) / number for number in range(1, count + 1)],
        "owner_won_before": [3.0] * count,
        "owner_closed_before": [7.0] * count,
    } | known
    return {
        "opportunity_id": opportunity_id,
        "customer_id": customer_id,
        "owner_id": "owner",
        "status": status,
        "opened_at": FIRST_DAY,
        "closed_at": None if status == "open" else closed_at,
        "amount": amount,
        "visits": count,
        "first_visited_at": visited[0] if count else None,
        "last_visited_at": visited[-1] if count else None,
        **{name: values[name] if count else None for name in LISTS},
        "opportunity_text": " ".join(values["note_texts"]),
    }


def table(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def texts_of(rows: Sequence[Row]) -> OpportunityTexts:
    return OpportunityTexts.from_arrow(table(rows))


def make_rows(
    count: int = 240, seed: int = 1, language: Language = ENGLISH, open_share: float = 0.0, prefix: str = "o"
) -> list[Row]:
    """Opportunities of 1 to 4 visits; an end shows in the words of most of its notes and of most of the feedback."""
    draw = np.random.default_rng(seed)

    def sentence(is_won: bool, length: int) -> str:
        words = draw.choice(language.neutral, length).tolist()
        if draw.random() < 0.8:
            telling = language.winning if is_won == (draw.random() < 0.9) else language.losing
            words[int(draw.integers(length))] = str(draw.choice(telling))
        return language.sentence(words)

    rows = []
    for number in range(count):
        is_won = bool(draw.random() < 0.45)
        visits = int(draw.integers(1, 5))
        rows.append(
            opportunity(
                f"{prefix}{number:04d}",
                [sentence(is_won, 6) for _visit in range(visits)],
                [sentence(is_won, 3) if draw.random() < 0.5 else None for _visit in range(visits)],
                status="open" if draw.random() < open_share else "won" if is_won else "lost",
                closed_at=datetime(2017, 6, 1) + timedelta(hours=int(draw.integers(0, 20_000))),
                amount=float(draw.lognormal(8)),
                mean_minutes=draw.normal(45, 5, visits).round(1).tolist(),
            )
        )
    return rows


def all_texts(rows: Iterable[Row]) -> list[str]:
    """Every note and every feedback of some rows."""
    return [text for row in rows for name in ("note_texts", "feedback_texts") for text in row[name] or ()]


def tiny_bert(
    folder: Path, texts: Iterable[str], layers: int = 3, width: int = 32, positions: int = 64, seed: int = 0
) -> Bert:
    """A BERT with random weights whose vocabulary is the words of ``texts``, in Chinese their characters.

    Its words are told apart more by themselves than by their places, as those of a pretrained one are.
    """
    import torch
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from transformers import BertConfig, BertModel, BertTokenizer

    normalizer, splitter = BertNormalizer(), BertPreTokenizer()
    words = {word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))}
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(words)]
    folder.mkdir(parents=True, exist_ok=True)
    BertTokenizer(vocab={word: number for number, word in enumerate(vocabulary)}).save_pretrained(str(folder))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=positions,
    )
    model = BertModel(config, add_pooling_layer=False)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim == 2:
                scale = 1.0 if "word_embeddings" in name else 0.05
                tensor.copy_(scale * torch.randn(tensor.shape, generator=generator))
    model.save_pretrained(str(folder))
    return Bert.find(str(folder))


def day(number: int) -> date:
    """Day of the visit with this number, from 1."""
    return (FIRST_DAY + timedelta(days=DAYS_BETWEEN * (number - 1))).date()
