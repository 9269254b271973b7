{{ parsed_raw_rows("products") }}
