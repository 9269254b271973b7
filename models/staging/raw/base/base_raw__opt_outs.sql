{{ judged_raw_rows("opt_outs") }}
