{{ rejected_raw_rows("feedback") }}
