"""Sales: forecasts, anomalies, market, inventory."""
