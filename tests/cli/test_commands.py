"""Every command on real rows and files: what it prints, its JSON, its exit code."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from genlab_widgets import Workspace
from genlab_widgets.cli.models import _items, _stdout_kept
from genlab_widgets.database import runs
from genlab_widgets.projects.store import CONFIG as CONFIG_FILE
from genlab_widgets.runs.states import Status
from genlab_widgets.workspace import Project
from tests.samples import CONFIG, finish, task, write_export

if TYPE_CHECKING:
    from tests.cli.conftest import Genlab

MODEL = "ner_notes_annotation_manual"
WORD2VEC = ("--embeddings", "word2vec")


def test_import_and_list_projects(genlab: Genlab, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=[task(1), task(2, data={"text": ""})], description="Two notes")
    answer = genlab("import", export)
    assert answer.code == 0
    assert answer.out == "Imported notes: 2 tasks.\n"
    assert "Warning: Task 2 has an empty text" in answer.err
    assert genlab("projects").out.split("\n")[1].split() == ["notes", "2", "en", "Two", "notes"]
    assert genlab("projects", "--json").json == [
        {"name": "notes", "tasks": 2, "language": "en", "title": "notes", "description": "Two notes"}
    ]
    again = genlab("import", export, "--name", "other one", "--language", "en", "--json")
    assert again.json["project"] == "other_one"
    assert again.json["warning_count"] == len(again.json["warnings"]) == 3


def test_an_import_says_what_it_replaced_and_how_the_project_is_called(genlab: Genlab, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=2, name="\u0417\u0430\u043c\u0435\u0442\u043a\u0438")
    assert (
        genlab("import", export).out == "Imported \u0417\u0430\u043c\u0435\u0442\u043a\u0438 (as project): 2 tasks.\n"
    )
    assert genlab("import", export).out.endswith(": 2 tasks, in place of the earlier import.\n")
    assert "\u0417\u0430\u043c\u0435\u0442\u043a\u0438" in genlab("projects").out
    other = genlab("import", export, "--name", "\u65e5\u672c\u8a9e", "--json").json
    assert (other["project"], other["title"], other["replaced"]) == ("project_2", "\u65e5\u672c\u8a9e", False)


def test_an_import_takes_a_config_from_elsewhere(genlab: Genlab, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=2)
    elsewhere = (export / "config.xml").rename(tmp_path / "labels.xml")
    assert genlab("import", export / "result.json", "--config", elsewhere).code == 0
    assert Workspace().project("notes").config_source == CONFIG.encode()
    answer = genlab("import", export, "--config", tmp_path / "none.xml")
    assert answer.code == 3
    assert "none.xml cannot be read" in answer.err


def test_an_empty_workspace_says_what_to_do(genlab: Genlab) -> None:
    assert "genlab import PATH" in genlab("projects").out
    assert "genlab train PROJECT" in genlab("runs").out
    assert "genlab train PROJECT" in genlab("models").out
    for command in ("projects", "runs", "models"):
        assert genlab(command, "--json").json == []


def test_check_prints_what_there_is(genlab: Genlab, project: Project) -> None:
    answer = genlab("check", "notes", *WORD2VEC, "--test-train-tags")
    assert answer.code == 0, answer.out
    words = " ".join(answer.out.split())
    assert "60 completion of the user with the highest priority" in words
    assert "DRUG 48 12 good" in words
    assert "ok A graph fits: 100 dimensions" in words
    assert "Ready to train." in words
    found = genlab("check", "notes", *WORD2VEC, "--json").json
    assert found["ready"] is True
    assert found["selection"] == {"priority": 60}
    assert {label["label"]: label["total"] for label in found["labels"]} == {"DRUG": 60, "DOSE": 60}
    assert set(found["estimate"]) == {"seconds", "memory_mb", "disk_mb"}


def test_check_of_a_project_that_does_not_suffice(genlab: Genlab, workspace: Workspace, tmp_path: Path) -> None:
    config = CONFIG.replace('value="DOSE"', 'value="ROUTE"')
    workspace.import_project(write_export(tmp_path / "notes", config=config))
    answer = genlab("check", "notes", *WORD2VEC)
    assert answer.code == 3
    assert "FAIL  ROUTE has no example. Mark more ROUTE, or leave ROUTE out." in answer.out
    assert "Not ready to train." in answer.out
    assert genlab("check", "notes", *WORD2VEC, "--json").code == 3
    assert genlab("check", "notes", *WORD2VEC, "--leave-out-labels", "ROUTE").code == 0


def test_runs_and_one_run(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    run = finish(workspace, project.spec(source="batch"), "notes")
    lines = genlab("runs").out.split("\n")
    assert lines[0].split() == ["run", "project", "kind", "source", "started", "duration", "status", "F1", "who"]
    assert lines[1].startswith("notes-0001  notes    ner   batch")
    assert "COMPLETED  0.974  guest" in lines[1]
    expected = {
        "run_id": "notes-0001",
        "project": "notes",
        "kind": "ner",
        "status": "COMPLETED",
        "reason": "completed",
        "message": "Trained.",
        "model": MODEL,
        "result": str(run.folder.result),
        "scores": {"precision": 1.0, "recall": 0.95, "f1": pytest.approx(76 / 78)},
    }
    assert genlab("runs", "--json").json == [expected]
    assert genlab("runs", "notes-0001", "--json").json == expected
    assert list(genlab("runs", "notes-0001", "--json").json) == list(expected)


def test_a_run_in_full_has_its_benchmark_beside_the_baseline(
    genlab: Genlab, workspace: Workspace, project: Project
) -> None:
    run = finish(workspace, project.spec(), "notes")
    text = genlab("runs", run.id).out
    table = [line.split() for line in text.split("\n\n")[1].split("\n")]
    assert table[0] == ["label", "precision", "recall", "F1", "examples", "95", "%", "interval"]
    assert table[1] == ["DRUG", "1.000", "1.000", "1.000", "20", "-"]
    assert table[2] == ["DOSE", "1.000", "0.900", "0.947", "20", "-"]
    assert table[3][:6] == ["all", "labels", "1.000", "0.950", "0.974", "40"]
    assert table[4][:6] == ["baseline:", "CRF", "1.000", "0.750", "0.857", "40"]
    low, _, high = table[3][6:]
    assert float(low) < 0.974 < float(high)
    assert text.startswith("Completed: notes-0001 in 0 s.\n")
    assert f"genlab deploy {MODEL}" in text
    assert str(run.notebook) in text


def test_a_failed_run_says_why_and_what_now(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    row = workspace.run_rows.create(project.spec(), "notes", "guest")
    told = {"message": "The loss is \x1bNaN.", "next_step": "Lower the learning rate."}
    workspace.run_rows.move(row.id, Status.FAILED, reason="poor_quality", **told)
    answer = genlab("runs", row.id)
    assert answer.out == "Failed: notes-0001.\nThe loss is \ufffdNaN.\nLower the learning rate.\n"
    found = genlab("runs", row.id, "--json").json
    assert (found["status"], found["reason"], found["model"], found["result"], found["scores"]) == (
        "FAILED", "poor_quality", None, None, {},
    )  # fmt: skip


def test_runs_are_filtered(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    finish(workspace, project.spec(), "notes")
    for name in ("notes", "other"):
        row = workspace.run_rows.create(project.spec(), name, "guest")
        workspace.run_rows.move(row.id, Status.CANCELLED, reason="stopped")

    def listed(*options: str) -> list[str]:
        return [run["run_id"] for run in genlab("runs", "--json", *options).json]

    assert listed() == ["other-0001", "notes-0002", "notes-0001"]
    assert listed("--project", "notes") == ["notes-0002", "notes-0001"]
    assert listed("--status", "completed") == ["notes-0001"]
    assert listed("--limit", "1") == ["other-0001"]
    assert genlab("runs", "--status", "RESTING").code == 2


def test_a_long_log_is_printed_whole_and_never_steers_the_terminal(
    genlab: Genlab, workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    run = finish(workspace, project.spec(), "notes")
    lines = [f"Epoch {number} \x1b[31mé薬" for number in range(30_000)]
    run.folder.log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for arguments in (("logs", run.id), ("logs", "-f", run.id)):
        printed = genlab(*arguments).out.splitlines()
        assert len(printed) == 30_000
        assert printed[-1] == "Epoch 29999 \ufffd[31mé薬"
    target = tmp_path / "logs.zip"
    assert genlab("logs", run.id, "--download", target).out == f"{target}\n"
    assert "training.log" in zipfile.ZipFile(target).namelist()


def test_stop(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    waiting = workspace.run_rows.create(project.spec(), "notes", "guest")
    assert genlab("stop", waiting.id).out == "notes-0001: Cancelled.\n"
    assert genlab("stop", waiting.id).out == "notes-0001: it had ended already: Cancelled.\n"
    found = genlab("stop", waiting.id, "--json").json
    assert (found["status"], found["message"]) == ("CANCELLED", "Stopped by guest.")


def test_deploy_shows_asks_changes_and_takes_back(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    finish(workspace, project.spec(), "notes")
    config = project.folder / CONFIG_FILE
    dry = genlab("deploy", MODEL, "--dry-run")
    assert dry.code == 0
    assert f"value='DRUG' model=\"{MODEL}\"" in dry.out
    unasked = genlab("deploy", MODEL)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert config.read_bytes() == CONFIG.encode()

    assert genlab("models").out.split("\n")[1].split()[-1] == "no"
    done = genlab("deploy", MODEL, "--yes", "--json").json
    assert (done["model"], done["project"], done["applied"]) == (MODEL, "notes", True)
    assert genlab("models").out.split("\n")[1].split()[-1] == "yes"
    again = genlab("deploy", MODEL, "--yes")
    assert (again.code, again.out) == (0, "The labeling config stays as it is.\n")

    undone = genlab("deploy", MODEL, "--undo", "--yes")
    assert undone.code == 0
    assert undone.err == "Undone.\n"
    assert config.read_bytes() == CONFIG.encode()
    assert genlab("deploy", MODEL, "--undo", "--yes").code == 6


def test_a_model_is_deployed_into_another_project_and_taken_back(
    genlab: Genlab, workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    finish(workspace, project.spec(), "notes")
    other = workspace.import_project(write_export(tmp_path / "other", 3)).project
    done = genlab("deploy", MODEL, "--project", "other", "--yes", "--json").json
    assert (done["project"], done["applied"]) == ("other", True)
    assert genlab("models").out.split("\n")[1].split()[-1] == "other"
    (listed,) = genlab("models", "--json").json
    assert (listed["deployed"], listed["deployed_in"]) == (False, ["other"])
    told = genlab("deploy", MODEL, "--yes").err
    assert told.endswith(f"genlab deploy {MODEL} --undo\n")
    assert genlab("models").out.split("\n")[1].endswith("notes, other")
    assert genlab("deploy", MODEL, "--project", "nowhere", "--yes").code == 4
    assert genlab("deploy", MODEL, "--project", "other", "--undo", "--yes").code == 0
    assert (other.folder / CONFIG_FILE).read_bytes() == CONFIG.encode()
    assert (project.folder / CONFIG_FILE).read_bytes() != CONFIG.encode()


def test_a_place_that_cannot_be_written_is_told_before_a_model_reads(
    genlab: Genlab, workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    finish(workspace, project.spec(), "notes")
    answer = genlab("preannotate", MODEL, "--out", tmp_path / "nowhere" / "out.json")
    assert answer.code == 5
    assert "cannot be written" in answer.err


def test_models_as_json(genlab: Genlab, workspace: Workspace, project: Project) -> None:
    run = finish(workspace, project.spec(), "notes")
    (found,) = genlab("models", "--json", "--project", "notes").json
    assert found["name"] == MODEL
    assert found["folder"] == str(run.folder.model)
    assert found["labels"] == ["DRUG", "DOSE"]
    assert found["created_at"].endswith("+00:00")
    assert genlab("models", "--json", "--project", "other").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "x"),
        ("train", "x"),
        ("runs", "x"),
        ("logs", "x"),
        ("stop", "x"),
        ("deploy", "x"),
        ("deploy", "x", "--undo"),
    ],
)
def test_what_is_not_there_is_code_4(genlab: Genlab, arguments: tuple[str, ...]) -> None:
    answer = genlab(*arguments)
    assert answer.code == 4
    assert answer.err.startswith("Error: There is no ")
    assert "genlab" in answer.err


def test_a_role_that_does_not_allow_it_is_code_7(
    genlab: Genlab, workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(workspace, project.spec(), "notes")
    waiting = workspace.run_rows.create(project.spec(), "notes", "guest")
    monkeypatch.setenv("GENLAB_USER", "noah")
    export = write_export(tmp_path / "again", name="notes", tasks=1)
    for arguments in (
        ("train", "notes", *WORD2VEC),
        ("stop", waiting.id),
        ("deploy", MODEL, "--yes"),
        ("import", export),
    ):
        answer = genlab(*arguments)
        assert answer.code == 7, arguments
        assert "The role of noah there is Annotator" in answer.err
    assert workspace.run(waiting.id).status is Status.QUEUED
    assert genlab("deploy", MODEL, "--dry-run").code == 0, "looking is free"


def test_usage_errors_are_code_2_and_name_the_help(genlab: Genlab) -> None:
    for arguments in (("train",), ("train", "x", "--epochs", "many"), ("dance",), ("runs", "--colour")):
        answer = genlab(*arguments)
        assert answer.code == 2
        assert "--help' lists what can be given." in answer.err
    assert genlab("train", "--json").json["error"]["code"] == "GL200"


def test_an_error_of_ours_keeps_its_traceback_in_a_file(
    genlab: Genlab, home: Path, workspace: Workspace, project: Project
) -> None:
    finish(workspace, project.spec(), "notes")
    with workspace.database.write() as connection:
        connection.execute(update(runs).values(status="RESTING"))
    answer = genlab("runs", "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "GL001"
    assert "Traceback" not in answer.err
    log = home / "logs" / "genlab.log"
    assert str(log) in answer.err
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_embeddings_are_listed(genlab: Genlab) -> None:
    found = {choice["name"]: choice for choice in genlab("embeddings", "list", "--json").json}
    assert found["word2vec"]["available"] is True
    assert found["word2vec"]["dimension"] == 100
    assert "word2vec" in genlab("embeddings", "list").out
    assert genlab("embeddings", "get", "nothing").code == 2
    assert "nothing to fetch" in genlab("embeddings", "get", "word2vec").err


def test_doctor_checks_this_machine(genlab: Genlab) -> None:
    only = ("--only", "python", "--only", "workspace", "--only", "jupyter")
    found = genlab("doctor", "--json", *only).json
    assert [check["name"] for check in found["checks"]] == ["python", "workspace", "jupyter"]
    assert genlab("doctor", "--only", "workspace").out.startswith("ok    workspace: ")
    assert genlab("doctor", "--only", "weather").code == 2


def test_a_setting_that_cannot_be_is_code_2(genlab: Genlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", "many")
    answer = genlab("projects")
    assert answer.code == 2
    assert answer.err.startswith("Error: A setting cannot be used: GENLAB_SLOTS. GENLAB_SLOTS: Input should be a valid")


def test_doctor_names_a_workspace_that_cannot_be_written(
    genlab: Genlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENLAB_HOME", str(tmp_path / "file"))
    answer = genlab("doctor", "--only", "workspace")
    assert answer.code == 5
    assert answer.out.startswith("FAIL  workspace: The workspace folder")


@pytest.mark.parametrize("score", ["1.5", "-0.1", "much"])
def test_a_least_score_is_a_number_from_0_to_1(genlab: Genlab, project: Project, score: str) -> None:
    finish(project.workspace, project.spec(), project.name)
    answer = genlab("preannotate", MODEL, "--min-score", score)
    assert answer.code == 2
    assert "--min-score" in answer.err


def test_preannotation_prints_scores_where_there_are_some() -> None:
    value = {"start": 0, "end": 5, "text": "fever", "labels": ["PROBLEM"]}
    span, choice = {"type": "labels", "value": value}, {"type": "choices", "value": {"choices": ["a", "b"]}}
    items = [{**span, "score": 0.8765}, span, {**choice, "score": 0.5}]
    task = {"id": 3, "data": {"title": "note"}, "predictions": [{"result": items}]}
    assert _items(task) == [
        ("note", "PROBLEM", "fever", "0.876"),
        ("note", "PROBLEM", "fever", None),
        ("note", "a, b", None, "0.500"),
    ]


def test_what_java_prints_while_models_read_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with _stdout_kept():
        os.write(1, b"Using CPUs\n")
    os.write(1, b"[]\n")
    assert capfd.readouterr() == ("[]\n", "Using CPUs\n")
