{{ judged_raw_rows("order_lines") }}
