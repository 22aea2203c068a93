"""A training of seconds: it writes log, epochs, progress and a measured result as the real one does, without Spark.

What it predicts comes from the annotations, with every seventh span forgotten, so scores, intervals and errors are
computed by the real benchmark.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from genlab_widgets.projects.store import open_project
from genlab_widgets.training.benchmark import Doc, evaluate
from genlab_widgets.training.epochs import Average, Epoch
from genlab_widgets.training.epochs import Scores as EpochScores
from genlab_widgets.training.page_marks import marked_pages
from genlab_widgets.training.preparation import prepare
from genlab_widgets.training.runfolder import Progress, Result, RunFolder, Scores

SOURCE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from tests.browser.tiny_training import train
train()
"""
"""Body of the template that runs it."""


def train() -> None:
    """Trains for ``GENLAB_TEST_EPOCH_SECONDS`` an epoch."""
    folder = RunFolder(Path(os.environ["GENLAB_RUN_FOLDER"]))
    pause = float(os.environ.get("GENLAB_TEST_EPOCH_SECONDS", "0.3"))
    spec = folder.read_spec()
    assert spec is not None
    project = open_project(Path(os.environ["GENLAB_HOME"]), spec.project)
    prepared = prepare(project, spec)
    parts, labels = prepared.parts, prepared.labels
    folder.write_progress(Progress(step="prepare", fraction=0.02, message="Selects completions and divides them."))
    for number in range(1, spec.epochs + 1):
        with folder.log.open("a", encoding="utf-8") as log:
            log.write(
                f"Epoch {number}/{spec.epochs} started, lr: {spec.learning_rate}, dataset size: {len(parts.train)}\n"
            )
        time.sleep(pause)
        f1 = 0.92 * (1 - 0.55**number)
        average = Average(precision=f1, recall=f1, f1=f1)
        loss = 800.0 * 0.72**number + 9
        folder.append_epoch(
            Epoch(
                number=number,
                total=spec.epochs,
                seconds=pause,
                loss=loss,
                test=EpochScores(micro=average, macro=average),
            )
        )
        with folder.log.open("a", encoding="utf-8") as log:
            log.write(f"Epoch {number}/{spec.epochs} - {pause:.2f}s - loss: {loss:.4f}\n")
            log.write(
                f'Micro-average\t prec: {f1:.4f}, rec: {f1:.4f}, f1: {f1:.4f} <img src=x onerror="window.hacked=1">\n'
            )
        folder.write_progress(
            Progress(
                step="train",
                epoch=number,
                epochs=spec.epochs,
                fraction=0.08 + 0.84 * number / spec.epochs,
                seconds_left=pause * (spec.epochs - number),
                message=f"Epoch {number} of {spec.epochs}.",
            )
        )
    gold = parts.test
    found = [_predicted(doc, 7) for doc in gold]
    measured = evaluate(prepared.kind, gold, found, labels)
    baseline = evaluate(prepared.kind, gold, [_predicted(doc, 4) for doc in gold], labels)
    if gold[0].layout is not None:
        folder.write_pages(marked_pages(gold, found, project.tasks()))
    (folder.model / "metadata").mkdir(parents=True)
    (folder.model / "metadata" / "part-00000").write_text("{}")
    headline = measured.headline
    folder.write_result(
        Result(
            run_id=folder.path.name,
            project=spec.project,
            kind=spec.kind,
            spec=spec,
            scores=Scores.model_validate({**headline.model_dump(), **measured.of_pages()}),
            benchmark=measured,
            baseline=baseline,
            beats_baseline=True,
            verdict=f"Better than the baseline ({baseline.exact.micro.f1:.2f}).",
            epochs=folder.epochs(),
            model_files={"metadata/part-00000": 2},
            versions={"spark-nlp": "none"},
        )
    )
    print(f"F1 {headline.f1:.2f}")  # noqa: T201


def _predicted(doc: Doc, forget: int) -> Doc:
    """Forgets every n-th span, and takes the one after it for its neighbour's label."""
    labels = sorted({span.label for span in doc.spans})
    kept = []
    for place, span in enumerate(doc.spans):
        turn = (doc.task_id + place) % forget
        if turn == 0:
            continue
        other = labels[(labels.index(span.label) + 1) % len(labels)]
        kept.append(span._replace(label=other) if turn == 1 and doc.task_id % 3 == 0 else span)
    return doc.with_spans(kept)
