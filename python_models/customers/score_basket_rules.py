from upswing import engine
from upswing.customers.basket_rules import RuleParameters
from upswing.customers.basket_rules_longer import score_rules


def model(dbt, session):
    parameters = RuleParameters(**dbt.config.meta_get("parameters"))
    pairs = engine.read(dbt.ref("int_basket_pairs"))
    sample = engine.read(dbt.ref("int_basket_sample"))
    return score_rules(pairs, sample, parameters)
