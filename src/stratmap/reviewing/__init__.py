"""What people say of tags, and what follows from it.

Comes in: verdicts of people, and the features that the tagger left in the index. Goes out: corrected tags, questions
worth asking, a refitted tagger with its figures, versions that can be restored, and the workbook in which corrections
travel. Only `scoring` encodes a text, and nothing draws a screen.
"""
