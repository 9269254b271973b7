{{ rejected_raw_rows("visits") }}
