"""Training scripts that do anything but return a model: each a failure of the script, with its line and a next step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import CustomScriptFailed, GenlabError, NotEnoughResources, NotFound, WrongParameters
from genlab_widgets.projects import script_source
from genlab_widgets.projects.scripts import Script, Scripts
from genlab_widgets.projects.store import Project
from genlab_widgets.runs.states import Status
from genlab_widgets.training import automatic, steps
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, custom, trainer_for
from tests.conftest import CHECKOUT
from tests.projects.test_scripts import HEAD, notebook
from tests.runs.conftest import Workplace, until, workplace
from tests.samples import write_export

__all__ = ["workplace"]

SCRIPT = Script("mine.py", "0" * 64, "olga", "2026-01-02T03:04:05+00:00")
SWALLOW = """
def train(spark, rows, parameters, report):
    import time
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            time.sleep(0.05)
        except BaseException:
            pass
    return 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run").create()


@pytest.fixture(autouse=True)
def _no_module_left() -> Iterator[None]:
    yield
    sys.modules.pop(custom.MODULE, None)


def fit(folder: RunFolder, project: Project, source: str | bytes, name: str = "mine.py", **fields: Any) -> Any:
    """Runs a script that never comes to Spark."""
    content = source.encode() if isinstance(source, str) else source
    script = Scripts(project.folder).upload(content, name, "olga")
    spec = TrainingSpec(project=project.name, custom_script=script.reference, **fields)
    rows = Rows(kind_of("ner"), ("DRUG",), [], ["a test task"], [], ["a test sentence"])  # type: ignore[list-item]
    scratch = folder.path / "scratch"
    scratch.mkdir()
    trainer = trainer_for(spec)
    return trainer.fit(None, rows, spec, scratch, Reporter(folder, spec.epochs))  # type: ignore[arg-type]


def failure(folder: RunFolder, project: Project, source: str | bytes, **given: Any) -> CustomScriptFailed:
    with pytest.raises(CustomScriptFailed) as caught:
        fit(folder, project, source, **given)
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    ("body", "what", "why"),
    [
        ("    x = {}\n    return x['epoch']", "stopped with an error at line 3", "KeyError: 'epoch'."),
        ("    import sys\n    sys.exit('enough')\n    return 1", "left at line 3", "SystemExit: enough."),
        ("    return exit_()\ndef exit_():\n    raise SystemExit", "left at line 4", "SystemExit."),
        ("    raise KeyboardInterrupt\n    return 1", "stopped with an error at line 2", "KeyboardInterrupt."),
        ("    raise GeneratorExit\n    return 1", "stopped with an error at line 2", "GeneratorExit."),
        (
            "    import json\n    return json.loads('{')",
            "stopped with an error at line 3",
            "JSONDecodeError: Expecting",
        ),
        (
            "    class Odd(Exception):\n        def __str__(self): raise ValueError\n    raise Odd\n    return 1",
            "stopped with an error at line 4",
            "Odd.",
        ),
        (
            "    from genlab_widgets.errors import PoorQuality\n    raise PoorQuality('No.')\n    return 1",
            "line 3",
            "PoorQuality: No.",
        ),
        ("    if not rows:\n        return 1", "returned nothing, no model", "PipelineModel"),
        ("    return rows.labels", "returned a tuple, no model", "PipelineModel"),
        ("    assert not rows.test and not rows.test_examples\n    return 3", "returned a int", "PipelineModel"),
    ],
)
def test_what_a_script_does_instead_is_told(
    folder: RunFolder, demo_project: Project, body: str, what: str, why: str
) -> None:
    error = failure(folder, demo_project, HEAD + body + "\n")
    assert f"The training script mine.py {what}" in error.what or what in error.what
    assert why in error.why
    assert "mine.py@" in folder.log.read_text()


def test_an_error_while_the_script_is_read_has_its_line_too(folder: RunFolder, demo_project: Project) -> None:
    assert "at line 1" in failure(folder, demo_project, "import no_such_package\n" + HEAD + "    return 1\n").what


def test_an_error_in_a_notebook_has_its_cell(folder: RunFolder, demo_project: Project) -> None:
    content = notebook(("epochs = 1", "parameters"), "import json", HEAD + "    return 1 / 0\n")
    assert "at code cell 3, line 2." in failure(folder, demo_project, content, name="mine.ipynb").what


def test_memory_that_runs_out_stays_what_it_is(folder: RunFolder, demo_project: Project) -> None:
    for source in ("raise MemoryError", "raise OSError(28, 'No space left on device')"):
        with pytest.raises((MemoryError, OSError)):
            fit(folder, demo_project, f"{HEAD}    {source}\n    return 1\n")
        (folder.path / "scratch" / "script").rmdir()
        (folder.path / "scratch").rmdir()


def test_parameters_take_the_place_of_the_notebooks_own() -> None:
    content = notebook(
        "before = 1",
        ("epochs = 2\nseed = before\nrate = 0.1", "parameters"),
        "twice = 2 * epochs\n" + HEAD + " return 1",
    )
    module = custom.execute(script_source.read(content, "mine.ipynb"), {"epochs": 7, "seed": 3, "dropout": 0.5})
    assert (module.epochs, module.twice, module.seed, module.rate) == (7, 14, 3, 0.1)
    assert not hasattr(module, "dropout")


def test_classes_and_functions_of_a_script_behave_as_in_a_module() -> None:
    from pyspark import cloudpickle

    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Pair:\n    one: int\n" + HEAD + "    return Pair(1)\n"
    )
    module = custom.execute(script_source.read(source.encode(), "mine.py"), {})
    pickled = cloudpickle.dumps(module.train)
    del sys.modules[custom.MODULE]  # as in a worker of Spark, which cannot import it
    assert cloudpickle.loads(pickled)(1, 2, 3, 4).one == 1


def test_what_a_script_reports_is_shown(folder: RunFolder, demo_project: Project) -> None:
    body = (
        "    report('begins')\n    (report.folder / 'file').touch()\n    report.progress(0.5)\n"
        "    for number in range(parameters['epochs']):\n        report.epoch(number + 1, loss=3.0 - number)\n"
        "    return None or 1\n"
    )
    failure(folder, demo_project, HEAD + body, epochs=2)
    assert "begins" in folder.log.read_text()
    assert [(epoch.number, epoch.total, epoch.loss) for epoch in folder.epochs()] == [(1, 2, 3.0), (2, 2, 2.0)]
    progress = folder.read_progress()
    assert progress is not None
    assert (progress.epoch, progress.message) == (2, "Last epoch done.")


@pytest.mark.parametrize("wait", ["time.sleep(60)", "threading.Event().wait(60)", "[None for _ in iter(int, 1)]"])
def test_a_script_that_hangs_is_interrupted_and_says_where(
    folder: RunFolder, demo_project: Project, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    import pyspark.cloudpickle  # noqa: F401  loading it counts for the first script only

    monkeypatch.setenv("GENLAB_SCRIPT_MINUTES", "0.01")
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        error = failure(folder, demo_project, f"import threading, time\n{HEAD}    {wait}\n    return 1\n")
    finally:
        signal.signal(signal.SIGINT, previous)
    assert "did not end within 0.01 minutes" in error.what
    assert "GENLAB_SCRIPT_MINUTES" in error.why
    stored = folder.read_failure()
    assert stored is not None
    assert stored.reason == "custom_script_failed"
    assert f"    {wait}" in folder.log.read_text()


def test_the_watch_ends_with_the_script(folder: RunFolder, demo_project: Project) -> None:
    failure(folder, demo_project, HEAD + "    return None if rows else 1\n")
    until(lambda: not any(thread.name == "watchdog" for thread in threading.enumerate()))
    assert folder.read_failure() is None


ENDED = """
import sys
from pathlib import Path
from genlab_widgets.training import watchdog
from genlab_widgets.projects.store import open_project
from tests.training.test_custom import SWALLOW, fit
from genlab_widgets.training.runfolder import RunFolder
watchdog.GRACE_SECONDS = 0.5
if "deaf" in sys.argv:  # the thread of Python never gets its turn
    watchdog.Watchdog._watch = lambda self: None
fit(RunFolder(Path(sys.argv[1])), open_project(Path(sys.argv[2]), "clinic_notes"), SWALLOW)
"""


@pytest.mark.process
@pytest.mark.parametrize("how", ["listening", "deaf"])
def test_a_script_that_does_not_listen_is_ended_with_its_process(
    folder: RunFolder, demo_project: Project, home: Path, how: str
) -> None:
    environment = {**os.environ, "GENLAB_HOME": str(home), "GENLAB_SCRIPT_MINUTES": "0.02", "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", ENDED, str(folder.path), str(home), how]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert answer.returncode == 1, answer.stderr
    log = folder.log.read_text()
    stored = folder.read_failure()
    if how == "deaf":
        assert "Timeout (0:00:02" in log
        assert 'File "custom_script.py", line 7 in train' in log
    else:
        assert "time.sleep(0.05)" in log
        assert stored is not None
        assert "did not end within" in stored.what


def test_a_run_gets_a_copy_and_says_whose_it_is(demo_project: Project, folder: RunFolder) -> None:
    script = Scripts(demo_project.folder).upload((HEAD + "    return 1\n").encode(), "mine.py", "olga")
    spec = TrainingSpec(project=demo_project.name, custom_script=script.reference)
    assert custom.keep(spec, demo_project.folder, folder) == {
        "name": "mine.py",
        "hash": script.hash,
        "author": "olga",
        "uploaded_at": script.uploaded_at,
    }
    assert (folder.path / "custom_script.py").read_text() == HEAD + "    return 1\n"
    assert custom.keep(TrainingSpec(project=demo_project.name), demo_project.folder, folder) == {}


def test_a_run_with_a_script_that_nobody_uploaded_fails_at_once(
    demo_project: Project, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(steps.RUN_FOLDER, str(folder.path))
    with pytest.raises(NotFound, match="no training script"):
        steps.begin({"project": demo_project.name, "custom_script": "mine.py"})
    assert folder.read_failure() is not None


def test_a_script_trains_ner_only_and_nothing_automatic_replaces_it() -> None:
    spec = TrainingSpec(project="notes", custom_script="mine.py")
    assert automatic.resolve(spec, "en", 1_000) == (spec, "")
    assert isinstance(trainer_for(spec), custom.CustomScript)
    with pytest.raises(WrongParameters, match="cannot train classification"):
        trainer_for(spec.model_copy(update={"kind": "classification"}))


FAILING = {
    "raises": ("raise ValueError('no rows')", "ValueError: no rows."),
    "exits": ("import sys; sys.exit(0)", "left at line 2"),
    "vanishes": ("import os; os._exit(0)", "ended the process that it ran in"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended the process that it ran in"),
    "hangs": ("import time; time.sleep(300)", "did not end within 0.05 minutes"),
    "nothing": ("pass", "returned nothing, no model"),
}
WITHOUT_SPARK = """
from genlab_widgets.training import steps
from genlab_widgets.training.spark import session
session.start = lambda *_: None
session.stop = lambda *_: None
run = steps.begin(globals())
run.prepare()
run._spark = object()
run.train()
"""
"""The notebook of a run whose script never comes to Spark."""


@pytest.mark.process
def test_a_run_ends_failed_by_its_script_and_never_as_lost(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genlab_widgets.projects.importing import import_project

    monkeypatch.setenv("GENLAB_SCRIPT_MINUTES", "0.05")
    workplace.template(WITHOUT_SPARK)
    launched = {}
    for name, (line, _) in FAILING.items():
        project = import_project(write_export(tmp_path / name), workplace.home).project
        source = f"{HEAD}    {line}\n    return None if rows else 1\n"
        script = Scripts(project.folder).upload(source.encode(), "mine.py", "olga")
        launched[name] = workplace.submit(name, custom_script=script.reference, test_train_tags=True).id

    for name, (_, told) in FAILING.items():
        row = workplace.wait(launched[name], seconds=180)
        assert (row.status, row.reason) == (Status.FAILED, "custom_script_failed"), (name, row.message)
        assert told in row.message
        assert "default training" in row.next_step
        assert (workplace.folder(row).path / "custom_script.py").is_file()


@pytest.mark.process
def test_a_kernel_lost_before_the_script_ran_is_not_put_down_to_it(workplace: Workplace) -> None:
    workplace.template(
        "import os, pathlib\nfrom genlab_widgets.training.reporting import Reporter\n"
        "from genlab_widgets.training.runfolder import RunFolder\n"
        "Reporter(RunFolder(pathlib.Path(os.environ['GENLAB_RUN_FOLDER'])), 1).step('start_spark')\nos._exit(1)"
    )
    assert workplace.wait(workplace.submit(custom_script="mine.py").id).status is Status.CRASHED


def test_errors_of_resources_are_the_ones_that_pass() -> None:
    error: GenlabError = NotEnoughResources("The disk is full.")
    assert custom._out_of_resources(error)
    assert not custom._out_of_resources(ValueError("no"))
