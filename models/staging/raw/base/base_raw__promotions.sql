{{ validated_raw_rows("promotions") }}
