"""Who may see which mart: for each mart it is decided, and the decision fits its columns."""

from __future__ import annotations

from pathlib import Path

import yaml

from upswing.quality.serve_access import (
    AGGREGATES,
    DEALS,
    STEWARD_MARTS,
    STORES,
    access_statements,
    is_decided,
)
from upswing.quality.serve_tables import Column, Mart, version_of

NAMING = {"customer_id", "opportunity_id", "owner_id", "sales_rep_id", "store_id", "visit_id"}
"""Columns that name a single customer, deal, sales rep or store."""


def mart(name: str, *columns: str) -> Mart:
    return Mart(name, None, [Column(column, "VARCHAR", None) for column in columns], 0, "0")


def marts_of_the_project() -> dict[str, Mart]:
    folder = Path(__file__).parents[2] / "models" / "marts"
    described = [
        model for file in folder.rglob("*.yml") for model in yaml.safe_load(file.read_text("utf-8")).get("models", [])
    ]
    return {model["name"]: mart(model["name"], *(column["name"] for column in model["columns"])) for model in described}


def policies(*marts: Mart) -> dict[str, str]:
    """The condition of each mart's policy."""
    found = {}
    for statement in access_statements("marts", marts):
        if statement.startswith("create policy"):
            table, _, condition = statement.partition(" on ")[2].partition(" for select using ")
            found[table.removeprefix("marts.").strip('"')] = condition
    return found


def test_for_each_mart_it_is_decided_who_sees_it() -> None:
    marts = marts_of_the_project()
    undecided = sorted(name for name, found in marts.items() if not is_decided(found))
    assert undecided == [], (
        "list the marts in AGGREGATES, STORES, DEALS or STEWARD_MARTS of serve_access.py, and in docs/databases.md"
    )
    listed = [*AGGREGATES, *STORES, *DEALS, *STEWARD_MARTS]
    assert len(listed) == len(set(listed))
    assert set(listed) <= marts.keys()


def test_what_all_see_names_nobody() -> None:
    marts = marts_of_the_project()
    assert {name: NAMING & {column.name for column in marts[name].columns} for name in AGGREGATES} == {
        name: set() for name in AGGREGATES
    }
    assert all(marts[name].has("store_id") for name in STORES)
    assert not any(found.has("customer_id") for name, found in marts.items() if name in STORES | DEALS | STEWARD_MARTS)


def test_each_served_mart_has_a_policy_that_its_owner_is_held_to() -> None:
    marts = list(marts_of_the_project().values())
    statements = access_statements("marts", marts)
    for name in (found.name for found in marts):
        for security in ("enable", "force"):
            assert f'alter table marts."{name}" {security} row level security' in statements
    assert policies(*marts).keys() == {found.name for found in marts}
    open_to_all = {name for name, condition in policies(*marts).items() if condition == "(true)"}
    assert open_to_all == AGGREGATES | STEWARD_MARTS


def test_what_leads_to_no_region_is_seen_by_those_who_see_all() -> None:
    customers, scores, own = mart("customers", "customer_id"), mart("scores", "customer_id"), mart("own", "region")
    all_regions = "(exists (select from upswing_access.sees_all))"
    assert policies(customers, scores, own) == dict.fromkeys(("customers", "scores", "own"), all_regions)
    assert policies(scores) == {"scores": all_regions}
    found = policies(mart("customers", "customer_id", "region"), scores)
    assert "region in" in found["customers"]
    assert "customer_id in (select customer_id from marts.customers)" in found["scores"]
    assert not is_decided(own)


def test_a_new_rule_is_a_new_version() -> None:
    """Else the marts that stand would keep the old rules."""
    marts = [mart("customers", "customer_id")]
    assert version_of(marts, {}, ["old"]) != version_of(marts, {}, ["new"])
