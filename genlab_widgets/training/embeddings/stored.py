"""Embeddings that lie on this machine: a folder saved with Spark NLP, or a text file of word vectors."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.settings import load_settings
from genlab_widgets.training.spark.annotations import EMBEDDINGS, SENTENCE, TOKEN
from genlab_widgets.training.spark.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CLASSES = frozenset(
    {
        "AlbertEmbeddings",
        "BertEmbeddings",
        "CamemBertEmbeddings",
        "DeBertaEmbeddings",
        "DistilBertEmbeddings",
        "ElmoEmbeddings",
        "LongformerEmbeddings",
        "RoBertaEmbeddings",
        "Word2VecModel",
        "WordEmbeddingsModel",
        "XlmRoBertaEmbeddings",
        "XlnetEmbeddings",
    }
)
"""Spark NLP's annotators that give each token a vector."""
_HEAD_LINES = 100
_LEAST_DIMENSION = 2
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SavedEmbeddings:
    """A stage that Spark NLP saved.

    Attributes:
        path: Its folder.
        class_name: Spark NLP's class, for example ``BertEmbeddings``.
        dimension: Size of a vector, from the saved metadata.
    """

    path: Path
    class_name: str
    dimension: int

    @property
    def name(self) -> str:
        """``folder:`` and the path."""
        return f"folder:{self.path}"

    @property
    def title(self) -> str:
        """Folder name and class."""
        return f"{self.path.name} ({self.class_name})"

    @property
    def origin(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def known_dimension(self) -> int:
        """The dimension: the metadata tells it."""
        return self.dimension

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Loads the stage.

        Raises:
            BadInput: Spark NLP cannot load it.
        """
        import sparknlp.annotator

        place = Place(self.path)
        try:
            loaded = getattr(sparknlp.annotator, self.class_name).load(str(place.path))
        except Exception as error:
            raise BadInput(
                f"The embeddings in {self.path} cannot be loaded.",
                f"Spark NLP says: {first_line(error)}",
                "Save them again with this version of Spark NLP, or choose others.",
                path=str(self.path),
            ) from error
        finally:
            place.close()
        columns = (TOKEN,) if self.class_name == "Word2VecModel" else (SENTENCE, TOKEN)
        return loaded.setInputCols(*columns).setOutputCol(EMBEDDINGS)


@dataclass(frozen=True)
class VectorsFile:
    """A text file with one word and its vector a line (GloVe), or the same under a header (fastText, word2vec).

    Attributes:
        path: The file.
        dimension: Size of a vector, from the first line.
        header: Whether the first line is ``count dimension``.
    """

    path: Path
    dimension: int
    header: bool

    @property
    def name(self) -> str:
        """``vectors:`` and the path."""
        return f"vectors:{self.path}"

    @property
    def title(self) -> str:
        """File name."""
        return f"word vectors {self.path.name}"

    @property
    def origin(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def known_dimension(self) -> int:
        """The dimension: the first line tells it."""
        return self.dimension

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Indexes the file and returns the lookup; words are found whatever their case if the file has no capitals.

        Raises:
            BadInput: A vector holds something else than numbers.
        """
        from sparknlp.annotator import WordEmbeddings

        with self._clean() as (file, cased):
            place = Place(file.parent)
            try:
                return (
                    WordEmbeddings()
                    .setInputCols(SENTENCE, TOKEN)
                    .setOutputCol(EMBEDDINGS)
                    .setStoragePath(str(place.path / file.name), "TEXT")
                    .setDimension(self.dimension)
                    .setCaseSensitive(cased)
                    .setStorageRef(self._reference())
                    .fit(tokens)
                )
            except Exception as error:
                raise BadInput(
                    f"The vectors file {self.path} cannot be indexed.",
                    f"Spark NLP says: {first_line(error)}",
                    "Each line must be a word and its numbers, parted by single blanks.",
                    path=str(self.path),
                ) from error
            finally:
                place.close()

    @contextmanager
    def _clean(self) -> Iterator[tuple[Path, bool]]:
        """Yields a file that Spark NLP reads, and whether it has capitals.

        Spark NLP takes a header for a word, and breaks off at words with blanks inside: such lines are left out in a
        copy, which lives until the file is indexed. A name that is a pattern to Spark also asks for the copy.
        """
        spoiled, cased = self._survey()
        if not spoiled and not re.search(r"[^\w.+-]", self.path.name):
            yield self.path, cased
            return
        folder = load_settings().cache / "vectors"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copy = Path(scratch) / "vectors.txt"
            with copy.open("wb") as target:
                for line in self._rows():
                    if line is not None:
                        target.write(line + b"\n")
            yield copy, cased

    def _survey(self) -> tuple[int, bool]:
        """Counts the lines that Spark NLP cannot take, and looks for capitals."""
        spoiled, cased = int(self.header), False
        for line in self._rows():
            if line is None:
                spoiled += 1
            elif not cased:
                word = line.partition(b" ")[0].decode("utf-8", "replace")
                cased = word != word.lower()
        if spoiled > self.header:
            _LOG.warning("%s: %d lines without %d numbers are left out.", self.path, spoiled, self.dimension)
        return spoiled, cased

    def _rows(self) -> Iterator[bytes | None]:
        """Yields each line after the header without its end, or None for one that is no word with its vector."""
        with self.path.open("rb") as file:
            if self.header:
                file.readline()
            for line in file:
                row = line.rstrip()
                yield row if row.count(b" ") == self.dimension else None

    def _reference(self) -> str:
        """Names the vectors for Spark NLP: another file, or the same one changed, is another name."""
        stat = self.path.stat()
        content = f"{self.path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
        short = hashlib.sha256(content.encode()).hexdigest()[:8]
        return f"{re.sub(r'[^0-9A-Za-z]+', '_', self.path.stem)}_{short}"


def saved(path: Path) -> SavedEmbeddings:
    """Reads what a saved stage is.

    Raises:
        NotFound: There is no such folder.
        BadInput: It is no saved word embeddings stage of Spark NLP.
    """
    if not path.is_dir():
        raise NotFound(
            f"There is no embeddings folder {path}.",
            "The path names no folder on this machine.",
            "Give the path of a folder that Spark NLP saved.",
            path=str(path),
        )
    metadata = _metadata(path)
    if metadata is None:
        raise BadInput(
            f"The folder {path} holds no saved embeddings.",
            "It has no readable metadata of a Spark NLP stage.",
            "Give the folder that the stage's save() wrote, with the folder metadata inside.",
            path=str(path),
        )
    class_name = str(metadata.get("class", "")).rpartition(".")[2]
    parameters = {**metadata.get("defaultParamMap", {}), **metadata.get("paramMap", {})}
    dimension = parameters.get("dimension", parameters.get("vectorSize"))
    if class_name not in CLASSES or not isinstance(dimension, int):
        raise BadInput(
            f"The folder {path} holds no word embeddings.",
            f"What was saved there is a {class_name or 'stage without a class'}.",
            _stage_hint(path) or f"Save one of {', '.join(sorted(CLASSES))}.",
            path=str(path),
        )
    return SavedEmbeddings(path.absolute(), class_name, dimension)


def vectors(path: Path) -> VectorsFile:
    """Reads from the first lines what a vectors file is.

    Raises:
        NotFound: There is no such file.
        BadInput: It is no text file of word vectors.
    """
    if not path.is_file():
        raise NotFound(
            f"There is no vectors file {path}.",
            "The path names no file on this machine.",
            "Give the path of a text file of word vectors.",
            path=str(path),
        )
    try:
        with path.open("rb") as file:
            header, dimension = _read_head(file)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The file {path} holds no word vectors.",
            f"{str(error)[:1].upper()}{str(error)[1:]}.",
            "Give an unpacked text file (GloVe, fastText .vec, word2vec text): a word and its numbers a line, "
            "parted by single blanks.",
            path=str(path),
        ) from error
    return VectorsFile(path.absolute(), dimension, header)


def cached() -> list[Path]:
    """Returns the folders in ``<cache>/embeddings``, where saved stages can be put to be listed."""
    folder = load_settings().cache / "embeddings"
    return sorted(path for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []


def size(path: Path) -> int:
    """Returns the bytes of a folder's files."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def first_line(error: Exception) -> str:
    """Returns what Java or Python said, without the trace, as one sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and lines[0].startswith("An error occurred while calling") and len(lines) > 1:
        lines = lines[1:]  # py4j's own line comes first
    said = lines[0].lstrip(": ") if lines else type(error).__name__
    return f"{said.rstrip('.')}."


def _metadata(path: Path) -> dict[str, Any] | None:
    for part in sorted((path / "metadata").glob("part-*")):
        try:
            found = json.loads(part.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None
    return None


def _stage_hint(path: Path) -> str:
    """Names the embeddings inside a saved pipeline, where there is one."""
    for stage in sorted((path / "stages").glob("*")):
        metadata = _metadata(stage) or {}
        if str(metadata.get("class", "")).rpartition(".")[2] in CLASSES:
            return f"Give the stage of the pipeline instead: folder:{stage}."
    return ""


def _read_head(file: BinaryIO) -> tuple[bool, int]:
    """Returns whether there is a header, and the dimension.

    Raises:
        ValueError: The lines are no words with vectors of one size.
    """
    lines = [_decoded(line) for line in _lines(file)]
    if not lines:
        raise ValueError("it is empty")
    head = lines[0].split()
    header = len(head) == 2 and all(part.isdigit() for part in head)
    rows = [line.split(" ") for line in lines[header:]]
    if not rows:
        raise ValueError("it has a header and no words")
    dimension = int(head[1]) if header else len(rows[0]) - 1
    if dimension < _LEAST_DIMENSION:
        raise ValueError(f"line 1 is no word with a vector: {lines[0][:60]!r}")
    fitting = [row for row in rows if len(row) == dimension + 1]
    if 2 * len(fitting) <= len(rows):
        raise ValueError(f"of the first {len(rows)} lines only {len(fitting)} have a word and {dimension} numbers")
    for row in fitting:
        for number in row[1:]:
            float(number)
    return header, dimension


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yields the first lines, but never reads far into a file without line ends."""
    for _ in range(_HEAD_LINES):
        line = file.readline(1 << 20)
        if not line:
            return
        yield line


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8").rstrip()
    except UnicodeDecodeError as error:
        raise ValueError("it is no text in UTF-8") from error
