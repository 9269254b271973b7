{{ parsed_raw_rows("campaign_touches") }}
