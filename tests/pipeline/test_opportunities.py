"""From visit records to priorities and audits: what is published, what is read again, which language is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from unit.opportunities import tiny_bert
from warehouse import Warehouse, flat, mart_names
from warehouse_variables import ALWAYS

from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample


def test_every_open_opportunity_has_a_place_in_the_ranking(built: Warehouse) -> None:
    counts = built.query(
        "select count(*), min(visit_priority), max(visit_priority) from marts.opportunity_priorities union all "
        "select count(*), 1, count(*) from staging.stg_raw__opportunities where status = 'open'"
    )
    assert counts[0] == counts[1]
    assert counts[0][0] > 50
    ranked = built.query_published("select conversion_probability from opportunity_priorities order by visit_priority")
    assert ranked == sorted(ranked, reverse=True)
    assert built.query_published("select count(*) from opportunity_priorities where top_reasons is null") == [(0,)]


def test_an_opportunity_without_visits_gets_the_base_rate_and_says_so(built: Warehouse) -> None:
    found = built.query_published(
        "select distinct probability_source, conversion_probability, top_reasons from opportunity_priorities "
        "where visits = 0"
    )
    assert len(found) == 1
    source, probability, reason = found[0]
    assert source == "base_rate"
    assert 0.2 < probability < 0.6
    assert "no visit" in reason
    with_visits = "select distinct probability_source from opportunity_priorities where visits > 0"
    assert built.query_published(with_visits) == [("model",)]


def test_the_course_ends_where_the_opportunity_stands(built: Warehouse) -> None:
    different = built.query(
        "with ends as (select opportunity_id, max_by(conversion_probability, visit_number) as probability "
        "from marts.conversion_history group by opportunity_id) "
        "select opportunity_id from ends inner join models.score_conversion_probabilities using (opportunity_id) "
        "where probability <> conversion_probability"
    )
    assert different == []
    assert built.query("select count(*) from marts.conversion_history") == built.query(
        "select count(*) from intermediate.int_opportunity_visits"
    )


def test_what_the_model_had_seen_is_told_apart(built: Warehouse) -> None:
    seen = built.query_published(
        "select status = 'open' as is_open, bool_and(is_out_of_sample), bool_or(is_out_of_sample) "
        "from conversion_history group by all order by all"
    )
    assert seen == [(False, False, True), (True, True, True)]
    judged, expected = built.query_published(
        "select sum(judged_opportunities), sum(expected_wins) from sales_rep_scorecard"
    )[0]
    closed = built.query("select count(*) from staging.stg_raw__opportunities where status <> 'open'")[0][0]
    assert 0.2 * closed < judged < 0.5 * closed
    assert 0 < expected < judged


def test_no_address_and_no_note_is_published(built: Warehouse) -> None:
    """Free text may name people: it stays in the warehouse."""
    (with_addresses,) = duckdb.sql(
        f"select count(*) from '{built.raw}/visits.parquet' where visit_note like '%@%.%'"
    ).fetchall()[0]
    assert with_addresses > 10
    assert built.query("select count(*) from staging.stg_raw__visits where visit_note like '%@%.%'") == [(0,)]
    for name in mart_names(built.manifest()):
        columns = built.query_published(
            f"select column_name from duckdb_columns() where table_name = '{name}' and data_type = 'VARCHAR'"
        )
        # An owner is whom of the company to ask.
        addresses = [rf"regexp_matches({column}, '\S@\S+\.\S')" for (column,) in columns if column != "owner"]
        found = f"select count(*) from {name} where {' or '.join(['false', *addresses])}"
        assert built.query_published(found) == [(0,)], name
    audited = built.query("select count(*) from intermediate.int_visit_evidence where is_counted")
    assert built.query_published("select sum(visits) from visit_audits") == audited


@pytest.fixture
def visited_again(tmp_path: Path, built: Warehouse) -> tuple[Warehouse, str]:
    """A copy of the built warehouse, and a delivery in which one open opportunity has one more visit."""
    raw = tmp_path / "raw"
    shutil.copytree(built.raw, raw)
    (opportunity_id,) = built.query_published(
        "select opportunity_id from opportunity_priorities where visits > 1 order by visit_priority limit 1"
    )[0]
    rows = duckdb.sql(
        f"select * from '{built.raw}/visits.parquet' union all by name select 'VI-NEW' as visit_id, "
        f"'{opportunity_id}' as opportunity_id, timestamp '2017-12-31 09:00:00' as visited_at, "
        "'They asked for another date and showed us the door.' as visit_note"
    )
    rows.write_parquet(str(raw / "visits.new"))
    (raw / "visits.new").replace(raw / "visits.parquet")
    return built.copied(tmp_path / "warehouse", raw), str(opportunity_id)


def test_only_what_changed_is_read_again(built: Warehouse, visited_again: tuple[Warehouse, str]) -> None:
    warehouse, opportunity_id = visited_again
    done = warehouse.dbt("run", "--select", "+score_conversion_probabilities")
    assert done.returncode == 0, done.stdout
    assert "read 1 of 300 opportunities" in flat(done.stdout)
    before = "select * from models.score_conversion_probabilities order by opportunity_id"
    pairs = zip(warehouse.query(before), built.query(before), strict=True)
    changed = [new[0] for new, old in pairs if new != old]
    assert changed == [opportunity_id]
    again = warehouse.dbt("run", "--full-refresh", "--select", "score_conversion_probabilities")
    assert again.returncode == 0, again.stdout
    assert "read 1 of 300 opportunities" not in flat(again.stdout)


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A company whose notes are in Chinese."""
    raw = tmp_path_factory.mktemp("chinese")
    write_visit_sample(raw, VisitSampleParameters(opportunities=400, language="zh"))
    return Warehouse(tmp_path_factory.mktemp("chinese_warehouse"), raw)


def test_notes_that_the_bert_cannot_read_stop_the_build_and_name_the_setting(chinese: Warehouse) -> None:
    done = chinese.dbt("run", "--select", "+fit_conversion_classifier")
    assert done.returncode != 0
    told = flat(done.stdout)
    assert f"are unknown to the BERT {ALWAYS['bert_model']}" in told
    assert "set the var bert_model" in told
    assert "bert-base-chinese" in told
    assert "Traceback" not in done.stdout


def test_chinese_notes_with_a_chinese_bert_are_ranked(chinese: Warehouse, tmp_path: Path) -> None:
    texts = duckdb.sql(f"select visit_note, customer_feedback from '{chinese.raw}/visits.parquet'").fetchall()
    known = [text for of_visit in texts for text in of_visit if text]
    markers = "[visit ] , + days [customer] [email] [phone] [id] " + " ".join(map(str, range(1000)))
    tiny_bert(tmp_path / "bert", [*known, markers])
    done = chinese.dbt("run", "--select", "+opportunity_priorities", variables={"bert_model": str(tmp_path / "bert")})
    assert done.returncode == 0, done.stdout[-4000:]
    assert "conversion_classifier: trained" in done.stdout
    ((opportunities, reasons),) = chinese.query("select count(*), count(top_reasons) from marts.opportunity_priorities")
    assert opportunities == reasons > 50


def test_a_bert_that_is_not_there_is_named(built: Warehouse, tmp_path: Path) -> None:
    done = built.copied(tmp_path / "warehouse").dbt(
        "run", "--select", "score_conversion_probabilities", variables={"bert_model": "nowhere/to/be/found"}
    )
    assert done.returncode != 0
    assert "the var bert_model is nowhere/to/be/found: no such folder, and a hub name needs a commit" in flat(
        done.stdout
    )
    assert "Traceback" not in done.stdout
