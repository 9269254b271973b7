{{ no_bad_seed_rows("seeds/marketing_actions.csv", bad_marketing_actions()) }}
