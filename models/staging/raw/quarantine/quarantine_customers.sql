{{ rejected_raw_rows("customers") }}
