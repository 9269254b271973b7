from upswing import engine
from upswing.one_thread import hold_one_thread
from upswing.sales.competitor_positions import MoveParameters, competitor_moves


def model(dbt, session):
    hold_one_thread()
    comparisons = engine.read(dbt.ref("int_price_comparisons"))
    return competitor_moves(comparisons, MoveParameters(**dbt.config.meta_get("moves")))
