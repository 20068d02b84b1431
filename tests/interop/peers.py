"""Other people's implementations as processes of their own: built by Maven or Cargo, on a free port, always ended.

Without Java, Maven or Cargo the tests that need a peer are skipped with that reason, unless DLMS_REQUIRE_PEERS=1.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import pytest

Name = Literal["jdlms", "gurux", "cosem", "spodes"]
RUST = ("cosem", "spodes")
HERE = Path(__file__).parent
BUILD_SECONDS = 280.0
RUST_SECONDS = 900.0  # some eighty crates, on a processor shared with other tests
START_SECONDS = 60.0
SESSION_SECONDS = 60.0
MAVEN = ("mvn", "--quiet", "--batch-mode")
GOALS = ("compile", "dependency:build-classpath", "-Dmdep.outputFile=target/cp.txt")
# A peer lives for seconds: the first compiler is enough, and two cores are shared with the tests.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx512m")


class Unavailable(Exception):
    """Why there are no peers on this machine."""


def unavailable(reason: str) -> None:
    """Skip the test, or fail it where peers are required."""
    if os.environ.get("DLMS_REQUIRE_PEERS") == "1":
        pytest.fail(f"DLMS_REQUIRE_PEERS=1, but {reason}")
    pytest.skip(f"no foreign peers: {reason}")


def class_path(name: Name) -> str:
    """The Java class path of a peer, built first where its sources are newer. Raises Unavailable."""
    directory = HERE / name
    stamp = directory / "target" / "cp.txt"
    if not shutil.which("java"):
        raise Unavailable("Java is not installed")
    sources = [directory / "pom.xml", *directory.glob("src/**/*.java")]
    if not stamp.exists() or max(path.stat().st_mtime for path in sources) > stamp.stat().st_mtime:
        _build(directory)
        stamp.touch()
    return f"{stamp.read_text().strip()}{os.pathsep}{directory / 'target' / 'classes'}"


def _build(directory: Path) -> None:
    if not shutil.which("mvn"):
        raise Unavailable("Maven is not installed")
    # Offline first: once Maven has fetched everything, nothing depends on the network any more.
    for mode in (["--offline"], []):
        built = subprocess.run(
            [*MAVEN, *mode, *GOALS], cwd=directory, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
        if built.returncode == 0:
            return
    raise Unavailable(f"Maven could not build {directory.name}: {(built.stdout + built.stderr)[-2000:]}")


def executable(name: Name) -> Path:
    """The program of a peer in Rust, built first where its sources are newer. Raises Unavailable."""
    directory = HERE / "rust"
    if not shutil.which("cargo"):
        raise Unavailable("Cargo is not installed")
    for mode in (["--offline"], []):
        command = ["cargo", "build", "--quiet", "--locked", *mode, "--bin", name]
        built = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=RUST_SECONDS, check=False
        )
        if built.returncode == 0:
            return directory / "target" / "debug" / name
    raise Unavailable(f"Cargo could not build {name}: {built.stderr[-2000:]}")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that was free just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Peer:
    """A running peer: its port, and what it wrote to standard error."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None


def talk(name: Name, *arguments: str, lines: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """One session of a peer's client: a line in, a line out, "ready" before the first. One that hangs is ended."""
    command = [*JAVA, "-cp", class_path(name), "peer.Client", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            out, errors = process.communicate("\n".join([*lines, ""]), timeout=SESSION_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def answers(done: subprocess.CompletedProcess[str], count: int) -> list[str]:
    """What a client that ended well answered to so many lines."""
    ready, *found = done.stdout.splitlines() or [""]
    assert (ready, len(found), done.returncode) == ("ready", count, 0), done.stderr[-2000:]
    return found


@contextmanager
def running(name: Name, program: Literal["Server", "Client"], *arguments: str, port: int, log: Path) -> Iterator[Peer]:
    """A peer that has said "ready"; its process is gone afterwards, whatever happened."""
    how = [executable(name)] if name in RUST else [*JAVA, "-cp", class_path(name), f"peer.{program}"]
    command = [*how, str(port), *arguments]
    with log.open("a") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        if _line(process.stdout) != "ready":
            raise AssertionError(f"{name} did not start: {log.read_text()[-2000:]}")
        yield Peer(process, port, log)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _line(stream: IO[str]) -> str:
    ready, _, _ = select.select([stream], [], [], START_SECONDS)
    return stream.readline().strip() if ready else ""


if __name__ == "__main__":
    class_path("jdlms")
    class_path("gurux")
    executable("cosem")
    executable("spodes")
