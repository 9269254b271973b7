{{ judged_raw_rows("competitor_prices") }}
