{{
    parsed_raw_rows(
        "opportunities",
        rules=[{"condition": "closed_at < opened_at", "reason": "closed_at lies before opened_at"}],
    )
}}
