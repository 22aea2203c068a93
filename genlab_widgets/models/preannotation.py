"""Pre-annotation: trained models read new texts and pages; what they find is written as the predictions of tasks.

The answer has the form of an export (``docs/user-guide.md``): a task each, with one prediction that holds the items of
every model. So the annotation tool imports it, and people correct instead of starting from nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput, Conflict, NotFound, WorkspaceUnusable, WrongParameters
from genlab_widgets.models.predictions import page_item, prediction, text_items
from genlab_widgets.models.registry import ModelRow, covered_part
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.pages import reading as page_files
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.kinds.base import clean_text
from genlab_widgets.training.locking import scratch
from genlab_widgets.training.runfolder import Result, RunFolder
from genlab_widgets.training.spark.places import Place, address
from genlab_widgets.training.trainers import Trainer, trainer_for

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.projects.labeling_config import Covered
    from genlab_widgets.projects.pages.layout import Layout
    from genlab_widgets.projects.store import Project

TEXTS = (".txt", ".text", ".md")
_AT_ONCE = 500
"""Tasks that go through Spark together: enough to keep it busy, few enough for the driver's memory."""


@dataclass(frozen=True)
class Piece:
    """One thing to read.

    Attributes:
        id: Its task's number.
        data: The ``data`` of its task.
        text: Its text; empty for pages that have not been read.
        file: The image or PDF that is to be read; None for a text, and where the words are known.
        layout: The words of its pages, where they are known.
    """

    id: int
    data: dict[str, Any]
    text: str = ""
    file: Path | None = None
    layout: Layout | None = None


@dataclass
class Reader:
    """A saved model, ready to read.

    Attributes:
        row: The model.
        trainer: Knows how its pipelines are read.
        pipeline: The pipeline, loaded.
        config: The labeling config whose controls the items name.
    """

    row: ModelRow
    trainer: Trainer
    pipeline: PipelineModel
    config: LabelingConfig

    @property
    def part(self) -> Covered:
        """The part of the labeling config that it answers."""
        return covered_part(self.row)


@dataclass
class Preannotation:
    """What models found.

    Attributes:
        tasks: A task each, as an export has it, with one prediction.
        problems: Sentences about what could not be read.
    """

    tasks: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def items(self) -> int:
        """How many regions and choices were found."""
        return sum(len(task["predictions"][0]["result"]) for task in self.tasks)

    def write(self, target: Path) -> None:
        """Writes the tasks as JSON that the annotation tool imports; the file appears whole or not at all.

        Raises:
            WorkspaceUnusable: It cannot be written.
        """
        made = scratch(target)
        try:
            made.write_text(json.dumps(self.tasks, ensure_ascii=False, indent=1), encoding="utf-8")
            os.replace(made, target)
        except OSError as error:
            made.unlink(missing_ok=True)
            raise WorkspaceUnusable(
                f"{target} cannot be written.", f"The system says: {error.strerror or error}.", "Name another file."
            ) from error


def pieces_of_files(paths: Sequence[Path], config: LabelingConfig) -> list[Piece]:
    """Returns texts, images and PDFs as pieces; of a folder every file of these kinds, in order of name.

    Raises:
        NotFound: A file does not exist.
        BadInput: A file is none of these, or no text in UTF-8.
    """
    found: list[Piece] = []
    for path in _files(paths):
        number = len(found) + 1
        if path.suffix.lower() in page_files.SUFFIXES:
            found.append(Piece(number, {"image": [str(path)], "title": path.name}, file=path))
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} cannot be read.", f"{error}.", "Give a text file in UTF-8.") from error
        found.append(Piece(number, {config.text_key: text, "title": path.name}, text))
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    known = (*TEXTS, *page_files.SUFFIXES)
    for path in paths:
        if not path.exists():
            raise NotFound(f"{path} does not exist.", "", "Check the path.", path=str(path))
        if path.is_dir():
            yield from (item for item in sorted(path.iterdir()) if item.suffix.lower() in known and item.is_file())
        elif path.suffix.lower() in known:
            yield path
        else:
            raise BadInput(
                f"{path} cannot be read.",
                f"It is neither a text ({', '.join(TEXTS)}) nor pages ({', '.join(page_files.SUFFIXES)}).",
                "Give texts, images or PDFs.",
            )


def pieces_of_project(project: Project, everything: bool = False) -> Iterator[Piece]:
    """Yields the tasks of a project that nobody has completed yet.

    Args:
        project: The project.
        everything: Also those with completions.
    """
    for task in project.tasks():
        if everything or not any(item.submitted_at and not item.skipped for item in task.completions):
            yield Piece(task.id, dict(task.data), task.text, layout=task.layout)


Given = tuple[ModelRow, RunFolder, LabelingConfig]
"""A model, its run's folder, and the labeling config that its items name."""


def preannotate(
    rows: Sequence[Given],
    pieces: Iterable[Piece],
    progress: Callable[[int], None] | None = None,
    min_score: float | None = None,
) -> Preannotation:
    """Lets models read pieces; all read the same, and their items stand in one prediction.

    Args:
        rows: The models; an assertion model judges what the NER models among them find.
        pieces: What is to be read.
        progress: Called with the number of pieces read so far.
        min_score: What has a lower score (0 to 1) is left out; what has none stays. None keeps all.

    Raises:
        NotFound: The files of a model are gone.
        Conflict: An assertion model stands alone: nothing finds the entities that it judges.
        WrongParameters: ``min_score`` is not from 0 to 1.
    """
    found = Preannotation()
    with opened(rows, min_score) as read:
        waiting = iter(pieces)
        while batch := list(islice(waiting, _AT_ONCE)):
            read(batch, found)
            if progress is not None:
                progress(len(found.tasks))
    return found


@contextmanager
def opened(
    rows: Sequence[Given], min_score: float | None = None
) -> Iterator[Callable[[Sequence[Piece], Preannotation], None]]:
    """Loads models; yields what lets them read pieces and adds what they find. See :func:`preannotate`."""
    from genlab_widgets.training.spark import session

    if min_score is not None and not 0 <= min_score <= 1:
        raise WrongParameters(
            f"{min_score:g} is no score.", "A score is a number from 0 to 1.", "Give one, for example 0.5."
        )
    least = min_score or 0.0  # no score is lower
    order = sorted(rows, key=lambda item: item[0].kind == "assertion")
    if order and order[0][0].kind == "assertion":
        raise Conflict(
            f"{order[0][0].name} cannot read texts alone.",
            "It judges entities, and no NER model finds any.",
            "Name the project, whose labeling config names a NER model too, or deploy one.",
        )
    with session.borrowed("preannotate") as spark, ExitStack() as places:
        readers = [_reader(spark, places, *item) for item in order]
        yield lambda batch, found: _read(spark, readers, batch, found, least)


def _reader(spark: SparkSession, places: ExitStack, row: ModelRow, folder: RunFolder, config: LabelingConfig) -> Reader:
    """Loads a model; the links that its folder may need last as long as ``places``."""
    from pyspark.ml import PipelineModel

    result = folder.read_result()
    if result is None or not folder.model.is_dir():
        raise NotFound(
            f"The files of {row.name} are gone.", f"{folder.model} is not there.", "Train again.", model=row.name
        )
    place = Place(folder.path)
    places.callback(place.close)
    pipeline = PipelineModel.read().session(spark).load(address(place.path / folder.model.name))
    return Reader(row, _trainer(result), pipeline, config)


def _trainer(result: Result) -> Trainer:
    """Returns the trainer that the run really took, where "automatic" was asked for."""
    chosen = result.architecture or result.spec.architecture
    return trainer_for(result.spec.model_copy(update={"architecture": chosen}))


def _read(
    spark: SparkSession, readers: Sequence[Reader], batch: Sequence[Piece], found: Preannotation, least: float
) -> None:
    """Lets models read pieces; what has a lower score than ``least`` is left out, so no assertion model judges it."""
    items: dict[int, list[dict[str, Any]]] = {piece.id: [] for piece in batch}
    examples = [Example(piece.id, clean_text(piece.text), ()) for piece in batch if piece.file is None and piece.text]
    entities: list[Example] = examples
    for reader in readers:
        if reader.row.kind == "visual_ner":
            _read_pages(spark, reader, batch, items, found, least)
            continue
        given = entities if reader.row.kind == "assertion" else examples
        read = reader.trainer.read(spark, reader.pipeline, given) if given else []
        read = [example.from_score(least) for example in read]
        if reader.row.kind == "ner":
            entities = read
        for example in read:
            items[example.task_id] += text_items(example, reader.config, reader.part)
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    models = [reader.row.name for reader in readers]
    found.tasks += [
        {
            "id": piece.id,
            "data": piece.data,
            "completions": [],
            "predictions": [prediction(piece.id * 1000 + 1, items[piece.id], models, made)],
        }
        for piece in batch
    ]


def _read_pages(
    spark: SparkSession,
    reader: Reader,
    batch: Sequence[Piece],
    items: dict[int, list[dict[str, Any]]],
    found: Preannotation,
    least: float,
) -> None:
    """Lets a model of pages read files, or words that are known; what a file cannot give is told."""
    from genlab_widgets.training.spark import pages

    given = [
        (piece.id, str(piece.file) if piece.file else None, pages.word_structs(piece.layout) if piece.layout else None)
        for piece in batch
        if piece.file is not None or piece.layout is not None
    ]
    if not given:
        return
    schema = f"task_id long, {pages.PATH} string, {pages.WORDS} {pages.WORDS_TYPE}"
    read = reader.pipeline.transform(spark.createDataFrame(given, schema))
    wanted = ("task_id", pages.REGIONS, pages.SIZES, pages.ERROR)
    for row in read.select(*(name for name in wanted if name in read.columns)).collect():
        told = row.asDict(recursive=True)
        if told.get(pages.ERROR):
            found.problems.append(told[pages.ERROR])
        sizes = told.get(pages.SIZES) or []
        regions = [region for region in told[pages.REGIONS] or [] if region["score"] >= least]
        items[row.task_id] += [page_item(region, sizes, reader.config) for region in regions]
