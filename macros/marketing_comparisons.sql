{% macro marketing_comparisons() %}
    {{ return({"above": ">", "below": "<", "at_least": ">=", "at_most": "<=", "is": "=", "is_not": "<>"}) }}
{% endmacro %}
