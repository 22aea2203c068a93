"""A real app and a real browser: ``genlab app`` in a process of its own, and the system's Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import spark_session
from tests.browser.tiny_training import SOURCE
from tests.samples import write_template

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 90
LAB_TOKEN = "browser-test"


class Server(NamedTuple):
    """A server that answers.

    Attributes:
        address: With its token.
        home: The workspace folder.
        log: What it printed.
        pid: Its process.
    """

    address: str
    home: Path
    log: Path
    pid: int


@pytest.fixture(scope="session", autouse=True)
def room() -> None:
    """Lets the Java of the Spark tests go: pages train in processes of their own."""
    spark_session.end()


def chromium() -> str:
    """Returns the browser's path; skips where there is none, but fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        told = "No Chromium on PATH: the browser tests need it (apt-get install chromium)."
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A fresh page of 1,200 pixels."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture
def tiny_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trainings of seconds in place of Spark's."""
    folder = write_template(tmp_path / "templates", SOURCE)
    monkeypatch.setenv("GENLAB_TEMPLATES", str(folder))
    monkeypatch.setenv("GENLAB_SLOTS", "2")
    monkeypatch.setenv("GENLAB_TEST_EPOCH_SECONDS", "0.4")
    return folder


@pytest.fixture
def app_server(home: Path, tmp_path: Path) -> Iterator[Server]:
    """``genlab app`` over the workspace ``home``; ask for ``tiny_templates`` first to train in seconds."""
    command = [str(Path(sys.executable).with_name("genlab")), "app", "--no-browser", "--port", str(free_port())]
    yield from serve(command, home, tmp_path / "app.out", Path.cwd())


@pytest.fixture
def lab_server(home: Path, tmp_path: Path) -> Iterator[Server]:
    """JupyterLab with a copy of the notebooks, behind a token."""
    from genlab_widgets.settings import notebooks_folder

    root = tmp_path / "lab"
    shutil.copytree(notebooks_folder(), root)
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={free_port()}", f"--IdentityProvider.token={LAB_TOKEN}", f"--ServerApp.root_dir={root}",
        f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}",  # else it opens what an earlier test had open
        f"--LabApp.user_settings_dir={tmp_path / 'settings'}",  # else a test changes the theme of who runs it
    ]  # fmt: skip
    yield from serve(command, home, tmp_path / "lab.out", root)


def serve(command: list[str], home: Path, log: Path, folder: Path) -> Iterator[Server]:
    """Starts a server, waits for the address that it prints, and ends it."""
    environment = {**os.environ, "GENLAB_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        yield Server(address_in(log, process), home, log, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)


def address_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Returns the address with token that a server printed."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*token=\S+", log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group().replace("token=...", f"token={LAB_TOKEN}")  # JupyterLab hides a given one
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.2)
    raise AssertionError(f"no address after {START_SECONDS} s:\n{log.read_text(encoding='utf-8', errors='replace')}")


def free_port() -> int:
    """Returns a port that is free now."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
