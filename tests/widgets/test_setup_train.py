"""Train Now on the Setup page, and members that come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.errors import NotEnoughResources, TooFewCompletions, WrongParameters
from genlab_widgets.runs import launcher, outcome
from genlab_widgets.runs.states import Status
from genlab_widgets.training.runfolder import Progress, failure_of
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.widgets.pages import last_training
from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.workspace import Project, Run, Workspace
from tests.samples import CONFIG, finish, task, write_export


@pytest.fixture
def project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that can be trained, where no process is started."""
    monkeypatch.setattr(launcher, "start_queued", lambda *_: [])
    tasks = [task(number, tags=[*task(number)["tags"], "first"][: 1 + (number < 41)]) for number in range(1, 61)]
    config = CONFIG.replace('    <Label value="absent" assertion="true" model="assertion_old"/>\n', "")
    return Workspace(home, user="olga").import_project(write_export(tmp_path / "notes", tasks, config)).project


@pytest.fixture
def page(project: Project) -> SetupPage:
    return SetupPage(project, background=False)


def test_the_card_asks_for_epochs_batch_and_tasks_and_says_what_would_train(page: SetupPage) -> None:
    card = page.training
    assert [item["value"] for item in card.kind.options] == ["ner"]
    assert card.numbers["epochs"].value == str(defaults("ner", "automatic")["epochs"])
    assert [item["disabled"] for item in card.tasks.options] == [False, False, False]
    assert "train" in card.ready.value
    assert not card.train.disabled
    assert "Nothing was trained yet" in card.last.value


def test_a_wrong_number_blocks_with_its_rule(page: SetupPage) -> None:
    page.training.numbers["epochs"].value = "0"
    assert page.training.numbers["epochs"].error == "Give a whole number from 1 to 1,000."
    assert page.training.train.disabled


def test_train_now_starts_what_the_form_says(page: SetupPage, project: Project) -> None:
    card = page.training
    card.numbers["epochs"].value = "3"
    card.numbers["batch_size"].value = "4"
    card.tasks.value = "tags"
    assert card.tags.layout.display != "none"
    card.tags.value = ["first"]
    card.train.click()
    assert card.question.layout.display != "none"
    assert project.runs() == []
    card.start("immediately")
    card.start("immediately")  # a second click or tab
    (run,) = project.runs()
    spec = run.spec
    assert (spec.epochs, spec.batch_size, spec.tags, spec.deploy) == (3, 4, ("first",), "immediately")
    assert card.progress.layout.display != "none"
    assert "Queued" in card.last_chip.value


def test_the_split_by_tags_and_the_fields_outlive_a_page_switch(page: SetupPage, project: Project) -> None:
    page.training.tasks.value = "split"
    page.training.numbers["epochs"].value = "7"
    again = SetupPage(project, background=False).training
    assert again.tasks.value == "split"
    assert again.numbers["epochs"].value == "7"
    assert project.preferences()["setup_train"]["fields"]["test_train_tags"] is True


def test_progress_stands_at_the_top_right_while_it_trains(page: SetupPage, project: Project) -> None:
    page.training.start("none")
    run = project.runs()[0]
    rows = project.workspace.run_rows
    rows.move(run.id, Status.STARTING, started_at=run.created_at)
    run.folder.write_progress(Progress(step="train", epoch=2, epochs=5, fraction=0.4, seconds_left=60))
    page.training.show_seen(page.training.look()._replace(open=rows.get(run.id)))
    assert page.training.progress.status == "Epoch 2 of 5"
    assert page.training.progress.fraction == 0.4
    assert page.training.corner in page.content.children[0].children


def test_the_last_training_is_shown_and_deployed(page: SetupPage, project: Project) -> None:
    run = finish(project.workspace, TrainingSpec(project="notes", test_train_tags=True), "notes")
    page.tick()
    card = page.training
    for part in (run.id, "by olga", "Test/Train tags", run.model, "Completed"):
        assert str(part) in card.last.value + card.last_chip.value
    card.deploy.click()
    card.deployment.confirm.click()
    assert run.model in project.labeling_config.source.decode()
    assert card.deploy.layout.display == "none"
    assert card.undo.layout.display != "none"
    assert run.model in page.config.editor.text


def failed(project: Project, error: Exception) -> Run:
    """Makes a run that FAILED with an error, as a worker leaves it."""
    rows = project.workspace.run_rows
    row = rows.create(TrainingSpec(project="notes"), "notes", "olga")
    rows.move(row.id, Status.STARTING, started_at=row.created_at)
    rows.folder(row.id).write_failure(error)
    outcome.fail(rows, row.id, failure_of(error))
    return project.workspace.run(row.id)


def test_a_failure_names_its_kind_and_the_figure_that_decided(page: SetupPage, project: Project) -> None:
    memory = NotEnoughResources("Training needs about 6.0 GB, the machine has 3.2 GB.", "", "Train on fewer tasks.")
    failed(project, memory)
    page.tick()
    told = page.training.last.value
    assert "Not enough CPU or memory: " in told
    assert "6.0 GB, the machine has 3.2 GB" in told
    assert "Train on fewer tasks." in told


def test_wrong_parameters_are_listed_field_by_field(project: Project) -> None:
    told = last_training.refusal(WrongParameters("No.", "", "", fields={"epochs": "at least 1"}))
    assert "Wrong training parameters: " in told
    assert "epochs: at least 1" in told


def test_a_quality_below_the_baseline_is_said_with_both_figures(project: Project) -> None:
    run = finish(project.workspace, TrainingSpec(project="notes"), "notes")
    result = run.result
    assert result is not None
    run._result = result.model_copy(update={"beats_baseline": False})
    told = last_training.details([run])
    assert "Poor quality of completions: " in told
    assert f"F1 {result.benchmark.f1:.2f} &lt; {result.baseline.f1:.2f}" in told


def test_too_few_completions_block_before_anything_starts(home: Path, tmp_path: Path) -> None:
    tasks = [{**task(number), "completions": []} for number in range(1, 6)]
    project = Workspace(home, user="olga").import_project(write_export(tmp_path / "notes", tasks)).project
    card = SetupPage(project, background=False).training
    assert card.train.disabled
    assert "Too few completions: " in card.ready.value
    assert "None of the 5 tasks" in card.ready.value
    assert isinstance(card._checked(card.state.form.spec_fields()), TooFewCompletions)


def test_an_annotator_cannot_train(project: Project) -> None:
    other = Workspace(project.workspace.home, user="noah").project("notes")
    card = SetupPage(other, background=False).training
    assert card.train.disabled
    assert "Project Owner" in card.train.tooltip


def test_members_are_added_removed_and_stored(page: SetupPage, project: Project) -> None:
    members = page.members
    members.name.value = "  zoe "
    members.role.value = "Manager"
    members.put.click()
    members.listed.emit("remove", name="rita")
    members.listed.emit("move", name="zoe", by=-1)
    assert members.members.priority == ("olga", "max", "zoe", "noah")
    assert project.members.priority == ("olga", "max", "noah", "rita")
    members.save.click()
    stored = project.workspace.project("notes").members
    assert stored.priority == ("olga", "max", "zoe", "noah")
    assert stored.roles == {"olga": "Project Owner", "max": "Manager", "zoe": "Manager", "noah": "Annotator"}


@pytest.mark.parametrize(
    ("name", "said"), [("", "Type the name"), ("olga", "a member already"), ("a\nb", "up to 150"), ("x" * 151, "up to")]
)
def test_a_name_that_cannot_be_is_refused_beside_the_field(page: SetupPage, name: str, said: str) -> None:
    page.members.name.value = name
    page.members.put.click()
    assert said in page.members.name.error
    assert page.members.members == page.members.stored


def test_edits_of_members_outlive_a_page_switch(page: SetupPage, project: Project) -> None:
    page.members.name.value = "zoe"
    page.members.put.click()
    again = SetupPage(project, background=False)
    assert again.members.members.priority[-1] == "zoe"
    assert not again.members.save.disabled
    again.members.revert.click()
    assert SetupPage(project, background=False).members.members == again.members.stored


def test_an_image_project_trains_visual_ner_first(home: Path, tmp_path: Path) -> None:
    config = (
        '<View><Choices name="lang" toName="image"><Choice value="en"/></Choices><RectangleLabels name="l" '
        'toName="image"><Label value="TOTAL"/></RectangleLabels><Image name="image" value="$image"/></View>'
    )
    export = write_export(tmp_path / "bills", [{**task(1), "completions": []}], config)
    card = SetupPage(Workspace(home, user="olga").import_project(export).project, background=False).training
    assert next(item["value"] for item in card.kind.options) == "visual_ner"
    assert card.kind.value == "visual_ner"
    assert card.numbers["epochs"].value == str(defaults("visual_ner", "automatic")["epochs"])
