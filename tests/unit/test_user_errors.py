import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from upswing.bert import UnfitBertError
from upswing.user_errors import UserError

WORDS = "the var bert_model is x; expected a folder"


@contextmanager
def held() -> Iterator[None]:
    try:
        yield
    finally:
        pass


def plainly() -> None:
    raise UserError(WORDS)


def through_a_context() -> None:
    with held(), ExitStack() as stack:
        stack.enter_context(held())
        plainly()


def through_a_generator() -> None:
    def found() -> Iterator[int]:
        yield 1
        plainly()

    list(found())


def instead_of_another() -> None:
    try:
        int("missing")
    except ValueError:
        raise UserError(WORDS) from None


def again() -> None:
    try:
        through_a_context()
    except UserError as error:
        raise error.with_traceback(None) from None


@pytest.mark.parametrize("raising", [plainly, through_a_context, through_a_generator, instead_of_another, again])
def test_a_mistake_is_told_in_words_alone(raising: object) -> None:
    assert callable(raising)
    with pytest.raises(UserError) as caught:
        raising()
    told = "".join(traceback.format_exception(caught.value))
    assert told == f"upswing.user_errors.UserError: {WORDS}\n"


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError) as caught, held():
        _ = 1 / 0
    told = "".join(traceback.format_exception(caught.value))
    assert told.startswith("Traceback")
    assert "test_user_errors.py" in told


def test_it_is_a_value_error_and_its_kinds_are_told_alike() -> None:
    with pytest.raises(ValueError, match=WORDS) as caught, held():
        raise UnfitBertError(WORDS)
    assert "".join(traceback.format_exception(caught.value)) == f"upswing.bert.UnfitBertError: {WORDS}\n"
