from upswing import engine, fits
from upswing.customers.segment_features import SEGMENT_COLUMNS
from upswing.customers.segment_scores import score_segments


def model(dbt, session):
    fit = fits.newest_fit(engine.read(dbt.ref("fit_customer_segments")))
    compared = dbt.ref("int_customer_snapshots").filter("is_current or regular_number in (0, 1)")
    names = engine.read(dbt.ref("segment_names"))
    traits = engine.read(dbt.ref("segment_traits"))
    return score_segments(fit, engine.read(compared).select(SEGMENT_COLUMNS), names, traits)
