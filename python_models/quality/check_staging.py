from upswing.quality.gates import run_gate


def model(dbt, session):
    dbt.source("quality_control", "mart_lineage")
    settings = dbt.config.meta_get("gate_settings")
    tables = {
        "campaign_touches": dbt.ref("stg_raw__campaign_touches"),
        "campaigns": dbt.ref("stg_raw__campaigns"),
        "competitor_prices": dbt.ref("stg_raw__competitor_prices"),
        "customers": dbt.ref("stg_raw__customers"),
        "events": dbt.ref("stg_raw__events"),
        "feedback": dbt.ref("stg_raw__feedback"),
        "inventory": dbt.ref("stg_raw__inventory"),
        "opportunities": dbt.ref("stg_raw__opportunities"),
        "opt_outs": dbt.ref("stg_raw__opt_outs"),
        "order_lines": dbt.ref("stg_raw__order_lines"),
        "products": dbt.ref("stg_raw__products"),
        "promotions": dbt.ref("stg_raw__promotions"),
        "visits": dbt.ref("stg_raw__visits"),
    }
    return run_gate(dbt, session, "staging", tables, dbt.source("raw_control", "invocation"), settings)
