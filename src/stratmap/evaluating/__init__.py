"""Evaluating: annotated items or a BEIR collection come in, figures of the shipped system go out."""
