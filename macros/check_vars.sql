{% macro check_vars() %}
    {%- set rules = [
        ("launch_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("cycle_weeks", "a whole number of weeks, more than launch_weeks", (var("launch_weeks") | int) + 1, none, true),
        ("launch_guard_weeks", "a whole number of weeks, at least 0", 0, none, true),
        ("min_launch_units", "a number, at least 0", 0, none, false),
        ("max_calendar_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("min_category_launches", "a whole number, at least 1", 1, none, true),
        ("breakout_quantile", "a share between 0 and 1", 0, 1, false),
        ("breakout_probability_threshold", "a probability between 0.01 and 0.99", 0.01, 0.99, false),
        ("surge_probability_threshold", "a probability between 0 and 1", 0, 1, false),
        ("min_analogs", "a whole number, at least 1", 1, none, true),
        ("analog_refine", "a whole number of steps, at least 0", 0, none, true),
        ("bert_trained_layers", "a whole number of layers, at least 0", 0, none, true),
        ("visit_recency", "a weight above 0 and up to 1", 0.001, 1, false),
        ("refit_after_days", "a whole number of days, at least 0", 0, none, true),
        ("refit_growth", "a share, at least 0.001", 0.001, none, false),
        ("keep_weights", "a whole number of fits, at least 1", 1, none, true),
        ("late_days", "a whole number of days, at least 0", 0, none, true),
        ("quarantine_warn_share", "a share between 0 and 1", 0, 1, false),
    ] -%}
    {%- for name, expected, lowest, highest, is_whole in rules -%}
        {%- set value = var(name) -%}
        {%- set is_number = value is number and value is not boolean -%}
        {%- if
            not is_number
            or value < lowest
            or (highest is not none and value > highest)
            or (is_whole and value is not integer)
        -%}
            {%- do exceptions.raise_compiler_error(
                "The var " ~ name ~ " is " ~ value ~ "; expected " ~ expected
                ~ ". Set it in dbt_project.yml or by: dbt build --vars '{" ~ name ~ ": ...}'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var("refit") not in ["auto", "always", "never"] -%}
        {%- do exceptions.raise_compiler_error(
            "The var refit is " ~ var("refit") ~ "; expected auto, always or never. "
            ~ "Set it in dbt_project.yml or by: dbt build --vars '{refit: auto}'"
        ) -%}
    {%- endif -%}
    {%- set read_layers = var("bert_read_layers") -%}
    {%- if read_layers is not none and (read_layers is not integer or read_layers < 1) -%}
        {%- do exceptions.raise_compiler_error(
            "The var bert_read_layers is " ~ read_layers ~ "; expected a whole number of layers, at least 1, or null for two "
            ~ "thirds of those of the BERT."
        ) -%}
    {%- endif -%}
    {%- set threshold = var("breakout_threshold") -%}
    {%- if threshold is not none and (threshold is not number or threshold < 0) -%}
        {%- do exceptions.raise_compiler_error(
            "The var breakout_threshold is " ~ threshold ~ "; expected a number of at least 0, or null for the "
            ~ "breakout_quantile of D in history."
        ) -%}
    {%- endif -%}
{% endmacro %}
