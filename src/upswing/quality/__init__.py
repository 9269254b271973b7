"""Gates, audit, backup, serving, live refresh and the health of models."""
