"""Builds and runs the image without Docker: `python -m evaluation.rehearse_image`, as root on Debian with Python 3.11.

Reads the Dockerfile and does what it says, instruction by instruction, each stage in an overlay over this machine's
system in place of `python:3.11-slim` (nothing of the machine is changed). Then starts the image as `docker run
--read-only --tmpfs /tmp --network none --cap-drop ALL` would: as its user, without a network, with `/data` and `/tmp`
alone to write to; waits until its health check says yes, tags, indexes and asks, looks at `/ready`, and stops it.

It cannot tell whether the base image has all that this machine has, nor how large the layers become.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = "/usr/bin/python3.11"  # the machine's own, in place of the base image's
PATHS = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
QUESTION = "What has to be done for returnees?"
START_S, READY = 300, "http://127.0.0.1:7860/ready"
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of unshare(2)


@dataclass
class Stage:
    """A stage of the image, as far as it is built; its methods are the instructions of a Dockerfile."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATHS})
    workdir: str = "/"
    identity: str = "0:0"
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Where its system is to be seen."""
        return self.folder / "root"

    def begin(self) -> None:
        """Lay an empty layer over the machine's system."""
        for name in ("layer", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        layers = f"lowerdir=/,upperdir={self.folder / 'layer'},workdir={self.folder / 'work'}"
        done("mount", "-t", "overlay", "overlay", "-o", layers, str(self.root))
        done("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(self.root / "tmp"))
        for name in ("proc", "dev"):
            done("mount", "--rbind", f"/{name}", str(self.root / name))
        for name in ("opt/stratmap", "data", "build"):  # the base image knows none of these
            shutil.rmtree(self.root / name, ignore_errors=True)
        python = self.root / "usr/local/bin/python"
        python.unlink(missing_ok=True)
        python.symlink_to(SYSTEM)

    def inside(self, words: list[str], rights: tuple[str, ...] = ()) -> list[str]:
        """A command line that runs a command inside."""
        return ["chroot", str(self.root), *rights, "/bin/sh", "-c", f'cd "{self.workdir}" && exec "$@"', "sh", *words]

    def run(self, rest: str) -> None:
        """RUN, with this machine's ways to the package index."""
        ways = {n: v for n, v in os.environ.items() if n.upper().startswith(("PIP_", "SSL_", "HTTP", "NO_PROXY"))}
        subprocess.run(self.inside(["/bin/sh", "-c", rest]), check=True, env=self.environment | ways)

    def copy(self, rest: str, stages: dict[str, Stage]) -> None:
        """COPY, of the build context or of another stage."""
        came = re.match(r"--from=(\S+) ", rest)
        *sources, to = rest.split()[1 if came else 0 :]
        place = self.root / os.path.join(self.workdir, to).lstrip("/")
        for source in sources:
            path = stages[came.group(1)].root / source.lstrip("/") if came else ROOT / source
            target = place / path.name if to.endswith("/") else place
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                ignored = None if came else shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(path, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy2(path, target)

    def work_in(self, rest: str) -> None:
        """WORKDIR."""
        self.workdir = rest
        (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def know(self, rest: str) -> None:
        """ENV and ARG."""
        known = dict(self.environment)
        for name, value in re.findall(r'(\w+)=("[^"]*"|\S*)', rest):
            self.environment[name] = re.sub(r"\$(\w+)", lambda found: known[found.group(1)], value.strip('"'))

    def be(self, rest: str) -> None:
        """USER."""
        self.identity = rest

    def start_with(self, rest: str) -> None:
        """ENTRYPOINT."""
        self.entry = json.loads(rest)

    def start(self, rest: str) -> None:
        """CMD."""
        self.command = json.loads(rest)

    def be_asked(self, rest: str) -> None:
        """HEALTHCHECK."""
        self.health = json.loads(rest.split(" CMD ", 1)[1])


def done(*words: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(words, check=True)


def instructions() -> list[tuple[str, str]]:
    """Words and arguments of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def built(folder: Path) -> Stage:
    """Do what the Dockerfile says; returns the last stage."""
    stages: dict[str, Stage] = {}
    for word, rest in instructions():
        rest = rest.strip()
        print(time.strftime("%X"), word, rest[:90], flush=True)
        if word == "FROM":
            stage = stages[rest.split()[-1]] = Stage(folder / str(len(stages)))
            stage.begin()
            known: dict[str, Callable[[str], None]] = {
                "RUN": stage.run, "COPY": lambda rest, into=stage: into.copy(rest, stages), "WORKDIR": stage.work_in,
                "ENV": stage.know, "ARG": stage.know, "USER": stage.be, "ENTRYPOINT": stage.start_with,
                "CMD": stage.start, "HEALTHCHECK": stage.be_asked,
            } | dict.fromkeys(("LABEL", "EXPOSE", "VOLUME"), lambda _: None)  # fmt: skip
        else:
            known[word](rest)
    return stage


class Container:
    """The image at work: as its user, without rights, in this process's network."""

    def __init__(self, image: Stage) -> None:
        self.image = image
        user, group = image.identity.split(":")
        self._rights = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
                        "--bounding-set=-all", "--inh-caps=-all")  # fmt: skip
        data = image.folder / "data"  # the volume begins as what the image holds there
        shutil.copytree(image.root / "data", data)
        os.chown(data, int(user), int(group))
        shutil.copyfile(ROOT / "corpora/samples/sample-report.pdf", data / "report.pdf")
        done("mount", "-o", "remount,ro,bind", str(image.root))
        done("mount", "--bind", str(data), str(image.root / "data"))

    def begin(self, words: list[str]) -> subprocess.Popen[str]:
        """Start a command as process 1 of its own, as Docker does."""
        line = ["unshare", "--pid", "--fork", "--kill-child", *self.image.inside(words, self._rights)]
        return subprocess.Popen(line, env=self.image.environment, text=True)

    def stop(self, begun: subprocess.Popen[str]) -> int:
        """End it as `docker stop` does, which kills after ten seconds; returns its exit code."""
        [first] = Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(first), signal.SIGTERM)
        return begun.wait(10)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        line = self.image.inside(list(words), self._rights)
        return subprocess.run(line, env=self.image.environment, capture_output=True, text=True)

    def told(self, *words: str) -> str:
        """What a command that has to succeed prints."""
        found = self.ask(*words)
        if found.returncode:
            raise SystemExit(f"{words}: {found.returncode}\n{found.stdout}\n{found.stderr}")
        return found.stdout.strip()

    def refused(self, what: str, *words: str) -> None:
        """Try what must not be possible."""
        if self.ask(*words).returncode == 0:
            raise SystemExit(f"expected the container to refuse, found that it can: {what}")
        print("refused:", what, flush=True)


def tried(image: Stage) -> None:
    """Run it without a network, and say what it does."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
        raise SystemExit("expected a network namespace, found none: root is needed")
    done("ip", "link", "set", "lo", "up")
    box = Container(image)
    stratmap = image.entry
    print("user:", box.told("id"))
    box.refused("writing outside /data and /tmp", "sh", "-c", "touch /etc/x || touch /opt/stratmap/x")
    reach = "import socket; socket.create_connection(('192.0.2.1', 443), 5)"
    box.refused("reaching a network", "python", "-c", reach)
    started = time.monotonic()
    app = box.begin([*stratmap, *image.command])
    try:
        while box.ask(*image.health).returncode:
            if app.poll() is not None or time.monotonic() - started > START_S:
                raise SystemExit(f"the health check never said yes; exit code of the app: {app.poll()}")
            time.sleep(1)
        print(f"health check: yes after {time.monotonic() - started:.0f} s", flush=True)
        tags = json.loads(box.told(*stratmap, "tag", "/data/report.pdf", "--format", "jsonl"))
        print("tag:", [tag["code"] for tag in tags["objectives"] if tag["applied"]], flush=True)
        print("index:", box.told(*stratmap, "index", "/data/report.pdf", "--index", "/data/index").splitlines()[-1])
        answer = json.loads(box.told(*stratmap, "ask", QUESTION, "--index", "/data/index", "--json"))
        print("ask:", len(answer["passages"]), "passages", flush=True)
        look = f"import urllib.request as r; print(r.urlopen({READY!r}, timeout=60).read().decode())"
        print("ready:", box.told("python", "-c", look))
        print("stopped with exit code", box.stop(app), flush=True)
    finally:
        app.kill()


def main() -> None:
    """Start again in a mount namespace of its own, whose mounts end with it."""
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        tried(built(Path(sys.argv[2])))
        return
    with tempfile.TemporaryDirectory() as folder:
        done("unshare", "--mount", sys.executable, "-m", "evaluation.rehearse_image", "--inside", folder)
        sizes = subprocess.run(["du", "-smx", f"{folder}/1/layer/opt"], capture_output=True, text=True, check=True)
        print("virtual environment:", sizes.stdout.split()[0], "MB")


if __name__ == "__main__":
    main()
