{{ judged_raw_rows("campaign_touches") }}
