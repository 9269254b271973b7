{% macro fit_models() %}
    {{ return([
        "fit_breakout_classifier",
        "fit_conversion_classifier",
        "fit_customer_predictor",
        "fit_customer_segments",
        "fit_recommender",
        "fit_sales_forecaster",
        "fit_sentiment_classifier",
        "fit_surge_locator",
        "fit_uplift_predictor",
    ]) }}
{% endmacro %}
