"""Training scripts with Spark: the example of the docs as a whole run, and models that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import CustomScriptFailed
from genlab_widgets.projects.scripts import Scripts
from genlab_widgets.projects.store import Project
from genlab_widgets.training import preparation
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained, trainer_for
from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

PROGRAM = """
import sys
from pathlib import Path
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.scripts import Scripts
from genlab_widgets.training import steps
project = import_project(Path(sys.argv[1]), Path(sys.argv[2])).project
script = Scripts(project.folder).upload(Path(sys.argv[3]), None, "olga")
run = steps.begin({"project": project.name, "custom_script": script.reference, "epochs": 8})
for step in (run.prepare, run.start_baseline, run.start_spark, run.train, run.evaluate, run.publish): step()
print("FOLDER" + str(run.folder.path))
"""
SQL = """
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer

CHUNK = ("array(named_struct('annotatorType', 'chunk', 'begin', 0, 'end', 2, 'result', substr(text, 1, 3), "
         "'metadata', map('entity', '{label}'), 'embeddings', array(cast(0 as float))))")


def train(spark, rows, parameters, report):
    {before}
    return PipelineModel(stages=[SQLTransformer(statement="SELECT *, " + {column} + " FROM __THIS__")])
"""


def test_the_example_of_the_docs_trains_a_model(demo_export: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "GENLAB_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}
    example = CHECKOUT / "docs" / "example_script.py"
    command = [sys.executable, "-c", PROGRAM, str(demo_export), str(home), str(example)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    folder = RunFolder(Path(answer.stdout.rpartition("FOLDER")[2].strip()))
    result = folder.read_result()
    assert result is not None
    assert (result.script["name"], result.script["author"]) == ("example_script.py", "olga")
    assert result.spec.custom_script == f"example_script.py@{result.script['hash'][:12]}"
    assert result.embeddings["name"] == result.spec.custom_script
    assert result.graph is None
    assert result.scores.f1 is not None
    assert result.scores.f1 > 0
    assert (folder.path / "custom_script.py").read_bytes() == example.read_bytes()
    log = folder.log.read_text(encoding="utf-8")
    assert "sentences with the labels" in log
    assert "raw test task" in log  # read again by the saved pipeline, which decides where the two differ


def fit(spark: SparkSession, project: Project, scratch: Path, source: str) -> Trained:
    script = Scripts(project.folder).upload(source.encode(), "mine.py", "olga")
    spec = TrainingSpec(project=project.name, custom_script=script.reference)
    found = preparation.prepare(project, spec)
    rows = Rows(found.kind, found.labels, found.parts.train, found.parts.test, found.train, found.test)
    return trainer_for(spec).fit(spark, rows, spec, scratch, Reporter(RunFolder(scratch), spec.epochs))


def script(column: str = "CHUNK + ' AS ner_chunk'", before: str = "pass", label: str = "DRUG") -> str:
    return SQL.format(column=column, before=before, label=label)


def test_any_pipeline_that_gives_entities_is_a_model(
    spark: SparkSession, demo_project: Project, tmp_path: Path
) -> None:
    label = demo_project.labeling_config.entity_labels[0].value
    # A function of the script runs in Spark's Python workers, which cannot import it.
    before = "from pyspark.sql.functions import udf; assert spark.range(3).select(udf(lambda n: str(n))('id')).count()"
    trained = fit(spark, demo_project, tmp_path, script(before=before, label=label))
    assert all([(s.start, s.end, s.label) for s in item.spans] == [(0, 3, label)] for item in trained.predicted)
    assert trained.predicted


@pytest.mark.parametrize(
    ("source", "what", "why"),
    [
        (script("'1 AS other'"), "gives no entities", "no column ner_chunk"),
        (script("'text AS ner_chunk'"), "gives no entities", "no annotations of Spark NLP"),
        (script(label="ALIEN"), "labels that are not trained here", "It found ALIEN"),
        (script("CHUNK.replace('entity', 'other') + ' AS ner_chunk'"), "labels that are not trained", "It found None"),
        (script("'nothing AS ner_chunk'"), "cannot read texts", "nothing"),
        (script("CHUNK.replace('2', '99999') + ' AS ner_chunk'"), "cannot read texts", "IndexError|KeyError"),
        (
            "from pyspark.ml import PipelineModel, Transformer\nclass Own(Transformer):\n"
            "    def _transform(self, dataset): return dataset\n"
            "def train(spark, rows, parameters, report):\n    return PipelineModel(stages=[PipelineModel(stages=[Own()])])\n",
            "could not be loaded anywhere else",
            "Its stage Own",
        ),
        (script(before="raise_ = spark.sql('SELECT * FROM no_such_table')"), "at line 10", "no_such_table"),
    ],
)
def test_what_is_no_model_is_refused(
    spark: SparkSession, demo_project: Project, tmp_path: Path, source: str, what: str, why: str
) -> None:
    with pytest.raises(CustomScriptFailed, match=why) as caught:
        fit(spark, demo_project, tmp_path, source)
    assert what in caught.value.what
    assert caught.value.next_step
