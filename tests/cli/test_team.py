"""Commands over a team's PostgreSQL database, and what they say when its server is away."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from genlab_widgets import Workspace
from genlab_widgets.workspace import Project
from tests import postgresql
from tests.cli.conftest import Genlab
from tests.cli.test_processes import COMPLETES
from tests.runs.conftest import until
from tests.samples import finish, write_template

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("team_database")]


def test_history_models_and_deployment(
    genlab: Genlab, workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finish(workspace, project.spec(), "notes")

    assert run.id in genlab("runs").out
    assert genlab("runs", run.id, "--json").json["status"] == "COMPLETED"
    assert run.model in genlab("models").out
    assert genlab("deploy", run.model, "--yes").code == 0
    assert genlab("logs", run.id).out == "Epoch 1/1 started\n"

    monkeypatch.setenv("GENLAB_HOME", str(tmp_path / "of_a_colleague"))
    assert run.id in genlab("runs").out
    assert f"in {workspace.home}" in genlab("logs", run.id).err


def test_a_training_and_who_waits_for_it_outlive_a_server_that_is_away_when_it_ends(
    start: Callable[..., subprocess.Popen[str]],
    project: Project,
    workspace: Workspace,
    server: postgresql.Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = tmp_path / "gate"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.05)"
    monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "templates", f"{waits}\n{COMPLETES}")))
    training = start("train", "notes", "--embeddings", "word2vec", "--json")
    assert training.stderr is not None
    seen = iter(training.stderr.readline, "")
    assert any("Trains." in line for line in seen)
    (run,) = workspace.runs()
    server.stop()
    try:
        assert any("this waits for the server" in line for line in seen)
        gate.touch()
        until(run.folder.result.exists)
        time.sleep(1)  # its worker has met a server that is away by now
    finally:
        server.start()

    out, err = training.communicate(timeout=60)

    assert (training.returncode, json.loads(out)["status"]) == (0, "COMPLETED"), err
    assert "Traceback" not in err
    assert "Traceback" not in run.folder.log.read_text()


@pytest.mark.parametrize("command", [("runs",), ("train", "notes", "--embeddings", "word2vec"), ("stop", "notes-0001")])
def test_a_server_that_is_away_is_a_sentence(
    genlab: Genlab, project: Project, server: postgresql.Server, command: tuple[str, ...]
) -> None:
    server.stop()
    try:
        answer = genlab(*command)
        told = genlab(*command, "--json").json
    finally:
        server.start()

    assert (answer.code, told["error"]["code"]) == (5, "GL403")
    assert "GENLAB_DATABASE_URL" in answer.err
    assert "Traceback" not in answer.err
