"""What forgetting does to fits, and to rows that are a customer's by a deal, a visit or a text."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from upswing.commands.forget import forget_command
from upswing.privacy import erasures
from upswing.privacy.erasures_forget import Places, forget
from upswing.privacy.keys import key_id, new_key, pseudonym_key, vault_file, vault_key
from upswing.privacy.pseudonyms import pseudonym
from upswing.privacy.vault import Identity, open_vault
from upswing.user_errors import UserError

TABLES = """
    create schema models;
    create table models.fit_customer_predictor as
        select '00001-a' as model_version, 'old'::blob as weights, 'h1'::blob as row_sketch
        union all select '00002-b', 'new', 'h2';
    create table models.fit_sales_forecaster as
        select '00001-a' as model_version, 'old'::blob as weights, 'h'::blob as row_sketch
        union all select '00002-b', 'new', 'h';
    create table opportunities as select '{anna}' as customer_id, 'x1' as opportunity_id union all select '{bob}', 'x2';
    create table visits as select 'v1' as visit_id, 'x1' as opportunity_id union all select 'v2', 'x2';
    create table models.score_visit_copies as select 'v1' as visit_id, 'v9' as copied_visit_id
        union all select 'v2', 'v1' union all select 'v3', 'v2';
    create table feedback as select '{anna}' as customer_id, 'my name is carved in it' as feedback_text
        union all select '{anna}', 'good' union all select '{bob}', 'good' union all select '{bob}', 'so so';
    create table models.score_feedback_texts as
        select unnest(['good', 'my name is carved in it', 'so so']) as feedback_text;
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with keys in the environment, a vault and a warehouse in which Anna (17) and Bob (18) are known."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
    monkeypatch.setenv("UPSWING_VAULT_KEY", new_key().hex())
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", new_key().hex())
    anna, bob = (pseudonym(pseudonym_key(), customer) for customer in ("17", "18"))
    with open_vault(vault_file(), vault_key()) as vault:
        vault.set_fact("pseudonym_key_id", key_id(pseudonym_key()))
        vault.write({anna: Identity("17", "Anna Schmidt"), bob: Identity("18", "Bob Miller")})
    with duckdb.connect(str(folder / "upswing.duckdb")) as connection:
        connection.execute(TABLES.format(anna=anna, bob=bob))
    return folder


def rows(warehouse: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse / "upswing.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_older_weights_go_at_once_and_the_newest_serves_until_the_next_build(warehouse: Path) -> None:
    would = forget(["17"], Places(warehouse), is_dry_run=True)
    assert would.fits == ["fit_customer_predictor 00002-b"]
    assert rows(warehouse, "select weights from models.fit_customer_predictor order by all") == [(b"new",), (b"old",)]
    assert forget(["17"], Places(warehouse)).fits == would.fits
    assert rows(warehouse, "from models.fit_customer_predictor order by all") == [
        ("00001-a", None, b""),
        ("00002-b", b"new", b""),
    ]
    # What learned from sums of sales, which stay, is left alone.
    kept = [("00001-a", b"old", b"h"), ("00002-b", b"new", b"h")]
    assert rows(warehouse, "from models.fit_sales_forecaster order by all") == kept


def test_copies_of_their_visits_and_texts_that_nobody_else_wrote_go(warehouse: Path) -> None:
    forget(["17"], Places(warehouse))
    assert rows(warehouse, "from visits") == [("v2", "x2")]
    assert rows(warehouse, "from models.score_visit_copies") == [("v3", "v2")]
    assert rows(warehouse, "from models.score_feedback_texts order by all") == [("good",), ("so so",)]


@pytest.mark.usefixtures("warehouse")
def test_the_command_tells_which_fits_learned_from_the_customer() -> None:
    told = CliRunner().invoke(forget_command, ["17", "--yes"])
    assert told.exit_code == 0, told.output
    assert "learned from rows of customers: fit_customer_predictor 00002-b; they serve until `dbt build`" in told.output


def test_the_newest_erasure_is_known_to_the_second(tmp_path: Path) -> None:
    assert erasures.newest(tmp_path) is None
    erasures.write(tmp_path, {"a": "2026-01-02T03:04:05+00:00", "b": "2026-01-02T05:04:06+02:00", "c": "2025-01-01"})
    assert erasures.newest(tmp_path) == datetime(2026, 1, 2, 3, 4, 6)
    erasures.write(tmp_path, {"a": "2026-01-02T03:04:05+00:00", "b": "yesterday"})
    with pytest.raises(UserError, match=r"erasures.csv: erased_at of b is 'yesterday'; expected a time like"):
        erasures.newest(tmp_path)
