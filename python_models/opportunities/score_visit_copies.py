from upswing import engine
from upswing.kept_scores import kept_schema, scores_when_changed
from upswing.opportunities.visit_copies import COPY_SCHEMA, CopyParameters, find_copies


def model(dbt, session):
    (thresholds,) = engine.read(dbt.ref("visit_audit_thresholds")).to_pylist()
    parameters = CopyParameters(thresholds["near_copy_similarity"], thresholds["near_copy_min_words"])
    evidence = engine.read(dbt.ref("int_visit_evidence"))
    return scores_when_changed(
        find_copies.__module__,
        lambda: find_copies(evidence, parameters),
        [evidence],
        [parameters],
        engine.read_standing(dbt, session, kept_schema(COPY_SCHEMA)),
    )
