{{ judged_raw_rows("inventory") }}
