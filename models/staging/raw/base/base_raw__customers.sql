{{ validated_raw_rows("customers") }}
