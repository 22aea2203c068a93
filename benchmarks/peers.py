"""spaCy's blank pipeline on the rows of our trainings: the same tasks, the same Test tags, the same scores.

    python -m venv /tmp/spacy-venv && /tmp/spacy-venv/bin/pip install spacy
    python benchmarks/peers.py EXPORT [EXPORT ...] --python /tmp/spacy-venv/bin/python --json peers.jsonl

spaCy is no dependency of this project: ``spacy_peer.py`` runs it in an environment of its own, which gets texts with
spans as JSON lines and gives spans back. It splits tokens as it likes. For classes it trains its ``textcat``, or
``textcat_multilabel`` where a text may have several. Seconds are of its training alone, and of the whole process beside
them. A line is written after each finished training, and one whose line is there already is not repeated.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import CHECKOUT, Lines, arguments, circumstances, report
from quality import EXPORTS, KINDS

from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.store import Project
from genlab_widgets.training import preparation
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.preparation import Prepared
from genlab_widgets.training.spec import TrainingSpec

PEER = CHECKOUT / "benchmarks" / "spacy_peer.py"
EPOCHS = 15
"""As in ``shared/reference/baselines.md``."""
KEY = ("project", "kind", "seed", "epochs")


def main() -> None:
    parser = arguments(__doc__ or "", rounds=False)
    parser.add_argument("exports", type=Path, nargs="*", default=EXPORTS)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of an environment with spaCy")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="those that the project has")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    facts, lines = circumstances(), Lines(options.json, KEY)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for export in options.exports:
            project = import_project(export, Path(home)).project
            for kind in (kind for kind in options.kinds if kind in project.labeling_config.kinds()):
                prepared = prepare(project, kind)
                fields = {"project": project.name, "kind": kind, "epochs": options.epochs}
                for seed in options.seeds:
                    if not lines.done(seed=seed, **fields):
                        measured = measure(options.python, project.language, prepared, seed, options.epochs)
                        lines.add({**fields, "seed": seed, **measured})
                rows += [shown(row) for row in lines.rows(**fields)]
    report("spaCy's blank pipeline", "the peer of our F1 and of 1.5 times its wall time", rows, facts, None)


def prepare(project: Project, kind: str) -> Prepared:
    """Returns the rows that our training of this kind has."""
    spec = TrainingSpec(project=project.name, kind=kind, test_train_tags=True)
    return preparation.prepare(project, kind_of(kind).complete(spec, project.labeling_config))


def measure(python: Path, language: str, prepared: Prepared, seed: int, epochs: int) -> dict[str, Any]:
    """Trains spaCy once, and scores what it finds in the test tasks as our runs are scored."""
    job = {
        "language": language,
        "pipe": pipe_of(prepared),
        "labels": prepared.labels,
        "seed": seed,
        "epochs": epochs,
    }
    facts, began = circumstances(), time.perf_counter()
    sent = "".join(json.dumps(line) + "\n" for line in [job, *rows_of(prepared)])
    process = subprocess.run([python, PEER], input=sent.encode(), stdout=subprocess.PIPE, check=False)
    wall = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"{PEER.name} ended with {process.returncode}.")
    told, *answers = (json.loads(line) for line in process.stdout.splitlines())
    spans = {answer["id"]: tuple(Span(*span) for span in answer["spans"]) for answer in answers}
    found = [Example(item.task_id, item.text, spans[item.task_id]) for item in prepared.parts.test]
    scores = evaluate(prepared.kind, prepared.parts.test, found, prepared.labels)
    return {
        "peer": f"spaCy {told['version']} {job['pipe']}",
        "train_tasks": len(prepared.parts.train),
        "test_tasks": len(prepared.parts.test),
        "precision": round(scores.headline.precision, 4),
        "recall": round(scores.headline.recall, 4),
        "f1": round(scores.f1, 4),
        "interval": [round(scores.f1_interval.low, 4), round(scores.f1_interval.high, 4)],
        "accuracy": None if scores.accuracy is None else round(scores.accuracy, 4),
        "train_seconds": round(told["seconds"], 1),
        "seconds": round(wall, 1),
        **facts,
    }


def pipe_of(prepared: Prepared) -> str:
    """Returns spaCy's component for what is learned."""
    if prepared.kind.spans_matter:
        return "ner"
    return "textcat_multilabel" if prepared.multiple else "textcat"


def rows_of(prepared: Prepared) -> Iterator[dict[str, Any]]:
    """Yields the training tasks with their spans, and the test tasks without."""
    for item in prepared.parts.train:
        yield {"id": item.task_id, "text": item.text, "spans": item.spans}
    for item in prepared.parts.test:
        yield {"id": item.task_id, "text": item.text}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Returns one table row."""
    names = ("project", "kind", "seed", "peer", "precision", "recall", "f1", "interval", "accuracy")
    return {**{name: row[name] for name in names}, "training (s)": row["train_seconds"], "process (s)": row["seconds"]}


if __name__ == "__main__":
    main()
