{{ parsed_raw_rows("feedback") }}
