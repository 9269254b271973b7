{{ judged_raw_rows("events") }}
