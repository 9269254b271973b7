"""What people wrote of each learned model, in ``texts.toml``: what no mart can tell."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class CardText:
    """What a card says beside its figures.

    Attributes:
        title: of the model, in words.
        purpose: what it says.
        decides: who decides with it.
        mart: where its scores stand.
        data: what it learns from, and which of it is synthetic in the sample.
        people: what it knows of people.
        not_for: what it must not be used for.
        limits: where it is weak.
        ethics: whom it may hurt.
        drivers: columns of marts that hold its reasons, ``mart.column``, separated by commas; empty where none does.
        vars: what changes it, see ``dbt_project.yml``.
        slices: by what its errors are compared, or why they are not.
        docs: the page of the capability.
    """

    title: str
    purpose: str
    decides: str
    mart: str
    data: str
    people: str
    not_for: str
    limits: str
    ethics: str
    drivers: str
    vars: str
    slices: str
    docs: str


@cache
def card_texts() -> dict[str, CardText]:
    """The text of each model by its name in ``model_runs``."""
    read = tomllib.loads(files(__package__).joinpath("texts.toml").read_text(encoding="utf-8"))
    return {name: CardText(**text) for name, text in read.items()}
