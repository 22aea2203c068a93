from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from genlab_widgets.models.registry import Models
from genlab_widgets.runs.states import EndReason, Status
from tests.runs.conftest import BEGIN, FINISH, SLEEP, Workplace, until

pytestmark = pytest.mark.process


def test_a_training_ends_completed_with_its_model_and_notebook(workplace: Workplace) -> None:
    workplace.template(
        "import sys; print(sys.executable); print(epochs, tags, project)",
        "import os; os.write(2, b'from below\\n')",
        FINISH,
    )
    row = workplace.submit(epochs=3, tags=("a", "b"), key="once")

    row = workplace.wait(row.id)

    assert (row.status, row.reason, row.f1) == (Status.COMPLETED, EndReason.COMPLETED, 0.5)
    assert row.message == "It beats the baseline."
    assert row.model == "ner_notes_annotation_manual"
    assert row.model in row.next_step
    assert row.started_at is not None
    assert row.ended_at is not None
    assert row.started_at < row.ended_at
    model = Models(workplace.database, workplace.home).get(row.model)
    assert (model.run_id, model.user, model.scores) == (row.id, "anna", {"f1": 0.5})
    notebook = workplace.notebook(row)
    assert notebook["metadata"]["genlab"]["status"] == "COMPLETED"
    assert notebook["cells"][2]["outputs"][0]["text"] == [f"{sys.executable}\n", "3 ['a', 'b'] notes\n"]
    assert "from below" in workplace.folder(row).log.read_text()
    until(lambda: not workplace.survivors(row))  # the worker itself ends a moment after its row
    assert [path.name for path in workplace.folder(row).path.iterdir() if path.name.startswith(".")] == []


def test_a_failure_that_the_notebook_wrote_down_gives_reason_and_next_step(workplace: Workplace) -> None:
    workplace.template(
        BEGIN
        + "from genlab_widgets.errors import PoorQuality\n"
        + "error = PoorQuality('Nothing was learned.', 'The F1 stayed at 0.', 'Check the labels.')\n"
        + "folder.write_failure(error)\nraise error",
        "print('never reached')",
    )
    row = workplace.wait(workplace.submit().id)

    assert (row.status, row.reason) == (Status.FAILED, "poor_quality")
    assert row.message == "Nothing was learned. The F1 stayed at 0."
    assert row.next_step == "Check the labels."
    assert row.model is None
    assert row.ended_at is not None
    log = workplace.folder(row).log.read_text()
    assert "PoorQuality" in log
    assert "\x1b" not in log
    cells = workplace.notebook(row)["cells"]
    states = [cell["metadata"]["papermill"]["status"] for cell in cells if "papermill" in cell["metadata"]]
    assert states[-2:] == ["failed", "pending"]
    assert "**FAILED**: Nothing was learned." in cells[-1]["source"][0]


NOT_WHOLE = {
    "exception": ("1 / 0", "ZeroDivisionError: division by zero."),
    "exit_0": ("sys.exit(0)", "no model was saved"),
    "cut_model": (FINISH + "(folder.model / 'metadata' / 'part-00000').write_text('cut')", "no model was saved"),
}
"""Further ways to be not whole: see the folders that are not adopted, in ``test_supervisor.py``."""


def test_a_training_without_a_whole_result_never_completes(workplace: Workplace) -> None:
    cells = {name: code for name, (code, _) in NOT_WHOLE.items()}
    workplace.template(BEGIN + f"exec({cells!r}[project])")
    launched = {name: workplace.submit(project=name).id for name in NOT_WHOLE}

    for name, (_, told) in NOT_WHOLE.items():
        row = workplace.wait(launched[name])
        assert (row.status, row.reason) == (Status.FAILED, "internal"), name
        assert told in row.message
        assert row.next_step


def test_a_killed_kernel_is_a_crash_although_papermill_marks_every_cell_completed(workplace: Workplace) -> None:
    workplace.template(BEGIN + "print('before')", "os.kill(os.getpid(), signal.SIGKILL)", "print('never reached')")

    row = workplace.wait(workplace.submit().id)

    assert (row.status, row.reason) == (Status.CRASHED, EndReason.KERNEL_LOST)
    assert "kernel ended" in row.message
    assert row.next_step == "Train again with the same settings."
    notebook = workplace.notebook(row)
    assert notebook["metadata"]["papermill"]["exception"] is True
    states = [cell["metadata"]["papermill"]["status"] for cell in notebook["cells"][:-1]]
    assert states == ["completed", "completed", "completed", "failed", "pending"]
    assert "DeadKernelError" in workplace.folder(row).log.read_text()


def test_a_kernel_killed_after_everything_was_saved_completes(workplace: Workplace) -> None:
    workplace.template(FINISH, "os.kill(os.getpid(), signal.SIGKILL)")

    row = workplace.wait(workplace.submit().id)

    assert row.status is Status.COMPLETED
    assert row.model


def test_a_terminated_worker_says_so_and_leaves_no_process(workplace: Workplace) -> None:
    workplace.template(SLEEP)
    row = workplace.sleeping()
    waiting = workplace.submit()  # has a place of its own: the machine that shuts down starts nothing else
    assert row.pid is not None

    os.kill(row.pid, signal.SIGTERM)
    row = workplace.wait(row.id)

    assert (row.status, row.reason) == (Status.CRASHED, EndReason.WORKER_LOST)
    assert "SIGTERM" in row.message
    until(lambda: not workplace.survivors(row), 5)
    assert workplace.runs.get(waiting.id).status in (Status.STARTING, Status.RUNNING)


def test_the_published_notebook_can_be_read_while_it_runs(workplace: Workplace) -> None:
    workplace.template("print('x' * 100_000)", *["import time; time.sleep(0.02)"] * 20, FINISH)
    row = workplace.submit()
    folder = workplace.folder(row)
    until(folder.notebook.exists)

    reads = 0
    while not workplace.runs.get(row.id).status.ended:
        json.loads(folder.notebook.read_text(encoding="utf-8"))
        reads += 1
        time.sleep(0.005)

    assert reads > 20
    assert workplace.runs.get(row.id).status is Status.COMPLETED


def test_a_workspace_path_with_braces_spaces_and_umlauts_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, templates = tmp_path / "häus {0} of {name}", tmp_path / "temp{lates} é"
    for folder in (home, templates):
        folder.mkdir()
    monkeypatch.setenv("GENLAB_HOME", str(home))
    monkeypatch.setenv("GENLAB_TEMPLATES", str(templates))
    workplace = Workplace(home, templates)
    workplace.template(FINISH)

    row = workplace.wait(workplace.submit("notes").id)

    assert row.status is Status.COMPLETED
    workplace.close()
