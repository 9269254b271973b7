"""What the fits keep: no pseudonym, no id of a customer or deal, no name, and nothing from before an erasure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from upswing.privacy.compliance import NOT_CHECKED, Finding, judged
from upswing.privacy.compliance_data import LEAST_ID, columns_of, shown, tokens_of
from upswing.privacy.erasures_fits import CUSTOMER_FITS
from upswing.privacy.vault import Identity
from upswing.tensors import SEPARATOR, unpack

CLAIM = "No fit holds a person"
MEND = (
    "run `dbt build`, which after an erasure makes the fits again and drops older weights; what an older version of "
    "upswing kept goes with --vars '{refit: always, keep_weights: 1}'"
)
PSEUDONYM = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{24}(?![0-9A-Za-z])")
VOCABULARY = "terms"
"""How the arrays end that hold words of texts."""

LEAST_LISTED = 5
"""As many ids that are mere numbers, and most of a list at that, are no chance."""


@dataclass(frozen=True)
class Known:
    """By what people are recognised.

    Attributes:
        ids: of customers and deals.
        texts: names of few customers, addresses and numbers, in lower case.
        names: given names and surnames that are no words, in lower case: those that the mask of notes knows.
    """

    ids: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, build: Any, identities: Iterable[Identity], names: Iterable[str], shared_by: int) -> Known:
        """What the vault and the warehouse know.

        Args:
            build: open file of the warehouse.
            identities: of the vault.
            names: see above.
            shared_by: a full name that so many customers bear names none of them.
        """
        people = list(identities)
        bearers = Counter(token for one in people for token in set(tokens_of(one)))
        ids = {one.customer_id for one in people}
        for table, types in columns_of(build).items():
            if types.get("opportunity_id") == "VARCHAR":
                deals = build.execute(f"select distinct opportunity_id from {table}").fetchall()
                ids |= {deal for (deal,) in deals}
        return cls(
            frozenset(one for one in ids if one),
            frozenset(token for token, times in bearers.items() if times < shared_by),
            frozenset(names),
        )


def no_fit_holds_a_person(build: Any, known: Known | None, erased_at: datetime | None) -> Finding:
    """Weights, parameters, metrics and verdicts of all fits, held against what people are recognised by.

    Args:
        build: open file of the warehouse; None on another engine.
        known: see there; None where there is no vault.
        erased_at: when a customer was last erased (UTC, without a zone).
    """
    if build is None:
        return Finding(CLAIM, NOT_CHECKED, "the fits are in tables of another engine, which are not read here")
    if known is None:
        return Finding(CLAIM, NOT_CHECKED, "there is no vault", "run `dbt build`, which seals the identities")
    breaches, fits, texts = [], 0, 0
    for table, types in columns_of(build).items():
        if not shown(table).startswith("fit_") or "weights" not in types:
            continue
        told = [name for name, data_type in types.items() if data_type == "VARCHAR"]
        rows = build.execute(f"select * from {table} order by model_version").to_arrow_table().to_pylist()
        for row in rows:
            fits += 1
            parts = texts_of_fit(row, told)
            texts += sum(map(len, parts.values()))
            name = f"{shown(table)} {row['model_version']}"
            breaches += [f"{name}, {part}: {what}" for part, what in people_in(parts, known)]
        breaches += list(_from_before(shown(table), rows, erased_at))
    looked_at = (
        f"{fits:,} fits, {texts:,} texts in them, {len(known.ids):,} ids, {len(known.names):,} names of the mask"
    )
    return judged(CLAIM, breaches, looked_at, MEND)


def texts_of_fit(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, list[str]]:
    """Every text of a fit by where it stands: columns of text, facts beside the weights, and arrays of texts."""
    parts = {column: list(_strings(row[column])) for column in columns if row[column]}
    blob = row["weights"]
    if blob:
        parts["weights"] = PSEUDONYM.findall(blob.decode("latin-1"))
        try:
            arrays, facts = unpack(blob)
        except (ValueError, KeyError, OverflowError):  # no safetensors: its pseudonyms were looked for all the same
            return parts
        parts["facts"] = list(_leaves(facts))
        for name, array in arrays.items():
            if array.dtype.name == "uint8" and array.size:
                text = array.tobytes().decode("utf-8", errors="ignore")
                parts[name] = re.split(f"[{SEPARATOR}\n]", text)
    return parts


def people_in(parts: Mapping[str, Sequence[str]], known: Known) -> Iterator[tuple[str, str]]:
    """Where in a fit people are recognised, and by what, without naming them.

    Args:
        parts: texts by where they stand.
        known: see there.
    """
    for part, texts in parts.items():
        items = set(texts)
        found = {
            "pseudonyms": sum(len(set(PSEUDONYM.findall(text))) for text in items),
            "ids of customers or deals": len(_listed_ids(items, known.ids)),
            "names, addresses or numbers of customers": sum(text.lower() in known.texts for text in items),
        }
        if part.endswith(VOCABULARY):
            found["terms with a name"] = sum(not known.names.isdisjoint(text.split()) for text in items)
        yield from ((part, f"{times:,} {what}") for what, times in found.items() if times)


def mask_names(macro: Path) -> frozenset[str]:
    """The names that the mask of notes hides in small letters too, out of its macro; none where it is not there."""
    if not macro.exists():
        return frozenset()
    source = macro.read_text(encoding="utf-8")

    def listed(variable: str) -> set[str]:
        found = re.search(rf"set {variable} =(.*?)-%}}", source, re.DOTALL)
        return set("".join(re.findall(r'"([^"]*)"', found[1])).lower().split("|")) if found else set()

    return frozenset((listed("given_names") | listed("surnames")) - listed("words"))


def _from_before(table: str, rows: Sequence[Mapping[str, Any]], erased_at: datetime | None) -> Iterator[str]:
    """Weights that were trained before the last erasure, of a model that learns from rows of customers."""
    if erased_at is None or table not in CUSTOMER_FITS:
        return
    for row in rows:
        if row["weights"] and row["fitted_at"] < erased_at + timedelta(seconds=1):
            yield f"{table} {row['model_version']} was made before customers were erased"


def _listed_ids(items: set[str], ids: frozenset[str]) -> set[str]:
    """Ids among texts; those that are short or mere numbers count where most of the texts are ids."""
    hits = items & ids
    plain = {text for text in hits if len(text) < LEAST_ID or text.isdigit()}
    if len(hits) >= LEAST_LISTED and 2 * len(hits) > len(items):
        return hits
    return hits - plain


def _strings(text: str) -> Iterator[str]:
    """The texts in a column: those in its JSON, or the column itself."""
    try:
        yield from _leaves(json.loads(text))
    except ValueError:
        yield text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
