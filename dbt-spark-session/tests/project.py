"""A small dbt project for the tests, written to a folder."""

from pathlib import Path
from textwrap import dedent

FILES = {
    "dbt_project.yml": """
        name: toy
        version: 1.0.0
        profile: toy
        flags: {send_anonymous_usage_stats: false}
        vars: {round: 1, broken: false}
        models:
          toy:
            +persist_docs: {relation: true, columns: true}
            +materialized: table
        seeds:
          +persist_docs: {relation: true, columns: true}
    """,
    "profiles.yml": """
        toy:
          target: dev
          outputs:
            dev:
              type: spark_session
              schema: toy
              master: local[2]
              threads: 2
              settings:
                spark.sql.shuffle.partitions: 1
                spark.driver.memory: 1g
                spark.sql.warehouse.dir: FOLDER/spark
                spark.hadoop.javax.jdo.option.ConnectionURL: jdbc:derby:;databaseName=FOLDER/metastore;create=true
                spark.driver.extraJavaOptions: -Dderby.system.home=FOLDER -XX:TieredStopAtLevel=1
    """,
    "mistakes.py": """
        class Mistake(ValueError):
            @property
            def __traceback__(self):
                return None

            @__traceback__.setter
            def __traceback__(self, found):
                pass
    """,
    "seeds/days.csv": """
        id,name,day,share
        1,it's,2024-01-01,1.5
        2,back\\slash,2024-01-02,
        3,,2024-01-02,2
    """,
    "models/schema.yml": r"""
        seeds:
          - name: days
            columns:
              - {name: name, description: A seed's name.}
        models:
          - name: viewed
            columns:
              - {name: id, description: A view's column.}
          - name: documented
            description: The 'days' of \d and more.
            columns:
              - {name: id, description: "The day's \\ number.", data_tests: [unique, not_null]}
              - {name: day, description: A day.}
              - {name: share}
          - name: contracted
            config: {contract: {enforced: true}}
            columns:
              - {name: id, data_type: bigint, description: A contracted column.}
              - {name: tags, data_type: array<string>}
          - name: contract_broken
            config: {contract: {enforced: true}}
            columns:
              - {name: id, data_type: string}
          - name: from_pandas
            config:
              schema: other
              pre_hook: create table if not exists {{ target.schema }}.hooked as select 'before' as moment
              post_hook: insert into {{ target.schema }}.hooked select concat('after ', count(*)) from {{ this }}
        unit_tests:
          - name: takes_only_later_rows
            model: parts_sql
            overrides: {macros: {is_incremental: true}, vars: {round: 1}}
            given:
              - input: ref('days')
                rows: [{id: 1, day: 2024-01-01}, {id: 2, day: 2024-01-05}]
              - input: this
                rows: [{id: 1, day: 2024-01-03}]
            expect:
              rows: [{id: 2, day: 2024-01-05}]
          - name: takes_all_rows_at_first
            model: parts_sql
            overrides: {macros: {is_incremental: false}, vars: {round: 1}}
            given:
              - input: ref('days')
                rows: [{id: 1, day: 2024-01-01}]
            expect:
              rows: [{id: 1, day: 2024-01-01}]
    """,
    "models/viewed.sql": "{{ config(materialized='view') }} select * from {{ ref('days') }}",
    "models/documented.sql": "select id, day, share from {{ ref('viewed') }}",
    "models/contracted.sql": "select 1L as id, array('a') as tags",
    "models/contract_broken.sql": "{{ config(tags='fails') }} select 1L as id",
    "models/types_full.py": """
        import datetime as dt

        import pyarrow as pa

        from arrow_types import TYPES

        VALUES = {
            "text": "a", "whole": 2**40, "real": 0.5, "flag": True, "day": dt.date(2024, 1, 2),
            "moment": dt.datetime(2024, 1, 2, 3, 4, 5, 6), "blob": b"x", "reals": [0.5], "texts": ["a", None],
            "days": [dt.date(2024, 1, 2)], "small": 7, "coded": "c", "fixed": [1.0, 2.0], "nested": {"n": 1},
        }


        def model(dbt, session):
            dbt.config(materialized="table")
            rows = [VALUES, dict.fromkeys(VALUES)]
            return pa.Table.from_pylist(rows, pa.schema(TYPES)).to_reader()
    """,
    "models/types_empty.py": """
        import pyarrow as pa

        from arrow_types import TYPES


        def model(dbt, session):
            return pa.schema(TYPES).empty_table()
    """,
    "arrow_types.py": """
        import pyarrow as pa

        TYPES = [
            ("text", pa.string()), ("whole", pa.int64()), ("real", pa.float64()), ("flag", pa.bool_()),
            ("day", pa.date32()), ("moment", pa.timestamp("us")), ("blob", pa.binary()),
            ("reals", pa.list_(pa.float64())), ("texts", pa.list_(pa.string())), ("days", pa.list_(pa.date32())),
            ("small", pa.uint16()), ("coded", pa.dictionary(pa.int32(), pa.string())),
            ("fixed", pa.list_(pa.float32(), 2)), ("nested", pa.struct([("n", pa.int64())])),
        ]
    """,
    "models/from_pandas.py": """
        import pandas as pd


        def model(dbt, session):
            dbt.config(materialized="table")
            days = dbt.ref("days").toPandas()
            return pd.DataFrame({"n": [len(days)], "text": ["a"]}, index=[5])
    """,
    "models/appended.py": """
        def model(dbt, session):
            dbt.config(materialized="incremental")
            if dbt.is_incremental:
                seen = session.sql(f"select max(n) as n from {dbt.this}").first().n
                return session.sql(f"select 'later' as text, {seen} + 1 as n")
            return session.sql("select 1 as n, 'first' as text")
    """,
    "models/mapped.py": """
        def model(dbt, session):
            def double(batches):
                for batch in batches:
                    yield batch

            dbt.config(materialized="table", partition_by="id")
            days = dbt.ref("days").select("name", "id")
            return days.mapInArrow(double, days.schema)
    """,
    "models/parts_python.py": """
        def model(dbt, session):
            dbt.config(materialized="incremental", incremental_strategy="insert_overwrite", partition_by=["day"])
            if dbt.is_incremental:
                return session.sql("select date'2024-01-02' as day, 20 as n")
            return session.sql(
                "select * from values (date'2024-01-01', 1), (date'2024-01-02', 2), (date'2024-01-02', 3) as t (day, n)"
            )
    """,
    "models/parts_sql.sql": """
        {{ config(materialized='incremental', incremental_strategy='insert_overwrite', partition_by=['day']) }}
        select day, id + 10 * ({{ var('round') }} - 1) as id from {{ ref('days') }}
        {% if is_incremental() %} where day >= (select max(day) from {{ this }}) {% endif %}
    """,
    "models/own_rows.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            if session.catalog.tableExists(str(dbt.this)):
                return session.sql(f"select n from {dbt.this} union all select max(n) + 1 from {dbt.this}")
            return session.sql("select 1 as n")
    """,
    "models/standing.sql": """
        select id, cast({{ "name" if var('broken') else "id" }} as bigint) as whole from {{ ref('days') }}
    """,
    "models/leftover.sql": "select 1 as n",
    "models/listed.sql": """
        {{ config(post_hook="{% do adapter.set_table_property(this, 'toy.state', var('state')) %}") }}
        {% set state = adapter.table_property(this, 'toy.state') if execute else none %}
        select
          {{ adapter.sql_literal(tojson(adapter.list_files('files/*.csv'))) }} as files,
          {{ adapter.sql_literal(tojson(adapter.list_files('nowhere/*.csv'))) }} as none_found,
          {{ adapter.sql_literal(state) }} as state
    """,
    "models/changing.sql": """
        {{ config(materialized='incremental', on_schema_change='fail') }}
        select 1 as n {% if var('broken') %}, 2 as more {% endif %}
    """,
    "models/bad_cast.sql": "{{ config(tags='fails') }} select cast(name as bigint) as n from {{ ref('days') }}",
    "models/mistaken.py": """
        from mistakes import Mistake


        def check():
            raise Mistake("Mend your ways.")


        def model(dbt, session):
            dbt.config(tags="fails")
            return check()
    """,
    "models/crashed.py": """
        def model(dbt, session):
            dbt.config(tags="fails")
            return 1 / 0
    """,
    "models/wrong_result.py": """
        def model(dbt, session):
            dbt.config(tags="fails")
            return [1]
    """,
    "models/merged.sql": """
        {{ config(materialized='incremental', incremental_strategy='merge', tags='fails') }} select 1 as n
    """,
    "files/b.csv": "12345",
    "files/a.csv": "1",
    "files/a.txt": "no",
}


def write_project(folder: Path) -> None:
    """Write the project's files."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).strip().replace("FOLDER", str(folder)) + "\n")
