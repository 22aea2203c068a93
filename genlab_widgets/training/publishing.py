"""A trained pipeline on its way into the run's folder: saved, loaded again, compared, and put in place whole."""

from __future__ import annotations

import os
import platform
import random
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.errors import InternalError, NotFound
from genlab_widgets.training.dataset import Example, cleaned
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spark.places import Place, address

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.trainers import Trainer

_CHECKED, _LONGEST_CHECKED = 30, 10
"""Test tasks that go through the saved pipeline as raw text: some at random, and the longest."""
_PACKAGES = (
    "genlab-widgets",
    "pyspark",
    "spark-nlp",
    "papermill",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "sklearn-crfsuite",
)


_SCRATCH = ".model"


def save(model: PipelineModel, folder: Path) -> Path:
    """Saves a pipeline under a scratch name in the run's folder; returns the place."""
    place = folder / _SCRATCH
    shutil.rmtree(place, ignore_errors=True)
    model.write().overwrite().save(str(place))
    return place


def checked(
    spark: SparkSession,
    saved: Path,
    trainer: Trainer,
    gold: Sequence[Example],
    predicted: Sequence[Example],
    reporter: Reporter,
) -> list[Example]:
    """Loads the saved pipeline and lets it read raw text, as another program will.

    Some test tasks are compared with what the trainer predicted for them from its own rows. If any differs, all of
    them are predicted again by the saved pipeline: the scores are then those of the model that people get.

    Args:
        spark: The session.
        saved: Place of the saved pipeline.
        trainer: Knows how its pipelines are read.
        gold: The test tasks.
        predicted: The test tasks with the spans that the trainer predicted.
        reporter: Gets a line that says what was compared.

    Returns:
        The test tasks with the spans of the saved pipeline.
    """
    from pyspark.ml import PipelineModel

    loaded = PipelineModel.load(str(saved))
    found = {example.task_id: example for example in predicted}
    sample = _sample(gold)
    again = trainer.read(spark, loaded, sample)
    differing = sum(_spans(found[item.task_id]) != _spans(item) for item in again)
    if not differing:
        reporter.log(f"The saved pipeline, loaded again, finds the same in {len(sample)} raw test tasks.")
        return list(predicted)
    reporter.log(f"{differing} of {len(sample)} raw test tasks differ: the saved pipeline now reads all of them.")
    return trainer.read(spark, loaded, gold)


def loaded(spark: SparkSession, folder: RunFolder, name: str, places: ExitStack) -> tuple[Trainer, PipelineModel]:
    """Loads the published pipeline of a run, with the trainer that knows how it is read.

    Args:
        spark: The session.
        folder: The run.
        name: How its model is called.
        places: The link that the folder's name may make necessary lasts as long.

    Raises:
        NotFound: The run's files are gone.
    """
    from pyspark.ml import PipelineModel

    from genlab_widgets.training.trainers import trainer_for

    result = folder.read_result()
    if result is None or not folder.model.is_dir():
        why = f"{folder.model} is not there."
        raise NotFound(f"The files of {name} are gone.", why, "Train again.", model=name)
    place = Place(folder.path)
    places.callback(place.close)
    pipeline = PipelineModel.read().session(spark).load(address(place.path / folder.model.name))
    return trainer_for(result.used), pipeline


def publish(folder: RunFolder) -> dict[str, int]:
    """Gives the saved pipeline its name; returns its files with their sizes in bytes.

    Raises:
        InternalError: Nothing was saved.
    """
    place = folder.path / _SCRATCH
    if not (place / "metadata").is_dir():
        raise InternalError("The model was not saved.", f"{place.name} has no metadata.", "Train again.")
    if folder.model.exists():
        shutil.rmtree(folder.model)
    os.replace(place, folder.model)
    files = sorted(path for path in folder.model.rglob("*") if path.is_file() and path.suffix != ".crc")
    return {path.relative_to(folder.model).as_posix(): path.stat().st_size for path in files}


def versions(spark: SparkSession) -> dict[str, str]:
    """Returns the versions that a training depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    jvm = spark.sparkContext._jvm
    found["java"] = str(jvm.java.lang.System.getProperty("java.version")) if jvm is not None else "unknown"
    return found


def _sample(examples: Sequence[Example]) -> list[Example]:
    by_length = sorted(examples, key=lambda item: -len(item.text))
    rest = by_length[_LONGEST_CHECKED:]
    return [*by_length[:_LONGEST_CHECKED], *random.Random(0).sample(rest, min(_CHECKED, len(rest)))]


def _spans(example: Example) -> tuple[object, ...]:
    return cleaned(example).spans
