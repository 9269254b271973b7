{{ validated_raw_rows("inventory") }}
