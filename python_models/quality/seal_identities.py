from upswing.privacy.vault_sealing import seal_identities


def model(dbt, session):
    identities = dbt.source("raw_private", "identities")
    deliveries = dbt.source("raw_control", "deliveries")
    return seal_identities(identities, deliveries)
