"""Cells of a CSV file that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a cell for a formula by; the last four are the full-width ones."""

NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)*([eE][-+]?[0-9]+)?( ?%)?")
"""Begins like a formula, but can compute nothing."""


def neutral(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such text, but a number, begins with an apostrophe."""
    is_formula = isinstance(cell, str) and cell.lstrip(" \xa0\ufeff").startswith(FORMULA_STARTS)
    return f"'{cell}" if is_formula and not NUMBER.fullmatch(cell) else cell
