"""Word and region F1 of visual NER on a project's Test tasks, by label, with the seconds that it took.

    python benchmarks/visual_quality.py PROJECT_FOLDER --epochs 16 --seeds 42 1 --state /tmp/state --json rows.jsonl
    python benchmarks/visual_quality.py PROJECT_FOLDER --images 714 --batch 8 --estimate

A run that was killed goes on from its last finished epoch when it is started again with the same ``--state``. Options
are compared by the validation part (``--validation`` draws another tenth of the training tasks); the Test tasks' scores
are reported only. ``--images N`` repeats the training tasks to N with an eval size of 0.4, and ``--estimate`` measures
the speed instead of training.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from measure import circumstances

from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import dataset, preparation
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.finetune import checkpoint, page_tagger, validation
from genlab_widgets.training.finetune.decoding import Habits, Region, regions_of
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.finetune.page_tagger import PageTagger, word_f1
from genlab_widgets.training.finetune.pages import Page, pages_of
from genlab_widgets.training.spec import TrainingSpec, defaults

EVAL_SIZE = 0.4


def main() -> None:
    usual = defaults("visual_ner", "fine_tuned")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="a BERT folder; MiniLM without")
    parser.add_argument("--epochs", type=int, default=usual["epochs"])
    parser.add_argument("--batch", type=int, default=usual["batch_size"])
    parser.add_argument("--rate", type=float, default=usual["learning_rate"])
    parser.add_argument("--dropout", type=float, default=usual["dropout"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[42], help="a training each")
    parser.add_argument("--validation", type=int, default=42, help="seed of the tenth of the tasks that chooses")
    parser.add_argument("--images", type=int, help="repeats the training tasks to so many, 40 %% of them for the test")
    parser.add_argument("--estimate", action="store_true", help="measures the speed, and trains nothing")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--json", type=Path, help="a line is added to this file for each training")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        train, test = _examples(given, Path(scratch) / "home")
        for seed in given.seeds:
            state = (given.state or Path(scratch)) / f"state-{seed}"
            facts = _speed(given, _pages(train), seed) if given.estimate else _measured(given, train, test, seed, state)
            print(json.dumps(facts), flush=True)
            if given.json:
                with given.json.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(facts) + "\n")


def _examples(given: argparse.Namespace, home: Path) -> tuple[list[Example], list[Example]]:
    home.mkdir()
    project = import_project(given.project, home).project
    spec = TrainingSpec(project=project.name, kind="visual_ner", test_train_tags=True)
    train, test = preparation.prepare(project, spec).parts
    if not given.images:
        return list(train), list(test)
    every = itertools.islice(itertools.cycle([*train, *test]), given.images)
    numbered = [replace(item, task_id=number) for number, item in enumerate(every)]
    learned = round(given.images * (1 - EVAL_SIZE))
    return numbered[:learned], numbered[learned:]


def _pages(examples: list[Example]) -> list[Page]:
    return [page for item in examples for page in pages_of(item)]


def _tagger(given: argparse.Namespace, train: list[Page]) -> PageTagger:
    base = checkpoint.read(given.checkpoint) if given.checkpoint else checkpoint.default()
    return PageTagger(base.with_case(), page_tagger.tags_of(train))


def _recipe(given: argparse.Namespace, seed: int) -> Recipe:
    return page_tagger.recipe(
        Recipe(
            epochs=given.epochs,
            encoder_rate=given.rate,
            head_rate=5 * given.rate,
            dropout=given.dropout,
            batch=given.batch,
            seed=seed,
        )
    )


def _speed(given: argparse.Namespace, train: list[Page], seed: int) -> dict[str, Any]:
    before = circumstances()
    found = _tagger(given, train).probe(train, _recipe(given, seed), seconds=30.0)
    return {
        "pages": len(train),
        "pieces_per_second": round(found.pieces_per_second),
        "seconds": round(found.seconds),
        "epochs": given.epochs,
        "batch": given.batch,
        **before,
    }


def _measured(
    given: argparse.Namespace, train: list[Example], tested: list[Example], seed: int, state: Path
) -> dict[str, Any]:
    held = {item.task_id for item in validation.hold_out(dataset.build(train)[0], given.validation).validation}
    every, test = _pages(train), _pages(tested)
    learned = [page for page in every if page.task_id not in held]
    choosing = [page for page in every if page.task_id in held]
    model, before = _tagger(given, every), circumstances()
    began = time.monotonic()
    watcher = Watcher(epoch=lambda item: print(item, flush=True))
    outcome = model.fit(learned, choosing, _recipe(given, seed), state, watcher)
    seconds = time.monotonic() - began
    scores = model.scores(outcome.params, test)
    decoder = model.decoder(outcome.params)
    plain = replace(decoder, habits=Habits())
    found = {
        name: [kind.regions(page, own) for page, own in zip(test, scores, strict=True)]
        for name, kind in (("with_habits", decoder), ("plain", plain))
    }
    labels = sorted({region.label for page in test for region in regions_of(page.tags)})
    return {
        "train_pages": len(learned),
        "test_pages": len(test),
        "seed": seed,
        "validation_seed": given.validation,
        "epochs": given.epochs,
        "best": outcome.best,
        "validation_f1": [round(epoch.score, 4) for epoch in outcome.epochs],
        **{name: _scores(test, regions) for name, regions in found.items()},
        "by_label": {label: _scores(test, found["with_habits"], label) for label in labels},
        "habits": model.habits.to_dict(),
        "seconds": round(seconds, 1),
        **before,
    }


def _scores(pages: list[Page], found: list[list[Region]], label: str = "") -> dict[str, float]:
    """Returns F1 of words and of whole regions, of one label or of all."""
    gold = [[item for item in regions_of(page.tags) if label in ("", item.label)] for page in pages]
    kept = [[item for item in regions if label in ("", item.label)] for regions in found]
    right = sum(len({item[:3] for item in a} & {item[:3] for item in b}) for a, b in zip(gold, kept, strict=True))
    total = sum(map(len, gold)) + sum(map(len, kept))
    tagged = [replace(page, tags=_only(page.tags, label)) for page in pages]
    return {"word_f1": round(word_f1(tagged, kept), 4), "region_f1": round(2 * right / total if total else 0.0, 4)}


def _only(tags: tuple[str, ...], label: str) -> tuple[str, ...]:
    return tuple(tag if label in ("", tag[2:]) else "O" for tag in tags)


if __name__ == "__main__":
    main()
