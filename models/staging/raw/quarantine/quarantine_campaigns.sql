{{ rejected_raw_rows("campaigns") }}
