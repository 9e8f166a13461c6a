"""Versions of the refitted tagger, beside the index.

Comes in: adjustments with a report. Goes out: the same, checked against their hashes. Each version is a folder
`versions/0001` that is written aside and then moved into place, and never changes; `versions/active.json` names the one
in use. Without it, or where it says `shipped`, the shipped tagger is used as it is.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.artefacts import MANIFEST, load_manifest, write_manifest
from stratmap.errors import ArtefactError, UsageError
from stratmap.files import atomic_write, atomic_write_text, sync_folder
from stratmap.reviewing.adjusting import Adjustment

FOLDER, ACTIVE, SHIPPED = "versions", "active.json", "shipped"
KIND, WEIGHTS, REPORT = "adjustment", "weights.safetensors", "report.json"
_BESIDE = ".new-"


@dataclass(frozen=True, slots=True)
class Version:
    """A kept version: its name, the tagger it was made for, and what its report says (author, time, figures)."""

    name: str
    tagger: str
    report: dict[str, Any]
    active: bool = False


class VersionStore:
    """The versions of one index folder, for one shipped tagger.

    Args:
        index_folder: The index folder.
        tagger: Fingerprint of the tagger that versions adjust.
    """

    def __init__(self, index_folder: Path, tagger: str) -> None:
        self.folder = index_folder / FOLDER
        self.tagger = tagger

    def stamp(self) -> str:
        """Changes whenever another version becomes the active one."""
        try:
            found = (self.folder / ACTIVE).stat()
        except OSError:
            return ""
        return f"{found.st_mtime_ns} {found.st_ino} {found.st_size}"

    def active(self) -> str:
        """Name of the version in use; `shipped` where it is none.

        Raises:
            ArtefactError: The file that names it says something else.
        """
        path = self.folder / ACTIVE
        if not path.exists():
            return SHIPPED
        try:
            name = json.loads(path.read_text(encoding="utf-8"))["active"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArtefactError(
                f"{path}: expected the name of a version, found something else. "
                "Choose one: stratmap versions restore shipped"
            ) from error
        return str(name)

    def names(self) -> list[str]:
        """Names of the kept versions, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def list(self) -> list[Version]:
        """The kept versions, oldest first; one that is damaged has a report that says so."""
        active = self.active()
        return [self._version(name, name == active) for name in self.names()]

    def _version(self, name: str, active: bool) -> Version:
        try:
            manifest = load_manifest(self.folder / name, KIND)
            report = json.loads((self.folder / name / REPORT).read_text(encoding="utf-8"))
            return Version(name, str(manifest.facts.get("tagger")), report, active)
        except (ArtefactError, OSError, ValueError) as error:
            return Version(name, "", {"damaged": str(error)}, active)

    def load(self, name: str) -> Adjustment | None:
        """The adjustment of a version; None for `shipped`.

        Raises:
            UsageError: There is no such version.
            ArtefactError: It is damaged, or adjusts another tagger.
        """
        if name == SHIPPED:
            return None
        if name not in self.names():
            known = ", ".join([SHIPPED, *self.names()])
            raise UsageError(f"expected a version of the tagger, found {name!r:.40}. Known: {known}.")
        from safetensors.numpy import load_file

        folder = self.folder / name
        facts = load_manifest(folder, KIND).facts
        if facts.get("tagger") != self.tagger:
            raise ArtefactError(
                f"{folder}: expected a version of the tagger {self.tagger}, found one of {facts.get('tagger')}. "
                "Use the shipped one (stratmap versions restore shipped), then: stratmap retrain"
            )
        tensors = load_file(folder / WEIGHTS)
        labels = tuple(facts.get("labels", ()))
        weights, bias = tensors["weights"], tensors["bias"]
        if weights.shape[1:] != (len(labels),) or bias.shape != (len(labels),) or not np.isfinite(weights).all():
            raise ArtefactError(f"{folder / WEIGHTS}: expected finite weights of {len(labels)} labels, found others.")
        return Adjustment(labels, weights, bias)

    def save(self, adjustment: Adjustment, report: dict[str, Any]) -> str:
        """Keep a version; returns its name. It is not in use before `activate`."""
        from safetensors.numpy import save

        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{_BESIDE}*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        beside = self.folder / f"{_BESIDE}{secrets.token_hex(6)}"
        tensors = {"weights": adjustment.weights, "bias": adjustment.bias}
        data = save({key: np.ascontiguousarray(value, dtype=np.float32) for key, value in tensors.items()})
        try:
            atomic_write(beside / WEIGHTS, data)
            atomic_write_text(beside / REPORT, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
            facts = {"tagger": self.tagger, "labels": list(adjustment.labels)}
            write_manifest(beside, KIND, "adjustment", "1", [WEIGHTS, REPORT], facts)
            return self._move_into_place(beside)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def _move_into_place(self, beside: Path) -> str:
        number = max([int(name) for name in self.names()] or [0])
        while True:
            number += 1
            target = self.folder / f"{number:04d}"
            try:
                os.rename(beside, target)
            except OSError:
                if not (target / MANIFEST).exists():  # no other process took the number: the disk refused
                    raise
                continue
            sync_folder(self.folder)
            return target.name

    def activate(self, name: str) -> None:
        """Use a version from now on; it is loaded and checked first.

        Raises:
            UsageError: There is no such version.
            ArtefactError: It is damaged, or adjusts another tagger.
        """
        self.load(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic_write_text(self.folder / ACTIVE, json.dumps({"active": name}) + "\n")
