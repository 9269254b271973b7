"""What leaves the house comes back: exported pushes are handed in again with their results, and are counted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from click.testing import CliRunner
from warehouse import PSEUDONYM_KEY, Warehouse

from upswing.cli import main
from upswing.commands.forget import forget_command
from upswing.privacy.pseudonyms import pseudonyms

READ_AGAIN = (
    *("parsed_raw__campaigns", "parsed_raw__campaign_touches", "base_raw__clock"),
    *("int_campaign_touches", "int_action_touches", "int_action_campaign_weeks"),
    *("int_experiment_arms", "score_experiments", "experiment_results"),
    *("score_push_send_days", "score_push_decisions"),
)
"""What results of campaigns reach on their way to the next decision."""

RESULTS = """
    select
        * replace (
            case when variant = 'treatment' and md5(customer_id) < '50' then touched_at end as converted_at,
            case when variant = 'treatment' and md5(customer_id) < '50' then '12.5' end as revenue
        )
    from read_csv('{folder}/campaign_touches.csv', all_varchar = true)
"""


def run(warehouse: Warehouse, command: Any, *arguments: str) -> str:
    """What a command of ours prints, on a warehouse."""
    environment = {"UPSWING_WAREHOUSE": str(warehouse.folder), "UPSWING_PSEUDONYM_KEY": PSEUDONYM_KEY.hex()}
    done = CliRunner().invoke(command, arguments, env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def export_all(built: Warehouse, folder: Path) -> None:
    for (channel,) in built.query_published("select distinct channel from marketing_pushes"):
        run(built, main, "push", "--channel", channel, "--folder", str(folder))


def pseudonyms_in(file: Path) -> set[str]:
    """Pseudonyms of the customers that a file names by the company's own ids."""
    ids = duckdb.sql(f"select distinct customer_id::varchar from read_csv('{file}', all_varchar = true)").fetchall()
    return set(pseudonyms(PSEUDONYM_KEY, pa.array([customer_id for (customer_id,) in ids])).to_pylist())


def hand_back(built: Warehouse, folder: Path, raw: Path) -> None:
    """The delivery that was built from, with the exported campaigns and what came of them."""
    handed = {
        "campaign_touches": RESULTS.format(folder=folder),
        "campaigns": f"from read_csv('{folder}/campaigns.csv', all_varchar = true)",
    }
    shutil.copytree(built.raw, raw)
    for table, results in handed.items():
        delivered = f"select columns(*)::varchar from '{built.raw}/{table}.parquet'"
        duckdb.sql(f"{delivered} union all by name ({results})").write_parquet(str(raw / f"{table}.parquet"))


def test_exported_pushes_come_back_as_results_of_their_actions(built: Warehouse, tmp_path: Path) -> None:
    export_all(built, tmp_path / "pushes")
    pushed_to = {row[0] for row in built.query_published("select distinct customer_id from marketing_pushes")}
    assert pseudonyms_in(tmp_path / "pushes" / "campaign_touches.csv") <= pushed_to
    for file in (tmp_path / "pushes").glob("*/*.csv"):
        assert pseudonyms_in(file) <= pushed_to, file
    hand_back(built, tmp_path / "pushes", tmp_path / "raw")
    warehouse = built.copied(tmp_path / "warehouse", tmp_path / "raw")
    # Tests of what is built anew alone: the marts beside it are of the delivery before.
    alone = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
    done = warehouse.dbt("build", "--select", *READ_AGAIN, *alone)
    assert done.returncode == 0, done.stdout[-4000:]

    published = built.query_published("select campaign_id, customer_id, action_id, is_control from marketing_pushes")
    came_back = "select campaign_id, customer_id, action_id, is_control from intermediate.int_action_touches"
    pushed = {row[0] for row in published}
    assert {row for row in warehouse.query(came_back) if row[0] in pushed} == set(published)
    assert {control for *_, control in published} == {True, False}

    judged = warehouse.query("select campaign_id, is_held_out, is_final, is_split_wrong from marts.experiment_results")
    held_out = {campaign for campaign, *_, control in published if control}
    assert held_out <= {campaign for campaign, *_ in judged}
    assert {row[1:] for row in judged if row[0] in held_out} == {(True, False, False)}

    rested = warehouse.query(
        """
        select decisions.decision, count(*)
        from models.score_push_decisions as decisions
        inner join models.score_strategies as strategies using (strategy_id)
        inner join intermediate.int_action_touches as touches
            on decisions.action_id = touches.action_id and decisions.customer_id = touches.customer_id
        where strategies.repeat_after_days >= 14 and touches.touched_on > date '2017-12-31'
        group by all
        """
    )
    assert "repeated" in dict(rested)
    assert not {"push", "control"} & set(dict(rested))


GONE_ALSO_FROM = ("stg_raw__order_lines", "stg_raw__events", "stg_raw__customers", "stg_raw__campaign_touches")
"""Views on what is parsed of the raw tables that name customers."""


def test_a_forgotten_customer_stays_away_when_all_is_read_again(built: Warehouse, tmp_path: Path) -> None:
    """As the company's files still name them; what they bought stays, as sales to nobody."""
    warehouse = built.copied(tmp_path / "warehouse")
    ((name, lines),) = built.query(
        "select customer_id, count(*) from staging.stg_raw__order_lines "
        "inner join staging.stg_raw__customers using (customer_id) group by customer_id order by 2 desc, 1 limit 1"
    )
    sold = "select count(*), sum(quantity) from staging.stg_raw__order_lines"
    (tmp_path / "pushes").mkdir()
    elsewhere = [part for option in ("--pushes", "--logs", "--target") for part in (option, str(tmp_path / "pushes"))]
    told = run(warehouse, forget_command, name, "--yes", *elsewhere)
    assert "nothing is left." in told
    assert f"order_lines.parquet still names them in {lines:,} rows." in told
    assert warehouse.query(sold) == built.query(sold)

    done = warehouse.dbt("run", "--select", *(f"+{model}" for model in GONE_ALSO_FROM), "seal_identities")
    assert done.returncode == 0, done.stdout[-4000:]
    for model in GONE_ALSO_FROM:
        assert warehouse.query(f"select count(*) from staging.{model} where customer_id = '{name}'") == [(0,)]
    assert warehouse.query(sold) == built.query(sold)
    kept = "select identities, removed from quality.seal_identities"
    ((before, _),), ((after, removed),) = built.query(kept), warehouse.query(kept)
    assert (after, removed) == (before - 1, 0)
