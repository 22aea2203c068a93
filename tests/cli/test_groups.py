"""``genlab check`` and ``train`` with ``--kind all``: a project of three kinds, one run each, as a group."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from genlab_widgets import Workspace
from genlab_widgets.errors import WrongParameters
from genlab_widgets.workspace import Project, logs_of
from tests import mixed
from tests.cli.conftest import Genlab
from tests.conftest import CHECKOUT
from tests.samples import write_export, write_template

Start = Callable[..., "subprocess.Popen[str]"]
Templates = Callable[..., None]
ALL = ("--kind", "all", "--embeddings", "word2vec")
TRAIN = ("train", "notes", *ALL, "--json")
COMPLETES = f"""
import os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from genlab_widgets.training.runfolder import RunFolder
from tests import mixed
from tests.samples import result_of, write_model
folder = RunFolder(Path(os.environ["GENLAB_RUN_FOLDER"]))
spec = folder.read_spec()
result = result_of(folder.path.name, spec, "notes")
named = result.benchmark.model_copy(update={{"labels": list(mixed.LABELS[spec.kind])}})
result = result.model_copy(update={{"benchmark": named}})
write_model(folder, result)
folder.write_result(result)
"""
FAILS = "raise ValueError('nothing learned')"
LOSES_ITS_WORKER = "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"


def mixed_project(workspace: Workspace, folder: Path, kinds: tuple[str, ...] = mixed.KINDS) -> Project:
    return workspace.import_project(write_export(folder / "notes", mixed.tasks(kinds), mixed.CONFIG)).project


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Templates:
    """Puts a template of one cell in place of each real one; a kind that is not named completes."""

    def use(**bodies: str) -> None:
        folder = tmp_path / "templates"
        for kind in mixed.KINDS:
            write_template(folder, bodies.get(kind, COMPLETES), f"train_{kind}")
        monkeypatch.setenv("GENLAB_TEMPLATES", str(folder))

    return use


def group(start: Start, *more: str) -> tuple[int, list[dict[str, object]], str]:
    """Trains all kinds; returns exit code, the list of runs, and what was told on the way."""
    process = start(*TRAIN, *more)
    try:
        out, err = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, json.loads(out), err


def test_check_all_tells_every_label_and_says_of_which_kind_it_speaks(
    genlab: Genlab, workspace: Workspace, tmp_path: Path
) -> None:
    mixed_project(workspace, tmp_path)
    answer = genlab("check", "notes", *ALL, "--json")
    assert (answer.code, answer.json["ready"]) == (0, True)
    assert [label["label"] for label in answer.json["labels"]] == [
        label for own in mixed.LABELS.values() for label in own
    ]
    kinds = {finding["message"].partition(":")[0] for finding in answer.json["findings"]}
    assert kinds == {"NER", "Assertion", "Classification"}


def test_check_all_is_ready_as_long_as_one_kind_can_train(genlab: Genlab, workspace: Workspace, tmp_path: Path) -> None:
    mixed_project(workspace, tmp_path, ("ner", "classification"))
    answer = genlab("check", "notes", *ALL)
    assert answer.code == 0
    assert "FAIL" not in answer.out
    assert "warn  Assertion: " in answer.out
    assert genlab("check", "notes", "--kind", "assertion", "--embeddings", "word2vec").code != 0


def test_check_all_fails_where_no_kind_can_train(genlab: Genlab, workspace: Workspace, tmp_path: Path) -> None:
    mixed_project(workspace, tmp_path, ())
    answer = genlab("check", "notes", *ALL)
    assert answer.code != 0
    assert "Not ready to train." in answer.out


def test_a_config_that_describes_nothing_has_nothing_to_train(
    genlab: Genlab, workspace: Workspace, tmp_path: Path
) -> None:
    empty = '<View><Text name="text" value="$text"/></View>'
    workspace.import_project(write_export(tmp_path / "notes", mixed.tasks(()), empty))
    for command in ("check", "train"):
        answer = genlab(command, "notes", *ALL)
        assert (answer.code, "notes has nothing to train." in answer.err) == (WrongParameters.exit_code, True)
    assert workspace.runs() == []


@pytest.mark.process
def test_three_kinds_train_as_a_group_and_stand_in_the_config_together(
    start: Start, workspace: Workspace, tmp_path: Path, templates: Templates
) -> None:
    templates()
    project = mixed_project(workspace, tmp_path)
    code, found, err = group(start, "--deploy", "immediately")
    assert [(item["kind"], item["status"]) for item in found] == [(kind, "COMPLETED") for kind in mixed.KINDS], err
    assert code == 0
    names = [
        *("ner_notes_annotation_manual", "assertion_notes_annotation_manual"),
        "classification_urgency_annotation_manual",
    ]
    assert [item["model"] for item in found] == names
    config = project.labeling_config
    assert [label.model for label in config.labels] == [names[0]] * 2 + [names[1]] * 2
    assert config.choices[0].models == (names[2], names[2])
    assert [finding for finding in config.lint() if finding.severity == "error"] == []
    assert all(workspace.model(name).deployed for name in names)
    assert len(project.stored.config_history()) == 3  # each deployment was made on what the one before had left

    runs = [workspace.run(str(item["run_id"])) for item in found]
    assert [run.id for run in runs[-1].group] == [run.id for run in runs]
    with zipfile.ZipFile(BytesIO(logs_of(runs))) as packed:
        packed_names = packed.namelist()
        kinds = [json.loads(packed.read(f"{run.id}/spec.json"))["kind"] for run in runs]
    assert kinds == list(mixed.KINDS)
    for name in ("training.log", "spec.json", "result.json"):
        assert [f"{run.id}/{name}" in packed_names for run in runs] == [True] * 3


@pytest.mark.process
def test_members_that_fail_do_not_stop_the_others_and_the_worst_decides_the_exit_code(
    start: Start, workspace: Workspace, tmp_path: Path, templates: Templates
) -> None:
    templates(ner=LOSES_ITS_WORKER, assertion=FAILS)
    mixed_project(workspace, tmp_path)
    code, found, err = group(start)
    told = {str(item["kind"]): (item["status"], item["reason"]) for item in found}
    assert told == {
        "ner": ("CRASHED", "worker_lost"),
        "assertion": ("FAILED", "internal"),
        "classification": ("COMPLETED", "completed"),
    }, err
    assert code == 11
    assert [model.kind for model in workspace.models()] == ["classification"]


@pytest.mark.process
def test_a_member_that_cannot_start_is_told_beside_the_others(
    start: Start, workspace: Workspace, tmp_path: Path, templates: Templates
) -> None:
    templates()
    mixed_project(workspace, tmp_path, ("ner", "classification"))
    code, found, err = group(start)
    told = {str(item["kind"]): item for item in found}
    assert {kind: item["status"] for kind, item in told.items()} == {
        "ner": "COMPLETED",
        "classification": "COMPLETED",
        "assertion": "FAILED",
    }, err
    assert code == 1
    assert told["assertion"]["reason"] == "too_few_completions"
    assert told["assertion"]["model"] is None
