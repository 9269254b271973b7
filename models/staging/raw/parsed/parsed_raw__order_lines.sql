{{ parsed_raw_rows("order_lines") }}
