{{ rejected_raw_rows("products") }}
