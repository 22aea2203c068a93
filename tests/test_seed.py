"""What the reference documentation promises (``train-new-model.txt``), a test for each sentence that needs no Spark.

The tests stand in the order of the text. Sentences about pages are tested with the pages, those about quality in
``benchmarks/``, those about a model that was really trained in ``tests/spark`` and ``tests/cli``.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets import Workspace
from genlab_widgets.errors import (
    BadInput,
    BadLabelingConfig,
    GenlabError,
    NotEnoughResources,
    TooFewCompletions,
    WrongParameters,
)
from genlab_widgets.models import deployment, registry
from genlab_widgets.models.registry import ModelRow
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.selection import Filters, Reason, Selected, choose, select
from genlab_widgets.projects.tasks import Choice, Completion, Task
from genlab_widgets.training import dataset, readiness, report, split
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.findings import AMBER_BELOW
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.offers import offers, trainable
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.workspace import Project, logs_of
from tests import mixed
from tests.samples import finish, task, write_export

SMOKING, AGE, GENDER = (
    ("smokingstatus", ("Smoker", "Past Smoker", "Nonsmoker")),
    ("age", ("Child (less than 18y)", "Adult (19-50y)", "Aged (50+y)")),
    ("gender", ("Female", "Male")),
)
"""The Choices of the text's sample: names and values."""
PEOPLE = Members.read(
    [
        {"username": "olga", "role": "Project Owner"},
        {"username": "max", "role": "Manager"},
        {"username": "ann", "role": "Annotator"},
        {"username": "rita", "role": "Reviewer"},
    ]
)


def sample(train: str = "", closed: bool = True, values: bool = True) -> str:
    """Returns the text's sample config: as printed there (its tags never close), or repaired."""
    lines = ['<View style="overflow: auto;">', '  <Text name="text" value="$text"/>']
    for (name, named), choice, title in (
        (SMOKING, "multiple", "Smoking Status"),
        (AGE, "single", "Age"),
        (GENDER, "single", "Gender"),
    ):
        extra = ' train="true"' if name == train else ""
        lines.append(f'<Header value="{title}"/>')
        lines.append(f'<Choices name="{name}"{extra} toName="text" choice="{choice}" showInLine="true">')
        lines += [f'  <Choice value="{value}"/>' for value in named] if values else []
        lines += ["</Choices>"] if closed else []
    return "\n".join([*lines, *(["</View>"] if closed else [])])


def config(*inside: str) -> LabelingConfig:
    return LabelingConfig.parse(f'<View><Text name="text" value="$text"/>{"".join(inside)}</View>')


def labels(*tags: str) -> str:
    return f'<Labels name="label" toName="text">{"".join(tags)}</Labels>'


DRUG, DOSE = '<Label value="DRUG"/>', '<Label value="DOSE"/>'
ABSENT, PRESENT = (f'<Label value="{value}" assertion="true"/>' for value in ("Absent", "Present"))
MIXED = labels(DRUG, DOSE, ABSENT, PRESENT)
ANSWERS = '<Choices name="urgency" toName="text" choice="single"><Choice value="high"/><Choice value="low"/></Choices>'


def errors(made: LabelingConfig) -> list[str]:
    return [finding.message for finding in made.lint() if finding.severity == "error"]


def by(user: str, number: int = 1, review: Any = None, submitted: bool = True, **others: Any) -> Completion:
    moment = f"2026-01-0{number}T08:00:00Z"
    return Completion(number, user, moment, moment if submitted else None, review=review, **others)


def one(number: int, *completions: Completion, tags: Sequence[str] = ()) -> Task:
    return Task(number, f"text {number}", tags=tuple(tags), completions=completions)


def answered(number: int, *values: str, name: str) -> Selected:
    completion = by("ann", choices=(Choice(name, values),) if values else ())
    return Selected(one(number), completion, Reason.PRIORITY)


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """An empty workspace, used by the owner of the projects below."""
    return Workspace(home, user="olga")


@pytest.fixture
def open_project(workspace: Workspace, tmp_path: Path) -> Callable[..., Project]:
    """Imports an export of its own."""

    def make(tasks: Any = 60, **about: Any) -> Project:
        return workspace.import_project(write_export(tmp_path / about.pop("name", "notes"), tasks, **about)).project

    return make


# --- Named Entity Recognition: who may, on what, with which settings ---


def test_a_project_owner_or_a_manager_can_train(open_project: Callable[..., Project]) -> None:
    project = open_project()
    allowed = [
        user
        for user in ("olga", "max", "noah", "rita")
        if Workspace(project.workspace.home, user).can(project, "train")
    ]
    assert allowed == ["olga", "max"]


def test_a_relevant_number_of_annotations_must_exist_for_all_labels(open_project: Callable[..., Project]) -> None:
    route = labels(DRUG, '<Label value="ROUTE"/>')
    project = open_project(config=f'<View>{route}<Text name="text" value="$text"/></View>')
    found = project.check(embeddings="word2vec")
    assert [(finding.level, finding.label) for finding in found.findings if finding.level == "fail"] == [
        ("fail", "ROUTE")
    ]
    with pytest.raises(TooFewCompletions, match="ROUTE has no example"):
        project.train(embeddings="word2vec")


def test_minimum_40_to_50_examples_for_each_entity_are_recommended(open_project: Callable[..., Project]) -> None:
    assert 40 <= AMBER_BELOW <= 50
    few = open_project(AMBER_BELOW - 1, name="few").check(embeddings="word2vec")
    enough = open_project(AMBER_BELOW, name="enough").check(embeddings="word2vec")
    warned = [[finding.label for finding in found.findings if finding.code == "label_few"] for found in (few, enough)]
    assert warned == [["DRUG", "DOSE"], []]
    assert few.ready  # it is a recommendation


def test_the_type_of_model_is_open_source_healthcare_finance_or_legal() -> None:
    listed = [offer for offer in offers(config(MIXED)) if offer.field == "library"]
    assert [offer.title for offer in listed] == ["Open source", "Healthcare", "Finance", "Legal"]
    assert listed[0].enabled
    assert all(offer.enabled or "licence" in offer.reason for offer in listed)


def test_every_training_is_listed_with_source_data_date_and_status(open_project: Callable[..., Project]) -> None:
    project = open_project()
    for source in ("manual", "active_learning"):
        finish(project.workspace, project.spec(source=source, tags=("Train",), embeddings="word2vec"), project.name)
    listed = project.runs()
    assert [run.source for run in listed] == ["active_learning", "manual"]
    assert all(run.spec.tags == ("Train",) and run.created_at and run.status == "COMPLETED" for run in listed)


def test_logs_can_be_downloaded_for_each_training(open_project: Callable[..., Project], tmp_path: Path) -> None:
    project = open_project()
    run = finish(project.workspace, project.spec(embeddings="word2vec"), project.name)
    with zipfile.ZipFile(run.download_logs(tmp_path / "logs.zip")) as packed:
        names = {name.rpartition("/")[2] for name in packed.namelist()}
    assert {"training.log", "spec.json", "result.json"} <= names


# --- Training parameters ---


def test_the_list_of_types_follows_from_the_actual_configuration() -> None:
    for made, kinds in (
        (config(labels(DRUG)), ["ner"]),
        (config(ANSWERS), ["classification"]),
        (config(labels(DRUG, ABSENT)), ["ner", "assertion"]),
        (config(MIXED, ANSWERS), ["ner", "assertion", "classification"]),
        (config(), []),
    ):
        enabled = [offer.value for offer in offers(made) if offer.field == "kind" and offer.enabled]
        assert [kind for kind in enabled if kind != "all"] == kinds == trainable(made)


@pytest.mark.parametrize(
    ("field", "given", "wrong"),
    [
        ("epochs", 7, 0),
        ("learning_rate", 0.01, 0),
        ("decay", 0.001, -0.1),
        ("dropout", 0.5, 1),
        ("batch_size", 16, 0),
        ("validation_split", 0.3, 1),
    ],
)
def test_the_most_common_parameters_can_be_tuned(field: str, given: float, wrong: float) -> None:
    assert getattr(TrainingSpec.parse({"project": "p", field: given}), field) == given
    with pytest.raises(WrongParameters) as caught:
        TrainingSpec.parse({"project": "p", field: wrong})
    assert list(caught.value.details["fields"]) == [field]


def parts_of(tasks: Sequence[Task], **fields: Any) -> tuple[list[int], list[int]]:
    """Returns the ids of training and test tasks."""
    spec = TrainingSpec(project="p", **fields)
    filters = Filters(tags=spec.tags, completion_status=spec.completion_status, test_train_tags=spec.test_train_tags)
    usable = [found for found in select(tasks, PEOPLE, filters) if found.completion]
    examples = {found.task.id: Example(found.task.id, found.task.text, ()) for found in usable}
    parts = split.assign(usable, examples, spec)
    return [item.task_id for item in parts.train], [item.task_id for item in parts.test]


def test_test_data_is_selected_at_random_by_the_validation_split() -> None:
    tasks = [one(number, by("ann")) for number in range(400)]
    sizes = [len(parts_of(tasks, validation_split=share)[1]) for share in (0.1, 0.25, 0.5)]
    assert sizes == [pytest.approx(400 * share, abs=30) for share in (0.1, 0.25, 0.5)]
    assert parts_of(tasks, seed=1)[1] != parts_of(tasks, seed=2)[1]


def test_with_test_train_tags_the_data_is_the_same_on_each_run() -> None:
    tasks = [one(number, by("ann"), tags=["Test"] if number % 4 == 0 else ["Train"]) for number in range(40)]
    found = [parts_of(tasks, test_train_tags=True, seed=seed) for seed in (1, 2)]
    assert found[0] == found[1]
    assert sorted(found[0][1]) == list(range(0, 40, 4))


def test_a_task_that_has_both_tags_is_refused() -> None:
    with pytest.raises(BadInput, match="both the Test and the Train tag"):
        parts_of([one(1, by("ann"), tags=["Test", "Train"])], test_train_tags=True)


def test_a_sublist_of_tasks_with_predefined_tags_can_train() -> None:
    tasks = [one(number, by("ann"), tags=["first"] if number < 30 else ["second"]) for number in range(60)]
    train, test = parts_of(tasks, tags=("second",))
    assert sorted([*train, *test]) == list(range(30, 60))


def test_all_submitted_completions_or_only_the_reviewed_ones() -> None:
    tasks = [one(number, by("ann", review="accepted" if number % 2 else None)) for number in range(40)]
    everything, reviewed = (parts_of(tasks, completion_status=status) for status in ("submitted", "reviewed"))
    assert sorted([*everything[0], *everything[1]]) == list(range(40))
    assert sorted([*reviewed[0], *reviewed[1]]) == list(range(1, 40, 2))


# --- Custom Training Script ---


def test_a_custom_script_is_supported_just_for_ner_projects() -> None:
    only_classes = {(offer.field, offer.value): offer for offer in offers(config(ANSWERS))}
    assert not only_classes["custom_script", True].enabled
    assert only_classes["custom_script", True].reason


# --- Selection of Completions ---


def test_tasks_are_filtered_by_tags_if_defined() -> None:
    tasks = [one(1, by("ann"), tags=["a"]), one(2, by("ann"), tags=["b"]), one(3, by("ann"))]
    filtered = list(select(tasks, PEOPLE, Filters(tags=("a",))))
    assert [(found.task.id, found.reason) for found in filtered if found.completion] == [(1, Reason.PRIORITY)]
    assert all(found.completion for found in select(tasks, PEOPLE, Filters()))  # otherwise all are considered


def test_a_completion_accepted_by_a_reviewer_is_selected_and_all_others_ignored() -> None:
    accepted = by("ann", 1, review="accepted")
    chosen, reason = choose((by("olga", 3), accepted, by("max", 2, starred=True)), PEOPLE)
    assert (chosen, reason) == (accepted, Reason.ACCEPTED)


def test_completions_rejected_by_a_reviewer_are_not_used() -> None:
    assert choose((by("olga", 1, review="rejected"),), PEOPLE) == (None, Reason.REJECTED)
    chosen, _ = choose((by("olga", 1, review="rejected"), by("ann", 2)), PEOPLE)
    assert chosen is not None
    assert chosen.username == "ann"


def test_of_several_submitted_ones_that_of_the_highest_priority_trains() -> None:
    submitted = (by("ann", 9, starred=True), by("max", 2), by("olga", 1))
    for end, user in ((3, "olga"), (2, "max"), (1, "ann")):
        chosen, reason = choose(submitted[:end], PEOPLE)
        assert (chosen and chosen.username, reason) == (user, Reason.PRIORITY)


def test_not_all_tasks_are_ready_to_train() -> None:
    tasks = [one(1), one(2, by("ann", submitted=False)), one(3, by("ann", skipped=True)), one(4, by("ann"))]
    assert [found.reason for found in select(tasks, PEOPLE, Filters())] == [
        *(Reason.NO_COMPLETION, Reason.DRAFT_ONLY, Reason.SKIPPED, Reason.PRIORITY)
    ]


# --- Deployment: the config names the new model ---


def model(name: str, kind: str, found: Sequence[str]) -> ModelRow:
    values: dict[str, Any] = dict.fromkeys(ModelRow.__dataclass_fields__, "")
    values |= {"name": name, "base": name, "kind": kind, "labels": tuple(found)}
    return ModelRow(**values)


def test_the_original_model_is_replaced_with_the_new_one(open_project: Callable[..., Project]) -> None:
    before = labels('<Label value="DRUG" model="ner_onto_100"/>', '<Label value="DOSE" model="ner_onto_100"/>')
    project = open_project(config=f'<View>{before}<Text name="text" value="$text"/></View>')
    trained = model("ner_notes_annotation_manual", "ner", ["DRUG", "DOSE"])
    change = deployment.preview(trained, project.stored)
    assert [label.model for label in change.after.labels] == ["ner_notes_annotation_manual"] * 2
    assert b"ner_onto_100" not in change.after.source


# --- Assertion Status ---


def test_both_types_are_trained_in_one_go() -> None:
    assert trainable(config(labels(DRUG, ABSENT))) == ["ner", "assertion"]


def test_the_model_attribute_is_added_to_the_assertion_labels_alone(open_project: Callable[..., Project]) -> None:
    tags = (DRUG, ABSENT, '<Label value="Past" assertion="true"/>')
    project = open_project(config=f'<View>{labels(*tags)}<Text name="text" value="$text"/></View>')
    name = "assertion_jsl_annotation_manual.model"
    after = deployment.preview(model(name, "assertion", ["Absent", "Past"]), project.stored).after
    assert [(label.value, label.model) for label in after.labels] == [("DRUG", None), ("Absent", name), ("Past", name)]
    assert errors(after) == []


def test_an_assertion_label_cannot_use_a_ner_model() -> None:
    found = config(labels(DRUG, '\n<Label value="Absent" assertion="true" model="ner_jsl"/>')).lint()
    assert [(finding.severity, finding.line, finding.column) for finding in found] == [("error", 2, 1)]
    assert "ner_jsl is a NER model" in found[0].message


def test_a_label_that_is_none_cannot_use_an_assertion_model() -> None:
    assert "lacks assertion" in errors(config(labels('<Label value="DRUG" model="assertion_jsl"/>')))[0]


def test_only_one_assertion_model_in_the_same_project() -> None:
    two = [f'<Label value="{value}" assertion="true" model="assertion_{value}"/>' for value in ("Absent", "Past")]
    assert "one assertion model only" in errors(config(labels(DRUG, *two)))[0]
    same = [tag.replace("assertion_Past", "assertion_Absent") for tag in two]
    assert errors(config(labels(DRUG, *same))) == []


# --- Classification ---


@pytest.mark.parametrize("train", ["", "gender"])
def test_the_samples_as_printed_are_refused_with_line_and_column(train: str) -> None:
    printed = sample(train, closed=False)
    with pytest.raises(BadLabelingConfig, match="never closed") as caught:
        LabelingConfig.parse(printed)
    line = next(number for number, text in enumerate(printed.splitlines(), 1) if 'name="gender"' in text)
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, 1)
    assert f"Line {line}, column 1: <Choices>" in caught.value.why
    assert caught.value.next_step


def test_repairing_one_tag_after_the_other_ends_in_a_config_that_parses() -> None:
    """Whoever follows the messages closes what they name, and gets there."""
    lines = sample(closed=False).splitlines()
    for _ in range(10):
        try:
            made = LabelingConfig.parse("\n".join(lines))
        except BadLabelingConfig as error:
            tag = re.search(r"<(\w+)>", error.why)
            assert tag is not None
            start = error.details["line"]
            after = next((n for n, text in enumerate(lines[start:], start) if "<Header" in text), len(lines))
            lines.insert(len(lines) if tag.group(1) == "View" else after, f"</{tag.group(1)}>")
        else:
            break
    assert [control.name for control in made.choices] == ["smokingstatus", "age", "gender"]
    assert made == LabelingConfig.parse("\n".join(lines))
    assert errors(made) == []


def test_the_repaired_samples_have_no_error() -> None:
    for made in (sample(), sample("gender"), sample("gender", values=False)):
        assert errors(LabelingConfig.parse(made)) == []


def test_the_name_tells_the_system_to_consider_only_its_own_choices() -> None:
    made = LabelingConfig.parse(sample())
    spec = TrainingSpec(project="p", kind="classification", classifier="age")
    usable = [
        *(answered(number, AGE[1][number % 3], name="age") for number in range(6)),
        *(answered(number, GENDER[1][number % 2], name="gender") for number in range(6, 9)),
    ]
    drawn = kind_of("classification").draw(usable, spec, made)
    assert sorted(drawn.examples) == list(range(6))
    assert {span.label for item in drawn.examples.values() for span in item.spans} == set(AGE[1])


def test_the_name_is_used_to_name_the_model() -> None:
    spec = TrainingSpec(project="p", kind="classification", classifier="age")
    assert registry.base_name(spec, "patients") == "classification_age_annotation_manual"


def test_the_choice_attribute_specifies_single_or_multiple() -> None:
    types = {control.name: control.multiple for control in LabelingConfig.parse(sample()).choices}
    assert types == {"smokingstatus": True, "age": False, "gender": False}


def test_a_multi_choice_classifier_learns_several_classes_of_a_text_and_a_single_one_does_not() -> None:
    made = LabelingConfig.parse(sample())
    for (name, values), learned in ((SMOKING, 2), (AGE, 0)):
        spec = TrainingSpec(project="p", kind="classification", classifier=name)
        drawn = kind_of("classification").draw([answered(1, *values[:2], name=name)], spec, made)
        assert sum(len(item.spans) for item in drawn.examples.values()) == learned


def default_of(xml: str) -> str | None:
    spec = TrainingSpec(project="p", kind="classification")
    return kind_of("classification").complete(spec, LabelingConfig.parse(xml)).classifier


def test_the_name_that_comes_first_in_alphabetical_order_trains_by_default() -> None:
    assert default_of(sample()) == "age"


def test_train_true_specifies_the_model_to_be_trained() -> None:
    assert default_of(sample("gender")) == default_of(sample("gender", values=False)) == "gender"


def test_two_classifiers_at_the_same_time_are_not_trained() -> None:
    both = sample("gender").replace('name="age"', 'name="age" train="true"')
    assert "only one may train" in errors(LabelingConfig.parse(both))[0]
    with pytest.raises(WrongParameters, match="does not say which"):
        default_of(both)


def test_the_training_logs_include_the_confusion_matrix() -> None:
    texts = [f"text {number}" for number in range(10)]
    gold = [Example(n, text, (Span(0, len(text), GENDER[1][n % 2]),)) for n, text in enumerate(texts)]
    given = [Example(n, text, (Span(0, len(text), "Female"),)) for n, text in enumerate(texts)]
    logged = report.confusion_text(evaluate(kind_of("classification"), gold, given, GENDER[1]))
    counts = {line.split()[0]: line.split()[1:3] for line in logged.splitlines() if line.split()[:1]}
    assert counts["Female"] == ["5", "0"]
    assert counts["Male"] == ["5", "0"]


def test_source_and_time_of_training_stand_with_the_model(open_project: Callable[..., Project]) -> None:
    project = open_project()
    run = finish(project.workspace, project.spec(source="active_learning", embeddings="word2vec"), project.name)
    trained = project.workspace.model(str(run.model))
    assert (trained.project, trained.source) == ("notes", "active_learning")
    assert trained.created_at >= run.created_at


# --- Training Failure can occur because of ---


def test_an_insufficient_number_of_completions(open_project: Callable[..., Project]) -> None:
    project = open_project([{**task(number), "completions": []} for number in range(1, 9)])
    with pytest.raises(TooFewCompletions) as caught:
        project.train(embeddings="word2vec")
    assert "Submit or accept completions" in caught.value.next_step


def test_poor_quality_of_completions(open_project: Callable[..., Project]) -> None:
    tasks = [task(number) for number in range(1, 31)]
    for item in tasks:
        for region in item["completions"][0]["result"]:
            region["value"] |= {"start": 900, "end": 910, "text": ""}
    with pytest.raises(GenlabError) as caught:
        open_project(tasks).train(embeddings="word2vec")
    codes = [finding["code"] for finding in caught.value.details["findings"]]
    assert "alignment" in codes


def test_insufficient_cpu_and_memory(open_project: Callable[..., Project]) -> None:
    project = open_project()
    spec = project.spec(architecture="annotator", embeddings="word2vec")
    small = readiness.check(project.stored, spec, machine=readiness.Machine(memory_mb=50, disk_mb=1e6))
    with pytest.raises(NotEnoughResources, match=r"the machine has 0\.0 GB"):
        small.raise_if_not_ready()


def test_wrong_training_parameters(open_project: Callable[..., Project]) -> None:
    with pytest.raises(WrongParameters, match="epochs"):
        open_project().train(epochs=-1)


# --- Mixed Projects ---


def test_it_is_possible_to_train_three_models_at_the_same_time(open_project: Callable[..., Project]) -> None:
    project = open_project(mixed.tasks(), config=mixed.CONFIG)
    found = project.check(kind="all", embeddings="word2vec")
    assert found.ready
    assert [label.label for label in found.labels] == ["DRUG", "DOSE", "Absent", "Present", "high", "low"]


def test_the_three_kinds_must_be_present_in_the_training_data(open_project: Callable[..., Project]) -> None:
    project = open_project(mixed.tasks(["ner"]), config=mixed.CONFIG)
    ready = {kind: project.check(kind=kind, embeddings="word2vec").ready for kind in mixed.KINDS}
    assert ready == {"ner": True, "assertion": False, "classification": False}


def test_the_logs_of_all_trainings_are_downloaded_at_once(open_project: Callable[..., Project]) -> None:
    project = open_project(mixed.tasks(), config=mixed.CONFIG)
    runs = [
        finish(project.workspace, project.spec(kind=kind, embeddings="word2vec"), project.name) for kind in mixed.KINDS
    ]
    with zipfile.ZipFile(BytesIO(logs_of(runs))) as packed:
        names = packed.namelist()
    assert {name.split("/")[0] for name in names} == {run.id for run in runs}
    assert sum(name.endswith("training.log") for name in names) == 3


def test_the_annotations_of_one_kind_do_not_train_another(open_project: Callable[..., Project]) -> None:
    project = open_project(mixed.tasks(), config=mixed.CONFIG)
    found = {}
    for kind in mixed.KINDS:
        spec = project.spec(kind=kind, embeddings="word2vec")
        usable = [item for item in select(project.stored.tasks(), project.members, Filters()) if item.completion]
        drawn = kind_of(kind).draw(usable, spec, project.labeling_config)
        found[kind] = set(dataset.count_labels(drawn.examples.values()))
    assert found == {"ner": {"DRUG", "DOSE"}, "assertion": {"Absent", "Present"}, "classification": {"high", "low"}}


# --- European languages ---


@pytest.mark.parametrize("language", ["en", "de", "es", "pt", "it", "da", "ro"])
def test_models_can_be_trained_in_the_seven_languages(open_project: Callable[..., Project], language: str) -> None:
    project = open_project(language=language)
    assert project.check(embeddings="word2vec").ready
    assert any(choice.needs_network and choice.language == language for choice in project.embeddings())


def test_a_span_of_the_whole_text_is_a_class() -> None:
    """What a classifier learns stands as the other kinds' spans do, so that one split and one benchmark serve all."""
    made = LabelingConfig.parse(sample())
    spec = TrainingSpec(project="p", kind="classification", classifier="age")
    drawn = kind_of("classification").draw([answered(7, AGE[1][0], name="age")], spec, made)
    assert drawn.examples[7].spans == (Span(0, len("text 7"), AGE[1][0]),)
