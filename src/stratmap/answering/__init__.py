"""Answering: a question comes in, an `Answer` made of checked quotations goes out, or a plain refusal.

Works without a language model; with one (extra `chat`) every sentence of the model is checked against what it
cites. It does not read files, store passages, or tag.
"""
