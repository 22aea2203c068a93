"""Entity F1 of NerDL with the default parameters, beside the CRF baseline of the same run (goal P6).

Each training goes through ``Project.train``, so it is what a user gets: Test/Train tags, rows, tokens and the CRF are
those of the run. spaCy is no dependency of this project: its figures are quoted from the reference
(``shared/reference/baselines.md``), which measured them at another time on tokens split at white space.

Run: python benchmarks/ner_quality.py [--seeds 42 43] [--embeddings word2vec minilm] EXPORT [EXPORT ...]
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import CHECKOUT, arguments, circumstances, report

if TYPE_CHECKING:
    from genlab_widgets.workspace import Project

DATA = CHECKOUT.parent / "shared" / "data"
SPACY_F1 = {"tweets_ner": 0.558, "contracts_ner": 0.794}
"""spaCy 3.8 blank, 15 epochs, quoted from ``shared/reference/baselines.md``; never measured here."""


def measure(project: Project, embeddings: str, seed: int) -> dict[str, Any]:
    """Trains once and returns the row; a training that fails ends the benchmark with its reason."""
    started = time.perf_counter()
    run = project.train(embeddings=embeddings, seed=seed, test_train_tags=True).wait()
    result, seconds = run.result, time.perf_counter() - started
    if result is None or result.benchmark is None or result.baseline is None:
        raise SystemExit(f"{run.id} ended {run.status}: {run.message}")
    found, interval, crf = result.benchmark.exact.micro, result.benchmark.f1_interval, result.baseline.exact.micro
    return {
        "project": project.name,
        "embeddings": embeddings,
        "seed": seed,
        "precision": f"{found.precision:.3f}",
        "recall": f"{found.recall:.3f}",
        "F1": f"{found.f1:.3f}",
        "95 % interval": f"{interval.low:.3f} to {interval.high:.3f}",
        "CRF, same run": f"{crf.f1:.3f}",
        "beats the CRF": "yes" if result.beats_baseline else "no",
        "spaCy (quoted)": f"{SPACY_F1[project.name]:.3f}" if project.name in SPACY_F1 else "-",
        "time (s)": round(seconds),
    }


def main() -> None:
    """Measures and prints."""
    from genlab_widgets.workspace import Workspace

    parser = arguments(__doc__ or "")
    parser.add_argument("exports", type=Path, nargs="*", default=[DATA / "tweets_ner", DATA / "contracts_ner"])
    parser.add_argument("--embeddings", nargs="+", default=["word2vec", "minilm"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[42])
    options = parser.parse_args()
    facts, rows = circumstances(), []
    goal = "at least the CRF's F1, or the result recommends the CRF"
    with tempfile.TemporaryDirectory() as home:
        os.environ["GENLAB_HOME"] = home
        workspace = Workspace()
        for export in options.exports:
            project = workspace.import_project(export).project
            for embeddings in options.embeddings:
                for seed in options.seeds:
                    rows.append(measure(project, embeddings, seed))
                    print(rows[-1], flush=True)
    report("NER quality (P6)", goal, rows, facts, options.json)


if __name__ == "__main__":
    main()
