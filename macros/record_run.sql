{% macro record_run(moment, details) %}
    {%- do adapter.dispatch("record_run", "upswing")(moment, tojson(details)) -%}
{% endmacro %}

{% macro duckdb__record_run(moment, content) %}
    {%- do run_query(
        "select upswing_record_run('" ~ moment ~ "', '" ~ dbt.escape_single_quotes(content) ~ "')"
    ) -%}
{% endmacro %}

{% macro spark__record_run(moment, content) %}
    {%- do adapter.call_python("upswing.quality.audit_runs:record", moment, content) -%}
{% endmacro %}
