from upswing.privacy.vault_sealing import check_build_key
from upswing.publish import publish_marts


def model(dbt, session):
    checked = dbt.ref("check_marts")
    check_build_key(dbt.ref("seal_identities"))
    invocation = dbt.source("raw_control", "invocation")
    return publish_marts(session, checked, invocation, dbt.config.meta_get("marts_file"))
