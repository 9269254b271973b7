"""Actions and conditions of marketing: those that are shipped, and what is said of bad ones."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest
import yaml

PROJECT = Path(__file__).parents[2]

MACROS = (
    "marketing_comparisons",
    "marketing_features",
    "bad_marketing_actions",
    "bad_marketing_conditions",
)

CHANNELS = "create table marketing_channels as select unnest(['email', 'app', 'sms', 'mail']) as channel"


class Returned(Exception):  # noqa: N818
    """How dbt hands a value, instead of text, back from a macro."""

    def __init__(self, value: object) -> None:
        self.value = value


def macros() -> dict[str, Callable[..., Any]]:
    """The macros of marketing as dbt runs them on DuckDB."""

    def give_back(value: object) -> None:
        raise Returned(value)

    environment = jinja2.Environment()
    environment.globals |= {
        "return": give_back,
        "ref": lambda name: name,
        "dbt": SimpleNamespace(concat=" || ".join),
    }

    def called(macro: Callable[..., str]) -> Callable[..., Any]:
        def call(*values: object) -> Any:
            try:
                return macro(*values)
            except Returned as returned:
                return returned.value

        return call

    found: dict[str, Callable[..., Any]] = {}
    for name in MACROS:
        source = (PROJECT / "macros" / f"{name}.sql").read_text(encoding="utf-8")
        found[name] = called(getattr(environment.from_string(source).module, name))
        environment.globals[name] = found[name]
    return found


@pytest.fixture
def seeds() -> duckdb.DuckDBPyConnection:
    """The shipped seeds as tables."""
    connection = duckdb.connect()
    for name in ("marketing_actions", "marketing_conditions"):
        types = yaml.safe_load((PROJECT / f"seeds/{name}.yml").read_text(encoding="utf-8"))
        types = types["seeds"][0]["config"]["column_types"]
        connection.execute(
            f"create table {name} as select * from read_csv(?, header = true, types = ?, nullstr = '')",
            [str(PROJECT / f"seeds/{name}.csv"), {column: kind.upper() for column, kind in types.items()}],
        )
    connection.execute(CHANNELS)
    return connection


def complaints(seeds: duckdb.DuckDBPyConnection, seed: str) -> list[tuple[str, str]]:
    """The rows that are bad, and why."""
    return seeds.execute(f"select * from ({macros()[f'bad_{seed}']()}) as bad_rows order by all").fetchall()


def test_the_shipped_seeds_are_good(seeds: duckdb.DuckDBPyConnection) -> None:
    assert complaints(seeds, "marketing_actions") == []
    assert complaints(seeds, "marketing_conditions") == []


@pytest.mark.parametrize(
    ("row", "bad_row", "complaint"),
    [
        (("win_bak", "customer", "orders", "above", "3"), "action win_bak", "the action does not exist"),
        (("win_back", "shop", "orders", "above", "3"), "shop orders", "expected customer or product"),
        (
            ("win_back", "customer", "recency", "above", "3"),
            "customer recency",
            "expected one of tenure_days",
        ),
        (("clear_stock", "product", "orders", "above", "3"), "product orders", "expected one of price, units_active"),
        (("win_back", "customer", "orders", "over", "3"), "orders over 3", "expected one of above, below, at_least"),
        (("win_back", "customer", "orders", "above", "many"), "above many", "expected a value such as 3"),
        (("win_back", "customer", "region", "above", "a"), "region above a", "expected the comparison is or is_not"),
        (("win_back", "customer", "orders", "is", None), "is (empty)", "the value is empty"),
        (("win_back", "product", "price", "above", "1"), "product price above 1", "the action is for customers"),
        (("win_back", "customer", "is_churn_risk", "is", "true"), "is_churn_risk is true", "it stands there twice"),
        ((None, "customer", "orders", "above", "3"), "action (empty)", "the action does not exist"),
    ],
)
def test_a_bad_condition_is_named(
    seeds: duckdb.DuckDBPyConnection, row: tuple[str | None, ...], bad_row: str, complaint: str
) -> None:
    seeds.execute("insert into marketing_conditions values (?, ?, ?, ?, ?)", row)
    ((named, told),) = complaints(seeds, "marketing_conditions")
    assert bad_row in named
    assert complaint in told


def test_an_action_that_asks_nothing_of_its_audience_is_named(seeds: duckdb.DuckDBPyConnection) -> None:
    seeds.execute("delete from marketing_conditions where action_id = 'clear_stock' and subject = 'product'")
    ((bad_row, complaint),) = complaints(seeds, "marketing_conditions")
    assert bad_row == "action clear_stock"
    assert "no condition says for whom it is, or of which product" in complaint


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("action_id = 'Win Back'", "expected small letters"),
        ("priority = 0", "expected a whole number, 1 first"),
        ("audience = 'shops'", "expected customers or products"),
        ("channel = 'fax'", "there is no channel fax"),
        ("other_channel = 'fax'", "there is no channel fax"),
        ("offer_kind = 'rebate'", "offer_kind is not known"),
        ("offer_kind = 'clearance'", "offer_kind is of a product"),
        ("discount_depth = 20, max_discount = 20", "as 0.1 for 10 %"),
        ("max_discount = 0.01", "max_discount is below discount_depth"),
        ("product_choice = 'matched'", "does not go with the audience"),
        ("weekly_budget = -1", "weekly_budget is below 0"),
        ("repeat_after_days = 0", "repeat_after_days is below 1"),
        ("control_share = 0.51", "expected a number from 0 to 0.5"),
        ("message_zh = null", "a message is empty"),
    ],
)
def test_a_bad_action_is_named(seeds: duckdb.DuckDBPyConnection, change: str, complaint: str) -> None:
    seeds.execute(f"update marketing_actions set {change} where action_id = 'win_back'")
    found = complaints(seeds, "marketing_actions")
    assert any(complaint in told for _, told in found)
    assert {named.lower().replace(" ", "_") for named, _ in found} == {"action_win_back"}


@pytest.mark.parametrize(("subject", "model"), [("customer", "customers"), ("product", "products")])
def test_each_feature_is_a_column_and_is_documented(subject: str, model: str) -> None:
    features = macros()["marketing_features"](subject)
    contract = PROJECT / f"models/scores/marketing/score_marketing_{model}.yml"
    described = yaml.safe_load(contract.read_text(encoding="utf-8"))
    types = {column["name"]: column["data_type"] for column in described["models"][0]["columns"]}
    assert {types[name] for name in features["words"]} == {"string"}
    assert {types[name] for name in features["numbers"]} <= {"bigint", "double"}
    page = (PROJECT / "docs/strategies.md").read_text(encoding="utf-8")
    assert [name for name in (*features["numbers"], *features["words"]) if f"`{name}`" not in page] == []


def test_messages_say_the_same_in_each_language() -> None:
    with (PROJECT / "seeds/marketing_actions.csv").open(encoding="utf-8", newline="") as file:
        for action in csv.DictReader(file):
            asked = [set(re.findall(r"{(\w+)}", action[column])) for column in ("message_en", "message_zh")]
            assert asked[0] == asked[1], action["action_id"]
            assert asked[0] <= {"product_name", "discount_percent", "category", "ends_on"}, action["action_id"]
            assert ("product_name" in asked[0]) == (action["product_choice"] != "none"), action["action_id"]
