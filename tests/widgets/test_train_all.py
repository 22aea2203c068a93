"""A group from a page: every kind with its own defaults, asked twice it starts once, and projects do not disturb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genlab_widgets.errors import Conflict, NotEnoughResources
from genlab_widgets.runs import launcher
from genlab_widgets.runs.states import Status
from genlab_widgets.training.offers import ALL
from genlab_widgets.training.spec import defaults
from genlab_widgets.widgets import TrainPage
from genlab_widgets.widgets.pages.form import FormState
from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.workspace import Project, Workspace
from tests import mixed
from tests.samples import write_export

Start = Callable[[], None]
Opened = tuple[FormState, Callable[[], None], Start]


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "start_queued", lambda *_: [])


@pytest.fixture
def make(home: Path, tmp_path: Path) -> Callable[..., Project]:
    """Imports a project of three kinds; some of them may have no examples."""

    def made(name: str = "notes", kinds: tuple[str, ...] = mixed.KINDS, config: str = mixed.CONFIG) -> Project:
        export = write_export(tmp_path / name, mixed.tasks(kinds), config)
        return Workspace(home, user="olga").import_project(export).project

    return made


def train_page(project: Project) -> Opened:
    page = TrainPage(project, background=False)
    return page.state, page.form.ask, lambda: page._train("none")


def setup_page(project: Project) -> Opened:
    card = SetupPage(project, background=False).training
    return card.state, card.ask, lambda: card.start("none")


BOTH = pytest.mark.parametrize("opened", [train_page, setup_page])


@BOTH
def test_all_trains_each_kind_with_its_own_defaults(
    make: Callable[..., Project], opened: Callable[[Project], Opened]
) -> None:
    project = make()
    state, ask, start = opened(project)
    state.fill(kind=ALL)
    ask()
    start()
    started = {run.kind: run.spec for run in project.runs()}
    assert started == {kind: project.spec(kind=kind) for kind in mixed.KINDS}
    assert started["ner"].epochs == defaults("ner", "automatic")["epochs"] != started["classification"].epochs


@BOTH
def test_what_the_user_set_is_set_for_all(make: Callable[..., Project], opened: Callable[[Project], Opened]) -> None:
    project = make()
    state, ask, start = opened(project)
    state.fill(kind=ALL)
    state.fill(epochs="3")
    ask()
    start()
    assert {run.kind: run.spec for run in project.runs()} == {
        kind: project.spec(kind=kind, epochs=3) for kind in mixed.KINDS
    }


def test_both_pages_say_that_each_kind_has_its_own(make: Callable[..., Project]) -> None:
    project = make()
    page, card = TrainPage(project, background=False), SetupPage(project, background=False).training
    for state in (page.state, card.state):
        state.fill(kind=ALL)
    for field in (page.form.fields["epochs"], page.form.fields["decay"], card.numbers["epochs"]):
        assert (field.value, field.placeholder, field.error) == ("", "each kind\u2019s own", "")
    assert "epochs each kind\u2019s own" in page.form.summary.value
    assert not page.form.train.disabled
    assert not card.train.disabled
    card.state.fill(kind="classification")
    assert card.numbers["epochs"].value == str(defaults("classification", "automatic")["epochs"])
    assert card.numbers["epochs"].placeholder == ""


@BOTH
def test_another_project_of_as_many_runs_trains_too(
    make: Callable[..., Project], opened: Callable[[Project], Opened]
) -> None:
    for project in (make("notes"), make("letters")):
        state, ask, start = opened(project)
        state.fill(kind=ALL)
        ask()
        start()
        start()  # a second click or tab
        assert sorted(run.kind for run in project.runs()) == sorted(mixed.KINDS)
        state.fill(epochs="3")
        start()
        assert len(project.runs()) == 2 * len(mixed.KINDS)
        ask()
        start()
        assert len(project.runs()) == 3 * len(mixed.KINDS)


def test_two_projects_may_use_the_same_key(make: Callable[..., Project]) -> None:
    first, second = make("notes").train_all(key="nightly"), make("letters").train_all(key="nightly")
    assert [run.project for run in (*first, *second)] == ["notes"] * 3 + ["letters"] * 3
    assert [run.id for run in second[0].group] == [run.id for run in second]


def test_a_group_that_is_asked_for_again_adds_no_failed_member(make: Callable[..., Project]) -> None:
    project = make(kinds=("ner", "classification"))
    first = project.train_all(key="nightly")
    again = project.train_all(key="nightly")
    assert [run.id for run in again] == [run.id for run in first]
    assert [(run.kind, str(run.status)) for run in first] == [
        ("ner", "QUEUED"),
        ("classification", "QUEUED"),
        ("assertion", "FAILED"),
    ]
    assert len(project.runs()) == 3


def test_a_member_that_trains_is_left_alone_when_the_group_is_asked_for_again(
    make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make()
    first = project.train_all(key="nightly")
    project.workspace.run_rows.move(first[0].id, Status.STARTING)

    def full(*_: object) -> None:
        raise NotEnoughResources("The machine is full.", "", "Wait.")

    monkeypatch.setattr(Project, "_check", full)
    again = project.train_all(key="nightly")
    assert [(run.id, str(run.status)) for run in again] == [
        (run.id, status) for run, status in zip(first, ("STARTING", "QUEUED", "QUEUED"), strict=True)
    ]
    with pytest.raises(Conflict):
        project.train_all(key="nightly", epochs=3)
    with pytest.raises(NotEnoughResources):
        project.train_all(key="other")
    assert len(project.runs()) == 3


def test_fields_that_are_hidden_again_do_not_block(make: Callable[..., Project]) -> None:
    page = TrainPage(make(), background=False)
    page.state.fill(kind="classification")
    page.state.fill(head="logistic_regression", classifier="urgency")
    assert not page.form.train.disabled
    page.state.fill(kind="ner")
    assert not page.form.train.disabled
    page._train("none")
    [run] = page.project.runs()
    assert (run.spec.kind, run.spec.head, run.spec.classifier) == ("ner", "automatic", None)


def test_a_classifier_closes_what_it_does_not_read(make: Callable[..., Project]) -> None:
    form = (page := TrainPage(make(), background=False)).form
    names = ("epochs", "learning_rate", "decay", "dropout", "batch_size")

    def closed() -> list[str]:
        return [name for name in ("head", *names) if form.fields[name].disabled]

    page.state.fill(kind="classification")
    assert closed() == []
    page.state.fill(head="logistic_regression")
    assert closed() == list(names)
    assert form.fields["epochs"].hint == "Logistic regression has no use for this."
    assert "epochs" not in form.summary.value
    page.state.fill(head="classifier_dl")
    assert closed() == ["decay"]
    page.state.fill(architecture="fine_tuned")
    assert closed() == ["head"]
    assert form.fields["head"].hint == "The fine-tuned transformer has no use for this."


def test_a_multiple_choice_closes_what_its_classifier_does_not_read(make: Callable[..., Project]) -> None:
    project = make(config=mixed.CONFIG.replace('choice="single"', 'choice="multiple"'))
    form = (page := TrainPage(project, background=False)).form
    page.state.fill(kind="classification")
    page.state.fill(head="classifier_dl")
    assert [name for name in ("epochs", "decay", "dropout") if form.fields[name].disabled] == ["decay", "dropout"]
    page.state.fill(dropout="much")
    assert not form.fields["dropout"].disabled  # what is wrong can be corrected
