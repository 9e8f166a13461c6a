"""Model folders: what lies in them, and the refusal of what does not fit.

Comes in: a folder with `manifest.json`. Goes out: a `Manifest` whose files were checked against their hashes.
It does not know what the files mean, loads no model and never runs code from a folder: weights are ONNX,
safetensors or JSON.

A folder of kind K is `models/<name>/`; the shipped ones are found in the installed package or, in a checkout,
beside `src/`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stratmap.errors import ArtefactError
from stratmap.files import atomic_write, atomic_write_text, sha256_of

MANIFEST = "manifest.json"
SCHEMA = 1
_MOST_MANIFEST_BYTES = 1_000_000
_REINSTALL = "Install stratmap again, or make the folder anew with `make models`."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model folder says of itself.

    Attributes:
        kind: `encoder`, `tagger`, `reranker` or `table`.
        name: The name people call it by.
        version: Changes with every change of the weights.
        files: Hex SHA-256 of each file, by name.
        facts: What the kind needs (dimension, window, embedder, labels, figures).
    """

    kind: str
    name: str
    version: str
    files: dict[str, str]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Identity of the weights: 16 hex digits over the files' hashes, whatever the name says."""
        joined = "\n".join(f"{name} {digest}" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(f"{self.kind}\n{joined}".encode()).hexdigest()[:16]

    def file(self, name: str) -> str:
        """The name under which a file is stored: its own, or one with a part of its hash (see `write_artefact`).

        Raises:
            ArtefactError: The folder has no such file.
        """
        for stored, digest in self.files.items():
            if stored in {name, _stored_name(name, digest)}:
                return stored
        raise ArtefactError(f"expected a file {name!r} in the model {self.name!r}, found none. {_REINSTALL}")


def write_artefact(
    folder: Path, kind: str, name: str, version: str, contents: dict[str, bytes], facts: dict[str, Any]
) -> Manifest:
    """Write a model over an earlier one in the same folder: a crash leaves the old one or the new one, whole.

    Each file's name gets a part of its hash, so that no file of the old model is touched before the manifest, which
    names the new ones, is in place. Files of the model before stay until the next one, for whoever is loading it.
    """
    try:
        before = set(_manifest(_content(folder), folder).files)
    except ArtefactError:
        before = set()
    stored = {_stored_name(one, hashlib.sha256(data).hexdigest()): data for one, data in contents.items()}
    for one, data in stored.items():
        atomic_write(folder / one, data)
    manifest = write_manifest(folder, kind, name, version, list(stored), facts)
    for one in contents:
        for path in folder.glob(f"{Path(one).stem}-????????{Path(one).suffix}"):
            if path.name not in before | set(stored):
                path.unlink(missing_ok=True)
    return manifest


def _stored_name(name: str, digest: str) -> str:
    path = Path(name)
    return f"{path.stem}-{digest[:8]}{path.suffix}"


def write_manifest(
    folder: Path, kind: str, name: str, version: str, files: list[str], facts: dict[str, Any]
) -> Manifest:
    """Hash the named files of a folder and write its manifest beside them."""
    hashes = {file: sha256_of(folder / file) for file in sorted(files)}
    manifest = Manifest(kind, name, version, hashes, facts)
    content = {"schema": SCHEMA, "kind": kind, "name": name, "version": version, "files": hashes, "facts": facts}
    atomic_write_text(folder / MANIFEST, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return manifest


def load_manifest(folder: Path, kind: str) -> Manifest:
    """Read a manifest and check every file that it names.

    Raises:
        ArtefactError: The folder or a file is missing, a hash differs, the kind is another one, or the schema
            is newer than this program.
    """
    content = _content(folder)
    schema = content.get("schema")
    if type(schema) is not int or schema > SCHEMA:
        raise ArtefactError(
            f"{folder}: expected a manifest of schema {SCHEMA} or older, found {schema!r}. Update stratmap."
        )
    manifest = _manifest(content, folder)
    if manifest.kind != kind:
        raise ArtefactError(f"{folder}: expected a folder of kind {kind!r}, found {manifest.kind!r}.")
    for name, digest in manifest.files.items():
        _check_file(folder, name, digest)
    return manifest


def _content(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise ArtefactError(f"{path}: expected a manifest below {_MOST_MANIFEST_BYTES:,} bytes.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtefactError(f"{path}: expected a model's manifest, found none. {_REINSTALL}") from error
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{path}: expected JSON, found something else. {_REINSTALL}") from error
    if not isinstance(content, dict):
        raise ArtefactError(f"{path}: expected a JSON object, found {type(content).__name__}. {_REINSTALL}")
    return content


def _manifest(content: dict[str, Any], folder: Path) -> Manifest:
    strings = [content.get(key) for key in ("kind", "name", "version")]
    files, facts = content.get("files"), content.get("facts", {})
    well_formed = (
        all(isinstance(value, str) for value in strings)
        and isinstance(facts, dict)
        and isinstance(files, dict)
        and all(isinstance(value, str) for value in files.values())
    )
    if not well_formed:
        raise ArtefactError(f"{folder / MANIFEST}: expected kind, name, version, files and facts. {_REINSTALL}")
    return Manifest(content["kind"], content["name"], content["version"], dict(content["files"]), facts)


def _check_file(folder: Path, name: str, digest: str) -> None:
    if Path(name).name != name or name in {"", ".", ".."}:
        raise ArtefactError(f"{folder / MANIFEST}: expected plain file names, found {name!r}.")
    path = folder / name
    if not path.is_file():
        raise ArtefactError(f"{path}: expected a file of the model, found none. {_REINSTALL}")
    found = sha256_of(path)
    if found != digest:
        raise ArtefactError(f"{path}: expected SHA-256 {digest[:12]}…, found {found[:12]}…. {_REINSTALL}")


def shipped_folder(name: str) -> Path:
    """The folder of a shipped model.

    Raises:
        ArtefactError: It is not among the shipped ones.
    """
    for root in _roots("models"):
        if (root / name / MANIFEST).is_file():
            return root / name
    known = sorted({path.parent.name for root in _roots("models") for path in root.glob(f"*/{MANIFEST}")})
    raise ArtefactError(f"expected a shipped model {name!r}, found: {', '.join(known) or 'none'}. {_REINSTALL}")


def shipped_strategy() -> Path:
    """The folder with the text of the strategy.

    Raises:
        ArtefactError: The installation lacks it.
    """
    for root in (*_roots("strategy"), _checkout() / "corpora" / "strategy"):
        if root.is_dir():
            return root
    raise ArtefactError(f"expected the text of the strategy in the installation, found none. {_REINSTALL}")


def _roots(name: str) -> tuple[Path, ...]:
    return (Path(__file__).parent / "resources" / name, _checkout() / name)


def _checkout() -> Path:
    return Path(__file__).parents[2]
