"""Deployment changes ``model="..."`` on the covered labels, not a byte more, and can be taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from genlab_widgets.database import Database, deployments
from genlab_widgets.errors import Conflict, NotAllowed, WorkspaceUnusable
from genlab_widgets.models import deployment
from genlab_widgets.models.registry import ModelRow, Models
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.store import CONFIG as CONFIG_FILE
from genlab_widgets.projects.store import Project
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.workspace import Workspace
from tests.samples import CONFIG, finish, imported, result_of, write_export

V1, V2 = "ner_notes_annotation_manual", "ner_notes_annotation_manual_v2"


@pytest.fixture
def database(home: Path, database_url: str | None) -> Database:
    """The database of a workspace, either one."""
    return Database(home, database_url)


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    """A project whose config has odd blanks, quotes and a comment."""
    return imported(home, write_export(tmp_path / "notes", tasks=3))


def model(
    database: Database, home: Path, run_id: str = "notes-0001", labels: tuple[str, ...] | None = None
) -> ModelRow:
    spec = TrainingSpec(project="notes")
    result = result_of(run_id, spec, "notes")
    if labels is not None:
        assert result.benchmark is not None
        result = result.model_copy(update={"benchmark": result.benchmark.model_copy(update={"labels": list(labels)})})
    with database.write() as connection:
        return Models(database, home).register(connection, run_id, spec, result, "notes", "olga")


def config_bytes(project: Project) -> bytes:
    return (project.folder / CONFIG_FILE).read_bytes()


def edit(project: Project, old: str, new: str) -> None:
    content = config_bytes(project)
    assert old.encode() in content
    (project.folder / CONFIG_FILE).write_bytes(content.replace(old.encode(), new.encode()))


def deploy(database: Database, row: ModelRow, project: Project) -> bool:
    return deployment.apply(database, deployment.preview(row, project), "olga")


def undo(database: Database, row: ModelRow, project: Project) -> bool:
    return deployment.apply(database, deployment.undo_preview(database, row, project), "max")


def test_only_the_model_of_covered_entity_labels_changes(database: Database, home: Path, project: Project) -> None:
    assert deploy(database, model(database, home), project)
    expected = CONFIG.replace("value='DRUG'", f"value='DRUG' model=\"{V1}\"").replace(
        'value="DOSE"', f'value="DOSE" model="{V1}"'
    )
    assert config_bytes(project) == expected.encode()


def test_a_label_that_the_model_does_not_cover_keeps_its_model(
    database: Database, home: Path, project: Project
) -> None:
    deploy(database, model(database, home, labels=("DRUG", "unheard of")), project)
    named = {label.value: label.model for label in project.labeling_config.labels}
    assert named == {"DRUG": V1, "DOSE": None, "absent": "assertion_old"}


def test_an_assertion_label_of_the_same_name_is_left_alone(database: Database, home: Path, tmp_path: Path) -> None:
    config = CONFIG.replace('value="absent"', 'value="DRUG"')
    project = imported(home, write_export(tmp_path / "notes", tasks=3, config=config))
    deploy(database, model(database, home), project)
    assert [label.model for label in project.labeling_config.labels] == [V1, V1, "assertion_old"]


@pytest.mark.parametrize("value", ["Größe", "薬", "R&amp;D", "a &#60; b", "💊"])
def test_labels_of_any_writing_are_found(database: Database, home: Path, tmp_path: Path, value: str) -> None:
    config = CONFIG.replace("value='DRUG'", f"value='{value}'")
    project = imported(home, write_export(tmp_path / "notes", tasks=3, config=config))
    label = project.labeling_config.labels[0].value
    deploy(database, model(database, home, labels=(label,)), project)
    assert project.labeling_config.labels[0].model == V1
    undo(database, Models(database, home).get(V1), project)
    assert config_bytes(project) == config.encode()


def test_the_preview_shows_the_difference_and_changes_nothing(database: Database, home: Path, project: Project) -> None:
    preview = deployment.preview(model(database, home), project)
    added = [line for line in preview.diff.splitlines() if line.startswith("+ ") or line.startswith("+\t")]
    assert len(added) == 2
    assert all(V1 in line for line in added)
    assert preview.labels == ("DRUG", "DOSE")
    assert config_bytes(project) == CONFIG.encode()
    assert not deployment.is_deployed(preview.model, project)


def test_what_was_done_is_recorded(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    deploy(database, row, project)
    undo(database, row, project)
    with database.read() as connection:
        (record,) = connection.execute(select(deployments)).all()
    assert record.before.encode("latin-1") == CONFIG.encode()
    assert LabelingConfig.parse(record.after.encode("latin-1")).labels[0].model == V1
    assert (record.model, record.user, record.undone, record.undone_by) == (V1, "olga", True, "max")
    assert record.undone_at >= record.at


def test_deploying_twice_changes_and_records_nothing_more(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    deploy(database, row, project)
    before = config_bytes(project)
    assert not deploy(database, row, project)
    assert config_bytes(project) == before
    with database.read() as connection:
        assert len(connection.execute(select(deployments)).all()) == 1


def test_a_config_changed_since_the_preview_is_a_conflict(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    preview = deployment.preview(row, project)
    edit(project, "#0a0", "#0b0")
    changed = config_bytes(project)
    with pytest.raises(Conflict, match="changed meanwhile"):
        deployment.apply(database, preview, "olga")
    assert config_bytes(project) == changed
    with database.read() as connection:
        assert connection.execute(select(deployments)).all() == []


def test_of_two_who_deploy_at_once_one_is_told(database: Database, home: Path, project: Project) -> None:
    rows = [model(database, home, f"notes-{number:04d}") for number in (1, 2)]
    previews = [deployment.preview(row, project) for row in rows]

    def attempt(preview: deployment.Deployment) -> str:
        try:
            deployment.apply(database, preview, "olga")
        except Conflict:
            return ""
        return preview.model.name

    with ThreadPoolExecutor(2) as pool:
        winners = [name for name in pool.map(attempt, previews) if name]
    assert len(winners) == 1
    assert {label.model for label in project.labeling_config.entity_labels} == set(winners)


def test_a_config_without_the_labels_is_a_conflict(database: Database, home: Path, project: Project) -> None:
    with pytest.raises(Conflict, match="none of its labels: COLOUR"):
        deployment.preview(model(database, home, labels=("COLOUR",)), project)


def test_a_config_that_cannot_be_written_leaves_no_record(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    (project.folder / "config_history").write_text("a file stands where the folder belongs")
    with pytest.raises(WorkspaceUnusable):
        deploy(database, row, project)
    assert config_bytes(project) == CONFIG.encode()
    with database.read() as connection:
        assert connection.execute(select(deployments)).all() == []


def test_undo_restores_the_very_bytes(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    deploy(database, row, project)
    assert undo(database, row, project)
    assert config_bytes(project) == CONFIG.encode()
    with pytest.raises(Conflict, match="No deployment"):
        undo(database, row, project)


def test_undo_keeps_what_others_edited_meanwhile(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    deploy(database, row, project)
    edit(project, "#0a0", "#0b0")
    edit(project, "  </Labels>", '    <Label value="ROUTE"/>\n  </Labels>')
    undo(database, row, project)
    expected = CONFIG.replace("#0a0", "#0b0").replace("  </Labels>", '    <Label value="ROUTE"/>\n  </Labels>')
    assert config_bytes(project) == expected.encode()


def test_undo_gives_labels_the_model_that_they_had(database: Database, home: Path, project: Project) -> None:
    first, second = model(database, home), model(database, home, "notes-0002", ("DRUG",))
    deploy(database, first, project)
    deploy(database, second, project)
    edit(project, "#0a0", "#0b0")
    undo(database, second, project)
    assert {label.model for label in project.labeling_config.entity_labels} == {V1}
    undo(database, first, project)
    assert config_bytes(project) == CONFIG.replace("#0a0", "#0b0").encode()


def test_undo_of_a_model_that_another_one_replaced_is_a_conflict(
    database: Database, home: Path, project: Project
) -> None:
    first, second = model(database, home), model(database, home, "notes-0002")
    deploy(database, first, project)
    deploy(database, second, project)
    with pytest.raises(Conflict, match="does not name it any more") as caught:
        undo(database, first, project)
    assert V2 in caught.value.next_step


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  </Labels>", f'    <Label value="ROUTE" model="{V1}"/>\n  </Labels>'),
        ("  </Labels>", '    <Label value="DRUG" model="by_hand"/>\n  </Labels>'),
    ],
    ids=["a new label names the model", "the label stands twice"],
)
def test_undo_that_is_not_clear_is_a_conflict(
    database: Database, home: Path, project: Project, old: str, new: str
) -> None:
    row = model(database, home)
    deploy(database, row, project)
    edit(project, old, new)
    changed = config_bytes(project)
    with pytest.raises(Conflict, match="not clear"):
        undo(database, row, project)
    assert config_bytes(project) == changed


def test_deployed_means_that_the_config_names_the_model_now(database: Database, home: Path, project: Project) -> None:
    row = model(database, home)
    assert not deployment.is_deployed(row, project)
    deploy(database, row, project)
    assert deployment.is_deployed(row, project)
    edit(project, V1, "something_else")
    assert not deployment.is_deployed(row, project)


def test_a_refused_deployment_leaves_nothing_in_the_transaction_it_takes_part_in(
    database: Database, home: Path, project: Project
) -> None:
    row = model(database, home)
    preview = deployment.preview(row, project)
    edit(project, "#0a0", "#0b0")
    with database.write() as connection:
        with pytest.raises(Conflict):
            deployment.apply(database, preview, "olga", connection)
        assert deployment.apply(database, deployment.preview(row, project), "olga", connection)
    with database.read() as connection:
        assert len(connection.execute(select(deployments)).all()) == 1
    assert deployment.is_deployed(row, project)


def test_a_name_with_the_ending_of_an_export_is_the_same_model(
    database: Database, home: Path, project: Project
) -> None:
    row = model(database, home)
    deploy(database, row, project)
    edit(project, V1, f"{V1}.model")
    assert deployment.is_deployed(row, project)
    assert deployment.preview(row, project).diff == ""
    assert [found.name for found in Workspace(home).project("notes").deployed_models()] == [V1]
    undo(database, row, project)
    assert config_bytes(project) == CONFIG.encode()


def test_a_model_serves_another_project_and_each_takes_its_own_deployment_back(
    home: Path, tmp_path: Path, project: Project
) -> None:
    workspace = Workspace(home, user="guest")
    finish(workspace, TrainingSpec(project="notes"), "notes")
    members = [{"username": "olga", "role": "Annotator"}, {"username": "max", "role": "Manager"}]
    other = imported(home, write_export(tmp_path / "other", tasks=3, members=members))
    (row,) = workspace.models()
    with pytest.raises(NotAllowed, match="in other"):
        Workspace(home, user="olga").model(V1).deploy(project="other")
    with pytest.raises(NotAllowed, match="in other"):
        Workspace(home, user="olga").model(V1).deploy(row.deploy_preview("other"))
    row.deploy(project="other")
    assert (row.deployed, row.deployed_in) == (False, ["other"])
    with pytest.raises(Conflict, match="cannot be taken back"):
        row.undo_deploy()
    row.deploy()
    assert (row.deployed, row.deployed_in) == (True, ["notes", "other"])
    assert workspace.deployed()[V1] == ["notes", "other"]
    row.undo_deploy(project="other")
    assert row.deployed_in == ["notes"]
    assert config_bytes(other) == CONFIG.encode()
    with workspace.database.read() as connection:
        told = connection.execute(select(deployments.c.project, deployments.c.project_place, deployments.c.undone))
        assert [tuple(found) for found in told] == [("other", "other", True), ("notes", "notes", False)]
