"""``genlab`` as a process: waiting, Ctrl-C, stop, kill, a reader that leaves, and the app's end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from genlab_widgets import Workspace
from genlab_widgets.cli.app import choose_port
from genlab_widgets.errors import WrongParameters
from genlab_widgets.runs.states import Status
from genlab_widgets.workspace import Project, Run
from tests.conftest import CHECKOUT
from tests.samples import finish, write_template

pytestmark = pytest.mark.process

Start = Callable[..., "subprocess.Popen[str]"]
TRAIN = ("train", "notes", "--embeddings", "word2vec", "--epochs", "1", "--json")
FIELDS = ["run_id", "project", "kind", "status", "reason", "message", "model", "result", "scores"]
COMPLETES = f"""
import os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from genlab_widgets.training.runfolder import Progress, RunFolder
from tests.samples import result_of, write_model
folder = RunFolder(Path(os.environ["GENLAB_RUN_FOLDER"]))
folder.write_progress(Progress(step="train_model", epoch=1, epochs=1, fraction=0.9, message="Epoch 1 of 1."))
result = result_of(folder.path.name, folder.read_spec(), "notes")
write_model(folder, result)
folder.write_result(result)
"""
SLEEPS = "import time; time.sleep(600)"
FAILS = "raise ValueError('nothing learned')"


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a template of one cell in place of the real one."""

    def use(body: str) -> None:
        monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "templates", body)))

    return use


def running(workspace: Workspace) -> Run:
    """Waits until the one run runs, and returns it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if workspace.runs(status="RUNNING"):
            return workspace.runs()[0]
        time.sleep(0.1)
    raise AssertionError("no run was started")


def ended(process: subprocess.Popen[str], timeout: float = 120) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


def test_train_waits_and_prints_one_document(start: Start, project: Project, template: Callable[[str], None]) -> None:
    template(COMPLETES)
    code, out, err = ended(start(*TRAIN))
    found = json.loads(out)
    assert list(found) == FIELDS
    assert (code, found["status"], found["reason"]) == (0, "COMPLETED", "completed"), err
    assert (found["run_id"], found["model"]) == ("notes-0001", "ner_notes_annotation_manual")
    assert set(found["scores"]) == {"precision", "recall", "f1"}
    assert Path(found["result"]).is_file()
    assert "notes-0001: " in err


def test_a_failed_training_is_code_1(start: Start, project: Project, template: Callable[[str], None]) -> None:
    template(FAILS)
    code, out, _ = ended(start(*TRAIN))
    found = json.loads(out)
    assert (code, found["status"], found["reason"], found["model"]) == (1, "FAILED", "internal", None)
    assert "nothing learned" in found["message"]


def test_detach_returns_at_once(
    start: Start, project: Project, workspace: Workspace, template: Callable[[str], None]
) -> None:
    template(SLEEPS)
    code, out, _ = ended(start(*TRAIN, "--detach"), timeout=30)
    assert (code, json.loads(out)["status"]) in [(0, "STARTING"), (0, "RUNNING")]
    assert running(workspace).stop().status is Status.CANCELLED


def test_ctrl_c_leaves_the_training_running_and_stop_ends_it(
    start: Start, project: Project, workspace: Workspace, template: Callable[[str], None]
) -> None:
    template(SLEEPS)
    first = start(*TRAIN)
    run = running(workspace)
    follower = start("logs", "-f", run.id)
    first.send_signal(signal.SIGINT)
    code, out, err = ended(first)
    assert code == 130
    assert json.loads(out)["status"] == "RUNNING"
    assert f"genlab logs -f {run.id}" in err
    assert "Traceback" not in err
    time.sleep(1)
    assert run.refresh().status is Status.RUNNING
    assert follower.poll() is None
    code, out, _ = ended(start("stop", run.id))
    assert (code, out) == (0, f"{run.id}: Cancelled.\n")
    assert ended(follower, timeout=30)[0] == 0


def test_a_training_that_somebody_stops_is_code_10(
    start: Start, project: Project, workspace: Workspace, template: Callable[[str], None]
) -> None:
    template(SLEEPS)
    waiting = start(*TRAIN)
    Workspace(workspace.home, user="olga").run(running(workspace).id).stop()
    code, out, _ = ended(waiting)
    assert (code, json.loads(out)["status"], json.loads(out)["message"]) == (10, "CANCELLED", "Stopped by olga.")


def test_a_killed_training_is_code_11(
    start: Start, project: Project, workspace: Workspace, template: Callable[[str], None]
) -> None:
    template(SLEEPS)
    waiting = start(*TRAIN)
    pid = running(workspace).row.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    code, out, _ = ended(waiting)
    assert (code, json.loads(out)["status"], json.loads(out)["reason"]) == (11, "CRASHED", "worker_lost")


def test_a_reader_that_leaves_gets_no_complaint(start: Start, project: Project, workspace: Workspace) -> None:
    finish(workspace, project.spec(), "notes")
    for arguments in (("runs",), ("runs", "--json"), ("--help",)):
        process = start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.wait(timeout=60), process.stderr.read()) == (141, "")


def test_the_terminal_may_lack_signs(start: Start, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    about = project.folder / "project.json"
    about.write_text(about.read_text().replace('"tasks"', '"description": "薬 💊",\n "tasks"'), encoding="utf-8")
    code, out, _ = ended(start("projects"))
    assert (code, "\\u85ac" in out) == (0, True)
    assert json.loads(ended(start("projects", "--json"))[1])[0]["description"] == "薬 💊"


def test_the_app_listens_here_only_wants_its_token_and_ends_with_a_kill(start: Start, home: Path) -> None:
    port = choose_port(None)
    app = start("app", "--no-browser", "--port", str(port), stderr=subprocess.DEVNULL)
    try:
        assert app.stdout is not None
        address = next(line.strip() for line in app.stdout if "?token=" in line)
        assert address.startswith(f"http://127.0.0.1:{port}/?token=")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert "/login" in answer.url
        (server,) = [child for child in psutil.Process(app.pid).children() if "voila" in " ".join(child.cmdline())]
        listening = {connection.laddr.ip for connection in server.net_connections() if connection.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        assert address.partition("token=")[2] not in " ".join(server.cmdline())
        with pytest.raises(WrongParameters, match="cannot listen"):
            choose_port(port)
        app.terminate()
        assert app.wait(timeout=30) == 0
        assert not server.is_running()
    finally:
        app.kill()
        app.wait()
