"""Messages as the business writes them, text with names of values in braces: read and checked before any is sent."""

from __future__ import annotations

import string
from dataclasses import dataclass

import pyarrow as pa

from upswing.user_errors import UserError

LANGUAGES = ("en", "zh")

PLACEHOLDERS = (
    "product_name",
    "category",
    "product_price",
    "offer_price",
    "discount_percent",
    "ends_on",
    "action_name",
    "target_name",
)
"""Values that a message may name; one that a push does not have stops the build."""

OF_PRODUCT = frozenset({"product_name", "category", "product_price", "offer_price"})
"""Those that no push has whose action chooses no product."""


@dataclass(frozen=True)
class PushParameters:
    """How customers are written to.

    Attributes:
        language: of the messages, one of :data:`LANGUAGES`.
    """

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UserError(f"var message_language is {self.language!r}; expected one of {', '.join(LANGUAGES)}")


@dataclass(frozen=True)
class Template:
    """A message that was read.

    Attributes:
        action_id: the action whose message it is.
        column: the column of the seed marketing_actions that holds it.
        parts: text and names of values, in turn: (text, name), the name None after the last text.
    """

    action_id: str
    column: str
    parts: tuple[tuple[str, str | None], ...]

    @property
    def names(self) -> frozenset[str]:
        """The values that it names."""
        return frozenset(name for _text, name in self.parts if name is not None)

    @property
    def where(self) -> str:
        """Where to mend it."""
        return f"seeds/marketing_actions.csv, action {self.action_id}, column {self.column}"


def read_template(message: str | None, action_id: str, column: str) -> Template:
    """A message as text and names of values; two braces stand for one.

    Raises:
        UserError: naming the action and the column, where there is no message, a brace is left open, or a value is
            named that does not exist.
    """
    template = Template(action_id, column, ())
    if message is None or not message.strip():
        raise UserError(f"{template.where}: there is no message; write one, or set var message_language to another")
    try:
        parsed = list(string.Formatter().parse(message))
    except ValueError as wrong:
        raise UserError(
            f"{template.where}: {wrong} in {message!r}; names stand in braces, as {{product_name}}"
        ) from None
    parts = []
    for text, name, given_format, conversion in parsed:
        if name is not None and (name not in PLACEHOLDERS or given_format or conversion):
            asked = name + (f"!{conversion}" if conversion else "") + (f":{given_format}" if given_format else "")
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise UserError(f"{template.where}: {{{asked}}} is not known; expected one of {known}")
        parts.append((text, name))
    return Template(action_id, column, tuple(parts))


def read_templates(strategies: pa.Table, parameters: PushParameters) -> dict[str, Template]:
    """The message of each active strategy, by its id.

    Args:
        strategies: a row a strategy: strategy_id, action_id, is_active, product_choice, message_en, message_zh.
        parameters: the language.

    Raises:
        UserError: where a message cannot be read, or names a product although its action chooses none.
    """
    column = f"message_{parameters.language}"
    columns = ["strategy_id", "action_id", "is_active", "product_choice", column]
    needed = strategies.select(columns).sort_by("strategy_id").to_pylist()
    read: dict[tuple[str, str | None], Template] = {}
    templates = {}
    for row in needed:
        if row["is_active"]:
            key = (row["action_id"], row[column])
            if key not in read:
                read[key] = read_template(row[column], row["action_id"], column)
            template = templates[row["strategy_id"]] = read[key]
            if row["product_choice"] == "none" and template.names & OF_PRODUCT:
                named = ", ".join(f"{{{name}}}" for name in sorted(template.names & OF_PRODUCT))
                raise UserError(
                    f"{template.where}: {named} named, but product_choice is none; expected recommended or matched"
                )
    return templates
