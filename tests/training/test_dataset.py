"""BIO building, its report, and the parquet folder."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, WorkspaceUnusable
from genlab_widgets.training import dataset
from genlab_widgets.training.dataset import Example, Problem, Span


def tags(example: Example) -> list[str]:
    return [tag for sentence in dataset.build([example])[0] for tag in sentence.tags]


def test_spans_become_bio_tags() -> None:
    example = Example(
        1, "Aspirin 500 mg for Ann Lee 😀.", (Span(0, 7, "DRUG"), Span(8, 14, "DOSE"), Span(19, 26, "PER"))
    )
    sentences, report = dataset.build([example])
    assert sentences[0].tags == ["B-DRUG", "B-DOSE", "I-DOSE", "O", "B-PER", "I-PER", "O", "O"]
    assert (report.spans, report.aligned, report.problems) == (3, 3, [])
    assert tuple(dataset.spans_from_tags(sentences[0].tokens, sentences[0].tags)) == example.spans


def test_blanks_at_edges_and_repeated_spans_are_no_problem() -> None:
    example = Example(1, "take  aspirin now", (Span(5, 14, "DRUG"), Span(6, 13, "DRUG")))
    _, report = dataset.build([example])
    assert report.problems == []
    assert dataset.cleaned(example).spans == (Span(6, 13, "DRUG"),)


def test_scores_stand_beside_spans_and_take_no_part_in_comparisons() -> None:
    spans = (Span(0, 2, "A"), Span(3, 5, "B"), Span(6, 8, "C"))
    sure = Example(1, "No fever", spans, scores=(0.4, None, 0.9))
    assert sure == Example(1, "No fever", spans)
    assert len({sure, Example(1, "No fever", spans)}) == 1
    assert sure.scored == list(zip(spans, (0.4, None, 0.9), strict=True))
    assert Example(1, "No fever", spans).scored == [(span, None) for span in spans]
    assert sure.from_score(0.5).scored == [(spans[1], None), (spans[2], 0.9)]
    assert sure.from_score(0.0).scored == sure.scored
    assert Example(1, "No fever", spans).from_score(1.0).spans == spans
    assert sure.with_spans(spans[:1]).scored == [(spans[0], None)]


def test_span_inside_a_token_is_widened_and_reported() -> None:
    example = Example(4, "got 500mg now", (Span(4, 7, "DOSE"),))
    _, report = dataset.build([example])
    assert tags(example) == ["O", "B-DOSE", "O"]
    assert [(item.task_id, item.text, item.problem) for item in report.problems] == [(4, "500", Problem.INSIDE_TOKEN)]
    assert report.counts == {"inside_token": 1}
    assert not report.problems[0].problem.dropped


def test_longest_of_overlapping_spans_wins() -> None:
    example = Example(1, "New York City Hall", (Span(4, 13, "A"), Span(0, 18, "B"), Span(0, 8, "C")))
    _, report = dataset.build([example])
    assert tags(example) == ["B-B", "I-B", "I-B", "I-B"]
    assert sorted(item.span.label for item in report.problems) == ["A", "C"]
    assert {item.problem for item in report.problems} == {Problem.OVERLAP}


def test_first_of_equally_long_spans_wins() -> None:
    assert tags(Example(1, "one two", (Span(0, 3, "Z"), Span(0, 3, "A")))) == ["B-A", "O"]


@pytest.mark.parametrize(
    "span", [Span(90, 95, "A"), Span(-3, 2, "A"), Span(3, 1, "A"), Span(2, 2, "A"), Span(3, 4, "A")]
)
def test_spans_outside_the_text_are_reported(span: Span) -> None:
    example = Example(1, "one two", (span,))
    _, report = dataset.build([example])
    assert tags(example) == ["O", "O"]
    assert [item.problem for item in report.problems] == [Problem.OUTSIDE_TEXT]


def test_span_across_a_sentence_bound_is_cut() -> None:
    example = Example(1, "Room four\nward six", (Span(5, 14, "PLACE"),))
    sentences, report = dataset.build([example])
    assert [sentence.tags for sentence in sentences] == [["O", "B-PLACE"], ["B-PLACE", "O"]]
    assert [(sentence.index, sentence.start) for sentence in sentences] == [(0, 0), (1, 10)]
    assert [item.problem for item in report.problems] == [Problem.SENTENCE_BOUND]


def test_neighbouring_spans_of_one_label_stay_two() -> None:
    example = Example(1, "aspirin ibuprofen", (Span(0, 7, "DRUG"), Span(8, 17, "DRUG")))
    assert tags(example) == ["B-DRUG", "B-DRUG"]


def test_an_i_tag_without_begin_starts_a_span() -> None:
    tokens = dataset.build([Example(1, "a b c d", ())])[0][0].tokens
    assert dataset.spans_from_tags(tokens, ["I-X", "I-X", "O", "I-Y"]) == [Span(0, 3, "X"), Span(6, 7, "Y")]


def test_an_i_tag_of_another_label_goes_on_with_the_span() -> None:
    """As NerConverter does it: tests/spark/test_ner.py compares the two on a trained model."""
    tokens = dataset.build([Example(1, "a b c d", ())])[0][0].tokens
    assert dataset.spans_from_tags(tokens, ["B-X", "I-Y", "B-Y", "O"]) == [Span(0, 3, "X"), Span(4, 5, "Y")]


def mutated(generator: random.Random, text: str, count: int) -> tuple[Span, ...]:
    """Spans as broken exports have them: shifted, reversed, empty, outside, in UTF-16 units, twice."""
    found: list[Span] = []
    for _ in range(count):
        start = generator.randint(0, max(0, len(text) - 1))
        span = Span(start, start + generator.randint(1, 15), generator.choice("ABC"))
        change = generator.randrange(8)
        if change == 0:
            span = Span(span.end, span.start, span.label)
        elif change == 1:
            span = span._replace(end=span.start)
        elif change == 2:
            span = Span(span.start - 50, span.end - 50, span.label)
        elif change == 3:
            span = span._replace(end=span.end + generator.choice((20, 10**6, 2**40)))
        elif change == 4:
            shift = sum(ord(sign) > 0xFFFF for sign in text[: span.start])
            span = Span(span.start + shift, span.end + shift, span.label)
        elif change == 5 and found:
            span = generator.choice(found)._replace(label=span.label)
        found.append(span)
    return tuple(found)


def test_every_mutated_span_is_accounted_for() -> None:
    """1,000 broken spans in 100 tasks: nothing crashes, and each is aligned, or named with what happened to it."""
    generator = random.Random(21)
    alphabet = "ab1 .,\n \u0301\u200d\u00a0😀中म\u093f) Xy"
    for task_id in range(100):
        text = "".join(generator.choice(alphabet) for _ in range(generator.randint(0, 80)))
        example = Example(task_id, text, mutated(generator, text, 10))
        sentences, report = dataset.build([example])
        kept = set(dataset.cleaned(example).spans)
        outside = [item.span for item in report.problems if item.problem is Problem.OUTSIDE_TEXT]
        named = [item.span for item in report.problems if item.problem is not Problem.OUTSIDE_TEXT]
        assert report.spans == report.aligned + len(report.problems) == len(kept) + len(outside)
        assert set(outside) <= set(example.spans)
        assert len(set(outside)) == len(outside)
        assert set(named) <= kept
        assert sum(report.counts.values()) == len(report.problems)
        assert all(item.task_id == task_id for item in report.problems)
        found = [span for sentence in sentences for span in dataset.spans_from_tags(sentence.tokens, sentence.tags)]
        unchanged = kept - set(named)
        assert len(unchanged) == report.aligned
        assert unchanged <= set(found)  # what counts as aligned can be read back from the tags
        for sentence in sentences:
            assert len(sentence.tags) == len(sentence.tokens)
            for before, tag in zip(["O", *sentence.tags], sentence.tags, strict=False):
                assert tag[0] != "I" or before[2:] == tag[2:]  # no I- without its B-
        dropped = [item for item in report.problems if item.problem.dropped]
        if len(dropped) == report.spans:
            assert found == []


def test_spans_that_differ_in_blanks_only_count_once() -> None:
    _, report = dataset.build([Example(1, " one  two", (Span(0, 4, "A"), Span(1, 4, "A"), Span(1, 5, "A")))])
    assert (report.spans, report.aligned, report.problems) == (1, 1, [])


def test_a_document_of_many_sentences_takes_no_time() -> None:
    text = "one two\n" * 5000
    example = Example(1, text, tuple(Span(8 * line, 8 * line + 7, "A") for line in range(5000)))
    started = time.perf_counter()
    _, report = dataset.build([example])
    assert time.perf_counter() - started < 5
    assert report.aligned == 5000


def test_random_folders_come_back_the_same(tmp_path: Path) -> None:
    generator = random.Random(22)
    alphabet = "ab 😀\u0301中\n.\u2028\x85"
    texts = ["".join(generator.choice(alphabet) for _ in range(40)) for _ in range(60)]
    examples = [dataset.cleaned(Example(index, text, mutated(generator, text, 3))) for index, text in enumerate(texts)]
    rows = dataset.build(examples)[0]
    dataset.write(tmp_path / "d", rows, rows[:3], examples, examples[:3])
    assert dataset.read(tmp_path / "d") == (rows, rows[:3])
    assert dataset.read_examples(tmp_path / "d") == (examples, examples[:3])


def test_folder_round_trip_and_replacement(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "dataset"
    train = [Example(1, "Ann took aspirin 😀", (Span(0, 3, "PER"), Span(9, 17, "DRUG")))]
    test = [Example(2, "नमस्ते Bob", (Span(7, 10, "PER"),))]
    train_rows, test_rows = dataset.build(train)[0], dataset.build(test)[0]
    dataset.write(folder, [], [])
    dataset.write(folder, train_rows, test_rows, train, test)
    assert dataset.read(folder) == (train_rows, test_rows)
    assert dataset.read_examples(folder) == ([dataset.cleaned(train[0])], test)
    assert [path.name for path in folder.parent.iterdir()] == ["dataset"]


def test_damaged_or_missing_file_is_named(tmp_path: Path) -> None:
    dataset.write(tmp_path / "d", [], [])
    (tmp_path / "d" / "test.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(BadInput, match=r"test\.parquet"):
        dataset.read(tmp_path / "d")
    with pytest.raises(BadInput, match=r"train\.parquet"):
        dataset.read(tmp_path / "nowhere")


def test_unwritable_place_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceUnusable):
        dataset.write(tmp_path / "file" / "dataset", [], [])
    assert os.listdir(tmp_path) == ["file"]
