"""Recipes: each makes one folder under `models/` from its data."""
