"""F1 of fine-tuned models on a project's Test tasks, in-process: which of the options is worth its cost.

    python benchmarks/finetune_quality.py PROJECT_FOLDER --epochs 5 --case --state /tmp/state --json rows.jsonl
    python benchmarks/finetune_quality.py PROJECT_FOLDER --kind classification --epochs 8
    python benchmarks/finetune_quality.py demo --kind assertion

A run that was killed goes on from its last finished epoch when it is started again with the same ``--state``. Options
are compared on the same rows; nothing is chosen by the Test tasks, whose F1 is reported only. ``demo`` stands for the
project that ``genlab demo`` writes, which is divided at random.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from genlab_widgets.projects.demo import write_demo_project
from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import preparation, split
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune import checkpoint, tagger, validation
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.finetune.state import Outcome
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.preparation import Prepared
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import finetuned_assertion, finetuned_classifier

DEMO = "demo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help=f"an export's folder, or {DEMO}")
    parser.add_argument("--kind", choices=("ner", "classification", "assertion"), default="ner")
    parser.add_argument("--checkpoint", type=Path, help="a BERT folder; MiniLM without")
    parser.add_argument("--case", action="store_true", help="twins for capitals")
    parser.add_argument("--no-crf", action="store_true", help="legal pairs only, nothing learned of them")
    parser.add_argument("--no-lexical", action="store_true", help="without the CRF on word pieces")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--word-dropout", type=float, default=Recipe.word_dropout)
    parser.add_argument("--rate", type=float, default=Recipe.encoder_rate)
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--dropout", type=float, default=Recipe.dropout)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--json", type=Path, help="a line is added to this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        state = given.state or Path(scratch) / "state"
        facts = measure(given, Path(scratch) / "home", state)
    print(json.dumps(facts), flush=True)
    if given.json:
        with given.json.open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")


def measure(given: argparse.Namespace, home: Path, state: Path) -> dict[str, object]:
    home.mkdir(parents=True)
    source = write_demo_project(home / DEMO) if str(given.project) == DEMO else given.project
    project = import_project(source, home).project
    kind = kind_of(given.kind)
    spec = TrainingSpec(project=project.name, kind=given.kind, test_train_tags=str(given.project) != DEMO)
    prepared = preparation.prepare(project, kind.complete(spec, project.labeling_config))
    base = checkpoint.read(given.checkpoint) if given.checkpoint else checkpoint.default()
    if given.case:
        base = base.with_case()
    recipe = Recipe(
        epochs=given.epochs,
        encoder_rate=given.rate,
        head_rate=5 * given.rate,
        dropout=given.dropout,
        word_dropout=given.word_dropout,
        batch=given.batch,
        patience=given.epochs,
        seed=given.seed,
    )
    load, began = os.getloadavg()[0], time.monotonic()
    learn = {"ner": entities, "classification": classes, "assertion": statuses}[given.kind]
    outcome, found = learn(given, prepared, base, recipe, state)
    scores = evaluate(kind, prepared.parts.test, found, prepared.labels)
    return {
        "project": project.name,
        **{
            name: value for name, value in vars(given).items() if name not in ("project", "state", "json", "checkpoint")
        },
        "best": outcome.best,
        "validation": [round(item.score, 4) for item in outcome.epochs],
        "epoch_seconds": [round(item.seconds) for item in outcome.epochs],
        "precision": round(scores.headline.precision, 4),
        "recall": round(scores.headline.recall, 4),
        "f1": round(scores.f1, 4),
        "accuracy": scores.accuracy,
        "interval": scores.f1_interval.model_dump() if scores.f1_interval else None,
        "seconds": round(time.monotonic() - began),
        "load_before": round(load, 2),
    }


def entities(
    given: argparse.Namespace, prepared: Prepared, base: Checkpoint, recipe: Recipe, state: Path
) -> tuple[Outcome, list[Example]]:
    model = tagger.Tagger(base, tagger.tags_of(prepared.train), crf=not given.no_crf, lexical=not given.no_lexical)
    parts = validation.hold_out(prepared.train, given.seed)
    outcome = model.fit(parts.train, parts.validation, recipe, state, watcher())
    return outcome, model.predict_examples(outcome.params, prepared.parts.test)


def classes(
    given: argparse.Namespace, prepared: Prepared, base: Checkpoint, recipe: Recipe, state: Path
) -> tuple[Outcome, list[Example]]:
    model = Classifier(base, prepared.labels, multiple=prepared.multiple)
    train, chosen_by = (
        finetuned_classifier.taught(model, part) for part in split.hold_out(prepared.parts.train, given.seed)
    )
    outcome = model.fit(train, chosen_by, recipe, state, watcher())
    test = prepared.parts.test
    found = model.predict(outcome.params, [model.passage(item.text) for item in test])
    return outcome, [
        Example(item.task_id, item.text, tuple(Span(0, len(item.text), label) for label in labels))
        for item, labels in zip(test, found, strict=True)
    ]


def statuses(
    given: argparse.Namespace, prepared: Prepared, base: Checkpoint, recipe: Recipe, state: Path
) -> tuple[Outcome, list[Example]]:
    model = Classifier(base.with_markers(), prepared.labels, marked=True)
    train, chosen_by = (
        finetuned_assertion.taught(model, part) for part in split.hold_out(prepared.parts.train, given.seed)
    )
    outcome = model.fit(train, chosen_by, recipe, state, watcher())
    return outcome, finetuned_assertion.predict(model, outcome.params, prepared.parts.test)


def watcher() -> Watcher:
    return Watcher(epoch=lambda item: print(item, flush=True))


if __name__ == "__main__":
    main()
