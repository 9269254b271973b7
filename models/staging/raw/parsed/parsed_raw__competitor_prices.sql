{{ parsed_raw_rows("competitor_prices") }}
