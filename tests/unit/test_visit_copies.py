import math
import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from upswing.opportunities.visit_copies import COPY_SCHEMA, CopyParameters, find_copies

MOMENT = datetime(2017, 5, 1, 9)
USUAL = CopyParameters(0.8, 8)
LONG = "met the purchasing manager at the plant to walk through the cold store and discuss the new contract"


def table(notes: list[tuple[str, int, str]]) -> pa.Table:
    """visit_id, hour and note of each visit."""
    schema = pa.schema(
        [
            ("visit_id", pa.string()),
            ("visited_at", pa.timestamp("us")),
            ("note_text", pa.string()),
            ("other", pa.int64()),
        ]
    )
    rows = [
        {"visit_id": name, "visited_at": MOMENT + timedelta(hours=hour), "note_text": note, "other": 1}
        for name, hour, note in notes
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def copies(notes: list[tuple[str, int, str]], parameters: CopyParameters = USUAL) -> dict[str, tuple[str, float]]:
    found = find_copies(table(notes), parameters)
    assert found.schema == COPY_SCHEMA
    rows = found.to_pylist()
    assert [row["visit_id"] for row in rows] == sorted(row["visit_id"] for row in rows)
    return {row["visit_id"]: (row["copied_visit_id"], row["similarity"]) for row in rows}


def test_a_copy_is_of_the_earlier_visit() -> None:
    assert copies([("a", 5, LONG), ("b", 1, LONG)]) == {"a": ("b", 1.0)}


def test_case_and_punctuation_do_not_hide_a_copy() -> None:
    assert copies([("a", 1, LONG), ("b", 2, f"{LONG.upper().replace(' ', ', ')}!!")]) == {"b": ("a", 1.0)}


def test_a_note_with_one_word_more_is_a_near_copy() -> None:
    words = len(LONG.split())
    found = copies([("a", 1, LONG), ("b", 2, f"{LONG} today")])
    assert found == {"b": ("a", round((words - 2) / (words - 1), 4))}


def test_below_the_threshold_nothing_is_a_copy() -> None:
    notes = [("a", 1, LONG), ("b", 2, f"{LONG} today")]
    share = (len(LONG.split()) - 2) / (len(LONG.split()) - 1)
    assert copies(notes, CopyParameters(share, 8))
    assert not copies(notes, CopyParameters(share + 1e-9, 8))


def test_the_nearest_earlier_note_is_named_and_of_equals_the_first() -> None:
    notes = [("near", 1, f"{LONG} today"), ("same", 2, LONG), ("same again", 3, LONG), ("later", 4, LONG)]
    found = copies(notes)
    assert found["later"] == ("same", 1.0)
    assert found["same again"] == ("same", 1.0)
    assert found["same"][0] == "near"


def test_of_one_moment_the_lower_id_is_the_earlier() -> None:
    for notes in ([("b", 1, LONG), ("a", 1, LONG)], [("a", 1, LONG), ("b", 1, LONG)]):
        assert copies(notes) == {"b": ("a", 1.0)}


@pytest.mark.parametrize(("words", "expected"), [(7, 0), (8, 1)])
def test_short_notes_copy_nobody(words: int, expected: int) -> None:
    note = " ".join(LONG.split()[:words])
    assert len(copies([("a", 1, note), ("b", 2, note)])) == expected


def test_chinese_characters_are_words() -> None:
    note = "今天拜访了客户的采购经理"
    assert copies([("a", 1, note), ("b", 2, f"{note}。")]) == {"b": ("a", 1.0)}
    assert copies([("a", 1, note), ("b", 2, f"{note}吧")]) == {"b": ("a", round(10 / 11, 4))}
    assert not copies([("a", 1, note[:7]), ("b", 2, note[:7])])
    assert not copies([("a", 1, note), ("b", 2, "客户说预算已经批准下周签约")])


def test_no_notes_no_copies() -> None:
    assert copies([]) == {}
    assert copies([("a", 1, ""), ("b", 2, ""), ("c", 3, "...")]) == {}


def drawn_notes(count: int, seed: int) -> list[tuple[str, int, str]]:
    """Some notes of few words, so that many share runs of them, some changed copies of others, at few moments."""
    draw = np.random.default_rng(seed)
    vocabulary = [f"w{number}" for number in range(12)]
    notes: list[list[str]] = []
    for _note in range(count):
        if notes and draw.random() < 0.5:
            words = list(notes[int(draw.integers(len(notes)))])
            for _change in range(int(draw.integers(0, 4))):
                words.insert(int(draw.integers(len(words) + 1)), str(draw.choice(vocabulary)))
            words = words[int(draw.integers(0, 3)) :]
        else:
            words = draw.choice(vocabulary, int(draw.integers(2, 25))).tolist()
        notes.append(words)
    order = draw.permutation(count)
    return [(f"v{order[n]:04d}", int(draw.integers(0, 60)), " ".join(words)) for n, words in enumerate(notes)]


def oracle(notes: list[tuple[str, int, str]], parameters: CopyParameters) -> dict[str, tuple[str, float]]:
    """All pairs compared."""

    def runs(note: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", note)
        if len(words) < parameters.near_copy_min_words:
            return set()
        return set(zip(words, words[1:], words[2:], strict=False))

    ordered = sorted(notes, key=lambda visit: (visit[1], visit[0]))
    sets = [runs(note) for _, _, note in ordered]
    found = {}
    for later in range(len(ordered)):
        best = (0.0, -1)
        for earlier in range(later):
            union = sets[later] | sets[earlier]
            similarity = len(sets[later] & sets[earlier]) / len(union) if union else 0.0
            if similarity >= parameters.near_copy_similarity and similarity > best[0]:
                best = (similarity, earlier)
        if best[1] >= 0:
            found[ordered[later][0]] = (ordered[best[1]][0], round(best[0], 4))
    return found


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_as_comparing_all_with_all(similarity: float, seed: int) -> None:
    notes = drawn_notes(300, seed)
    parameters = CopyParameters(similarity, 5)
    expected = oracle(notes, parameters)
    assert copies(notes, parameters) == expected
    assert 5 < len(expected) < 300


def test_the_order_of_the_rows_does_not_matter() -> None:
    notes = drawn_notes(100, 3)
    assert copies(notes[::-1], CopyParameters(0.5, 5)) == copies(notes, CopyParameters(0.5, 5))


def test_a_pair_right_at_the_threshold_is_found_whatever_its_binary_fraction() -> None:
    words = [f"w{number:03d}" for number in range(102)]
    assert copies([("a", 1, " ".join(words[:57])), ("b", 2, " ".join(words))], CopyParameters(0.55, 5)) == {
        "b": ("a", 0.55)
    }


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"near_copy_similarity": 0}, "near_copy_similarity"),
        ({"near_copy_similarity": 1.01}, "near_copy_similarity"),
        ({"near_copy_similarity": math.nan}, "near_copy_similarity"),
        ({"near_copy_min_words": 2}, "near_copy_min_words"),
    ],
)
def test_thresholds_name_the_seed_that_is_wrong(wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} in the seed visit_audit_thresholds is .*; expected "):
        CopyParameters(**{"near_copy_similarity": 0.8, "near_copy_min_words": 8} | wrong)
