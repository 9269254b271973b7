"""How many of the persons named in free text the mask finds, and how much else it takes for a name.

Measured on the phrases of the sample's visits, whose author knew nothing of the mask, in English and Chinese; and on
letters in English, German and Chinese that name people with a title, with an introduction, and with nothing at all. The
peer is the rule that comes to mind first: a title and the capitalised word, or the surname, beside it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
from _named_notes import NAME, NamedNote, letters, sample_notes
from _report import Figure, judged, show

MACROS = [Path(__file__).parent.parent / "macros" / name for name in ("listed_names.sql", "masked_text.sql")]
TITLES = (r"((?:Mr|Mrs|Ms|Dr|Herrn?|Frau)\.? )[A-Z]\w+", rf"\1{NAME}")
CHINESE_TITLES = (r"[王李张刘陈杨黄赵周吴](先生|女士|经理)", rf"{NAME}\1")
GOAL_PRECISION = 0.95
MEGABYTES = 20


@dataclass(frozen=True)
class Found:
    """What a mask found.

    Attributes:
        recall: of the names, the share of which nothing is left.
        precision: of the markers, the share that stands for a name.
        exact: of the notes, the share in which the names, and they alone, are masked.
    """

    recall: float
    precision: float
    exact: float


def masked_text_sql(column: str, is_prose: bool = True) -> str:
    """The macro as DuckDB runs it, for notes or for what customers look for."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    forms: dict[str, Any] = {}
    environment.globals["adapter"] = SimpleNamespace(
        dispatch=lambda name, _package: lambda *given: forms[f"duckdb__{name}"](*given)
    )
    for file in MACROS:
        forms.update(vars(environment.from_string(file.read_text(encoding="utf-8")).module))
        environment.globals |= forms
    return str(forms["masked_text"](column, is_prose)).strip()


def plain_sql(column: str) -> str:
    """The peer."""
    for pattern, marker in (TITLES, CHINESE_TITLES):
        column = f"regexp_replace({column}, '{pattern}', '{marker}', 'g')"
    return column


def masked(texts: list[str], sql: str) -> list[str]:
    """The texts behind the mask, in their order."""
    rows = duckdb.execute(f"select {sql} from (select unnest($1::varchar[]) as x)", [texts]).fetchall()
    return [row[0] for row in rows]


def found(notes: list[NamedNote], sql: str) -> Found:
    """How a mask does on notes."""
    texts = masked([note.text for note in notes], sql)
    names = hits = markers = right = exact = 0
    for note, text in zip(notes, texts, strict=True):
        gone = sum(all(word not in text for word in _words(name)) for name in note.names)
        seen = text.count(NAME)
        names, hits, markers, right = names + len(note.names), hits + gone, markers + seen, right + min(gone, seen)
        exact += text == note.masked
    return Found(hits / names, right / max(markers, 1), exact / len(notes))


def _words(name: str) -> list[str]:
    return [word for word in name.split() if len(word) > 3 or not word.islower()]


def missed(notes: list[NamedNote], sql: str) -> list[tuple[str, str]]:
    """The notes that are not masked as they should be, before and behind the mask."""
    texts = masked([note.text for note in notes], sql)
    return [(note.text, text) for note, text in zip(notes, texts, strict=True) if text != note.masked]


def main() -> list[Figure]:
    """Figures of the mask beside the plain rule."""
    rows = []
    groups = {
        "visits of the sample, English": sample_notes("en"),
        "visits of the sample, Chinese": sample_notes("zh"),
        "letters, three languages": letters(),
    }
    for group, notes in groups.items():
        ours, peer = found(notes, masked_text_sql("x")), found(notes, plain_sql("x"))
        named = sum(len(note.names) for note in notes)
        rows.append(
            Figure(
                f"names masked, {group}: recall of {named:,} names, precision, notes exact",
                f"{ours.recall:.1%}, {ours.precision:.1%}, {ours.exact:.1%}",
                f"title and word: {peer.recall:.1%}, {peer.precision:.1%}, {peer.exact:.1%}",
                f"{ours.recall / max(peer.recall, 0.001):.1f}",
                f"precision of at least {GOAL_PRECISION:.0%}",
                judged(ours.precision >= GOAL_PRECISION),
            )
        )
        if "--missed" in sys.argv:
            for before, behind in dict(missed(notes, masked_text_sql("x"))).items():
                print(f"{before!r}\n    {behind!r}")
    texts = [note.text for notes in groups.values() for note in notes]
    texts *= MEGABYTES * 1_000_000 // sum(len(text.encode()) for text in texts)
    started = time.process_time()
    masked(texts, masked_text_sql("x"))
    seconds = time.process_time() - started
    rows.append(
        Figure(
            f"{MEGABYTES} MB of notes masked, processor time",
            f"{seconds:.1f} s",
            "",
            "",
            f"under {MEGABYTES} s",
            judged(seconds < MEGABYTES),
        )
    )
    return rows


if __name__ == "__main__":
    show(main())
