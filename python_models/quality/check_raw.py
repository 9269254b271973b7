from upswing.quality.gates import run_gate


def model(dbt, session):
    dbt.source("quality_control", "mart_lineage")
    settings = dbt.config.meta_get("gate_settings")
    tables = {
        "campaign_touches": dbt.ref("parsed_raw__campaign_touches"),
        "campaigns": dbt.ref("parsed_raw__campaigns"),
        "competitor_prices": dbt.ref("parsed_raw__competitor_prices"),
        "customers": dbt.ref("parsed_raw__customers"),
        "events": dbt.ref("parsed_raw__events"),
        "feedback": dbt.ref("parsed_raw__feedback"),
        "inventory": dbt.ref("parsed_raw__inventory"),
        "opportunities": dbt.ref("parsed_raw__opportunities"),
        "opt_outs": dbt.ref("parsed_raw__opt_outs"),
        "order_lines": dbt.ref("parsed_raw__order_lines"),
        "products": dbt.ref("parsed_raw__products"),
        "promotions": dbt.ref("parsed_raw__promotions"),
        "visits": dbt.ref("parsed_raw__visits"),
    }
    return run_gate(dbt, session, "raw", tables, dbt.source("raw_control", "invocation"), settings)
