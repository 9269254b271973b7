"""The pictures of the page of the customers.

Rows go to Altair as tables: of a list it would check every row, which takes a second for two thousand.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from statistics import median
from typing import Any

import altair as alt
import pyarrow as pa

from upswing.interface import figures
from upswing.interface.theme import BLUE, COLOURS, GREY, ORANGE, SHAPES, VERMILLION, finished
from upswing.interface.words import Words

MAP_HEIGHT = 420
"""Pixels of the map of the segments."""


def segment_map(data: pa.Table, words: Words) -> Any:
    """Customers by how often they buy and how much at a time; colour, shape and a name in the middle tell the segment.

    Args:
        data: what ``answers.segments`` found, one row at least, by segment.
        words: of the customers.
    """
    customers = [{**row, "segment": _segment(row, words)} for row in data.to_pylist()]
    names = list(dict.fromkeys(row["segment"] for row in customers))
    middles = [
        {
            "segment": name,
            "customers": len(members),
            "orders_active": median(row["orders_active"] for row in members),
            "basket_active": median(row["basket_active"] for row in members),
        }
        for name, members in ((name, list(found)) for name, found in groupby(customers, lambda row: row["segment"]))
    ]
    x = alt.X(
        "orders_active:Q",
        title=words.column("orders_active"),
        scale=alt.Scale(type="log", nice=False, padding=32),
        axis=alt.Axis(values=[1, 2, 5, 10, 20, 50, 100, 200], format=",.0f"),
    )
    y = alt.Y(
        "basket_active:Q",
        title=words.column("basket_active"),
        scale=alt.Scale(type="log", nice=False, padding=32),
        axis=alt.Axis(values=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], format=",.0f"),
    )
    colour = alt.Color("segment:N", scale=alt.Scale(domain=names, range=COLOURS))
    points = (
        alt.Chart(pa.Table.from_pylist(customers))
        .mark_point(size=28, opacity=0.55)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape("segment:N", scale=alt.Scale(domain=names, range=SHAPES)),
            tooltip=[
                alt.Tooltip("customer_id:N", title=words.column("customer_id")),
                alt.Tooltip("segment:N", title=words.column("segment_name")),
                alt.Tooltip("orders_active:Q", title=words.column("orders_active"), format=",.0f"),
                alt.Tooltip("basket_active:Q", title=words.column("basket_active"), format=",.2f"),
                alt.Tooltip("revenue_active:Q", title=words.column("revenue_active"), format=",.2f"),
                alt.Tooltip("recency_days:Q", title=words.column("recency_days"), format=",.0f"),
            ],
        )
    )
    named = alt.Chart(pa.Table.from_pylist(middles)).encode(x=x, y=y, text="segment:N")
    halo = named.mark_text(fontSize=14, fontWeight="bold", stroke="white", strokeWidth=5, strokeOpacity=0.9)
    text = named.mark_text(fontSize=14, fontWeight="bold", color="#1f2328")
    told = words("list_separator").join(
        words(
            "segment_map.middle",
            segment=middle["segment"],
            orders=figures.count(middle["orders_active"]),
            basket=figures.count(middle["basket_active"]),
        )
        for middle in middles
    )
    description = words("segment_map.described", customers=figures.count(len(customers)), middles=told)
    return finished(points + halo + text, description, height=MAP_HEIGHT)


def _segment(row: dict[str, Any], words: Words) -> str:
    """The segment by number and name, for two segments may have one name."""
    return f"{row['segment_number']} {words.value('segment_name', row['segment_name'])}"


def segment_sizes(data: pa.Table, words: Words) -> Any:
    """Beside each other the share of the customers and of the revenue that each segment has.

    Args:
        data: what ``answers.segment_profiles`` found, one row at least.
        words: of the customers.
    """
    segments = data.to_pylist()
    columns = ("customer_share", "revenue_share")
    names = [words.column(column) for column in columns]
    bars = [
        {
            "segment": _segment(row, words),
            "kind": name,
            "share": row[column] or 0,
            "label": f"{name} {figures.percent(row[column], 1)}",
        }
        for row in segments
        for column, name in zip(columns, names, strict=True)
    ]
    base = alt.Chart(pa.Table.from_pylist(bars)).encode(
        y=alt.Y("segment:N", title=None, sort=[_segment(row, words) for row in segments], axis=alt.Axis(ticks=False)),
        yOffset=alt.YOffset("kind:N", sort=names),
        x=alt.X(
            "share:Q",
            title=None,
            axis=alt.Axis(format=".0%", tickCount=5),
            # Room for the words at the longest bar.
            scale=alt.Scale(
                domain=[0, 1.25 * max(row[column] or 0 for row in segments for column in columns) or 1], nice=False
            ),
        ),
        tooltip=[alt.Tooltip("segment:N", title=words.column("segment_name")), alt.Tooltip("label:N", title=" ")],
    )
    drawn = base.mark_bar().encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=names, range=[GREY, BLUE]), legend=None)
    )
    text = base.mark_text(align="left", dx=5, fontSize=12).encode(text="label:N")
    most = max(segments, key=lambda row: row["revenue_share"] or 0)
    description = words(
        "segment_sizes.described",
        segments=figures.count(len(segments)),
        customers=figures.count(sum(row["customers"] for row in segments)),
        segment=_segment(most, words),
        share=figures.percent(most["customer_share"]),
        revenue=figures.percent(most["revenue_share"]),
    )
    return finished(drawn + text, description, height=62 * max(len(segments), 2))


def churn_distribution(data: pa.Table, words: Words) -> Any:
    """How many active customers have which churn probability; those at risk are marked by colour and by a word.

    Args:
        data: what ``answers.churn_distribution`` found, one row at least.
        words: of the customers.
    """
    names = {False: words("churn.steady"), True: words("churn.at_risk")}
    found = data.to_pylist()
    last = max(round(20 * row["probability_from"]) for row in found)
    bands = [f"{5 * place}-{5 * place + 5} %" for place in range(last + 1)]
    bars = [
        {
            "band": bands[round(20 * row["probability_from"])],
            "customers": row["customers"],
            "revenue_at_risk": row["revenue_at_risk"],
            "standing": names[row["is_churn_risk"]],
        }
        for row in found
    ]
    risky = [bar for bar in bars if bar["standing"] == names[True]]
    of_band = Counter[str]()
    for bar in bars:
        of_band[bar["band"]] += bar["customers"]
    base = alt.Chart(pa.Table.from_pylist(bars)).encode(
        x=alt.X(
            "band:N",
            title=words.column("churn_probability"),
            scale=alt.Scale(domain=bands),
            axis=alt.Axis(labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y(
            "customers:Q",
            title=words.column("customers"),
            axis=alt.Axis(format=",.0f", tickCount=5),
            scale=alt.Scale(domain=[0, 1.1 * max(of_band.values())], nice=False),
        ),
    )
    drawn = base.mark_bar().encode(
        color=alt.Color("standing:N", scale=alt.Scale(domain=list(names.values()), range=[GREY, VERMILLION])),
        tooltip=[
            alt.Tooltip("standing:N", title=" "),
            alt.Tooltip("band:N", title=words.column("churn_probability")),
            alt.Tooltip("customers:Q", title=words.column("customers"), format=",.0f"),
            alt.Tooltip("revenue_at_risk:Q", title=words.column("revenue_at_risk"), format=",.0f"),
        ],
    )
    totals = [{"band": band, "customers": count, "label": figures.count(count)} for band, count in of_band.items()]
    text = (
        alt.Chart(pa.Table.from_pylist(totals))
        .mark_text(dy=-8, fontSize=12)
        .encode(x="band:N", y="customers:Q", text="label:N")
    )
    description = words(
        "churn.described",
        customers=figures.count(sum(bar["customers"] for bar in bars)),
        at_risk=figures.count(sum(row["customers"] for row in risky)),
        revenue=figures.count(sum(row["revenue_at_risk"] or 0 for row in risky)),
    )
    return finished(drawn + text, description)


def category_intents(data: pa.Table, words: Words) -> Any:
    """The customers expected to buy soon of each category, beside all who buy of it regularly.

    Args:
        data: what ``answers.category_intents`` found, one row at least.
        words: of the customers.
    """
    categories = [{**row, "label": figures.count(row["expected_buyers"])} for row in data.to_pylist()]
    base = alt.Chart(pa.Table.from_pylist(categories)).encode(
        y=alt.Y("category:N", title=None, sort=[row["category"] for row in categories], axis=alt.Axis(ticks=False)),
        tooltip=[
            alt.Tooltip("category:N", title=words.column("category")),
            alt.Tooltip("expected_buyers:Q", title=words.column("expected_buyers"), format=",.0f"),
            alt.Tooltip("regular_customers:Q", title=words.column("regular_customers"), format=",.0f"),
            alt.Tooltip("late_customers:Q", title=words.column("late_customers"), format=",.0f"),
        ],
    )
    drawn = base.mark_bar(color=BLUE).encode(
        x=alt.X("expected_buyers:Q", title=words("category_intents.axis"), axis=alt.Axis(format=",.0f", tickCount=5))
    )
    all_of_them = base.mark_tick(color=ORANGE, thickness=3, height=16).encode(x="regular_customers:Q")
    text = base.mark_text(align="left", dx=5, fontSize=12).encode(x="expected_buyers:Q", text="label:N")
    first = categories[0]
    description = words(
        "category_intents.described",
        category=first["category"],
        buyers=figures.count(first["expected_buyers"]),
        regular=figures.count(first["regular_customers"]),
    )
    return finished(drawn + all_of_them + text, description, height=26 * max(len(categories), 4))
