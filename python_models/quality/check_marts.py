from upswing.publish import count_marts


def model(dbt, session):
    marts = {
        "basket_rules": dbt.ref("basket_rules"),
        "breakout_products": dbt.ref("breakout_products"),
        "category_intents": dbt.ref("category_intents"),
        "conversion_history": dbt.ref("conversion_history"),
        "customer_interests": dbt.ref("customer_interests"),
        "customer_scores": dbt.ref("customer_scores"),
        "customer_segments": dbt.ref("customer_segments"),
        "customers": dbt.ref("customers"),
        "model_metrics": dbt.ref("model_metrics"),
        "model_runs": dbt.ref("model_runs"),
        "opportunity_priorities": dbt.ref("opportunity_priorities"),
        "positive_increments": dbt.ref("positive_increments"),
        "product_analogs": dbt.ref("product_analogs"),
        "product_features": dbt.ref("product_features"),
        "product_similarities": dbt.ref("product_similarities"),
        "product_weeks": dbt.ref("product_weeks"),
        "products": dbt.ref("products"),
        "promotion_windows": dbt.ref("promotion_windows"),
        "quarantine_reasons": dbt.ref("quarantine_reasons"),
        "raw_deliveries": dbt.ref("raw_deliveries"),
        "recommendations": dbt.ref("recommendations"),
        "sales_rep_scorecard": dbt.ref("sales_rep_scorecard"),
        "segment_profiles": dbt.ref("segment_profiles"),
        "surge_calendar": dbt.ref("surge_calendar"),
        "visit_audit_metrics": dbt.ref("visit_audit_metrics"),
        "visit_audits": dbt.ref("visit_audits"),
    }
    return count_marts(marts, dbt.source("raw_control", "invocation"))
