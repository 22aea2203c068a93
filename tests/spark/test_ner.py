"""NER trained for real, on the demo project: the run's folder, and the model in a program that knows nothing of us."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from genlab_widgets.errors import Conflict, GenlabError
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.workspace import Workspace
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.spark

PLAIN_PROGRAM = """
import json, sys
from pathlib import Path
from genlab_widgets.training.spark import session
spark = session.start("plain", Path(sys.argv[2]))
for name in [name for name in sys.modules if name.startswith("genlab_widgets")]:
    del sys.modules[name]
from pyspark.ml import PipelineModel
model = PipelineModel.load(sys.argv[1])
frame = spark.createDataFrame([(sys.argv[3],)], ["text"])
chunks = model.transform(frame).collect()[0].ner_chunk
print("FOUND" + json.dumps([[c.begin, c.end, c.result, c.metadata["entity"], float(c.metadata["confidence"])] for c in chunks]))
"""
"""Only the session is ours (it knows where the jars are); the model is read by Spark NLP alone."""


@pytest.fixture(scope="module")
def trained(demo_export: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of the demo project, six epochs on embeddings of its own, in a process of its own."""
    home = tmp_path_factory.mktemp("home with {braces} and blanks")
    program = (
        "import sys; from pathlib import Path\n"
        "from genlab_widgets.projects.importing import import_project\n"
        "from genlab_widgets.training import steps\n"
        "project = import_project(Path(sys.argv[1]), Path(sys.argv[2])).project\n"
        "run = steps.begin({'project': project.name, 'embeddings': 'word2vec', 'epochs': 6})\n"
        "for step in (run.prepare, run.start_baseline, run.start_spark, run.train, run.evaluate, run.publish): step()\n"
        "print('FOLDER' + str(run.folder.path))\n"
    )
    environment = {**os.environ, "GENLAB_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", program, str(demo_export), str(home)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return RunFolder(Path(answer.stdout.rpartition("FOLDER")[2].strip()))


def test_the_result_is_complete(trained: RunFolder) -> None:
    result = trained.read_result()
    assert result is not None
    assert result.kind == "ner"
    assert result.scores.f1 is not None
    assert 0 < result.scores.f1 <= 1
    assert [epoch.number for epoch in result.epochs] == [1, 2, 3, 4, 5, 6]
    assert all(epoch.test is not None for epoch in result.epochs)
    losses = [epoch.loss for epoch in result.epochs]
    assert losses[-1] < losses[0]  # type: ignore[operator]
    assert result.baseline is not None
    assert result.benchmark is not None
    assert result.benchmark.token.micro.f1 == pytest.approx(result.epochs[-1].test.micro.f1, abs=0.05)  # type: ignore[union-attr]
    assert result.embeddings["name"] == "word2vec"
    assert result.graph is not None
    assert result.graph.startswith("ner-dl/blstm_")
    assert set(result.durations) >= {"prepare", "train", "evaluate", "embeddings", "training"}
    assert result.versions["spark-nlp"] == "5.5.3"


def test_the_run_folder_holds_the_record_and_no_scratch(trained: RunFolder) -> None:
    names = {path.name for path in trained.path.iterdir()}
    assert names == {
        *("spec.json", "training.log", "metrics.jsonl", "progress.json"),
        *("baseline.json", "result.json", "dataset", "model"),
    }
    result = trained.read_result()
    assert result is not None
    assert {name: (trained.model / name).stat().st_size for name in result.model_files} == result.model_files
    log = trained.log.read_text(encoding="utf-8")
    for word in ("Parameters: ", "Name of the selected graph", "Epoch 6/6", "Confusion matrix", "raw test task"):
        assert word in log


def test_plain_spark_nlp_loads_the_model_and_tags_raw_text(trained: RunFolder, tmp_path: Path) -> None:
    result = trained.read_result()
    assert result is not None
    text = _text(trained)
    place = tmp_path / "model"  # Spark takes the braces in the home's name for a pattern; a link has none
    place.symlink_to(trained.model, target_is_directory=True)
    command = [sys.executable, "-c", PLAIN_PROGRAM, str(place), str(tmp_path), text]
    answer = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.rpartition("FOUND")[2])
    assert found
    in_java = text.encode("utf-16-le")
    for begin, end, result_text, label, confidence in found:
        assert in_java[2 * begin : 2 * (end + 1)].decode("utf-16-le") == result_text
        assert label in result.benchmark.labels  # type: ignore[union-attr]
        assert 0 <= confidence <= 1


def _text(folder: RunFolder) -> str:
    """Returns the test tasks as one text: in some of them the model has found something, since its F1 is not 0."""
    import pyarrow.parquet as pq

    tasks = pq.read_table(folder.dataset / "test_tasks.parquet").to_pylist()
    return "\U0001f600 " + "\n".join(str(task["text"]) for task in tasks)


def test_the_command_lets_the_model_read_texts(trained: RunFolder, tmp_path: Path) -> None:
    """The run was made by hand; listing the models adopts it."""
    home = trained.path.parent.parent
    environment = {**os.environ, "GENLAB_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}

    def genlab(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("genlab")), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert genlab("runs").returncode == 0
    [model] = json.loads(genlab("models", "--json").stdout)
    text = _text(trained)
    (tmp_path / "note.txt").write_text(text, encoding="utf-8")
    answer = genlab("preannotate", model["name"], str(tmp_path), "--out", str(tmp_path / "out.json"), "--json")
    assert answer.returncode == 0, answer.stderr
    [task] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert json.loads(answer.stdout)["tasks"] == [task]
    items = task["predictions"][0]["result"]
    assert items, "the model found nothing in a text of the project's own kind"
    assert 0 <= task["predictions"][0]["score"] <= 1
    for item in items:
        value = item["value"]
        assert 0 <= item["score"] == value["confidence"] <= 1
        assert text[value["start"] : value["end"]] == value["text"]
        assert (item["from_name"], item["to_name"], item["type"]) == ("label", "text", "labels")
    least = max(item["score"] for item in items)
    surest = [item["value"]["text"] for item in items if item["score"] >= least]
    shown = genlab("preannotate", model["name"], str(tmp_path / "note.txt"), "--min-score", repr(least)).stdout
    head, *rows = shown.splitlines()
    assert head.split() == ["task", "label", "text", "score"]
    assert len(rows) == len(surest)
    assert all(text in row and f"{least:.3f}" in row for text, row in zip(surest, rows, strict=True))


def test_a_reader_keeps_the_model_for_the_next_text_and_says_why_it_cannot_read(trained: RunFolder) -> None:
    workspace = Workspace(trained.path.parent.parent)
    workspace.reconcile()
    [model] = workspace.models()
    reader = model.reader()
    try:
        assert not reader.started
        first = reader.read(_text(trained))
        assert reader.started
        assert reader.read(_text(trained)) == first
        assert first
        assert all(0 <= item["score"] <= 1 for item in first)
        assert reader.read("") == []
    finally:
        reader.close()
    assert not reader.started
    aside = trained.model.rename(trained.path / "aside")
    another = model.reader()
    try:
        with pytest.raises(GenlabError, match="are gone"):
            another.read("No fever today.")
    finally:
        another.close()
        aside.rename(trained.model)


def test_the_project_is_read_in_a_process_of_its_own(trained: RunFolder) -> None:
    workspace = Workspace(trained.path.parent.parent, user="guest")
    workspace.reconcile()
    [model] = workspace.models()
    model.deploy()
    project = workspace.project(model.project)
    reading = project.preannotation
    reading.start(everything=True, doubtful_first=True)
    assert reading.running
    with pytest.raises(Conflict, match="already"):
        project.preannotation.start()
    deadline = time.monotonic() + 300
    while project.preannotation.running and time.monotonic() < deadline:
        time.sleep(0.5)
    state = reading.state
    assert state is not None
    assert (state.error, state.read) == ("", project.task_count)
    with zipfile.ZipFile(io.BytesIO(reading.packed())) as archive:
        tasks = json.loads(archive.read("predictions.json"))
    assert sum(len(task["predictions"][0]["result"]) for task in tasks) == state.items
    model.undo_deploy()


def test_the_command_measures_the_model_again(trained: RunFolder) -> None:
    """On the same test tasks it has the same scores."""
    home = trained.path.parent.parent
    workspace = Workspace(home)
    workspace.reconcile()
    [model] = workspace.models()
    environment = {**os.environ, "GENLAB_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}
    command = [str(Path(sys.executable).with_name("genlab")), "evaluate", model.name]
    answer = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["f1"] == pytest.approx(model.f1)
    assert told["tasks"] == len(model.benchmark.documents)  # type: ignore[union-attr]
