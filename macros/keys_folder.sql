{% macro keys_folder() %}
    {{- return(env_var("UPSWING_KEYS", "") or env_var("UPSWING_WAREHOUSE", "warehouse") ~ "/keys") -}}
{% endmacro %}
