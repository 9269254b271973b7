"""Errors that the user can mend, told in words alone."""

from __future__ import annotations

from importlib.util import find_spec
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


def require_extra(extra: str, *packages: str) -> None:
    """Check that an extra of Upswing is installed, before what needs it begins.

    Args:
        extra: as in pyproject.toml, which is also the part that ``make install PART=…`` installs.
        packages: names that Python imports.

    Raises:
        UserError: one of the packages is missing; the message names the commands that install it.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise UserError(
            f"this needs {', '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not installed; "
            f"run `make install PART={extra}`, or `pip install 'upswing[{extra}]'`"
        )
