"""Quality and wall time of what a user gets who chooses nothing: "automatic", on the Test tasks, beside the baseline.

    python benchmarks/quality.py EXPORT [EXPORT ...] --kinds ner classification --json quality.jsonl
    python benchmarks/quality.py EXPORT --kinds ner --fields architecture=annotator embeddings=word2vec

Each training goes through ``Project.train``, so rows, tokens and the baseline are those of the run. A line is written
after each finished training, and a training whose line is there already is not repeated; one that failed is tried again
at the next start. ``--fields`` gives fields of the spec, to measure something other than "automatic"; a line with other
fields is another measurement. ``--home`` keeps runs and models, for example for ``prediction_speed.py``.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import CHECKOUT, Lines, arguments, circumstances, report

if TYPE_CHECKING:
    from genlab_widgets.training.runfolder import Result
    from genlab_widgets.training.scores import Benchmark
    from genlab_widgets.workspace import Project, Run

DATA = CHECKOUT.parent / "shared" / "data"
EXPORTS = [DATA / name for name in ("tweets_ner", "contracts_ner", "bank_requests_mixed", "bank_topics")]
KINDS = ("ner", "classification")
GOALS = {
    ("tweets_ner", "ner"): 0.70,
    ("contracts_ner", "ner"): 0.84,
    ("bank_requests_mixed", "ner"): 0.52,
    ("bank_requests_mixed", "classification"): 0.85,
    ("bank_topics", "classification"): 0.99,
}
"""F1 that "automatic" shall reach; of a single choice that is the accuracy."""
KEY = ("project", "kind", "seed", "fields")


def main() -> None:
    from genlab_widgets.workspace import Workspace

    parser = arguments(__doc__ or "", rounds=False)
    parser.add_argument("exports", type=Path, nargs="*", default=EXPORTS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="those that the project has")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44])
    parser.add_argument("--fields", nargs="+", default=[], metavar="NAME=VALUE", help="fields of the spec")
    parser.add_argument("--home", type=Path, help="the workspace, to keep it")
    options = parser.parse_args()
    facts, lines = circumstances(), Lines(options.json, KEY)
    fields = dict(field.split("=", 1) for field in options.fields)
    rows, failed = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["GENLAB_HOME"] = str((options.home or Path(scratch)).absolute())
        workspace = Workspace()
        for export in options.exports:
            project = workspace.import_project(export).project
            for kind in kinds_of(project, options.kinds):
                key = {"project": project.name, "kind": kind, "fields": fields}
                failed += sum(not measured(project, {**key, "seed": seed}, lines) for seed in options.seeds)
                rows += [summary(found)] if (found := lines.rows(**key)) else []
    if rows:
        told = " ".join(options.fields) or "automatic"
        report(f"Quality ({told})", "the F1 in the table, for automatic", rows, facts, None)
    sys.exit(f"{failed} failed: start again to repeat them." if failed else 0)


def kinds_of(project: Project, wanted: list[str]) -> list[str]:
    """Returns the kinds that the project's labeling config describes, of those that are wanted."""
    described = {str(kind) for kind in project.labeling_config.kinds()}
    return [kind for kind in wanted if kind in described]


def measured(project: Project, key: dict[str, Any], lines: Lines) -> bool:
    """Trains once, if that is not measured yet, and says whether it is now; of a failure the reason is printed."""
    if lines.done(**key):
        return True
    facts, began = circumstances(), time.perf_counter()
    run = project.train(kind=key["kind"], seed=key["seed"], test_train_tags=True, **key["fields"]).wait()
    seconds = time.perf_counter() - began
    if run.result is None or run.result.benchmark is None:
        print(f"{run.id} ended {run.status}: {run.message}", file=sys.stderr, flush=True)
        return False
    lines.add({**key, **scores(run, run.result, run.result.benchmark), "seconds": round(seconds, 1), **facts})
    return True


def scores(run: Run, result: Result, found: Benchmark) -> dict[str, Any]:
    """Returns what the run's result says, Spark's start apart from the other seconds."""
    parts, baseline = dict(result.durations), result.baseline
    return {
        "run": run.id,
        "architecture": result.architecture,
        "why": reason(run),
        "epochs": len(result.epochs),
        "precision": round(found.headline.precision, 4),
        "recall": round(found.headline.recall, 4),
        "f1": round(found.f1, 4),
        "interval": [round(found.f1_interval.low, 4), round(found.f1_interval.high, 4)],
        "accuracy": None if found.accuracy is None else round(found.accuracy, 4),
        "baseline_f1": None if baseline is None else round(baseline.f1, 4),
        "spark_start_seconds": parts.pop("start_spark", None),
        "parts": parts,
    }


def reason(run: Run) -> str:
    """Returns the sentence by which "automatic" gave its last reason; empty where nothing was automatic."""
    stamped = run.folder.log.read_text(encoding="utf-8").splitlines()
    said = [text for _, _, text in (line.partition(" ") for line in stamped) if text.startswith("Automatic ")]
    return said[-1] if said else ""


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns one table row for all seeds of a project and kind; of a single choice F1 is the accuracy."""
    mean = {name: statistics.mean(row[name] for row in rows) for name in ("f1", "seconds")}
    baselines = [row["baseline_f1"] for row in rows if row["baseline_f1"] is not None]
    return {
        "project": rows[0]["project"],
        "kind": rows[0]["kind"],
        "architecture": ", ".join(sorted({str(row["architecture"]) for row in rows})),
        "seeds": len(rows),
        "F1": f"{mean['f1']:.3f}",
        "by seed": ", ".join(f"{row['f1']:.3f}" for row in sorted(rows, key=lambda row: row["seed"])),
        "95 % interval of each": ", ".join(f"{low:.3f} to {high:.3f}" for low, high in (r["interval"] for r in rows)),
        "goal": GOALS.get((rows[0]["project"], rows[0]["kind"]), "-"),
        "baseline": f"{statistics.mean(baselines):.3f}" if baselines else "-",
        "seconds": round(mean["seconds"]),
        "Spark's start": round(statistics.mean(row["spark_start_seconds"] for row in rows)),
        "void": sum(row["void"] for row in rows),
    }


if __name__ == "__main__":
    main()
