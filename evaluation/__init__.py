"""Benchmarks, recipes and recorded results. It imports stratmap; stratmap never imports it."""
