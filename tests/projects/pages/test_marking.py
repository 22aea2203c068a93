"""Regions of both dialects as spans over the words of their pages."""

from __future__ import annotations

from typing import Any

import pytest

from genlab_widgets.errors import BrokenTask
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.pages.boxes import Box, turned
from genlab_widgets.projects.selection import Filters, Reason, select
from genlab_widgets.projects.tasks import Task, read_task
from tests.projects.pages.exports import CONFIG, PAGE, SHOP, TOTAL, region, task, word

FORM = LabelingConfig.parse(CONFIG).task_format


def read(*regions: dict[str, Any], **data: Any) -> Task:
    return read_task(task(1, *regions, **{"ocr_text": [PAGE], **data}), FORM)


def found(read: Task) -> list[tuple[str, ...]]:
    return [(*item.labels, item.text) for item in read.completions[0].regions]


def test_a_region_is_the_words_that_lie_in_its_box() -> None:
    page = read(SHOP, TOTAL)
    assert page.text == "CORNER SHOP\nTOTAL 10.34"
    assert found(page) == [("SHOP", "CORNER SHOP"), ("TOTAL", "10.34")]
    assert [page.text[item.start : item.end] for item in page.completions[0].regions] == ["CORNER SHOP", "10.34"]
    assert page.layout is not None
    assert page.layout.words[3] == ("10.34", 0.8, 0.225, 0.9, 0.275, 0)
    assert (page.pages[0].width, page.pages[0].height) == (500, 400)


def test_words_that_are_no_neighbours_give_several_spans_of_one_region() -> None:
    page = read(region("SHOP", 30, 20, 130, 100))
    assert found(page) == [("SHOP", "CORNER SHOP\nTOTAL")]
    column = read(region("SHOP", 100, 20, 60, 30), region("TOTAL", 30, 20, 75, 100))
    assert found(column) == [("SHOP", "SHOP"), ("TOTAL", "CORNER"), ("TOTAL", "TOTAL")]
    assert len({item.id for item in column.completions[0].regions[1:]}) == 1


def test_of_overlapping_regions_the_one_that_covers_more_of_a_word_has_it() -> None:
    page = read(region("SHOP", 38, 28, 100, 24), region("TOTAL", 125, 28, 60, 24))
    assert found(page) == [("SHOP", "CORNER SHOP")]
    assert [(item.labels, item.why) for item in page.completions[0].unread] == [(("TOTAL",), "covers no word")]


def test_a_small_box_inside_a_word_takes_the_word() -> None:
    assert found(read(region("TOTAL", 420, 92, 10, 10))) == [("TOTAL", "10.34")]


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (region("TOTAL", 200, 300, 50, 20), "covers no word"),
        (region("TOTAL", 600, 90, 50, 20), "lies outside the page"),
        (region("TOTAL", -90, 90, 50, 20), "lies outside the page"),
        (region("TOTAL", 398, 88, 60, 24, page=3), "lies on page 4, and the task has 1"),
    ],
)
def test_a_region_without_words_is_told_with_the_reason(mark: dict[str, Any], why: str) -> None:
    page = read(mark)
    assert found(page) == []
    assert [item.why for item in page.completions[0].unread] == [why]


def test_a_box_that_reaches_over_the_edge_holds_what_lies_on_the_page() -> None:
    assert found(read(region("TOTAL", 390, 80, 900, 40))) == [("TOTAL", "10.34")]


def test_pixels_serve_where_percents_are_missing() -> None:
    mark = region("TOTAL", 0, 0, 1, 1)
    mark["value"] = {"x_px": 398, "y_px": 88, "width_px": 60, "height_px": 24, "rectanglelabels": ["TOTAL"]}
    assert found(read(mark)) == [("TOTAL", "10.34")]


def test_several_pages_are_counted_from_1_by_generative_ai_lab_and_from_0_by_label_studio() -> None:
    second = [word("CORNER", 40, 30), word("INN", 110, 30)]
    here = region("SHOP", 38, 28, 120, 24, page=1)
    there = {key: value for key, value in here.items() if key != "pageNumber"} | {"item_index": 1}
    for mark in (here, there):
        page = read(mark, ocr_text=[PAGE, second])
        assert page.text == "CORNER SHOP\nTOTAL 10.34\nCORNER INN"
        assert found(page) == [("SHOP", "CORNER INN")]
        assert page.completions[0].regions[0].start == len("CORNER SHOP\nTOTAL 10.34\n")


def test_label_studio_spreads_a_region_over_items_that_share_an_id() -> None:
    box = SHOP["value"] | {"rectanglelabels": None}
    shared = {"id": "x1", "to_name": "image", "original_width": 500, "original_height": 400, "image_rotation": 0}
    items = [
        shared | {"from_name": "bbox", "type": "rectangle", "value": box},
        shared | {"from_name": "label", "type": "labels", "value": box | {"labels": ["SHOP"]}},
        shared | {"from_name": "transcription", "type": "textarea", "value": box | {"text": ["Corner Shop"]}},
    ]
    raw = task(1, ocr_text=[PAGE])
    raw["annotations"] = [{"id": 5, "completed_by": {"email": "ann"}, "result": items}]
    raw["completions"] = []
    (region_read,) = read_task(raw, FORM).completions[0].regions
    assert (region_read.text, region_read.labels, region_read.from_name) == ("CORNER SHOP", ("SHOP",), "label")


def test_a_turned_page_is_read_as_its_viewer_turned_it() -> None:
    lying = []
    for item in PAGE:  # the page as it lies: turned counter-clockwise, so the viewer turned it clockwise again
        box = turned(Box(item["x"], item["y"], item["width"], item["height"]), 3, 500, 400)
        lying.append({**box._asdict(), "text": item["text"]})
    box = turned(Box(38, 28, 120, 24), 3, 500, 400)
    mark = region("SHOP", 0, 0, 1, 1) | {"original_width": 400, "original_height": 500, "image_rotation": 90}
    mark["value"] = mark["value"] | box.scaled(100 / 400, 100 / 500)._asdict()
    page = read(mark, ocr_text=[lying])
    assert page.text == "CORNER SHOP\nTOTAL 10.34"
    assert found(page) == [("SHOP", "CORNER SHOP")]
    assert page.layout is not None
    assert page.layout.words[3][1:5] == pytest.approx((0.8, 0.225, 0.9, 0.275))


def test_a_rotated_box_holds_the_words_under_it() -> None:
    slanted = [word(text, 40 + 90 * n, 60 + 16 * n) for n, text in enumerate(("one", "two", "three", "four"))]
    below = [word("other", 130, 45), word("words", 220, 130)]
    box = {"x": 8, "y": 14, "width": 68, "height": 7, "rotation": 10}
    mark = region("SHOP", 0, 0, 1, 1)
    mark["value"] = mark["value"] | box
    page = read(mark, ocr_text=[slanted + below])
    assert sorted(" ".join(text for _, text in found(page)).split()) == sorted(["one", "two", "three", "four"])


def test_a_word_with_blanks_is_several() -> None:
    page = read(region("SHOP", 110, 30, 40, 20), ocr_text=[[word("CORNER SHOP", 40, 30), word("  ", 300, 30)]])
    assert page.text == "CORNER SHOP"
    assert found(page) == [("SHOP", "SHOP")]


def test_words_that_count_on_a_larger_picture_keep_the_proportions_of_the_file() -> None:
    file = {"file": "images/a.png", "number": 0, "width": 250, "height": 200, "turn": 0}
    page = read(page_files=[file])
    assert (page.pages[0].width, page.pages[0].height) == (450, 360)


def test_a_page_of_unknown_size_has_no_words_and_does_not_train() -> None:
    page = read()
    (selected,) = select([page], Members((), {}), Filters())
    assert selected.reason is Reason.NO_WORDS
    assert selected.reason.sentence == "no words on its pages"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"ocr_text": "Total"}, "ocr_text is no list of pages"),
        ({"ocr_text": ["Total"]}, "page that is no list of words"),
        ({"ocr_text": [["Total"]]}, "word that is no object"),
        ({"ocr_text": [[{"text": "Total", "x": 1}]]}, "'Total' has no whole box"),
        ({"ocr_text": [[word("Total", float("nan"), 2)]]}, "no number"),
        ({"ocr_text": [[word("Total", "left", 2)]]}, "ould not convert"),  # type: ignore[arg-type]
    ],
)
def test_words_of_the_wrong_shape_name_the_task(data: dict[str, Any], told: str) -> None:
    with pytest.raises(BrokenTask, match="Task 1 cannot be read") as caught:
        read(SHOP, **data)
    assert told in caught.value.why


def test_a_region_without_box_names_the_task() -> None:
    mark = region("SHOP", 0, 0, 1, 1)
    mark["value"] = {"x_px": 4, "width": 5, "height": 3, "rectanglelabels": ["SHOP"]}
    with pytest.raises(BrokenTask, match="no whole box"):
        read(mark)


@pytest.mark.parametrize(
    ("config", "key", "kinds"),
    [
        (CONFIG, "image", ("visual_ner",)),
        (CONFIG.replace('value="$image"', 'valueList="$pages"'), "pages", ("visual_ner",)),
        (CONFIG.replace("RectangleLabels", "Labels"), "image", ("visual_ner",)),
        ('<View><Labels name="l" toName="t"><Label value="A"/></Labels><Text name="t" value="$text"/>'
         '<Image name="i" value="$image"/></View>', "", ("ner",)),
    ],
)  # fmt: skip
def test_the_labeling_config_says_whether_tasks_are_pages(config: str, key: str, kinds: tuple[str, ...]) -> None:
    parsed = LabelingConfig.parse(config)
    assert parsed.task_format.image_key == key
    assert parsed.kinds() == kinds
