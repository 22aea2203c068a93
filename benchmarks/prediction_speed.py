"""Texts a second that two saved pipelines read on Spark, in turns: for example a fine-tuned one against NerDL.

    python benchmarks/prediction_speed.py MODEL_A MODEL_B --texts EXPORT --count 500 --repeats 5
    python benchmarks/prediction_speed.py tweets_ner-0001 tweets_ner-0002 --home HOME

A model is a saved pipeline's folder, a run's folder, or the id of a run in the workspace (``--home``, else the usual
one). Both are loaded by plain ``PipelineModel.load`` into one session, and read the same texts, which lie in memory,
to the end: all that the last stage found is collected. The first reading of each is not counted.
"""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import CHECKOUT, arguments, circumstances, in_turns, report

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

DATA = CHECKOUT.parent / "shared" / "data"


def main() -> None:
    from genlab_widgets.training.spark import session

    parser = arguments(__doc__ or "")
    parser.add_argument("a", help="a pipeline's folder, a run's folder or the id of a run")
    parser.add_argument("b", help="the same of the other pipeline")
    parser.add_argument("--texts", type=Path, default=DATA / "tweets_ner", help="an export whose texts are read")
    parser.add_argument("--count", type=int, default=500, help="texts, repeated where the export has fewer")
    parser.add_argument("--home", type=Path, help="the workspace in which ids of runs are looked up")
    options = parser.parse_args()
    if options.home:
        os.environ["GENLAB_HOME"] = str(options.home.absolute())
    folders = [folder_of(model) for model in (options.a, options.b)]
    texts = read_texts(options.texts, options.count)
    facts = circumstances()
    with session.borrowed("prediction speed") as spark:
        frame = rows(spark, texts)
        first, second = (load(folder) for folder in folders)
        turns = in_turns(lambda: seconds(first, frame), lambda: seconds(second, frame), options.repeats)
        found = [shown(folders[0], first, turns.a, len(texts)), shown(folders[1], second, turns.b, len(texts))]
    name = f"Prediction on Spark: {len(texts):,} texts, {sum(map(len, texts)):,} characters"
    told = f"none; the first reads {1 / turns.ratio:.2f} times as many texts a second as the second"
    report(name, told, found, facts, options.json)


def folder_of(model: str) -> Path:
    """Returns the folder of a saved pipeline."""
    from genlab_widgets.workspace import Workspace

    if not Path(model).is_dir():
        return Workspace().run(model).folder.model
    inside = Path(model) / "model"
    return (inside if inside.is_dir() else Path(model)).absolute()


def read_texts(export: Path, count: int) -> list[str]:
    """Returns so many texts of an export, in their order."""
    from genlab_widgets.projects.importing import import_project

    with tempfile.TemporaryDirectory() as home:
        tasks = import_project(export, Path(home)).project.tasks()
        return list(itertools.islice(itertools.cycle([task.text for task in tasks]), count))


def rows(spark: SparkSession, texts: list[str]) -> DataFrame:
    """Returns the texts as rows in Spark's memory, divided among its cores."""
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    kept = frame.repartition(spark.sparkContext.defaultParallelism).persist()
    kept.count()
    return kept


def load(folder: Path) -> PipelineModel:
    """Loads a saved pipeline as anybody would."""
    from pyspark.ml import PipelineModel

    from genlab_widgets.training.spark.places import address

    return PipelineModel.load(address(folder))


def column(model: PipelineModel) -> str:
    """Returns the column that the last stage writes."""
    return str(model.stages[-1].getOutputCol())


def seconds(model: PipelineModel, frame: DataFrame) -> float:
    """Lets a pipeline read all rows, and returns what that took."""
    began = time.perf_counter()
    model.transform(frame).select(f"{column(model)}.result").collect()
    return time.perf_counter() - began


def shown(folder: Path, model: PipelineModel, series: list[float], texts: int) -> dict[str, Any]:
    """Returns one table row."""
    return {
        "model": folder.parent.name if folder.name == "model" else folder.name,
        "stages": ", ".join(type(stage).__name__ for stage in model.stages),
        "texts a second": round(texts / statistics.median(series), 1),
        "median (s)": round(statistics.median(series), 2),
        "rounds (s)": ", ".join(f"{value:.2f}" for value in series),
    }


if __name__ == "__main__":
    main()
