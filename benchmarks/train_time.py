"""P1 and P4: ``genlab train`` against a bare Spark NLP script on the same rows, parameters and Java settings, in turns.

Measured from outside, for both sides alike: seconds from the start of the process to the first line about an epoch in
the annotator's log and to the end of the process, and the highest sum of resident memory of the process and all its
descendants. The bare script (benchmarks/bare_ner.py) reads the rows as CoNLL, embeds, trains, scores the test rows and
saves; ours also checks the data, writes a notebook, trains a CRF beside, and tests the saved pipeline on raw text.

Run: python benchmarks/train_time.py [--export FOLDER] [--embeddings word2vec] [--epochs 10] [--test-train-tags]
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from measure import CHECKOUT, Turns, Watch, arguments, circumstances, environment, family, report, turns_row

if TYPE_CHECKING:
    from genlab_widgets.training.dataset import Sentence
    from genlab_widgets.workspace import Project

EPOCH = re.compile(rb"Epoch 1/\d+ started")
POLL_SECONDS = 0.05
BARE = CHECKOUT / "benchmarks" / "bare_ner.py"
MEASURES = (
    ("first", "start to first epoch (P1)", "s", 1.10, 2.0),
    ("whole", "whole run (P4)", "s", 1.05, 0.0),
    ("peak", "peak memory (P4)", "MB", 1.10, 0.0),
    ("first_cpu", "CPU time to first epoch", "s", None, 0.0),
    ("whole_cpu", "CPU time, whole run", "s", None, 0.0),
)
"""Name, title, unit, and the goal: so many times theirs, and so much more; None where there is no goal."""


class Measured(NamedTuple):
    """One training: seconds (and CPU seconds) to the first epoch line and in all, and the highest memory in MB."""

    first: float
    first_cpu: float
    whole: float
    whole_cpu: float
    peak: float


def measure(command: list[str], home: Path, log: Callable[[], Path | None]) -> Measured:
    """Runs one training; ``log`` returns the file in which epochs appear, None while there is none."""
    with tempfile.TemporaryFile() as told:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment(home), stdout=told, stderr=told)
        first, first_cpu = None, 0.0
        with Watch(lambda: family(process.pid)) as watch:
            while process.poll() is None:
                path = log() if first is None else None
                if path is not None and path.is_file() and EPOCH.search(path.read_bytes()):
                    first, first_cpu = time.perf_counter() - start, watch.cpu_seconds
                time.sleep(POLL_SECONDS)
        whole = time.perf_counter() - start
        told.seek(0)
        if process.returncode or first is None:
            raise SystemExit(f"{command} ended with {process.returncode}:\n{told.read().decode()[-2000:]}")
    return Measured(first, first_cpu, whole, watch.cpu_seconds, watch.peak_mb)


def ours(project: Project, fields: dict[str, Any]) -> Measured:
    """Measures ``genlab train``; each call makes a run of its own."""
    home = project.workspace.home
    known = {path.name for path in (home / "runs").glob("*")}
    command = [str(Path(sys.executable).with_name("genlab")), "train", project.name, "--json"]
    for name, value in fields.items():
        option = "--" + name.replace("_", "-")
        command += [option] if value is True else [option, str(value)]

    def log() -> Path | None:
        new = [path for path in (home / "runs").glob("*") if path.name not in known]
        return new[0] / "training.log" if new else None

    return measure(command, home, log)


def theirs(folder: Path, home: Path) -> Measured:
    """Measures the bare script; what an earlier call left is removed first."""
    for name in ("logs", "model"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "logs").mkdir()
    return measure([sys.executable, str(BARE), str(folder)], home, lambda: next((folder / "logs").glob("*.log"), None))


def write_bare(folder: Path, project: Project, fields: dict[str, Any]) -> dict[str, int]:
    """Writes what the bare script reads: the same rows as CoNLL, the parameters, Spark's settings; returns counts."""
    from genlab_widgets.training import preparation
    from genlab_widgets.training.embeddings import minilm
    from genlab_widgets.training.spark import jars, java, session

    spec = project.spec(**fields)
    prepared = preparation.prepare(project.stored, spec)
    settings = {
        "spec": spec.parameters(),
        "java": str(java.find()),
        "spark": session.configuration(folder, jars.ensure()),
        "minilm": str(minilm.ensure()) if spec.embeddings == "minilm" else None,
    }
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    write_conll(folder / "train.conll", prepared.train)
    write_conll(folder / "test.conll", prepared.test)
    return {"sentences": len(prepared.train), "tokens": sum(len(sentence.tokens) for sentence in prepared.train)}


def write_conll(path: Path, sentences: Sequence[Sentence]) -> None:
    """Writes sentences in CoNLL's four columns, each as a document of its own."""
    with path.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write("-DOCSTART- -X- -X- O\n\n")
            for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
                file.write(f"{token.text} NN NN {tag}\n")
            file.write("\n")


def rows_of(series: Sequence[tuple[Measured, Measured]]) -> list[dict[str, Any]]:
    """Returns one table row a measure, with its goal and whether it is met."""

    def turns(name: str) -> Turns:
        return Turns([getattr(a, name) for a, _ in series], [getattr(b, name) for _, b in series])

    rows = []
    for name, title, unit, share, extra in MEASURES:
        row = {
            "unit": unit,
            **{key.split(" (")[0]: value for key, value in turns_row(title, turns(name), unit).items()},
        }
        allowed = None if share is None else share * row["theirs"] + extra
        row["allowed"] = "-" if allowed is None else allowed
        row["within"] = "-" if allowed is None else "yes" if row["ours"] <= allowed else "no"
        rows.append(row)
    return rows


def main() -> None:
    """Measures and prints."""
    from genlab_widgets.workspace import Workspace

    parser = arguments(__doc__ or "")
    parser.add_argument("--export", type=Path, help="an export to train on (default: the demo project)")
    parser.add_argument("--tasks", type=int, default=300, help="notes of the demo project (default: 300)")
    parser.add_argument("--embeddings", default="word2vec", choices=("word2vec", "minilm"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--test-train-tags", action="store_true")
    options = parser.parse_args()
    facts = circumstances()
    fields = {"architecture": "annotator", "embeddings": options.embeddings, "epochs": options.epochs}
    if options.test_train_tags:
        fields["test_train_tags"] = True
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        os.environ["GENLAB_HOME"] = str(home)
        workspace = Workspace()
        report_ = workspace.import_project(options.export) if options.export else workspace.import_demo(options.tasks)
        counts = write_bare(Path(scratch) / "bare", report_.project, fields)
        series = []
        for number in range(options.repeats + 1):  # the first round is not counted: caches, bytecode
            load = os.getloadavg()[0]
            pair = ours(report_.project, fields), theirs(Path(scratch) / "bare", home)
            print(f"round {number}, load {load:.1f}: ours {pair[0]}, bare {pair[1]}", file=sys.stderr, flush=True)
            series += [pair] if number else []
    data = f"{report_.project.name}, {counts['sentences']:,} sentences, {counts['tokens']:,} tokens"
    name = f"Training against a bare script (P1, P4): {data}, {options.embeddings}, {options.epochs} epochs"
    report(name, "at most 1.10 times + 2 s; 1.05 times; 1.10 times", rows_of(series), facts, options.json)


if __name__ == "__main__":
    main()
