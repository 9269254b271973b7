{{ rejected_raw_rows("opportunities") }}
