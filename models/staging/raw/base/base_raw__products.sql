{{ judged_raw_rows("products") }}
