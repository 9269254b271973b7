{{ parsed_raw_rows("visits") }}
