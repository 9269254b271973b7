{{ parsed_raw_rows("events") }}
