"""Names and texts that try to be more than text, in every mart, and what a page makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from markdown_it import MarkdownIt
from markdown_it.token import Token
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from upswing.interface.plain import NULL

ELSEWHERE = "evil.example"

HOSTILE = (
    f"![a](http://{ELSEWHERE}/a.png)",
    f"<img src=//{ELSEWHERE}/b.png onerror=alert(1)>",
    f"<script>fetch('//{ELSEWHERE}')</script>",
    f"[a](//{ELSEWHERE}) http://{ELSEWHERE} www.{ELSEWHERE} me@{ELSEWHERE}",
    "$x^2$ :red[a] :material/home: :smile: a -> b",
    "**a** _b_ ~~c~~ `d` | &lt; \\",
    "=HYPERLINK(1)",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\u202eright to left",
    "- one\n\n# two\r\n    three",
    "x" * 300,
)
"""Pictures, HTML, links, formulas of both kinds, directives, another direction, lines, length."""

FREE_TEXTS = (
    *("product_id", "analog_product_id", "similar_product_id", "top_product_id", "antecedent", "consequent"),
    *("product_name", "analog_product_name", "similar_product_name", "antecedent_name", "consequent_name"),
    *("category", "similar_category", "subcategory", "brand", "package_size", "package_unit", "product_text"),
    *("store_id", "favourite_store_id", "supplier_id", "owner_id", "sales_rep_id", "opportunity_id", "visit_id"),
    *("customer_id", "age_band", "gender", "income_band", "household_size", "region", "portrait", "top_categories"),
    *("campaign_id", "campaign_name", "action_name", "message", "subject_id", "subject_name", "top_words"),
    *("reason", "reasons", "top_reasons", "churn_reasons", "purchase_reasons", "uplift_reasons", "cause_evidence"),
    *("verdict", "competitor_verdict", "note", "rejection_reason", "refit_reason", "conditions", "failed_nodes"),
    *("expectation", "observed", "owner", "dbt_command", "segment_name", "previous_segment_name", "target_name"),
)
"""Columns in which a delivery, a seed or a sentence made of both is published."""

READ_LATER = re.compile(
    r":material[_/]\w+:|:streamlit:|:[\w+-]+:|https?://|www\.|[\w.+-]@[\w-]|(^|\s)(<->|->|<-|--|[<>~]=)(\s|$)",
    re.IGNORECASE,
)
"""What Streamlit looks for in each text that Markdown leaves it."""

TEXT_ALONE = {"text", "softbreak", "hardbreak", "strong_open", "strong_close", "code_inline"}


def made_hostile(marts: Path, folder: Path) -> Path:
    """A copy of published marts in which each free text begins with one of ``HOSTILE``, the same text with the same."""
    file = folder / "marts.duckdb"
    with duckdb.connect(str(file)) as copy:
        copy.execute(f"attach '{marts}' as published (read_only)")
        copy.execute("set variable hostile = $1", [list(HOSTILE)])
        copy.execute(
            "create temp macro worse(text) as "
            f"getvariable('hostile')[1 + cast(hash(text) % {len(HOSTILE)} as bigint)] || ' ' || text"
        )
        for (mart,) in copy.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall():
            texts = copy.execute(
                "select column_name from duckdb_columns() where database_name = 'published' and table_name = ? "
                "and data_type = 'VARCHAR'",
                [mart],
            ).fetchall()
            worse = [f"worse({name}) as {name}" for (name,) in texts if name in FREE_TEXTS]
            # Reasons as codes are worded in the language of the page; without them the sentence of the mart is shown.
            worse += [
                f"case when hash({name}) % 2 = 0 then {name} end as {name}"
                for (name,) in texts
                if name.endswith("_codes")
            ]
            # A series is a product, a category of a store or one of the words of the code.
            worse += ["case when series_id like '%total%' then series_id else worse(series_id) end as series_id"] * (
                ("series_id",) in texts
            )
            replaced = f"replace ({', '.join(worse)})" if worse else ""
            copy.execute(f"create table {mart} as select * {replaced} from published.{mart}")
    return file


def read_as_markdown(page: AppTest) -> Iterator[str]:
    """Each text of a page that Streamlit reads as Markdown."""
    for kind in ("markdown", "caption", "title", "header", "subheader", "info", "warning", "error", "success"):
        yield from (str(element.value) for element in page.get(kind) if isinstance(element, Element))
    for metric in page.metric:
        yield from (metric.label, str(metric.value), metric.help)
    for labelled in (page.button, page.selectbox, page.text_input, page.expander, page.tabs):
        yield from (element.label for element in labelled)


def shown(markdown: str) -> str:
    """The text that a page shows of Markdown.

    Raises:
        AssertionError: it shows more than text.
    """
    parted = markdown.replace(NULL, "\x01")
    tokens = MarkdownIt("commonmark").enable(["strikethrough", "table"]).parse(parted)
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}, markdown
    inside = [child for token in tokens for child in token.children or []]
    assert {token.type for token in inside} <= TEXT_ALONE, markdown
    assert not re.search(r"(?<!\\)(\\\\)*\$", markdown), markdown
    assert not re.search(r"(?<!\\)(?<!:):\w+[\[{]", parted), markdown
    text = "".join(_text(token) for token in inside)
    assert not [part for part in text.split("\x01") if READ_LATER.search(part)], markdown
    return text.replace("\x01", "")


def _text(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content


def strings(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every string of a JSON with the names that lead to it, but for its rows of data."""
    if isinstance(part, dict):
        for name, inner in part.items():
            if name not in ("datasets", "values"):
                yield from strings(inner, (*path, name))
    elif isinstance(part, list):
        for inner in part:
            yield from strings(inner, path)
    elif isinstance(part, str):
        yield path, part
