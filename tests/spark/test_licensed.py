"""What can be tested of licensed trainers without the packages: everything but the licensed class itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.preparation import tagged
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.split import Parts
from genlab_widgets.training.trainers import Rows, licensed
from tests.samples import LABELS, text_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


def rows_of(kind: str, labels: tuple[str, ...], train: list[Example], test: list[Example]) -> Rows:
    learned = kind_of(kind)
    sentences, tested, _ = tagged(learned, Parts(train, test))
    return Rows(learned, labels, train, test, sentences, tested)


def test_entities_are_learned_by_whatever_class_the_library_has(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparknlp.annotator import NerDLApproach

    monkeypatch.setattr(licensed, "import_module", lambda name: SimpleNamespace(MedicalNerApproach=NerDLApproach))
    examples = [Example(number, *text_of(number)) for number in range(1, 41)]
    rows = rows_of("ner", LABELS, examples[:32], examples[32:])
    spec = TrainingSpec(
        project="notes", library="healthcare", architecture="annotator", embeddings="word2vec", epochs=8,
        learning_rate=0.01,
    )  # fmt: skip
    folder = RunFolder(tmp_path / "run").create()
    trained = licensed.LicensedNer("healthcare").fit(spark, rows, spec, tmp_path, Reporter(folder, spec.epochs))
    assert [item.task_id for item in trained.predicted] == [item.task_id for item in rows.test_examples]
    assert any(item.spans for item in trained.predicted)
    assert len(folder.epochs()) == spec.epochs


def test_assertion_rows_name_each_entity_by_its_tokens(spark: SparkSession) -> None:
    text = "No fever today \U0001f600. Pain in the left knee."
    spans = (Span(3, 8, "absent"), Span(text.index("left"), text.index("knee") + 4, "present"))
    rows = rows_of("assertion", ("absent", "present"), [Example(1, text, spans)], [Example(2, text, spans)])
    from genlab_widgets.training.spark import annotations

    found = licensed.target_rows(spark, annotations.sentence_rows(spark, rows.train), rows).collect()
    told = sorted((row["start"], row["end"], row["status"], row["ner_chunk"][0]["result"]) for row in found)
    assert told == [(1, 1, "absent", "fever"), (8, 9, "present", "left knee")]
    assert all(row["token"][row["start"]]["begin"] == row["ner_chunk"][0]["begin"] for row in found)
