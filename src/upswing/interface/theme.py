"""How charts look: colours that the colour-blind tell apart, one size of type, a text beside each picture."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

import altair as alt

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK = (
    "#065586",
    "#C98500",
    "#118D4C",
    "#AF3A00",
    "#BC7CB6",
    "#0B97FF",
    "#F0E442",
    "#000000",
)
GREY = "#767676"
"""For what is not the point; dark enough to be read on white (4.5 to 1)."""

COLOURS = [BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY]
"""The hues of Okabe and Ito, "Color Universal Design" (2008), made darker until each stands out from white by 3 to 1,
and moved until those who see no red, no green or no blue tell any two of them apart better than the originals."""

SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]
"""Beside a colour, so that no meaning hangs on colour alone."""

DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]

HEIGHT = 300
"""Pixels of a chart, unless it says otherwise."""

CHART_CONFIG: dict[str, Any] = {
    "font": "Source Sans, Noto Sans, Noto Sans CJK SC, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "gridColor": "#e6e6e6",
        "domainColor": "#8c8c8c",
        "tickColor": "#8c8c8c",
        "labelColor": "#333333",
        "titleColor": "#333333",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 260,
    },
    "legend": {"orient": "top", "title": None, "labelFontSize": 12, "symbolSize": 90, "labelLimit": 320},
    "range": {"category": COLOURS, "symbol": SHAPES},
    "line": {"strokeWidth": 2.5},
    "point": {"filled": True, "size": 60},
    "bar": {"cornerRadiusEnd": 2},
}


RISING_LINE = (
    '<path d="M2 18 L9 11 L13 14 L21 5" fill="none" stroke="#065586" stroke-width="3" stroke-linejoin="round"/>'
    '<path d="M15 4 L22 4 L22 11" fill="none" stroke="#065586" stroke-width="3"/>'
)

ICON = f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">{RISING_LINE}</svg>'
"""Of the tab; a named icon would be fetched from Google."""

LOGO = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="110" height="24" viewBox="0 0 110 24">{RISING_LINE}'
    '<text x="30" y="18" font-family="sans-serif" font-size="18" font-weight="600" fill="#1f2328">Upswing</text></svg>'
)

PAGE_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 3.75rem 2.5rem 3rem; }
.st-key-language { position: fixed; top: .55rem; right: 1rem; width: auto; z-index: 999991; }
[class*="st-key-figures_"] {
    display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
}
[class*="st-key-figures_"] > * { width: 100% !important; height: 100%; }
[data-testid="stMetric"] { height: 100%; }
[data-testid="stMetric"] > div { padding: .7rem .9rem; }
[data-testid="stMetricLabel"] p, [data-testid="stMetricLabel"] div { white-space: normal; }
[data-testid="stCaptionContainer"] { opacity: 1; }
[data-testid="stCaptionContainer"] p, [data-testid="stMetricLabel"] p { color: #57606a; }
:focus-visible { outline: 2px solid #065586 !important; outline-offset: 2px; }
@media (max-width: 640px) { [data-testid="stMainBlockContainer"] { padding: 3.75rem 1rem 2rem; } }
</style>"""
"""What Streamlit's own settings of the theme do not reach."""


def finished(chart: Any, description: str, *, height: int = HEIGHT) -> Any:
    """A chart in the house's looks, as wide as its place, that a screen reader reads out as ``description``."""
    return chart.properties(width="container", height=height, description=description).configure(**CHART_CONFIG)


def at_width(chart: Any, width: int) -> Any:
    """A copy of a finished chart that is ``width`` pixels wide, for a file."""
    return chart.properties(width=width)


def picture(chart: Any, file_format: str, *, width: int = 760) -> bytes:
    """A finished chart as a file.

    Args:
        chart: what ``finished`` made.
        file_format: png or svg.
        width: pixels; of a PNG twice as many are drawn.
    """
    drawn = BytesIO() if file_format == "png" else StringIO()
    options = {"scale_factor": 2} if file_format == "png" else {}
    with alt.data_transformers.enable("default", max_rows=None):
        at_width(chart, width).save(drawn, format=file_format, **options)
    return drawn.getvalue() if isinstance(drawn, BytesIO) else drawn.getvalue().encode()
