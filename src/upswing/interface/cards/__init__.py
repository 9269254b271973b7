"""Model cards and the transparency report: what the published marts tell of each learned model, as pages."""
