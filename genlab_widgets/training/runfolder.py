"""The folder of one run: the one place that knows its file names, formats and how they are published.

Whole files are written under a scratch name, flushed to disk and renamed, so a reader sees the old or the new one.
Epochs are appended as one line each in a single write; a reader skips a line that a crash cut short.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from genlab_widgets.errors import (
    BadInput,
    FailureReason,
    GenlabError,
    InternalError,
    NotEnoughResources,
    WorkspaceUnusable,
)
from genlab_widgets.projects.scripts import COPY
from genlab_widgets.training.epochs import Average, Epoch
from genlab_widgets.training.page_marks import MarkedPage
from genlab_widgets.training.scores import Benchmark
from genlab_widgets.training.spec import Architecture, Kind, TrainingSpec

_Record = TypeVar("_Record")
_PAGES = TypeAdapter(list[MarkedPage])
_PLACES = TypeAdapter(dict[str, Path])


class Progress(BaseModel):
    """Where a run stands.

    Attributes:
        step: Name of the step that runs (``prepare``, ``train_model`` ...).
        epoch: Epochs done.
        epochs: Epochs asked for.
        fraction: Part of the whole run that is done, 0 to 1.
        seconds_left: Estimate; None while nothing is known.
        message: One sentence for the page.
        updated_at: Seconds since 1970.
    """

    model_config = ConfigDict(frozen=True)

    step: str
    epoch: int = 0
    epochs: int = 0
    fraction: float = Field(0.0, ge=0, le=1)
    seconds_left: float | None = None
    message: str = ""
    updated_at: float = Field(default_factory=time.time)


class Failure(BaseModel):
    """Why a run ended FAILED, in the shape of :meth:`GenlabError.as_dict`."""

    model_config = ConfigDict(frozen=True)

    code: str
    reason: FailureReason
    what: str
    why: str = ""
    next_step: str = ""
    details: dict[str, Any] = {}

    @property
    def sentence(self) -> str:
        """What happened, why, and what to do next."""
        return " ".join(part for part in (self.what, self.why, self.next_step) if part)


class Scores(BaseModel):
    """The headline scores; those that a kind does not have are None.

    Attributes:
        words: Of pages: scores of words, label against label; these are the headline. Absent for other kinds.
        regions: Of pages: scores of whole regions, which have the same words and the same label. Likewise absent.
    """

    model_config = ConfigDict(frozen=True)

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    words: Average | None = Field(None, exclude_if=lambda value: value is None)
    regions: Average | None = Field(None, exclude_if=lambda value: value is None)


class Candidate(BaseModel):
    """One of the models that "automatic" compared on a part of the training tasks.

    Attributes:
        name: As in the spec, or the name of its settings.
        title: For people.
        f1: Headline F1 on that part; None where it was not measured.
        seconds: What training and measuring it took.
        chosen: Whether it was taken.
        note: Settings, or why it was not measured.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    f1: float | None = None
    seconds: float | None = None
    chosen: bool = False
    note: str = ""


class Incumbent(BaseModel):
    """A deployed model beside the new one, on test tasks from which neither has learned.

    Attributes:
        model: Its name.
        f1: Its headline F1; None where it could not be measured: then nobody knows which one is better.
        new_f1: That of the new model on the same tasks.
        tasks: How many they are.
        note: What came of it, as a sentence.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    f1: float | None = None
    new_f1: float | None = None
    tasks: int = 0
    note: str = ""

    @property
    def is_beaten(self) -> bool:
        """Whether the new model is better."""
        return self.f1 is not None and self.new_f1 is not None and self.new_f1 > self.f1


class Result(BaseModel):
    """``result.json``: one schema for every kind of training.

    Attributes:
        scores: Headline scores of the model on the held-out rows (NER: exact entities, token accuracy).
        benchmark: Everything measured on the model.
        baseline: The same for the cheap baseline, on the same rows.
        beats_baseline: Whether the F1 is higher than the baseline's; None where there is no baseline.
        verdict: One sentence that compares the model with the baseline.
        selection: Tasks by selection reason.
        dataset: Counts of rows, tokens and labels, alignment problems, hash of the data.
        architecture: What was trained; tells what "automatic" took.
        trained: The spec of what was trained, with the parameters that "automatic" took; None in older results.
        why: The sentence by which "automatic" gave its reason; empty where nothing was automatic.
        embeddings: Name, dimension and origin.
        race: What was compared where the choice was automatic.
        incumbents: The deployed models beside it, where it shall be deployed only if it is better.
        script: Name, hash, author and time of the custom training script; empty where the default trained.
        durations: Seconds by step.
        versions: Package, Spark NLP, Spark, Java and Python versions.
        model_files: Files of the saved model with their sizes in bytes.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    run_id: str
    project: str
    kind: Kind
    spec: TrainingSpec
    scores: Scores
    benchmark: Benchmark | None = None
    baseline: Benchmark | None = None
    beats_baseline: bool | None = None
    verdict: str
    selection: dict[str, int] = {}
    dataset: dict[str, Any] = {}
    architecture: Architecture | None = None
    trained: TrainingSpec | None = None
    why: str = ""
    embeddings: dict[str, Any] = {}
    graph: str | None = None
    race: list[Candidate] = []
    incumbents: list[Incumbent] = []
    script: dict[str, str] = {}
    epochs: list[Epoch] = []
    durations: dict[str, float] = {}
    versions: dict[str, str] = {}
    model_files: dict[str, int] = {}

    @property
    def used(self) -> TrainingSpec:
        """The spec of what was trained, not of what was asked for."""
        return self.trained or self.spec.model_copy(
            update={"architecture": self.architecture or self.spec.architecture}
        )


class RunFolder:
    """Paths and records of one run.

    Args:
        path: The folder; :meth:`create` makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.spec = self.path / "spec.json"
        self.notebook = self.path / "notebook.ipynb"
        self.log = self.path / "training.log"
        self.metrics = self.path / "metrics.jsonl"
        self.progress = self.path / "progress.json"
        self.baseline = self.path / "baseline.json"
        self.result = self.path / "result.json"
        self.failure = self.path / "failure.json"
        self.incumbents = self.path / "incumbents.json"
        self.pages = self.path / "pages.json"
        self.script = self.path / f"{COPY}.py"
        self.script_notebook = self.path / f"{COPY}.ipynb"
        self.dataset = self.path / "dataset"
        self.model = self.path / "model"

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    def create(self) -> RunFolder:
        """Makes the folder if it is not there; returns self.

        Raises:
            WorkspaceUnusable: The folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.path, error) from error
        return self

    def write_spec(self, spec: TrainingSpec) -> None:
        """Publishes ``spec.json``."""
        publish_text(self.spec, json.dumps(spec.parameters(), indent=2) + "\n")

    def read_spec(self) -> TrainingSpec | None:
        """Returns the spec, or None if there is none yet."""
        return _read(self.spec, TrainingSpec.model_validate_json)

    def write_progress(self, progress: Progress) -> None:
        """Publishes ``progress.json``."""
        publish_text(self.progress, progress.model_dump_json(), durable=False)

    def read_progress(self) -> Progress | None:
        """Returns the latest progress, or None if there is none yet."""
        return _read(self.progress, Progress.model_validate_json)

    def append_epoch(self, epoch: Epoch) -> None:
        """Appends one epoch to ``metrics.jsonl``; appending the same number again replaces it for readers.

        Raises:
            WorkspaceUnusable: The file cannot be written.
        """
        line = epoch.model_dump_json(exclude_none=True).encode() + b"\n"
        try:
            with self.metrics.open("a+b", buffering=0) as stream:
                if stream.tell() and _last_byte(stream) != b"\n":  # a crash cut the last line short
                    line = b"\n" + line
                stream.write(line)
        except OSError as error:
            raise _unusable(self.metrics, error) from error

    def epochs(self) -> list[Epoch]:
        """Returns the epochs so far in order, each in its latest state; incomplete lines are skipped."""
        try:
            # Not splitlines: a label's name may hold one of Unicode's other line ends.
            lines = self.metrics.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return []
        found: dict[int, Epoch] = {}
        for line in lines:
            try:
                fields = json.loads(line)
                epoch = Epoch.model_validate({"loss": None, **fields})
            except (ValueError, TypeError):  # ValidationError is a ValueError
                continue
            found[epoch.number] = epoch
        return [found[number] for number in sorted(found)]

    def write_baseline(self, benchmark: Benchmark) -> None:
        """Publishes ``baseline.json``: the baseline's scores, known long before the model's."""
        publish_text(self.baseline, benchmark.model_dump_json() + "\n")

    def read_baseline(self) -> Benchmark | None:
        """Returns the baseline's scores, or None if there are none (yet)."""
        return _read(self.baseline, Benchmark.model_validate_json)

    def write_pages(self, pages: Sequence[MarkedPage]) -> None:
        """Publishes ``pages.json``: the pages of the test tasks with what was marked and what was found."""
        publish_text(self.pages, _PAGES.dump_json(list(pages), exclude_defaults=True).decode() + "\n")

    def read_pages(self) -> list[MarkedPage]:
        """Returns the pages of the test tasks; none where the run has no pages, or has not tested its model yet.

        Raises:
            BadInput: The file is damaged.
        """
        return _read(self.pages, _PAGES.validate_json) or []

    def write_result(self, result: Result) -> None:
        """Publishes ``result.json``."""
        publish_text(self.result, result.model_dump_json(indent=1) + "\n")

    def read_result(self) -> Result | None:
        """Returns the result, or None if there is none yet.

        Raises:
            BadInput: The file is damaged.
        """
        return _read(self.result, Result.model_validate_json)

    def write_incumbents(self, folders: Mapping[str, Path]) -> None:
        """Publishes which deployed models the new one is to be compared with: name to the folder of its run."""
        publish_text(self.incumbents, json.dumps({name: str(path) for name, path in folders.items()}) + "\n")

    def read_incumbents(self) -> dict[str, RunFolder]:
        """Returns the deployed models to compare with, by name; none where the file is not there."""
        found = _read(self.incumbents, _PLACES.validate_json)
        return {name: RunFolder(path) for name, path in (found or {}).items()}

    def write_failure(self, error: BaseException) -> Failure:
        """Publishes ``failure.json`` from an exception; returns what it wrote."""
        failure = failure_of(error)
        publish_text(self.failure, failure.model_dump_json(indent=1) + "\n")
        return failure

    def read_failure(self) -> Failure | None:
        """Returns why the run failed, or None if nothing says so."""
        return _read(self.failure, Failure.model_validate_json)


class _Cause(NamedTuple):
    mark: str
    what: str
    next_step: str


_OUT_OF_MEMORY = ("The training ran out of memory.", "Train on fewer tasks or a smaller batch.")
_DISK_FULL = ("The disk is full.", "Free some space, then train again.")
_RESOURCE_CAUSES = (
    _Cause("MemoryError", *_OUT_OF_MEMORY),  # Python's, NumPy's, and Java's OutOfMemoryError
    _Cause("Cannot allocate memory", *_OUT_OF_MEMORY),
    _Cause("No space left on device", *_DISK_FULL),
    _Cause("Disk quota exceeded", *_DISK_FULL),
)
_JAVA_CALL = "An error occurred while calling"
"""First line of an error that came from Java; the next one says what it was."""


def failure_of(error: BaseException) -> Failure:
    """Explains an exception: our own as they are, memory and disk by their marks, all others as internal."""
    if isinstance(error, GenlabError):
        return Failure.model_validate(_jsonable(error.as_dict()))
    told = f"{type(error).__name__}: {error}" if str(error).strip() else type(error).__name__
    for cause in _RESOURCE_CAUSES:
        if cause.mark in told:
            found: GenlabError = NotEnoughResources(cause.what, f"{_telling_line(told, cause.mark)}.", cause.next_step)
            break
    else:
        step = "Open the log for the details; if it happens again, report it with the downloaded logs."
        found = InternalError("The training stopped by an unexpected error.", f"{_telling_line(told)}.", step)
    return Failure.model_validate(_jsonable(found.as_dict()))


def publish_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Writes a whole file so that readers see the old or the new one, never a part.

    Args:
        path: The file.
        text: Its content.
        durable: Wait until the disk has it; False for what is rewritten every second.

    Raises:
        WorkspaceUnusable: The file cannot be written.
    """
    scratch = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with open(scratch, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(scratch, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder itself may be gone, or no folder at all
            scratch.unlink()
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> WorkspaceUnusable:
    return WorkspaceUnusable(
        f"{path.name} cannot be written.",
        f"The system says: {error.strerror or error}.",
        "Free some space or choose a workspace folder that you may write (GENLAB_HOME).",
        path=str(path),
    )


def _read(path: Path, parse: Callable[[bytes], _Record]) -> _Record | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadInput(
            f"{path.name} of this run cannot be read.",
            f"The system says: {error.strerror or error}.",
            "Give yourself the right to read the workspace, or look at another run.",
            path=str(path),
        ) from error
    try:
        return parse(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            f"{path.name} of this run is damaged.",
            f"{'.'.join(map(str, first['loc'])) or 'The file'}: {first['msg']}.",
            "Train again with the same settings.",
            path=str(path),
        ) from error


def _jsonable(value: Mapping[str, Any]) -> Any:
    """Makes values that JSON and UTF-8 can hold: others become text, halves of surrogate pairs a question mark."""
    written = json.dumps(value, default=str, skipkeys=True, ensure_ascii=False)
    return json.loads(written.encode("utf-8", "replace"))


def _telling_line(text: str, mark: str = "") -> str:
    """Returns the first line with the mark; of an error from Java the line that names it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if _JAVA_CALL in lines[0] and len(lines) > 1:
        lines = lines[1:]
    found = next(line for line in [*lines, text] if mark in line)
    return found.removeprefix(": ")[:300].rstrip(".")


def _last_byte(stream: io.FileIO) -> bytes:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1)
