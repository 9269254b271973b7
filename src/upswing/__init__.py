"""Upswing: the algorithms behind the warehouse, and the few modules that bind them to an engine."""
