from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score

from unit.opportunities import CHINESE, ENGLISH, Language, Row, make_rows, opportunity, texts_of
from upswing.fits import NotEnoughHistory
from upswing.opportunities.word_model import WORDS, WordModel, visit_documents

FloatArray = NDArray[np.float64]

BREAK = " endofvisit "
"""Between visits, so that no pair of words spans two of them; itself no known term."""


def bodies(row: Row) -> list[str]:
    """Note and feedback of each visit of a row, their markers taken off by their lengths."""
    found = []
    for number, (note, said) in enumerate(zip(row["note_texts"] or (), row["feedback_texts"] or (), strict=True), 1):
        marker = "[visit 1] " if number == 1 else f"[visit {number}, +7 days] "
        assert note.startswith(marker)
        found.append(f"{note[len(marker) :]} {said[len('[customer] ') :]}")
    return found


def oracle(model: WordModel, documents: list[str]) -> FloatArray:
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), token_pattern=WORDS, vocabulary=list(model.terms)
    )
    vectorizer.idf_ = model.rarity
    return np.asarray(vectorizer.transform(documents) @ model.coefficients + model.intercept)


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_log_odds_are_tfidf_of_the_records_so_far(language: Language) -> None:
    model = WordModel.fit(texts_of(make_rows(120, language=language)))
    rows = [*make_rows(40, seed=2, language=language), opportunity("unvisited", []), opportunity("odd", ["?!", "met"])]
    texts = texts_of(rows)
    so_far = [BREAK.join(bodies(row)[: end + 1]) for row in rows for end in range(row["visits"])]
    np.testing.assert_allclose(model.log_odds(texts), oracle(model, so_far), atol=1e-12)
    others = [
        [body for place, body in enumerate(bodies(row)) if place != out] for row in rows for out in range(row["visits"])
    ]
    np.testing.assert_allclose(
        model.log_odds_without(texts), oracle(model, [BREAK.join(rest) for rest in others]), atol=1e-12
    )


def test_the_only_visit_left_out_leaves_the_intercept() -> None:
    model = WordModel.fit(texts_of(make_rows(120)))
    assert model.log_odds_without(texts_of([opportunity("a", ["signed budget"])])).tolist() == [model.intercept]


@pytest.mark.parametrize("language", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_terms_and_their_rarity(language: Language) -> None:
    rows = make_rows(120, language=language)
    model = WordModel.fit(texts_of(rows))
    documents = [BREAK.join(bodies(row)) for row in rows]
    expected = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORDS, min_df=5).fit(documents)
    of_visits = [term for term in expected.get_feature_names_out().tolist() if BREAK.strip() not in term.split()]
    assert list(model.terms) == of_visits
    whole = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORDS, vocabulary=list(model.terms)).fit(documents)
    np.testing.assert_allclose(model.rarity, whole.idf_)


def test_a_chinese_character_is_a_word() -> None:
    rows = [opportunity(f"o{n}", ["预算OK 已签约3次"], status="won" if n % 2 else "lost") for n in range(12)]
    terms = set(WordModel.fit(texts_of(rows)).terms)
    assert {"预", "预 算", "算 ok", "签 约", "约 3", "3", "次"} <= terms
    assert not {"预算", "签约", "3次"} & terms


def test_markers_are_not_counted_and_brackets_of_the_note_are() -> None:
    row = opportunity("a", ["called [phone] twice", "met [id] there"], [None, "write to [email] soon"])
    assert visit_documents(texts_of([row])) == ["called [phone] twice ", "met [id] there write to [email] soon"]
    terms = " ".join(WordModel.fit(texts_of(make_rows(120))).terms).split()
    assert not {"visit", "customer", "days", "1", "2", "7"} & set(terms)


def test_pairs_of_words_do_not_span_two_visits() -> None:
    rows = [opportunity(f"o{n}", ["met manager", "signed budget"], status="won" if n % 2 else "lost") for n in range(9)]
    assert WordModel.fit(texts_of(rows)).terms == ("budget", "manager", "met", "met manager", "signed", "signed budget")


def test_a_word_is_learned_from_where_enough_customers_have_it() -> None:
    """Pascoe is in six deals, of four customers; Quigley in ten visits, of two deals whose customers are not known."""
    rows = [
        opportunity(f"o{n}", ["ask pascoe"], status="won" if n % 2 else "lost", customer_id=f"c{min(n, 3)}")
        for n in range(6)
    ]
    rows += [opportunity(f"p{n}", ["ask quigley"] * 5, status="won" if n % 2 else "lost") for n in range(2)]
    assert WordModel.fit(texts_of(rows), 5).terms == ("ask",)
    assert {"pascoe", "ask pascoe"} <= set(WordModel.fit(texts_of(rows), 4).terms)
    assert "quigley" not in WordModel.fit(texts_of(rows), 3).terms
    assert "quigley" in WordModel.fit(texts_of(rows), 2).terms
    with pytest.raises(NotEnoughHistory, match="no word stands in the visit records of 7 customers"):
        WordModel.fit(texts_of(rows), 7)


def test_a_name_is_no_term_however_many_customers_have_it() -> None:
    """That it is a name shows its capital letter inside a sentence; the terse write it without one."""
    notes = [
        "Spoke at length with Pascoe about IT.",
        "pascoe wants it again. They met on site",
        "Long talk, it went well",
    ]
    rows = [opportunity(f"o{n}", notes, status="won" if n % 2 else "lost") for n in range(9)]
    terms = WordModel.fit(texts_of(rows)).terms
    assert "pascoe" not in " ".join(terms).split()
    assert {"it", "long", "they", "talk", "wants", "it went"} <= set(terms)


def test_german_nouns_are_no_names() -> None:
    note = "Die Leitung hat das Budget für die neue Anlage in der Sitzung genehmigt."
    rows = [opportunity(f"o{n}", [note], status="won" if n % 2 else "lost") for n in range(9)]
    assert {"budget", "anlage", "sitzung"} <= set(WordModel.fit(texts_of(rows)).terms)


def test_easy_words_are_learned() -> None:
    model, others = WordModel.fit(texts_of(make_rows(240))), texts_of(make_rows(200, seed=2))
    assert roc_auc_score(others.is_won, model.log_odds(others)[others.offsets[1:] - 1]) > 0.8


def test_the_same_twice_and_after_packing() -> None:
    texts, others = texts_of(make_rows(120)), texts_of(make_rows(40, seed=2))
    model, again = WordModel.fit(texts), WordModel.fit(texts)
    packed: dict[str, Any] = model.packed()
    assert {name: array.tobytes() for name, array in again.packed().items()} == {
        name: array.tobytes() for name, array in packed.items()
    }
    unpacked = WordModel.unpacked(packed)
    assert unpacked.terms == model.terms
    np.testing.assert_array_equal(unpacked.log_odds(others), model.log_odds(others))
