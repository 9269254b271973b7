{{ parsed_raw_rows("customers") }}
