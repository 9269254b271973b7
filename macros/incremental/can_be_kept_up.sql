{% macro can_be_kept_up() %}
    {%- set standing = built_from(model) -%}
    {%- set now = would_be_built_from() -%}
    {%- if standing is none or standing.code != now.code -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if model.config.meta.kept_up_from == "delivery" -%}
        {{ return(now.standing_parts is not none) }}
    {%- endif -%}
    {%- if now.as_of_date < standing.as_of_date -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for name, source in now.sources.items() if standing.sources[name].generation != source.generation -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{% endmacro %}
