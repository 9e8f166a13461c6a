"""The index: passages with their vectors on disk, and how they are found again.

Comes in: documents, their passages and vectors. Goes out: hits of a hybrid search, and what the archive holds.
It reads no files of users, encodes nothing and decides no tags. One SQLite file is the truth and the only commit
point; what makes search fast (matrix, word index) is derived from it in memory.
"""

from stratmap.index.folder import Index
from stratmap.index.writes import Indexable

__all__ = ["Index", "Indexable"]
