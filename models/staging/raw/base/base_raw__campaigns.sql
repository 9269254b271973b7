{{ judged_raw_rows("campaigns") }}
