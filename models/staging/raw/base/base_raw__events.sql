{{ validated_raw_rows("events") }}
