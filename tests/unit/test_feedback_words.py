import pyarrow as pa

from upswing.marketing.feedback_words import WORD_SCHEMA, score_words


def answers(*rows: tuple[str, str | None], kind: str = "product", counted: bool = True) -> pa.Table:
    return pa.table(
        {
            "subject_kind": pa.array([kind] * len(rows), pa.string()),
            "subject_id": pa.array([subject for subject, _text in rows], pa.string()),
            "feedback_text": pa.array([text for _subject, text in rows], pa.string()),
            "is_counted": pa.array([counted] * len(rows), pa.bool_()),
        }
    )


SAID = answers(
    ("p", "stale box, the worst"),
    ("p", "stale again, the box was open"),
    ("p", "the stale one"),
    ("q", "the box is fine"),
    ("q", "bob smith rang at 555"),
)


def test_words_of_two_answers_are_told_the_most_telling_first() -> None:
    # Stale stands in three answers, all on p; box in three too, two of them on p. The says nothing.
    assert score_words(SAID).to_pylist() == [{"subject_kind": "product", "subject_id": "p", "top_words": "stale, box"}]


def test_what_one_customer_says_alone_is_not_repeated() -> None:
    assert "smith" not in str(score_words(SAID).to_pylist())
    twice = score_words(answers(("q", "nice nice nice"), ("q", "fine")))
    assert twice.num_rows == 0


def test_a_word_that_all_use_says_nothing() -> None:
    assert score_words(answers(("p", "good"), ("p", "good"), ("q", "good"))).num_rows == 0


def test_answers_that_do_not_count_and_answers_without_words_say_nothing() -> None:
    silent = answers(("q", "open box"), ("q", "open box"), counted=False)
    wordless = answers(("r", None), ("r", "12 %"), ("r", "12 %"))
    assert score_words(pa.concat_tables([SAID, silent, wordless])).num_rows == 1


def test_kinds_are_kept_apart_and_the_order_of_rows_changes_nothing() -> None:
    mails = answers(("7", "too many mails"), ("7", "mails again"), ("8", "thanks"), kind="campaign")
    table = pa.concat_tables([SAID, mails])
    found = score_words(table)
    assert found["subject_kind"].to_pylist() == ["campaign", "product"]
    assert found.equals(score_words(table.take(list(reversed(range(table.num_rows))))))


def test_nothing_said_is_an_empty_table() -> None:
    assert score_words(SAID.slice(0, 0)).equals(WORD_SCHEMA.empty_table())


def test_at_most_five_words_are_told() -> None:
    long = "alpha beta gamma delta epsilon zeta"
    (row,) = score_words(answers(("p", long), ("p", long), ("q", "other"))).to_pylist()
    assert row["top_words"] == "alpha, beta, delta, epsilon, gamma"
