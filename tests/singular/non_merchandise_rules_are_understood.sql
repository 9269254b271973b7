{{ no_bad_seed_rows("seeds/non_merchandise.csv", bad_non_merchandise()) }}
