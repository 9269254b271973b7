{{ rejected_raw_rows("opt_outs") }}
