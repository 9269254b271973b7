{{ rejected_raw_rows("inventory") }}
