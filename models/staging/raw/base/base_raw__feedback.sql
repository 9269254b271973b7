{{ validated_raw_rows("feedback") }}
