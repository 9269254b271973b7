{{
    parsed_raw_rows(
        "campaigns",
        rules=[{"condition": "ends_on < starts_on", "reason": "ends_on lies before starts_on"}],
    )
}}
