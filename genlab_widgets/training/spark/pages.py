"""Stages of a saved pipeline from images and PDFs to regions: OCR first, then the page tagger, both in Python workers.

Rows come with ``path`` or ``content`` (Spark's ``binaryFile`` source gives both), or with ``words`` that are known
already. What goes wrong with one file is a sentence in ``error``; the other rows go on. Programs and executors that use
such a pipeline need genlab-widgets with its extra ``visual``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from pyspark import SparkFiles
from pyspark.ml import Transformer
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from genlab_widgets.errors import BadInput, GenlabError
from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune.decoding import Region
from genlab_widgets.training.finetune.page_model import PageModel
from genlab_widgets.training.finetune.pages import Page, pages_of
from genlab_widgets.training.spark.carrier import Carrier, pandas_udf

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

PATH, CONTENT, WORDS, SIZES, ERROR, REGIONS = "path", "content", "words", "sizes", "error", "regions"
"""Columns: the file and its bytes, its words, the sizes of its pages, what went wrong, and what was found."""
WORDS_TYPE = "array<struct<text:string,left:double,top:double,right:double,bottom:double,page:int,line:int>>"
"""Words in reading order: boxes in shares of the page (0..1), page and line from 0."""
SIZES_TYPE = "array<struct<width:int,height:int>>"
REGIONS_TYPE = (
    "array<struct<label:string,text:string,score:double,page:int,left:double,top:double,right:double,bottom:double,"
    "words:array<int>>>"
)
"""A region's ``words`` are places in the column ``words``, its box is the smallest that holds them."""
_READ_TYPE = f"struct<{WORDS}:{WORDS_TYPE},{SIZES}:{SIZES_TYPE},{ERROR}:string>"


class PageReader(Transformer, DefaultParamsReadable, DefaultParamsWritable):
    """Reads images and PDFs: adds ``words``, ``sizes`` (pixels of each page) and ``error``.

    Rows that have ``words`` already are left as they are.
    """

    def _transform(self, dataset: DataFrame) -> DataFrame:
        def given(name: str, kind: str) -> Any:
            return F.col(name) if name in dataset.columns else F.lit(None).cast(kind)

        known = given(WORDS, WORDS_TYPE)
        wanted = [F.when(known.isNull(), given(name, kind)) for name, kind in ((PATH, "string"), (CONTENT, "binary"))]
        read = pandas_udf(_read, _READ_TYPE, 3)(*wanted, known.isNotNull())
        found = dataset.withColumn("_read", read)
        return found.select(
            *(name for name in dataset.columns if name not in (WORDS, SIZES, ERROR)),
            F.coalesce(known, f"_read.{WORDS}").alias(WORDS),
            F.coalesce(given(SIZES, SIZES_TYPE), f"_read.{SIZES}").alias(SIZES),
            F.coalesce(given(ERROR, "string"), f"_read.{ERROR}").alias(ERROR),
        )


class PageTagger(Carrier):
    """Finds the regions of pages with a trained page tagger: adds ``regions``. Each Python worker reads it once."""

    named = "page_model"

    def _transform(self, dataset: DataFrame) -> DataFrame:
        name = self.sent(dataset.sparkSession)

        def tagged(words: pd.Series) -> pd.Series:
            return _tagged(name, words)

        return dataset.withColumn(REGIONS, pandas_udf(tagged, REGIONS_TYPE, 1)(WORDS))


def word_rows(spark: SparkSession, examples: Iterable[Example]) -> DataFrame:
    """Returns ``task_id`` and ``words`` of examples with layouts: their pages are not read again."""
    rows = [(item.task_id, word_structs(item.layout)) for item in examples if item.layout is not None]
    return spark.createDataFrame(rows, f"task_id long, {WORDS} {WORDS_TYPE}")


def found(spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with the regions that a saved pipeline finds among their words, as spans."""
    rows = model.transform(word_rows(spark, examples)).select("task_id", F.col(f"{REGIONS}.label"), f"{REGIONS}.words")
    regions = {int(task): list(zip(labels, words, strict=True)) for task, labels, words in rows.collect()}
    answers = []
    for item in examples:
        layout = item.layout
        spans = () if layout is None else [span_of(layout, label, places) for label, places in regions[item.task_id]]
        answers.append(item.with_spans(spans))
    return answers


def span_of(layout: Layout, label: str, places: Sequence[int]) -> Span:
    """Returns the span over a layout's text from the first to the last of neighbouring words."""
    return Span(layout.starts[places[0]], layout.starts[places[-1]] + len(layout.words[places[-1]].text), label)


def word_structs(layout: Layout) -> list[tuple[Any, ...]]:
    """Returns the words of a layout as the column ``words`` holds them."""
    return [(*word, line) for word, line in zip(layout.words, layout.lines, strict=True)]


def _read(path: pd.Series, content: pd.Series, known: pd.Series) -> pd.DataFrame:
    """Reads each file, unless its words are known."""
    import pandas as pd

    rows = [
        (None, None, None) if known_words else _read_one(where, data)
        for where, data, known_words in zip(path, content, known, strict=True)
    ]
    return pd.DataFrame(rows, columns=[WORDS, SIZES, ERROR], dtype=object)


def _read_one(path: str | None, content: bytes | None) -> tuple[list[Any], list[Any], str | None]:
    from genlab_widgets.projects.pages import reading

    try:
        pages = reading.read(_bytes_of(path) if content is None else bytes(content), path or "")
        words = word_structs(reading.layout_of(pages))
    except GenlabError as error:
        return [], [], str(error)
    except Exception as error:  # one file that OCR stumbles over shall not end the job of all others
        return [], [], f"{path or 'The file'} could not be read: {type(error).__name__}: {error}."
    return words, [(page.width, page.height) for page in pages], None


def _bytes_of(path: str | None) -> bytes:
    parts = urlparse(path or "")
    if not path or (parts.scheme not in ("", "file") and len(parts.scheme) > 1):
        raise BadInput(
            f"{path or 'A row'} cannot be read.",
            "Only files of this machine are opened by their path.",
            "Read them with Spark's binaryFile source, which gives the column content.",
        )
    file = Path(unquote(parts.path) if parts.scheme == "file" else path)
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read.", f"{error.strerror or error}.", "Check the path.") from error


def _tagged(name: str, words: pd.Series) -> pd.Series:
    """Finds the regions of each row's words."""
    import pandas as pd

    model = _model(SparkFiles.get(name))
    return pd.Series([_regions(model, row) for row in words], dtype=object)


@lru_cache(maxsize=2)
def _model(file: str) -> PageModel:
    """Reads a model once for each Python worker; Spark spreads rows over workers, so each takes one core."""
    return PageModel.load(Path(file), threads=1)


def _regions(model: PageModel, row: Sequence[Any] | None) -> list[dict[str, Any]]:
    """Returns the regions of all pages of one row."""
    if row is None or not len(row):
        return []
    pages = cut(row)
    return [
        described(page, region) for page, regions in zip(pages, model.regions(pages), strict=True) for region in regions
    ]


def cut(row: Sequence[Any]) -> list[Page]:
    """Cuts the words of a row into pages, as a layout is cut; a line ends where page or line changes."""
    groups = groupby(row, key=lambda item: (item["page"], item["line"]))
    layout = Layout.of([[Word(*(item[name] for name in Word._fields)) for item in line] for _, line in groups])
    return pages_of(Example(0, layout.text, (), layout))


def described(page: Page, region: Region) -> dict[str, Any]:
    """Returns what the column ``regions`` says of a region."""
    own = page.words[region.first : region.last + 1]
    return {
        "label": region.label,
        "text": " ".join(word.text for word in own),
        "score": region.score,
        "page": own[0].page,
        "left": min(word.left for word in own),
        "top": min(word.top for word in own),
        "right": max(word.right for word in own),
        "bottom": max(word.bottom for word in own),
        "words": list(range(page.first + region.first, page.first + region.last + 1)),
    }
