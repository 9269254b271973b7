from upswing import engine, fits
from upswing.customers.segment_features import SEGMENT_COLUMNS
from upswing.customers.segment_fit import fit_customer_segments
from upswing.customers.segment_parameters import SegmentParameters
from upswing.privacy import erasures
from upswing.privacy.keys import warehouse_folder


def model(dbt, session):
    parameters = SegmentParameters(**dbt.config.meta_get("parameters"))
    earlier = engine.read_earlier(dbt, session)
    compared = f"regular_number in (0, {dbt.config.meta_get('snapshots_before')})"
    snapshots = engine.read(dbt.ref("int_customer_snapshots").filter(compared)).select(SEGMENT_COLUMNS)
    return fits.fit_when_due(
        "customer_segments",
        fit_customer_segments.__module__,
        lambda: fit_customer_segments(snapshots, parameters, (fits.newest_fit(earlier) or {}).get("weights")),
        [snapshots],
        parameters,
        earlier,
        fits.RefitPolicy(**dbt.config.meta_get("refit_policy")),
        engine.read_date(dbt.ref("base_raw__clock"), "as_of_date"),
        erased_at=erasures.newest(warehouse_folder()),
    )
