"""The steps of a training, as the cells of a template call them one after the other.

    run = steps.begin(globals())
    run.prepare(); run.start_baseline(); run.train(); run.evaluate(); run.publish()

Each step returns what its cell shows. Any error is written to the run's log (with its traceback) and to
``failure.json`` (as sentences) before it leaves the notebook, so the outcome never has to be read from a notebook.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from genlab_widgets.errors import GenlabError, InternalError, NotEnoughResources, NotFound
from genlab_widgets.settings import load_settings
from genlab_widgets.training import automatic, baseline_process, page_marks, preparation, readiness, report
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import Incumbent, Result, RunFolder, Scores, failure_of
from genlab_widgets.training.spark.places import Place
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained, Trainer, custom, trainer_for

if TYPE_CHECKING:
    from PIL.Image import Image
    from pyspark.sql import SparkSession

    from genlab_widgets.projects.store import Project
    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.figures import Drawing
    from genlab_widgets.training.page_marks import MarkedPage
    from genlab_widgets.training.scores import Benchmark

RUN_FOLDER = "GENLAB_RUN_FOLDER"
"""Environment variable by which a worker names the folder; by hand there is none, and a new folder is made."""

_R = TypeVar("_R")


def begin(parameters: Mapping[str, Any]) -> Training:
    """Reads the parameters of the notebook and opens the run's folder.

    Args:
        parameters: The notebook's variables; those named like fields of the spec are taken, None is the default.

    Raises:
        WrongParameters: A field is out of range.
        NotFound: There is no such project.
    """
    fields = {name: parameters[name] for name in TrainingSpec.model_fields if parameters.get(name) is not None}
    given = os.environ.get(RUN_FOLDER)
    if given:
        return _opened(RunFolder(Path(given)), fields)
    name = time.strftime("hand-%Y%m%d-%H%M%S")
    project = str(fields.get("project", "")).rstrip("/").rpartition("/")[2] or "project"
    return _opened(RunFolder(load_settings().home / "runs" / f"{project}-{name}").create(), fields)


def _opened(folder: RunFolder, fields: Mapping[str, Any]) -> Training:
    from genlab_widgets.projects.store import open_project

    try:
        spec = TrainingSpec.parse(dict(fields))
        project = open_project(load_settings().home, spec.project)
        spec = kind_of(spec.kind).complete(spec, project.labeling_config)
        if folder.read_spec() is None:
            folder.write_spec(spec)
        return Training(spec, folder, project)
    except GenlabError as error:
        _record(folder, Reporter(folder, 1), error)
        raise


def _recorded(method: Callable[[Training], _R]) -> Callable[[Training], _R]:
    """Times a step and reports it; an error in it is recorded before it goes on."""

    @functools.wraps(method)
    def step(self: Training) -> _R:
        started = time.monotonic()
        try:
            self.reporter.step(method.__name__)
            return method(self)
        except Exception as error:
            self.close()
            explained = _record(self.folder, self.reporter, error)
            raise explained from (None if explained is error else error)
        finally:
            self.durations[method.__name__] = round(time.monotonic() - started, 2)

    return step


def _record(folder: RunFolder, reporter: Reporter, error: Exception) -> GenlabError:
    """Writes log and ``failure.json``; returns the error as sentences."""
    reporter.exception(error)
    folder.write_failure(error)
    if isinstance(error, GenlabError):
        return error
    failure = failure_of(error)
    kind = NotEnoughResources if failure.reason == NotEnoughResources.reason else InternalError
    return kind(failure.what, failure.why, failure.next_step, **failure.details)


class Training:
    """One run while its notebook goes through it.

    Attributes:
        spec: What was asked for.
        folder: Where everything of the run lies.
        project: The project that is trained on.
        durations: Seconds by step.
        script: Name, hash, author and time of the custom training script; empty where the default trains.
    """

    def __init__(self, spec: TrainingSpec, folder: RunFolder, project: Project) -> None:
        self.spec = spec
        self.folder = folder
        self.project = project
        self.reporter = Reporter(folder, spec.epochs)
        self.durations: dict[str, float] = {}
        self.script = custom.keep(spec, project.folder, folder)
        self._place = Place(folder.path)
        self._spark: SparkSession | None = None
        self._prepared: preparation.Prepared | None = None
        self._baseline: baseline_process.Baseline | None = None
        self._trainer: Trainer | None = None
        self._used: TrainingSpec | None = None
        self._why = ""
        self._incumbents: list[Incumbent] = []
        self._trained: Trained | None = None
        self._benchmark: Benchmark | None = None
        self.reporter.log(f"Run {folder.path.name}: {spec.kind} on {project.name}.")
        self.reporter.log("Parameters: " + ", ".join(f"{name}={value}" for name, value in spec.parameters().items()))
        if self.script:
            self.reporter.log("Training script: " + ", ".join(f"{name}={value}" for name, value in self.script.items()))

    def _repr_html_(self) -> str:
        about = {"run": self.folder.path.name, **self.spec.parameters()}
        return report.mapping(about, f"{self.spec.kind} on {self.project.name}")._repr_html_()

    @_recorded
    def prepare(self) -> report.View:
        """Selects completions, divides them, tags tokens and writes ``dataset/``; shows what is known before training.

        Raises:
            GenlabError: The error of the first blocking finding.
        """
        found, rows = readiness.check_and_prepare(self.project, self.spec)
        found.raise_if_not_ready()
        self._prepared = prepared = self._needed(rows, "prepare")  # what is ready has rows
        preparation.write(prepared, self.folder.dataset)
        facts = prepared.facts()
        for name in ("train", "test"):
            part = facts[name]
            self.reporter.log(
                f"{name}: {part['tasks']:,} tasks, {part['sentences']:,} sentences, {part['tokens']:,} tokens, "
                f"{sum(part['labels'].values()):,} entities."
            )
        return report.readiness(found)

    @_recorded
    def start_baseline(self) -> report.View:
        """Starts the baseline on the same rows, in a process of its own beside the training."""
        prepared = self._needed(self._prepared, "prepare")
        kind = prepared.kind
        self._baseline = baseline_process.start(self.folder, kind, prepared.labels, self.spec.seed)
        told = f"Baseline: {kind.baseline_title}, on the same rows. Its scores stand beside the model's below."
        return report.sentences([told])

    @_recorded
    def start_spark(self) -> report.View:
        """Starts Spark with Spark NLP; a first time fetches its jars."""
        from genlab_widgets.training.finetune import device
        from genlab_widgets.training.spark import session

        told = device.choose(self.spec.use_gpu)
        if told:
            self.reporter.log(told)
        self._spark = session.start(self.folder.path.name, self._place.path, self.spec.use_gpu, self.spec.library)
        return report.sentences([f"Spark {self._spark.version}, master {self._spark.sparkContext.master}."])

    @_recorded
    def train(self) -> Drawing | report.View:
        """Trains the model; shows loss and F1 by epoch, or what was compared where nothing went by epochs."""
        from genlab_widgets.training import figures

        prepared = self._needed(self._prepared, "prepare")
        spark = self._needed(self._spark, "start_spark")
        rows = Rows(
            kind=prepared.kind,
            labels=prepared.labels,
            train_examples=prepared.parts.train,
            test_examples=prepared.parts.test,
            train=prepared.train,
            test=prepared.test,
            language=self.project.language,
            multiple=prepared.multiple,
        )
        scratch = self._place.path / "spark" / "training"
        scratch.mkdir(parents=True, exist_ok=True)
        tokens = sum(len(sentence.tokens) for sentence in prepared.train)
        spec, why = automatic.resolve(self.spec, self.project.language, tokens, len(prepared.labels))
        if why:
            self.reporter.log(why)
        self.reporter.expect(spec.epochs)
        self._trainer = trainer_for(spec)
        self._trained = self._trainer.fit(spark, rows, spec, scratch, self.reporter)
        self._used, self._why = self._trained.spec or spec, self._trained.why or why
        if self._trained.why:
            self.reporter.log(self._trained.why)
        baseline, epochs = self.baseline, self.folder.epochs()
        if not epochs:
            return report.candidates(self._trained.race)
        return figures.loss_curve(epochs, baseline.curve_f1 if baseline else None, prepared.kind.baseline_title)

    def race(self) -> report.View:
        """Shows what was compared, where the choice was automatic."""
        return report.candidates(self._needed(self._trained, "train").race)

    @_recorded
    def evaluate(self) -> report.View:
        """Saves the pipeline, loads it again, compares what it finds on raw text, and scores the test tasks."""
        from genlab_widgets.training import benchmark, publishing

        prepared = self._needed(self._prepared, "prepare")
        trained = self._needed(self._trained, "train")
        saved = publishing.save(trained.model, self._place.path)
        spark = self._needed(self._spark, "start_spark")
        trainer = self._needed(self._trainer, "train")
        gold = prepared.parts.test
        predicted = publishing.checked(spark, saved, trainer, gold, trained.predicted, self.reporter)
        found = benchmark.evaluate(prepared.kind, gold, predicted, prepared.labels, self.spec.seed)
        self._benchmark = found
        self._incumbents = self._compared(spark, predicted)
        if any(example.layout is not None for example in gold):
            self.folder.write_pages(page_marks.marked_pages(gold, predicted, self.project.tasks()))
        shown = report.benchmark(found, self.baseline, prepared.kind.baseline_title)
        self.reporter.log(f"{shown!r}\n\nConfusion matrix\n{report.confusion_text(found)}")
        told = [self.verdict, *(incumbent.note for incumbent in self._incumbents)]
        return report.sentences([*told, *benchmark.summary(found)]) + shown

    def _compared(self, spark: SparkSession, predicted: Sequence[Example]) -> list[Incumbent]:
        """Measures the deployed models on the same test tasks, where only a better one shall take their place."""
        from genlab_widgets.training import evaluation

        prepared, found = self._needed(self._prepared, "prepare"), []
        for name, folder in self.folder.read_incumbents().items():
            found.append(evaluation.against(spark, name, folder, prepared, predicted, self.spec.seed))
            self.reporter.log(found[-1].note)
        return found

    @property
    def baseline(self) -> Benchmark | None:
        """The baseline's scores, waited for; None where it could not be trained."""
        return self._baseline.wait() if self._baseline is not None else None

    @property
    def benchmark(self) -> Benchmark:
        """The model's scores on the test tasks."""
        return self._needed(self._benchmark, "evaluate")

    @property
    def verdict(self) -> str:
        """One sentence: F1 with its interval, beside the baseline."""
        from genlab_widgets.training.verdict import against_baseline

        kind = self._needed(self._prepared, "prepare").kind
        step = "Train it by choosing the CRF as the network." if kind.baseline_architecture else ""
        return against_baseline(self.benchmark, self.baseline, kind.baseline_title, step, self._is_the_baseline)

    @property
    def _is_the_baseline(self) -> bool:
        """Whether the model is of the baseline's kind, so that comparing them says nothing."""
        own = self._needed(self._prepared, "prepare").kind.baseline_architecture
        return own is not None and self._needed(self._used, "train").architecture == own

    def confusion(self) -> Drawing:
        """Draws the confusion matrix."""
        from genlab_widgets.training import figures

        return figures.confusion_matrix(self.benchmark.confusion)

    def pages(self) -> report.View:
        """Shows the pages with most errors: what people marked and what the model found, on the page itself."""
        from genlab_widgets.training import page_figures

        labels = self.project.labeling_config.labels
        colours = {label.value: label.background for label in labels if label.background}
        names = list(dict.fromkeys(label.value for label in labels))
        return page_figures.gallery(self.folder.read_pages(), self._picture, names, colours)

    def _picture(self, page: MarkedPage) -> Image | None:
        """Returns the picture of a page; one that cannot be read costs the picture only, and the log says why."""
        from genlab_widgets.training import page_pictures

        try:
            return page_pictures.upright(self.project.folder, page.source)
        except GenlabError as error:
            self.reporter.log(f"{page.name} is shown without its picture: {error}")
            return None

    def errors(self) -> report.View:
        """Shows the errors worth reading, in their context."""
        return report.errors(self.benchmark.errors)

    @_recorded
    def publish(self) -> report.View:
        """Puts the model in its place and writes ``result.json``, the last thing a run does."""
        from genlab_widgets.training import publishing

        trained = self._needed(self._trained, "train")
        prepared = self._needed(self._prepared, "prepare")
        used = self._needed(self._used, "train")
        found, baseline = self.benchmark, self.baseline
        spark = self._needed(self._spark, "start_spark")
        versions = publishing.versions(spark)
        files = publishing.publish(self.folder)
        headline = found.headline
        self.close()
        result = Result(
            run_id=self.folder.path.name,
            project=self.project.name,
            kind=self.spec.kind,
            spec=self.spec,
            scores=Scores.model_validate({**headline.model_dump(), "accuracy": found.accuracy, **found.of_pages()}),
            benchmark=found,
            baseline=baseline,
            beats_baseline=None if baseline is None or self._is_the_baseline else found.f1 > baseline.f1,
            verdict=self.verdict,
            selection=dict(prepared.selection),
            dataset={**prepared.facts(), "hash": self.project.data_hash},
            architecture=used.architecture,
            trained=used,
            why=self._why,
            embeddings=trained.embeddings,
            graph=trained.graph,
            race=trained.race,
            incumbents=self._incumbents,
            script=self.script,
            epochs=self.folder.epochs(),
            durations={**self.durations, **trained.durations},
            versions=versions,
            model_files=files,
        )
        self.folder.write_result(result)
        self.reporter.step("done")
        return report.mapping({"model": str(self.folder.model), **versions}, "Saved") + report.mapping(
            self.durations, "Seconds by step"
        )

    def close(self) -> None:
        """Ends Spark and the baseline and removes their scratch files."""
        from genlab_widgets.training.spark import session

        if self._baseline is not None:
            self._baseline.close()
        if self._spark is not None:
            session.stop(self._spark, self._place.path)
            self._spark = None
        self._place.close()

    def _needed(self, value: _R | None, step: str) -> _R:
        if value is None:
            raise NotFound(f"The step {step} has not run yet.", "", f"Run the cell with {step}() first.")
        return value
