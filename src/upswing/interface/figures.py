"""Figures as text, for a page, a report or the description of a chart."""

from __future__ import annotations

from datetime import date, datetime

MISSING = "-"
"""What stands where there is no figure."""


def count(value: float | None) -> str:
    """A number without decimals: 12,345."""
    return MISSING if value is None else f"{value:,.0f}"


def amount(value: float | None, decimals: int = 2) -> str:
    """A number with decimals: 12,345.60."""
    return MISSING if value is None else f"{value:,.{decimals}f}"


def percent(value: float | None, decimals: int = 0) -> str:
    """A share from 0 to 1 as percent: 12 %."""
    return MISSING if value is None else f"{100 * value:.{decimals}f} %"


def day(value: date | datetime | None) -> str:
    """A day: 2017-12-31."""
    return MISSING if value is None else f"{value:%Y-%m-%d}"
