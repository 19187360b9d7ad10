"""Measurements: not tests, since they tell how well and how fast, not whether."""
