"""A saved model is measured on the test tasks of today, and a new one beside it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import NotFound, TooFewCompletions
from genlab_widgets.training import dataset, evaluation
from genlab_widgets.training.dataset import AlignmentReport, Example
from genlab_widgets.training.kinds.ner import NER
from genlab_widgets.training.preparation import Prepared
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.split import Parts
from genlab_widgets.training.trainers import Rows, trainer_for
from tests.samples import result_of
from tests.training.test_baseline import toy

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
LABELS = ("DRUG", "DOSE")
SPEC = TrainingSpec(project="notes", architecture="crf", epochs=20)
LEARNED = toy(60)
TEST = [*toy(20, 100, seed=2), LEARNED[0]]
NEW = {item.task_id for item in TEST} - {112, LEARNED[0].task_id}  # 112 says by chance what another one says


def prepared(test: list[Example]) -> Prepared:
    train, tagged = dataset.build(LEARNED)[0], dataset.build(test)[0]
    return Prepared(NER, Parts(LEARNED, test), train, tagged, LABELS, Counter(), AlignmentReport())


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run of a model that was trained earlier; its name needs a link for Spark to read it."""
    found = RunFolder(tmp_path_factory.mktemp("notes, one") / "notes-0001").create()
    sentences = dataset.build(LEARNED)[0]
    dataset.write(found.dataset, sentences, [], LEARNED, [])
    rows = Rows(NER, LABELS, LEARNED, [], sentences, [])
    trained = trainer_for(SPEC).fit(spark, rows, SPEC, found.path, Reporter(found, SPEC.epochs))
    scratch = tmp_path_factory.mktemp("scratch") / "model"
    trained.model.write().save(str(scratch))
    scratch.rename(found.model)
    found.write_result(result_of("notes-0001", SPEC, "notes"))
    return found


def test_tasks_that_it_has_learned_from_do_not_count(spark: SparkSession, folder: RunFolder) -> None:
    found = evaluation.measure(spark, "old", folder, prepared(TEST), 42)
    assert {row[0] for row in found.documents} == NEW
    assert found.f1 > 0.9
    with pytest.raises(TooFewCompletions, match="learned from every one"):
        evaluation.measure(spark, "old", folder, prepared(LEARNED[:5]), 42)


def test_a_new_model_is_compared_on_the_same_tasks(spark: SparkSession, folder: RunFolder, tmp_path: Path) -> None:
    blank = [item.with_spans(()) for item in TEST]
    worse = evaluation.against(spark, "old", folder, prepared(TEST), blank, 42)
    assert (worse.tasks, worse.new_f1, worse.is_beaten) == (19, 0.0, False)
    assert "which is deployed" in worse.note
    same = evaluation.against(spark, "old", folder, prepared(TEST), evaluation.read(spark, "old", folder, TEST), 42)
    assert same.f1 == same.new_f1
    assert not same.is_beaten
    gone = evaluation.against(spark, "old", RunFolder(tmp_path / "gone"), prepared(TEST), blank, 42)
    assert not gone.is_beaten
    assert "could not be measured" in gone.note
    with pytest.raises(NotFound):
        evaluation.read(spark, "old", RunFolder(tmp_path / "gone"), TEST)
