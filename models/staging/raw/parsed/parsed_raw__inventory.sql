{{ parsed_raw_rows("inventory") }}
