"""Names and versions of models: allocated in the transaction that ends the run, never overwritten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genlab_widgets.database import Database
from genlab_widgets.errors import NotFound
from genlab_widgets.models.registry import ModelRow, Models, base_name
from genlab_widgets.training.spec import TrainingSpec
from tests.samples import LABELS, imported, result_of, write_export


@pytest.fixture
def models(home: Path, database_url: str | None) -> Models:
    """The registry of an empty workspace, with either database."""
    return Models(Database(home, database_url), home)


def register(models: Models, run_id: str, spec: TrainingSpec, project: str = "notes") -> ModelRow:
    with models.database.write() as connection:
        return models.register(connection, run_id, spec, result_of(run_id, spec, project), project, "olga")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "ner_notes_annotation_manual"),
        ({"source": "batch"}, "ner_notes_annotation_manual"),
        ({"source": "active_learning"}, "ner_notes_annotation_active_learning"),
        ({"kind": "assertion"}, "assertion_notes_annotation_manual"),
        ({"kind": "visual_ner"}, "visual_ner_notes_annotation_manual"),
        ({"kind": "classification", "classifier": "urgency"}, "classification_urgency_annotation_manual"),
    ],
)
def test_names_follow_kind_and_source(fields: dict[str, str], name: str) -> None:
    assert base_name(TrainingSpec.parse({"project": "notes", **fields}), "notes") == name


def test_versions_count_up_and_nothing_is_overwritten(models: Models) -> None:
    spec = TrainingSpec(project="notes")
    first, second = register(models, "notes-0001", spec), register(models, "notes-0002", spec)
    by_learning = register(models, "notes-0003", TrainingSpec(project="notes", source="active_learning"))
    assert (first.name, first.version) == ("ner_notes_annotation_manual", 1)
    assert (second.name, second.version) == ("ner_notes_annotation_manual_v2", 2)
    assert (by_learning.name, by_learning.version) == ("ner_notes_annotation_active_learning", 1)
    assert models.get(first.name) == first
    assert [row.name for row in models.list()] == [by_learning.name, second.name, first.name]


def test_a_row_holds_what_the_pages_show(models: Models, home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=3, language="de"))
    row = register(models, "notes-0001", TrainingSpec(project="notes", source="batch"))
    assert row.labels == LABELS
    assert row.scores == pytest.approx({"precision": 1.0, "recall": 0.95, "f1": 76 / 78})
    assert row.size == 2_000
    assert (row.language, row.source, row.user, row.project_place) == ("de", "batch", "olga", "notes")
    assert models.run_folder(row).model == home / "runs" / "notes-0001" / "model"


def test_a_project_elsewhere_is_found_again_by_its_folder(models: Models, tmp_path: Path) -> None:
    folder = imported(tmp_path / "other_home", write_export(tmp_path / "notes", tasks=3)).folder
    row = register(models, "notes-0001", TrainingSpec(project=str(folder)))
    assert row.project_place == str(folder)


def test_a_run_whose_project_is_gone_can_be_registered(models: Models) -> None:
    row = register(models, "gone-0001", TrainingSpec(project="gone"), project="gone")
    assert (row.name, row.project_place, row.language) == ("ner_gone_annotation_manual", "gone", "en")


def test_the_same_run_twice_gives_the_same_model(models: Models) -> None:
    spec = TrainingSpec(project="notes")
    assert register(models, "notes-0001", spec) == register(models, "notes-0001", spec)
    assert len(models.list()) == 1


def test_a_transaction_that_fails_leaves_no_model_and_no_gap(models: Models) -> None:
    spec = TrainingSpec(project="notes")

    def end_run() -> None:
        with models.database.write() as connection:
            models.register(connection, "notes-0001", spec, result_of("notes-0001", spec, "notes"), "notes", "olga")
            raise RuntimeError("the worker died here")

    with pytest.raises(RuntimeError, match="worker"):
        end_run()
    assert models.list() == []
    assert register(models, "notes-0002", spec).version == 1


def test_twenty_at_once_get_twenty_versions(models: Models) -> None:
    spec = TrainingSpec(project="notes")

    def one(number: int) -> str:
        return register(models, f"notes-{number:04d}", spec).name

    with ThreadPoolExecutor(20) as pool:
        names = set(pool.map(one, range(20)))
    base = "ner_notes_annotation_manual"
    assert names == {base} | {f"{base}_v{version}" for version in range(2, 21)}


def test_models_are_listed_by_project_and_in_pages(models: Models) -> None:
    for number, project in enumerate(("a", "b", "a"), 1):
        register(models, f"{project}-{number:04d}", TrainingSpec(project=project), project)
    assert [row.run_id for row in models.list("a")] == ["a-0003", "a-0001"]
    assert [row.run_id for row in models.list(limit=1, offset=1)] == ["b-0002"]


def test_an_unknown_model_is_named(models: Models) -> None:
    with pytest.raises(NotFound, match="no model 'nothing'") as caught:
        models.get("nothing")
    assert caught.value.next_step
