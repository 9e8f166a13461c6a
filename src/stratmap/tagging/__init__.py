"""Tagging: a document comes in, its tags with probabilities and evidence go out."""

from stratmap.tagging.tagger import PassageModel, Tagger

__all__ = ["PassageModel", "Tagger"]
