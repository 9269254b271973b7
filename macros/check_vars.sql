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
        ("recent_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("active_weeks", "a whole number of weeks, at least recent_weeks", var("recent_weeks") | int, none, true),
        ("customer_snapshot_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("customer_snapshots", "a whole number, at least 1", 1, 520, true),
        ("churn_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("churn_risk_share", "a share between 0 and 1", 0, 1, false),
        ("intent_days", "a whole number of days, at least 1", 1, none, true),
        ("intent_categories", "a whole number, at least 1", 1, none, true),
        ("interest_categories", "a whole number, at least 1", 1, none, true),
        ("min_interest_days", "a whole number of days, at least 1", 1, none, true),
        ("interest_shrinkage_days", "a number of days, at least 0", 0, none, false),
        ("bot_events_per_minute", "a number above 0", 0.001, none, false),
        ("bot_min_events", "a whole number of events, at least 1", 1, none, true),
        ("double_click_seconds", "a whole number of seconds, at least 0", 0, none, true),
        ("min_segments", "a whole number, at least 2", 2, none, true),
        ("max_segments", "a whole number, at least min_segments", var("min_segments") | int, none, true),
        ("segment_stability_snapshots", "a whole number, at least 1", 1, none, true),
        ("min_described_customers", "a whole number of customers, at least k_anonymity", var("k_anonymity") | int, none, true),
        ("similar_products", "a whole number, at least 1", 1, none, true),
        ("similar_price_share", "a share between 0 and 1", 0, 1, false),
        ("rating_shrinkage", "a number of ratings, at least 0", 0, none, false),
        ("max_basket_products", "a whole number of products, at least 2", 2, none, true),
        ("max_sampled_baskets", "a whole number of baskets, at least 1", 1, none, true),
        ("min_offer_price", "a price a unit, at least 0", 0, none, false),
        ("recommendations_per_customer", "a whole number, at least 1", 1, none, true),
        ("repeat_category_share", "a share between 0 and 1", 0, 1, false),
        ("recommendation_test_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("max_recommendations_per_category", "a whole number of products, at least 1", 1, none, true),
        ("max_repeat_share", "a share between 0.01 and 1", 0.01, 1, false),
        ("min_recommendation_days", "a whole number of days, at least 1", 1, none, true),
        ("min_rule_orders", "a whole number of orders, at least 2", 2, none, true),
        ("min_rule_confidence", "a share between 0 and 1", 0, 1, false),
        ("min_rule_lift", "a number, at least 1", 1, none, false),
        ("rule_false_discovery_rate", "a share between 0 and 1", 0, 1, false),
        ("max_rule_items", "a whole number of items, at least 2", 2, none, true),
        ("forecast_weeks", "a whole number of weeks between 1 and 104", 1, 104, true),
        ("min_forecast_weeks_sold", "a whole number of weeks, at least 1", 1, none, true),
        ("max_forecast_products", "a whole number of products, at least 0", 0, none, true),
        ("max_forecast_store_categories", "a whole number of series, at least 0", 0, none, true),
        ("forecast_windows", "a whole number of windows, at least 1", 1, none, true),
        ("forecast_window_step_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("season_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("arima_series", "a whole number of series, at least 0", 0, none, true),
        ("refit_every_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("forecast_drift_ratio", "a number above 1", 1.001, none, false),
        ("anomaly_false_discovery_rate", "a share between 0 and 1", 0, 1, false),
        ("anomaly_min_weeks", "a whole number of weeks, at least 3", 3, none, true),
        ("anomaly_price_change", "a share above 0", 0.001, none, false),
        ("anomaly_promotion_change", "a share between 0.001 and 1", 0.001, 1, false),
        ("anomaly_explained_share", "a share between 0.001 and 1", 0.001, 1, false),
        ("anomaly_stock_share", "a share between 0.001 and 1", 0.001, 1, false),
        ("anomaly_stock_units", "a number of units, at least 0", 0, none, false),
        ("max_price_multiple", "a number above 1", 1.001, none, false),
        ("price_move_share", "a share above 0", 0.0001, 1, false),
        ("price_follow_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("min_elasticity_weeks", "a whole number of weeks, at least 8", 8, none, true),
        ("service_level", "a share between 0.5 and 0.999", 0.5, 0.999, false),
        ("default_lead_time_days", "a number of days, at least 0", 0, none, false),
        ("order_review_days", "a number of days, at least 0", 0, none, false),
        ("slow_mover_days", "a number of days, at least 1", 1, none, false),
        ("dead_stock_days", "a whole number of days, at least 1", 1, none, true),
        ("excess_cover_days", "a number of days, at least 1", 1, none, false),
        ("max_count_age_days", "a whole number of days, at least 0", 0, none, true),
        ("max_count_multiple", "a number above 1", 1.001, none, false),
        ("compared_counts", "a whole number of counts, at least 1", 1, none, true),
        ("min_compared_counts", "a whole number of counts, up to compared_counts", 1, var("compared_counts") | int, true),
        ("min_compared_units", "a number of units, at least 0", 0, none, false),
        ("response_days", "a whole number of days, at least 1", 1, none, true),
        ("repurchase_days", "a whole number of days, at least 1", 1, none, true),
        ("effect_confidence", "a probability between 0.5 and 0.999", 0.5, 0.999, false),
        ("experiment_false_discovery_rate", "a share between 0.001 and 0.5", 0.001, 0.5, false),
        ("experiment_power", "a probability between 0.5 and 0.999", 0.5, 0.999, false),
        ("split_alarm_rate", "a share between 0.000001 and 0.1", 0.000001, 0.1, false),
        ("adjustment_step", "a number between 0 and 1", 0, 1, false),
        ("max_adjustment", "a share between 0 and 1", 0, 1, false),
        ("adjustment_dead_band", "a number, at least 0", 0, none, false),
        ("min_strategy_strength", "a number between 0 and 1", 0, 1, false),
        ("max_strategy_strength", "a number, at least 1", 1, none, false),
        ("min_measured_customers", "a whole number of customers, at least 1", 1, none, true),
        ("min_measured_conversions", "a whole number of customers, at least 1", 1, none, true),
        ("min_control_customers", "a whole number of customers, at least 50", 50, none, true),
        ("uplift_least_effect", "a probability between 0.001 and 0.999", 0.001, 0.999, false),
        ("sure_thing_probability", "a probability between 0.001 and 0.999", 0.001, 0.999, false),
        ("default_cost_share", "a share between 0 and 1", 0, 1, false),
        ("min_margin", "a share of the price between 0 and 0.99", 0, 0.99, false),
        ("promotion_lead_days", "a whole number of days, at least 0", 0, none, true),
        ("rival_news_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("max_products_per_action", "a whole number of products, at least 1", 1, none, true),
        ("max_pushes_per_customer", "a whole number of pushes, at least 0", 0, none, true),
        ("push_days", "a whole number of days between 1 and 7", 1, 7, true),
        ("push_lead_days", "a whole number of days between 0 and 6", 0, 6, true),
        ("default_offer_lift", "a share between 0 and 1", 0, 1, false),
        ("habitual_purchase_days", "a whole number of days, at least 1", 1, none, true),
        ("default_offer_response", "a share between 0 and 1", 0, 1, false),
        ("feedback_weeks", "a whole number of weeks, at least 1", 1, none, true),
        ("feedback_recommendation_weight", "a number between 0 and 1", 0, 1, false),
        ("feedback_priority_weight", "a number between 0 and 1", 0, 1, false),
        ("market_false_discovery_rate", "a share between 0.0001 and 0.9999", 0.0001, 0.9999, false),
        ("refit_after_days", "a whole number of days, at least 0", 0, none, true),
        ("refit_growth", "a share, at least 0.001", 0.001, none, false),
        ("keep_weights", "a whole number of fits, at least 1", 1, none, true),
        ("late_days", "a whole number of days, at least 0", 0, none, true),
        ("quarantine_warn_share", "a share between 0 and 1", 0, 1, false),
        ("drift_warn_psi", "a number above 0", 0.001, none, false),
        ("rows_change_warn_share", "a share above 0", 0.001, none, false),
        ("health_drift_psi", "a number above 0", 0.001, none, false),
        ("health_calibration_gap", "a share between 0.001 and 1", 0.001, 1, false),
        ("min_health_rows", "a whole number of rows, at least 2", 2, none, true),
        ("health_weeks_ahead", "a whole number of weeks, at least 1", 1, none, true),
        ("max_text_length", "a whole number of characters, at least 1", 1, none, true),
        ("min_gate_rows", "a whole number of rows, at least 1", 1, none, true),
        ("k_anonymity", "a whole number of customers, at least 1", 1, none, true),
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
    {%- if var("gates") not in ["stop", "warn", "off"] -%}
        {%- do exceptions.raise_compiler_error(
            "The var gates is " ~ var("gates") ~ "; expected stop, warn or off. "
            ~ "Set it in dbt_project.yml or by: dbt build --vars '{gates: stop}'"
        ) -%}
    {%- endif -%}
    {%- if var("message_language") not in ["en", "zh"] -%}
        {%- do exceptions.raise_compiler_error(
            "The var message_language is " ~ var("message_language") ~ "; expected en or zh. "
            ~ "Set it in dbt_project.yml or by: dbt build --vars '{message_language: zh}'"
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
