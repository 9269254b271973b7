"""The sample company: real retail data mapped to the raw contract."""
