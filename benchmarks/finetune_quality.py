"""Entity F1 of fine-tuned taggers on a project's Test tasks, in-process: which of the options is worth its cost.

    python benchmarks/finetune_quality.py PROJECT_FOLDER --epochs 5 --case --state /tmp/state --json rows.jsonl

A run that was killed goes on from its last finished epoch when it is started again with the same ``--state``. Options
are compared on the same rows; nothing is chosen by the Test tasks, whose F1 is reported only.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import preparation
from genlab_widgets.training.benchmark import evaluate_entities
from genlab_widgets.training.finetune import checkpoint, tagger, validation
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.spec import TrainingSpec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="a BERT folder; MiniLM without")
    parser.add_argument("--case", action="store_true", help="twins for capitals")
    parser.add_argument("--no-crf", action="store_true", help="legal pairs only, nothing learned of them")
    parser.add_argument("--no-lexical", action="store_true", help="without the CRF on word pieces")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--word-dropout", type=float, default=Recipe.word_dropout)
    parser.add_argument("--rate", type=float, default=Recipe.encoder_rate)
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
    project = import_project(given.project, home).project
    prepared = preparation.prepare(project, TrainingSpec(project=project.name, test_train_tags=True))
    base = checkpoint.read(given.checkpoint) if given.checkpoint else checkpoint.default()
    if given.case:
        base = base.with_case()
    model = tagger.Tagger(base, tagger.tags_of(prepared.train), crf=not given.no_crf, lexical=not given.no_lexical)
    recipe = Recipe(
        epochs=given.epochs,
        encoder_rate=given.rate,
        word_dropout=given.word_dropout,
        patience=given.epochs,
        seed=given.seed,
    )
    parts = validation.hold_out(prepared.train, given.seed)
    load, began = os.getloadavg()[0], time.monotonic()
    outcome = model.fit(
        parts.train, parts.validation, recipe, state, Watcher(epoch=lambda item: print(item, flush=True))
    )
    seconds = time.monotonic() - began
    found = model.predict_examples(outcome.params, prepared.parts.test)
    scores = evaluate_entities(prepared.parts.test, found, prepared.labels)
    return {
        "project": project.name,
        "case": given.case,
        "crf": not given.no_crf,
        "lexical": not given.no_lexical,
        "epochs": given.epochs,
        "best": outcome.best,
        "word_dropout": given.word_dropout,
        "rate": given.rate,
        "seed": given.seed,
        "validation": [round(item.score, 4) for item in outcome.epochs],
        "precision": round(scores.exact.micro.precision, 4),
        "recall": round(scores.exact.micro.recall, 4),
        "f1": round(scores.exact.micro.f1, 4),
        "interval": scores.f1_interval.model_dump() if scores.f1_interval else None,
        "seconds": round(seconds),
        "load_before": round(load, 2),
    }


if __name__ == "__main__":
    main()
