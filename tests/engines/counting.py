"""The archive's fake tagger, which also notes each time that it is loaded, and by which process."""

import os

from archive_fakes import FakeTagger


class Counting(FakeTagger):
    def __init__(self, settings, log, delay_s):
        super().__init__(settings, log, delay_s)
        with open(log + ".loads", "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
