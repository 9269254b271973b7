"""Customers: portraits, segments, scores, recommendations, baskets (source: personalization and big-data articles)."""
