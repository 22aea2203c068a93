"""F1 on the same Test tasks against the number of training tasks: NerDL on MiniLM, the CRF and the fine-tuned MiniLM.

    python benchmarks/learning_curve.py EXPORT [EXPORT ...] --seeds 42 --json curve.jsonl
    python benchmarks/learning_curve.py --json curve.jsonl --plot docs/learning_curve.svg

The smaller parts of the training tasks lie inside the larger ones, and the seed draws them. NerDL has its default
parameters whatever the number of tasks, the transformer as many epochs as "automatic" takes. The trainers are called
directly, in one Spark session. A line is written after each finished training, and one whose line is there already is
not repeated. With ``--plot`` and no export nothing is trained.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import Lines, arguments, circumstances, report

from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import automatic, preparation
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.figures import GRID, PALETTE
from genlab_widgets.training.finetune import device
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spark import session
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.split import Parts
from genlab_widgets.training.trainers import Rows, trainer_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from genlab_widgets.projects.store import Project
    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.preparation import Prepared

ALL = "all"
SIZES = ("50", "100", "200", "500", ALL)
CRF = "crf"
TITLES = {"fine_tuned": "fine-tuned MiniLM", "annotator": "NerDL on MiniLM", CRF: "CRF"}
ORDER = (CRF, "annotator", "fine_tuned")
COLOURS = dict(zip(TITLES, PALETTE, strict=False))
KEY = ("project", "architecture", "tasks", "seed", "epochs")
LABEL_GAP = 0.045
"""Least distance of two labels, as a share of the F1 axis."""
TICK_GAP = 1.4
"""A number of tasks is written where the next one is so many times as large."""


def main() -> None:
    parser = arguments(__doc__ or "", rounds=False)
    parser.add_argument("exports", type=Path, nargs="*")
    parser.add_argument("--sizes", nargs="+", default=SIZES, help=f"training tasks, or {ALL}")
    parser.add_argument("--architectures", nargs="+", default=[*TITLES], choices=[*TITLES])
    parser.add_argument("--seeds", type=int, nargs="+", default=[42])
    parser.add_argument("--epochs", type=int, help="for a trial; without it those that are the default")
    parser.add_argument("--plot", type=Path, help="the figure (svg), drawn from all lines of --json")
    options = parser.parse_args()
    facts, lines = circumstances(), Lines(options.json, KEY)
    if options.exports:
        measure_all(options, lines)
    rows = lines.rows(epochs=options.epochs)
    if options.exports and rows:
        report("F1 against training tasks", "none", [shown(row) for row in rows], facts, None)
    if options.plot:
        draw(rows, options.plot)


def measure_all(options: argparse.Namespace, lines: Lines) -> None:
    """Trains what has no line yet, small parts first.

    NerDL comes before any fine-tuning: Spark NLP gives every ONNX model that it reads in a session the same file name,
    so MiniLM's embeddings would be read from a model that was fine-tuned before, and a process can have one session.
    """
    device.choose(False)
    with tempfile.TemporaryDirectory() as scratch, session.borrowed("learning curve") as spark:
        projects = [import_project(export, Path(scratch) / "home").project for export in options.exports]
        for name in ORDER:
            if name in options.architectures:
                for project in projects:
                    measure_project(options, spark, project, name, lines)


def measure_project(
    options: argparse.Namespace, spark: SparkSession, project: Project, name: str, lines: Lines
) -> None:
    """Trains one architecture on all parts of a project's training tasks."""
    prepared = preparation.prepare(project, TrainingSpec(project=project.name, kind="ner", test_train_tags=True))
    for seed in options.seeds:
        for part in smaller(prepared, options.sizes, seed):
            key = {
                **{"project": project.name, "architecture": name, "tasks": len(part.parts.train)},
                **{"seed": seed, "epochs": options.epochs},
            }
            if not lines.done(**key):
                lines.add({**key, **measure(spark, project, part, key)})


def smaller(prepared: Prepared, sizes: Sequence[str], seed: int) -> Iterator[Prepared]:
    """Yields the rows with so many training tasks, in rising order; sizes beyond those that there are fall away."""
    whole = prepared.parts.train
    order = sorted(whole, key=lambda item: hashlib.sha256(f"{seed}:{item.task_id}".encode()).digest())
    for size in sorted({len(whole) if size == ALL else int(size) for size in sizes}):
        if size <= len(whole):
            parts = Parts(sorted(order[:size], key=lambda item: item.task_id), prepared.parts.test)
            yield replace(prepared, parts=parts, train=preparation.tagged(prepared.kind, parts)[0])


def measure(spark: SparkSession, project: Project, prepared: Prepared, key: dict[str, Any]) -> dict[str, Any]:
    """Trains once, and scores the Test tasks."""
    facts, began = circumstances(), time.perf_counter()
    if key["architecture"] == CRF:
        found = prepared.kind.baseline(prepared.parts.train, prepared.parts.test, key["seed"])
    else:
        found = trained(spark, project, prepared, key)
    seconds = time.perf_counter() - began
    scores = evaluate(prepared.kind, prepared.parts.test, found, prepared.labels)
    return {
        "train_entities": sum(len(item.spans) for item in prepared.parts.train),
        "test_tasks": len(prepared.parts.test),
        "precision": round(scores.headline.precision, 4),
        "recall": round(scores.headline.recall, 4),
        "f1": round(scores.f1, 4),
        "interval": [round(scores.f1_interval.low, 4), round(scores.f1_interval.high, 4)],
        "seconds": round(seconds, 1),
        **facts,
    }


def trained(spark: SparkSession, project: Project, prepared: Prepared, key: dict[str, Any]) -> list[Example]:
    """Returns the Test tasks as a trainer of ours predicts them."""
    fields = {"epochs": key["epochs"]} if key["epochs"] else {}
    asked = {"architecture": key["architecture"], "embeddings": "minilm"}
    if key["architecture"] == "fine_tuned":
        asked = {"architecture": "automatic"}
    spec = TrainingSpec.parse({"project": project.name, "seed": key["seed"], **asked, **fields})
    tokens = sum(len(sentence.tokens) for sentence in prepared.train)
    spec = automatic.resolve(spec, project.language, tokens).spec
    train, test = prepared.parts
    rows = Rows(prepared.kind, prepared.labels, train, test, prepared.train, prepared.test, project.language)
    with tempfile.TemporaryDirectory() as scratch:
        reporter = Reporter(RunFolder(Path(scratch) / "run").create(), spec.epochs)
        return trainer_for(spec).fit(spark, rows, spec, Path(scratch), reporter).predicted


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Returns one table row."""
    names = ("project", "tasks", "train_entities", "architecture", "seed", "precision", "recall", "f1", "interval")
    return {**{name: row[name] for name in names}, "seconds": row["seconds"]}


def draw(rows: list[dict[str, Any]], target: Path) -> None:
    """Draws one panel a project: the mean over the seeds as a line, each seed as a point, named at the line's end."""
    from matplotlib.figure import Figure

    projects = sorted({row["project"] for row in rows})
    figure = Figure(figsize=(4.6 * len(projects) + 0.8, 3.6), layout="constrained")
    panels = figure.subplots(1, len(projects), sharey=True, squeeze=False)[0]
    for panel, project in zip(panels, projects, strict=True):
        draw_project(panel, [row for row in rows if row["project"] == project])
        panel.set_title(project, loc="left", fontsize=11)
        panel.set_xlabel("training tasks")
    panels[0].set_ylabel("entity F1 on the Test tasks")
    figure.savefig(target, format="svg", metadata={"Date": None})


def draw_project(panel: Any, rows: list[dict[str, Any]]) -> None:
    """Draws the lines of one project; the axis of tasks is logarithmic, with a mark at each number that was trained."""
    ends: dict[str, tuple[int, float]] = {}
    for name in TITLES:
        own = [row for row in rows if row["architecture"] == name]
        sizes = sorted({row["tasks"] for row in own})
        f1 = [[row["f1"] for row in own if row["tasks"] == size] for size in sizes]
        means = [sum(found) / len(found) for found in f1]
        panel.scatter([row["tasks"] for row in own], [row["f1"] for row in own], s=9, color=COLOURS[name], alpha=0.5)
        panel.plot(sizes, means, color=COLOURS[name], linewidth=1.8)
        if sizes:
            ends[name] = sizes[-1], means[-1]
    sizes = sorted({row["tasks"] for row in rows})
    panel.set(xscale="log", ylim=(0, 1), xlim=(sizes[0] / 1.15, sizes[-1] * 1.15))
    apart = [after / size >= TICK_GAP for size, after in pairwise(sizes)] + [True]
    panel.set_xticks(sizes, [f"{size:,}" if told else "" for size, told in zip(sizes, apart, strict=True)])
    panel.minorticks_off()
    panel.grid(axis="y", color=GRID, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    lowest = 0.0
    for name, (size, mean) in sorted(ends.items(), key=lambda item: item[1][1]):
        height = max(mean, lowest)
        lowest = height + LABEL_GAP
        told = {"textcoords": "offset points", "xytext": (8, 0), "va": "center", "annotation_clip": False}
        panel.annotate(f"{TITLES[name]} {mean:.2f}", (size, height), color=COLOURS[name], fontsize=9, **told)


if __name__ == "__main__":
    main()
