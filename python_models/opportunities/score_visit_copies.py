from upswing import engine
from upswing.opportunities.visit_copies import CopyParameters, find_copies


def model(dbt, session):
    (thresholds,) = engine.read(dbt.ref("visit_audit_thresholds")).to_pylist()
    parameters = CopyParameters(thresholds["near_copy_similarity"], thresholds["near_copy_min_words"])
    return find_copies(engine.read(dbt.ref("int_visit_evidence")), parameters)
