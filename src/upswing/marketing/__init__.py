"""Campaigns, strategies, pushes, experiments, uplift and feedback."""
