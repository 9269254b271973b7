"""Customers: portraits, segments, scores, recommendations, baskets (sources: personalization and big-data sales articles)."""
