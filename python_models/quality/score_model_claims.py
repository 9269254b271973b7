from upswing import engine
from upswing.quality.model_health_claims import score_model_claims
from upswing.quality.model_health_outcomes import CLAIM_SCHEMA, ClaimTables
from upswing.quality.model_health_promises import ClaimHorizons


def model(dbt, session):
    horizons = ClaimHorizons(**dbt.config.meta_get("horizons"))
    fits = engine.read(dbt.ref("score_model_fits"))
    tables = ClaimTables(
        engine.read(dbt.ref("score_customers")),
        engine.read(dbt.ref("score_uplift")),
        engine.read(dbt.ref("score_conversion_probabilities")),
        engine.read(dbt.ref("score_breakout_products")),
        engine.read(dbt.ref("score_surge_calendar")),
        engine.read(dbt.ref("score_sales_forecasts").filter(f"horizon_week <= {horizons.weeks_ahead}")),
        engine.read(dbt.ref("score_feedback_sentiments")),
        engine.read(dbt.ref("score_watched_order_days")),
        engine.read(dbt.ref("int_uplift_touches")),
        engine.read(dbt.ref("int_opportunity_texts")),
        engine.read(dbt.ref("int_launch_windows").filter("is_in_cycle")),
        engine.read(dbt.ref("int_launch_histories")),
        engine.read(dbt.ref("int_forecast_weeks")),
        engine.read(dbt.ref("int_feedback_answers")),
        dict(zip(fits["model_version"].to_pylist(), fits["as_of_date"].to_pylist(), strict=True)),
    )
    return score_model_claims(
        engine.read_standing(dbt, session, CLAIM_SCHEMA),
        tables,
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        horizons,
    )
