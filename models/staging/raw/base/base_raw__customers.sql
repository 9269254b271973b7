{{ judged_raw_rows("customers") }}
