"""Pre-annotation: trained models read new texts and pages; what they find is written as the predictions of tasks.

The answer has the form of an export (``docs/user-guide.md``): a task each, with one prediction that holds the items of
every model. So the annotation tool imports it, and people correct instead of starting from nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput, Conflict, NotFound, WorkspaceUnusable
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

AUTHOR = "SparkNLP Pre-annotation"
"""Who made a prediction, as the exports of Generative AI Lab say it."""
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
    rows: Sequence[Given], pieces: Iterable[Piece], progress: Callable[[int], None] | None = None
) -> Preannotation:
    """Lets models read pieces; all read the same, and their items stand in one prediction.

    Args:
        rows: The models; an assertion model judges what the NER models among them find.
        pieces: What is to be read.
        progress: Called with the number of pieces read so far.

    Raises:
        NotFound: The files of a model are gone.
        Conflict: An assertion model stands alone: nothing finds the entities that it judges.
    """
    found = Preannotation()
    with opened(rows) as read:
        waiting = iter(pieces)
        while batch := list(islice(waiting, _AT_ONCE)):
            read(batch, found)
            if progress is not None:
                progress(len(found.tasks))
    return found


@contextmanager
def opened(rows: Sequence[Given]) -> Iterator[Callable[[Sequence[Piece], Preannotation], None]]:
    """Loads models; yields what lets them read pieces and adds what they find. See :func:`preannotate`."""
    from genlab_widgets.training.spark import session

    order = sorted(rows, key=lambda item: item[0].kind == "assertion")
    if order and order[0][0].kind == "assertion":
        raise Conflict(
            f"{order[0][0].name} cannot read texts alone.",
            "It judges entities, and no NER model finds any.",
            "Name the project, whose labeling config names a NER model too, or deploy one.",
        )
    with session.borrowed("preannotate") as spark, ExitStack() as places:
        readers = [_reader(spark, places, *item) for item in order]
        yield lambda batch, found: _read(spark, readers, batch, found)


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


def _read(spark: SparkSession, readers: Sequence[Reader], batch: Sequence[Piece], found: Preannotation) -> None:
    items: dict[int, list[dict[str, Any]]] = {piece.id: [] for piece in batch}
    examples = [Example(piece.id, clean_text(piece.text), ()) for piece in batch if piece.file is None and piece.text]
    entities: list[Example] = examples
    for reader in readers:
        if reader.row.kind == "visual_ner":
            _read_pages(spark, reader, batch, items, found)
            continue
        given = entities if reader.row.kind == "assertion" else examples
        read = reader.trainer.read(spark, reader.pipeline, given) if given else []
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
            "predictions": [
                {
                    "id": piece.id * 1000 + 1,
                    "created_username": AUTHOR,
                    "created_ago": made,
                    "model": ", ".join(models),
                    "result": [
                        {"id": f"p{number}", **item} if item["type"] != "choices" else item
                        for number, item in enumerate(items[piece.id], 1)
                    ],
                }
            ],
        }
        for piece in batch
    ]


def text_items(example: Example, config: LabelingConfig, part: Covered) -> list[dict[str, Any]]:
    """Returns the spans of an example as result items of an export.

    Args:
        example: A text with what a model found in it; a class covers the whole text.
        config: Names the controls.
        part: What the model answers.
    """
    if part.kind == "choices":
        chosen = [span.label for span in example.spans]
        control = {"from_name": part.choices, "to_name": config.marked_by(part.choices), "type": "choices"}
        return [{**control, "value": {"choices": chosen}}] if chosen else []
    items = []
    for span in example.spans:
        name = config.control_of(span.label)
        value = {
            "start": span.start,
            "end": span.end,
            "text": example.text[span.start : span.end],
            "labels": [span.label],
        }
        items.append({"from_name": name, "to_name": config.marked_by(name), "type": "labels", "value": value})
    return items


def _read_pages(
    spark: SparkSession,
    reader: Reader,
    batch: Sequence[Piece],
    items: dict[int, list[dict[str, Any]]],
    found: Preannotation,
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
        items[row.task_id] += [page_item(region, sizes, reader.config) for region in told[pages.REGIONS] or []]


def page_item(region: Mapping[str, Any], sizes: Sequence[Mapping[str, int]], config: LabelingConfig) -> dict[str, Any]:
    """Returns a region of a page as a result item of an export.

    Args:
        region: Label, text, score, page (from 0) and box in shares of the page, as the saved pipeline gives them.
        sizes: Width and height of each page in pixels; empty where they are not known.
        config: Names the controls.
    """
    name = config.control_of(region["label"])
    shares = {
        "x": region["left"],
        "y": region["top"],
        "width": region["right"] - region["left"],
        "height": region["bottom"] - region["top"],
    }
    value: dict[str, Any] = {side: 100 * share for side, share in shares.items()} | {"rotation": 0}
    item: dict[str, Any] = {"from_name": name, "to_name": config.marked_by(name), "type": "rectanglelabels"}
    item |= {"pageNumber": region["page"] + 1, "image_rotation": 0}
    if region["page"] < len(sizes):
        width, height = sizes[region["page"]]["width"], sizes[region["page"]]["height"]
        item |= {"original_width": width, "original_height": height}
        whole = {"x": width, "y": height, "width": width, "height": height}
        value |= {f"{side}_px": round(share * whole[side]) for side, share in shares.items()}
    value |= {"rectanglelabels": [region["label"]], "text": [region["text"]], "confidence": region["score"]}
    return {**item, "value": value}
