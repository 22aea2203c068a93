"""The façade: what a user gets, who may do what, and what happens where nothing can be written."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

import pytest

from genlab_widgets import Workspace
from genlab_widgets.errors import (
    BadInput,
    Conflict,
    NoLicense,
    NotAllowed,
    NotFound,
    TooFewCompletions,
    WorkspaceUnusable,
    WrongParameters,
)
from genlab_widgets.projects.store import CONFIG as CONFIG_FILE
from genlab_widgets.runs.states import Status
from genlab_widgets.training.epochs import Epoch
from genlab_widgets.training.runfolder import Progress
from genlab_widgets.workspace import ACTIONS, Project
from tests.samples import CONFIG, LABELS, finish, task, text_of, write_export, write_template, zipped

FAST = {"embeddings": "word2vec", "epochs": 1}


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """An empty workspace of a person who is no member of any project."""
    return Workspace(user="guest")


@pytest.fixture
def project(workspace: Workspace, tmp_path: Path) -> Project:
    """A project that is ready to be trained."""
    return workspace.import_project(write_export(tmp_path / "notes", description="Small notes")).project


def test_home_and_user_come_from_the_environment_or_the_caller(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_USER", "rita")
    assert (Workspace().home, Workspace().user) == (home, "rita")
    other = Workspace(str(tmp_path / "other"), user="olga")
    assert (other.home, other.user) == (tmp_path / "other", "olga")
    assert not other.home.exists(), "nothing is made before it is needed"


def test_a_project_shows_what_was_imported(workspace: Workspace, project: Project) -> None:
    assert [found.name for found in workspace.projects()] == ["notes"]
    assert workspace.project("notes") == project
    assert (project.description, project.language, project.task_count) == ("Small notes", "en", 60)
    assert project.tags == {"Train": 48, "Test": 12}
    assert project.members.priority == ("olga", "max", "noah", "rita")
    assert [label.value for label in project.labeling_config.entity_labels] == list(LABELS)


def test_a_folder_elsewhere_is_a_project_too(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = Workspace(tmp_path / "elsewhere", user="guest")
    folder = elsewhere.import_project(write_export(tmp_path / "notes")).project.folder
    project = workspace.project(folder)
    assert (project.name, project.place) == ("notes", str(folder))
    assert project.spec().project == str(folder)
    assert elsewhere.project("notes").spec().project == "notes"


def test_an_export_that_was_not_imported_says_how(workspace: Workspace, tmp_path: Path) -> None:
    export = write_export(tmp_path / "my notes")
    with pytest.raises(NotFound, match="is not a project") as caught:
        workspace.project(export)
    assert f"genlab import '{export}'" in caught.value.next_step
    with pytest.raises(NotFound, match="no project 'nothing'"):
        workspace.project("nothing")


def test_a_broken_export_changes_nothing(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    export = write_export(tmp_path / "broken", name="notes")
    (export / "result.json").write_text('[{"id": 1, "data": {"text": "a"}},\n {"id": 2, ]', encoding="utf-8")
    before = {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()}
    with pytest.raises(BadInput, match="Line 2"):
        workspace.import_project(export)
    assert {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()} == before
    assert [path.name for path in project.folder.parent.iterdir()] == ["notes"]


def test_preferences_survive_a_second_import(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    assert project.preferences() == {}
    project.save_preferences({"step": 2, "active_learning": True, "fields": {"tags": ["ä"]}})
    archive = zipped(write_export(tmp_path / "again", name="notes", tasks=5), tmp_path / "notes.zip")
    again = workspace.import_project(archive).project
    assert again.task_count == 5
    assert again.preferences() == {"step": 2, "active_learning": True, "fields": {"tags": ["ä"]}}


def test_damaged_preferences_count_as_none(project: Project) -> None:
    (project.folder / "page.json").write_text('{"step": ', encoding="utf-8")
    assert project.preferences() == {}


def test_check_says_what_there_is(project: Project) -> None:
    readiness = project.check(**FAST, test_train_tags=True)
    assert readiness.ready
    assert (readiness.train, readiness.test) == (48, 12)
    assert {label.label: label.total for label in readiness.labels} == {"DRUG": 60, "DOSE": 60}
    assert readiness.graph is not None
    assert readiness.graph.dimension == 100
    assert readiness.estimate.memory_mb > 100


def test_automatic_embeddings_are_checked_with_their_own_dimension(project: Project) -> None:
    from genlab_widgets.training import embeddings

    graph = project.check(embeddings="automatic", architecture="annotator").graph
    assert graph is not None
    assert graph.dimension == embeddings.known_dimension("automatic", "en")


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"epochs": 0}, WrongParameters, "epochs: "),
        ({"colour": "red"}, WrongParameters, "colour: "),
        ({"kind": "classification"}, WrongParameters, "no Choices"),
        ({"kind": "visual_ner"}, WrongParameters, "Visual NER cannot be trained here"),
        ({"use_gpu": True}, WrongParameters, "No GPU found"),
        ({"custom_script": "mine.py"}, WrongParameters, "has uploaded one"),
        ({"classifier": "urgency"}, WrongParameters, "classification"),
        ({"library": "healthcare"}, NoLicense, 'scope "healthcare: training"'),
        ({"library": "legal"}, NoLicense, 'scope "legal: training"'),
    ],
)
def test_what_is_not_offered_is_refused_with_its_reason(
    workspace: Workspace, project: Project, fields: dict[str, object], error: type[Exception], sentence: str
) -> None:
    for action in (project.check, project.train):
        with pytest.raises(error, match=sentence):
            action(**fields)  # type: ignore[operator]
    assert workspace.runs() == []


def test_offers_carry_the_sentence_that_refuses(project: Project) -> None:
    offers = project.offers()
    assert [offer.value for offer in offers if offer.field == "kind" and offer.enabled] == ["ner", "assertion", "all"]
    assert [offer.value for offer in offers if offer.field == "library" and offer.enabled] == ["open_source"]
    assert all(bool(offer.reason) != offer.enabled for offer in offers)
    refused = next(offer for offer in offers if offer.value == "finance")
    with pytest.raises(NoLicense) as caught:
        project.check(library="finance")
    assert caught.value.why == refused.reason


def test_ner_is_not_offered_where_no_label_marks_text(workspace: Workspace, tmp_path: Path) -> None:
    choices = '<Choices name="urgency" toName="text"><Choice value="high"/></Choices>'
    config = f'<View><Text name="text" value="$text"/>{choices}</View>'
    project = workspace.import_project(write_export(tmp_path / "topics", config=config)).project
    with pytest.raises(WrongParameters, match=r"NER cannot be trained here.*no label"):
        project.check(kind="ner")
    assert project.spec().kind == "classification"


@pytest.mark.parametrize(
    ("tasks", "error", "sentence"),
    [
        ([task(number, completions=[]) for number in range(1, 9)], TooFewCompletions, "None of the 8 tasks"),
        ([task(number, data={"text": " "}) for number in range(1, 9)], TooFewCompletions, "empty text"),
    ],
    ids=["no completion", "empty texts"],
)
def test_a_training_that_is_not_ready_makes_no_run(
    workspace: Workspace, tmp_path: Path, tasks: list[object], error: type[Exception], sentence: str
) -> None:
    project = workspace.import_project(write_export(tmp_path / "notes", tasks=tasks)).project
    assert not project.check(**FAST).ready
    with pytest.raises(error, match=sentence):
        project.train(**FAST)
    assert workspace.runs() == []
    assert not (workspace.home / "runs").exists() or not list((workspace.home / "runs").iterdir())


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("user", "may"),
    [("olga", True), ("max", True), ("noah", False), ("rita", False), ("guest", True), ("Olga", True)],
)
def test_roles_decide_every_action(project: Project, home: Path, action: str, user: str, may: bool) -> None:
    workspace = Workspace(home, user=user)
    for named in (project, "notes"):
        assert workspace.can(named, action) is may  # type: ignore[arg-type]
    if may:
        workspace.require(project, action)  # type: ignore[arg-type]
    else:
        with pytest.raises(NotAllowed, match=f"{user} may not .* notes") as caught:
            workspace.require(project, action)  # type: ignore[arg-type]
        assert workspace.project("notes").members.roles[user] in caught.value.why


def test_an_unknown_action_is_an_error(workspace: Workspace, project: Project) -> None:
    with pytest.raises(WrongParameters, match="no action 'dance'"):
        workspace.can(project, "dance")  # type: ignore[arg-type]


def test_an_annotator_can_do_nothing_that_changes(
    workspace: Workspace, project: Project, home: Path, tmp_path: Path
) -> None:
    finish(workspace, project.spec(), "notes")
    waiting = workspace.run_rows.create(project.spec(), "notes", "guest")
    noah = Workspace(home, user="noah")
    model = noah.models()[0]
    attempts = (
        lambda: noah.project("notes").train(**FAST),
        lambda: noah.run(waiting.id).stop(),
        lambda: noah.run(waiting.id).train_again(),
        model.deploy,
        lambda: noah.import_project(write_export(tmp_path / "mine", name="notes", tasks=3)),
    )
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
    assert workspace.run(waiting.id).status is Status.QUEUED
    assert (project.folder / CONFIG_FILE).read_bytes() == CONFIG.encode()
    assert workspace.project("notes").task_count == 60
    assert len(workspace.runs()) == 2
    assert noah.import_project(write_export(tmp_path / "own", tasks=3)).project.name == "own"


def test_a_completed_run_shows_its_result(workspace: Workspace, project: Project) -> None:
    run = finish(workspace, project.spec(epochs=3), "notes")
    assert (run.id, run.number, run.project, run.kind, run.source, run.user) == (
        "notes-0001", 1, "notes", "ner", "manual", "guest",
    )  # fmt: skip
    assert run.ended
    assert run.status == "COMPLETED"
    assert run.spec.epochs == 3
    assert run.f1 == pytest.approx(76 / 78)
    assert run.benchmark is not None
    assert run.baseline is not None
    assert run.benchmark.exact.micro.f1 > run.baseline.exact.micro.f1
    assert run.duration is not None
    assert run.duration >= 0
    assert run.log() == ("Epoch 1/1 started\n", 18)
    assert run.log(18) == ("", 18)
    assert run.notebook.is_file()
    with zipfile.ZipFile(io.BytesIO(run.logs_zip())) as archive:
        assert {"training.log", "notebook.ipynb", "spec.json", "result.json"} <= set(archive.namelist())
    target = run.download_logs(workspace.home / "logs.zip")
    assert zipfile.is_zipfile(target)


def test_an_open_run_is_read_anew(workspace: Workspace, project: Project) -> None:
    rows = workspace.run_rows
    run = workspace.run(rows.create(project.spec(), "notes", "guest").id)
    assert (run.status, run.ended, run.duration, run.progress(), run.epochs(), run.log()) == (
        Status.QUEUED, False, None, None, [], ("", 0),
    )  # fmt: skip
    rows.move(run.id, Status.STARTING, started_at=run.created_at)
    rows.move(run.id, Status.RUNNING)
    run.folder.write_progress(Progress(step="train_model", epoch=1, epochs=2, fraction=0.5))
    run.folder.append_epoch(Epoch(number=1, total=2, seconds=1.5, loss=3.5))
    assert run.status is Status.RUNNING
    first = run.duration
    assert first is not None
    progress = run.progress()
    assert progress is not None
    assert progress.fraction == 0.5
    assert [epoch.loss for epoch in run.epochs()] == [3.5]
    time.sleep(0.01)
    assert run.duration > first
    rows.move(run.id, Status.FAILED, reason="poor_quality", message="The loss is NaN.", next_step="Lower the rate.")
    assert (run.reason, run.message, run.next_step) == ("poor_quality", "The loss is NaN.", "Lower the rate.")
    assert run.duration == run.duration, "an end has one duration"
    assert run.result is None
    assert run.benchmark is None


def test_a_damaged_result_is_named(workspace: Workspace, project: Project) -> None:
    run = finish(workspace, project.spec(), "notes")
    run.folder.result.write_text('{"run_id": ', encoding="utf-8")
    with pytest.raises(BadInput, match="damaged"):
        assert run.result


def test_runs_are_listed_and_counted(workspace: Workspace, project: Project) -> None:
    done = finish(workspace, project.spec(), "notes")
    waiting = workspace.run_rows.create(project.spec(), "notes", "guest")
    workspace.run_rows.create(project.spec(), "other", "guest")
    assert [run.id for run in workspace.runs(project="notes")] == [waiting.id, done.id]
    assert [run.id for run in project.runs()] == [waiting.id, done.id]
    assert [run.id for run in workspace.runs(status="COMPLETED")] == [done.id]
    assert [run.id for run in workspace.runs(limit=1, offset=2)] == [done.id]
    assert workspace.runs(kind="assertion") == []
    assert (workspace.counts()["QUEUED"], workspace.counts("notes")["QUEUED"]) == (2, 1)
    with pytest.raises(NotFound, match="no run 'notes-0099'"):
        workspace.run("notes-0099")


def test_two_runs_on_the_same_tasks_are_compared(workspace: Workspace, project: Project) -> None:
    a = finish(workspace, project.spec(epochs=1), "notes", wrong=range(1, 15))
    b = finish(workspace, project.spec(epochs=9, tags=("Train",)), "notes", wrong=())
    found = workspace.compare(a.id, b)
    assert found.differences == {"epochs": (1, 9), "tags": ([], ["Train"])}
    assert found.verdict is not None
    assert found.verdict.better == "b"
    assert found.sentence.startswith("F1 is higher by")


def test_runs_that_cannot_be_compared_say_why(workspace: Workspace, project: Project) -> None:
    done = finish(workspace, project.spec(), "notes")
    waiting = workspace.run_rows.create(project.spec(seed=1), "notes", "guest")
    found = workspace.compare(done.id, waiting.id)
    assert (found.verdict, found.sentence) == (None, "Nothing was measured in notes-0002.")
    assert found.differences == {"seed": (42, 1)}


def test_a_model_is_deployed_and_taken_back(workspace: Workspace, project: Project) -> None:
    run = finish(workspace, project.spec(), "notes")
    assert run.model is not None
    model = workspace.model(run.model)
    assert (model.kind, model.project, model.source, model.labels, model.size) == (
        "ner",
        "notes",
        "manual",
        LABELS,
        2_000,
    )
    assert model.f1 == run.f1
    assert model.run == run
    assert model.benchmark == run.benchmark
    assert model.folder == run.folder.model
    assert workspace.models() == project.models() == [model]
    preview = model.deploy_preview()
    assert not model.deployed
    model.deploy(preview)
    assert model.deployed
    assert model.undo_preview().diff
    model.undo_deploy()
    assert not model.deployed
    assert (project.folder / CONFIG_FILE).read_bytes() == CONFIG.encode()
    with pytest.raises(NotFound, match="no model 'nothing'"):
        workspace.model("nothing")


def test_what_the_user_saw_is_what_is_deployed(workspace: Workspace, project: Project) -> None:
    finish(workspace, project.spec(), "notes")
    model = workspace.models()[0]
    preview = model.deploy_preview()
    config = project.folder / CONFIG_FILE
    config.write_bytes(config.read_bytes().replace(b"#0a0", b"#0b0"))
    with pytest.raises(Conflict):
        model.deploy(preview)
    assert not model.deployed


def test_a_model_of_a_project_that_is_gone(workspace: Workspace) -> None:
    from genlab_widgets.training.spec import TrainingSpec

    finish(workspace, TrainingSpec(project="gone"), "gone")
    model = workspace.models()[0]
    assert not model.deployed
    with pytest.raises(NotFound, match="no project 'gone'"):
        model.deploy()


@pytest.mark.parametrize("place", ["home", "home/below"])
def test_a_workspace_that_cannot_be_written_says_so(tmp_path: Path, place: str) -> None:
    """A file in place of the folder: refused for root too, unlike missing permissions."""
    (tmp_path / "home").write_text("a file, not a folder", encoding="utf-8")
    workspace = Workspace(tmp_path / place, user="guest")
    assert workspace.projects() == []
    export = write_export(tmp_path / "notes", tasks=3)
    for attempt in (workspace.runs, workspace.models, workspace.counts, lambda: workspace.import_project(export)):
        with pytest.raises(WorkspaceUnusable) as caught:
            attempt()
        assert caught.value.next_step
    assert (tmp_path / "home").read_text(encoding="utf-8") == "a file, not a folder"


FINISHED = """
import os, sys
sys.path.insert(0, {checkout!r})
from pathlib import Path
from genlab_widgets.training.runfolder import RunFolder
from tests.samples import result_of, write_model
folder = RunFolder(Path(os.environ["GENLAB_RUN_FOLDER"]))
result = result_of(folder.path.name, folder.read_spec(), "notes")
write_model(folder, result)
folder.write_result(result)
"""


@pytest.mark.process
def test_a_training_from_its_start_to_its_model(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import CHECKOUT

    body = FINISHED.format(checkout=str(CHECKOUT))
    monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "templates", body)))
    run = project.train(key="one click", **FAST, deploy="immediately")
    assert project.train(key="one click", **FAST, deploy="immediately") == run
    assert run.wait(timeout=120).ended
    assert (run.status, run.reason) == (Status.COMPLETED, "completed"), f"{run.message} {run.log()[0]}"
    assert run.model is not None
    deadline = time.monotonic() + 10  # the worker deploys right after the end of the run
    while not workspace.model(run.model).deployed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workspace.model(run.model).deployed
    assert json.loads(run.folder.spec.read_text(encoding="utf-8"))["embeddings"] == "word2vec"
    assert run.stop().status is Status.COMPLETED, "an end stays as it is"
    again = run.train_again(epochs=2)
    assert again.spec == run.spec.model_copy(update={"epochs": 2})
    assert again.wait(timeout=120).model == f"{run.model}_v2"


@pytest.mark.process
def test_a_training_is_stopped(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "templates", "import time; time.sleep(600)")))
    run = project.train(**FAST)
    deadline = time.monotonic() + 60
    while run.refresh().status is not Status.RUNNING and time.monotonic() < deadline:
        time.sleep(0.1)
    assert run.wait(timeout=0.1).ended is False, "wait returns when its time is over"
    run.stop()
    assert run.wait(timeout=60).status is Status.CANCELLED
    assert run.model is None
    assert text_of(1)[0] not in run.message


def test_a_damaged_project_can_be_imported_again(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    (project.folder / "project.json").write_text("{")
    again = workspace.import_project(write_export(tmp_path / "again", 5, name="notes")).project
    assert again.task_count == 5
