{{ parsed_raw_rows("opt_outs") }}
