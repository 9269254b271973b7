{{ rejected_raw_rows("events") }}
