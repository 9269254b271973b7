"""A report as a file: HTML that asks nobody for anything, and PDF by typst."""

from __future__ import annotations

import json
import os
import re
import tempfile
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from upswing.interface import figures
from upswing.interface.report.document import Grid, Report, Section
from upswing.interface.words import Words
from upswing.user_errors import UserError

LATIN = "Libertinus Serif"
"""Comes with typst: English looks the same on every machine."""

CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "SimSun",
)
"""Families that hold simplified Chinese, the first one found is taken."""

LANGUAGE_TAGS = {"en": ("en", None), "zh": ("zh", "CN")}
SHORT_TEXT = 14
"""Characters up to which a text column of the PDF is as wide as its text, instead of sharing what is left."""


class NoFontError(UserError):
    """No font on this machine holds the language of the report."""


def file_name(report: Report, file_format: str) -> str:
    """``upswing_week_<day of the data>_<language>.<format>``."""
    day = "undated" if report.as_of is None else figures.day(report.as_of)
    return f"upswing_week_{day}_{report.language}.{file_format}"


def as_html(report: Report) -> bytes:
    """One HTML file with its style and its pictures inside; the rows of the marts are escaped."""
    from jinja2 import Environment, StrictUndefined

    words = Words(report.language, "report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    template = environment.from_string(_own("report.html.j2").decode())
    language, region = LANGUAGE_TAGS[report.language]
    return template.render(
        report=report,
        words=words,
        lang=f"{language}-{region}" if region else language,
        day=figures.day(report.as_of),
        published=_moment(report),
        joint=_joint(report),
    ).encode()


def as_pdf(report: Report, *, fonts: list[str] | None = None) -> tuple[bytes, list[str]]:
    """Tagged pages with bookmarks, language, title and a text for each picture, and what is to be known of them.

    They hold to PDF/UA-1, unless a letter in the data (of another script, or a picture in a name) is in no font
    here: such a letter is a box, and that is told.

    Args:
        report: what to write.
        fonts: families, the first one first; by default those that ``fonts_for`` finds.

    Raises:
        NoFontError: the report is in Chinese and no font on this machine holds that.
    """
    import typst

    families = fonts or fonts_for(report.language)
    # A dict of files is what typst documents; its type stubs know of one file alone.
    sources: Any = {"main": _own("report.typ"), **_typst_data(report, families)}
    moment = (report.published_at or datetime(1970, 1, 1)).replace(microsecond=0, tzinfo=UTC)
    try:
        return bytes(typst.compile(sources, format="pdf", pdf_standards=["ua-1"], timestamp=moment)), []
    except typst.TypstError as wrong:
        if "could not be displayed" not in str(wrong):
            raise
        return bytes(typst.compile(sources, format="pdf", timestamp=moment)), [f"a letter is in no font here: {wrong}"]


def fonts_for(language: str) -> list[str]:
    """The families of a language's pages that stand on this machine.

    Raises:
        NoFontError: none holds Chinese, and the language is Chinese.
    """
    import typst

    known = set(typst.Fonts().families())
    chinese = [family for family in CHINESE if family in known][:1]
    if language == "zh" and not chinese:
        raise NoFontError(
            "no PDF is written, for no font for Chinese was found: install one (Debian: apt-get install "
            "fonts-noto-cjk), or take --format html"
        )
    return [*chinese, LATIN] if language == "zh" else [LATIN, *chinese]


def write(content: bytes, file: Path) -> None:
    """Put a file in its place whole, so that nobody reads half of it.

    Raises:
        OSError: the folder cannot be made or written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(content)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _own(name: str) -> bytes:
    return (files("upswing.interface.report") / name).read_bytes()


def _moment(report: Report) -> str:
    return "" if report.published_at is None else f"{report.published_at:%Y-%m-%d %H:%M}"


def _joint(report: Report) -> str:
    """What stands between two sentences."""
    return "" if report.language == "zh" else " "


def _typst_data(report: Report, fonts: list[str]) -> dict[str, bytes]:
    """The files that report.typ reads: its data as JSON, and the pictures."""
    words = Words(report.language, "report")
    language, region = LANGUAGE_TAGS[report.language]
    moment = _moment(report)
    data: dict[str, Any] = {
        "title": report.title,
        "subtitle": report.subtitle,
        "day": figures.day(report.as_of),
        "published": words("published", when=moment) if moment else "",
        "lang": language,
        "region": region,
        "fonts": fonts,
        "page": words("page"),
        "contents": words("contents"),
        "figures": [{"label": label, "text": text} for label, text in report.figures],
        "summary": [
            {"key": key, "title": title, "text": _joint(report).join(told)} for key, title, told in report.summary
        ],
        "sections": [_typst_section(section, _joint(report)) for section in report.sections],
        "notes": report.notes,
    }
    pictures = {
        f"{section.key}.svg": _in_fonts(section.picture.svg, fonts).encode()
        for section in report.sections
        if section.picture is not None
    }
    return {"report.json": json.dumps(data).encode(), **pictures}


def _typst_section(section: Section, joint: str) -> dict[str, Any]:
    picture = section.picture
    return {
        "key": section.key,
        "title": section.title,
        "lead": section.sentences[0],
        "text": joint.join(section.sentences[1:]),
        "picture": picture
        and {"file": f"{section.key}.svg", "description": picture.description, "caption": picture.caption},
        "grids": [vars(grid) | {"widths": _widths(grid)} for grid in section.grids],
        "notes": section.notes,
    }


def _widths(grid: Grid) -> list[int]:
    """Of each column 0 (as wide as its text), or its share of what is left: by its longest text, within limits."""
    longest = [max(map(len, texts)) for texts in zip(*grid.rows, strict=True)]
    return [
        0 if is_figure or length <= SHORT_TEXT else min(max(length, 20), 70)
        for length, is_figure in zip(longest, grid.is_figure, strict=True)
    ]


def _in_fonts(svg: str, fonts: list[str]) -> str:
    """A picture in the fonts of the page; those that a browser would look for may be nowhere on this machine."""
    families = ", ".join(fonts)
    return re.sub(r'font-family="[^"]*"', f'font-family="{families}"', svg)
