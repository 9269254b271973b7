"""What is expected of the tables at the three borders, as code: a suite a table, an :class:`Expected` an expectation.

Nothing here loads Great Expectations; :mod:`upswing.quality.gate_live` makes its expectations of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warn"]

PERSONAL = frozenset(
    {"customer_id", "customer_feedback", "email", "feedback_text", "full_name", "latitude", "longitude", "phone"}
    | {"query", "raw_record", "visit_note"}
)
"""Columns of which no sample is ever shown, whatever stands in them."""


@dataclass(frozen=True)
class Expected:
    """One expectation of one table.

    Attributes:
        kind: ``rows``, ``not_null``, ``between``, ``in_set``, ``mean``, ``median``, ``distinct``, ``stdev``, each an
            expectation of Great Expectations' own; ``measure``, a figure by ``formula``; ``drift``, one by ``query``.
        words: what is expected, in words.
        column: the column it speaks of; None where it speaks of the table or of several columns.
        name: tells apart expectations of the same kind and column.
        minimum: least value, None for none; beyond the bounds is a warning.
        maximum: greatest value, None for none.
        mostly: the share of values that must keep it, 0 to 1 (``not_null``, ``between``, ``in_set``).
        error_minimum: below it, the failure is an error; None: never.
        error_maximum: above it, the failure is an error; None: never.
        error_mostly: below this share, the failure is an error; None: never.
        values: the accepted values (``in_set``).
        formula: an aggregate in the engine's SQL (``measure``).
        query: a query of one row with a column ``drift`` over ``{batch}`` (``drift``).
        broken: SQL condition of the rows that break it, for samples.
        unit: how figures are shown: ``number``, ``rows``, ``share``, ``day`` (days since 1970-01-01) or ``psi``.
    """

    kind: str
    words: str
    column: str | None = None
    name: str = ""
    minimum: float | None = None
    maximum: float | None = None
    mostly: float = 1.0
    error_minimum: float | None = None
    error_maximum: float | None = None
    error_mostly: float | None = None
    values: tuple[str, ...] = ()
    formula: str = ""
    query: str = ""
    broken: str | None = None
    unit: str = "number"

    @property
    def expectation_id(self) -> str:
        """Unique in the table, the same in each run."""
        return ".".join(part for part in (self.column, self.kind, self.name) if part)

    @property
    def severity(self) -> Severity:
        """What the worst failure of it would be."""
        bounds = (self.error_minimum, self.error_maximum, self.error_mostly)
        return "error" if any(bound is not None for bound in bounds) else "warn"

    def severity_of(self, observed: float | None) -> Severity:
        """How severe a failure is: ``observed`` is the figure, or the share of values that keep it, 0 to 1."""
        if observed is None:
            return "warn"
        below = self.error_minimum is not None and observed < self.error_minimum
        above = self.error_maximum is not None and observed > self.error_maximum
        few = self.error_mostly is not None and observed < self.error_mostly
        return "error" if below or above or few else "warn"


@dataclass(frozen=True)
class Suite:
    """What is expected of one table.

    Attributes:
        expectations: those that need nothing but the table.
        drift: columns whose distribution is compared with that of the last published run.
        keys: columns that name a row in a sample.
    """

    expectations: Sequence[Expected] = ()
    drift: Sequence[str] = ()
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Reference:
    """What the last published run knew of a table; empty where none was published.

    Attributes:
        values: figures by ``expectation_id``; ``rows`` is its number of rows.
        profiles: distributions of columns by ``expectation_id``, as JSON.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)


def not_null(column: str, mostly: float, error_mostly: float | None = None) -> Expected:
    """At least the share ``mostly`` of the rows have a value; below ``error_mostly`` it is an error."""
    words = f"{column} is known in at least {mostly:.0%} of the rows"
    return Expected(
        "not_null", words, column, mostly=mostly, error_mostly=error_mostly, broken=f"{column} is null", unit="share"
    )


def between(
    column: str, minimum: float | None, maximum: float | None, mostly: float, error_mostly: float | None = None
) -> Expected:
    """At least the share ``mostly`` of the values that are known lie within the bounds."""
    words = f"{column} is {_within(minimum, maximum)} in at least {mostly:.1%} of the rows that have it"
    conditions = [f"{column} < {minimum}"] if minimum is not None else []
    conditions += [f"{column} > {maximum}"] if maximum is not None else []
    return Expected(
        "between",
        words,
        column,
        minimum=minimum,
        maximum=maximum,
        mostly=mostly,
        error_mostly=error_mostly,
        broken=" or ".join(conditions),
        unit="share",
    )


def one_of(column: str, values: Sequence[str], mostly: float = 1.0) -> Expected:
    """At least the share ``mostly`` of the values that are known are among ``values``."""
    listed = ", ".join(f"'{value}'" for value in values)
    words = f"{column} is one of {', '.join(values)}" + (f" in at least {mostly:.1%} of the rows" if mostly < 1 else "")
    return Expected(
        "in_set",
        words,
        column,
        mostly=mostly,
        values=tuple(values),
        broken=f"{column} not in ({listed})",
        unit="share",
    )


def statistic(
    kind: Literal["mean", "median", "distinct", "stdev"],
    column: str,
    minimum: float | None = None,
    maximum: float | None = None,
    error_minimum: float | None = None,
    error_maximum: float | None = None,
) -> Expected:
    """The mean, median, number of distinct values or standard deviation of a column lies within the bounds."""
    named = {"distinct": "number of distinct values", "stdev": "standard deviation"}.get(kind, kind)
    return Expected(
        kind,
        f"the {named} of {column} is {_within(minimum, maximum)}",
        column,
        minimum=minimum,
        maximum=maximum,
        error_minimum=error_minimum,
        error_maximum=error_maximum,
        unit="rows" if kind == "distinct" else "number",
    )


def holds(name: str, words: str, condition: str, mostly: float, error_mostly: float | None = None) -> Expected:
    """At least the share ``mostly`` of the rows do not break ``condition``; where it is null it holds."""
    return Expected(
        "measure",
        words if mostly == 1 else f"{words}, in at least {mostly:.1%} of the rows",
        name=name,
        maximum=round(1 - mostly, 9),
        error_maximum=None if error_mostly is None else round(1 - error_mostly, 9),
        formula=f"coalesce(avg(case when not ({condition}) then 1.0 else 0.0 end), 0)",
        broken=f"not ({condition})",
        unit="share",
    )


def measures_query(expectations: Sequence[Expected]) -> str:
    """One query over ``{batch}`` for the figures of all expectations of the kind ``measure``: one scan for all."""
    measures = [expected for expected in expectations if expected.kind == "measure"]
    listed = ", ".join(f"{expected.formula} as {measure_name(expected)}" for expected in measures)
    return f"select {listed} from {{batch}}"


def measure_name(expected: Expected) -> str:
    """The column of a query that holds the figure of an expectation."""
    return "drift" if expected.kind == "drift" else expected.expectation_id.replace(".", "__")


def _within(minimum: float | None, maximum: float | None) -> str:
    if minimum is None:
        return f"at most {maximum:,g}"
    return f"at least {minimum:,g}" if maximum is None else f"between {minimum:,g} and {maximum:,g}"
