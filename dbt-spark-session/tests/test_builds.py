"""What dbt does with a toy project on a real Spark session."""

import json
from typing import Any

import pytest
from scenario import STATE

Observed = dict[str, Any]


def test_every_node_of_both_builds_succeeds(observed: Observed) -> None:
    bad = {
        (build, node): told
        for build in ("first", "second")
        for node, told in observed[build].items()
        if told[0] not in ("success", "pass")
    }
    assert bad == {}
    assert {"documented", "days", "viewed", "not_null_documented_id"} <= observed["first"].keys()


def test_unit_tests_run_with_the_incremental_branch_and_this(observed: Observed) -> None:
    assert observed["second"]["takes_only_later_rows"][0] == "pass"
    assert observed["second"]["takes_all_rows_at_first"][0] == "pass"


def test_seed_keeps_nulls_quotes_and_backslashes(observed: Observed) -> None:
    days = observed["tables"]["toy.days"]
    assert days["schema"] == "struct<id:bigint,name:string,day:date,share:double>"
    assert days["rows"] == [
        ["1", "it's", "2024-01-01", "1.5"],
        ["2", "back\\slash", "2024-01-02", "None"],
        ["3", "None", "2024-01-02", "2.0"],
    ]
    assert days["comments"]["name"] == "A seed's name."


def test_comments_are_persisted(observed: Observed) -> None:
    assert observed["tables"]["toy.documented"]["comments"] == {
        "id": "The day's \\ number.",
        "day": "A day.",
        "share": None,
    }
    assert observed["description"] == "The 'days' of \\d and more."
    assert observed["tables"]["toy.viewed"]["comments"]["id"] == "A view's column."
    assert observed["tables"]["toy.contracted"]["comments"]["id"] == "A contracted column."


ARROW_SCHEMA = (
    "struct<text:string,whole:bigint,real:double,flag:boolean,day:date,moment:timestamp,blob:binary,"
    "reals:array<double>,texts:array<string>,days:array<date>,small:int,coded:string,fixed:array<float>,"
    "nested:struct<n:bigint>>"
)


@pytest.mark.parametrize("name", ["toy.types_full", "toy.types_empty"])
def test_arrow_types_become_sparks(observed: Observed, name: str) -> None:
    assert observed["tables"][name]["schema"] == ARROW_SCHEMA


def test_arrow_values_survive(observed: Observed) -> None:
    nulls, values = observed["tables"]["toy.types_full"]["rows"]
    assert set(nulls) == {"None"}
    assert values[:6] == ["a", str(2**40), "0.5", "True", "2024-01-02", "2024-01-02 03:04:05.000006"]
    assert values[7:] == ["[0.5]", "['a', None]", "[datetime.date(2024, 1, 2)]", "7", "c", "[1.0, 2.0]", "Row(n=1)"]
    assert observed["tables"]["toy.types_empty"]["rows"] == []


def test_pandas_result_goes_to_a_schema_of_its_own_with_hooks(observed: Observed) -> None:
    assert observed["tables"]["toy_other.from_pandas"] == {
        "schema": "struct<n:bigint,text:string>",
        "comments": {"n": None, "text": None},
        "rows": [["3", "a"]],
    }
    assert observed["tables"]["toy.hooked"]["rows"] == [["after 1"], ["after 1"], ["before"]]


def test_python_table_is_partitioned_and_its_functions_reach_the_workers(observed: Observed) -> None:
    assert observed["partitions"] == ["id=1", "id=2", "id=3"]


def test_append_matches_columns_by_name(observed: Observed) -> None:
    assert observed["tables"]["toy.appended"]["rows"] == [["1", "first"], ["2", "later"]]


def test_insert_overwrite_replaces_only_its_partitions(observed: Observed) -> None:
    assert observed["tables"]["toy.parts_python"]["rows"] == [["1", "2024-01-01"], ["20", "2024-01-02"]]
    assert observed["tables"]["toy.parts_sql"]["rows"] == [
        ["1", "2024-01-01"],
        ["12", "2024-01-02"],
        ["13", "2024-01-02"],
    ]


def test_model_reads_its_own_rows_after_a_build_was_killed_in_the_swap(observed: Observed) -> None:
    assert observed["tables"]["toy.own_rows"]["rows"] == [["1"], ["2"]]


def test_leftovers_of_killed_builds_do_not_break_the_next(observed: Observed) -> None:
    assert observed["tables"]["toy.leftover"]["rows"] == [["1"]]
    assert not [name for name in observed["names"] if "__dbt" in name and not name.startswith(".")]


def test_table_takes_the_place_of_a_view(observed: Observed) -> None:
    assert observed["tables"]["toy.contracted"]["schema"] == "struct<id:bigint,tags:array<string>>"


def test_failed_select_leaves_the_old_table(observed: Observed) -> None:
    assert observed["broken"]["standing"][0] == "error"
    assert observed["tables"]["toy.standing"]["rows"] == [["1", "1"], ["2", "2"], ["3", "3"]]


def test_bad_cast_raises_with_sparks_message_alone(observed: Observed) -> None:
    status, message = observed["broken"]["bad_cast"]
    assert status == "error"
    assert "CAST_INVALID_INPUT" in message
    assert "at org.apache.spark" not in message


def test_broken_contract_is_refused(observed: Observed) -> None:
    assert "data type mismatch" in observed["broken"]["contract_broken"][1]


def test_schema_change_fails_where_it_must(observed: Observed) -> None:
    assert "out of sync" in observed["broken"]["changing"][1]
    assert observed["tables"]["toy.changing"]["rows"] == [["1"], ["1"]]


def test_strategy_that_needs_changeable_rows_names_its_equivalent(observed: Observed) -> None:
    assert "'insert_overwrite' with `partition_by`" in observed["broken"]["merged"][1]


def test_exception_that_hides_its_traceback_is_shown_by_its_message(observed: Observed) -> None:
    message = observed["broken"]["mistaken"][1]
    assert message.rstrip().endswith("Python model failed:\n  mistakes.Mistake: Mend your ways.")


def test_other_exceptions_are_shown_with_the_models_line(observed: Observed) -> None:
    message = observed["broken"]["crashed"][1]
    assert 'File "models/crashed.py", line 3, in model' in message
    assert "return 1 / 0" in message
    assert "spark_session" not in message


def test_wrong_result_names_what_is_needed(observed: Observed) -> None:
    message = observed["broken"]["wrong_result"][1]
    assert "model() returned builtins.list; dbt needs a pyspark DataFrame" in message
    assert "Traceback" not in message


def test_files_are_listed(observed: Observed) -> None:
    row = dict(zip(("files", "none_found", "state"), observed["tables"]["toy.listed"]["rows"][0], strict=True))
    files = json.loads(row["files"])
    folder = observed["folder"] / "files"
    assert [(file["path"], file["name"], file["size"]) for file in files] == [
        (str(folder / "a.csv"), "a.csv", 2),
        (str(folder / "b.csv"), "b.csv", 6),
    ]
    assert files[0]["modified"] == int((folder / "a.csv").stat().st_mtime * 1000)
    assert json.loads(row["none_found"]) == []


def test_table_property_is_none_at_first_and_kept_until_the_next_build(observed: Observed) -> None:
    assert observed["properties"]["rows"][0][2] == "None"
    assert observed["tables"]["toy.listed"]["rows"][0][2] == STATE


def test_docs_are_generated(observed: Observed) -> None:
    assert observed["docs"] == {"dbt": ["success", ""]}
    catalog = json.loads((observed["folder"] / "target" / "catalog.json").read_text())
    assert set(catalog["nodes"]["model.toy.documented"]["columns"]) == {"id", "day", "share"}


def test_nothing_is_printed_by_the_jvm(observed: Observed) -> None:
    assert observed["stderr"] == ""
    assert not (observed["folder"] / "spark-warehouse").exists()
