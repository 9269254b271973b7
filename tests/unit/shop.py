"""A small warehouse with keys, vault, ledger and published pushes, in which Anna (17) and Bob (18) are known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from upswing.cli import main
from upswing.privacy.keys import key_id, pseudonym_key, vault_file, vault_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.vault import Identity, open_vault

ANNA = Identity("17", "Anna Schmidt", "anna@example.com", "+49 170 1234567")
BOB = Identity("18", "Bob Miller", "bob@example.com", "+49 170 7654321")
MONDAY = date(2024, 1, 8)
STOP_THERE = """
whole = getattr(owner, name)

def stop(*given, **named):
    if not before:
        whole(*given, **named)
    print("there", flush=True)
    sys.stdin.read()

setattr(owner, name, stop)
"""
"""For a process that is to be killed: it stops before or behind the call of `name` of `owner`, and says so."""

PUSH: dict[str, Any] = {
    "campaign_id": "a-20240108",
    "campaign_type": "a",
    "action_id": "a",
    "action_name": "Action A",
    "priority_rank": 1,
    "is_control": False,
    "send_on": MONDAY,
    "channel": "email",
    "product_id": "17",
    "product_name": "Tea",
    "discount_depth": 0.1,
    "offer_price": 3.6,
    "offer_ends_on": MONDAY + timedelta(days=28),
    "message": "Tea for you",
    "expected_gain": 1.0,
    "cost": 0.5,
    "repeat_after_days": None,
    "weekly_budget": 100.0,
    "channel_cap": 2,
    "customer_cap": 2,
    "cap_days": 7,
    "push_week": MONDAY,
}


def name_of(customer_id: str) -> str:
    """The pseudonym of a customer."""
    return pseudonym(pseudonym_key(), customer_id)


def publish_pushes(warehouse: Path) -> None:
    """Publish an e-mail to Anna and one to Bob, as a build does with the pseudonyms of today."""
    from upswing.marketing.push_ledger import push_id_of

    rows = [
        PUSH | {"customer_id": name, "push_id": push_id_of("a", MONDAY.isoformat(), name)}
        for name in (name_of("17"), name_of("18"))
    ]
    with duckdb.connect(str(warehouse / "marts.duckdb")) as published:
        published.register("rows", pa.Table.from_pylist(rows))
        published.execute("create or replace table marketing_pushes as from rows")


def open_shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The warehouse of a shop, in a folder that is the working directory from here on."""
    warehouse = folder / "warehouse"
    warehouse.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    for variable in ("UPSWING_KEYS", "UPSWING_VAULT_KEY", "UPSWING_PSEUDONYM_KEY", "DBT_LOG_PATH", "DBT_TARGET_PATH"):
        monkeypatch.delenv(variable, raising=False)
    names = key_id(pseudonym_key())
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", names)
        vault.write({name_of("17"): ANNA, name_of("18"): BOB})
    with duckdb.connect(str(warehouse / "upswing.duckdb")) as connection:
        connection.execute("create schema staging")
        connection.execute(
            f"create table staging.customers as select '{name_of('17')}' as customer_id "
            f"union all select '{name_of('18')}'"
        )
    publish_pushes(warehouse)
    return warehouse


def run(*arguments: str) -> Result:
    """What a command of ours does."""
    return CliRunner().invoke(main, arguments)


def done(*arguments: str) -> str:
    """What a command of ours prints; it must not fail."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output
