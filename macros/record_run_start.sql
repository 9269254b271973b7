{% macro record_run_start() %}
    {#- At parse time nothing runs yet. -#}
    {%- if execute -%}
        {%- set given = {} -%}
        {%- for name, value in (invocation_args_dict.get("vars") or {}).items() -%}
            {%- do given.update({name: value | string}) -%}
        {%- endfor -%}
        {%- do record_run("started", {
            "invocation_id": invocation_id,
            "command": flags.WHICH,
            "target": target.name,
            "select": invocation_args_dict.get("select") or [],
            "exclude": invocation_args_dict.get("exclude") or [],
            "full_refresh": flags.FULL_REFRESH or false,
            "vars": given,
        }) -%}
    {%- endif -%}
{% endmacro %}
