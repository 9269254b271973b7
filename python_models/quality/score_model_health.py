from upswing import engine
from upswing.quality.model_health import score_model_health
from upswing.quality.model_health_columns import WatchedTables, watched_columns
from upswing.quality.model_health_verdicts import HealthRules


def model(dbt, session):
    as_of_date = engine.read_date(dbt.ref("base_raw__clock"), "as_of_date")
    weeks = dbt.config.meta_get("weeks_ahead")
    snapshots = dbt.ref("int_customer_snapshots")
    tables = WatchedTables(
        engine.read(snapshots.filter("is_current")),
        lambda: engine.read(snapshots.filter("orders_in_churn_window is not null")),
        engine.read(dbt.ref("int_opportunity_texts")),
        engine.read(dbt.ref("int_launch_windows").filter("is_in_cycle")),
        engine.read(dbt.ref("int_launch_histories")),
        engine.read(dbt.ref("int_product_features")),
        engine.read(dbt.ref("int_forecast_weeks")),
        engine.read(dbt.ref("int_feedback_answers").filter("is_recent")),
        engine.read(dbt.ref("score_customers")),
        engine.read(dbt.ref("score_customer_segments")),
        engine.read(dbt.ref("score_recommendations")),
        engine.read(dbt.ref("score_uplift")),
        engine.read(dbt.ref("score_conversion_probabilities")),
        engine.read(dbt.ref("score_breakout_products")),
        engine.read(dbt.ref("score_surge_calendar")),
        engine.read(dbt.ref("score_sales_forecasts").filter(f"horizon_week <= {weeks}")),
        engine.read(dbt.ref("score_feedback_sentiments")),
    )
    return score_model_health(
        engine.read_earlier(dbt, session),
        watched_columns(tables, as_of_date, weeks),
        engine.read(dbt.ref("score_model_claims")),
        engine.read(dbt.ref("score_model_fits")),
        as_of_date,
        HealthRules(**dbt.config.meta_get("rules")),
    )
