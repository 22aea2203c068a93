"""Import of image projects: files, sizes, OCR where words are missing, and what is wrong with pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.pages import cache, reading
from genlab_widgets.projects.pages.layout import Word
from genlab_widgets.workspace import Workspace
from tests.projects.pages.exports import PAGE, SHOP, TOTAL, region, task, write_export
from tests.projects.pages.files import RECEIPT, encoded, pdf, picture
from tests.projects.pages.test_reading import bomb

WORDS = (Word("CORNER", 0.08, 0.075, 0.2, 0.125), Word("SHOP", 0.22, 0.075, 0.3, 0.125))


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stands in for OCR, which other tests run; returns the names of the files that were read."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    names: list[str] = []

    def pages(source: bytes, name: str) -> Any:
        names.append(name)
        if not source:
            raise reading.refused(name, "The file is empty (0 bytes)")
        list(reading.frames(source, name))
        yield reading.PageWords(WORDS, 500, 400)

    monkeypatch.setattr(reading, "pages", pages)
    monkeypatch.setattr(cache.ocr, "version", lambda: "test")
    return names


def test_given_words_need_no_ocr_and_sizes_come_from_regions(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    report = import_project(write_export(tmp_path / "p", [task(1, SHOP, TOTAL, ocr_text=[PAGE])]), home, language="en")
    (read,) = report.project.tasks()
    assert [item.text for item in read.completions[0].regions] == ["CORNER SHOP", "10.34"]
    assert report.warnings == ["Task 1: /images/a.png is not in the export."]
    assert read_files == []


def test_missing_words_are_read_once_and_kept(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    marks = [region("SHOP", 38, 28, 120, 24)]
    tasks = [task(n, *marks) for n in (1, 2)] + [task(3, *marks, image="images/b.png")]
    export = write_export(tmp_path / "p", tasks, a_png=encoded(picture()), b_png=encoded(picture(("other",))))
    seen: list[tuple[int, int]] = []
    report = import_project(export, home, on_page=lambda page, pages: seen.append((page, pages)), language="en")
    assert report.warnings == []
    assert read_files == ["a.png", "b.png"]  # the second task has the image of the first
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for read in report.project.tasks():
        assert [item.text for item in read.completions[0].regions] == ["CORNER SHOP"]
    first = json.loads((report.project.folder / "tasks.jsonl").read_text().splitlines()[0])["data"]
    assert first["ocr_text"][0][0] == {"x": 40, "y": 30, "width": 60, "height": 20, "rotation": 0, "text": "CORNER"}
    assert first["page_files"] == [{"file": "images/a.png", "number": 0, "width": 500, "height": 400, "turn": 0}]
    hashed = report.project.data_hash
    assert import_project(export, home).project.data_hash == hashed
    assert len(read_files) == 2


def test_the_workspace_tells_which_page_is_read(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    seen: list[tuple[int, int]] = []
    export = write_export(tmp_path / "p", [task(1, SHOP)], a_png=encoded(picture()))
    Workspace().import_project(export, on_page=lambda page, pages: seen.append((page, pages)))
    assert seen == [(1, 1)]


def test_an_import_of_what_was_imported_reads_nothing(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    export = write_export(tmp_path / "p", [task(1, SHOP)], a_png=encoded(picture()))
    first = import_project(export, home).project
    lines = [json.loads(line) for line in (first.folder / "tasks.jsonl").read_text().splitlines()]
    again = write_export(tmp_path / "q", lines, a_png=encoded(picture()))
    second = import_project(again, home).project
    assert read_files == ["a.png"]
    assert [item.text for item in first.tasks()] == [item.text for item in second.tasks()]
    assert next(iter(second.tasks())).pages[0].width == 500


def test_words_are_kept_in_the_unit_of_what_is_marked(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    mark = SHOP | {"original_width": 5000, "original_height": 4000}
    report = import_project(
        write_export(tmp_path / "p", [task(1, mark)], a_png=encoded(picture())), home, language="en"
    )
    (read,) = report.project.tasks()
    assert [item.text for item in read.completions[0].regions] == ["CORNER SHOP"]
    assert (read.pages[0].width, read.data["ocr_text"][0][0]["x"]) == (5000, 400)


@pytest.mark.parametrize(
    "named",
    ["/images/a.png", "images/a.png", "a.png", "/data/upload/7/a.png", "https://example.com/deep/a.png?x=1",
     "/data/local-files/?d=images/a.png", "s3://bucket/a.png", "..\\..\\a.png", "/images/a%2Epng"],
)  # fmt: skip
def test_an_image_is_found_by_the_names_that_exports_give(
    named: str, home: Path, tmp_path: Path, read_files: list[str]
) -> None:
    export = write_export(tmp_path / "p", [task(1, SHOP, image=named)], a_png=encoded(picture()))
    report = import_project(Path(shutil.make_archive(str(tmp_path / "packed"), "zip", export)), home, language="en")
    (read,) = report.project.tasks()
    assert report.warnings == []
    assert read.pages[0].file == "images/a.png"
    assert report.project.page_file(read) == report.project.folder / "images" / "a.png"


def test_nothing_outside_the_images_is_read(home: Path, tmp_path: Path, read_files: list[str]) -> None:
    (tmp_path / "secret.png").write_bytes(encoded(picture()))
    stored = [{"file": "../../../secret.png", "number": 0, "width": 5, "height": 4, "turn": 0}]
    raw = task(1, SHOP, image="../../secret.png", ocr_text=[PAGE], page_files=stored)
    report = import_project(write_export(tmp_path / "p", [raw]), home, language="en")
    (read,) = report.project.tasks()
    assert read.pages[0].file == ""
    assert report.project.page_file(read) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "a.png cannot be read: The file is empty (0 bytes)"),
        (b"nothing", "a.png cannot be read: It is damaged or no image"),
        (encoded(picture())[:800], "a.png cannot be read: The image is damaged"),
        (bomb(11_000, 11_000), "a.png cannot be read: It is too large: 11,000 by 11,000 pixels"),
        (pdf([RECEIPT], locked=True), "a.png cannot be read: It is locked by a password"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_task_stays(
    content: bytes, told: str, home: Path, tmp_path: Path, read_files: list[str]
) -> None:
    export = write_export(tmp_path / "p", [task(1, SHOP), task(2, SHOP, image="b.png")], a_png=content,
                          b_png=encoded(picture()))  # fmt: skip
    report = import_project(export, home, language="en")
    assert report.tasks == 2
    assert report.warnings[0].startswith(f"Task 1: {told}")
    assert report.warnings[1] == "Task 1 has no words on its pages and will not train."
    assert report.warning_count == 2
    broken, good = report.project.tasks()
    assert (broken.text, good.text) == ("", "CORNER SHOP")


def test_a_missing_image_without_words_is_named(home: Path, tmp_path: Path) -> None:
    report = import_project(write_export(tmp_path / "p", [task(1, SHOP)]), home, language="en")
    assert report.warnings == [
        "Task 1: /images/a.png is not in the export.",
        "Task 1 has no words on its pages and will not train.",
    ]


def test_a_region_without_words_is_named(home: Path, tmp_path: Path) -> None:
    raw = task(1, SHOP, region("TOTAL", 200, 300, 50, 20), ocr_text=[PAGE])
    report = import_project(write_export(tmp_path / "p", [raw], a_png=encoded(picture())), home, language="en")
    assert report.warnings == ["Task 1, completion 1000: the region TOTAL on page 1 covers no word."]


def test_a_page_without_words_is_named(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr")
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    white = encoded(Image.new("RGB", (300, 200), "white"))
    report = import_project(write_export(tmp_path / "p", [task(1)], a_png=white), home, language="en")
    assert report.warnings[0] == "Task 1: /images/a.png, page 1: no word was found on it."


def test_a_pdf_is_its_pages(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdfium2")
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    mark = region("TOTAL", 0, 0, 500, 400, page=1) | {"original_width": 800, "original_height": 1200}
    raw = task(1, mark)
    raw["data"] = {"pdf": "/images/two.pdf"}
    export = write_export(tmp_path / "p", [raw], two_pdf=pdf([RECEIPT, ["TOTAL of the second page 20.00"]]))
    report = import_project(export, home, language="en")
    (read,) = report.project.tasks()
    assert [(page.file, page.number) for page in read.pages] == [("images/two.pdf", 0), ("images/two.pdf", 1)]
    assert [item.text for item in read.completions[0].regions] == ["TOTAL of the second page 20.00"]


def test_without_the_packages_the_import_says_how_to_install_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise reading.missing("rapidocr")

    monkeypatch.setattr(cache.ocr, "version", missing)
    export = write_export(tmp_path / "p", [task(1, SHOP)], a_png=encoded(picture()))
    with pytest.raises(NotFound, match="pip install 'genlab-widgets"):
        import_project(export, home)
    assert not list((home / "projects").iterdir())


def test_a_name_of_the_wrong_shape_refuses_the_import(home: Path, tmp_path: Path) -> None:
    raw = task(1, SHOP, image=[{"url": "a.png"}])
    with pytest.raises(BadInput, match="Task 1 cannot be read"):
        import_project(write_export(tmp_path / "p", [raw]), home)
    assert not list((home / "projects").iterdir())


def test_a_damaged_cache_is_read_again(tmp_path: Path, read_files: list[str]) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(encoded(picture()))
    cache.read(file, lambda: None)
    (kept,) = cache.folder().iterdir()
    kept.write_text('[{"words": [["half')
    assert cache.read(file, lambda: None)[0].words == WORDS
    assert len(read_files) == 2
