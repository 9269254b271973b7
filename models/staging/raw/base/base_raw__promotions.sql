{{ judged_raw_rows("promotions") }}
