"""The messages of pushes: each template filled for all its rows at once, values escaped, and short enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from html import unescape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from upswing.marketing.push_templates import PushParameters, Template
from upswing.user_errors import UserError

MESSAGE_SCHEMA = pa.schema([pa.field("push_id", pa.string()), pa.field("message", pa.string())])

HTML = "html"
HTML_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"))
"""The ampersand first, or it would escape what stands for the others."""

SPACES_AND_CONTROLS = r"[\s\p{Z}\p{C}]+"
ELLIPSIS = "…"
SHORTENED = ("product_name", "category", "target_name")
"""Values that lose their end where a message is too long, in this order."""

SHORTEST = 8
"""Characters that a shortened value keeps, with the ellipsis."""

PERCENT_ROUNDING = 1e-6
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def push_messages(
    templates: Mapping[str, Template], parameters: PushParameters
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What turns batches of offers into batches of :data:`MESSAGE_SCHEMA`, a row a push, in the order they come in.

    Args:
        templates: the message of each strategy.
        parameters: the language that days are written in.

    An offer has push_id, strategy_id, channel, message_format (`html`: values are escaped), max_characters (null: any
    number; counted before escaping), and the values: product_name, category, product_price and offer_price (money),
    discount_depth (0 to 1; told in whole percent, rounded down, so that nobody is promised more than the offer),
    offer_ends_on, action_name, target_name. HTML entities that were delivered in a name are read as what they stand
    for; spaces and control characters in a row are one space.

    Raises:
        UserError: naming the action, where a push lacks a value that its message names, or the message is too long even
            with the names cut down to ``SHORTEST`` characters.
    """

    def transform(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            messages = _messages(batch, templates, parameters)
            yield pa.record_batch([batch["push_id"].cast(pa.string()), messages], schema=MESSAGE_SCHEMA)

    return transform


def _messages(batch: pa.RecordBatch, templates: Mapping[str, Template], parameters: PushParameters) -> pa.Array:
    strategies = batch["strategy_id"].dictionary_encode()
    channels = batch["channel"].dictionary_encode()
    used = [templates[strategy_id] for strategy_id in strategies.dictionary.to_pylist()]
    distinct = sorted(set(used), key=lambda template: (template.action_id, template.parts))
    of_strategy = np.array([distinct.index(template) for template in used], dtype=np.int64)
    template_of = of_strategy[strategies.indices.to_numpy(zero_copy_only=False)]
    keys = template_of * len(channels.dictionary) + channels.indices.to_numpy(zero_copy_only=False)
    places, texts = [], []
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        places.append(rows)
        texts.append(_filled(batch.take(pa.array(rows)), distinct[key // len(channels.dictionary)], parameters))
    if not texts:
        return pa.array([], pa.string())
    return pa.concat_arrays(texts).take(pa.array(np.argsort(np.concatenate(places))))


def _filled(offers: pa.RecordBatch, template: Template, parameters: PushParameters) -> pa.Array:
    """Messages of one template by one channel."""
    values = {name: _value(offers, name, parameters) for name in sorted(template.names)}
    for name, texts in values.items():
        if texts.null_count:
            raise UserError(
                f"{template.where}: {{{name}}} is named, but {texts.null_count} of {len(texts)} pushes have none; "
                "leave it out, or let the action choose a product (product_choice recommended or matched)"
            )
    values = _shortened(offers, template, values)
    if offers["message_format"][0].as_py() == HTML:
        values = {name: _escaped(texts) for name, texts in values.items()}
    return _joined(template, values, offers.num_rows)


def _joined(template: Template, values: Mapping[str, pa.Array], rows: int) -> pa.Array:
    pieces: list[pa.Array | pa.Scalar] = [pa.array(np.full(rows, "", dtype=object), pa.string())]
    for text, name in template.parts:
        pieces.append(pa.scalar(text))
        if name is not None:
            pieces.append(values[name])
    return pc.binary_join_element_wise(*pieces, "")


def _value(offers: pa.RecordBatch, name: str, parameters: PushParameters) -> pa.Array:
    """A value as text, null where a push has none."""
    if name == "discount_percent":
        percent = pc.floor(pc.add(pc.multiply(offers["discount_depth"], 100.0), PERCENT_ROUNDING))
        return percent.cast(pa.int64()).cast(pa.string())
    if name in {"product_price", "offer_price"}:
        return pc.round(offers[name], 2).cast(pa.decimal128(18, 2)).cast(pa.string())
    if name == "ends_on":
        days = offers["offer_ends_on"].cast(pa.date32()).dictionary_encode()
        written = pa.array([_day(day, parameters.language) for day in days.dictionary.to_pylist()], pa.string())
        return written.take(days.indices)
    written = _without_entities(offers[name].cast(pa.string()))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(written, SPACES_AND_CONTROLS, " "))


def _without_entities(texts: pa.Array) -> pa.Array:
    """Names as people read them: shops export what their pages show, with `&amp;` for `&`."""
    names = texts.dictionary_encode()
    plain = [name if name is None else unescape(name) for name in names.dictionary.to_pylist()]
    return pa.array(plain, pa.string()).take(names.indices)


def _day(day: date, language: str) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _escaped(texts: pa.Array) -> pa.Array:
    for character, entity in HTML_ENTITIES:
        texts = pc.replace_substring(texts, character, entity)
    return texts


def _shortened(offers: pa.RecordBatch, template: Template, values: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Values whose message keeps to the channel's limit."""
    limit = offers["max_characters"][0].as_py()
    if limit is None:
        return values
    for name in SHORTENED:
        excess = _excess(template, values, offers.num_rows, limit)
        if name in values and excess.any():
            texts = np.array(values[name].to_pylist(), dtype=object)
            for row in np.flatnonzero(excess):
                texts[row] = _cut(texts[row], len(texts[row]) - int(excess[row]))
            values = values | {name: pa.array(texts, pa.string())}
    excess = _excess(template, values, offers.num_rows, limit)
    if excess.any():
        raise UserError(
            f"{template.where}: the message has {limit + int(excess.max())} characters, with names cut short; channel "
            f"{offers['channel'][0].as_py()} allows {limit} (max_characters in seeds/marketing_channels.csv)"
        )
    return values


def _excess(template: Template, values: Mapping[str, pa.Array], rows: int, limit: int) -> np.ndarray:
    lengths = pc.utf8_length(_joined(template, values, rows)).to_numpy(zero_copy_only=False)
    return np.asarray(np.maximum(lengths - limit, 0))


def _cut(text: str, characters: int) -> str:
    characters = max(characters, SHORTEST)
    return text if len(text) <= characters else text[: characters - 1].rstrip() + ELLIPSIS
