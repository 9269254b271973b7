"""Errors that the user can mend, told in words alone."""

from __future__ import annotations

from types import TracebackType


class UserError(ValueError):
    """A mistake that the user can mend; its message names what was expected and the setting that mends it.

    dbt prints whatever traceback an exception of a Python model has. This one has none to show: where in our code the
    mistake was noticed does not help who made it.
    """

    @property
    def __traceback__(self) -> TracebackType | None:
        return None

    @__traceback__.setter
    def __traceback__(self, _found: TracebackType | None) -> None:
        pass
