"""What the masks find of names in free text, and what they leave; that both engines do so is tested with the macros."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from _named_notes import NamedNote, labelled, letters, sample_notes
from masks import found, masked, masked_text_sql


@pytest.fixture(scope="module")
def sql() -> str:
    return masked_text_sql("x")


@pytest.mark.parametrize(
    "marked",
    [
        "Mr. <Smith> and Mrs <Jones-Miller> met Dr.<Brown>.",
        "Prof. Dr. <Hans Müller> kam mit Frau <von Stetten>",
        "Regards,\n<Jane Doe>",
        "spoke with <John von Neumann> today",
        "<Anna>, <Ben> and <Stefan Weber> came",
        "<Zhang Wei> and <Li Na> agreed",
        "和<王>经理谈了, <李>先生说好, <欧阳>女士不在",
        "<刘>总说好, 给<张>工送样品。",
        "联系人: <王伟>, 二楼",
    ],
)
def test_names_are_masked_and_titles_stay(sql: str, marked: str) -> None:
    note = labelled(marked)
    assert masked([note.text], sql) == [note.masked]


@pytest.mark.parametrize(
    "text",
    [
        "区域经理和高级经理不在, 总经理出差", "周总结已经发了, 方案总体可以。", "MS Word in May, April and June",
        "Mark the pallets", "Met in Berlin on Monday.", "He said so.", "",
    ],
)  # fmt: skip
def test_what_is_no_name_stays(sql: str, text: str) -> None:
    assert masked([text], sql) == [text]


@pytest.mark.parametrize(
    "marked",
    ["asked <kevin>, later <jakub> <okafor>", "<priya> and <zoë> said yes", "Then <Okafor> came, and J. R. <Kowalski>"],
)
def test_names_in_small_letters_and_surnames_alone_are_masked_in_notes(sql: str, marked: str) -> None:
    note = labelled(marked.replace("J. R. <Kowalski>", "<J. R. Kowalski>"))
    assert masked([note.text], sql) == [note.masked]


def test_small_letters_that_are_words_stay() -> None:
    text = "jan and nick of time, grace period, a jean, they rob us, ben will mark it; rosa is pink"
    sql = masked_text_sql("x")
    assert masked([text], sql) == [text.replace("ben", "[name]")]


def test_brands_that_are_looked_for_stay_in_a_query() -> None:
    sql = masked_text_sql("x", is_prose=False)
    assert masked(["sara lee", "ben & jerry", "Priya"], sql) == ["sara lee", "ben & jerry", "[name]"]


@pytest.mark.parametrize(
    ("notes", "recall", "precision"),
    [
        (sample_notes("en", rounds=3), 0.9, 0.95),
        (sample_notes("zh", rounds=3), 0.85, 0.95),
        (letters(rounds=3), 0.7, 0.95),
    ],
    ids=["visits in English", "visits in Chinese", "letters"],
)
def test_the_measured_recall_and_precision_do_not_fall(
    sql: str, notes: list[NamedNote], recall: float, precision: float
) -> None:
    measured = found(notes, sql)
    assert measured.recall >= recall
    assert measured.precision >= precision
