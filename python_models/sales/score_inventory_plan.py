from upswing import engine
from upswing.sales.inventory_plan import InventoryPlanParameters, plan_stock


def model(dbt, session):
    parameters = InventoryPlanParameters(**dbt.config.meta_get("parameters"))
    return plan_stock(engine.read(dbt.ref("score_inventory_demand")), parameters)
