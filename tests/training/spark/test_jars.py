"""The fetching of jars, against a real HTTP server on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from genlab_widgets.errors import DownloadFailed, NotEnoughResources
from genlab_widgets.training.spark import jars
from genlab_widgets.training.spark.jars import Jar
from tests.conftest import CHECKOUT

CHUNK = 1 << 16
CONTENT = {"alpha": bytes(range(256)) * 2000, "beta": b"second jar" * 30_000}


class Repository(ThreadingHTTPServer):
    """A Maven repository; its flags say how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = True
        self.break_after: list[int] = []
        """Bytes after which each of the next answers breaks off."""
        self.stall_after: int | None = None
        """Bytes after which an answer stands still until the server ends."""
        self.ended = threading.Event()
        self.status: int | None = None
        self.asked: list[tuple[str, str | None]] = []
        """Path and range of each question."""
        self.content = {f"/org/test/{name}/1.0/{name}-1.0.jar": body for name, body in CONTENT.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        body = self.server.content.get(self.path)
        if self.server.status is not None or body is None:
            self.send_error(self.server.status or 404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        if self.server.break_after:
            rest = rest[: self.server.break_after.pop(0)]
        stall = self.server.stall_after
        self.wfile.write(rest[:stall])
        if stall is not None:
            self.wfile.flush()
            self.server.ended.wait()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A running repository that the settings name, an empty cache and an empty home."""
    server = Repository()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("GENLAB_MAVEN_URL", server.url)
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(jars, "required", lambda classifier=None, gpu=False: [jar(name) for name in CONTENT])
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


def jar(name: str) -> Jar:
    body = CONTENT[name]
    return Jar("org.test", name, "1.0", None, len(body), hashlib.sha256(body).hexdigest())


def part(name: str) -> Path:
    return jars.folder() / f".{name}-1.0.jar.part"


class Progress:
    """What the callback was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.told.append((done, total))


TOTAL = sum(len(body) for body in CONTENT.values())


def test_all_jars_are_fetched_once(repository: Repository) -> None:
    progress = Progress()
    paths = jars.ensure(progress)
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert progress.told[-1] == (TOTAL, TOTAL)
    assert jars.missing() == []
    assert jars.verify() == []
    asked = len(repository.asked)
    assert jars.ensure() == paths
    assert len(repository.asked) == asked


def test_a_broken_connection_is_resumed_where_it_broke(repository: Repository) -> None:
    repository.break_after = [2 * CHUNK, CHUNK + 1000]
    progress = Progress()
    jars.ensure(progress)
    ranges = [wanted for path, wanted in repository.asked if "alpha" in path]
    assert ranges == [None, f"bytes={2 * CHUNK}-", f"bytes={3 * CHUNK}-"]
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]
    assert progress.told[-1] == (TOTAL, TOTAL)
    assert max(done for done, _ in progress.told) == TOTAL


def test_a_server_without_ranges_sends_the_whole_file_again(repository: Repository) -> None:
    repository.ranges = False
    repository.break_after = [100_000]
    progress = Progress()
    jars.ensure(progress)
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]
    assert progress.told[-1] == (TOTAL, TOTAL)


def test_what_a_killed_process_left_is_resumed(repository: Repository) -> None:
    part("alpha").parent.mkdir(parents=True)
    part("alpha").write_bytes(CONTENT["alpha"][:70_000])
    progress = Progress()
    jars.ensure(progress)
    assert repository.asked[0][1] == "bytes=70000-"
    assert not part("alpha").exists()
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]
    assert progress.told[-1] == (TOTAL, TOTAL)


CHILD = """
import sys
from genlab_widgets.training.spark import jars
jars.required = lambda classifier=None, gpu=False: [jars.Jar("org.test", "alpha", "1.0", None, int(sys.argv[1]), sys.argv[2])]
jars.ensure(lambda done, total: None)
"""


@pytest.mark.process
def test_a_killed_download_leaves_a_part_and_no_lock(repository: Repository) -> None:
    repository.stall_after = 3 * CHUNK
    wanted = jar("alpha")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen([sys.executable, "-c", CHILD, str(wanted.size), wanted.sha256], env=environment) as child:
        deadline = time.monotonic() + 60
        while not part("alpha").exists() or part("alpha").stat().st_size < 3 * CHUNK:
            assert time.monotonic() < deadline
            assert child.poll() is None
            time.sleep(0.02)
        child.kill()
    repository.stall_after = None
    repository.asked.clear()
    jars.ensure(Progress())
    assert repository.asked[0][1] == f"bytes={3 * CHUNK}-"
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]


def test_a_part_that_is_complete_is_not_asked_for_again(repository: Repository) -> None:
    part("alpha").parent.mkdir(parents=True)
    part("alpha").write_bytes(CONTENT["alpha"])
    jars.ensure(Progress())
    assert all("alpha" not in path for path, _ in repository.asked)


@pytest.mark.parametrize("left", [b"x" * 70_000, b"x" * (len(CONTENT["alpha"]) + 10)])
def test_a_spoiled_part_is_thrown_away(repository: Repository, left: bytes) -> None:
    part("alpha").parent.mkdir(parents=True)
    part("alpha").write_bytes(left)
    progress = Progress()
    jars.ensure(progress)
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]
    assert progress.told[-1] == (TOTAL, TOTAL)


def test_a_wrong_checksum_is_no_jar(repository: Repository) -> None:
    wrong = b"y" * len(CONTENT["alpha"])
    repository.content["/org/test/alpha/1.0/alpha-1.0.jar"] = wrong
    with pytest.raises(DownloadFailed) as caught:
        jars.ensure(Progress())
    assert "SHA-256" in caught.value.why
    assert caught.value.details["jar"] == "alpha-1.0.jar"
    assert not (jars.folder() / "alpha-1.0.jar").exists()
    assert not part("alpha").exists()


def test_a_shorter_file_in_the_repository_does_not_block_the_next_try(repository: Repository) -> None:
    repository.content["/org/test/alpha/1.0/alpha-1.0.jar"] = CONTENT["alpha"][:1000]
    part("alpha").parent.mkdir(parents=True)
    part("alpha").write_bytes(CONTENT["alpha"][:70_000])
    with pytest.raises(DownloadFailed):
        jars.ensure(Progress())
    repository.content["/org/test/alpha/1.0/alpha-1.0.jar"] = CONTENT["alpha"]
    assert len(jars.ensure(Progress())) == 2


def test_a_jar_that_the_repository_lacks_is_asked_for_once(repository: Repository) -> None:
    del repository.content["/org/test/alpha/1.0/alpha-1.0.jar"]
    with pytest.raises(DownloadFailed) as caught:
        jars.ensure(Progress())
    assert "404" in caught.value.why
    assert "GENLAB_MAVEN_URL" in caught.value.next_step
    assert len(repository.asked) == 1


def test_a_busy_repository_is_asked_again_and_keeps_what_came(repository: Repository) -> None:
    repository.break_after = [CHUNK] * 4
    with pytest.raises(DownloadFailed):
        jars.ensure(Progress())
    assert part("alpha").stat().st_size == 4 * CHUNK
    repository.status = 503
    with pytest.raises(DownloadFailed) as caught:
        jars.ensure(Progress())
    assert "503" in caught.value.why
    repository.status = None
    jars.ensure(Progress())
    assert repository.asked[-2][1] == f"bytes={4 * CHUNK}-"


def test_jars_of_a_local_maven_repository_are_copied(repository: Repository, tmp_path: Path) -> None:
    for name in CONTENT:
        place = tmp_path / ".m2" / "repository" / jar(name).path
        place.parent.mkdir(parents=True)
        place.write_bytes(CONTENT[name] if name == "alpha" else b"z" * len(CONTENT[name]))
    jars.ensure(Progress())
    assert [path for path, _ in repository.asked] == ["/org/test/beta/1.0/beta-1.0.jar"]
    assert (jars.folder() / "alpha-1.0.jar").read_bytes() == CONTENT["alpha"]


def test_a_changed_jar_is_found(repository: Repository) -> None:
    jars.ensure(Progress())
    (jars.folder() / "beta-1.0.jar").write_bytes(b"q" * len(CONTENT["beta"]))
    assert [found.artifact for found in jars.verify()] == ["beta"]


def test_the_mirror_of_mavens_settings_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENLAB_MAVEN_URL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = tmp_path / ".m2" / "settings.xml"
    settings.parent.mkdir()
    mirror = "<mirror><mirrorOf>{}</mirrorOf><url>{}</url></mirror>"
    settings.write_text(
        "<settings><mirrors>"
        + mirror.format("other", "http://other.test/")
        + mirror.format("*,!central", "http://without.test/")
        + mirror.format(" central ", "http://mirror.test/maven")
        + "</mirrors></settings>",
        encoding="utf-8",
    )
    assert jars.base_url() == "http://mirror.test/maven"


def test_the_list_holds_one_version_of_each_artifact() -> None:
    rows = json.loads(Path(jars.__file__).with_name("jars.json").read_text(encoding="utf-8"))
    versions = {(row["group"], row["artifact"]): set[str]() for row in rows}
    for row in rows:
        versions[row["group"], row["artifact"]].add(row["version"])
        assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
        assert row["size"] > 0
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}
    assert max(Counter(row["artifact"] for row in rows if row["classifier"] is None).values()) == 1


@pytest.mark.parametrize("system", ["linux", "macosx", "windows"])
def test_each_platform_gets_its_natives_alone(system: str) -> None:
    found = [item for item in jars.required(f"{system}-x86_64") if item.classifier]
    assert {item.classifier for item in found} == {f"{system}-x86_64"}
    assert {item.artifact for item in found} == {"tensorflow-core-api", "javacpp"}


def test_a_platform_without_natives_is_refused() -> None:
    assert jars.platform_classifier("Darwin", "x86_64") == "macosx-x86_64"
    assert jars.platform_classifier("Windows", "AMD64") == "windows-x86_64"
    with pytest.raises(NotEnoughResources) as caught:
        jars.platform_classifier("Linux", "aarch64")
    assert "aarch64" in caught.value.why


def test_a_gpu_takes_other_natives_of_the_same_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real list
    plain, gpu = (jars.required("linux-x86_64", gpu=wanted) for wanted in (False, True))
    left, taken = set(plain) - set(gpu), set(gpu) - set(plain)
    assert {jar.artifact for jar in left} == {"onnxruntime", "tensorflow-core-api"}
    assert {(jar.artifact, jar.classifier) for jar in taken} == {
        ("onnxruntime_gpu", None),
        ("tensorflow-core-api", "linux-x86_64-gpu"),
    }
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in taken)
    with pytest.raises(NotEnoughResources, match="cannot use a GPU"):
        jars.required("windows-x86_64", gpu=True)
