"""Tagging many documents: `run` does it, `read_results` gives the results back, `watch` minds a drop folder.

Comes in: paths and a tagger, as a callable. Goes out: a folder of results. It knows no particular tagger.
"""

from stratmap.archive.forms import FORMS, USUAL, FormOptions, check_forms, covered_documents, write_forms
from stratmap.archive.iati_files import IatiFiles, write_iati_files
from stratmap.archive.progress import Progress
from stratmap.archive.results import Result, read_results
from stratmap.archive.session import ArchiveResult, run
from stratmap.archive.watch import watch
from stratmap.archive.workers import TaggerFactory

__all__ = [
    "FORMS",
    "USUAL",
    "ArchiveResult",
    "FormOptions",
    "IatiFiles",
    "Progress",
    "Result",
    "TaggerFactory",
    "check_forms",
    "covered_documents",
    "read_results",
    "run",
    "watch",
    "write_forms",
    "write_iati_files",
]
