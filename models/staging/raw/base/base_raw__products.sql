{{ validated_raw_rows("products") }}
