"""Small inputs that the tests of several rooms share: an export, a result, a training template of seconds."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.store import Project
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.training.benchmark import Benchmark, Doc, evaluate_entities
from genlab_widgets.training.dataset import Span
from genlab_widgets.training.runfolder import Result, RunFolder, Scores
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.workspace import Run, Workspace

LABELS = ("DRUG", "DOSE")
MEMBERS = (
    {"username": "olga", "role": "Project Owner"},
    {"username": "max", "role": "Manager"},
    {"username": "noah", "role": "Annotator"},
    {"username": "rita", "role": "Reviewer"},
)
CONFIG = """<View>
  <!-- <Label value="DRUG" model="not me"/> stays as it is -->
  <Labels name="label"   toName="text">
\t<Label value='DRUG' background="#0a0"/>
    <Label background="#a00"   value="DOSE"
           hotkey="d" />
    <Label value="absent" assertion="true" model="assertion_old"/>
  </Labels>
  <Text name="text" value="$text"></Text>\r
</View>
"""
"""Odd blanks, quotes, a comment and a line end of its own: what byte-preserving edits must not touch."""


def text_of(number: int) -> tuple[str, tuple[Span, ...]]:
    """Returns a note and its spans; every number gives another text."""
    drug, dose = f"drug{number:03d}ol", f"{number + 1} mg"
    text = f"Patient {number} took {drug} at {dose} today."
    start, at = text.index(drug), text.index(dose, text.index(" at "))
    return text, (Span(start, start + len(drug), "DRUG"), Span(at, at + len(dose), "DOSE"))


def task(number: int, **changes: Any) -> dict[str, Any]:
    """Returns a completed task as an export has it."""
    text, spans = text_of(number)
    regions = [
        {
            "id": f"r{number}-{index}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
                "labels": [span.label],
            },
        }
        for index, span in enumerate(spans)
    ]
    completion = {
        "id": number,
        "created_username": "noah",
        "created_ago": "2026-01-02T10:00:00Z",
        "submitted_at": "2026-01-02T10:01:00Z",
        "result": regions,
    }
    tag = "Test" if number % 5 == 0 else "Train"
    return {"id": number, "data": {"text": text}, "tags": [tag], "completions": [completion], **changes}


def write_export(folder: Path, tasks: int | Sequence[Any] = 60, config: str = CONFIG, **about: Any) -> Path:
    """Writes an export folder; ``tasks`` is their number, or the tasks themselves."""
    folder.mkdir(parents=True)
    listed = [task(number) for number in range(1, tasks + 1)] if isinstance(tasks, int) else list(tasks)
    (folder / "result.json").write_text(json.dumps(listed), encoding="utf-8")
    (folder / "config.xml").write_bytes(config.encode())
    (folder / "project.json").write_text(json.dumps({"name": folder.name, "members": MEMBERS, **about}))
    return folder


def zipped(folder: Path, target: Path) -> Path:
    """Packs an export folder."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    return target


def imported(home: Path, export: Path) -> Project:
    """Imports an export and returns the project."""
    return import_project(export, home).project


def benchmark_of(numbers: Sequence[int], wrong: Sequence[int] = (), labels: Sequence[str] = LABELS) -> Benchmark:
    """Measures predictions that miss the dose of the ``wrong`` tasks."""
    gold = [Doc(number, *text_of(number)) for number in numbers]
    given = [Doc(doc.task_id, doc.text, doc.spans[:1] if doc.task_id in wrong else doc.spans) for doc in gold]
    return evaluate_entities(gold, given, labels)


def result_of(run_id: str, spec: TrainingSpec, project: str, wrong: Sequence[int] = (3, 4)) -> Result:
    """Returns a whole ``result.json`` of a finished training."""
    numbers = range(1, 21)
    measured, baseline = benchmark_of(numbers, wrong), benchmark_of(numbers, range(1, 11))
    micro = measured.exact.micro
    return Result(
        run_id=run_id,
        project=project,
        kind=spec.kind,
        spec=spec,
        scores=Scores(precision=micro.precision, recall=micro.recall, f1=micro.f1),
        benchmark=measured,
        baseline=baseline,
        beats_baseline=True,
        verdict="F1 is higher than the baseline's.",
        model_files={"metadata/part-00000": 200, "stages/0/data": 1_800},
    )


def write_template(folder: Path, body: str, name: str = "train_ner") -> Path:
    """Writes a training template whose one cell is ``body``, and returns its folder (for ``GENLAB_TEMPLATES``)."""
    parameters = "\n".join(
        f"{field} = {value!r}" for field, value in TrainingSpec(project="none").model_dump(mode="json").items()
    )
    cells = [
        {"cell_type": "code", "id": "parameters", "metadata": {"tags": ["parameters"]}, "source": parameters},
        {"cell_type": "code", "id": "body", "metadata": {}, "source": body},
    ]
    notebook = {
        "cells": [{**cell, "outputs": [], "execution_count": None} for cell in cells],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def write_model(folder: RunFolder, result: Result) -> None:
    """Writes files of the sizes that the result names; no Spark reads them."""
    for name, size in result.model_files.items():
        place = folder.model / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"m" * size)


def finish(workspace: Workspace, spec: TrainingSpec, project: str, wrong: Sequence[int] = (3, 4)) -> Run:
    """Makes a COMPLETED run with its files and its model, as a worker leaves them."""
    rows, models = workspace.run_rows, workspace.model_rows
    row = rows.create(spec, project, workspace.user)
    assert rows.move(row.id, Status.STARTING, started_at=row.created_at)
    assert rows.move(row.id, Status.RUNNING)
    folder, result = rows.folder(row.id), result_of(row.id, spec, project, wrong)
    write_model(folder, result)
    folder.log.write_text("Epoch 1/1 started\n", encoding="utf-8")
    folder.notebook.write_text("{}", encoding="utf-8")
    folder.write_result(result)
    with workspace.database.write() as connection:
        model = models.register(connection, row.id, spec, result, project, row.user)
        done = {"reason": EndReason.COMPLETED, "message": "Trained.", "f1": result.scores.f1, "model": model.name}
        assert rows.move(row.id, Status.COMPLETED, connection, **done)
    return workspace.run(row.id)
