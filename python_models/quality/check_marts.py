from upswing.publish import count_marts


def model(dbt, session):
    marts = {
        "breakout_products": dbt.ref("breakout_products"),
        "conversion_history": dbt.ref("conversion_history"),
        "model_metrics": dbt.ref("model_metrics"),
        "model_runs": dbt.ref("model_runs"),
        "opportunity_priorities": dbt.ref("opportunity_priorities"),
        "positive_increments": dbt.ref("positive_increments"),
        "product_analogs": dbt.ref("product_analogs"),
        "product_weeks": dbt.ref("product_weeks"),
        "products": dbt.ref("products"),
        "promotion_windows": dbt.ref("promotion_windows"),
        "quarantine_reasons": dbt.ref("quarantine_reasons"),
        "raw_deliveries": dbt.ref("raw_deliveries"),
        "sales_rep_scorecard": dbt.ref("sales_rep_scorecard"),
        "surge_calendar": dbt.ref("surge_calendar"),
        "visit_audit_metrics": dbt.ref("visit_audit_metrics"),
        "visit_audits": dbt.ref("visit_audits"),
    }
    return count_marts(marts, dbt.source("raw_control", "invocation"))
