"""Pre-annotation: trained models read new texts and pages; what they find is written as the predictions of tasks.

The answer has the form of an export (``docs/user-guide.md``): a task each, with one prediction that holds the items of
every model. So the annotation tool imports it, and people correct instead of starting from nothing.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from genlab_widgets.training import publishing
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.kinds.base import clean_text
from genlab_widgets.training.locking import scratch
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.trainers import Trainer

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
        texts: Other texts of its task, by what a classifier of them is about.
    """

    id: int
    data: dict[str, Any]
    text: str = ""
    file: Path | None = None
    layout: Layout | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def html(self, config: LabelingConfig) -> str:
        """Returns the HTML of which its text was read; empty where there is none."""
        found = self.data.get(config.text_key) if config.task_format.is_html else None
        return found if isinstance(found, str) else ""


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

    def doubtful_first(self) -> None:
        """Puts the tasks first whose least sure item has the lowest score: there people correct most.

        Tasks without a score (nothing was found, or the model tells none) come last, in their order.
        """

        def least(task: dict[str, Any]) -> float:
            scores = [item["score"] for item in task["predictions"][0]["result"] if item.get("score") is not None]
            return min(scores, default=math.inf)

        self.tasks.sort(key=least)

    def write(self, target: Path) -> None:
        """Writes the tasks as JSON that the annotation tool imports; the file appears whole or not at all.

        Raises:
            WorkspaceUnusable: It cannot be written.
        """
        made = scratch(target)
        try:
            # As ASCII: a text may hold half a surrogate pair, which UTF-8 cannot write.
            made.write_text(json.dumps(self.tasks, indent=1), encoding="ascii")
            os.replace(made, target)
        except OSError as error:
            with contextlib.suppress(OSError):  # there may be no such place at all
                made.unlink(missing_ok=True)
            raise _unwritable(target, error) from error


def require_place(target: Path) -> None:
    """Refuses a file that :meth:`Preannotation.write` could not write, before models read for minutes.

    Raises:
        WorkspaceUnusable: It cannot be written.
    """
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        made = scratch(target)
        made.touch()
        made.unlink()
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> WorkspaceUnusable:
    return WorkspaceUnusable(
        f"{target} cannot be written.", f"The system says: {error.strerror or error}.", "Name another file."
    )


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
        data = {config.text_key: text, "title": path.name}
        found.append(Piece(number, data, config.task_format.source.read(data).text))
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
            yield Piece(task.id, dict(task.data), task.text, layout=task.layout, texts=task.texts)


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
    return Reader(row, *publishing.loaded(spark, folder, row.name, places), config)


def _read(
    spark: SparkSession, readers: Sequence[Reader], batch: Sequence[Piece], found: Preannotation, least: float
) -> None:
    """Lets models read pieces; what has a lower score than ``least`` is left out, so no assertion model judges it."""
    items: dict[int, list[dict[str, Any]]] = {piece.id: [] for piece in batch}
    by_id = {piece.id: piece for piece in batch}
    entities: list[Example] = []
    for reader in readers:
        if reader.row.kind == "visual_ner":
            _read_pages(spark, reader, batch, items, found, least)
            continue
        given = entities if reader.row.kind == "assertion" else _texts(batch, reader)
        read = reader.trainer.read(spark, reader.pipeline, given) if given else []
        read = [example.from_score(least) for example in read]
        if reader.row.kind == "ner":
            entities = read
        for example in read:
            html = by_id[example.task_id].html(reader.config)
            items[example.task_id] += text_items(example, reader.config, reader.part, html)
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


def _texts(batch: Sequence[Piece], reader: Reader) -> list[Example]:
    """Returns what a model of texts reads: a classifier the text that its Choices marks."""
    marked = reader.config.marked_by(reader.part.choices)
    texts = ((piece.id, piece.texts.get(marked, piece.text)) for piece in batch if piece.file is None)
    return [Example(number, clean_text(text), ()) for number, text in texts if text]


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
