"""Passages on disk and how they are found again: import from the modules, this file stays empty."""
