{% macro pseudonym_key_id() %}
    {{ return(adapter.dispatch("pseudonym_key_id", "upswing")()) }}
{% endmacro %}

{% macro duckdb__pseudonym_key_id() %}
    {{ return(run_query("select getvariable('upswing_key_id')").rows[0][0]) }}
{% endmacro %}

{% macro spark__pseudonym_key_id() %}
    {{ return(run_query("select split(value, ' ')[2] as key_id from text.`" ~ adapter.call_python("upswing.privacy.spark_pads:pads_file") ~ "`").rows[0][0]) }}
{% endmacro %}
