"""The pictures of the page of sales: the market, prices and stock."""

from __future__ import annotations

from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures, theme
from upswing.interface.words import Words

NAMES = alt.Axis(grid=False, ticks=False, domain=False)
"""The axis on which rows have their names."""

POSITIONS = ("cheaper", "level", "dearer", "not compared lately")

TO_ORDER = ("stock_out", "reorder_now")


def market_growth(data: pa.Table, words: Words) -> Any:
    """The growth of the greatest categories with the interval of 95 %, the direction told by shape.

    Args:
        data: what ``market_answers.market_growth`` finds; the first 20 rows are drawn.
        words: of the room ``sales``.
    """
    rows = [row for row in data.slice(0, 20).to_pylist() if row["growth"] is not None]
    kinds = {kind: words(f"market_growth.{kind}") for kind in ("growing", "shrinking", "neither")}
    states = [kinds[_heading(row["direction"])] for row in rows]
    shown = pa.Table.from_pylist(rows, schema=data.schema).append_column("state", pa.array(states, pa.string()))
    base = alt.Chart(shown).encode(
        y=alt.Y("category:N", sort=None, title=None, axis=NAMES),
        tooltip=[
            alt.Tooltip("category:N", title=words.column("category")),
            alt.Tooltip("growth:Q", title=words.column("growth"), format="+.0%"),
            alt.Tooltip("growth_lower_95:Q", title=words.column("growth_lower_95"), format="+.0%"),
            alt.Tooltip("growth_upper_95:Q", title=words.column("growth_upper_95"), format="+.0%"),
            alt.Tooltip("state:N", title=words.column("direction")),
        ],
    )
    domain = list(kinds.values())
    growth = alt.X("growth:Q", title=words("market_growth.axis"), axis=alt.Axis(format="+.0%", tickCount=10))
    return theme.finished(
        alt.layer(
            _at_zero(),
            base.mark_rule(color=theme.GREY, strokeWidth=2).encode(x="growth_lower_95:Q", x2="growth_upper_95:Q"),
            base.mark_point(filled=True, size=90, opacity=1).encode(
                x=growth,
                shape=alt.Shape(
                    "state:N", scale=alt.Scale(domain=domain, range=["triangle-up", "triangle-down", "circle"])
                ),
                color=alt.Color(
                    "state:N", scale=alt.Scale(domain=domain, range=[theme.GREEN, theme.VERMILLION, theme.BLUE])
                ),
            ),
        ),
        words(
            "market_growth.described",
            categories=len(rows),
            growing=sum(state == kinds["growing"] for state in states),
            shrinking=sum(state == kinds["shrinking"] for state in states),
            first=rows[0]["category"] if rows else figures.MISSING,
            growth=figures.percent(rows[0]["growth"] if rows else None),
        ),
        height=60 + 24 * max(1, len(rows)),
    )


def positions(data: pa.Table, words: Words) -> Any:
    """The share of our products that are cheaper, level or dearer than each competitor's.

    Args:
        data: what ``market_answers.positions`` finds.
        words: of the room ``sales``.
    """
    rows = data.to_pylist()
    states = [words.value("our_position", position) for position in POSITIONS]
    shown = (
        data.append_column(
            "state", pa.array([words.value("our_position", row["our_position"]) for row in rows], pa.string())
        )
        .append_column("place", pa.array([POSITIONS.index(row["our_position"]) for row in rows], pa.int32()))
        .append_column("told", pa.array([figures.percent(row["product_share"]) for row in rows], pa.string()))
    )
    share = alt.X(
        "product_share:Q",
        stack="zero",
        title=words.column("product_share"),
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart(shown).encode(
        y=alt.Y("competitor:N", title=None, axis=NAMES),
        order=alt.Order("place:Q"),
        tooltip=[
            alt.Tooltip("competitor:N", title=words("positions.competitor")),
            alt.Tooltip("state:N", title=words.column("our_position")),
            alt.Tooltip("products:Q", title=words.column("products"), format=",.0f"),
            alt.Tooltip("product_share:Q", title=words.column("product_share"), format=".0%"),
        ],
    )
    dearer = {row["competitor"]: row["product_share"] for row in rows if row["our_position"] == "dearer"}
    return theme.finished(
        alt.layer(
            base.mark_bar(stroke="white").encode(
                x=share,
                color=alt.Color(
                    "state:N",
                    scale=alt.Scale(domain=states, range=[theme.SKY, "#dddddd", theme.ORANGE, "#f4f4f4"]),
                ),
            ),
            base.transform_filter("datum.product_share > 0.05")
            .mark_text(align="right", dx=-6, color="black")
            .encode(x=share, detail="state:N", text="told:N"),
        ),
        words(
            "positions.described",
            competitors=len({row["competitor"] for row in rows}),
            told="; ".join(f"{name} {figures.percent(part)}" for name, part in sorted(dearer.items()))
            or figures.MISSING,
        ),
        height=70 + 44 * max(1, len({row["competitor"] for row in rows})),
    )


def elasticities(data: pa.Table, words: Words) -> Any:
    """The price elasticity of the products with the most revenue, with the interval of 95 %.

    Args:
        data: what ``market_answers.elasticities`` finds; the first 15 rows are drawn.
        words: of the room ``sales``.
    """
    rows = data.slice(0, 15).to_pylist()
    names = [f"{row['product_name'] or ''} ({row['product_id']})".strip() for row in rows]
    kinds = {kind: words(f"elasticities.{'told' if kind else 'chance'}") for kind in (True, False)}
    states = [kinds[bool(row["is_significant"])] for row in rows]
    shown = (
        pa.Table.from_pylist(rows, schema=data.schema)
        .append_column("name", pa.array(names, pa.string()))
        .append_column("state", pa.array(states, pa.string()))
    )
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=NAMES),
        tooltip=[
            alt.Tooltip("name:N", title=words.column("product_name")),
            alt.Tooltip("elasticity:Q", title=words.column("elasticity"), format=".2f"),
            alt.Tooltip("lower_95:Q", title=words.column("lower_95"), format=".2f"),
            alt.Tooltip("upper_95:Q", title=words.column("upper_95"), format=".2f"),
            alt.Tooltip("verdict:N", title=words.column("verdict")),
        ],
    )
    domain = list(kinds.values())
    most = min(zip(rows, names, strict=True), key=lambda each: float(each[0]["elasticity"]), default=None)
    return theme.finished(
        alt.layer(
            _at_zero(),
            base.mark_rule(color=theme.GREY, strokeWidth=2).encode(x="lower_95:Q", x2="upper_95:Q"),
            base.mark_point(filled=True, size=90, opacity=1).encode(
                x=alt.X("elasticity:Q", title=words("elasticities.axis"), axis=alt.Axis(tickCount=10)),
                shape=alt.Shape("state:N", scale=alt.Scale(domain=domain, range=["diamond", "circle"])),
                color=alt.Color("state:N", scale=alt.Scale(domain=domain, range=[theme.BLUE, theme.GREY])),
            ),
        ),
        words(
            "elasticities.described",
            products=len(rows),
            told=sum(state == kinds[True] for state in states),
            most=most[1] if most else figures.MISSING,
            elasticity=figures.amount(most[0]["elasticity"] if most else None),
        ),
        height=60 + 26 * max(1, len(rows)),
    )


def stock_status(data: pa.Table, words: Words) -> Any:
    """How many products stand how, those to order marked.

    Args:
        data: what ``market_answers.stock_status`` finds.
        words: of the room ``sales``.
    """
    rows = data.to_pylist()
    to_order, other = words("stock_status.to_order"), words("stock_status.other")
    shown = data.append_column(
        "name", pa.array([words.value("status", row["status"]) for row in rows], pa.string())
    ).append_column("state", pa.array([to_order if row["status"] in TO_ORDER else other for row in rows], pa.string()))
    room = alt.Scale(domain=[0, 1.15 * max((row["products"] for row in rows), default=1)], nice=False)
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=NAMES),
        x=alt.X("products:Q", title=words.column("products"), scale=room, axis=alt.Axis(tickCount=8, format=",.0f")),
        tooltip=[
            alt.Tooltip("name:N", title=words.column("status")),
            alt.Tooltip("products:Q", title=words.column("products"), format=",.0f"),
            alt.Tooltip("order_value:Q", title=words.column("order_value"), format=",.0f"),
            alt.Tooltip("money_tied_up:Q", title=words.column("money_tied_up"), format=",.0f"),
        ],
    )
    colours = alt.Scale(domain=[to_order, other], range=[theme.VERMILLION, "#b5b5b5"])
    ordered = [row for row in rows if row["status"] in TO_ORDER]
    return theme.finished(
        alt.layer(
            base.mark_bar().encode(color=alt.Color("state:N", scale=colours)),
            base.mark_text(align="left", dx=4, color="#333333").encode(text=alt.Text("products:Q", format=",.0f")),
        ),
        words(
            "stock_status.described",
            products=figures.count(sum(row["products"] for row in rows)),
            ordered=figures.count(sum(row["products"] for row in ordered)),
            value=figures.count(sum(row["order_value"] for row in ordered)),
        ),
        height=60 + 30 * max(1, len(rows)),
    )


def _heading(direction: str | None) -> str:
    for kind in ("growing", "shrinking"):
        if (direction or "").startswith(kind):
            return kind
    return "neither"


def _at_zero() -> Any:
    return alt.Chart(pa.table({"zero": [0.0]})).mark_rule(color="#8c8c8c", strokeDash=[2, 2]).encode(x="zero:Q")
