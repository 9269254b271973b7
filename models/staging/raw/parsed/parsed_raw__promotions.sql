{{ parsed_raw_rows("promotions") }}
