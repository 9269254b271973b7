{{ rejected_raw_rows("promotions") }}
