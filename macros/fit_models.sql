{% macro fit_models() %}
    {{ return(["fit_breakout_classifier", "fit_conversion_classifier", "fit_surge_locator"]) }}
{% endmacro %}
