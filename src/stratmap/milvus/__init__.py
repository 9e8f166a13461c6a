"""Searching in Milvus: the passages of an index in a collection of a server, or in a file of Milvus Lite.

Comes in: an index folder and an address. Goes out: the same `Index`, whose search runs on the far side. The database of
the folder stays the truth and the only commit point: texts, tags, corrections and generations are there, and Milvus
holds what makes search fast, as the memory of this process does without it. What Milvus lost is sent again.
"""

from stratmap.milvus.index import MilvusIndex

__all__ = ["MilvusIndex"]
