"""Regions on pages: what a completion teaches, tokens that are the words, scores of words, places for the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.projects.store import Project
from genlab_widgets.training import dataset, preparation, readiness
from genlab_widgets.training.baseline import places_on_pages
from genlab_widgets.training.benchmark import compare, evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.spec import TrainingSpec
from tests.projects.pages.exports import region, task, word, write_export

KIND = kind_of("visual_ner")
SPEC = TrainingSpec(project="p", kind="visual_ner", test_train_tags=True)


def receipt(number: int, *more: dict[str, Any], tag: str = "Train") -> dict[str, Any]:
    """A page with a shop at the top, and its total after a word and far to the right."""
    total = f"{number}.50"
    page = [word("CORNER", 40, 30), word(f"SHOP{number}", 110, 30), word("TOTAL", 40, 90), word(total, 400, 90)]
    marks = region("SHOP", 38, 28, 130, 24), region("TOTAL", 398, 88, 70, 24)
    return task(number, *marks, *more, ocr_text=[page], tags=[tag])


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    tasks = [receipt(n, tag="Test" if n % 4 == 0 else "Train") for n in range(1, 21)]
    tasks[2] = receipt(3, region("TOTAL", 200, 300, 40, 20))
    return import_project(write_export(tmp_path / "p", tasks), home).project


def test_spans_lie_on_words_and_words_are_the_tokens(project: Project) -> None:
    prepared = preparation.prepare(project, SPEC)
    first, sentence = prepared.parts.train[0], prepared.train[0]
    assert [first.text[span.start : span.end] for span in first.spans] == ["CORNER SHOP1", "1.50"]
    assert [token.text for token in sentence.tokens] == ["CORNER", "SHOP1", "TOTAL", "1.50"]
    assert sentence.tags == ["B-SHOP", "I-SHOP", "O", "B-TOTAL"]
    assert prepared.alignment.spans == prepared.alignment.aligned == 40
    assert prepared.labels == ("SHOP", "TOTAL")


def test_a_page_is_one_sentence_however_long() -> None:
    words = [[Word(f"w{n}", 0, 0, 1, 1, page) for n in range(300)] for page in (0, 1)]
    layout = Layout.of(words)
    sentences, _ = dataset.build([Example(1, layout.text, (), layout)])
    assert [len(item.tokens) for item in sentences] == [300, 300]
    assert sentences[1].tokens[0].start == layout.starts[300]


def test_readiness_counts_labels_and_names_regions_without_words(project: Project) -> None:
    found = readiness.check(project, SPEC)
    assert [(count.label, count.train, count.test) for count in found.labels] == [("SHOP", 15, 5), ("TOTAL", 15, 5)]
    (finding,) = [item for item in found.findings if item.code == "region_without_words"]
    assert finding.message == (
        "21 regions TOTAL, and 1 of them without any word of the page: what holds no word does not train."
    )
    assert (finding.level, finding.label, finding.task_ids) == ("warn", "TOTAL", (3,))
    assert any(item.message == "All 40 spans fit whole tokens." for item in found.findings)


def test_the_dataset_keeps_the_places_of_the_words(project: Project, tmp_path: Path) -> None:
    prepared = preparation.prepare(project, SPEC)
    preparation.write(prepared, tmp_path / "dataset")
    train, test = dataset.read_examples(tmp_path / "dataset")
    assert train == [dataset.cleaned(item) for item in prepared.parts.train]
    assert train[0].layout == prepared.parts.train[0].layout
    assert len(test) == 5


def test_a_text_has_no_layout_in_the_dataset(tmp_path: Path) -> None:
    dataset.write(tmp_path / "dataset", [], [], [Example(1, "a text", ())])
    assert dataset.read_examples(tmp_path / "dataset")[0] == [Example(1, "a text", ())]


def test_the_headline_counts_words_by_label_and_regions_stand_beside_it() -> None:
    layout = Layout.of([[Word(text, 0, 0, 1, 1) for text in "abcdef"]])
    gold = [Example(1, layout.text, (Span(0, 5, "SHOP"), Span(8, 9, "TOTAL")), layout)]
    predicted = [Example(1, layout.text, (Span(0, 3, "SHOP"), Span(4, 5, "SHOP"), Span(10, 11, "TOTAL")), layout)]
    found = evaluate(KIND, gold, predicted, ("SHOP", "TOTAL"))
    assert found.words is not None
    assert (found.words.micro.correct, found.words.micro.predicted, found.words.micro.support) == (3, 4, 4)
    assert found.words.by_label["SHOP"].f1 == 1.0  # where a region begins does not matter
    assert (found.f1, found.headline.recall) == (0.75, 0.75)
    assert found.exact.micro.correct == 0
    assert found.documents == [(1, 3, 4, 4)]
    better = evaluate(KIND, gold, gold, ("SHOP", "TOTAL"))
    assert (better.f1, better.exact.micro.f1) == (1.0, 1.0)
    assert compare(found, better).difference == pytest.approx(0.25)


def test_other_kinds_score_no_words() -> None:
    gold = [Example(1, "a b", (Span(0, 1, "X"),))]
    found = evaluate(kind_of("ner"), gold, gold, ("X",))
    assert (found.words, found.f1, found.documents) == (None, 1.0, [(1, 1, 1, 1)])


def test_the_baseline_learns_from_places(project: Project) -> None:
    prepared = preparation.prepare(project, SPEC)
    predicted = KIND.baseline(prepared.parts.train, prepared.parts.test, 42)
    found = evaluate(KIND, prepared.parts.test, predicted, prepared.labels)
    assert found.f1 == 1.0
    assert all(item.layout is not None for item in predicted)


def test_places_name_the_line_and_its_ends() -> None:
    layout = Layout.of(
        [[Word("a", 0.0, 0.0, 0.1, 0.1), Word("b", 0.5, 0.0, 0.6, 0.1)], [Word("c", 0.0, 0.5, 0.1, 0.6)]]
    )
    found = places_on_pages([Example(1, layout.text, (), layout), Example(2, "text", ())])
    assert found.keys() == {1}
    assert found[1][layout.starts[1]] == [
        "left=5", "right=6", "down=0", "top=0", "bottom=1", "height=2", "begins=False", "ends=True",
    ]  # fmt: skip


def test_lone_surrogates_of_a_page_are_replaced(home: Path, tmp_path: Path) -> None:
    odd = task(1, region("SHOP", 38, 28, 130, 24), ocr_text=[[word("A\ud800B", 40, 30)]])
    project = import_project(write_export(tmp_path / "p", [odd, receipt(2)]), home).project
    spec = SPEC.model_copy(update={"test_train_tags": False, "validation_split": 0.5})
    parts = preparation.prepare(project, spec).parts
    (example,) = [item for item in (*parts.train, *parts.test) if item.task_id == 1]
    assert example.text == "A\ufffdB"
    assert example.layout is not None
    assert example.layout.words[0].text == "A\ufffdB"
