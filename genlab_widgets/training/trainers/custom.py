"""NER by a training script of the project's owner: code that is trusted, in the run's own process.

The script gets the training rows only. Whatever it does, the run ends with a model that reads raw text, or with the
reason ``custom_script_failed``. The way it is called is documented in ``docs/user-guide.md``.
"""

from __future__ import annotations

import dataclasses
import linecache
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.errors import CustomScriptFailed, FailureReason
from genlab_widgets.projects import script_source
from genlab_widgets.projects.script_source import SIGNATURE, Cell
from genlab_widgets.projects.scripts import COPY, Script, Scripts
from genlab_widgets.projects.store import open_project
from genlab_widgets.settings import load_settings
from genlab_widgets.training.epochs import Epoch
from genlab_widgets.training.runfolder import RunFolder, failure_of
from genlab_widgets.training.spark.annotations import CHUNK
from genlab_widgets.training.trainers.base import Clock, Rows, Trained
from genlab_widgets.training.watchdog import Watchdog

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

MODULE = "genlab_custom_script"
"""Name of the script's module while it runs."""
_FILE = f"{COPY}.py"
_CHUNK_FIELDS = {"annotatorType", "begin", "end", "result", "metadata"}
_DEFAULT = "or choose the default training"
_LONGEST = 300


class Report:
    """What a script tells the run: ``report("...")`` writes a line into its log.

    Attributes:
        folder: An empty folder for files of the script, removed after the run.
    """

    def __init__(self, reporter: Reporter, folder: Path, epochs: int) -> None:
        self._reporter = reporter
        self._epochs = epochs
        self.folder = folder

    def __call__(self, text: object) -> None:
        """Writes a line into the run's log."""
        self._reporter.log(str(text))

    def epoch(self, number: int, loss: float | None = None, seconds: float = 0.0) -> None:
        """Tells that an epoch ended, counted from 1; the page then shows its loss and the time that is left."""
        self._reporter.began()
        self._reporter.epochs([Epoch(number=number, total=self._epochs, seconds=seconds, loss=loss)])

    def progress(self, fraction: float) -> None:
        """Tells how far the present epoch is, 0 to 1."""
        self._reporter.began()
        self._reporter.within(float(fraction))


class CustomScript:
    """The trainer of a spec with ``custom_script``, kind ``ner``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Runs the script; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            CustomScriptFailed: The script raised, hung or left, or its answer is no model that reads raw text.
            NotFound: No owner of the project uploaded it.
            BadInput: It was changed in the project's folder since.
            NotEnoughResources: Memory or disk did not suffice.
        """
        clock = Clock()
        scripts = Scripts(open_project(load_settings().home, spec.project).folder)
        script = scripts.find(spec.custom_script or "")
        cells = scripts.cells(script)
        own = scratch / "script"
        own.mkdir()
        with _answering(script, cells, reporter):
            reporter.log(f"The training script {script.reference} begins.")
            train = getattr(execute(cells, spec.parameters()), script_source.FUNCTION)
            answer = train(
                spark=spark,
                rows=dataclasses.replace(rows, test_examples=[], test=[]),
                parameters=spec.parameters(),
                report=Report(reporter, own, spec.epochs),
            )
            clock.mark("training")
            model = _checked(answer, script, spark, rows, scratch / "model")
            clock.mark("saving")
            with _refusing(f"The model that {script.name} returned cannot read texts."):
                predicted = self.read(spark, model, rows.test_examples)
            _check_labels(script, predicted, rows.labels)
            clock.mark("prediction")
        return Trained(
            model=model,
            predicted=predicted,
            embeddings={"name": script.reference, "title": script.title, "origin": "custom script"},
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: what the script needs is its own affair."""


def keep(spec: TrainingSpec, project: Path, folder: RunFolder) -> dict[str, str]:
    """Puts the script of a run into its folder.

    Args:
        spec: The run's settings.
        project: The project's folder.
        folder: The run's folder; it gets ``custom_script.py``.

    Returns:
        Name, hash, author and time of the upload; empty where the default trains.

    Raises:
        NotFound: No owner of the project uploaded it.
        BadInput: It was changed in the project's folder since.
    """
    if not spec.custom_script:
        return {}
    scripts = Scripts(project)
    script = scripts.find(spec.custom_script)
    scripts.copy(script, folder.path)
    return dataclasses.asdict(script)


def process_lost() -> CustomScriptFailed:
    """Returns the error of a run whose process was gone while its script ran, as only the worker can tell."""
    return CustomScriptFailed(
        "The training script ended the process that it ran in.",
        "It left with os._exit, crashed, hung beyond its time, or its process was killed from outside.",
        f"Look at the end of the log, correct the script and upload it again, {_DEFAULT}.",
    )


def execute(cells: Sequence[Cell], parameters: dict[str, Any]) -> ModuleType:
    """Runs the top level of a script, and returns it as a module.

    Args:
        cells: The script.
        parameters: In a notebook they take the place of the variables of these names that its cell ``parameters`` set.
    """
    from pyspark import cloudpickle

    text = script_source.joined(cells)
    linecache.cache[_FILE] = len(text), None, text.splitlines(keepends=True), _FILE  # tracebacks show its lines
    module = ModuleType(MODULE)
    module.__file__ = _FILE
    sys.modules[MODULE] = module  # dataclasses look their module up
    cloudpickle.register_pickle_by_value(module)  # Spark's Python workers cannot import it
    names = module.__dict__
    for cell in cells:
        exec(script_source.compiled(cell, _FILE), names)  # noqa: S102  what an owner uploaded, see docs
        if cell.parameters:
            names.update({name: value for name, value in parameters.items() if name in names})
    return module


@contextmanager
def _answering(script: Script, cells: Sequence[Cell], reporter: Reporter) -> Iterator[None]:
    """Turns whatever a script does instead of returning a model into a failure of the script."""
    minutes = load_settings().script_minutes
    hung = CustomScriptFailed(
        f"The training script {script.name} did not end within {minutes:g} minutes.",
        "That is the limit for a script (GENLAB_SCRIPT_MINUTES).",
        f"Look at the log for where it was, let it end earlier, raise the limit, {_DEFAULT}.",
        script=script.reference,
    )

    def told() -> None:
        reporter.log(f"{hung.what} It was here:\n{_main_stack()}")
        reporter.folder.write_failure(hung)

    watchdog = Watchdog(60 * minutes, told, reporter.folder.log)
    try:
        with watchdog:
            yield
    except BaseException as error:
        if watchdog.expired:
            raise hung from error
        if isinstance(error, CustomScriptFailed) or _out_of_resources(error):
            raise
        raise _raised(script, cells, error) from error
    if watchdog.expired:  # it was interrupted, and returned all the same
        raise hung


def _raised(script: Script, cells: Sequence[Cell], error: BaseException) -> CustomScriptFailed:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    at = f" at {script_source.cell_at(cells, lines[-1])}" if lines and lines[-1] else ""
    what = "left" if isinstance(error, SystemExit) else "stopped with an error"
    return CustomScriptFailed(
        f"The training script {script.name} {what}{at}.",
        f"{_told(error)}.",
        f"Correct it and upload it again, {_DEFAULT}; the log has the traceback.",
        script=script.reference,
        **({"line": lines[-1]} if lines else {}),
    )


def _checked(answer: Any, script: Script, spark: SparkSession, rows: Rows, place: Path) -> PipelineModel:
    """Returns what a script returned as another program will get it: saved, loaded again and able to read raw text."""
    from pyspark.ml import PipelineModel

    step = f"Let {SIGNATURE} return a PipelineModel from the column text to {CHUNK}, {_DEFAULT}."
    if not isinstance(answer, PipelineModel):
        given = "nothing" if answer is None else f"a {type(answer).__name__}"
        why = "What counts is a fitted pyspark.ml PipelineModel."
        raise CustomScriptFailed(f"The training script {script.name} returned {given}, no model.", why, step)
    own = next((type(stage).__name__ for stage in _stages(answer) if type(stage).__module__ == MODULE), None)
    if own is not None:
        raise CustomScriptFailed(
            f"The model that {script.name} returned could not be loaded anywhere else.",
            f"Its stage {own} is a class of the script, and other programs do not have that.",
            "Use stages of Spark ML and Spark NLP, or of a package that is installed where the model shall run.",
        )
    with _refusing(f"The model that {script.name} returned cannot be saved and loaded again."):
        answer.write().overwrite().save(str(place))
        model = PipelineModel.load(str(place))
    with _refusing(f"The model that {script.name} returned cannot read texts."):
        read = model.transform(rows_in_spark.text_rows(spark, rows.train_examples[:1])).schema
    found = read[CHUNK].dataType if CHUNK in read.names else None
    fields = set(getattr(getattr(found, "elementType", None), "names", ()))
    if not fields >= _CHUNK_FIELDS:
        why = f"Its column {CHUNK} holds no annotations of Spark NLP." if found else f"It has no column {CHUNK}."
        raise CustomScriptFailed(f"The model that {script.name} returned gives no entities.", why, step)
    return model


def _stages(model: PipelineModel) -> Iterator[Any]:
    for stage in model.stages:
        yield stage
        if isinstance(stage, type(model)):
            yield from _stages(stage)


def _check_labels(script: Script, predicted: Sequence[Example], labels: Sequence[str]) -> None:
    strangers = sorted({span.label for item in predicted for span in item.spans} - set(labels))
    if strangers:
        raise CustomScriptFailed(
            f"The model that {script.name} returned gives labels that are not trained here.",
            f"It found {', '.join(strangers[:5])}; trained are {', '.join(labels)}.",
            f"Put the label of the labeling config into the metadata 'entity' of {CHUNK}, and upload the script again.",
        )


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turns an error on the way of a script's model into a failure that says what could not be done with it."""
    try:
        yield
    except Exception as error:
        if _out_of_resources(error):
            raise
        step = f"Correct the script and upload it again, {_DEFAULT}; the log has the traceback."
        raise CustomScriptFailed(what, f"{_told(error)}.", step) from error


def _out_of_resources(error: BaseException) -> bool:
    try:
        return failure_of(error).reason is FailureReason.NOT_ENOUGH_RESOURCES
    except Exception:  # an exception that cannot even be printed
        return False


def _told(error: BaseException) -> str:
    """Returns type and first line of an error; of one from Java the line that names it."""
    try:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    except Exception:  # an exception of the script need not be printable
        lines = []
    if len(lines) > 1 and lines[0].startswith("An error occurred while calling"):
        lines = lines[1:]
    name = type(error).__name__
    return (f"{name}: {lines[0].removeprefix(': ')}" if lines else name)[:_LONGEST].rstrip(".")


def _main_stack() -> str:
    import threading

    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return "".join(traceback.format_stack(frame)[-8:]) if frame is not None else ""
