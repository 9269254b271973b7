{% macro remember_built_from() %}
    {%- if execute -%}
        {%- set standing = built_from(model) or {} -%}
        {%- set state = would_be_built_from() -%}
        {%- do state.pop("standing_parts", none) -%}
        {%- do state.update({"generation": standing.generation or invocation_id}) -%}
        {{ adapter.dispatch("remember_built_from", "upswing")(state) }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__remember_built_from(state) -%}
    comment on table {{ this }} is '{{ tojson(state) | replace("'", "''") }}'
{%- endmacro %}

{% macro spark__remember_built_from(state) -%}
    {%- do adapter.set_table_property(this.incorporate(type="table"), "upswing.built_from", tojson(state)) -%}
{%- endmacro %}
