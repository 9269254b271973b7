{{ judged_raw_rows("feedback") }}
