{{ validated_raw_rows("visits") }}
