"""Starts the web app on this machine: `python app.py`, then open http://127.0.0.1:7860.

The archive is the folder `index`, where `stratmap index` puts it; without one, tagging still works.
"""

from pathlib import Path

from stratmap.app.serve import launch
from stratmap.assembly import Desk
from stratmap.settings import Settings

if __name__ == "__main__":
    settings = Settings.load()
    launch(Desk(settings, Path("index")), settings, told=print)
