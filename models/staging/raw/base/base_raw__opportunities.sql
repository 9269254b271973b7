{{ judged_raw_rows("opportunities") }}
