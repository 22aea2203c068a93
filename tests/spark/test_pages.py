"""The saved pipeline from images to regions: saved, loaded again elsewhere, on several workers, with bad files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.finetune import page_model, page_tagger
from genlab_widgets.training.finetune.decoding import Habits
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.page_crf import PageCrf
from genlab_widgets.training.finetune.page_tagger import PageTagger
from genlab_widgets.training.finetune.pages import pages_of
from tests.spark import elsewhere
from tests.training.finetune import page_samples, samples

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def tasks() -> list[Example]:
    """Receipts, a task of two pages, and one without words."""
    two = page_samples.example(100, [["bank", "0.00"], ["the"], ["old", "0.00"], ["river"]], {}, pages=2)
    return [*page_samples.receipts(12), two, page_samples.example(101, [], {})]


@pytest.fixture(scope="module")
def model() -> tuple[PageTagger, Any]:
    """A tagger with weights by chance, large enough to find something everywhere."""
    pages = [page for item in page_samples.receipts(12) for page in pages_of(item)]
    made = PageTagger(samples.checkpoint(case=True), page_tagger.tags_of(pages), Habits.of(pages))
    made.crf = PageCrf.train(pages, made.tags)
    params = made.begin(seed=4)
    numbers = np.random.default_rng(5)
    for name in (page_tagger.PLACES, f"{HEAD}.weight"):
        params[name] = (0.3 * numbers.standard_normal(params[name].shape)).astype("float32")
    return made, params


@pytest.fixture(scope="module")
def saved(spark: SparkSession, model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved pipeline, the files that it was made of gone."""
    from pyspark.ml import PipelineModel

    from genlab_widgets.training.spark import pages as stages

    folder = tmp_path_factory.mktemp("pages")
    stage = stages.PageTagger.of(page_model.write(*model, folder / "scratch" / "page_model.zip"))
    PipelineModel(stages=[stages.PageReader(), stage]).write().overwrite().save(str(folder / "model"))
    for file in (folder / "scratch").iterdir():
        file.unlink()
    return folder / "model"


def _expected(model: Any, tasks: list[Example]) -> dict[int, list[list[Any]]]:
    made, params = model
    found: dict[int, list[list[Any]]] = {}
    for item in tasks:
        pages = pages_of(item)
        found[item.task_id] = [
            [region.label, *range(page.first + region.first, page.first + region.last + 1)]
            for page, regions in zip(pages, made.predict(params, pages), strict=True)
            for region in regions
        ]
    return found


def test_the_saved_pipeline_finds_what_training_finds(
    spark: SparkSession, saved: Path, model: Any, tasks: list[Example]
) -> None:
    from pyspark.ml import PipelineModel

    from genlab_widgets.training.spark import pages as stages

    loaded = PipelineModel.load(str(saved))
    rows = loaded.transform(stages.word_rows(spark, tasks)).collect()
    found = {row.task_id: [[item.label, *item.words] for item in row.regions] for row in rows}
    assert found == _expected(model, tasks)
    assert any(found.values())
    region = next(item for row in rows for item in row.regions)
    assert 0 <= region.left < region.right <= 1
    assert 0 <= region.top < region.bottom <= 1
    assert 0 < region.score <= 1
    assert all(row.error is None for row in rows)
    spans = stages.found(spark, loaded, tasks)
    assert [len(item.spans) for item in spans] == [len(found[item.task_id]) for item in tasks]
    assert spans[0].layout is tasks[0].layout


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,512]"])
def test_another_process_loads_it_and_executors_share_the_work(
    master: str, spark: SparkSession, saved: Path, model: Any, tasks: list[Example], tmp_path: Path
) -> None:
    from genlab_widgets.training.spark import pages as stages

    words = tmp_path / "words.parquet"
    stages.word_rows(spark, tasks).write.parquet(str(words))
    regions = "to_json(transform(regions, region -> struct(region.label, region.words)))"
    rows, places = elsewhere.transformed(master, saved, words, regions, tmp_path)
    found = {task: [[item["label"], *item["words"]] for item in regions] for task, regions in rows.items()}
    assert found == _expected(model, tasks)
    if master != "local[2]":
        assert places == 2, "both executors read pages"


def test_errors_stay_with_their_file(spark: SparkSession, saved: Path, tmp_path: Path) -> None:
    from pyspark.ml import PipelineModel

    (tmp_path / "broken.png").write_bytes(b"\x89PNG no more")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 no more")
    loaded = PipelineModel.load(str(saved))
    files = spark.read.format("binaryFile").load(str(tmp_path)).select("path", "content")
    rows = loaded.transform(files).collect()
    assert {row.path.rsplit("/", 1)[-1] for row in rows} == {"broken.png", "broken.pdf"}
    for row in rows:
        assert row.error
        assert (row.words, row.regions) == ([], [])
    (tmp_path / "empty.png").write_bytes(b"")  # which binaryFile passes over
    paths = [str(tmp_path / "empty.png"), str(tmp_path / "absent.png"), "s3://bucket/x.png", None]
    told = loaded.transform(spark.createDataFrame([(path,) for path in paths], "path string")).collect()
    assert all(row.error and not row.regions for row in told)
    assert "content" in told[2].error


def test_an_image_is_read_by_ocr(spark: SparkSession, saved: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    from PIL import Image, ImageDraw
    from pyspark.ml import PipelineModel

    picture = Image.new("RGB", (600, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), "TOTAL 12.00", fill="black", font_size=48)
    picture.save(tmp_path / "page.png")
    frame = spark.createDataFrame([(str(tmp_path / "page.png"),)], "path string")
    (row,) = PipelineModel.load(str(saved)).transform(frame).collect()
    assert row.error is None
    assert [word.text for word in row.words] == ["TOTAL", "12.00"]
    assert [(size.width, size.height) for size in row.sizes] == [(600, 200)]
