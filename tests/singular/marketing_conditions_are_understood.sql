{{ no_bad_seed_rows("seeds/marketing_conditions.csv", bad_marketing_conditions()) }}
