"""A ``genlab`` that runs in this process, and one that is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genlab_widgets import Workspace, cli
from genlab_widgets.workspace import Project
from tests.samples import write_export


class Answer(NamedTuple):
    """Exit code, stdout and stderr of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stdout says as one JSON document."""
        return json.loads(self.out)


Genlab = Callable[..., Answer]


@pytest.fixture
def genlab(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Genlab:
    """Runs a command in this process, as a person who is no member of any project."""
    monkeypatch.setenv("GENLAB_USER", "guest")

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = cli._run([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """The workspace that ``genlab`` works in."""
    return Workspace(user="guest")


@pytest.fixture
def project(workspace: Workspace, tmp_path: Path) -> Project:
    """A project in it that is ready to be trained."""
    return workspace.import_project(write_export(tmp_path / "notes")).project


@pytest.fixture
def start(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.Popen[str]]:
    """Starts ``genlab`` as a process of its own, with pipes for its output."""
    monkeypatch.setenv("GENLAB_USER", "guest")

    # A shell that starts the tests in the background makes every process below ignore Ctrl-C.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"

    def run(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", f"{hears}\nfrom genlab_widgets.cli import main; main()", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(command, text=True, env=dict(os.environ), **{**pipes, **options})

    return run
