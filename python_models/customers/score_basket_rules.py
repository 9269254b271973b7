from upswing import engine
from upswing.customers.basket_rules import RULE_SCHEMA, RuleParameters
from upswing.customers.basket_rules_longer import score_rules
from upswing.kept_scores import kept_schema, scores_when_changed


def model(dbt, session):
    parameters = RuleParameters(**dbt.config.meta_get("parameters"))
    pairs = engine.read(dbt.ref("int_basket_pairs"))
    sample = engine.read(dbt.ref("int_basket_sample"))
    return scores_when_changed(
        score_rules.__module__,
        lambda: score_rules(pairs, sample, parameters),
        [pairs, sample],
        [parameters],
        engine.read_standing(dbt, session, kept_schema(RULE_SCHEMA)),
    )
