"""A model that was saved before, on the test tasks of today: is it still good, and is a new one better?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import benchmark, dataset, publishing
from genlab_widgets.training.runfolder import Incumbent, failure_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.preparation import Prepared
    from genlab_widgets.training.runfolder import RunFolder
    from genlab_widgets.training.scores import Benchmark


def unseen(folder: RunFolder, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples whose text a model has not learned from; all of them where its rows are gone.

    Args:
        folder: The model's run.
        examples: Test tasks.
    """
    if not folder.dataset.is_dir():
        return list(examples)
    learned = {example.text for example in dataset.read_examples(folder.dataset)[0]}
    return [example for example in examples if example.text not in learned]


def read(spark: SparkSession, name: str, folder: RunFolder, examples: Sequence[Example]) -> list[Example]:
    """Returns examples with what a model finds in them.

    Args:
        spark: A running session.
        name: The model.
        folder: Its run.
        examples: What it reads.

    Raises:
        NotFound: The run's files are gone.
    """
    with ExitStack() as places:
        trainer, pipeline = publishing.loaded(spark, folder, name, places)
        return trainer.read(spark, pipeline, examples)


def measure(spark: SparkSession, name: str, folder: RunFolder, prepared: Prepared, seed: int) -> Benchmark:
    """Scores a model on those of the test tasks that it has not learned from.

    Args:
        spark: A running session.
        name: The model.
        folder: Its run.
        prepared: The rows whose test part is read.
        seed: Seed of the bootstrap.

    Raises:
        NotFound: The run's files are gone.
        TooFewCompletions: It has learned from all of them.
    """
    gold = unseen(folder, prepared.parts.test)
    if not gold:
        raise TooFewCompletions(
            "The model cannot be measured on these tasks.",
            "It has learned from every one of them.",
            "Complete more tasks, or give tasks that it has not seen the Test tag.",
        )
    return benchmark.evaluate(prepared.kind, gold, read(spark, name, folder, gold), prepared.labels, seed)


def against(
    spark: SparkSession, name: str, folder: RunFolder, prepared: Prepared, predicted: Sequence[Example], seed: int
) -> Incumbent:
    """Compares a new model with one that is deployed, on the test tasks from which that one has not learned.

    Args:
        spark: A running session.
        name: The deployed model.
        folder: Its run.
        prepared: The rows of the new model.
        predicted: The test tasks with what the new model finds.
        seed: Seed of the bootstrap.

    Returns:
        Both F1; without them, and with the reason, where the deployed model cannot be measured.
    """
    try:
        old = measure(spark, name, folder, prepared, seed)
    except Exception as error:  # an old model that is broken must not cost the new one
        failure = failure_of(error)
        return Incumbent(
            model=name, note=f"{name}, which is deployed, could not be measured: {failure.what} {failure.why}"
        )
    fair = {row[0] for row in old.documents}
    gold, found = ([item for item in part if item.task_id in fair] for part in (prepared.parts.test, predicted))
    new = benchmark.evaluate(prepared.kind, gold, found, prepared.labels, seed)
    note = f"On {len(fair):,} test tasks F1 is {new.f1:.3f}; {name}, which is deployed, has {old.f1:.3f}."
    return Incumbent(model=name, f1=old.f1, new_f1=new.f1, tasks=len(fair), note=note)
