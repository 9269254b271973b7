{{ judged_raw_rows("visits") }}
