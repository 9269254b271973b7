from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from upswing.marketing.push_messages import push_messages
from upswing.marketing.push_templates import PushParameters, read_template, read_templates
from upswing.user_errors import UserError

OFFER = {
    "push_id": "1",
    "strategy_id": "a:1",
    "channel": "app",
    "message_format": "plain",
    "max_characters": None,
    "product_name": "Tea",
    "category": "Drinks",
    "product_price": 4.99,
    "offer_price": 3.992,
    "discount_depth": 0.2,
    "offer_ends_on": date(2024, 1, 14),
    "action_name": "Win back",
    "target_name": "at risk",
}
OFFER_SCHEMA = pa.schema(
    [(name, pa.int64() if name == "max_characters" else pa.scalar(value).type) for name, value in OFFER.items()]
)


def strategies(*rows: dict[str, Any]) -> pa.Table:
    usual = {"is_active": True, "product_choice": "recommended", "message_en": None, "message_zh": None}
    return pa.Table.from_pylist([usual | row for row in rows])


def rendered(message: str, *offers: dict[str, Any], language: str = "en") -> list[str]:
    parameters = PushParameters(language)
    given = strategies({"strategy_id": "a:1", "action_id": "a", f"message_{language}": message})
    batch = pa.RecordBatch.from_pylist([OFFER | offer for offer in offers or ({},)], schema=OFFER_SCHEMA)
    (done,) = push_messages(read_templates(given, parameters), parameters)(iter([batch]))
    return [str(message) for message in done["message"].to_pylist()]


def test_every_name_is_filled() -> None:
    message = (
        "{action_name}, {target_name}: {product_name} ({category}) "
        "{product_price} {offer_price} {discount_percent} % {ends_on} {{}}"
    )
    assert rendered(message) == ["Win back, at risk: Tea (Drinks) 4.99 3.99 20 % 14 January 2024 {}"]
    assert rendered("{product_name}, {ends_on}前", language="zh") == ["Tea, 2024年1月14日前"]


@pytest.mark.parametrize(("depth", "percent"), [(0.29, "29"), (0.199, "19"), (0.07, "7"), (0.0, "0"), (1.0, "100")])
def test_nobody_is_promised_more_than_the_discount(depth: float, percent: str) -> None:
    assert rendered("{discount_percent}", {"discount_depth": depth}) == [percent]


def test_a_name_that_was_delivered_as_html_is_read_as_people_read_it() -> None:
    name = {"product_name": "Tom &amp; Jerry&#39;s"}
    assert rendered("{product_name}", name | {"message_format": "plain"}) == ["Tom & Jerry's"]
    assert rendered("{product_name}", name | {"message_format": "html"}) == ["Tom &amp; Jerry&#x27;s"]


def test_values_are_escaped_for_html_alone() -> None:
    name = {"product_name": """<b>"Tom's" & Co</b>"""}
    assert rendered("<i>{product_name}</i>", name | {"message_format": "html"}) == [
        "<i>&lt;b&gt;&quot;Tom&#x27;s&quot; &amp; Co&lt;/b&gt;</i>"
    ]
    assert rendered("{product_name}", name) == [name["product_name"]]


def test_a_value_is_no_template_and_has_no_lines() -> None:
    assert rendered("{product_name}!", {"product_name": " {category}\r\n\tx\u200b\u2028y "}) == ["{category} x y!"]


def test_rows_keep_their_order_whatever_their_strategy_and_channel() -> None:
    parameters = PushParameters()
    given = strategies(
        {"strategy_id": "a:1", "action_id": "a", "message_en": "a {product_name}"},
        {"strategy_id": "b:1", "action_id": "b", "message_en": "b"},
        {"strategy_id": "off", "action_id": "off", "message_en": "{nonsense}", "is_active": False},
    )
    offers = [
        OFFER | {"push_id": "1", "strategy_id": "b:1", "channel": "sms"},
        OFFER
        | {"push_id": "2", "strategy_id": "a:1", "channel": "email", "message_format": "html", "product_name": "&"},
        OFFER | {"push_id": "3", "strategy_id": "a:1", "channel": "sms", "product_name": "&"},
        OFFER | {"push_id": "4", "strategy_id": "b:1", "channel": "email"},
    ]
    batch = pa.RecordBatch.from_pylist(offers, schema=OFFER_SCHEMA)
    transform = push_messages(read_templates(given, parameters), parameters)
    done, none = transform(iter([batch, batch.slice(0, 0)]))
    assert done.to_pydict() == {"push_id": ["1", "2", "3", "4"], "message": ["b", "a &amp;", "a &", "b"]}
    assert none.num_rows == 0


def test_names_are_cut_to_what_the_channel_holds() -> None:
    fits, cut = rendered(
        "Try {product_name}!",
        {"max_characters": 25, "product_name": "x" * 20},
        {"max_characters": 25, "product_name": "x" * 21},
    )
    assert (fits, cut) == (f"Try {'x' * 20}!", f"Try {'x' * 19}…!")
    with pytest.raises(UserError, match=r"action a, .* has 31 characters, .* channel app allows 30 "):
        rendered("y" * 23 + "{product_name}", {"max_characters": 30, "product_name": "z" * 99})


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("{produkt}", r"\{produkt\} is not known; expected one of \{product_name\}, "),
        ("{product_name!r}", r"\{product_name!r\} is not known"),
        ("{product_price:.0f}", r"\{product_price:\.0f\} is not known"),
        ("{}", r"\{\} is not known"),
        ("{product_name", "names stand in braces"),
        ("50 % off}", "names stand in braces"),
        (" ", "there is no message"),
        (None, "there is no message"),
    ],
)
def test_a_message_that_cannot_be_filled_names_its_action(message: str | None, told: str) -> None:
    with pytest.raises(UserError, match=rf"seeds/marketing_actions.csv, action a, column message_en: .*{told}"):
        read_template(message, "a", "message_en")


def test_an_action_without_a_product_cannot_name_one() -> None:
    row = {
        "strategy_id": "a:1",
        "action_id": "a",
        "product_choice": "none",
        "message_en": "{category} and {product_name}",
    }
    with pytest.raises(UserError, match=r"action a, .*\{category\}, \{product_name\} named, but product_choice"):
        read_templates(strategies(row), PushParameters())


def test_a_push_without_what_its_message_names_stops() -> None:
    with pytest.raises(UserError, match=r"action a, .*\{product_name\} is named, but 1 of 2 pushes have none"):
        rendered("{product_name}", {}, {"product_name": None})


def test_the_language_is_one_of_ours() -> None:
    with pytest.raises(UserError, match="var message_language is 'fr'; expected"):
        PushParameters("fr")
