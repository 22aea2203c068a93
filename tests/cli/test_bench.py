"""``genlab bench visual-ner`` and what ``genlab doctor`` says of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.cli import bench
from genlab_widgets.resources import gpu
from genlab_widgets.workspace import Project, Workspace
from tests.cli.conftest import Genlab
from tests.resources.test_licenses import LATER, SECRET, token
from tests.samples import finish

MEASURED = [bench.Speed("CPU: 2 cores", "measured", 120, 8.0, 0.9, 0.8, 16, "receipts-0001")]


def test_the_table_has_their_rows_and_says_that_they_are_theirs() -> None:
    told = bench.report(MEASURED)
    assert "John Snow Labs" in told
    assert "225.0" in told
    assert "26.0" in told
    assert "15.0" in told  # tasks a minute
    assert "714 tasks would take about 48 minutes" in told
    assert "8.7x" in told
    assert "Your GPU" not in told


def test_a_gpu_brings_the_speed_up() -> None:
    told = bench.report([*MEASURED, bench.Speed("GPU: T4", "measured", 120, 1.0, 0.9)])
    assert "Your GPU beside your CPU: 8.0x." in told


def test_it_trains_with_the_parameters_given(genlab: Genlab, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training itself is a finished one: what it was asked for is what is tested here."""
    asked: list[dict[str, object]] = []

    class Found:
        train, test = 60, 40

    def train(self: Project, **fields: object) -> object:
        asked.append(fields)
        spec = self.spec(**{**fields, "kind": "ner"})
        return finish(self.workspace, spec, self.name)

    monkeypatch.setattr(Project, "check", lambda self, **fields: Found)
    monkeypatch.setattr(Project, "train", train)
    monkeypatch.setattr(bench.gpu, "found", lambda: (gpu.Gpu("Tesla T4", 15360.0),))
    answer = genlab("bench", "visual-ner", "notes", "--epochs", 3, "--batch", 4, "--test-share", 0.3, "--json")
    assert answer.code == 0, answer.err
    assert [fields["use_gpu"] for fields in asked] == [False, True]
    assert asked[0]["kind"] == "visual_ner"
    assert (asked[0]["epochs"], asked[0]["batch_size"], asked[0]["validation_split"]) == (3, 4, 0.3)
    rows = answer.json
    assert [row["tasks"] for row in rows] == [100, 100, 714, 714]
    assert rows[0]["f1"] > 0.5
    assert rows[1]["where"].startswith("GPU: Tesla T4")


def test_a_project_of_texts_is_refused(genlab: Genlab, project: Project) -> None:
    answer = genlab("bench", "visual-ner", "notes")
    assert answer.code == 2
    assert "Visual NER cannot be trained here" in answer.err
    assert genlab("bench", "visual-ner", "nowhere").code == 4


def test_doctor_tells_gpu_trainers_and_licences(
    genlab: Genlab, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = ("--only", "gpu", "--only", "trainers", "--only", "licences", "--only", "memory")
    told = {check["name"]: check for check in genlab("doctor", "--json", *only).json["checks"]}
    assert told["gpu"]["message"].startswith("No GPU found")
    assert "Visual NER, fine-tuned" in told["trainers"]["message"]
    assert told["licences"]["message"].startswith("none found")
    assert "free of" in told["memory"]["message"]
    monkeypatch.setenv("SPARK_OCR_LICENSE", token(scope="ocr:training", exp=LATER))
    answer = genlab("doctor", "--only", "licences")
    assert "ocr: training, until 2099-01-01, spark-ocr is not installed" in answer.out
    assert SECRET not in answer.out


def test_doctor_warns_of_a_licence_that_ended(genlab: Genlab, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", token(exp=1))
    (check,) = genlab("doctor", "--json", "--only", "licences").json["checks"]
    assert check["level"] == "warn"
    assert "expired" in check["message"]
